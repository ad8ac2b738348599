#include "rules/filter.h"

#include "base/seed.h"
#include "base/span.h"
#include "profile/heap/prof.h"
#include "rules/criterion.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

struct filter {
        struct criterion criteria[FILTER_KEYS];
        char *texts[FILTER_KEYS]; /* copies; the words are spans of them */
        _Atomic uint64_t undecided;
};

const char *const filter_keys[FILTER_KEYS] = {
    [FILTER_USER] = "user",
    [FILTER_SCHEMA] = "schema",
    [FILTER_CLIENT] = "client",
    [FILTER_COMMAND] = "command",
    [FILTER_EVENT] = "event",
    [FILTER_DIGEST] = "digest",
    [FILTER_SESSION] = "session",
    [FILTER_ERRNO] = "errno",
    [FILTER_ERRORS] = "errors",
    [FILTER_FINDING] = "finding",
    [FILTER_PATTERN] = "pattern",
    [FILTER_MIN_DURATION] = "min_duration",
    [FILTER_MIN_ROWS] = "min_rows",
    [FILTER_SAMPLE] = "sample",
    [FILTER_SAMPLE_SESSIONS] = "sample_sessions",
};

/* --- names of events and findings ------------------------------------------------------------------------------------ */

/** @return FINDING_COUNT if @p word is not the name of a finding. */
static unsigned finding_named(struct span word)
{
        unsigned bit = 0;
        while (bit < FINDING_COUNT && !span_equal(word, span_str(record_flag_name(FIELD_FINDINGS, bit)))) {
                bit++;
        }
        return bit;
}

static bool is_finding(struct span word)
{
        return finding_named(word) < FINDING_COUNT;
}

static void try_findings(struct nearest *n)
{
        for (unsigned bit = 0; bit < FINDING_COUNT; bit++) {
                nearest_try(n, record_flag_name(FIELD_FINDINGS, bit));
        }
}

static bool read_findings(struct criterion *c, char *text)
{
        uint64_t flags = 0;
        if (!criterion_read_names(c, text, is_finding, try_findings)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                flags |= 1ULL << finding_named(c->words[i]);
        }
        c->flags = flags; /* in the place of the words */
        return true;
}

static bool is_event(struct span word)
{
        enum record_event event = 0;
        while (event < EVENT_COUNT && !span_equal(word, span_str(record_event_name(event)))) {
                event++;
        }
        return event < EVENT_COUNT;
}

static void try_events(struct nearest *n)
{
        for (enum record_event event = 0; event < EVENT_COUNT; event++) {
                nearest_try(n, record_event_name(event));
        }
}

static bool read_events(struct criterion *c, char *text)
{
        return criterion_read_names(c, text, is_event, try_events);
}

/* --- criteria ----------------------------------------------------------------------------------------------------------- */

static bool is_command(const struct record *r)
{
        return r->event == EVENT_QUERY || r->event == EVENT_N_PLUS_ONE || r->event == EVENT_PREPARE_ONCE;
}

static struct span statement_text(const struct record *r)
{
        return record_has(r, FIELD_QUERY)                ? r->query
               : record_has(r, FIELD_STMT_PREPARE_QUERY) ? r->stmt_prepare_query
                                                         : r->digest_text;
}

static bool is_cut(const struct record *r)
{
        return record_has(r, FIELD_QUERY) ? record_has(r, FIELD_QUERY_LENGTH)
                                          : record_has(r, FIELD_STMT_PREPARE_QUERY_LENGTH);
}

/* Does the record match the criterion? A match of the pattern may also be *@p undecided. */

static bool match_user(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_USERNAME) && criterion_has_glob(c, record_text(r, FIELD_USERNAME));
}

static bool match_schema(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_DATABASE) && criterion_has_glob(c, record_text(r, FIELD_DATABASE));
}

static bool match_client(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_CLIENT_ADDR) &&
               criterion_has_address(c, record_text(r, FIELD_CLIENT_ADDR));
}

static bool match_command(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_COMMAND) && criterion_has_command(c, r->command);
}

static bool match_event(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return criterion_has_word(c, span_str(record_event_name(r->event)));
}

static bool match_digest(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_DIGEST) && criterion_has_prefix(c, r->digest);
}

static bool match_session(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_CONN_ID) && criterion_has_number(c, r->conn_id);
}

static bool match_errno(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_ERRNO) && criterion_has_number(c, r->errno_);
}

static bool match_errors(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)c;
        (void)undecided;
        return record_has(r, FIELD_ERRNO) || r->event == EVENT_ERROR;
}

