#include "journal/journal_state.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/start.h"
#include "mysql/record/gap.h"
#include "mysql/record/record_packed.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
        BATCH = 256,
        RETRY_MS = 200,
        EXPIRE_MS = 250,
        SETTLE_MS = 100,
        RUNS_BYTES = 4 * DIGEST_TEXT_MAX,
        ACCOUNT_BYTES = 8192, /* what the records of transactions and scopes need, packed */
};

/* --- the journal thread ---------------------------------------------------------------------------------------------- */

/** Monotonic nanoseconds, as the records have them. */
static uint64_t record_time(const struct journal *j)
{
        return j->now_ns != 0 ? j->now_ns : clock_mono_ns();
}

static void write_record(struct journal *j, const struct record *r, struct identity *identity)
{
        struct span json = {NULL, 0};
        recent_add(&j->recent, r, identity);
        if (feed_is_wanted(&j->feed)) {
                json = feed_add(&j->feed, r, recent_newest(&j->recent).number);
        }
        if (record_has(r, FIELD_FINDINGS)) {
                finding_table_add(&j->finding_table, r, recent_newest(&j->recent).number);
        }
        sinks_put(&j->sinks, r, json);
        if (j->see != NULL) {
                j->see(j->see_arg, r);
        }
}

/** For struct accounts. */
void journal_write_ended(void *arg, const struct record *r, struct identity *identity)
{
        write_record(arg, r, identity);
}

static void write_gap(struct journal *j, uint64_t dropped)
{
        struct record gap = gap_record(dropped, "the buffer between a worker and the log was full");
        session_findings_gap(&j->findings);
        if (!j->ring_full_reported) {
                diag(DIAG_WARNING, "the buffer between a worker and the log was full, or smaller than twice "
                                   "a record: records are dropped and counted; increase log.ring_bytes");
                j->ring_full_reported = true;
        }
        write_record(j, &gap, NULL);
}

/** Find the session of @p r. @return NULL if it has none, or none that is known. */
static struct session *find_session(struct journal *j, struct journal_port *port, struct record *r)
{
        struct session *session;
        if (sessions_find(&port->sessions, r, &session) == SESSIONS_LOST) {
                atomic_fetch_add(&port->announcements, 1); /* all of them are announced again: it is rare */
                atomic_fetch_add(&j->sessions_lost, 1);
                if (!j->lost_reported) {
                        diag(DIAG_WARNING,
                             "who the session of a record is can't be kept: out of memory; such records "
                             "lack the fields of their session until it is announced again");
                        j->lost_reported = true;
                }
        }
        r->prefix = session != NULL && r->event == EVENT_QUERY ? &session->prefix : NULL;
        return session;
}

/** The record in @p packed with texts in UTF-8. */
static struct record_raw *convert(struct journal *j, struct record_packed *packed)
{
        return (struct record_raw *)(void *)convert_record(&j->convert, record_unpack(packed));
}

/** Write the @p n runs of @p session in j->findings. */
static void write_session_runs(struct journal *j, const struct session *session, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                const struct record_session *who = &session->identity->session;
                enrich_refer_run(&j->findings.runs[i], session->conn_id, who, who->fields);
                write_record(j, &j->findings.runs[i], session->identity);
        }
}

/** Apart from take_record: most records are outside transactions. */
static __attribute__((noinline)) void see_conflicts(struct journal *j, struct session *session,
                                                    const struct record *r)
{
        const struct record *brief = conflicts_see(&j->conflicts, session, r);
        if (brief != NULL) {
                write_record(j, brief, session != NULL ? session->identity : NULL);
        }
}

/** Apart from take_record, since most proxies have no triggers. @return @p r, or a copy that names the file with its packets. */
static __attribute__((noinline)) struct record *
see_triggers(struct journal *j, const struct journal_port *port, struct session *session, struct record *r)
{
        return trigger_see(&j->trigger, session != NULL ? &session->trigger : NULL, r, port->number,
                           j->enrich.first_error);
}

