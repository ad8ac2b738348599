#include "base/utf8.h"
#include "profile/heap/prof.h"
#include "rules/expr_state.h"

#include <stdio.h>

/* --- characters and words ------------------------------------------------------------------------------------------- */

static void skip_blanks(struct value_reader *r)
{
        while (r->at < r->text.len && expr_is_blank(r->text.data[r->at])) {
                r->at++;
        }
}

/** The byte @p ahead of the current one; 0 behind the end. */
static uint8_t peek(const struct value_reader *r, size_t ahead)
{
        return r->at + ahead < r->text.len ? r->text.data[r->at + ahead] : 0;
}

/** The word at the current byte: up to an operator, a blank or a parenthesis. */
static struct span word_at(const struct value_reader *r)
{
        static const char ends[] = ":=<>!()|&\"'/,~";
        size_t end = r->at;
        while (end < r->text.len && !expr_is_blank(r->text.data[end]) &&
               strchr(ends, r->text.data[end]) == NULL) {
                end++;
        }
        return span_of(r->text.data + r->at, end - r->at);
}

/** Accept a word such as "and", or one of the signs that mean the same. */
static bool accept_operator(struct value_reader *r, const char *name, const char *sign)
{
        skip_blanks(r);
        size_t n = strlen(sign);
        if (r->text.len - r->at >= n && memcmp(r->text.data + r->at, sign, n) == 0) {
                r->at += n;
                r->at += n == 1 && peek(r, 0) == (uint8_t)sign[0] && sign[0] != '!' ? 1 : 0; /* || and && */
                return true;
        }
        struct span word = word_at(r);
        bool is_it =
            span_equal_nocase(word, name) &&
            strchr(":=<>", r->at + word.len < r->text.len ? r->text.data[r->at + word.len] : ' ') == NULL;
        r->at += is_it ? word.len : 0;
        return is_it;
}

/* --- nodes ---------------------------------------------------------------------------------------------------------- */

/** Make room for one more element of an array that doubles. */
static bool grow(struct value_reader *r, void **array, size_t n, size_t size)
{
        if ((n & (n - 1)) != 0) {
                return true;
        }
        void *more = prof_realloc(STAGE_JOURNAL, *array, size * (n > 0 ? 2 * n : 1));
        if (more == NULL) {
                return expr_out_of_memory(r);
        }
        *array = more;
        return true;
}

/** @return the number of the new node; NODE_NONE with an error. */
static uint32_t add_node(struct value_reader *r, enum node_kind kind, uint32_t child)
{
        struct expr *e = r->e;
        void *nodes = e->nodes;
        if (!grow(r, &nodes, e->n_nodes, sizeof *e->nodes)) {
                return NODE_NONE;
        }
        e->nodes = nodes;
        e->nodes[e->n_nodes] = (struct expr_node){.kind = kind, .child = child, .next = NODE_NONE};
        return (uint32_t)e->n_nodes++;
}

static uint32_t add_test(struct value_reader *r, const struct expr_term *term)
{
        struct expr *e = r->e;
        void *tests = e->tests;
        if (!grow(r, &tests, e->n_tests, sizeof *e->tests)) {
                return NODE_NONE;
        }
        e->tests = tests;
        e->tests[e->n_tests] = (struct expr_test){.term = *term, .kind = term->kind};
        return (uint32_t)e->n_tests++;
}

/* --- terms ---------------------------------------------------------------------------------------------------------- */

/** Read an operator: : = != > >= < <=, also :> and its like. @return false if there is none. */
static bool read_comparison(struct value_reader *r, enum comparison *comparison, bool *is_negated)
{
        static const struct {
                const char *sign;
                enum comparison comparison;
                bool is_negated;
        } signs[] = {{":>=", COMPARE_GREATER_EQUAL, false},
                     {":<=", COMPARE_LESS_EQUAL, false},
                     {":!=", COMPARE_EQUAL, true},
                     {":>", COMPARE_GREATER, false},
                     {":<", COMPARE_LESS, false},
                     {":=", COMPARE_EQUAL, false},
                     {">=", COMPARE_GREATER_EQUAL, false},
                     {"<=", COMPARE_LESS_EQUAL, false},
                     {"!=", COMPARE_EQUAL, true},
                     {"<>", COMPARE_EQUAL, true},
                     {"==", COMPARE_EQUAL, false},
                     {">", COMPARE_GREATER, false},
                     {"<", COMPARE_LESS, false},
                     {"=", COMPARE_EQUAL, false},
                     {":", COMPARE_EQUAL, false}};
        size_t begin = r->at;
        skip_blanks(r);
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
                size_t n = strlen(signs[i].sign);
                if (r->text.len - r->at >= n && memcmp(r->text.data + r->at, signs[i].sign, n) == 0) {
                        r->at += n;
                        if (r->at - n > begin ||
                            signs[i].sign[0] != ':') { /* d > 100ms, but not user: name */
                                skip_blanks(r);
                        }
                        *comparison = signs[i].comparison;
                        *is_negated = signs[i].is_negated;
                        return true;
                }
        }
        r->at = begin;
        return false;
}