static bool match_finding(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return record_has(r, FIELD_FINDINGS) && (r->findings & c->flags) != 0;
}

/** It is undecided if the search takes too long, or if only a part of the statement is kept and the pattern is not in that. */
static bool match_pattern(const struct criterion *c, const struct record *r, bool *undecided)
{
        if (!is_command(r)) {
                return false;
        }
        enum pattern_result result = pattern_search(c->pattern, statement_text(r));
        *undecided = result == PATTERN_UNDECIDED || (result == PATTERN_ABSENT && is_cut(r));
        return result == PATTERN_FOUND;
}

static bool match_min_duration(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return is_command(r) && r->duration_us >= c->numbers[0];
}

static bool match_min_rows(const struct criterion *c, const struct record *r, bool *undecided)
{
        (void)undecided;
        return is_command(r) && (record_has(r, FIELD_ROWS) ? r->rows : r->affected_rows) >= c->numbers[0];
}

static const struct kind {
        bool (*read)(struct criterion *c, char *text); /* NULL: a pattern */
        bool (*matches)(const struct criterion *c, const struct record *r,
                        bool *undecided); /* NULL: a sample, which can't be inverted */
        const char *expected;             /* what the text must be; NULL: words */
} kinds[FILTER_KEYS] = {
    [FILTER_USER] = {criterion_read_words, match_user, NULL},
    [FILTER_SCHEMA] = {criterion_read_words, match_schema, NULL},
    [FILTER_CLIENT] = {criterion_read_networks, match_client, "addresses, or networks such as 10.0.0.0/8"},
    [FILTER_COMMAND] =
        {criterion_read_commands, match_command,
         "names of protocol commands, such as query or execute (for the text of statements, see pattern)"},
    [FILTER_EVENT] = {read_events, match_event, "names of events, such as query"},
    [FILTER_DIGEST] = {criterion_read_digits, match_digest, "the first hexadecimal digits of digests"},
    [FILTER_SESSION] = {criterion_read_numbers, match_session, "numbers"},
    [FILTER_ERRNO] = {criterion_read_numbers, match_errno, "numbers"},
    [FILTER_ERRORS] = {criterion_read_switch, match_errors, "1 or 0"},
    [FILTER_FINDING] = {read_findings, match_finding,
                        "n_plus_one, duplicate, no_index, slow, transaction_idle, transaction_open, "
                        "prepare_once, connection_per_statement, repeated_setup or large_result"},
    [FILTER_PATTERN] = {NULL, match_pattern, NULL},
    [FILTER_MIN_DURATION] = {criterion_read_duration, match_min_duration, "a time such as 10ms or 1.5s"},
    [FILTER_MIN_ROWS] = {criterion_read_number, match_min_rows, "a number"},
    [FILTER_SAMPLE] = {criterion_read_fraction, NULL, "a fraction from 0 to 1"},
    [FILTER_SAMPLE_SESSIONS] = {criterion_read_fraction, NULL, "a fraction from 0 to 1"},
};

/* --- creation ----------------------------------------------------------------------------------------------------------- */

/** Write the sentence that says what @p c should have been. */
static void explain_wrong(const struct criterion *c, enum filter_key key, char error[FILTER_ERROR_MAX])
{
        enum { SHOWN_MAX = 40 };
        const char *expected = kinds[key].expected;
        int n = snprintf(error, FILTER_ERROR_MAX, "%s must be %s", filter_keys[key],
                         expected != NULL ? expected : "at most 32 words, separated by commas");
        if (c->wrong.len > 0 && n > 0 && n < FILTER_ERROR_MAX) {
                int len = c->wrong.len < SHOWN_MAX ? (int)c->wrong.len : SHOWN_MAX;
                n += snprintf(error + n, (size_t)(FILTER_ERROR_MAX - n), ", not '%.*s'", len,
                              (const char *)c->wrong.data);
        }
        if (c->nearest != NULL && n > 0 && n < FILTER_ERROR_MAX) {
                (void)snprintf(error + n, (size_t)(FILTER_ERROR_MAX - n), "; did you mean '%s'?", c->nearest);
        }
}

