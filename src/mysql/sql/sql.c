#include "mysql/sql/sql.h"

#include "base/stride.h"
#include "mysql/wire/charset.h"

#include <string.h>

enum { VERSION_DIGITS_MAX = 6 };

/* --- characters --------------------------------------------------------------------------------------------------- */

enum {
        SPACE = 1,
        NAME = 2,
        DIGIT = 4,
        HEX = 8,
        SIGN = 16,   /* an operator by itself, whatever precedes or follows it */
        SECOND = 32, /* the second character of a longer operator */
};

static const uint8_t classes_of[256] = {
    ['\t' ... '\r'] = SPACE,
    [' '] = SPACE,
    ['0' ... '9'] = NAME | DIGIT | HEX,
    ['A' ... 'F'] = NAME | HEX,
    ['G' ... 'Z'] = NAME,
    ['a' ... 'f'] = NAME | HEX,
    ['g' ... 'z'] = NAME,
    ['_'] = NAME,
    ['$'] = NAME,
    [0x80 ... 0xff] = NAME,
    ['('] = SIGN,
    [')'] = SIGN,
    [','] = SIGN,
    [';'] = SIGN,
    ['+'] = SIGN,
    ['='] = SIGN | SECOND,
    ['>'] = SECOND,
    ['<'] = SECOND,
    ['|'] = SECOND,
    ['&'] = SECOND,
    ['%'] = SIGN,
    ['^'] = SIGN,
    ['~'] = SIGN,
    ['['] = SIGN,
    [']'] = SIGN,
    ['{'] = SIGN,
    ['}'] = SIGN,
    [0 ... '\b'] = SIGN,
    ['\x0e' ... '\x1f'] = SIGN,
    ['\x7f'] = SIGN,
};

static inline unsigned class_of(uint8_t c)
{
        return classes_of[c];
}

/** The byte at @p at, or 0 after the end. (A NUL byte in the text belongs to no class of characters either.) */
static uint8_t peek(const struct sql_lexer *l, size_t at)
{
        return at < l->left.len ? l->left.data[at] : 0;
}

static size_t run(const struct sql_lexer *l, size_t at, unsigned classes)
{
        while (at < l->left.len && (class_of(l->left.data[at]) & classes) != 0) {
                at++;
        }
        return at;
}

static struct sql_token take(struct sql_lexer *l, enum sql_kind kind, size_t len)
{
        struct sql_token t = {kind, span_head(l->left, len), NULL};
        l->left = span_skip(l->left, t.text.len);
        return t;
}

/* --- quotes ------------------------------------------------------------------------------------------------------- */

