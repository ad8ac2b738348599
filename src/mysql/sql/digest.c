#include "mysql/sql/digest.h"

#include "base/writer.h"

#include <xxhash.h>

/* --- the end of the text ------------------------------------------------------------------------------------------
 *
 * Reductions look back at the last few tokens, take them away and put one in their place: so the kinds of the last ones
 * are kept, and where each begins in the text. */

enum kind {
        NOTHING,
        OTHER,
        VALUE,    /* ? */
        VALUES,   /* ?, ... */
        ROW,      /* (?) */
        ROWS,     /* (?) , ... */
        WIDE_ROW, /* (...) */
        WIDE_ROWS,
        COMMA,
        OPEN,
        IN,
        SIGN, /* + or - */
        AT,
        SEMICOLON,
        BY,
        NOT, /* NULL after it is not a value: NOT NULL */
};

enum { KEPT = 64 };

struct item {
        uint8_t kind;
        bool starts;   /* an expression begins after it */
        bool nullable; /* NULL after it is a value */
        uint32_t begin;
};

struct state {
        struct writer w;
        struct item kept[KEPT]; /* the last items, as a ring */
        unsigned n;             /* items in the ring */
        unsigned top;
        struct sql_lexer lexer;
        struct sql_token ahead;
        unsigned depth;
        unsigned by_depth; /* depth + 1 of the list after ORDER BY or GROUP BY; 0 = not in such a list */
        bool failed;
};

static struct item peek(const struct state *s, unsigned back)
{
        return back < s->n ? s->kept[(s->top + KEPT - back) % KEPT] : (struct item){.kind = NOTHING};
}

static void drop(struct state *s, unsigned count)
{
        for (; count > 0 && s->n > 0; count--) {
                s->w.at = s->kept[s->top].begin;
                s->top = (s->top + KEPT - 1) % KEPT;
                s->n--;
        }
}

/** Append @p text, with a space before it if needed, and between two @p tick unless that is 0. @return false if the text is full. */
static bool push(struct state *s, struct item item, struct span text, uint8_t tick)
{
        size_t blank = s->w.at > 0 && peek(s, 0).kind != AT ? 1 : 0;
        uint8_t *to = s->w.data + s->w.at;
        size_t need = blank + text.len + (tick != 0 ? 2 : 0);
        if (need > s->w.size - s->w.at) {
                s->failed = true;
                return false;
        }
        item.begin = (uint32_t)s->w.at;
        *to = ' ';
        to += blank;
        if (tick != 0) {
                *to++ = tick;
        }
        to = span_copy(to, text);
        if (tick != 0) {
                *to = tick;
        }
        s->w.at += need;
        s->top = (s->top + 1) % KEPT;
        s->kept[s->top] = item;
        s->n += s->n < KEPT ? 1 : 0;
        return true;
}

static void push_text(struct state *s, enum kind kind, const char *text)
{
        (void)push(s, (struct item){.kind = (uint8_t)kind}, span_str(text), 0);
}

/* --- reductions --------------------------------------------------------------------------------------------------- */

static void push_value(struct state *s)
{
        enum kind kind = VALUE;
        if (peek(s, 0).kind == COMMA && (peek(s, 1).kind == VALUE || peek(s, 1).kind == VALUES)) {
                drop(s, 2);
                kind = VALUES;
        }
        push_text(s, kind, kind == VALUE ? "?" : "?, ...");
}

/** A sign is part of the number where an expression begins: a = -1, but not b - 1. */
static void push_number(struct state *s)
{
        while (peek(s, 0).kind == SIGN && peek(s, 1).starts) {
                drop(s, 1);
        }
        push_value(s);
}

