#include "journal/enrich/statement_keys.h"

#include "base/stride.h"
#include "mysql/record/row_hashes.h"
#include "mysql/sql/sql.h"

enum { TEXT_MAX = 16 * 1024, HASHED_MAX = ROW_HASH_MAX };

/** Where the reader of a text is. */
enum context {
        OUTSIDE,
        BEHIND_EQUALS, /* a value that follows is compared by = */
        BEHIND_IN,     /* a list follows */
        IN_LIST,
        IN_ROW, /* of INSERT */
};

struct keys_reader {
        struct sql_lexer lexer;
        const struct record *r;
        struct statement_keys *out;
        enum context context;
        bool counts; /* a comparison that comes selects rows: it is not an assignment of an UPDATE */
        bool is_insert;
        bool behind_row; /* an INSERT's row has just ended */
        bool is_signed;  /* the value that follows is negative */
        unsigned depth;  /* of parentheses in a row of INSERT */
        size_t parameters;
        bool starts;      /* an expression begins with the current token */
        uint32_t pending; /* the value before the current token, which an = may follow */
        unsigned list_at; /* where the list under way begins in out->at */
};

static inline bool is_operator(const struct sql_token *t, uint8_t c)
{
        return t->kind == SQL_OPERATOR && t->text.len == 1 && t->text.data[0] == c;
}

static bool is_null_safe_equal(const struct sql_token *t)
{
        return t->kind == SQL_OPERATOR && span_equal(t->text, span_str("<=>"));
}

