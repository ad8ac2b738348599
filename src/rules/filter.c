#include "rules/filter.h"

#include "base/seed.h"
#include "base/span.h"
#include "profile/heap/prof.h"
#include "rules/network.h"
#include "rules/pattern.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

enum { WORDS_MAX = 32 };

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

struct criterion {
        bool given;
        bool negated;
        size_t n;
        union {
                struct span words[WORDS_MAX];
                uint64_t numbers[WORDS_MAX];
                struct network networks[WORDS_MAX];
        };
};

struct filter {
        struct criterion criteria[FILTER_KEYS];
        char *texts[FILTER_KEYS]; /* copies; the words are spans of them */
        uint64_t findings;
        double sample;
        double sample_sessions;
        struct pattern *pattern;
        _Atomic uint64_t undecided;
};

/* --- words and numbers --------------------------------------------------------------------------------------------- */

static bool glob(struct span pattern, struct span text)
{
        size_t star = SIZE_MAX; /* the last * seen, and where what it matches ends */
        size_t eaten = 0;
        size_t p = 0;
        size_t t = 0;
        while (t < text.len) {
                if (p < pattern.len && pattern.data[p] == '*') {
                        star = p++;
                        eaten = t;
                } else if (p < pattern.len && (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
                        p++;
                        t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++eaten;
                } else {
                        return false;
                }
        }
        while (p < pattern.len && pattern.data[p] == '*') {
                p++;
        }
        return p == pattern.len;
}

/** Split @p text at commas and spaces into c->words. */
static bool take_words(struct criterion *c, char *text)
{
        char *rest = text;
        for (char *word = strtok_r(text, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest)) {
                if (c->n == WORDS_MAX) {
                        return false;
                }
                c->words[c->n++] = span_str(word);
        }
        return c->n > 0;
}

static bool take_numbers(struct criterion *c, char *text)
{
        struct criterion words = {.n = 0};
        if (!take_words(&words, text)) {
                return false;
        }
        for (size_t i = 0; i < words.n; i++) {
                char *end;
                const char *word = (const char *)words.words[i].data;
                errno = 0;
                c->numbers[i] = strtoull(word, &end, 10);
                if (*word < '0' || *word > '9' || *end != '\0' || errno != 0) {
                        return false;
                }
        }
        c->n = words.n;
        return true;
}

static bool take_networks(struct criterion *c, char *text)
{
        struct criterion words = {.n = 0};
        if (!take_words(&words, text)) {
                return false;
        }
        for (size_t i = 0; i < words.n; i++) {
                if (!network_parse(text + ((const char *)words.words[i].data - text), &c->networks[i])) {
                        return false;
                }
        }
        c->n = words.n;
        return true;
}

/** Read 10ms, 1.5s or 200us; without a unit microseconds, the unit of durations in records. */
static bool take_duration(struct criterion *c, const char *text)
{
        static const struct {
                const char *unit;
                double us;
        } units[] = {{"", 1}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 6e7}};
        char *end;
        double value = strtod(text, &end);
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
                if (end != text && strcmp(end, units[i].unit) == 0 && value >= 0 && value < 1e12) {
                        c->numbers[0] = (uint64_t)(value * units[i].us);
                        c->n = 1;
                        return true;
                }
        }
        return false;
}

static bool take_share(double *out, const char *text)
{
        char *end;
        *out = strtod(text, &end);
        return end != text && *end == '\0' && *out >= 0 && *out <= 1;
}

static bool take_findings(struct filter *f, struct criterion *c, char *text)
{
        if (!take_words(c, text)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                unsigned bit = 0;
                while (bit < FINDING_COUNT &&
                       !span_equal(c->words[i], span_str(record_flag_name(FIELD_FINDINGS, bit)))) {
                        bit++;
                }
                if (bit == FINDING_COUNT) {
                        return false;
                }
                f->findings |= 1ULL << bit;
        }
        return true;
}

static bool take_events(struct criterion *c, char *text)
{
        if (!take_words(c, text)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                enum record_event event = 0;
                while (event < EVENT_COUNT && !span_equal(c->words[i], span_str(record_event_name(event)))) {
                        event++;
                }
                if (event == EVENT_COUNT) {
                        return false;
                }
        }
        return true;
}

/* --- creation ----------------------------------------------------------------------------------------------------------- */

