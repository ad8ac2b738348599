#include "observe/observer.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/writer.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

enum { PIPELINE_SLACK = 65536 /* no client waits because its commands are too many */ };

struct observer {
        struct journal *journal;
        struct tap_shared taps;
        struct watch_shared watch;
        struct flows *flows;
        uint64_t wall_offset_ns; /* time since 1970 minus the records' clock */
        uint64_t now_ns;         /* the records' clock; 0 = no packet has come */
        struct observer_counts counts;
};

/* --- records -------------------------------------------------------------------------------------------------------------- */

static bool put_record(void *arg, const struct record_raw *record)
{
        struct observer *o = arg;
        bool put = journal_put(journal_port(o->journal, 0), record);
        journal_work(o->journal, o->now_ns);
        return put;
}

static uint32_t begin_session(void *arg)
{
        const struct observer *o = arg;
        return journal_session_begin(journal_port(o->journal, 0));
}

static void end_session(void *arg, uint32_t place)
{
        const struct observer *o = arg;
        journal_session_end(journal_port(o->journal, 0), place);
}

static enum status make_taps(struct observer *o, const struct settings *s)
{
        const struct tap_config config = {
            .dissect = {.query_bytes = s->limits.query_bytes,
                        .value_bytes = s->limits.value_bytes,
                        .packet_bytes = s->hex ? s->capture.packet_bytes : 0,
                        .held_bytes = s->limits.held_bytes,
                        .pipeline = (uint32_t)s->limits.pipeline,
                        .pipeline_slack = PIPELINE_SLACK,
                        .statements = (uint32_t)s->limits.statements,
                        .rows = (uint32_t)s->log.rows,
                        .hash_rows = (uint32_t)settings_hashed_rows(s),
                        .lint = (uint32_t)s->limits.lint,
                        .hide_packets = s->log.redact != SETTINGS_REDACT_NONE},
            .log_packets = s->hex,
            .packets_redacted = (settings_redacts_literals(s->log.redact) ? 1U << REDACTED_LITERALS : 0U) |
                                (settings_redacts_values(s->log.redact) ? 1U << REDACTED_VALUES : 0U),
            .output = {.arg = o,
                       .on_record = put_record,
                       .begin_session = begin_session,
                       .end_session = end_session,
                       .announcements = journal_port_announcements(journal_port(o->journal, 0))}};
        return tap_shared_init(&o->taps, &config, &o->wall_offset_ns);
}

/* --- the clock -------------------------------------------------------------------------------------------------------------- */

/** The records' clock at @p time_ns since 1970. It begins with a second and may go back by less than that; where the packets' clock was set
 *  back by more, it goes on from where it was. */
static uint64_t clock_at(struct observer *o, uint64_t time_ns)
{
        if (o->now_ns == 0) {
                o->now_ns = CLOCK_S_NS;
                o->wall_offset_ns = time_ns - CLOCK_S_NS;
        }
        uint64_t latest_ns = o->wall_offset_ns + o->now_ns;
        if ((int64_t)(latest_ns - time_ns) >= (int64_t)CLOCK_S_NS) {
                o->counts.backwards++;
                o->wall_offset_ns = time_ns - o->now_ns;
        }
        uint64_t at_ns = time_ns - o->wall_offset_ns;
        o->now_ns = at_ns > o->now_ns ? at_ns : o->now_ns;
        return at_ns;
}

/* --- packets ---------------------------------------------------------------------------------------------------------------- */

void observer_add(struct observer *o, const struct captured *packet)
{
        struct segment segment;
        enum packet_content content = packet_decode(packet, &segment);
        uint64_t known_ns = packet->time_ns != 0 ? packet->time_ns : o->wall_offset_ns + o->now_ns;
        uint64_t at_ns = clock_at(o, known_ns);
        o->counts.packets++;
        o->counts.contents[content]++;
        if (content == CONTENT_TCP) {
                flows_add(o->flows, &segment, at_ns);
        }
}

void observer_wait(struct observer *o, uint64_t time_ns)
{
        uint64_t at_ns = clock_at(o, time_ns);
        flows_settle(o->flows, at_ns);
        journal_work(o->journal, o->now_ns);
}

void observer_note_drops(struct observer *o, uint64_t n)
{
        char info[96];
        struct record r;
        struct writer w = writer_over(info, sizeof info);
        writer_format(&w, "%llu packets were not captured, because they were not read in time",
                      (unsigned long long)n);
        record_clear(&r);
        r.event = EVENT_NOTICE;
        r.mono_ns = o->now_ns;
        r.wall_ns = o->wall_offset_ns + o->now_ns;
        record_set_text(&r, FIELD_REASON, span_str("packets are missing"));
        record_set_text(&r, FIELD_INFO, writer_span(&w));
        (void)put_record(o, record_raw_of(&r));
}

void observer_flush(struct observer *o)
{
        journal_flush(o->journal);
}

void observer_finish(struct observer *o)
{
        flows_finish(o->flows);
        journal_work(o->journal, o->now_ns != 0 ? o->now_ns : CLOCK_S_NS);
        journal_complete(o->journal);
}

/* --- life ------------------------------------------------------------------------------------------------------------------- */

enum status observer_new(const struct observer_config *config, struct observer **out)
{
        struct observer *o = prof_calloc(STAGE_CAPTURE, 1, sizeof *o);
        enum status status = STATUS_NOMEM;
        if (o != NULL) {
                o->watch.taps = &o->taps;
                o->watch.n_ports = config->n_ports;
                memcpy(o->watch.ports, config->ports, sizeof o->watch.ports);
                const struct flow_sink sink = watched_sink(&o->watch);
                status = flows_new(&config->limits, &sink, &o->flows);
        }
        if (status == STATUS_OK) {
                status = journal_new(config->settings, 1, &o->journal);
        }
        if (status == STATUS_OK) {
                status = make_taps(o, config->settings);
        }
        if (status == STATUS_NOMEM) {
                diag(DIAG_ERROR, "the capture can't be read: out of memory");
        }
        if (status != STATUS_OK) {
                observer_free(o);
                return status;
        }
        *out = o;
        return STATUS_OK;
}

void observer_free(struct observer *o)
{
        if (o == NULL) {
                return;
        }
        flows_free(o->flows);
        if (o->journal != NULL) {
                tap_shared_fini(&o->taps);
                journal_free(o->journal);
        }
        prof_free(o);
}

struct observer_counts observer_counts(const struct observer *o)
{
        struct observer_counts counts = o->counts;
        counts.flows = flows_counts(o->flows);
        counts.sessions = o->watch.counts;
        counts.statements = atomic_load_explicit(&o->taps.counts.statements, memory_order_relaxed);
        return counts;
}

struct journal *observer_journal(struct observer *o)
{
        return o->journal;
}