static bool is_hex_digit(uint8_t c)
{
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/** The bytes that x'1f' or 0x1f stands for. @return 0 if it is something else, or too long. */
static size_t read_hex(struct span text, uint8_t out[HASHED_MAX])
{
        bool is_quoted = text.len >= 3 && (text.data[0] | 0x20) == 'x' && text.data[1] == '\'';
        bool is_prefixed = text.len > 2 && text.data[0] == '0' && text.data[1] == 'x';
        if (!is_quoted && !is_prefixed) {
                return 0;
        }
        struct span digits = span_skip(text, 2);
        digits.len -= is_quoted ? 1 : 0;
        if (digits.len % 2 != 0 || digits.len / 2 > HASHED_MAX) {
                return 0;
        }
        for (size_t i = 0; i < digits.len; i++) {
                uint8_t c = digits.data[i];
                if (!is_hex_digit(c)) {
                        return 0;
                }
                unsigned nibble = c <= '9' ? (unsigned)c - '0' : (c | 0x20U) - 'a' + 10;
                out[i / 2] = (uint8_t)(i % 2 == 0 ? nibble << 4 : out[i / 2] | nibble);
        }
        return digits.len / 2;
}

static uint8_t escaped(uint8_t c)
{
        switch (c) {
        case '0': return '\0';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'b': return '\b';
        case 'Z': return 0x1a;
        default: return c;
        }
}

/** The text within the quotes of @p text. @return 0 if it is empty or too long. */
static size_t read_string(struct span text, bool no_backslash, uint8_t out[HASHED_MAX])
{
        size_t at = text.len > 0 && (text.data[0] | 0x20) == 'n' ? 1 : 0;
        if (text.len < at + 2 || text.data[text.len - 1] != text.data[at]) {
                return 0;
        }
        uint8_t quote = text.data[at++];
        size_t n = 0;
        for (; at < text.len - 1; at++) {
                uint8_t c = text.data[at];
                if (n == HASHED_MAX) {
                        return 0;
                }
                if (c == '\\' && !no_backslash && at + 1 < text.len - 1) {
                        c = escaped(text.data[++at]);
                } else if (c == quote) {
                        at++; /* it is doubled */
                }
                out[n++] = c;
        }
        return n;
}

/** The text within the quotes of @p text if it stands there as it is, as most do. @return an empty span if it does not, or is too long. */
static struct span plain_string(struct span text)
{
        uint8_t quote = text.len > 2 ? text.data[0] : 0;
        bool is_quoted = (quote == '\'' || quote == '"') && text.data[text.len - 1] == quote;
        struct span within = is_quoted ? span_of(text.data + 1, text.len - 2) : (struct span){NULL, 0};
        bool is_plain = within.len > 0 && within.len <= HASHED_MAX &&
                        memchr(within.data, quote, within.len) == NULL &&
                        memchr(within.data, '\\', within.len) == NULL;
        return is_plain ? within : (struct span){NULL, 0};
}

static uint32_t hash_literal(const struct keys_reader *k, const struct sql_token *t)
{
        uint8_t text[HASHED_MAX];
        if (t->kind == SQL_STRING) {
                struct span plain = plain_string(t->text);
                if (plain.len > 0) {
                        return row_hash_text(plain);
                }
                return row_hash_text(
                    span_of(text, read_string(t->text, k->lexer.mode.no_backslash_escapes, text)));
        }
        size_t n = read_hex(t->text, text);
        if (n > 0) {
                return row_hash_text(span_of(text, n));
        }
        if (!k->is_signed) {
                return row_hash_text(t->text);
        }
        if (t->text.len >= sizeof text) {
                return 0;
        }
        text[0] = '-';
        (void)span_copy(text + 1, t->text);
        return row_hash_text(span_of(text, t->text.len + 1));
}

/** The value of the token @p t, which is a literal or a parameter. */
static uint32_t hash_of(struct keys_reader *k, const struct sql_token *t)
{
        if (t->kind != SQL_PARAMETER) {
                return hash_literal(k, t);
        }
        size_t i = k->parameters++;
        bool is_known = record_has(k->r, FIELD_STMT_EXECUTE_VALUES) && i < k->r->stmt_execute_values.n;
        return is_known ? row_hash_value(&k->r->stmt_execute_values.at[i]) : 0;
}

/** No more values are kept: go to the last one of the plain numbers that follow in the list. */
static void skip_list(struct sql_lexer *lexer)
{
        size_t n = stride_skip_numbers(lexer->left.data, lexer->left.len);
        while (n > 0 && lexer->left.data[n - 1] != ',') {
                n--;
        }
        lexer->left = span_skip(lexer->left, n);
}

static void take_value(struct keys_reader *k, const struct sql_token *t)
{
        struct statement_keys *out = k->out;
        bool may_precede = k->counts && k->context == OUTSIDE && k->starts; /* an = */
        bool is_key =
            k->context == IN_ROW || ((k->context == BEHIND_EQUALS || k->context == IN_LIST) && k->counts);
        bool is_kept = is_key && out->n < STATEMENT_KEYS;
        k->pending = 0;
        if (is_kept || may_precede) {
                uint32_t hash = hash_of(k, t);
                k->pending = may_precede ? hash : 0;
                if (is_kept && hash != 0) {
                        out->at[out->n++] = hash;
                }
                return;
        }
        k->parameters += t->kind == SQL_PARAMETER ? 1 : 0;
        if (k->context == IN_LIST && k->lexer.left.len > 0) {
                skip_list(&k->lexer);
        }
}

/** A list has ended: move its values to where they belong if there are several. */
static void end_list(struct keys_reader *k)
{
        struct statement_keys *out = k->out;
        unsigned n = out->n - k->list_at;
        if (n < 2) {
                return;
        }
        out->n = k->list_at;
        for (unsigned i = 0; i < n && out->n_listed < STATEMENT_KEYS; i++) {
                out->listed[out->n_listed++] = out->at[k->list_at + i];
        }
}

/** Within the rows of an INSERT. */
static void take_in_row(struct keys_reader *k, const struct sql_token *t)
{
        if (is_operator(t, '(')) {
                k->depth++;
        } else if (is_operator(t, ')') && --k->depth == 0) {
                k->context = OUTSIDE;
                k->behind_row = true;
        }
}

static enum context next_context(struct keys_reader *k, const struct sql_token *t)
{
        if (is_operator(t, '=') || is_null_safe_equal(t)) {
                if (k->pending != 0 && k->out->n < STATEMENT_KEYS) {
                        k->out->at[k->out->n++] = k->pending;
                }
                return BEHIND_EQUALS;
        }
        if (sql_is(t, "IN")) {
                return BEHIND_IN;
        }
        if (is_operator(t, '(')) {
                k->list_at = k->out->n;
                return k->context == BEHIND_IN       ? IN_LIST
                       : k->context == BEHIND_EQUALS ? BEHIND_EQUALS
                                                     : OUTSIDE;
        }
        bool stays =
            is_operator(t, '-') || is_operator(t, ',') || t->kind == SQL_INTRODUCER || sql_is(t, "BINARY");
        return stays && (k->context == IN_LIST || (k->context == BEHIND_EQUALS && !is_operator(t, ',')))
                   ? k->context
                   : OUTSIDE;
}

static void take_token(struct keys_reader *k, const struct sql_token *t)
{
        bool is_value = sql_is_literal(t) || t->kind == SQL_PARAMETER;
        if (is_value) {
                take_value(k, t);
                k->context = k->context == BEHIND_EQUALS ? OUTSIDE : k->context;
                return;
        }
        if (t->kind == SQL_NAME || t->kind == SQL_QUOTED) { /* about half of all tokens */
                k->context = k->context == IN_ROW ? IN_ROW : OUTSIDE;
        } else if (k->context == IN_ROW) {
                take_in_row(k, t);
        } else if (k->is_insert && (sql_is(t, "VALUES") || sql_is(t, "VALUE") || sql_is(t, "SET"))) {
                k->out->has_values = true;
                k->counts = sql_is(t, "SET") || k->counts;
                k->context = OUTSIDE;
        } else if (k->is_insert && k->out->has_values && is_operator(t, '(') && !k->counts) {
                k->out->has_rows = k->out->has_rows || k->behind_row;
                k->context = IN_ROW;
                k->depth = 1;
        } else if (k->is_insert && sql_is(t, "ON")) { /* DUPLICATE KEY UPDATE */
                k->is_insert = false;
                k->counts = false;
        } else {
                if (k->context == IN_LIST && is_operator(t, ')')) {
                        end_list(k);
                }
                k->counts = k->counts || sql_is(t, "WHERE");
                k->context = next_context(k, t);
        }
        k->pending = 0;
        if (t->kind != SQL_OPERATOR && t->kind != SQL_KEYWORD) {
                k->is_signed = false;
                k->starts = false;
                return;
        }
        k->is_signed = is_operator(t, '-');
        k->starts = is_operator(t, '(') || sql_is(t, "WHERE") || sql_is(t, "AND") || sql_is(t, "OR") ||
                    sql_is(t, "ON");
}

void statement_keys_read(const struct record *r, struct span sql, const struct shape *shape,
                         struct statement_keys *out)
{
        out->n = 0;
        out->n_listed = 0;
        out->has_rows = false;
        out->has_values = false;
        struct keys_reader k = {.lexer = sql_lexer_over(span_head(sql, TEXT_MAX), r->sql_mode),
                                .r = r,
                                .out = out,
                                .counts = shape->kind == SHAPE_QUERY,
                                .is_insert = shape->is_insert};
        struct sql_token t;
        do {
                t = sql_next(&k.lexer);
                if (t.kind != SQL_COMMENT && t.kind != SQL_HINT) {
                        take_token(&k, &t);
                }
        } while (t.kind != SQL_END);
}
