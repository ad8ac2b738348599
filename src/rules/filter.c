#include "rules/filter.h"

#include "base/seed.h"
#include "base/writer.h"
#include "profile/heap/prof.h"
#include "rules/expr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct filter {
        struct expr *expr; /* NULL: every record matches */
        bool samples;
        bool samples_sessions;
        uint64_t since_ns; /* records that ended before do not pass */
        double sample;
        double sample_sessions;
};

/* --- short forms ---------------------------------------------------------------------------------------------------- */

/** How the text of a short form becomes a term. */
enum form {
        FORM_NONE,     /* it is the expression, or a sample */
        FORM_WORDS,    /* words with commas or blanks between them become the values of the term */
        FORM_WHOLE,    /* the text is one value */
        FORM_AT_LEAST, /* a number or time, and all above it */
        FORM_SWITCH,   /* 1 is the term, 0 is nothing */
};

static const struct short_form {
        enum form form;
        const char *term; /* with its operator */
        const char *also; /* or this term */
} short_forms[FILTER_KEYS] = {
    [FILTER_EXPRESSION] = {FORM_NONE, NULL, NULL},
    [FILTER_USER] = {FORM_WORDS, "user:", NULL},
    [FILTER_SCHEMA] = {FORM_WORDS, "db:", NULL},
    [FILTER_CLIENT] = {FORM_WORDS, "client:", NULL},
    [FILTER_COMMAND] = {FORM_WORDS, "cmd:", NULL},
    [FILTER_EVENT] = {FORM_WORDS, "event:", NULL},
    [FILTER_DIGEST] = {FORM_WORDS, "digest:", NULL},
    [FILTER_SESSION] = {FORM_WORDS, "session:", NULL},
    [FILTER_ERRNO] = {FORM_WORDS, "err:", NULL},
    [FILTER_ERRORS] = {FORM_SWITCH, "err", NULL},
    [FILTER_FINDING] = {FORM_WORDS, "finding:", NULL},
    [FILTER_PATTERN] = {FORM_WHOLE, "re:", NULL},
    [FILTER_MIN_DURATION] = {FORM_AT_LEAST, "duration_us:", NULL},
    [FILTER_MIN_ROWS] = {FORM_AT_LEAST, "rows:", "affected:"},
    [FILTER_SAMPLE] = {FORM_NONE, NULL, NULL},
    [FILTER_SAMPLE_SESSIONS] = {FORM_NONE, NULL, NULL},
};

const char *const filter_keys[FILTER_KEYS] = {
    [FILTER_EXPRESSION] = "q",
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

/** Append @p text as a value in quotes; without them where @p keeps_wildcards and the character is a wildcard. */
static void put_value(struct writer *w, const char *text, size_t n, bool keeps_wildcards)
{
        for (size_t i = 0; i < n;) {
                if (keeps_wildcards && (text[i] == '*' || text[i] == '?')) {
                        writer_char(w, text[i++]);
                        continue;
                }
                size_t begin = i;
                while (i < n && !(keeps_wildcards && (text[i] == '*' || text[i] == '?'))) {
                        i++;
                }
                expr_quote(w, span_of(text + begin, i - begin));
        }
}

static void put_words(struct writer *w, const char *text)
{
        static const char separators[] = ", ";
        bool has_word = false;
        for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
                size_t n = strcspn(text, separators);
                if (has_word) {
                        writer_char(w, ',');
                }
                put_value(w, text, n, true);
                has_word = true;
                text += n;
        }
}

/** Append the term that @p text, of the short form @p form, stands for. */
static void put_short_form(struct writer *w, const struct short_form *form, const char *text)
{
        bool is_negated = text[0] == '!';
        text += is_negated ? 1 : 0;
        if (form->form == FORM_SWITCH && strcmp(text, "0") == 0) {
                return;
        }
        writer_text(w, is_negated ? " not (" : " (");
        for (const char *term = form->term; term != NULL; term = term == form->term ? form->also : NULL) {
                writer_text(w, term != form->term ? " or " : "");
                writer_text(w, term);
                if (form->form == FORM_WORDS) {
                        put_words(w, text);
                } else if (form->form != FORM_SWITCH) {
                        put_value(w, text, strlen(text), false);
                        writer_text(w, form->form == FORM_AT_LEAST ? "+" : "");
                }
        }
        writer_char(w, ')');
}