/** Is the current byte behind a text without quotes, as in text:for update? A shell removes quotes. */
static bool is_behind_bare_text(const struct value_reader *r)
{
        const struct expr_test *last = r->e->n_tests > 0 ? &r->e->tests[r->e->n_tests - 1] : NULL;
        size_t end = r->at;
        while (end > 0 && expr_is_blank(r->text.data[end - 1])) {
                end--;
        }
        return last != NULL && last->kind == KIND_TEXT && end > 0 && end < r->at &&
               strchr("\"'", r->text.data[end - 1]) == NULL;
}

static uint32_t unknown_term(struct value_reader *r, struct span word)
{
        char near[EXPR_ERROR_MAX];
        int n = (int)(word.len < 64 ? word.len : 64);
        const char *text = (const char *)word.data;
        uint8_t next = peek(r, word.len);
        bool has_operator = next != 0 && strchr(":=<>!~", next) != NULL;
        expr_term_suggest(word, near);
        if (word.len == 0 || span_equal_nocase(word, "and") || span_equal_nocase(word, "or")) {
                (void)expr_fail(r, r->at, "a term is expected here");
        } else if (text[0] == '-') {
                (void)expr_fail(r, r->at, "'%.*s' is not a term; a negation is written with not or !", n,
                                text);
        } else if (!has_operator && is_behind_bare_text(r)) {
                (void)expr_fail(
                    r, r->at,
                    "'%.*s' is not a term; a text with blanks needs quotes, and quotes of its own in "
                    "a shell: 'text:\"a b\"'",
                    n, text);
        } else if (near[0] != '\0') {
                (void)expr_fail(r, r->at, "'%.*s' is not a term; did you mean '%.*s'?", n, text, 64, near);
        } else if (has_operator) {
                (void)expr_fail(r, r->at, "'%.*s' is not a term; querytap-filter(7) lists them", n, text);
        } else {
                (void)expr_fail(r, r->at,
                                "'%.*s' is not a term; a text to search for is written in double quotes, and "
                                "several values of a term with commas between them",
                                n, text);
        }
        return NODE_NONE;
}

/** Read what follows the term's name. */
static bool read_operand(struct value_reader *r, struct expr_test *test, bool *is_negated)
{
        enum comparison comparison = COMPARE_EQUAL;
        size_t begin = r->at;
        if (!read_comparison(r, &comparison, is_negated)) {
                skip_blanks(r);
                if (peek(r, 0) == '~') {
                        return expr_fail(r, r->at,
                                         "~ is not an operator: use : and wildcards, or re: for statements");
                }
                r->at = begin;
                bool needs_value = test->kind == KIND_TEXT || test->kind == KIND_PATTERN;
                test->kind = KIND_PRESENT;
                return !needs_value || expr_fail(r, begin, "%s needs a value", test->term.name);
        }
        if ((test->kind == KIND_TEXT || test->kind == KIND_PATTERN) && comparison != COMPARE_EQUAL) {
                return expr_fail(r, begin, "only : and = can stand here");
        }
        switch ((int)test->kind) {
        case KIND_TEXT: return expr_read_text(r, test);
        case KIND_PATTERN: return expr_read_pattern(r, test);
        default: return expr_read_values(r, test, comparison);
        }
}

static uint32_t read_named_term(struct value_reader *r)
{
        struct expr_term term;
        struct span suffix;
        struct span word = word_at(r);
        bool is_negated = false;
        if (word.len == 0 || !expr_term_find(word, &term, &suffix)) {
                return unknown_term(r, word);
        }
        if (term.takes_name && suffix.len == 0 && memchr(word.data, '.', word.len) != NULL) {
                (void)expr_fail(r, r->at + word.len, "a name is expected behind the dot");
                return NODE_NONE;
        }
        uint32_t number = add_test(r, &term);
        if (number == NODE_NONE) {
                return NODE_NONE;
        }
        struct expr_test *test = &r->e->tests[number];
        test->name = suffix;
        r->at += word.len;
        bool is_read = read_operand(r, test, &is_negated);
        uint32_t node = is_read ? add_node(r, NODE_TEST, number) : NODE_NONE;
        return node != NODE_NONE && is_negated ? add_node(r, NODE_NOT, node) : node;
}

static uint32_t read_text_term(struct value_reader *r, bool is_pattern)
{
        uint32_t number = add_test(r, is_pattern ? &expr_term_pattern : &expr_term_text);
        if (number == NODE_NONE) {
                return NODE_NONE;
        }
        struct expr_test *test = &r->e->tests[number];
        bool is_read = is_pattern ? expr_read_slashes(r, test) : expr_read_text(r, test);
        return is_read ? add_node(r, NODE_TEST, number) : NODE_NONE;
}

/** What stands at the current byte belongs to nothing. */
static uint32_t unexpected(struct value_reader *r)
{
        struct span rest = span_skip(r->text, r->at);
        (void)expr_fail(r, r->at, "'%.*s' is not expected here", (int)utf8_sequence(rest),
                        (const char *)rest.data);
        return NODE_NONE;
}

