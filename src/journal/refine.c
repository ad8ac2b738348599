#include "journal/refine.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "mysql/command.h"
#include "mysql/secret.h"
#include "settings/settings.h"

enum {
        STATUS_NO_GOOD_INDEX_USED = 0x0010,
        STATUS_NO_INDEX_USED = 0x0020,
        STATUS_QUERY_WAS_SLOW = 0x0800,
};

enum status refine_init(struct refine *f, const struct settings *settings)
{
        *f = (struct refine){.settings = settings};
        enum status status = redact_new(settings, &f->redact);
        if (status == STATUS_OK && settings->log.digests > 0) {
                status = digests_new(settings->log.digests, &f->digests);
        }
        if (status == STATUS_OK) {
                status = track_new((unsigned)settings->log.n_plus_one, settings->limits.sessions, &f->track);
        }
        if (status == STATUS_NOMEM) {
                diag(DIAG_ERROR, "the journal can't be made: out of memory");
        }
        return status;
}

void refine_fini(struct refine *f)
{
        digests_free(f->digests);
        track_free(f->track);
        redact_free(f->redact);
        *f = (struct refine){.settings = f->settings};
}

/** The text of the statement that @p r is about. @return false if it is about none. */
static bool statement_of(const struct record *r, struct span *text)
{
        bool is_query = record_has(r, FIELD_QUERY) && record_has(r, FIELD_COMMAND_ID) &&
                        (r->command_id == COM_QUERY || r->command_id == COM_STMT_PREPARE);
        if (r->event != EVENT_QUERY || (!is_query && !record_has(r, FIELD_STMT_PREPARE_QUERY))) {
                return false;
        }
        *text = is_query ? r->query : r->stmt_prepare_query;
        return text->len > 0;
}

static void add_digest(struct record *r, const struct digest_stat *s)
{
        RECORD_PUT_TEXT(r, FIELD_DIGEST, digest, span_of(s->hex, sizeof s->hex));
        RECORD_PUT_TEXT(r, FIELD_DIGEST_TEXT, digest_text, span_of(s->text, s->text_len));
}

static void add_findings(const struct refine *f, struct record *r)
{
        uint64_t flags = record_has(r, FIELD_STATUS_FLAGS) ? r->status_flags : 0;
        uint64_t slow_us = f->settings->log.slow_ms * (CLOCK_MS_NS / CLOCK_US_NS);
        if ((flags & (STATUS_NO_GOOD_INDEX_USED | STATUS_NO_INDEX_USED)) != 0) {
                r->findings |= 1U << FINDING_NO_INDEX;
        }
        if ((flags & STATUS_QUERY_WAS_SLOW) != 0 || (slow_us > 0 && r->duration_us >= slow_us)) {
                r->findings |= 1U << FINDING_SLOW;
        }
        if (r->findings != 0) {
                record_mark(r, FIELD_FINDINGS);
        }
}

static bool has_comment(struct span text)
{
        const uint8_t *star = memchr(text.data, '*', text.len);
        while (star != NULL) {
                struct span behind = span_skip(text, (size_t)(star - text.data) + 1);
                if (behind.len == 0 || behind.data[0] == '/') {
                        return behind.len > 0;
                }
                star = memchr(behind.data, '*', behind.len);
        }
        return false;
}

static void add_tags(struct refine *f, struct record *r, struct span text)
{
        f->tags.n = 0;
        if (has_comment(text) && tags_read(&f->tags, text) > 0) {
                record_set_list(r, FIELD_TAGS, (struct value_list){f->tags.values, f->tags.n});
        }
        struct span traceparent = tags_traceparent(&f->tags, r);
        if (traceparent.len > 0) {
                record_set_text(r, FIELD_TRACEPARENT, traceparent);
        }
}

/** The record of a run that @p after ended. */
static void tell_run(struct refine *f, unsigned i, const struct track_run *run, const struct record *after)
{
        struct record *r = &f->runs[i];
        *r = (struct record){.event = EVENT_N_PLUS_ONE, .wall_ns = after->wall_ns, .mono_ns = after->mono_ns};
        static const enum record_field same[] = {FIELD_CLIENT_ADDR, FIELD_PROXY_LISTEN_ADDR,
                                                 FIELD_REMOTE_ADDR, FIELD_USERNAME, FIELD_DATABASE};
        for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
                if (record_has(after, same[k])) {
                        record_set_text(r, same[k], record_text(after, same[k]));
                }
        }
        record_set_uint(r, FIELD_CONN_ID, after->conn_id);
        record_set_uint(r, FIELD_REPEATED, run->count);
        record_set_uint(r, FIELD_DURATION_US, run->sum_us);
        record_set_uint(r, FIELD_FINDINGS, 1U << FINDING_N_PLUS_ONE);
        digest_hex(run->hash, f->hex[i]);
        record_set_text(r, FIELD_DIGEST, span_of(f->hex[i], DIGEST_HEX));
        record_set_text(r, FIELD_DIGEST_TEXT, digests_text(f->digests, run->hash));
        struct writer w = writer_over(f->info[i], sizeof f->info[i]);
        writer_format(&w, "after %llu rows of ", (unsigned long long)run->parent_rows);
        struct span parent = digests_text(f->digests, run->parent);
        writer_put(&w, utf8_trim(span_head(parent, w.size - w.at)));
        record_set_text(r, FIELD_INFO, writer_span(&w));
        record_set_text(
            r, FIELD_REASON,
            span_str("one statement for each row of a result: a join or IN (...) would take one"));
}

unsigned refine_record(struct refine *f, struct record *r)
{
        struct span text = span_str(NULL);
        struct track_run runs[TRACK_RUNS_MAX];
        struct digest_found found = {.stat = NULL};
        bool has_text = statement_of(r, &text);
        unsigned n = 0;
        if (f->digests != NULL) {
                if (has_text) {
                        found = digests_find(f->digests, text, r->sql_mode);
                }
                n = track_see(f->track, r, found.stat != NULL ? &found : NULL, runs);
                for (unsigned i = 0; i < n; i++) {
                        tell_run(f, i, &runs[i], r);
                }
        } else if (has_text) {
                found.suspected = secret_suspected(text);
        }
        if (r->event == EVENT_AUTH && record_has(r, FIELD_CONNECT_ATTRIBUTES) &&
            !record_has(r, FIELD_ERROR)) {
                redact_record(f->redact, r, false);
        }
        if (r->event != EVENT_QUERY) {
                return n;
        }
        if (found.stat != NULL) {
                add_digest(r, found.stat);
        }
        add_findings(f, r);
        if (has_text && !found.suspected) {
                add_tags(f, r, text);
        }
        redact_record(f->redact, r, found.suspected);
        if (found.stat != NULL && r->command_id != COM_STMT_PREPARE && r->command_id != COM_STMT_CLOSE) {
                digests_count(f->digests, &found, r);
        }
        return n;
}
