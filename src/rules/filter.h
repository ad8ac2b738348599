/** @file filter.h  Which records somebody wants to see. One table (filter_keys) names the criteria; settings, query parameters
 * of the admin port and flags of `querytap tail` give their texts.
 *
 * A record passes if each criterion that is given holds; one that the record has nothing to say about does not hold (a
 * connect record has no user yet). A leading ! turns a criterion round. Gap records always pass.
 *      user=app*,root   schema=!mysql   client=10.0.0.0/8,192.168.1.7   command=query,execute   event=query,auth
 *      digest=91668775  session=7,12    errno=1062,1213   errors=1      finding=n_plus_one,slow
 *      pattern=(?i)update .* stock      min_duration=10ms   min_rows=1000   sample=0.01   sample_sessions=0.1
 * Sampling decides by session, or by transaction (outside of one by statement), by a hash: what belongs together stays
 * together, and every filter of a process decides alike. Errors and what is no command pass `sample`.
 * Threads: one at a time.   Memory: STAGE_JOURNAL or whose scope it is made in; PCRE2's is charged to STAGE_JOURNAL. */
#ifndef RULES_FILTER_H
#define RULES_FILTER_H

#include "base/status.h"
#include "mysql/record/record.h"

enum filter_key {
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

/** "user", "schema" …: of settings (filter.user), parameters and flags (--min-duration). */
extern const char *const filter_keys[FILTER_KEYS];

enum { FILTER_ERROR_MAX = 256 };

/** Texts of the criteria; NULL or "" = not given. */
struct filter_spec {
        const char *text[FILTER_KEYS];
};

struct filter;

/** @return STATUS_OK with *@p out NULL if nothing is given; STATUS_INVALID with a sentence in @p error. */
enum status filter_new(const struct filter_spec *spec, struct filter **out, char error[FILTER_ERROR_MAX]);
void filter_free(struct filter *f);
/** NULL passes all. */
bool filter_pass(struct filter *f, const struct record *r);
/** Records that passed since the pattern could not be decided. Any thread. */
uint64_t filter_undecided(const struct filter *f);

#endif