/* --- the grammar ---------------------------------------------------------------------------------------------------- */

static uint32_t read_chain(struct value_reader *r, unsigned depth, enum node_kind kind);

static uint32_t read_parentheses(struct value_reader *r, unsigned depth)
{
        size_t begin = r->at++;
        if (depth == EXPR_DEPTH_MAX) {
                (void)expr_fail(r, begin, "parentheses are nested too deep (at most %d)", EXPR_DEPTH_MAX);
                return NODE_NONE;
        }
        uint32_t node = read_chain(r, depth + 1, NODE_OR);
        skip_blanks(r);
        if (node != NODE_NONE && peek(r, 0) != ')') {
                (void)(r->at < r->text.len || expr_fail(r, begin, "the parenthesis is not closed"));
                return unexpected(r);
        }
        r->at++;
        return node;
}

static uint32_t read_not(struct value_reader *r, unsigned depth)
{
        bool is_negated = false;
        while (accept_operator(r, "not", "!")) {
                is_negated = !is_negated;
        }
        uint8_t c = peek(r, 0);
        uint32_t node = c == '('                ? read_parentheses(r, depth)
                        : c == '"' || c == '\'' ? read_text_term(r, false)
                        : c == '/'              ? read_text_term(r, true)
                                                : read_named_term(r);
        if (node == NODE_NONE || !is_negated) {
                return node;
        }
        return add_node(r, NODE_NOT, node);
}

/** Make @p parent, or a new node of @p kind if there is none yet, the parent of @p last and @p node, too. */
static uint32_t join(struct value_reader *r, enum node_kind kind, uint32_t parent, uint32_t last,
                     uint32_t node)
{
        if (parent == NODE_NONE) {
                parent = add_node(r, kind, last);
        }
        if (parent != NODE_NONE) {
                r->e->nodes[last].next = node;
        }
        return parent;
}

/** Does another term follow, without "or" between? */
static bool has_term(struct value_reader *r)
{
        skip_blanks(r);
        struct span word = word_at(r);
        return r->at < r->text.len && peek(r, 0) != ')' && peek(r, 0) != '|' &&
               !span_equal_nocase(word, "or");
}

static uint32_t read_link(struct value_reader *r, unsigned depth, enum node_kind kind)
{
        return kind == NODE_OR ? read_chain(r, depth, NODE_AND) : read_not(r, depth);
}

static bool has_another(struct value_reader *r, enum node_kind kind)
{
        return kind == NODE_OR ? accept_operator(r, "or", "|")
                               : accept_operator(r, "and", "&") || has_term(r);
}

/** Read what is joined by "or" (NODE_OR) or by "and", which may be left out (NODE_AND). A single link gets no parent. */
static uint32_t read_chain(struct value_reader *r, unsigned depth, enum node_kind kind)
{
        uint32_t first = read_link(r, depth, kind);
        uint32_t parent = NODE_NONE;
        uint32_t last = first;
        while (last != NODE_NONE && has_another(r, kind)) {
                uint32_t node = read_link(r, depth, kind);
                if (node == NODE_NONE) {
                        return NODE_NONE;
                }
                parent = join(r, kind, parent, last, node);
                if (parent == NODE_NONE) {
                        return NODE_NONE;
                }
                last = node;
        }
        return parent != NODE_NONE ? parent : first;
}

/** The column of byte @p at, in characters. */
static size_t column_of(struct span text, size_t at)
{
        size_t column = 1;
        for (size_t i = 0; i < at && i < text.len; i++) {
                column += (text.data[i] & 0xC0U) != 0x80 ? 1 : 0;
        }
        return column;
}

/** Is @p text what can be read at all? */
static bool check_text(struct value_reader *r)
{
        if (r->text.len > EXPR_TEXT_MAX) {
                return expr_fail(r, EXPR_TEXT_MAX, "the expression is too long (at most %d bytes)",
                                 EXPR_TEXT_MAX);
        }
        for (size_t i = 0; i < r->text.len;) {
                unsigned n = utf8_sequence(span_skip(r->text, i));
                if (n == 0 || r->text.data[i] == 0) {
                        return expr_fail(r, i,
                                         n == 0 ? "the text is not valid UTF-8" : "the text contains a NUL");
                }
                i += n;
        }
        return true;
}

enum status expr_read(struct expr *e, struct span text, struct expr_error *error)
{
        struct value_reader r = {.text = text, .e = e, .status = STATUS_OK, .error = error->text};
        error->text[0] = '\0';
        error->column = 0;
        if (check_text(&r)) {
                e->root = read_chain(&r, 0, NODE_OR);
                skip_blanks(&r);
                if (e->root != NODE_NONE && r.at < text.len) {
                        (void)unexpected(&r);
                }
        }
        if (r.status != STATUS_OK) {
                error->column = column_of(text, r.error_at);
        }
        return r.status;
}