static enum status take(struct filter *f, enum filter_key key, char *text, char error[FILTER_ERROR_MAX])
{
        static const char *const wanted[FILTER_KEYS] = {
            [FILTER_CLIENT] = "addresses, or networks such as 10.0.0.0/8",
            [FILTER_EVENT] = "names of events, such as query",
            [FILTER_SESSION] = "numbers",
            [FILTER_ERRNO] = "numbers",
            [FILTER_ERRORS] = "1 or 0",
            [FILTER_FINDING] = "n_plus_one, duplicate, no_index or slow",
            [FILTER_MIN_DURATION] = "a time such as 10ms or 1.5s",
            [FILTER_MIN_ROWS] = "a number",
            [FILTER_SAMPLE] = "a fraction from 0 to 1",
            [FILTER_SAMPLE_SESSIONS] = "a fraction from 0 to 1",
        };
        struct criterion *c = &f->criteria[key];
        bool ok = false;
        switch (key) {
        case FILTER_CLIENT: ok = take_networks(c, text); break;
        case FILTER_EVENT: ok = take_events(c, text); break;
        case FILTER_SESSION:
        case FILTER_ERRNO:
        case FILTER_MIN_ROWS: ok = take_numbers(c, text); break;
        case FILTER_ERRORS:
                ok = strcmp(text, "1") == 0 || strcmp(text, "0") == 0;
                c->given = strcmp(text, "1") == 0;
                break;
        case FILTER_FINDING: ok = take_findings(f, c, text); break;
        case FILTER_PATTERN: return pattern_new(text, &f->pattern, error, FILTER_ERROR_MAX);
        case FILTER_MIN_DURATION: ok = take_duration(c, text); break;
        case FILTER_SAMPLE: ok = take_share(&f->sample, text); break;
        case FILTER_SAMPLE_SESSIONS: ok = take_share(&f->sample_sessions, text); break;
        case FILTER_USER:
        case FILTER_SCHEMA:
        case FILTER_COMMAND:
        case FILTER_DIGEST:
        case FILTER_KEYS: ok = take_words(c, text); break;
        }
        if (!ok) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s must be %s", filter_keys[key],
                               wanted[key] != NULL ? wanted[key] : "at most 32 words, separated by commas");
        }
        return ok ? STATUS_OK : STATUS_INVALID;
}

enum status filter_new(const struct filter_spec *spec, struct filter **out, char error[FILTER_ERROR_MAX])
{
        enum status status = STATUS_OK;
        struct filter *f = NULL;
        *out = NULL;
        error[0] = '\0';
        for (enum filter_key key = 0; key < FILTER_KEYS && status == STATUS_OK; key++) {
                const char *text = spec->text[key];
                if (text == NULL || *text == '\0') {
                        continue;
                }
                f = f != NULL ? f : prof_calloc(STAGE_JOURNAL, 1, sizeof *f);
                char *copy = f != NULL ? prof_strdup(STAGE_JOURNAL, text) : NULL;
                if (copy == NULL) {
                        status = STATUS_NOMEM;
                        break;
                }
                f->texts[key] = copy;
                f->criteria[key].given = true;
                f->criteria[key].negated = *copy == '!';
                if (*copy == '!' && key >= FILTER_SAMPLE) {
                        (void)snprintf(error, FILTER_ERROR_MAX, "%s can't be inverted", filter_keys[key]);
                        status = STATUS_INVALID;
                        break;
                }
                status = take(f, key, copy + (*copy == '!' ? 1 : 0), error);
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
                prof_free(f->texts[key]);
        }
        pattern_free(f->pattern);
        prof_free(f);
}

/* --- selection --------------------------------------------------------------------------------------------------------- */

static bool any_word(const struct criterion *c, struct span text,
                     bool (*fits)(struct span word, struct span text))
{
        for (size_t i = 0; i < c->n; i++) {
                if (fits(c->words[i], text)) {
                        return true;
                }
        }
        return false;
}

static bool any_number(const struct criterion *c, uint64_t number)
{
        for (size_t i = 0; i < c->n; i++) {
                if (c->numbers[i] == number) {
                        return true;
                }
        }
        return false;
}