/* --- creation ------------------------------------------------------------------------------------------------------- */

static bool is_given(const struct filter_spec *spec, enum filter_key key)
{
        return spec->text[key] != NULL && spec->text[key][0] != '\0';
}

static enum status out_of_memory(char error[FILTER_ERROR_MAX])
{
        (void)snprintf(error, FILTER_ERROR_MAX, "out of memory");
        return STATUS_NOMEM;
}

/** The first short form that is given besides @p after; FILTER_KEYS if there is none. */
static enum filter_key next_short_form(const struct filter_spec *spec, enum filter_key after)
{
        enum filter_key key = after + 1;
        while (key < FILTER_KEYS && (short_forms[key].form == FORM_NONE || !is_given(spec, key))) {
                key++;
        }
        return key;
}

/** Check a short form by itself, so that the message names it. */
static enum status check_short_form(enum filter_key key, const char *text, char error[FILTER_ERROR_MAX])
{
        enum { TERM_MAX = 8192 };
        char term[TERM_MAX];
        struct expr_error problem;
        struct expr *e = NULL;
        struct writer w = writer_over(term, sizeof term);
        bool is_switch = short_forms[key].form == FORM_SWITCH;
        if (is_switch && strcmp(text, "1") != 0 && strcmp(text, "0") != 0) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s must be 1 or 0", filter_keys[key]);
                return STATUS_INVALID;
        }
        put_short_form(&w, &short_forms[key], text);
        if (w.failed) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s is too long", filter_keys[key]);
                return STATUS_INVALID;
        }
        if (w.at == 0) {
                return STATUS_OK;
        }
        enum status status = expr_new(writer_span(&w), &e, &problem);
        expr_free(e);
        if (status == STATUS_INVALID) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s: %s", filter_keys[key], problem.text);
        }
        return status == STATUS_NOMEM ? out_of_memory(error) : status;
}

/** Compile the short forms as one expression. *@p out is NULL if they select every record. */
static enum status compile_short_forms(const struct filter_spec *spec, struct expr **out,
                                       char error[FILTER_ERROR_MAX])
{
        struct expr_error problem;
        enum status status = STATUS_OK;
        struct writer size = writer_over(NULL, 0);
        for (enum filter_key key = next_short_form(spec, FILTER_EXPRESSION); key < FILTER_KEYS;
             key = next_short_form(spec, key)) {
                status = status == STATUS_OK ? check_short_form(key, spec->text[key], error) : status;
                put_short_form(&size, &short_forms[key], spec->text[key]);
        }
        if (status != STATUS_OK || size.wanted == 0) {
                return status;
        }
        char *text = prof_alloc(STAGE_JOURNAL, (size_t)size.wanted);
        if (text == NULL) {
                return out_of_memory(error);
        }
        struct writer w = writer_over(text, (size_t)size.wanted);
        for (enum filter_key key = next_short_form(spec, FILTER_EXPRESSION); key < FILTER_KEYS;
             key = next_short_form(spec, key)) {
                put_short_form(&w, &short_forms[key], spec->text[key]);
        }
        status = expr_new(writer_span(&w), out, &problem);
        prof_free(text);
        if (status != STATUS_OK) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s", problem.text);
        }
        return status;
}

static enum status compile_expression(const char *text, struct expr **out, char error[FILTER_ERROR_MAX])
{
        struct expr_error problem;
        enum status status = expr_new(span_str(text), out, &problem);
        if (status != STATUS_OK && problem.column > 0) {
                (void)snprintf(error, FILTER_ERROR_MAX, "column %zu: %s", problem.column, problem.text);
        } else if (status != STATUS_OK) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s", problem.text);
        }
        return status;
}

/** Read the fraction of a sample. @return false with a sentence if it is not one. */
static bool read_sample(const struct filter_spec *spec, enum filter_key key, bool *given, double *share,
                        char error[FILTER_ERROR_MAX])
{
        const char *text = spec->text[key];
        char *end = NULL;
        *given = is_given(spec, key);
        *share = *given ? strtod(text, &end) : 1;
        if (*given && text[0] == '!') {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s can't be inverted", filter_keys[key]);
                return false;
        }
        bool is_fraction = !*given || (end != text && *end == '\0' && *share >= 0 && *share <= 1);
        if (!is_fraction) {
                (void)snprintf(error, FILTER_ERROR_MAX, "%s must be a fraction from 0 to 1",
                               filter_keys[key]);
        }
        return is_fraction;
}

