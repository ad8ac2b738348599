#include "base/nearest.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"
#include "rules/expr_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* --- one value ------------------------------------------------------------------------------------------------------ */

static bool add_byte(struct value_reader *r, struct raw_value *v, char c, bool is_literal)
{
        bool is_wildcard = c == '*' || c == '?';
        if (v->n + 2 > sizeof v->bytes - 1) {
                return expr_fail(r, v->at, "the value is too long (at most %d bytes)", EXPR_VALUE_MAX);
        }
        if ((is_wildcard && is_literal) || c == '\\') {
                v->bytes[v->n++] = '\\';
        }
        v->is_glob = v->is_glob || (is_wildcard && !is_literal);
        v->bytes[v->n++] = c;
        return true;
}

/** Read a part in quotes: a backslash precedes a quote or another backslash. Two backticks in backticks are one, as in SQL. */
static bool read_quoted_part(struct value_reader *r, struct raw_value *v)
{
        size_t begin = r->at;
        uint8_t quote = r->text.data[r->at++];
        v->is_bare = false;
        for (; r->at < r->text.len; r->at++) {
                uint8_t c = r->text.data[r->at];
                uint8_t next = r->at + 1 < r->text.len ? r->text.data[r->at + 1] : 0;
                bool is_escaped =
                    quote == '`' ? c == quote && next == quote : c == '\\' && (next == quote || next == '\\');
                if (c == quote && !is_escaped) {
                        break;
                }
                r->at += is_escaped ? 1 : 0;
                if (!add_byte(r, v, (char)r->text.data[r->at], true)) {
                        return false;
                }
        }
        if (r->at == r->text.len) {
                return expr_fail(r, begin, "the quote is not closed");
        }
        r->at++;
        return true;
}

/** Does a bare value end at the current byte? Parentheses within it that are in pairs belong to it. */
static bool ends_value(const struct value_reader *r, unsigned open)
{
        uint8_t c = r->text.data[r->at];
        bool is_and = c == '&' && r->at + 1 < r->text.len && r->text.data[r->at + 1] == '&';
        return is_and || expr_is_blank(c) || c == ',' || c == '|' || (c == ')' && open == 0);
}

/** Refuse values that would be read as the text itself, but are attempts at something that this language writes differently. */
static bool check_first_byte(struct value_reader *r, const struct expr_test *test)
{
        switch (r->at < r->text.len && test->kind != KIND_TEXT ? r->text.data[r->at] : 0) {
        case '!': return expr_fail(r, r->at, "the ! of a negation stands before the term or before the =");
        case '~':
                return expr_fail(r, r->at,
                                 "~ is not an operator: use : and wildcards, or re: for statements");
        case '(':
                return expr_fail(r, r->at,
                                 "several values are written with commas between them, without parentheses");
        default: return true;
        }
}

static bool read_raw(struct value_reader *r, struct raw_value *v, const struct expr_test *test)
{
        unsigned open = 0;
        *v = (struct raw_value){.at = r->at, .n = 0, .is_bare = true};
        if (!check_first_byte(r, test)) {
                return false;
        }
        while (r->at < r->text.len && !ends_value(r, open)) {
                uint8_t c = r->text.data[r->at];
                if (c == '"' || c == '\'' || (c == '`' && test->kind == KIND_NAME)) {
                        if (!read_quoted_part(r, v)) {
                                return false;
                        }
                        continue;
                }
                open += c == '(' ? 1 : 0;
                open -= c == ')' ? 1 : 0;
                r->at++;
                if (!add_byte(r, v, (char)c, false)) {
                        return false;
                }
        }
        v->bytes[v->n] = '\0';
        bool has_blank = r->at < r->text.len && expr_is_blank(r->text.data[r->at]);
        return (v->n > 0 || !v->is_bare) || expr_fail(r, r->at, "a value is expected here%s",
                                                      has_blank ? ", without a blank before it" : "");
}