/** Does @p word name @p command? COM_STMT_EXECUTE is also stmt_execute and execute. */
static bool names_command(struct span word, struct span command)
{
        while (command.len >= word.len && word.len > 0) {
                if (command.len == word.len &&
                    strncasecmp((const char *)word.data, (const char *)command.data, word.len) == 0) {
                        return true;
                }
                const uint8_t *bar = memchr(command.data, '_', command.len);
                if (bar == NULL) {
                        return false;
                }
                command = span_skip(command, (size_t)(bar - command.data) + 1);
        }
        return false;
}

static bool begins(struct span word, struct span text)
{
        return text.len >= word.len &&
               strncasecmp((const char *)word.data, (const char *)text.data, word.len) == 0;
}

static bool is_same(struct span word, struct span text)
{
        return span_equal(word, text);
}

static bool is_in(const struct criterion *c, struct span addr)
{
        struct network a;
        if (!network_of_address(addr, &a)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                if (network_has(&c->networks[i], &a)) {
                        return true;
                }
        }
        return false;
}

static bool is_command(const struct record *r)
{
        return r->event == EVENT_QUERY || r->event == EVENT_N_PLUS_ONE;
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

/** A record passes, inverted criterion or not, if the search takes too long, or if only a part of its statement is kept and the
 *  pattern is not in that: nothing is lost silently. */
static bool finds(struct filter *f, bool negated, const struct record *r)
{
        enum pattern_result result = pattern_search(f->pattern, statement_text(r));
        if (result == PATTERN_UNDECIDED || (result == PATTERN_ABSENT && is_cut(r))) {
                atomic_fetch_add_explicit(&f->undecided, 1, memory_order_relaxed);
                return !negated;
        }
        return result == PATTERN_FOUND;
}

uint64_t filter_undecided(const struct filter *f)
{
        return f != NULL ? atomic_load_explicit(&f->undecided, memory_order_relaxed) : 0;
}

static bool holds(struct filter *f, enum filter_key key, const struct record *r)
{
        const struct criterion *c = &f->criteria[key];
        switch (key) {
        case FILTER_USER: return record_has(r, FIELD_USERNAME) && any_word(c, r->session.username, glob);
        case FILTER_SCHEMA: return record_has(r, FIELD_DATABASE) && any_word(c, r->session.database, glob);
        case FILTER_CLIENT: return record_has(r, FIELD_CLIENT_ADDR) && is_in(c, r->session.client_addr);
        case FILTER_COMMAND: return record_has(r, FIELD_COMMAND) && any_word(c, r->command, names_command);
        case FILTER_EVENT: return any_word(c, span_str(record_event_name(r->event)), is_same);
        case FILTER_DIGEST: return record_has(r, FIELD_DIGEST) && any_word(c, r->digest, begins);
        case FILTER_SESSION: return record_has(r, FIELD_CONN_ID) && any_number(c, r->conn_id);
        case FILTER_ERRNO: return record_has(r, FIELD_ERRNO) && any_number(c, r->errno_);
        case FILTER_ERRORS: return record_has(r, FIELD_ERRNO) || r->event == EVENT_ERROR;
        case FILTER_FINDING: return record_has(r, FIELD_FINDINGS) && (r->findings & f->findings) != 0;
        case FILTER_PATTERN: return is_command(r) && finds(f, c->negated, r);
        case FILTER_MIN_DURATION: return is_command(r) && r->duration_us >= c->numbers[0];
        case FILTER_MIN_ROWS:
                return is_command(r) &&
                       (record_has(r, FIELD_ROWS) ? r->rows : r->affected_rows) >= c->numbers[0];
        case FILTER_SAMPLE:
        case FILTER_SAMPLE_SESSIONS:
        case FILTER_KEYS: break;
        }
        return true;
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
        if (f->criteria[FILTER_SAMPLE_SESSIONS].given && !in_sample(session, f->sample_sessions)) {
                return false;
        }
        return !f->criteria[FILTER_SAMPLE].given || r->event != EVENT_QUERY || record_has(r, FIELD_ERRNO) ||
               in_sample(statement, f->sample);
}

bool filter_pass(struct filter *f, const struct record *r)
{
        if (f == NULL || r->event == EVENT_GAP) {
                return true;
        }
        for (enum filter_key key = 0; key < FILTER_SAMPLE; key++) {
                if (f->criteria[key].given && holds(f, key, r) == f->criteria[key].negated) {
                        return false;
                }
        }
        return is_sampled(f, r);
}