enum status filter_new(const struct filter_spec *spec, struct filter **out, char error[FILTER_ERROR_MAX])
{
        struct filter f = {.expr = NULL, .since_ns = spec->since_ns};
        enum filter_key also = next_short_form(spec, FILTER_EXPRESSION);
        enum status status = STATUS_OK;
        *out = NULL;
        error[0] = '\0';
        if (!read_sample(spec, FILTER_SAMPLE, &f.samples, &f.sample, error) ||
            !read_sample(spec, FILTER_SAMPLE_SESSIONS, &f.samples_sessions, &f.sample_sessions, error)) {
                return STATUS_INVALID;
        }
        if (!is_given(spec, FILTER_EXPRESSION)) {
                status = compile_short_forms(spec, &f.expr, error);
        } else if (also < FILTER_KEYS) {
                (void)snprintf(
                    error, FILTER_ERROR_MAX,
                    "an expression and the criterion '%s' exclude each other: add it to the expression as %s",
                    filter_keys[also], short_forms[also].term);
                return STATUS_INVALID;
        } else {
                status = compile_expression(spec->text[FILTER_EXPRESSION], &f.expr, error);
        }
        if (status != STATUS_OK || (f.expr == NULL && !f.samples && !f.samples_sessions && f.since_ns == 0)) {
                return status;
        }
        *out = prof_alloc(STAGE_JOURNAL, sizeof **out);
        if (*out == NULL) {
                expr_free(f.expr);
                return out_of_memory(error);
        }
        **out = f;
        return STATUS_OK;
}

void filter_free(struct filter *f)
{
        if (f != NULL) {
                expr_free(f->expr);
                prof_free(f);
        }
}

/* --- selection ------------------------------------------------------------------------------------------------------ */

uint64_t filter_undecided(const struct filter *f)
{
        return f != NULL && f->expr != NULL ? expr_undecided(f->expr) : 0;
}

/** Is what @p ids identify in the @p share that is kept? */
static bool in_sample(const uint64_t ids[3], double share)
{
        uint64_t hash = XXH3_64bits_withSeed(ids, 3 * sizeof ids[0], seed_of_process());
        double place = ldexp((double)(hash >> 11), -53);
        return place < share;
}

/** Is @p r in the samples? One that is about several sessions, such as that of a scope, is in every sample of sessions. */
static bool is_sampled(const struct filter *f, const struct record *r)
{
        bool in_trx = record_has(r, FIELD_TRX_ID);
        const uint64_t session[3] = {r->conn_id, 0, 0};
        const uint64_t statement[3] = {r->conn_id, in_trx ? 1 : 2, in_trx ? r->trx_id : r->conn_seq_num};
        if (f->samples_sessions && record_has(r, FIELD_CONN_ID) && !in_sample(session, f->sample_sessions)) {
                return false;
        }
        return !f->samples || (r->event != EVENT_QUERY && r->event != EVENT_TRANSACTION) ||
               record_has(r, FIELD_ERRNO) || in_sample(statement, f->sample);
}

static bool is_since(const struct filter *f, const struct record *r)
{
        return r->mono_ns + record_uint_if_any(r, FIELD_DURATION_US) * 1000 >= f->since_ns;
}

static bool pass_expression(struct filter *f, const struct record *r)
{
        return f->expr == NULL || expr_match(f->expr, r);
}

/** Apart from filter_pass, which then saves no registers. */
static __attribute__((noinline)) bool pass_restricted(struct filter *f, const struct record *r)
{
        return is_since(f, r) && is_sampled(f, r) && pass_expression(f, r);
}

bool filter_pass(struct filter *f, const struct record *r)
{
        if (f == NULL || r->event == EVENT_GAP) {
                return true;
        }
        bool is_restricted = f->samples || f->samples_sessions || f->since_ns > 0;
        return is_restricted ? pass_restricted(f, r) : pass_expression(f, r);
}
