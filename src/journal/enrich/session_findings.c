#include "journal/enrich/session_findings.h"

#include "base/clock.h"
#include "settings/settings.h"

#include <stddef.h>

enum status session_findings_init(struct session_findings *f, const struct settings *settings,
                                  struct digests *digests)
{
        *f = (struct session_findings){
            .transaction = {settings->log.transaction_idle_ms * (CLOCK_MS_NS / CLOCK_US_NS),
                            settings->log.transaction_open},
            .prepare_once = {.least = digests != NULL ? (unsigned)settings->log.prepare_once : 0},
            .short_least = digests != NULL ? settings->log.connection_per_statement : 0,
            .setup_least = settings->log.repeated_setup,
            .digests = digests,
        };
        enum status status = short_sessions_init(&f->clients);
        if (status == STATUS_OK) {
                status = duplicates_init(&f->duplicates, digests, settings->log.duplicate_ms);
        }
        return status;
}

void session_findings_fini(struct session_findings *f)
{
        short_sessions_fini(&f->clients);
        duplicates_fini(&f->duplicates);
}

void session_history_fini(struct session_history *h)
{
        prepare_once_fini(&h->prepared);
        scope_session_fini(&h->scope);
}

/* --- before the digest is known ------------------------------------------------------------------------------------ */

/** Records were dropped since the session was last seen. */
static void forget(struct session_history *h, uint64_t gaps)
{
        h->gaps = gaps;
        h->transaction = (struct open_transaction){.trx_id = 0};
        memset(h->setup.variables, 0, sizeof h->setup.variables);
        scope_on_gap(&h->scope);
}

static void see_setup(const struct session_findings *f, struct session_history *h, struct record *r)
{
        uint64_t needless = repeated_setup_see(&h->setup, r);
        if (needless > 0 && needless >= f->setup_least && f->setup_least > 0) {
                record_add_finding(r, FINDING_REPEATED_SETUP);
                record_set_uint(r, FIELD_REPEATED, needless);
        }
}

void session_findings_mark(struct session_findings *f, struct session_history *h, struct record *r)
{
        if (h->gaps != f->gaps) {
                forget(h, f->gaps);
        }
        open_transaction_see(&h->transaction, &f->transaction, r);
        if (repeated_setup_concerns(r)) {
                see_setup(f, h, r);
                scope_on_command(&h->scope, r);
        }
}

/* --- runs ----------------------------------------------------------------------------------------------------------- */

/** The record of a run, without its session. */
static void put_run(struct session_findings *f, unsigned i, const struct prepare_once_run *run)
{
        struct record *r = &f->runs[i];
        record_clear(r);
        r->event = EVENT_PREPARE_ONCE;
        r->wall_ns = run->wall_ns;
        r->mono_ns = run->mono_ns;
        record_set_uint(r, FIELD_REPEATED, run->count);
        record_set_uint(r, FIELD_DURATION_US, run->sum_us);
        record_set_uint(r, FIELD_FINDINGS, 1U << FINDING_PREPARE_ONCE);
        digest_hex(run->hash, f->run_hex[i]);
        record_set_text(r, FIELD_DIGEST, span_of(f->run_hex[i], DIGEST_HEX));
        record_set_text(r, FIELD_DIGEST_TEXT, digests_text(f->digests, run->hash));
        record_set_text(
            r, FIELD_REASON,
            span_str("prepared for each execution and closed after it: a statement that is kept, or "
                     "sent as text, takes one round trip instead of two"));
        digests_count_finding(f->digests, run->hash, FINDING_PREPARE_ONCE, run->count);
}

static unsigned put_runs(struct session_findings *f, const struct prepare_once_run *runs, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                put_run(f, i, &runs[i]);
        }
        return n;
}

/* --- with the digest ------------------------------------------------------------------------------------------------ */

/** @p r is the disconnect of a session: was it one of many for a statement or two each? */
static void end_session(struct session_findings *f, const struct session_history *h, struct record *r)
{
        const uint8_t *hash = h->short_session.digest;
        uint64_t n = f->short_least > 0 ? short_sessions_end(&f->clients, &h->short_session, r) : 0;
        if (n == 0 || n < f->short_least) {
                return;
        }
        record_add_finding(r, FINDING_CONNECTION_PER_STATEMENT);
        record_set_uint(r, FIELD_REPEATED, n);
        digests_count_finding(f->digests, hash, FINDING_CONNECTION_PER_STATEMENT, 1);
        struct span text = digests_text(f->digests, hash);
        if (text.len > 0) {
                digest_hex(hash, f->hex);
                record_set_text(r, FIELD_DIGEST, span_of(f->hex, DIGEST_HEX));
                record_set_text(r, FIELD_DIGEST_TEXT, text);
        }
}

/** @p r is not a command. */
static unsigned follow_other(struct session_findings *f, struct session_history *h, struct record *r)
{
        struct prepare_once_run runs[PREPARE_ONCE_RUNS];
        switch ((int)r->event) {
        case EVENT_AUTH:
                short_session_on_auth(&h->short_session, r);
                scope_on_auth(&h->scope, r);
                return 0;
        case EVENT_NOTICE:
                if (record_has(r, FIELD_DROPPED)) { /* commands that were not decoded */
                        scope_on_gap(&h->scope);
                }
                return 0;
        case EVENT_DISCONNECT:
                end_session(f, h, r);
                return put_runs(f, runs, prepare_once_end(&f->prepare_once, &h->prepared, runs));
        default: return 0;
        }
}

unsigned session_findings_follow(struct session_findings *f, struct session_history *h, struct record *r,
                                 const struct digest_found *found)
{
        if (r->event != EVENT_QUERY) {
                return follow_other(f, h, r);
        }
        const struct digest_stat *stat = found->stat;
        if ((r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE) && stat != NULL) {
                short_session_on_statement(&h->short_session, stat->hash, span_of(stat->text, stat->text_len),
                                           r->duration_us);
        }
        struct prepare_once_run runs[PREPARE_ONCE_RUNS];
        unsigned n =
            prepare_once_see(&f->prepare_once, &h->prepared, r, stat != NULL ? stat->hash : NULL, runs);
        return put_runs(f, runs, n);
}

bool session_findings_are_waiting(const struct session_findings *f)
{
        return f->prepare_once.first != NULL;
}

struct session_history *session_findings_expire(struct session_findings *f,
                                                const struct session_history *after, uint64_t now_mono_ns,
                                                unsigned *n)
{
        struct prepare_once_run runs[PREPARE_ONCE_RUNS];
        struct prepare_once_session *s = prepare_once_expire(
            &f->prepare_once, after != NULL ? &after->prepared : NULL, now_mono_ns, runs, n);
        (void)put_runs(f, runs, *n);
        return s == NULL ? NULL
                         : (struct session_history *)(void *)((char *)s -
                                                              offsetof(struct session_history, prepared));
}
