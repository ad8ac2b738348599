#include "base/nearest.h"
#include "mysql/wire/command.h"
#include "rules/expr_state.h"

#include <stdio.h>
#include <strings.h>

/* --- words of terms that have a fixed list of them ------------------------------------------------------------------ */

static const char *event_word(unsigned i)
{
        return i < EVENT_COUNT ? record_event_name((enum record_event)i) : NULL;
}

static const char *clause_word(unsigned i)
{
        return i < CLAUSE_COUNT ? outline_clause_name((enum outline_clause)i) : NULL;
}

static const char *finding_word(unsigned i)
{
        return i < FINDING_COUNT ? record_flag_name(FIELD_FINDINGS, i) : NULL;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

/* How much work a match is, roughly: terms that are less are matched first. */
enum { COST_NUMBER = 1, COST_TEXT = 2, COST_LIST = 5, COST_OUTLINE = 10, COST_PATTERN = 100 };

#define FIELD_OF(field_) .field = FIELD_##field_, .match = expr_match_field
#define NO_FIELD(match_) .field = FIELD_COUNT, .match = expr_match_##match_
#define AT(time_, cost_) .time = EXPR_AT_##time_, .cost = COST_##cost_

static const struct expr_term terms[] = {
    {"user", KIND_GLOB, AT(REQUEST, TEXT), FIELD_OF(USERNAME)},
    {"db", KIND_GLOB, AT(REQUEST, TEXT), .field = FIELD_DATABASE, .match = expr_match_database},
    {"client", KIND_NETWORK, AT(REQUEST, LIST), .field = FIELD_CLIENT_ADDR, .match = expr_match_client},
    {"cmd", KIND_COMMAND, AT(REQUEST, TEXT), .field = FIELD_COMMAND, .match = expr_match_command},
    {"event", KIND_BITS, AT(REQUEST, NUMBER), NO_FIELD(event), .word = event_word},
    {"op", KIND_BITS, AT(REQUEST, OUTLINE), NO_FIELD(op), .word = outline_verb_name},
    {"table", KIND_NAME, AT(REQUEST, OUTLINE), NO_FIELD(table)},
    {"clause", KIND_BITS, AT(REQUEST, OUTLINE), NO_FIELD(clause), .word = clause_word},
    {"statements", KIND_NUMBER, AT(REQUEST, OUTLINE), NO_FIELD(statements)},
    {"digest", KIND_PREFIX, AT(JOURNAL, TEXT), FIELD_OF(DIGEST)},
    {"session", KIND_NUMBER, AT(REQUEST, NUMBER), FIELD_OF(CONN_ID)},
    {"trx", KIND_NUMBER, AT(REPLY, NUMBER), FIELD_OF(TRX_ID)},
    {"err", KIND_NUMBER, AT(REPLY, NUMBER), .field = FIELD_ERRNO, .match = expr_match_error},
    {"sqlstate", KIND_NAME, AT(REPLY, TEXT), FIELD_OF(SQLSTATE)},
    {"d", KIND_DURATION, AT(REPLY, NUMBER), .field = FIELD_DURATION_US, .match = expr_match_duration},
    {"request", KIND_DURATION, AT(REPLY, NUMBER), FIELD_OF(REQUEST_US)},
    {"server", KIND_DURATION, AT(REPLY, NUMBER), FIELD_OF(SERVER_US)},
    {"stream", KIND_DURATION, AT(REPLY, NUMBER), FIELD_OF(STREAM_US)},
    {"stall", KIND_DURATION, AT(REPLY, NUMBER), FIELD_OF(STALL_US)},
    {"proxy", KIND_DURATION, AT(REPLY, NUMBER), FIELD_OF(PROXY_US)},
    {"rows", KIND_NUMBER, AT(REPLY, NUMBER), FIELD_OF(ROWS)},
    {"affected", KIND_NUMBER, AT(REPLY, NUMBER), FIELD_OF(AFFECTED_ROWS)},
    {"warnings", KIND_NUMBER, AT(REPLY, NUMBER), FIELD_OF(WARNINGS)},
    {"bytes", KIND_NUMBER, AT(REPLY, NUMBER), NO_FIELD(bytes)},
    {"finding", KIND_BITS, AT(JOURNAL, NUMBER), FIELD_OF(FINDINGS), .word = finding_word},
    {"tag", KIND_GLOB, AT(REQUEST, LIST), .field = FIELD_TAGS, .match = expr_match_map, .takes_name = true},
    {"trace", KIND_PREFIX, AT(REQUEST, TEXT), .field = FIELD_TRACEPARENT, .match = expr_match_trace},
    {"scope", KIND_GLOB, AT(JOURNAL, TEXT), FIELD_OF(SCOPE)},
    {"attr", KIND_GLOB, AT(REQUEST, LIST), .field = FIELD_CONNECT_ATTRIBUTES, .match = expr_match_attribute,
     .takes_name = true},
    {"qattr", KIND_GLOB, AT(REQUEST, LIST), .field = FIELD_QUERY_ATTRIBUTES, .match = expr_match_map,
     .takes_name = true},
    {"value", KIND_GLOB, AT(REQUEST, LIST), NO_FIELD(value)},
    {"column", KIND_NAME, AT(REPLY, LIST), .field = FIELD_COLUMN_NAMES, .match = expr_match_column},
    {"re", KIND_PATTERN, AT(REQUEST, PATTERN), NO_FIELD(text)},
    {"text", KIND_TEXT, AT(REQUEST, PATTERN), NO_FIELD(text)},
};

enum { TERMS = sizeof terms / sizeof terms[0] };

const struct expr_term expr_term_text = {"text", KIND_TEXT, AT(REQUEST, PATTERN), NO_FIELD(text)};
const struct expr_term expr_term_pattern = {"re", KIND_PATTERN, AT(REQUEST, PATTERN), NO_FIELD(text)};

/** Other names of terms, besides those of the record's fields. */
static const struct {
        const char *name;
        const char *term;
} synonyms[] = {
    {"username", "user"},
    {"database", "db"},
    {"schema", "db"},
    {"client_addr", "client"},
    {"command", "cmd"},
    {"conn_id", "session"},
    {"trx_id", "trx"},
    {"errno", "err"},
    {"errors", "err"},
    {"duration", "d"},
    {"affected_rows", "affected"},
    {"findings", "finding"},
    {"tags", "tag"},
    {"traceparent", "trace"},
    {"connect_attributes", "attr"},
    {"query_attributes", "qattr"},
    {"pattern", "re"},
    {"column_names", "column"},
    {"stmt_execute_values", "value"},
    {"verb", "op"},
};

enum { SYNONYMS = sizeof synonyms / sizeof synonyms[0] };

const char *expr_term_name(size_t i)
{
        return i < TERMS ? terms[i].name : NULL;
}

static const struct expr_term *find_term(struct span name)
{
        for (size_t i = 0; i < SYNONYMS; i++) {
                if (span_equal_nocase(name, synonyms[i].name)) {
                        name = span_str(synonyms[i].term);
                        break;
                }
        }
        for (size_t i = 0; i < TERMS; i++) {
                if (span_equal_nocase(name, terms[i].name)) {
                        return &terms[i];
                }
        }
        return NULL;
}

/** The names of the flags of a field have no table of their own: one function for each field that has some. */
#define FLAG_WORD(field_, name_)                                                                             \
        static const char *name_(unsigned i)                                                                 \
        {                                                                                                    \
                return i < 64 ? record_flag_name(FIELD_##field_, i) : NULL;                                  \
        }
FLAG_WORD(STATUS_FLAGS, status_word)
FLAG_WORD(REDACTED, redacted_word)
FLAG_WORD(CAPABILITIES, capability_word)

static const char *(*flag_words(enum record_field field))(unsigned i)
{
        return field == FIELD_STATUS_FLAGS ? status_word
               : field == FIELD_REDACTED   ? redacted_word
                                           : capability_word;
}

/** A term for each field of records: by the kind of the field. */
static void term_of_field(enum record_field field, struct expr_term *out)
{
        const struct record_field_info *info = &record_fields[field];
        bool is_time = strcmp(info->unit, "us") == 0;
        *out = (struct expr_term){info->name, KIND_GLOB, AT(JOURNAL, TEXT), .field = field,
                                  .match = expr_match_field};
        switch (info->kind) {
        case RECORD_UINT:
                out->kind = is_time ? KIND_DURATION : KIND_NUMBER;
                out->unit_optional = true;
                break;
        case RECORD_BOOL: out->kind = KIND_PRESENT; break;
        case RECORD_FLAGS:
                out->kind = KIND_BITS;
                out->word = flag_words(field);
                break;
        case RECORD_MAP:
                out->takes_name = true;
                out->match = expr_match_map;
                break;
        case RECORD_TEXT: break;
        case RECORD_BYTES:
        case RECORD_LIST:
        case RECORD_ROWS:
        case RECORD_OBJECTS: out->kind = KIND_PRESENT; break;
        }
}

static bool find_field(struct span name, struct expr_term *out)
{
        for (enum record_field f = 0; f < FIELD_COUNT; f++) {
                if (span_equal_nocase(name, record_fields[f].name)) {
                        term_of_field(f, out);
                        return true;
                }
        }
        return false;
}

bool expr_term_find(struct span name, struct expr_term *out, struct span *suffix)
{
        const uint8_t *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;
        struct span head = dot != NULL ? span_head(name, (size_t)(dot - name.data)) : name;
        const struct expr_term *term = find_term(head);
        bool is_field = term == NULL && find_field(head, out);
        *suffix = dot != NULL ? span_skip(name, head.len + 1) : (struct span){NULL, 0};
        if (term != NULL) {
                *out = *term;
                /* the field's own name says the unit */
                out->unit_optional = head.len > 3 && memcmp(head.data + head.len - 3, "_us", 3) == 0;
        }
        return (term != NULL || is_field) && (dot == NULL || out->takes_name);
}

/* --- suggestions ---------------------------------------------------------------------------------------------------- */

/** Words that people try, and the terms that they look for. */
static bool suggest_term(const char *word, char out[EXPR_ERROR_MAX])
{
        static const char *const meant[][2] = {{"host", "client"},
                                               {"ip", "client"},
                                               {"addr", "client"},
                                               {"time", "d"},
                                               {"latency", "d"},
                                               {"took", "d"},
                                               {"param", "value"},
                                               {"params", "value"},
                                               {"args", "value"},
                                               {"bind", "value"},
                                               {"sql", "text"},
                                               {"statement", "text"},
                                               {"stmt", "text"},
                                               {"contains", "text"},
                                               {"code", "err"},
                                               {"route", "tag.route"},
                                               {"app", "attr.program_name"},
                                               {"n+1", "finding:n_plus_one"}};
        for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
                if (strcasecmp(word, meant[i][0]) == 0) {
                        (void)snprintf(out, EXPR_ERROR_MAX, "%s", meant[i][1]);
                        return true;
                }
        }
        return false;
}

/** Is @p word a value of a term with a fixed list? Then that is what was meant: op:insert for insert. */
static bool suggest_value(const char *word, char out[EXPR_ERROR_MAX])
{
        for (size_t i = 0; i < TERMS; i++) {
                for (unsigned j = 0; terms[i].word != NULL && terms[i].word(j) != NULL; j++) {
                        if (strcasecmp(word, terms[i].word(j)) == 0) {
                                (void)snprintf(out, EXPR_ERROR_MAX, "%s:%s", terms[i].name, terms[i].word(j));
                                return true;
                        }
                }
        }
        return false;
}

void expr_term_suggest(struct span name, char out[EXPR_ERROR_MAX])
{
        char word[64];
        (void)snprintf(word, sizeof word, "%.*s", (int)(name.len < sizeof word ? name.len : sizeof word - 1),
                       (const char *)name.data);
        struct nearest n = nearest_to(word);
        out[0] = '\0';
        if (suggest_term(word, out) || suggest_value(word, out)) {
                return;
        }
        for (size_t i = 0; i < TERMS; i++) {
                nearest_try(&n, terms[i].name);
        }
        for (size_t i = 0; i < SYNONYMS; i++) {
                nearest_try(&n, synonyms[i].name);
        }
        for (enum record_field f = 0; f < FIELD_COUNT; f++) {
                nearest_try(&n, record_fields[f].name);
        }
        if (nearest_found(&n) != NULL) {
                (void)snprintf(out, EXPR_ERROR_MAX, "%s", nearest_found(&n));
        }
}