/** @p packed is ours to write to. */
static void take_record(struct journal *j, struct journal_port *port, struct record_packed *packed)
{
        unsigned n;
        struct record_raw *raw = convert(j, packed);
        struct session *session = find_session(j, port, &raw->with_secrets);
        struct identity *identity = session != NULL ? session->identity : NULL;
        j->enrich.scope = &scope_session_unknown;
        if (session != NULL) {
                j->enrich.scope = &session->history.scope;
                session_findings_before(&j->findings, &session->history, &raw->with_secrets);
        }
        struct record *r = enrich_raw(&j->enrich, session != NULL ? &session->order : NULL, raw, &n);
        for (unsigned i = 0; i < n; i++) {
                write_record(j, &j->enrich.runs[i], identity);
        }
        if (session != NULL) {
                n = session_findings_after(&j->findings, &session->history, r, &j->enrich.found);
                write_session_runs(j, session, n);
                scope_stats_see(&j->scopes, &session->tally, &identity->session, r);
        }
        if (j->accounts.any) {
                accounts_before(&j->accounts, session, r, j->findings.gaps);
        }
        if (r->event == EVENT_QUERY) {
                traffic_count(&j->traffic, r);
        }
        if (trigger_is_armed(&j->trigger)) {
                r = see_triggers(j, port, session, r);
        }
        write_record(j, r, identity);
        if (conflicts_concern(&j->conflicts, r)) {
                see_conflicts(j, session, r);
        }
        if (j->accounts.any) {
                accounts_after(&j->accounts, session, r);
        }
        if (r->event == EVENT_DISCONNECT && session != NULL) {
                sessions_end(&port->sessions, r->session_place);
        }
}

static void take_message(struct journal *j, struct journal_port *port, const struct ring_message *m)
{
        if (m->drops_before > 0) {
                write_gap(j, m->drops_before);
        }
        uint8_t *memory = port->ring.memory; /* ours until the message is popped */
        take_record(j, port, (struct record_packed *)(void *)(memory + (m->bytes.data - memory)));
}

/** With log.when_full = block, what no sink can take stays in its ring; so it does while a log file is handed over, since that is soon
 *  over. */
static bool can_take(struct journal *j, size_t len)
{
        bool drops = j->settings->log.when_full == SETTINGS_WHEN_FULL_DROP && !sinks_are_awaited(&j->sinks);
        if (drops || atomic_load(&j->stopping)) {
                return true;
        }
        len += j->accounts.any ? ACCOUNT_BYTES : 0;
        if (sinks_have_space(&j->sinks, len)) {
                return true;
        }
        (void)sinks_flush(&j->sinks);
        return sinks_have_space(&j->sinks, len);
}

/** Large buffers were for large records of a batch: free them. */
static void shrink(struct journal *j)
{
        convert_shrink(&j->convert);
        enrich_shrink(&j->enrich);
}

/** Write the records of conflicts that are complete, or of all of them. */
static void write_conflicts(struct journal *j, bool all)
{
        const struct record *r;
        uint64_t now_ns = record_time(j);
        while ((r = conflicts_due(&j->conflicts, now_ns, all)) != NULL && can_take(j, record_pack_size(r))) {
                write_record(j, r, NULL);
                conflicts_done(&j->conflicts);
        }
}

/** Take a batch from each ring in turn. @return true if there was anything. */
static bool drain(struct journal *j)
{
        bool any = false;
        for (unsigned i = 0; i < j->n_ports; i++) {
                struct ring *ring = &j->ports[i]->ring;
                struct ring_message m;
                unsigned n = 0;
                while (n < BATCH && ring_peek(ring, &m) && can_take(j, m.bytes.len)) {
                        take_message(j, j->ports[i], &m);
                        ring_pop(ring);
                        n++;
                }
                uint64_t drops = n < BATCH ? ring_take_drops(ring) : 0;
                if (drops > 0) {
                        write_gap(j, drops);
                }
                any = any || n > 0 || drops > 0;
                if (n > 0) {
                        shrink(j);
                }
                if (atomic_load(&j->ports[i]->wants_space)) {
                        port_signal_space(j->ports[i]);
                }
        }
        if (conflicts_are_waiting(&j->conflicts)) {
                write_conflicts(j, false);
        }
        return any;
}

static uint64_t all_puts(const struct journal *j)
{
        uint64_t puts = 0;
        for (unsigned i = 0; i < j->n_ports; i++) {
                puts += atomic_load(&j->ports[i]->puts);
        }
        return puts;
}

