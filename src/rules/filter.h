/** @file filter.h  Selects records: by an expression of the filter language (rules/expr.h), and by sampling. Its texts come from
 * settings, from query parameters of the admin port, or from arguments of `querytap tail`.
 *
 * The older criteria are short forms of terms; a record must match all that are given, and a leading ! inverts one:
 *      user=app*,root   schema=!mysql   client=10.0.0.0/8,192.168.1.7   command=query,execute   event=query,auth
 *      digest=91668775  session=7,12    errno=1062,1213   errors=1      finding=n_plus_one,slow
 *      pattern=(?i)update .* stock      min_duration=10ms   min_rows=1000   sample=0.01   sample_sessions=0.1
 * Sampling takes or leaves whole sessions (sample_sessions) or whole transactions (sample; outside of one, single statements) by a
 * hash, so that every filter of a process selects the same ones. Commands that failed and records of other events pass `sample`.
 * Gap records always pass.
 *
 * Knows: records, expressions.   Does not know: settings, sockets, where records go.
 * Threads: one at a time, but filter_undecided from any.   Memory: STAGE_JOURNAL. */
#ifndef RULES_FILTER_H
#define RULES_FILTER_H

#include "base/status.h"
#include "mysql/record/record.h"

enum filter_key {
        FILTER_EXPRESSION,
        FILTER_USER,
        FILTER_SCHEMA,
        FILTER_CLIENT,
        FILTER_COMMAND,
        FILTER_EVENT,
        FILTER_DIGEST,
        FILTER_SESSION,
        FILTER_ERRNO,
        FILTER_ERRORS,
        FILTER_FINDING,
        FILTER_PATTERN,
        FILTER_MIN_DURATION,
        FILTER_MIN_ROWS,
        FILTER_SAMPLE,
        FILTER_SAMPLE_SESSIONS,
        FILTER_KEYS
};

/** "q", "user", "schema" …: the names in query parameters; but for the first, those in settings (filter.user) and flags
 *  (--min-duration), too. */
extern const char *const filter_keys[FILTER_KEYS];

enum { FILTER_ERROR_MAX = 512 };

/** The texts; NULL or "" = not given. The expression and its short forms exclude each other; sampling goes with both. */
struct filter_spec {
        const char *text[FILTER_KEYS];
        uint64_t since_ns; /**< only records that ended at this time or later, monotonic; 0 = all */
};

struct filter;

/** @return STATUS_OK, with *@p out NULL if nothing is given; STATUS_INVALID or STATUS_NOMEM, with a sentence in @p error. */
enum status filter_new(const struct filter_spec *spec, struct filter **out, char error[FILTER_ERROR_MAX]);
void filter_free(struct filter *f);
/** Does @p r pass? Every record passes NULL. */
bool filter_pass(struct filter *f, const struct record *r);
/** How many searches for a text or pattern had no result (expr_undecided). */
uint64_t filter_undecided(const struct filter *f);

#endif
