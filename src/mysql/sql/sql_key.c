#include "mysql/sql/sql_key.h"

#include "base/specialized.h"
#include "base/stride.h"
#include "mysql/sql/sql_marks.h"

#ifdef QT_NO_FASTPATHS
static const bool enabled = false;
#else
static const bool enabled = true;
#endif

/** The kind of a constant; 0 = it is none, or one of a form that has no key. */
enum literal {
        LITERAL_NONE,
        LITERAL_DIGITS,
        LITERAL_NUMBER, /* 1.5, 0x1f */
        LITERAL_STRING,
        LITERAL_LIST = 8, /* added to the others: several of them, separated by commas */
};

struct scan {
        struct sql_key *key;
        const uint8_t *at;    /* what was read */
        const uint8_t *chunk; /* the end of the last constant: what follows it belongs to the key as it is */
        const uint8_t *begin;
        const uint8_t *end;
        const uint8_t *by;
        uint64_t seed;
        enum sql_before before;
        bool ansi_quotes;
        bool escapes;
        /* Numbers after BY may be those of columns, which the digest shows. They belong to the key until LIMIT ends the list; if there
         * is a parenthesis between the two, up to the end of the text. */
        bool is_by;
        bool is_by_forever;
};

/* All functions that read something return the place behind it, or NULL if the text has no key because of it. */

/* --- constants ---------------------------------------------------------------------------------------------------------- */

static inline const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
        while (at < end && (uint8_t)(*at - '0') <= 9) {
                at++;
        }
        return at;
}

static const uint8_t *skip_hex(const uint8_t *at, const uint8_t *end)
{
        while (at < end && ((uint8_t)(*at - '0') <= 9 || (uint8_t)((*at | 0x20) - 'a') < 6)) {
                at++;
        }
        return at;
}

/** Read a number that is not plain, of which @p behind is the end of the first digits. */
static __attribute__((noinline)) const uint8_t *read_other_number(const uint8_t *at, const uint8_t *behind,
                                                                  const uint8_t *end)
{
        const uint8_t *last = NULL;
        if (*behind == '.') {
                last = skip_digits(behind + 1, end);
        } else if (behind == at + 1 && *at == '0' && *behind == 'x') {
                last = skip_hex(behind + 1, end);
                last = last == behind + 1 ? NULL : last; /* 0x is a name */
        }
        return last != NULL && (last == end || (*last != '.' && !sql_marks_is_name(*last))) ? last : NULL;
}

/** Read the number that begins at @p at. */
static inline const uint8_t *read_number(const struct scan *s, const uint8_t *at, enum literal *kind)
{
        const uint8_t *behind = skip_digits(at, s->end);
        *kind = LITERAL_DIGITS;
        if (behind == s->end || (*behind != '.' && !sql_marks_is_name(*behind))) {
                return behind;
        }
        *kind = LITERAL_NUMBER;
        return read_other_number(at, behind, s->end);
}