/** Wait, unless something was put since @p puts_seen was read. @p timeout_ms -1 = until woken. */
static void wait_for_work(struct journal *j, enum journal_idle how, uint64_t puts_seen, int timeout_ms)
{
        struct pollfd p[1 + SETTINGS_SINKS] = {{.fd = j->wake.fd, .events = POLLIN}};
        unsigned n_sinks = sinks_poll(&j->sinks, p + 1);
        uint64_t woken;
        atomic_store(&j->wake.idle, how);
        bool is_news = (how == IDLE_ASLEEP && all_puts(j) != puts_seen) || atomic_load(&j->stopping) ||
                       atomic_load(&j->reopening);
        if (!is_news) {
                (void)poll(p, 1 + n_sinks, sinks_wait_ms(&j->sinks, timeout_ms));
        }
        atomic_store(&j->wake.idle, IDLE_NOT);
        if (p[0].revents != 0) {
                ssize_t n = read(j->wake.fd, &woken, sizeof woken); /* it does not block */
                (void)n;
        }
}

/** Let readers see what was counted for findings and scopes: at once when there is nothing else to do, otherwise now and then. */
static void settle(struct journal *j, bool is_busy)
{
        bool any = j->scopes.tally != NULL || j->finding_table.gathered.count > 0;
        uint64_t now_ns = is_busy && any ? clock_mono_ns() : 0;
        if (!is_busy || now_ns > j->settled_ns + SETTLE_MS * CLOCK_MS_NS) {
                scope_stats_settle(&j->scopes);
                finding_table_settle(&j->finding_table);
                j->settled_ns = now_ns != 0 ? now_ns : j->settled_ns;
        }
}

/** Until the rings are found empty. @return true if there was anything. */
static bool drain_all(struct journal *j)
{
        bool any = false;
        while (!atomic_load(&j->stopping) && !atomic_load(&j->reopening) && drain(j)) {
                any = true;
                sinks_retry(&j->sinks);
                settle(j, true);
        }
        return any;
}

/** Are there runs that expire_runs could end? */
static bool has_runs(const struct journal *j)
{
        return enrich_is_waiting(&j->enrich) || session_findings_are_waiting(&j->findings) ||
               accounts_are_waiting(&j->accounts);
}

/** The loops of @p order were reported. */
static void free_if_gone(struct journal *j, struct n_plus_one_session *order)
{
        if (order != NULL && n_plus_one_is_gone(order)) {
                sessions_free(sessions_owner(order), j->enrich.n_plus_one, &j->recent);
        }
}

/** Report the loops that have ended by @p now_ns. */
static void expire_loops(struct journal *j, uint64_t now_ns)
{
        unsigned n;
        struct n_plus_one_session *before = NULL;
        struct n_plus_one_session *order;
        while (can_take(j, RUNS_BYTES) && (order = enrich_expire(&j->enrich, before, now_ns, &n)) != NULL) {
                const struct session *session = sessions_owner(order);
                enrich_refer(&j->enrich, n, session->conn_id, &session->identity->session);
                for (unsigned i = 0; i < n; i++) {
                        write_record(j, &j->enrich.runs[i], session->identity);
                }
                free_if_gone(j, before);
                before = order;
        }
        free_if_gone(j, before);
}

/** Report the runs of sessions in which nothing more happens. The rings were found empty. */
static void expire_runs(struct journal *j)
{
        uint64_t now_ns = record_time(j);
        bool is_over = n_plus_one_is_over(j->enrich.n_plus_one);
        if (!is_over && now_ns < j->expired_ns + EXPIRE_MS * CLOCK_MS_NS) {
                return;
        }
        j->expired_ns = now_ns;
        unsigned n;
        expire_loops(j, now_ns);
        struct session_history *history = NULL;
        while (can_take(j, RUNS_BYTES) &&
               (history = session_findings_expire(&j->findings, history, now_ns, &n)) != NULL) {
                write_session_runs(j, sessions_owner_of_history(history), n);
        }
        while (can_take(j, RUNS_BYTES) && accounts_due(&j->accounts, now_ns, false)) {
        }
}