/** @p v without the backslashes. */
static void unescape(struct raw_value *v)
{
        size_t n = 0;
        for (size_t i = 0; i < v->n; i++) {
                i += v->bytes[i] == '\\' && i + 1 < v->n ? 1 : 0;
                v->bytes[n++] = v->bytes[i];
        }
        v->n = n;
        v->bytes[n] = '\0';
}

/* --- values by kind ------------------------------------------------------------------------------------------------- */

static bool read_text(struct value_reader *r, struct raw_value *v, struct expr_test *test)
{
        struct expr_text *text = &test->texts[test->n];
        text->is_glob = v->is_glob && (test->kind == KIND_GLOB || test->kind == KIND_NAME);
        if (!text->is_glob) {
                unescape(v);
        }
        if (v->n > EXPR_VALUE_MAX) {
                return expr_fail(r, v->at, "the value is too long (at most %d bytes)", EXPR_VALUE_MAX);
        }
        uint8_t *copy = expr_alloc(r->e, v->n + 1);
        if (copy == NULL) {
                return expr_out_of_memory(r);
        }
        memcpy(copy, v->bytes, v->n + 1);
        for (size_t i = 0; i < v->n && test->kind == KIND_TEXT; i++) {
                copy[i] = expr_lower(copy[i]);
        }
        text->text = span_of(copy, v->n);
        test->n++;
        return true;
}

/** Report that @p v is not @p what; @p near is what was probably meant, or NULL. */
static bool not_a_value(struct value_reader *r, const struct raw_value *v, const char *what, const char *near)
{
        char lower[64];
        size_t n = 0;
        for (; near != NULL && near[n] != '\0' && n < sizeof lower - 1; n++) {
                lower[n] = (char)expr_lower((uint8_t)near[n]);
        }
        lower[n] = '\0';
        return n == 0 ? expr_fail(r, v->at, "'%s' is not %s", v->bytes, what)
                      : expr_fail(r, v->at, "'%s' is not %s; did you mean '%s'?", v->bytes, what, lower);
}

static bool read_command(struct value_reader *r, struct raw_value *v, struct expr_test *test)
{
        struct nearest n = nearest_to(v->bytes);
        for (unsigned code = 0; code <= UINT8_MAX; code++) {
                const char *name = command_type((uint8_t)code)->name;
                if (expr_names_command(span_of(v->bytes, v->n), span_str(name))) {
                        return read_text(r, v, test);
                }
                nearest_try(&n, name);
                nearest_try(&n, name + strlen("COM_"));
                nearest_try(&n, strrchr(name, '_') + 1);
        }
        return not_a_value(r, v, "a command", nearest_found(&n));
}

/** The beginning of a text, with a * behind it or not. */
static bool read_prefix(struct value_reader *r, struct raw_value *v, struct expr_test *test)
{
        bool has_star = v->is_bare && v->n > 1 && v->bytes[v->n - 1] == '*';
        v->n -= has_star ? 1 : 0;
        v->bytes[v->n] = '\0';
        if (test->term.field == FIELD_DIGEST && strspn(v->bytes, "0123456789abcdefABCDEF") != v->n) {
                return expr_fail(r, v->at,
                                 "'%s' is not the beginning of a digest: it has hexadecimal digits only",
                                 v->bytes);
        }
        return read_text(r, v, test);
}

static bool read_network(struct value_reader *r, struct raw_value *v, struct expr_test *test)
{
        char text[sizeof v->bytes];
        memcpy(text, v->bytes, v->n + 1);
        if (!network_parse(text, &test->networks[test->n])) {
                return expr_fail(r, v->at, "'%s' is neither an address nor a network such as 10.0.0.0/8",
                                 v->bytes);
        }
        test->n++;
        return true;
}