/** The next of two characters, or @p end. */
static const uint8_t *find_either(const uint8_t *at, const uint8_t *end, uint8_t a, uint8_t b)
{
        const stride as = STRIDE_OF(a);
        const stride bs = STRIDE_OF(b);
        while (end - at >= STRIDE) {
                stride bytes = stride_at(at);
                if (stride_any((stride)((bytes == as) | (bytes == bs)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at < end && *at != a && *at != b) {
                at++;
        }
        return at;
}

/** Read a text in quotes that begins at @p at. */
static const uint8_t *read_quoted(const uint8_t *at, const uint8_t *end, bool escapes)
{
        uint8_t quote = *at++;
        uint8_t escape = escapes ? '\\' : quote;
        while ((at = find_either(at, end, quote, escape)) < end) {
                if (*at != quote) {
                        at += end - at > 1 ? 2 : 1;
                } else if (end - at > 1 && at[1] == quote) {
                        at += 2; /* a doubled quote stands for itself */
                } else {
                        return at + 1;
                }
        }
        return NULL; /* it is not closed */
}

static inline const uint8_t *read_string(const struct scan *s, const uint8_t *at)
{
        return read_quoted(at, s->end, s->escapes);
}

/** Read what may be a constant of the kind @p wanted. */
static inline const uint8_t *read_like(const struct scan *s, const uint8_t *at, uint8_t quote,
                                       enum literal wanted)
{
        enum literal kind = LITERAL_STRING;
        const uint8_t *behind = NULL;
        if (wanted == LITERAL_STRING) {
                behind = *at == quote ? read_string(s, at) : NULL;
        } else if ((uint8_t)(*at - '0') <= 9) {
                behind = read_number(s, at, &kind);
        }
        return kind == wanted ? behind : NULL;
}

/** Are the sixteen bytes at @p at, and the one behind them, part of a list of plain numbers: digits, and commas with at most one space? */
static inline bool is_amid_numbers(const uint8_t *at)
{
        const stride comma = STRIDE_OF(',');
        const stride space = STRIDE_OF(' ');
        stride now = stride_at(at);
        stride next = stride_at(at + 1);
        stride digits = stride_digits(now);
        stride is_comma = (stride)(now == comma);
        stride is_space = (stride)(now == space);
        stride then_digit = stride_digits(next);
        stride good = (digits & (then_digit | (stride)(next == comma))) |
                      (is_comma & (then_digit | (stride)(next == space))) | (is_space & then_digit);
        return !stride_any(~good);
}

/** Skip plain numbers of a list, as long as there are many. @p at is the comma behind the first one. @return such a comma. */
static const uint8_t *skip_numbers(const uint8_t *at, const uint8_t *end)
{
        const uint8_t *last = at;
        while (end - last > STRIDE && is_amid_numbers(last)) {
                last += STRIDE;
        }
        while (last > at && *last != ',') {
                last--;
        }
        return last;
}

/** Read more constants of the kind of the one that ends at @p at, separated by commas. @return the end of the last one. */
static const uint8_t *read_list(const struct scan *s, const uint8_t *at, uint8_t quote, enum literal kind)
{
        while (s->end - at > 2 && *at == ',') {
                const uint8_t *next = at + (at[1] == ' ' ? 2 : 1);
                const uint8_t *behind = read_like(s, next, quote, kind);
                if (behind == NULL) {
                        break;
                }
                at = behind;
                if (kind == LITERAL_DIGITS && at < s->end && *at == ',') {
                        at = skip_numbers(at, s->end);
                }
        }
        return at;
}

/** A constant of the kind @p kind is between @p at and @p behind. */
static inline void take_literal(struct scan *s, const uint8_t *at, const uint8_t *behind, enum literal kind)
{
        struct sql_key *key = s->key;
        unsigned marker = kind;
        if (!s->is_by && s->end - behind > 2 && *behind == ',') {
                const uint8_t *last = read_list(s, behind, *at, kind);
                marker |= last != behind ? LITERAL_LIST : 0;
                behind = last;
        }
        key->n_literals++;
        key->has_strings = key->has_strings || kind == LITERAL_STRING;
        key->is_plain = key->is_plain && marker == LITERAL_DIGITS;
        key->values = text_hash(span_of(at, (size_t)(behind - at)), key->values, s->seed);
        if (!s->is_by || kind == LITERAL_STRING) {
                struct span before = span_of(s->chunk, (size_t)(at - s->chunk));
                key->hash = text_hash_of_kind(before, marker, key->hash, s->seed);
                s->chunk = behind;
                key->number_at = (uint32_t)(at - s->begin);
                key->number_len = marker == LITERAL_DIGITS ? (uint32_t)(behind - at) : 0;
        }
        s->at = behind;
        s->before = SQL_BEHIND_OTHER;
}

/** Does a dot precede what is at @p at, which makes it a name whatever it is? Spaces may be between the two. */
static bool is_behind_dot(const struct scan *s, const uint8_t *at)
{
        if (at > s->begin && at[-1] > ' ' && at[-1] != '.') { /* mostly */
                return false;
        }
        while (at > s->begin && (at[-1] == ' ' || (at[-1] >= '\t' && at[-1] <= '\r'))) {
                at--;
        }
        return at > s->begin && at[-1] == '.';
}

/* --- marks -------------------------------------------------------------------------------------------------------------- */

static bool on_number(struct scan *s, const uint8_t *at)
{
        enum literal kind;
        const uint8_t *behind = is_behind_dot(s, at) ? NULL : read_number(s, at, &kind);
        if (behind == NULL) {
                return false;
        }
        take_literal(s, at, behind, kind);
        return true;
}

/** x'1f', b'1' and n'x' are constants, too, but others; an introducer, such as _utf8, is a word of its own. */
static bool is_prefixed(const struct scan *s, const uint8_t *at)
{
        if (at == s->begin || !sql_marks_is_name(at[-1])) {
                return false;
        }
        uint8_t c = at[-1] | 0x20;
        return c == 'x' || c == 'b' || c == 'n';
}

static bool on_quote(struct scan *s, const uint8_t *at)
{
        bool is_name = *at == '`' || (*at == '"' && s->ansi_quotes);
        const uint8_t *behind = is_name ? read_quoted(at, s->end, false) : read_string(s, at);
        if (behind == NULL || is_prefixed(s, at)) {
                return false;
        }
        if (is_name) {
                s->at = behind;
                s->before = SQL_BEHIND_OTHER;
        } else {
                take_literal(s, at, behind, LITERAL_STRING);
        }
        return true;
}

/** Comments belong to the key as they are. */
static bool on_slash(struct scan *s, const uint8_t *at)
{
        size_t left = (size_t)(s->end - at);
        s->at = at + 1;
        s->before = SQL_BEHIND_OTHER;
        if (left < 2 || at[1] != '*') {
                return true;
        }
        if (left < 4 || is_behind_dot(s, at) || at[2] == '!' || at[2] == '+' ||
            (at[2] == 'M' && at[3] == '!')) {
                return false; /* its content is code, or a hint, or a name must follow it */
        }
        size_t len = stride_find_pair(at + 2, left - 2, '*', '/');
        s->at = len < left - 2 ? at + 2 + len + 2 : s->end;
        return len < left - 2;
}

/** At the letter with which a word begins: is it @p word, in upper case? */
static bool is_word(const struct scan *s, const uint8_t *at, const char *word, size_t len)
{
        if ((size_t)(s->end - at) < len || is_behind_dot(s, at)) {
                return false;
        }
        for (size_t i = 0; i < len; i++) {
                if ((at[i] & 0xdf) != (uint8_t)word[i]) {
                        return false;
                }
        }
        return at + len == s->end || at[len] == ' ' || (at[len] >= '\t' && at[len] <= '\r');
}

static bool has_parenthesis(const uint8_t *at, const uint8_t *end)
{
        return find_either(at, end, '(', ')') < end;
}

static void on_letter(struct scan *s, const uint8_t *at)
{
        s->at = at + 1;
        s->before = SQL_BEHIND_NAME;
        if ((*at & 0xdf) == 'B') {
                /* also where it is another word, such as a name behind a dot: then more is in the key than need be */
                bool is_by = s->end - at >= 2 && (at[1] & 0xdf) == 'Y' &&
                             (s->end - at == 2 || !sql_marks_is_name(at[2]));
                s->by = is_by && !s->is_by ? at : s->by;
                s->is_by = s->is_by || is_by;
        } else if (s->is_by && !s->is_by_forever && is_word(s, at, "LIMIT", 5)) {
                s->is_by_forever = has_parenthesis(s->by, at);
                s->is_by = s->is_by_forever;
        }
}

/** Take what begins at the mark @p at. @return false if the text has no key. */
static inline bool on_mark(struct scan *s, const uint8_t *at)
{
        uint8_t c = *at;
        if ((uint8_t)(c - '0') <= 9) {
                return on_number(s, at);
        }
        switch (c) {
        case '\'':
        case '"':
        case '`': return on_quote(s, at);
        case '/': return on_slash(s, at);
        case '-':
                s->at = at + 1;
                s->before = SQL_BEHIND_OTHER;
                return at + 1 == s->end || at[1] != '-'; /* maybe a comment */
        case '\\': /* \N is a word of its own, directly behind which another one may begin */
        case '@':
        case '#': return false;
        default: on_letter(s, at); return true;
        }
}

/** The next mark, or the end. */
static inline const uint8_t *next_mark(const struct scan *s)
{
        const uint8_t *at = s->at;
        enum sql_before before = s->before;
        bool limits = s->is_by && !s->is_by_forever;
        for (; s->end - at >= SQL_MARKS_AT_ONCE; at += SQL_MARKS_AT_ONCE) {
                uint32_t marks = sql_marks_at(at, before, limits);
                if (marks != 0) {
                        return at + __builtin_ctz(marks);
                }
                before = sql_marks_is_name(at[SQL_MARKS_AT_ONCE - 1]) ? SQL_BEHIND_NAME : SQL_BEHIND_OTHER;
        }
        if (at == s->end) {
                return at;
        }
        uint8_t padded[SQL_MARKS_AT_ONCE] = {0};
        struct span left = span_of(at, (size_t)(s->end - at));
        (void)span_copy(padded, span_head(left, sizeof padded));
        uint32_t marks = sql_marks_at(padded, before, limits);
        return marks != 0 ? at + __builtin_ctz(marks) : s->end;
}

/** @return false if the text has no key. */
SPECIALIZED bool scan_text(struct scan *s)
{
        const uint8_t *at;
        while ((at = next_mark(s)) < s->end) {
                if (!on_mark(s, at)) {
                        return false;
                }
        }
        return true;
}

/** May a statement in @p sql be read in another mode, because one before it sets sql_mode? The value of the mode is a constant, which the key
 *  does not have. */
static bool may_change_mode(struct span sql)
{
        const uint8_t *at = sql.len > 0 ? memchr(sql.data, ';', sql.len) : NULL;
        struct span left = sql;
        if (at == NULL || at + 1 == sql.data + sql.len) {
                return false;
        }
        while (left.len > 0 && (at = memchr(left.data, '_', left.len)) != NULL) {
                size_t i = (size_t)(at - sql.data);
                bool is_name =
                    i >= 3 && i + 5 <= sql.len && span_equal_nocase(span_of(at - 3, 8), "sql_mode");
                if (is_name) {
                        return true;
                }
                left = span_skip(sql, i + 1);
        }
        return false;
}

void sql_key_make(struct span sql, struct sql_mode mode, uint64_t seed, struct sql_key *key)
{
        *key = (struct sql_key){.is_known = false, .is_plain = true};
        if (!enabled || sql.len == 0 || may_change_mode(sql)) {
                return;
        }
        struct scan s = {.key = key,
                         .at = sql.data,
                         .chunk = sql.data,
                         .begin = sql.data,
                         .end = sql.data + sql.len,
                         .seed = seed,
                         .ansi_quotes = mode.ansi_quotes,
                         .escapes = !mode.no_backslash_escapes};
        key->values = text_hash_begin(seed);
        key->hash = text_hash_mix(sql_mode_bits(mode) ^ text_hash_begin(seed), seed);
        key->is_known = scan_text(&s);
        key->hash = text_hash(span_of(s.chunk, (size_t)(s.end - s.chunk)), key->hash, seed);
}