/** The offset of the first @p c or @p d from @p at on, or the length of the text. */
static size_t find_either(const struct sql_lexer *l, size_t at, uint8_t c, uint8_t d)
{
        const uint8_t *data = l->left.data;
        const stride cs = STRIDE_OF(c);
        const stride ds = STRIDE_OF(d);
        while (l->left.len - at >= STRIDE) {
                stride bytes = stride_at(data + at);
                if (stride_any((stride)((bytes == cs) | (bytes == ds)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at < l->left.len && data[at] != c && data[at] != d) {
                at++;
        }
        return at;
}

/** The offset after the quote that closes the one at @p at, or the length of the text. */
static size_t quoted(const struct sql_lexer *l, size_t at, bool escapes)
{
        uint8_t quote = l->left.data[at++];
        uint8_t escape = escapes ? '\\' : quote;
        while ((at = find_either(l, at, quote, escape)) < l->left.len) {
                if (l->left.data[at++] != quote) {
                        at += at < l->left.len ? 1 : 0;
                } else if (peek(l, at) == quote) {
                        at++; /* a doubled quote stands for itself */
                } else {
                        return at;
                }
        }
        return at;
}

static bool is_string_quote(const struct sql_lexer *l, uint8_t c)
{
        return c == '\'' || (c == '"' && !l->mode.ansi_quotes);
}

static struct sql_token take_string(struct sql_lexer *l, size_t at)
{
        return take(l, SQL_STRING, quoted(l, at, !l->mode.no_backslash_escapes));
}

/* --- comments ----------------------------------------------------------------------------------------------------- */

static size_t comment_end(const struct sql_lexer *l, size_t at)
{
        if (at >= l->left.len) {
                return l->left.len;
        }
        size_t end = at + stride_find_pair(l->left.data + at, l->left.len - at, '*', '/');
        return end < l->left.len ? end + 2 : end;
}

static size_t line_end(const struct sql_lexer *l)
{
        const uint8_t *end = memchr(l->left.data, '\n', l->left.len);
        return end != NULL ? (size_t)(end - l->left.data) : l->left.len;
}

/** The length of the begin of a comment whose content is code for this server; 0 for any other comment. */
static size_t version_comment(const struct sql_lexer *l)
{
        size_t at = 2;
        if (peek(l, at) == 'M' && peek(l, at + 1) == '!') {
                if (!l->mode.is_mariadb) {
                        return 0;
                }
                at++;
        }
        if (peek(l, at) != '!') {
                return 0;
        }
        at++;
        size_t digits = 0;
        uint32_t version = 0;
        while (digits < VERSION_DIGITS_MAX && (class_of(peek(l, at + digits)) & DIGIT) != 0) {
                version = version * 10 + (uint32_t)(peek(l, at + digits) - '0');
                digits++;
        }
        if (digits < VERSION_DIGITS_MAX - 1) {
                return at; /* without a version it is always code */
        }
        /* the versions of MariaDB and MySQL diverged at MySQL 5.7: a comment for a later one is for MySQL only */
        bool is_mysqls = l->mode.is_mariadb && peek(l, 2) == '!' && version >= 50700 && version <= 99999;
        bool is_code = !is_mysqls && (l->mode.version == 0 || version <= l->mode.version);
        return is_code ? at + digits : 0;
}

static struct sql_token take_comment(struct sql_lexer *l)
{
        if (peek(l, 2) == '+' && l->may_hint) {
                l->in_hint = true;
                return take(l, SQL_HINT, 3);
        }
        size_t begin = version_comment(l);
        if (begin > 0) {
                l->versions++;
                return take(l, SQL_COMMENT, begin);
        }
        return take(l, SQL_COMMENT, comment_end(l, 2));
}

/** Two dashes are a comment only before white space or a control character. */
static bool is_dash_comment(const struct sql_lexer *l)
{
        return peek(l, 0) == '-' && peek(l, 1) == '-' && (l->left.len == 2 || peek(l, 2) <= ' ');
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/** The length of 0x1f or 0b1 at the start; 0 if it is not such a number, but perhaps a name such as 0xzz. */
static size_t radix_number(const struct sql_lexer *l)
{
        size_t end = 2;
        if (peek(l, 0) != '0') {
                return 0;
        }
        if (peek(l, 1) == 'x') {
                end = run(l, 2, HEX);
        } else if (peek(l, 1) == 'b') {
                while (peek(l, end) == '0' || peek(l, end) == '1') {
                        end++;
                }
        }
        return end > 2 && (class_of(peek(l, end)) & NAME) == 0 ? end : 0;
}

/** The end of the exponent at @p at; @p at itself if there is none. */
static size_t exponent(const struct sql_lexer *l, size_t at)
{
        if ((peek(l, at) & 0xdf) != 'E') {
                return at;
        }
        size_t digits = at + 1;
        digits += peek(l, digits) == '+' || peek(l, digits) == '-' ? 1 : 0;
        size_t end = run(l, digits, DIGIT);
        return end > digits ? end : at;
}

/** A number, or a name that begins with digits. */
static struct sql_token take_number(struct sql_lexer *l)
{
        size_t end = run(l, 0, DIGIT);
        uint8_t next = peek(l, end);
        size_t radix = radix_number(l);
        if (radix > 0) {
                return take(l, SQL_NUMBER, radix);
        }
        if (next == '.') {
                return take(l, SQL_NUMBER, exponent(l, run(l, end + 1, DIGIT)));
        }
        size_t whole = exponent(l, end);
        if (whole > end) {
                return take(l, SQL_NUMBER, whole);
        }
        size_t name = run(l, 0, NAME);
        bool is_size = l->in_hint && name == end + 1 && strchr("KMGkmg", peek(l, end)) != NULL;
        return name > end && !is_size ? take(l, SQL_NAME, name) : take(l, SQL_NUMBER, name);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/** Is there x'1f', b'1' or n'text' at the start? */
static bool take_prefixed(struct sql_lexer *l, struct sql_token *t)
{
        uint8_t prefix = peek(l, 0) & 0xdf;
        if (peek(l, 1) != '\'' || (prefix != 'X' && prefix != 'B' && prefix != 'N')) {
                return false;
        }
        *t = take_string(l, 1);
        t->kind = prefix == 'N' ? SQL_STRING : SQL_NUMBER;
        return true;
}

static struct sql_token take_word(struct sql_lexer *l, bool is_variable)
{
        struct sql_token t = take(l, SQL_NAME, run(l, 0, NAME));
        const char *text = (const char *)t.text.data;
        if (!is_variable && peek(l, 0) == '.' && (class_of(peek(l, 1)) & NAME) != 0) {
                return t; /* a name before a dot */
        }
        if (text[0] == '_' && charset_of_name(span_skip(t.text, 1)) != CHARSET_UNKNOWN) {
                t.kind = SQL_INTRODUCER;
                return t;
        }
        const struct sql_word *word = sql_word_find(text, t.text.len);
        unsigned wanted = l->in_hint ? SQL_WORD_HINT : SQL_WORD_KEYWORD;
        wanted |= peek(l, 0) == '(' ? SQL_WORD_FUNCTION : 0;
        if (word != NULL && (word->flags & wanted) != 0) {
                t.kind = SQL_KEYWORD;
                t.word = word;
        }
        return t;
}

/* --- operators ---------------------------------------------------------------------------------------------------- */

static struct sql_token take_operator(struct sql_lexer *l)
{
        static const char *const long_ones[] = {
            "<=>", "->>", "<=", ">=", "<>", "!=", "<<", ">>", "->", ":=", "||", "&&"};
        if ((class_of(peek(l, 1)) & SECOND) == 0) {
                return take(l, SQL_OPERATOR, 1);
        }
        for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++) {
                size_t len = strlen(long_ones[i]);
                if (l->left.len >= len && memcmp(l->left.data, long_ones[i], len) == 0) {
                        return take(l, SQL_OPERATOR, len);
                }
        }
        return take(l, SQL_OPERATOR, 1);
}

/** The token after @: a quoted text; a system variable after @@; or a name, which may contain dots and be a keyword. */
static bool take_after_at(struct sql_lexer *l, struct sql_token *t)
{
        uint8_t c = peek(l, 0);
        if (c == '@') {
                *t = take(l, SQL_OPERATOR, 1);
                l->next = SQL_NEXT_VARIABLE;
                return true;
        }
        size_t end = 0;
        while ((class_of(peek(l, end)) & NAME) != 0 || peek(l, end) == '.') {
                end++;
        }
        if (end == 0) {
                return false;
        }
        *t = l->in_hint ? take_word(l, false) : take(l, SQL_HOST, end);
        return true;
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static struct sql_token at_sign(struct sql_lexer *l)
{
        struct sql_token t = take(l, SQL_OPERATOR, 1);
        l->next = SQL_NEXT_HOST;
        return t;
}

static struct sql_token dot(struct sql_lexer *l)
{
        struct sql_token t = take(l, SQL_OPERATOR, 1);
        l->next = SQL_NEXT_NAME;
        return t;
}

/** The end of an open comment. */
static bool closes(const struct sql_lexer *l)
{
        return (l->in_hint || l->versions > 0) && peek(l, 0) == '*' && peek(l, 1) == '/';
}

static struct sql_token close_comment(struct sql_lexer *l)
{
        enum sql_kind kind = l->in_hint ? SQL_HINT : SQL_COMMENT;
        if (l->in_hint) {
                l->in_hint = false;
        } else {
                l->versions--;
        }
        return take(l, kind, 2);
}

static struct sql_token take_any(struct sql_lexer *l)
{
        struct sql_token t;
        uint8_t c = peek(l, 0);
        unsigned class = class_of(c);
        if ((class & DIGIT) != 0) {
                return take_number(l);
        }
        if ((class & NAME) != 0) {
                return peek(l, 1) == '\'' && take_prefixed(l, &t) ? t : take_word(l, false);
        }
        if (is_string_quote(l, c)) {
                return take_string(l, 0);
        }
        switch (c) {
        case '`':
        case '"': return take(l, SQL_QUOTED, quoted(l, 0, false));
        case '?': return take(l, SQL_PARAMETER, 1);
        case '@': return at_sign(l);
        case '.': return (class_of(peek(l, 1)) & DIGIT) != 0 ? take_number(l) : dot(l);
        case '\\':
                if (peek(l, 1) == 'N' && l->mode.is_mariadb) {
                        t = take(l, SQL_KEYWORD, 2);
                        t.word = sql_word_find("NULL", 4);
                        return t;
                }
                return take_operator(l);
        default: return take_operator(l);
        }
}

static struct sql_token take_token(struct sql_lexer *l)
{
        struct sql_token t;
        enum sql_expected next = l->next;
        l->next = SQL_NEXT_ANY;
        bool is_name = (class_of(peek(l, 0)) & NAME) != 0;
        if (next == SQL_NEXT_NAME && peek(l, 0) == '.') {
                return dot(l);
        }
        if (next == SQL_NEXT_NAME && is_name) {
                t = take(l, SQL_NAME, run(l, 0, NAME));
        } else if (next == SQL_NEXT_VARIABLE && is_name) {
                t = take_word(l, true);
        } else if (next != SQL_NEXT_HOST || !take_after_at(l, &t)) {
                t = take_any(l);
        }
        /* a dot directly after a name: a name follows it, even in .5 */
        bool was_name = t.kind == SQL_NAME || t.kind == SQL_QUOTED || (next == SQL_NEXT_VARIABLE && is_name);
        if (was_name && peek(l, 0) == '.' && (class_of(peek(l, 1)) & NAME) != 0) {
                l->next = SQL_NEXT_NAME;
        }
        return t;
}

/** What begins at the first byte, which is neither space nor SIGN. Apart from sql_next, which takes what is short with few
 *  registers. */
static __attribute__((noinline)) struct sql_token take_next(struct sql_lexer *l)
{
        uint8_t c = l->left.data[0];
        if (c == '*' && closes(l)) {
                return close_comment(l);
        }
        if (c == '/' && peek(l, 1) == '*') {
                return take_comment(l);
        }
        if (c == '#' || (c == '-' && is_dash_comment(l))) {
                return take(l, SQL_COMMENT, line_end(l));
        }
        struct sql_token t = take_token(l);
        l->may_hint = t.kind == SQL_KEYWORD && (t.word->flags & SQL_WORD_HINTED) != 0;
        return t;
}

/** Must @p statement be read for what it does to the mode? Not if it is empty, begins as UPDATE or USE do, or as SELECT, SHOW or SET do
 *  without an underscore, which is in sql_mode; each of these ends with its semicolon. */
static bool may_set_mode(struct span statement)
{
        while (statement.len > 0 && (class_of(statement.data[0]) & SPACE) != 0) {
                statement = span_skip(statement, 1);
        }
        if (statement.len == 0) {
                return false;
        }
        uint8_t first = statement.data[0] | 0x20;
        return first != 'u' && (first != 's' || memchr(statement.data, '_', statement.len) != NULL);
}

/** A semicolon, @p at, is followed by another statement. */
static __attribute__((noinline)) void begin_statement(struct sql_lexer *l, const uint8_t *at)
{
        if (!may_set_mode(span_of(l->begin, (size_t)(at - l->begin)))) {
                l->begin = at + 1;
                return;
        }
        struct sql_mode mode = l->mode;
        bool goes_on = l->behind(span_of(l->begin, (size_t)(at - l->begin)), &mode);
        l->behind = goes_on ? l->behind : NULL;
        l->mode = mode;
        l->begin = at + 1;
}

struct sql_token sql_next(struct sql_lexer *l)
{
        const uint8_t *at = l->left.data;
        if (l->left.len == 0) { /* data may be NULL */
                return (struct sql_token){SQL_END, l->left, NULL};
        }
        const uint8_t *end = at + l->left.len;
        while (at < end && (class_of(*at) & SPACE) != 0) {
                at++;
        }
        l->left = span_of(at, (size_t)(end - at));
        if (at == end) {
                return (struct sql_token){SQL_END, l->left, NULL};
        }
        const uint8_t *behind = at + 1;
        enum sql_kind kind = SQL_OPERATOR;
        if ((class_of(*at) & DIGIT) != 0 && l->next == SQL_NEXT_ANY) {
                kind = SQL_NUMBER;
                while (behind < end && (class_of(*behind) & DIGIT) != 0) {
                        behind++;
                }
                if (behind < end && (*behind == '.' || (class_of(*behind) & NAME) != 0)) {
                        return take_next(l);
                }
        } else if ((class_of(*at) & SIGN) == 0) {
                return take_next(l);
        } else if (*at == ';' && behind < end && l->behind != NULL) {
                begin_statement(l, at);
        }
        l->next = SQL_NEXT_ANY;
        l->may_hint = false;
        l->left = span_of(behind, (size_t)(end - behind));
        return (struct sql_token){kind, span_of(at, (size_t)(behind - at)), NULL};
}
