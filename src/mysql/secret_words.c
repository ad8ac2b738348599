#include "mysql/secret_words.h"

enum { AHEAD = 1 };

/* --- pairs --------------------------------------------------------------------------------------------------------------
 *
 * Sixteen bytes at a stride: each statement is looked at, and each definition of a column. Each word has one of a few pairs
 * in it: PASS and SST_AUTH the ss, PW the pw, CRYPT the pt, IDENTIFIED the if, AUTHENTICATION_STRING the _s. */

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

bool secret_words_may_be_in(struct span text)
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

/** Go to the next stride that has a pair. @return false at the end. */
static bool load_stride(struct secret_words *w)
{
        while (w->next + AHEAD < w->text.len) {
                uint8_t room[STRIDE + AHEAD] = {0};
                struct span rest = span_skip(w->text, w->next);
                if (rest.len < sizeof room) {
                        memcpy(room, rest.data, rest.len);
                        rest.data = room;
                }
                stride found = pairs(rest.data);
                w->base = w->next;
                w->next += STRIDE;
                w->i = 0;
                if (stride_any(found)) {
                        memcpy(w->found, &found, sizeof found);
                        return true;
                }
        }
        w->i = STRIDE;
        return false;
}

/* --- words -------------------------------------------------------------------------------------------------------------- */

static uint8_t upper(uint8_t c)
{
        return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static bool is_letter(uint8_t c)
{
        return upper(c) >= 'A' && upper(c) <= 'Z';
}

/** Does @p word, in upper case, stand so that its byte @p back is at @p at? */
static bool stands(struct span text, size_t at, size_t back, const char *word)
{
        size_t len = strlen(word);
        if (at < back || text.len - (at - back) < len) {
                return false;
        }
        for (size_t i = 0; i < len; i++) {
                if (upper(text.data[at - back + i]) != (uint8_t)word[i]) {
                        return false;
                }
        }
        return true;
}

/** A part of a name as a whole: user_pw, pass, but no passenger and no upward. */
static bool is_part(struct span name, size_t at, size_t len)
{
        return (at == 0 || !is_letter(name.data[at - 1])) &&
               (at + len == name.len || !is_letter(name.data[at + len]));
}

static struct secret_word word(enum secret_word_kind kind, size_t at, size_t len)
{
        return (struct secret_word){kind, at, len};
}

/** What PASS at @p at begins. */
static struct secret_word of_pass(struct span text, size_t at)
{
        static const char *const words[] = {"PASSW", "PASSPHRASE", "PASSCODE"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (stands(text, at, 0, words[i])) {
                        return word(SECRET_WORD_NAME, at, strlen(words[i]));
                }
        }
        return word(is_part(text, at, 4) ? SECRET_WORD_NAME : SECRET_WORD_PASS, at, 4);
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/** Does what ends at @p end look like a call? */
static bool is_called(struct span text, size_t end)
{
        return end < text.len && (text.data[end] == '(' || is_blank(text.data[end]));
}

static struct secret_word of_p(struct span text, size_t at)
{
        if (stands(text, at, 0, "PWD")) {
                return word(SECRET_WORD_NAME, at, 3);
        }
        if (stands(text, at, 0, "PW") && is_part(text, at, 2)) {
                return word(SECRET_WORD_SHORT, at, 2);
        }
        bool is_call = stands(text, at, 3, "CRYPT") && is_called(text, at + 2);
        return is_call ? word(SECRET_WORD_CALL, at - 3, 5) : word(SECRET_WORD_NONE, at, 0);
}

static struct secret_word of_colon(struct secret_words *w, size_t at)
{
        struct span rest = span_skip(w->text, at);
        if (w->has_no_url || !stands(w->text, at, 0, "://")) {
                return word(SECRET_WORD_NONE, at, 0);
        }
        w->has_no_url = memchr(rest.data, '@', rest.len) == NULL;
        return word(w->has_no_url ? SECRET_WORD_NONE : SECRET_WORD_URL, at, 3);
}

/** The word that has the pair at @p at. */
static struct secret_word word_of(struct secret_words *w, size_t at)
{
        static const char string[] = "AUTHENTICATION_STRING";
        switch (upper(w->text.data[at])) {
        case 'S':
                if (stands(w->text, at, 2, "PASS")) {
                        return of_pass(w->text, at - 2);
                }
                return word(stands(w->text, at, 0, "SST_AUTH") ? SECRET_WORD_NAME : SECRET_WORD_NONE, at, 8);
        case '_':
                if (stands(w->text, at, 14, string)) {
                        return word(SECRET_WORD_NAME, at - 14, sizeof string - 1);
                }
                break;
        case 'P': return of_p(w->text, at);
        case 'I':
                if (stands(w->text, at, 5, "IDENTIFIED")) {
                        return word(SECRET_WORD_IDENTIFIED, at - 5, 10);
                }
                break;
        case ':': return of_colon(w, at);
        default: break;
        }
        return word(SECRET_WORD_NONE, at, 0);
}

struct secret_words secret_words_of(struct span text)
{
        return (struct secret_words){.text = text, .i = STRIDE};
}

struct secret_word secret_words_next(struct secret_words *w)
{
        while (w->i < STRIDE || load_stride(w)) {
                for (; w->i < STRIDE; w->i++) {
                        if (w->found[w->i] != 0) {
                                struct secret_word found = word_of(w, w->base + w->i);
                                if (found.kind != SECRET_WORD_NONE) {
                                        w->i++;
                                        return found;
                                }
                        }
                }
        }
        return word(SECRET_WORD_NONE, w->text.len, 0);
}