static bool read_bit(struct value_reader *r, struct raw_value *v, struct expr_test *test)
{
        enum { BITS = 64, SHORT_LIST = 160 };
        char words[SHORT_LIST + 1] = "";
        int n_words = 0;
        struct nearest n = nearest_to(v->bytes);
        for (unsigned i = 0; i < BITS; i++) {
                const char *word = test->term.word(i);
                if (word != NULL && strcasecmp(word, v->bytes) == 0) {
                        test->bits |= 1ULL << i;
                        return true;
                }
                if (word != NULL) {
                        nearest_try(&n, word);
                        n_words += n_words < SHORT_LIST
                                       ? snprintf(words + n_words, sizeof words - (size_t)n_words, "%s%s",
                                                  n_words > 0 ? ", " : ": ", word)
                                       : 0;
                }
        }
        bool is_listed = n_words < SHORT_LIST && nearest_found(&n) == NULL; /* "op" has too many */
        char what[SHORT_LIST + 64];
        (void)snprintf(what, sizeof what, "a value of %s%s", test->term.name, is_listed ? words : "");
        return not_a_value(r, v, what, nearest_found(&n));
}

/** Compile the pattern @p text, which begins at @p at. */
static bool compile_pattern(struct value_reader *r, struct expr_test *test, size_t at, struct span text,
                            bool any_case)
{
        static const char prefix[] = "(?i)";
        size_t n = any_case ? sizeof prefix - 1 : 0;
        char *copy = expr_alloc(r->e, n + text.len + 1);
        if (copy == NULL) {
                return expr_out_of_memory(r);
        }
        memcpy(copy, prefix, n);
        memcpy(copy + n, text.data, text.len);
        copy[n + text.len] = '\0';
        test->pattern_text = span_of(copy, n + text.len);
        char error[EXPR_ERROR_MAX];
        enum status status = pattern_new(copy, &test->pattern, error, sizeof error);
        if (status == STATUS_NOMEM) {
                return expr_out_of_memory(r);
        }
        return status == STATUS_OK || expr_fail(r, at, "%s", error);
}

bool expr_read_pattern(struct value_reader *r, struct expr_test *test)
{
        size_t at = r->at;
        uint8_t first = at < r->text.len ? r->text.data[at] : 0;
        if (first == '/') {
                return expr_read_slashes(r, test);
        }
        if (first == '"' || first == '\'') {
                struct raw_value v = {.at = at, .n = 0, .is_bare = true};
                if (!read_quoted_part(r, &v)) {
                        return false;
                }
                unescape(&v);
                return compile_pattern(r, test, at, span_of(v.bytes, v.n), false);
        }
        unsigned open = 0;
        for (; r->at < r->text.len && !expr_is_blank(r->text.data[r->at]); r->at++) {
                uint8_t c = r->text.data[r->at];
                if (c == ')' && open == 0) {
                        break;
                }
                open += c == '(' ? 1 : 0;
                open -= c == ')' ? 1 : 0;
        }
        return (r->at > at || expr_fail(r, at, "a pattern is expected here")) &&
               compile_pattern(r, test, at, span_of(r->text.data + at, r->at - at), false);
}

bool expr_read_slashes(struct value_reader *r, struct expr_test *test)
{
        size_t begin = r->at++;
        uint8_t *pattern = expr_alloc(r->e, r->text.len - begin);
        size_t n = 0;
        if (pattern == NULL) {
                return expr_out_of_memory(r);
        }
        for (; r->at < r->text.len && r->text.data[r->at] != '/'; r->at++) {
                bool is_escaped = r->text.data[r->at] == '\\' && r->at + 1 < r->text.len;
                if (is_escaped && r->text.data[r->at + 1] != '/') {
                        pattern[n++] = '\\';
                }
                r->at += is_escaped ? 1 : 0;
                pattern[n++] = r->text.data[r->at];
        }
        if (r->at == r->text.len) {
                return expr_fail(r, begin, "the pattern is not closed: / is missing");
        }
        r->at++;
        bool any_case = r->at < r->text.len && r->text.data[r->at] == 'i';
        r->at += any_case ? 1 : 0;
        if (r->at < r->text.len && !ends_value(r, 0)) {
                return expr_fail(r, r->at, "only i may follow the pattern");
        }
        return compile_pattern(r, test, begin + 1, span_of(pattern, n), any_case);
}

