#include "mysql/secret.h"

#include "base/stride.h"

#include <string.h>

static uint8_t upper(uint8_t c)
{
        return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static bool starts(struct span s, const char *word)
{
        size_t n = strlen(word);
        if (s.len < n) {
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                if (upper(s.data[i]) != (uint8_t)word[i]) {
                        return false;
                }
        }
        return true;
}

static bool is_letter(uint8_t c)
{
        return upper(c) >= 'A' && upper(c) <= 'Z';
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

/** A part of a name as a whole: user_pw, pass, but no passenger and no upward. */
static bool is_part(struct span name, size_t at, size_t len)
{
        return (at == 0 || !is_letter(name.data[at - 1])) &&
               (at + len == name.len || !is_letter(name.data[at + len]));
}

/** The length of the word at @p at that means a password, or 0: PASSWORD, passwd, user_pass, pwd … but no compass. */
static size_t word_at(struct span text, size_t at)
{
        static const char *const words[] = {
            "PASSW", "PASSPHRASE", "PASSCODE", "PWD", "AUTHENTICATION_STRING", "SST_AUTH"};
        struct span rest = span_skip(text, at);
        uint8_t c = upper(rest.data[0]);
        if (c != 'P' && c != 'A' && c != 'S') {
                return 0;
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (starts(rest, words[i])) {
                        return strlen(words[i]);
                }
        }
        if (starts(rest, "PASS") && is_part(text, at, 4)) {
                return 4;
        }
        return starts(rest, "PW") && is_part(text, at, 2) ? 2 : 0;
}

bool secret_is_name(struct span name)
{
        for (size_t i = 0; i + 2 <= name.len; i++) {
                if (word_at(name, i) > 0) {
                        return true;
                }
        }
        return false;
}

/* --- texts ------------------------------------------------------------------------------------------------------------- */

static bool has_url(struct span text)
{
        const uint8_t *at = text.len > 3 ? memmem(text.data, text.len, "://", 3) : NULL;
        return at != NULL && memchr(at, '@', text.len - (size_t)(at - text.data)) != NULL;
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/** CRYPT with what makes it a call. */
static bool is_crypt(struct span rest)
{
        return starts(rest, "CRYPT") && rest.len > 5 && (rest.data[5] == '(' || is_blank(rest.data[5]));
}

/** What begins at @p at. */
static bool begins_secret(struct span text, size_t at)
{
        struct span rest = span_skip(text, at);
        switch (upper(rest.data[0])) {
        case 'P': return starts(rest, "PASS") || word_at(text, at) > 0;
        case 'A':
        case 'S': return word_at(text, at) > 0;
        case 'I': return starts(rest, "IDENTIFIED");
        case 'C': return is_crypt(rest);
        case ':': return has_url(rest);
        default: return false;
        }
}

/* --- the quick look ---------------------------------------------------------------------------------------------------
 *
 * Sixteen bytes at a stride: each statement is looked at, and each definition of a column. All that begins_secret finds has one
 * of a few pairs in it: PASS and SST_AUTH the ss, PW the pw, CRYPT the pt, IDENTIFIED the if, AUTHENTICATION_STRING the _s. */

enum { AHEAD = 1 };

#define EACH(c) ((stride)STRIDE_OF(c))

/** In lower case; what is no letter may become something else, and be found without need. */
static inline stride load(const uint8_t *at)
{
        return stride_at(at) | EACH(0x20);
}

/** Which of the sixteen bytes at @p at begin one of the pairs? (With AHEAD bytes behind them.) */
static inline stride pairs(const uint8_t *at)
{
        stride first = load(at);
        stride next = load(at + 1);
        return (stride)((((first == EACH('s')) | (first == EACH('_' | 0x20))) & (next == EACH('s'))) |
                        ((first == EACH('p')) & ((next == EACH('w')) | (next == EACH('t')))) |
                        ((first == EACH('i')) & (next == EACH('f'))) |
                        ((first == EACH(':')) & (next == EACH('/'))));
}

static bool may_hold_secret(struct span text)
{
        if (text.len < STRIDE + AHEAD) {
                return true;
        }
        const uint8_t *last = text.data + (text.len - STRIDE - AHEAD);
        stride found = pairs(last); /* some of them are looked at twice */
        for (const uint8_t *at = text.data; at < last; at += STRIDE) {
                found |= pairs(at);
        }
        return stride_any(found);
}

/** Apart from secret_suspected, which most texts leave at once: it needs many registers. */
static __attribute__((noinline)) bool holds_secret(struct span text)
{
        for (size_t at = 0; at < text.len; at++) {
                if (begins_secret(text, at)) {
                        return true;
                }
        }
        return false;
}

bool secret_suspected(struct span text)
{
        return may_hold_secret(text) && holds_secret(text);
}

/** password=…, "password": "…", PWD='…': a name of a password with a value behind it. */
static bool has_option(struct span text)
{
        for (size_t i = 0; i + 2 <= text.len; i++) {
                size_t at = word_at(text, i);
                if (at == 0) {
                        continue;
                }
                at += i;
                while (at < text.len && (is_letter(text.data[at]) || text.data[at] == '_')) {
                        at++;
                }
                while (at < text.len && memchr("\\\"'` \t\n", text.data[at], 7) != NULL) {
                        at++;
                }
                if (at + 1 < text.len && (text.data[at] == '=' || text.data[at] == ':')) {
                        return true;
                }
        }
        return false;
}

/** Where a password is spoken of: not of a passage, nor of who was identified. @p is_data: "pw" alone
 *  says nothing, as any bytes may have it. @return text.len if nowhere. */
static size_t mention_at(struct span text, bool is_data)
{
        for (size_t i = 0; i + 2 <= text.len; i++) {
                struct span rest = {text.data + i, text.len - i};
                if (word_at(text, i) > (is_data ? 2 : 0) || starts(rest, "IDENTIFIED BY") ||
                    starts(rest, "IDENTIFIED VIA") || starts(rest, "IDENTIFIED WITH")) {
                        return i;
                }
        }
        return text.len;
}

bool secret_is_mentioned(struct span text)
{
        return mention_at(text, false) < text.len;
}

bool secret_is_within(struct span text)
{
        struct span rest = span_skip(text, mention_at(text, true));
        bool quotes = rest.len > 0 &&
                      (memchr(rest.data, '\'', rest.len) != NULL || memchr(rest.data, '"', rest.len) != NULL);
        return quotes || has_url(text) || has_option(text);
}

bool secret_is_in_error(struct span error, struct span statement)
{
        const uint8_t *first = error.len > 0 ? memchr(error.data, '\'', error.len) : NULL;
        const uint8_t *last = first != NULL ? memrchr(error.data, '\'', error.len) : NULL;
        if (first == NULL || last - first < 2) {
                return false;
        }
        struct span near = span_of(first + 1, (size_t)(last - first) - 1);
        bool constants =
            memchr(near.data, '\'', near.len) != NULL || memchr(near.data, '"', near.len) != NULL;
        return constants && memmem(statement.data, statement.len, near.data, near.len) == NULL;
}
