#include "rules/expr_state.h"

#include <inttypes.h>
#include <stdio.h>

/* --- texts ---------------------------------------------------------------------------------------------------------- */

/** Can @p c stand in a value without quotes? */
static bool is_plain(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 ||
               (c != 0 && strchr("_-.:/@%$#+", c) != NULL);
}

void expr_quote(struct writer *w, struct span text)
{
        writer_char(w, '"');
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] == '"' || text.data[i] == '\\') {
                        writer_char(w, '\\');
                }
                writer_char(w, (char)text.data[i]);
        }
        writer_char(w, '"');
}

/** A text with wildcards: what could be read as something else is quoted, character by character. */
static void put_glob(struct writer *w, struct span glob)
{
        for (size_t i = 0; i < glob.len; i++) {
                bool is_escaped = glob.data[i] == '\\' && i + 1 < glob.len;
                bool is_wildcard = !is_escaped && (glob.data[i] == '*' || glob.data[i] == '?');
                i += is_escaped ? 1 : 0;
                if (is_wildcard || (!is_escaped && is_plain(glob.data[i]))) {
                        writer_char(w, (char)glob.data[i]);
                } else {
                        expr_quote(w, span_of(glob.data + i, 1));
                }
        }
}

static void put_text(struct writer *w, const struct expr_text *text)
{
        bool plain = text->text.len > 0;
        for (size_t i = 0; i < text->text.len; i++) {
                plain = plain && is_plain(text->text.data[i]);
        }
        if (text->is_glob) {
                put_glob(w, text->text);
        } else if (plain) {
                writer_put(w, text->text);
        } else {
                expr_quote(w, text->text);
        }
}

/* --- other values --------------------------------------------------------------------------------------------------- */

static void put_range(struct writer *w, const struct expr_test *test, const struct expr_range *range)
{
        const char *unit = test->kind == KIND_DURATION ? "us" : "";
        char text[80];
        if (range->low > range->high) { /* no number: less than 0 */
                (void)snprintf(text, sizeof text, "<0");
        } else if (range->low == range->high) {
                (void)snprintf(text, sizeof text, "%" PRIu64 "%s", range->low, unit);
        } else if (range->high == UINT64_MAX) {
                (void)snprintf(text, sizeof text, "%" PRIu64 "%s+", range->low, unit);
        } else {
                (void)snprintf(text, sizeof text, "%" PRIu64 "%s..%" PRIu64 "%s", range->low, unit,
                               range->high, unit);
        }
        writer_text(w, text);
}

static void put_network(struct writer *w, const struct network *network)
{
        char text[NETWORK_TEXT_MAX];
        network_print(network, text);
        writer_text(w, text);
}

static void put_values(struct writer *w, const struct expr_test *test)
{
        enum { BITS = 64 };
        bool has_value = false;
        for (size_t i = 0; i < (test->kind == KIND_BITS ? (size_t)BITS : test->n); i++) {
                if (test->kind == KIND_BITS && (test->bits >> i & 1) == 0) {
                        continue;
                }
                if (has_value) {
                        writer_char(w, ',');
                }
                has_value = true;
                switch ((int)test->kind) {
                case KIND_NUMBER:
                case KIND_DURATION: put_range(w, test, &test->ranges[i]); break;
                case KIND_NETWORK: put_network(w, &test->networks[i]); break;
                case KIND_BITS: writer_text(w, test->term.word((unsigned)i)); break;
                default: put_text(w, &test->texts[i]); break;
                }
        }
}

static void put_test(struct writer *w, const struct expr_test *test)
{
        if (test->kind == KIND_TEXT) {
                expr_quote(w, test->texts[0].text);
                return;
        }
        writer_text(w, test->term.name);
        if (test->name.len > 0) {
                writer_char(w, '.');
                writer_put(w, test->name);
        }
        if (test->kind == KIND_PRESENT) {
                return;
        }
        writer_char(w, ':');
        if (test->kind == KIND_PATTERN) {
                expr_quote(w, test->pattern_text);
        } else {
                put_values(w, test);
        }
}

/* --- the expression ------------------------------------------------------------------------------------------------- */

static void put_node(struct writer *w, const struct expr *e, uint32_t number, bool in_parentheses)
{
        const struct expr_node *node = &e->nodes[number];
        if (node->kind == NODE_TEST) {
                put_test(w, &e->tests[node->child]);
                return;
        }
        if (node->kind == NODE_NOT) {
                writer_text(w, "not ");
                put_node(w, e, node->child, true);
                return;
        }
        writer_text(w, in_parentheses ? "(" : "");
        for (uint32_t child = node->child; child != NODE_NONE; child = e->nodes[child].next) {
                if (child != node->child) {
                        writer_text(w, node->kind == NODE_AND ? " " : " or ");
                }
                put_node(w, e, child, true);
        }
        writer_text(w, in_parentheses ? ")" : "");
}

void expr_print(const struct expr *e, struct writer *w)
{
        put_node(w, e, e->root, false);
}