/** Read @p text, ours to change. @return STATUS_INVALID (with a sentence) or STATUS_NOMEM. */
static enum status read_criterion(struct criterion *c, enum filter_key key, char *text,
                                  char error[FILTER_ERROR_MAX])
{
        const struct kind *kind = &kinds[key];
        c->given = true;
        c->negated = *text == '!';
        if (c->negated && kind->matches == NULL) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s can't be inverted", filter_keys[key]);
                return STATUS_INVALID;
        }
        text += c->negated ? 1 : 0;
        if (kind->read == NULL) {
                return pattern_new(text, &c->pattern, error, FILTER_ERROR_MAX);
        }
        if (!kind->read(c, text)) {
                explain_wrong(c, key, error);
                return STATUS_INVALID;
        }
        return STATUS_OK;
}

/** Copy @p text, the value of @p key, to @p f, which is created with the first. */
static enum status add_criterion(struct filter **f, enum filter_key key, const char *text,
                                 char error[FILTER_ERROR_MAX])
{
        *f = *f != NULL ? *f : prof_calloc(STAGE_JOURNAL, 1, sizeof **f);
        char *copy = *f != NULL ? prof_strdup(STAGE_JOURNAL, text) : NULL;
        if (copy == NULL) {
                return STATUS_NOMEM;
        }
        (*f)->texts[key] = copy;
        return read_criterion(&(*f)->criteria[key], key, copy, error);
}

enum status filter_new(const struct filter_spec *spec, struct filter **out, char error[FILTER_ERROR_MAX])
{
        enum status status = STATUS_OK;
        struct filter *f = NULL;
        *out = NULL;
        error[0] = '\0';
        for (enum filter_key key = 0; key < FILTER_KEYS && status == STATUS_OK; key++) {
                if (spec->text[key] != NULL && spec->text[key][0] != '\0') {
                        status = add_criterion(&f, key, spec->text[key], error);
                }
        }
        if (status == STATUS_NOMEM && error[0] == '\0') {
                (void)snprintf(error, FILTER_ERROR_MAX, "out of memory");
        }
        if (status != STATUS_OK) {
                filter_free(f);
                return status;
        }
        *out = f;
        return STATUS_OK;
}

void filter_free(struct filter *f)
{
        if (f == NULL) {
                return;
        }
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                pattern_free(f->criteria[key].pattern);
                prof_free(f->texts[key]);
        }
        prof_free(f);
}

/* --- selection --------------------------------------------------------------------------------------------------------- */

uint64_t filter_undecided(const struct filter *f)
{
        return f != NULL ? atomic_load_explicit(&f->undecided, memory_order_relaxed) : 0;
}

/** Where a criterion is undecided the record passes, inverted or not: nothing is lost silently. */
static bool passes(struct filter *f, enum filter_key key, const struct record *r)
{
        const struct criterion *c = &f->criteria[key];
        bool undecided = false;
        bool matches = kinds[key].matches(c, r, &undecided);
        if (undecided) {
                atomic_fetch_add_explicit(&f->undecided, 1, memory_order_relaxed);
        }
        return undecided || matches != c->negated;
}

/** Is what @p ids identify in the @p share that is kept? */
static bool in_sample(const uint64_t ids[3], double share)
{
        uint64_t hash = XXH3_64bits_withSeed(ids, 3 * sizeof ids[0], seed_of_process());
        double place = ldexp((double)(hash >> 11), -53);
        return place < share;
}

static bool is_sampled(const struct filter *f, const struct record *r)
{
        bool in_trx = record_has(r, FIELD_TRX_ID);
        const uint64_t session[3] = {r->conn_id, 0, 0};
        const uint64_t statement[3] = {r->conn_id, in_trx ? 1 : 2, in_trx ? r->trx_id : r->conn_seq_num};
        const struct criterion *sample = &f->criteria[FILTER_SAMPLE];
        const struct criterion *sample_sessions = &f->criteria[FILTER_SAMPLE_SESSIONS];
        if (sample_sessions->given && !in_sample(session, sample_sessions->fraction)) {
                return false;
        }
        return !sample->given || r->event != EVENT_QUERY || record_has(r, FIELD_ERRNO) ||
               in_sample(statement, sample->fraction);
}

/** Is @p key about something of @p r that is unknown? Such a record passes neither the criterion nor its inversion. */
static bool is_unknown(enum filter_key key, const struct record *r)
{
        return key == FILTER_SCHEMA && record_has(r, FIELD_DATABASE_UNKNOWN);
}

bool filter_pass(struct filter *f, const struct record *r)
{
        if (f == NULL || r->event == EVENT_GAP) {
                return true;
        }
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                if (f->criteria[key].given && kinds[key].matches != NULL &&
                    (is_unknown(key, r) || !passes(f, key, r))) {
                        return false;
                }
        }
        return is_sampled(f, r);
}
