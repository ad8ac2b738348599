#include "mysql/sql/setnames.h"

#include "base/stride.h"
#include "mysql/wire/charset.h"

/* A cursor over SQL: words, names, texts and single characters. Comments are skipped, but for the executable ones, whose
 * inside is read as if it stood outside. */
enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN };

struct token {
        enum token_kind kind;
        struct span text; /* without quotes */
        uint8_t sign;
};

struct scan {
        struct span left;
        bool no_backslashes;
        bool in_comment; /* within an executable comment */
        struct token token;
};

static uint8_t at(const struct scan *s, size_t i)
{
        return i < s->left.len ? s->left.data[i] : 0;
}

static void skip(struct scan *s, size_t n)
{
        s->left = span_skip(s->left, n);
}

static bool is_word(uint8_t c)
{
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$' ||
               c >= 0x80;
}

static bool is_space(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_line(struct scan *s)
{
        const uint8_t *end = s->left.len > 0 ? memchr(s->left.data, '\n', s->left.len) : NULL;
        skip(s, end != NULL ? (size_t)(end - s->left.data) + 1 : s->left.len);
}

static void skip_comment(struct scan *s)
{
        const uint8_t *end = s->left.len > 2 ? memmem(s->left.data + 2, s->left.len - 2, "*/", 2) : NULL;
        skip(s, end != NULL ? (size_t)(end - s->left.data) + 2 : s->left.len);
}

/** The first words after which a comment is executed: a version, which every server that is asked today has reached if it
 *  is below 5.7 (MariaDB skips MySQL's later ones). @return false if it is a plain comment. */
static bool open_executable(struct scan *s)
{
        size_t i = at(s, 2) == 'M' ? 3 : 2;
        unsigned long version = 0;
        if (at(s, i) != '!') {
                return false;
        }
        i++;
        size_t digits = 0;
        for (; digits < 6 && at(s, i + digits) >= '0' && at(s, i + digits) <= '9'; digits++) {
                version = version * 10 + (unsigned long)(at(s, i + digits) - '0');
        }
        if (version >= 50700) {
                return false;
        }
        skip(s, i + digits);
        s->in_comment = true;
        return true;
}

static void skip_blank(struct scan *s)
{
        while (s->left.len > 0) {
                uint8_t c = at(s, 0);
                if (is_space(c)) {
                        skip(s, 1);
                } else if (c == '#' ||
                           (c == '-' && at(s, 1) == '-' && (s->left.len == 2 || at(s, 2) <= ' '))) {
                        skip_line(s);
                } else if (c == '/' && at(s, 1) == '*') {
                        if (!open_executable(s)) {
                                skip_comment(s);
                        }
                } else if (s->in_comment && c == '*' && at(s, 1) == '/') {
                        s->in_comment = false;
                        skip(s, 2);
                } else {
                        return;
                }
        }
}

/** Take a text in quotes of the kind of its first character; a doubled quote stands for one in the text. */
static void take_quoted(struct scan *s)
{
        uint8_t quote = at(s, 0);
        size_t i = 1;
        while (i < s->left.len) {
                if (at(s, i) == '\\' && quote != '`' && !s->no_backslashes) {
                        i += 2;
                } else if (at(s, i) != quote) {
                        i++;
                } else if (at(s, i + 1) == quote) {
                        i += 2;
                } else {
                        break;
                }
        }
        struct span inside = span_skip(span_head(s->left, i), 1);
        s->token = (struct token){quote == '`' ? TOKEN_NAME : TOKEN_TEXT, inside, 0};
        skip(s, i + 1);
}

static void next(struct scan *s)
{
        skip_blank(s);
        uint8_t c = at(s, 0);
        size_t n = 0;
        if (s->left.len == 0) {
                s->token = (struct token){TOKEN_END, {NULL, 0}, 0};
        } else if (c == '\'' || c == '"' || c == '`') {
                take_quoted(s);
        } else if (is_word(c)) {
                while (is_word(at(s, n))) {
                        n++;
                }
                s->token = (struct token){TOKEN_WORD, span_head(s->left, n), 0};
                skip(s, n);
        } else {
                s->token = (struct token){TOKEN_SIGN, span_head(s->left, 1), c};
                skip(s, 1);
        }
}

static bool is_sign(const struct scan *s, char sign)
{
        return s->token.kind == TOKEN_SIGN && s->token.sign == (uint8_t)sign;
}

static bool is_the(const struct scan *s, const char *word)
{
        return s->token.kind == TOKEN_WORD && span_equal_nocase(s->token.text, word);
}

/** Take @p word if it comes next. */
static bool accept(struct scan *s, const char *word)
{
        bool is_it = is_the(s, word);
        if (is_it) {
                next(s);
        }
        return is_it;
}

static bool accept_sign(struct scan *s, char sign)
{
        bool is_it = is_sign(s, sign);
        if (is_it) {
                next(s);
        }
        return is_it;
}

static bool ends_statement(const struct scan *s)
{
        return s->token.kind == TOKEN_END || is_sign(s, ';');
}

/** Is @p c a character that never matters to skip_expression? */
static bool is_dull(uint8_t c)
{
        return is_word(c) || is_space(c) || memchr("=<>@.+:%&|!^~?", c, 14) != NULL;
}

/** Skip to the comma before the next assignment, or to the end of the statement. @return true if anything was skipped. */
static bool skip_expression(struct scan *s)
{
        unsigned depth = 0;
        bool any = false;
        while (s->token.kind != TOKEN_END) {
                if (depth == 0 && (is_sign(s, ',') || is_sign(s, ';'))) {
                        break;
                }
                if (is_sign(s, '(')) {
                        depth++;
                } else if (is_sign(s, ')') && depth > 0) {
                        depth--;
                }
                any = true;
                while (s->left.len > 0 && is_dull(s->left.data[0])) {
                        s->left = span_of(s->left.data + 1, s->left.len - 1);
                }
                next(s);
        }
        return any;
}

/* --- values ---------------------------------------------------------------------------------------------------------- */

struct choice {
        bool is_default;
        uint8_t charset;
};

/** Take the name of a character set, with or without quotes, or DEFAULT, and what follows it (COLLATE …). The value of an expression is
 *  unknown. */
static struct choice take_charset(struct scan *s, bool may_collate)
{
        struct token first = s->token;
        struct choice choice = {false, CHARSET_UNKNOWN};
        if (!ends_statement(s) && !is_sign(s, ',')) {
                next(s);
        }
        bool is_plain = first.kind == TOKEN_WORD || first.kind == TOKEN_TEXT || first.kind == TOKEN_NAME;
        if (may_collate && accept(s, "COLLATE")) {
                (void)skip_expression(s);
        } else if (skip_expression(s)) {
                is_plain = false;
        }
        if (is_plain) {
                choice.is_default = first.kind == TOKEN_WORD && span_equal_nocase(first.text, "DEFAULT");
                choice.charset = charset_of_name(first.text);
        }
        return choice;
}

static void set_client(struct setnames *out, struct choice choice)
{
        out->has_client = true;
        out->client = choice.charset;
        out->client_default = choice.is_default;
}

static void set_results(struct setnames *out, struct choice choice)
{
        out->has_results = true;
        out->results = choice.charset;
        out->results_default = choice.is_default;
}

/* --- SET ----------------------------------------------------------------------------------------------------------------- */

/** Take "=" or ":=". */
static bool accept_equals(struct scan *s)
{
        (void)accept_sign(s, ':');
        return accept_sign(s, '=');
}

/** Take a scope. @return true if there was one; then *@p is_session says whether it is the session's. */
static bool take_scope(struct scan *s, bool *is_session)
{
        if (accept(s, "SESSION") || accept(s, "LOCAL")) {
                *is_session = true;
                return true;
        }
        if (accept(s, "GLOBAL") || accept(s, "PERSIST") || accept(s, "PERSIST_ONLY")) {
                *is_session = false;
                return true;
        }
        return false;
}

/** Take one of "a = 1, @@session.b = 2, NAMES x". @p is_session is the last scope that was given without "@@". */
static void take_assignment(struct scan *s, bool *is_session, struct setnames *out)
{
        bool is_own = *is_session;
        if (accept(s, "NAMES")) {
                struct choice choice = take_charset(s, true);
                set_client(out, choice);
                set_results(out, choice);
                return;
        }
        if (accept(s, "CHARSET") || (accept(s, "CHARACTER") && accept(s, "SET"))) {
                struct choice choice = take_charset(s, false);
                set_client(out, choice);
                set_results(out, choice);
                return;
        }
        if (accept_sign(s, '@')) {
                if (!accept_sign(s, '@')) {
                        (void)skip_expression(s); /* a user variable */
                        return;
                }
                is_own = true;
                if (take_scope(s, &is_own)) {
                        (void)accept_sign(s, '.');
                }
        } else if (take_scope(s, is_session)) {
                is_own = *is_session;
        }
        struct token name = s->token;
        bool is_client = span_equal_nocase(name.text, "character_set_client");
        bool is_results = span_equal_nocase(name.text, "character_set_results");
        if (!ends_statement(s) && !is_sign(s, ',')) {
                next(s);
        }
        if (is_own && (is_client || is_results) && accept_equals(s)) {
                struct choice choice = take_charset(s, false);
                if (is_client) {
                        set_client(out, choice);
                } else {
                        set_results(out, choice);
                }
                return;
        }
        (void)skip_expression(s);
}

/** Take the assignments after SET. */
static void take_set(struct scan *s, struct setnames *out)
{
        bool is_session = true;
        if (is_the(s, "STATEMENT")) {
                return; /* MariaDB: it applies to one statement only */
        }
        do {
                take_assignment(s, &is_session, out);
        } while (accept_sign(s, ','));
}

/* --- the text ------------------------------------------------------------------------------------------------------------- */

/** Does @p sql begin with SET and something that follows it? */
static bool is_set_at(struct span sql, size_t i)
{
        const uint8_t *p = sql.data + i;
        return sql.len - i > 3 && (p[0] | 0x20) == 's' && (p[1] | 0x20) == 'e' && (p[2] | 0x20) == 't' &&
               !is_word(p[3]);
}

/** Is the first word another one? (If a blank or comment precedes it, the scanner decides.) */
static bool begins_otherwise(struct span sql)
{
        return sql.len == 0 || (is_word(sql.data[0]) && !is_set_at(sql, 0));
}

/** The offset of the first "se" in upper or lower case, or the length of @p sql. Some other characters are taken for these letters. */
static size_t find_se(struct span sql)
{
        static const stride lower = STRIDE_OF(0x20);
        static const stride s = STRIDE_OF('s');
        static const stride e = STRIDE_OF('e');
        size_t at = 0;
        while (sql.len - at > STRIDE) {
                stride first = stride_at(sql.data + at) | lower;
                stride second = stride_at(sql.data + at + 1) | lower;
                if (stride_any((stride)((first == s) & (second == e)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at + 1 < sql.len && ((sql.data[at] | 0x20) != 's' || (sql.data[at + 1] | 0x20) != 'e')) {
                at++;
        }
        return at + 1 < sql.len ? at : sql.len;
}

/** Does @p sql contain the word SET? */
static bool may_set(struct span sql)
{
        for (size_t i = 0; i + 1 < sql.len;) {
                i += find_se(span_skip(sql, i));
                if (i + 1 < sql.len && is_set_at(sql, i)) {
                        return true;
                }
                i++;
        }
        return false;
}

static bool is_odd(const struct setnames_options *options, struct span text)
{
        if (!charset_hides_ascii(options->charset)) {
                return false;
        }
        size_t i = 0;
        stride bytes = STRIDE_OF(0);
        for (; text.len - i >= STRIDE; i += STRIDE) {
                bytes |= stride_at(text.data + i);
        }
        uint8_t any = 0;
        for (; i < text.len; i++) {
                any |= text.data[i];
        }
        return (any & 0x80) != 0 || stride_any(bytes & (stride)STRIDE_OF(0x80));
}

bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out)
{
        *out = (struct setnames){0};
        bool is_one = options->succeeded && options->results <= 1;
        if (is_one ? begins_otherwise(sql) : !may_set(sql)) {
                return false; /* the usual case */
        }
        struct scan s = {.left = sql, .no_backslashes = options->no_backslashes};
        for (uint64_t n = 0; s.left.len > 0 && n < (is_one ? 1 : options->results); n++) {
                struct span before = s.left;
                next(&s);
                bool is_set = accept(&s, "SET");
                if (is_set) {
                        take_set(&s, out);
                } else if (is_one || (!options->succeeded && !ends_statement(&s))) {
                        break; /* the number of its results is unknown */
                }
                while (!ends_statement(&s)) {
                        next(&s);
                }
                if (is_odd(options, span_head(before, before.len - s.left.len))) {
                        break; /* its end is unknown: a character may contain the byte of a quote or backslash */
                }
        }
        return out->has_client || out->has_results;
}