/** Refuse tag:route=x where tag.route:x is meant. A value that only ends with = may be base64. */
static bool check_name(struct value_reader *r, const struct raw_value *v, const struct expr_test *test)
{
        const char *sign =
            v->is_bare && test->term.takes_name && test->name.len == 0 ? strchr(v->bytes, '=') : NULL;
        int n = sign != NULL ? (int)(sign - v->bytes) : 0;
        return n == 0 || n > 64 || sign[1] == '\0' || sign[1] == '=' ||
               expr_fail(r, v->at, "a name stands behind a dot: %s.%.*s:%.64s", test->term.name, n, v->bytes,
                         sign + 1);
}

static bool read_value(struct value_reader *r, struct raw_value *v, struct expr_test *test,
                       enum comparison comparison)
{
        switch (test->kind) {
        case KIND_GLOB:
        case KIND_NAME: return check_name(r, v, test) && read_text(r, v, test);
        case KIND_PREFIX: return read_prefix(r, v, test);
        case KIND_COMMAND: return read_command(r, v, test);
        case KIND_NUMBER:
        case KIND_DURATION: return expr_read_range(r, v, test, comparison);
        case KIND_NETWORK: return read_network(r, v, test);
        case KIND_BITS: return read_bit(r, v, test);
        case KIND_TEXT:
        case KIND_PATTERN:
        case KIND_PRESENT: break;
        }
        return expr_fail(r, v->at, "%s has no values", test->term.name);
}

/** Room for one more value: the array doubles. */
static bool make_room(struct value_reader *r, struct expr_test *test)
{
        static const size_t sizes[] = {[KIND_NUMBER] = sizeof *test->ranges,
                                       [KIND_DURATION] = sizeof *test->ranges,
                                       [KIND_NETWORK] = sizeof *test->networks};
        bool is_text = test->kind < KIND_NUMBER;
        size_t size = is_text ? sizeof *test->texts : test->kind < KIND_BITS ? sizes[test->kind] : 0;
        bool is_full = (test->n & (test->n - 1)) == 0; /* 0, 1, 2, 4 … */
        if (size == 0 || !is_full) {
                return true;
        }
        void *more = expr_alloc(r->e, size * (test->n > 0 ? 2 * test->n : 1));
        if (more == NULL) {
                return expr_out_of_memory(r);
        }
        if (test->n > 0) {
                memcpy(more, test->values, size * test->n);
        }
        test->values = more;
        return true;
}

bool expr_read_values(struct value_reader *r, struct expr_test *test, enum comparison comparison)
{
        struct raw_value v;
        bool is_number = test->kind == KIND_NUMBER || test->kind == KIND_DURATION;
        if (comparison != COMPARE_EQUAL && !is_number) {
                return expr_fail(r, r->at - 1, "%s is not a number: only : and = compare it",
                                 test->term.name);
        }
        if (test->kind == KIND_PRESENT) {
                return expr_fail(r, r->at, "%s has no values to compare: write it without an operator",
                                 test->term.name);
        }
        for (bool more = true; more; r->at += more ? 1 : 0) {
                if (!read_raw(r, &v, test) || !make_room(r, test) || !read_value(r, &v, test, comparison)) {
                        return false;
                }
                more = r->at < r->text.len && r->text.data[r->at] == ',';
        }
        if (comparison != COMPARE_EQUAL && test->n > 1) {
                return expr_fail(r, r->at, "only one number can be compared in this way");
        }
        return true;
}

bool expr_read_text(struct value_reader *r, struct expr_test *test)
{
        struct raw_value v;
        if (!read_raw(r, &v, test)) {
                return false;
        }
        if (v.is_bare && v.n > 1 && v.bytes[0] == '*' && v.bytes[v.n - 1] == '*') {
                return expr_fail(r, v.at, "a text is found anywhere in the statement; its * is no wildcard");
        }
        return make_room(r, test) && read_text(r, &v, test);
}