static void push_close(struct state *s)
{
        enum kind value = (enum kind)peek(s, 0).kind;
        if ((value != VALUE && value != VALUES) || peek(s, 1).kind != OPEN) {
                push_text(s, OTHER, ")");
                return;
        }
        enum kind row = value == VALUE ? ROW : WIDE_ROW;
        enum kind rows = value == VALUE ? ROWS : WIDE_ROWS;
        drop(s, 2);
        if (peek(s, 0).kind == IN) {
                drop(s, 1);
                push_text(s, OTHER, "IN (...)");
        } else if (peek(s, 0).kind == COMMA && (peek(s, 1).kind == row || peek(s, 1).kind == rows)) {
                drop(s, 2);
                push_text(s, rows, row == ROW ? "(?) /* , ... */" : "(...) /* , ... */");
        } else {
                push_text(s, row, row == ROW ? "(?)" : "(...)");
        }
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/** Is the number the index of a column of the result, as in ORDER BY 2? */
static bool is_column_number(const struct state *s)
{
        bool begins = peek(s, 0).kind == BY || (peek(s, 0).kind == COMMA && s->by_depth == s->depth + 1);
        const struct sql_token *next = &s->ahead;
        uint8_t c = next->text.len == 1 ? next->text.data[0] : 0;
        return begins && s->by_depth != 0 &&
               (next->kind == SQL_END || next->kind == SQL_KEYWORD || c == ',' || c == ')' || c == ';');
}

static void put_name(struct state *s, const struct sql_token *t)
{
        static const struct item item = {.kind = OTHER};
        if (t->kind != SQL_QUOTED) {
                (void)push(s, item, t->text, '`');
                return;
        }
        uint8_t quote = t->text.data[0];
        struct span name = span_skip(t->text, 1);
        name.len -= name.len > 0 && name.data[name.len - 1] == quote ? 1 : 0;
        if (!push(s, item, name, '`')) {
                return;
        }
        uint8_t *out = s->w.data + s->w.at - 1 - name.len; /* doubled quotes become one */
        size_t len = 0;
        for (size_t i = 0; i < name.len; i++) {
                out[len++] = name.data[i];
                i += name.data[i] == quote && i + 1 < name.len && name.data[i + 1] == quote ? 1 : 0;
        }
        out[len] = '`';
        s->w.at -= name.len - len;
}

static bool one_of(const struct sql_token *t, const char *const *words)
{
        for (; *words != NULL; words++) {
                if (sql_is(t, *words)) {
                        return true;
                }
        }
        return false;
}

static void put_keyword(struct state *s, const struct sql_token *t)
{
        static const char *const ends[] = {"HAVING", "LIMIT",  "FOR",  "UNION", "INTO", "LOCK",
                                           "WITH",   "WINDOW", "ROWS", "RANGE", NULL};
        static const char *const before_null[] = {"BY", "WHERE", "HAVING", "ON", "ALL", "DISTINCT", NULL};
        struct item before = peek(s, 0);
        if (sql_is(t, "NULL") && before.kind != NOT && (before.starts || before.nullable)) {
                push_value(s);
                return;
        }
        const struct sql_word *word = sql_word_canonical(t->word);
        struct item item = {.kind = OTHER, .starts = (t->word->flags & SQL_WORD_STARTS) != 0};
        item.starts = item.starts || (word->flags & SQL_WORD_STARTS) != 0;
        item.nullable = one_of(t, before_null);
        if (sql_is(t, "IN")) {
                item.kind = IN;
        } else if (sql_is(t, "NOT")) {
                item.kind = NOT;
        } else if (sql_is(t, "BY")) {
                item.kind = BY;
                s->by_depth = s->depth + 1;
        } else if (s->by_depth == s->depth + 1 && one_of(t, ends)) {
                s->by_depth = 0;
        }
        (void)push(s, item, span_of(word->text, word->len), 0);
}

static void put_operator(struct state *s, const struct sql_token *t)
{
        static const char starters[] = "(,=<>|&+-*/%^";
        struct item item = {.kind = OTHER};
        uint8_t c = t->text.data[0];
        item.starts = memchr(starters, c, sizeof starters - 1) != NULL;
        switch (t->text.len > 1 ? 0 : c) {
        case '(':
                item.kind = OPEN;
                s->depth++;
                break;
        case ')':
                s->by_depth = s->by_depth == s->depth + 1 ? 0 : s->by_depth;
                s->depth -= s->depth > 0 ? 1 : 0;
                push_close(s);
                return;
        case ',': item.kind = COMMA; break;
        case '+':
        case '-': item.kind = SIGN; break;
        case '@': item.kind = AT; break;
        case ';':
                item.kind = SEMICOLON;
                s->by_depth = 0;
                break;
        case 0:
                item.starts = c == '!' || (item.starts && !span_equal(t->text, span_str("->")) &&
                                           !span_equal(t->text, span_str("->>")));
                item.nullable = c == ':';
                break;
        default: break;
        }
        bool unequal = span_equal(t->text, span_str("<>"));
        (void)push(s, item, unequal ? span_str("!=") : t->text, 0);
}

static void put_token(struct state *s, const struct sql_token *t)
{
        switch (t->kind) {
        case SQL_STRING:
        case SQL_PARAMETER:
        case SQL_HOST: push_value(s); break;
        case SQL_NUMBER:
                if (is_column_number(s)) {
                        (void)push(s, (struct item){.kind = OTHER}, t->text, 0);
                } else {
                        push_number(s);
                }
                break;
        case SQL_KEYWORD: put_keyword(s, t); break;
        case SQL_NAME:
        case SQL_QUOTED: put_name(s, t); break;
        case SQL_INTRODUCER: push_text(s, OTHER, "(_charset)"); break;
        case SQL_HINT: push_text(s, OTHER, t->text.len == 3 ? "/*+" : "*/"); break;
        case SQL_OPERATOR:
        case SQL_COMMENT: /* these two are handled by the caller */
        case SQL_END: break;
        }
        if (t->kind == SQL_OPERATOR) {
                put_operator(s, t);
        }
}

static struct sql_token next_code(struct sql_lexer *l)
{
        struct sql_token t = sql_next(l);
        while (t.kind == SQL_COMMENT) {
                t = sql_next(l);
        }
        return t;
}

static void note_literal(const struct sql_token *t, struct digest *out)
{
        out->values = XXH3_64bits_withSeed(t->text.data, t->text.len, out->values);
        out->n_literals++;
}

static bool is_value(const struct sql_token *t)
{
        return sql_is_literal(t) || t->kind == SQL_PARAMETER;
}

/** Behind "?, ..." a comma and one more value change nothing: so go long lists. (@p t is at hand, the next one ahead.) */
static bool goes_on(const struct state *s, const struct sql_token *t)
{
        enum { COMMA_BYTES = 2 }; /* space that it would take for a moment */
        return sql_is_sign(t, ',') && is_value(&s->ahead) && peek(s, 0).kind == VALUES &&
               s->by_depth != s->depth + 1 && s->w.size - s->w.at >= COMMA_BYTES;
}

/** Take a value of a row with its signs, of which @p t is the first token. @return false if it is something else. */
static bool take_value(struct sql_lexer *lexer, struct sql_token *t, struct digest *out)
{
        bool is_signed = false;
        while (sql_is_sign(t, '-') || sql_is_sign(t, '+')) {
                is_signed = true;
                *t = next_code(lexer);
        }
        if (sql_is_literal(t) && (!is_signed || t->kind == SQL_NUMBER)) {
                note_literal(t, out);
        } else if (is_signed || (t->kind != SQL_PARAMETER && !sql_is(t, "NULL"))) {
                return false;
        }
        *t = next_code(lexer);
        return true;
}

/** Behind rows one more of their kind changes nothing: so go long INSERTs. (A comma is at hand, and what is ahead is to be
 *  the parenthesis.) @return true if a row was taken. */
static bool take_row(struct state *s, struct digest *out)
{
        enum { ROW_BYTES = 64 }; /* space that it would take for a moment */
        enum kind rows = (enum kind)peek(s, 0).kind;
        if ((rows != ROWS && rows != WIDE_ROWS) || !sql_is_sign(&s->ahead, '(') || s->by_depth != 0 ||
            s->w.size - s->w.at < ROW_BYTES) {
                return false;
        }
        struct sql_lexer lexer = s->lexer;
        uint64_t values = out->values;
        size_t n_literals = out->n_literals;
        struct sql_token t = next_code(&lexer);
        size_t n = 1;
        bool is_row = take_value(&lexer, &t, out);
        while (is_row && sql_is_sign(&t, ',')) {
                n++;
                t = next_code(&lexer);
                is_row = take_value(&lexer, &t, out);
        }
        if (!is_row || !sql_is_sign(&t, ')') || (n == 1) != (rows == ROWS)) {
                out->values = values;
                out->n_literals = n_literals;
                return false;
        }
        s->lexer = lexer;
        s->ahead = next_code(&s->lexer);
        return true;
}

void digest_make(struct span sql, struct sql_mode mode, struct digest *out)
{
        struct state s = {.w = writer_over(out->text, sizeof out->text)};
        out->values = 0;
        out->n_literals = 0;
        s.lexer = sql_lexer_over(sql, mode);
        s.ahead = next_code(&s.lexer);
        out->verb = s.ahead.kind == SQL_KEYWORD ? s.ahead.word : NULL;
        while (s.ahead.kind != SQL_END && !s.failed) {
                struct sql_token t = s.ahead;
                s.ahead = next_code(&s.lexer);
                if (sql_is_sign(&t, ',') && take_row(&s, out)) {
                        continue;
                }
                bool is_more = goes_on(&s, &t);
                if (is_more) {
                        t = s.ahead;
                        s.ahead = next_code(&s.lexer);
                }
                if (sql_is_literal(&t)) {
                        note_literal(&t, out);
                }
                if (!is_more) {
                        put_token(&s, &t);
                }
        }
        while (peek(&s, 0).kind == SEMICOLON) {
                drop(&s, 1);
        }
        out->is_cut = s.failed;
        out->len = s.w.at;
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(out->text, out->len));
        memcpy(out->hash, canonical.digest, DIGEST_HASH);
}

void digest_hex(const uint8_t hash[DIGEST_HASH], char out[DIGEST_HEX])
{
        static const char digits[] = "0123456789abcdef";
        for (size_t i = 0; i < DIGEST_HASH; i++) {
                out[2 * i] = digits[hash[i] >> 4];
                out[2 * i + 1] = digits[hash[i] & 15];
        }
}