/** The rings are empty, and their owners have ended: what they kept besides. @return true if there was anything. */
static bool drain_overflow(struct journal *j, uint64_t deadline_ns)
{
        bool any = false;
        for (unsigned i = 0; i < j->n_ports; i++) {
                struct record_packed *r;
                while (clock_mono_ns() < deadline_ns &&
                       (r = overflow_oldest(&j->ports[i]->overflow)) != NULL) {
                        take_record(j, j->ports[i], r);
                        overflow_pop(&j->ports[i]->overflow);
                        any = true;
                }
        }
        shrink(j);
        return any;
}

/** Count what is still there as dropped. */
static void leave_rest(struct journal *j)
{
        struct ring_message m;
        for (unsigned i = 0; i < j->n_ports; i++) {
                while (ring_peek(&j->ports[i]->ring, &m)) {
                        atomic_fetch_add(&j->left_behind, 1);
                        ring_pop(&j->ports[i]->ring);
                }
                while (overflow_oldest(&j->ports[i]->overflow) != NULL) {
                        atomic_fetch_add(&j->left_behind, 1);
                        overflow_pop(&j->ports[i]->overflow);
                }
        }
}

/** The last thing: write out what there is, for a while. */
static void finish(struct journal *j)
{
        uint64_t deadline_ns = j->hurry_ns;
        sinks_set_deadline(&j->sinks, deadline_ns);
        while (clock_mono_ns() < deadline_ns && (drain(j) || drain_overflow(j, deadline_ns))) {
        }
        expire_loops(j, UINT64_MAX);
        write_conflicts(j, true);
        while (accounts_due(&j->accounts, record_time(j), true)) {
        }
        leave_rest(j);
        sinks_finish(&j->sinks, deadline_ns);
}

void *journal_run(void *arg)
{
        struct journal *j = arg;
        (void)prof_enter(STAGE_JOURNAL);
        while (!atomic_load(&j->stopping)) {
                if (atomic_exchange(&j->reopening, false)) {
                        sinks_reopen(&j->sinks);
                }
                uint64_t puts = all_puts(j);
                bool any = drain_all(j);
                finding_table_settle(&j->finding_table);
                if (has_runs(j)) {
                        expire_runs(j);
                }
                if (!any) {
                        settle(j, false);
                }
                bool flushed = sinks_flush(&j->sinks);
                if (any) { /* for company: one write serves many */
                        wait_for_work(j, IDLE_BATCHING, puts, (int)j->settings->log.flush_ms);
                } else {
                        bool is_waiting = has_runs(j) || conflicts_are_waiting(&j->conflicts);
                        int timeout_ms = is_waiting ? EXPIRE_MS : -1;
                        wait_for_work(j, IDLE_ASLEEP, puts, flushed ? timeout_ms : RETRY_MS);
                }
        }
        finish(j);
        return NULL;
}

/* --- without a thread ---------------------------------------------------------------------------------------------------- */

/** Is anything left in the rings, because no sink can take it? */
static bool is_held_up(const struct journal *j)
{
        struct ring_message m;
        for (unsigned i = 0; i < j->n_ports; i++) {
                if (ring_peek(&j->ports[i]->ring, &m)) {
                        return true;
                }
        }
        return false;
}

/** A sink that fails, and does not only wait for its reader, is not waited for: its records are dropped and counted. */
static void wait_for_sinks(struct journal *j)
{
        struct pollfd p[SETTINGS_SINKS];
        if (!sinks_flush(&j->sinks)) {
                (void)poll(p, sinks_poll(&j->sinks, p), RETRY_MS);
        }
        for (unsigned i = 0; i < j->sinks.n; i++) {
                if (j->sinks.all[i].state == SINK_FAILING) {
                        atomic_store(&j->stopping, true);
                }
        }
}

void journal_work(struct journal *j, uint64_t now_ns)
{
        j->now_ns = now_ns;
        j->conflicts.now_ns = now_ns;
        while (drain(j) || is_held_up(j)) {
                if (is_held_up(j)) {
                        wait_for_sinks(j);
                }
        }
        if (has_runs(j)) {
                expire_runs(j);
        }
}

void journal_flush(struct journal *j)
{
        (void)sinks_flush(&j->sinks);
}

void journal_complete(struct journal *j)
{
        j->hurry_ns = UINT64_MAX;
        finish(j);
        scope_stats_settle(&j->scopes);
        sinks_close(&j->sinks);
}
