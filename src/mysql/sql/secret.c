#include "mysql/sql/secret.h"

#include "mysql/sql/secret_pairs.h"
#include "mysql/sql/secret_words.h"

#include <strings.h>

bool secret_is_name(struct span name)
{
        struct secret_words words = secret_words_of(name);
        for (struct secret_word w = secret_words_next(&words); w.kind != SECRET_WORD_NONE;
             w = secret_words_next(&words)) {
                if (w.kind == SECRET_WORD_NAME || w.kind == SECRET_WORD_SHORT) {
                        return true;
                }
        }
        return false;
}

bool secret_is_cut_url(struct span text)
{
        struct secret_words words = secret_words_of(text);
        struct secret_word w = secret_words_next(&words);
        while (w.kind != SECRET_WORD_NONE && w.kind != SECRET_WORD_CUT_URL) {
                w = secret_words_next(&words);
        }
        return w.kind == SECRET_WORD_CUT_URL;
}

bool secret_word_is_in(struct span text)
{
        struct secret_words words = secret_words_of(text);
        return secret_words_next(&words).kind != SECRET_WORD_NONE;
}

/* --- texts that are data ------------------------------------------------------------------------------------------------ */

static bool is_letter(uint8_t c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static size_t skip_name(struct span text, size_t at)
{
        while (at < text.len && (is_letter(text.data[at]) || text.data[at] == '_')) {
                at++;
        }
        return at;
}

/** password=…, "password": "…", PWD='…', <password>…: is there a value behind the name of a password that ends at @p at? */
static bool has_value(struct span text, size_t at)
{
        while (at < text.len && memchr("\\\"'` \t\n\r", text.data[at], 8) != NULL) {
                at++;
        }
        return at + 1 < text.len && memchr("=:>", text.data[at], 3) != NULL;
}

/** Does IDENTIFIED, which ends at @p at, introduce a password, that is, do BY, VIA or WITH follow it? *@p shown: does anything follow
 *  those? */
static bool goes_on(struct span text, size_t at, bool *shown)
{
        static const char *const words[] = {"BY", "VIA", "WITH"};
        size_t begin = at;
        while (at < text.len && text.data[at] <= ' ') {
                at++;
        }
        *shown = false;
        if (at == text.len || memchr("/#-", text.data[at], 3) != NULL) {
                return true; /* another string follows, or a comment with more behind it */
        }
        for (size_t i = 0; at > begin && i < sizeof words / sizeof words[0]; i++) {
                size_t len = strlen(words[i]);
                if (text.len - at >= len && strncasecmp((const char *)text.data + at, words[i], len) == 0) {
                        at += len;
                        while (at < text.len && text.data[at] <= ' ') {
                                at++;
                        }
                        *shown = at < text.len && text.data[at] != '?';
                        return true;
                }
        }
        return false;
}

/** What a text mentions. Each byte is looked at once, whatever the text is. */
struct mentions {
        bool has_password; /**< a password, which neither a passage is nor an identified person */
        size_t
            data_at; /**< where; pw alone does not count, since arbitrary bytes contain it. The text's length if nowhere */
        bool has_option; /**< a name of a password with a value */
        bool has_url;
};

/** @p whole: search the whole text, not only up to the first word that mentions a password. */
static struct mentions mentions_of(struct span text, bool whole)
{
        struct mentions s = {.data_at = text.len};
        struct secret_words words = secret_words_of(text);
        size_t looked_to = 0; /* names that end before it share the value that was looked for there */
        while (!s.has_option && !s.has_url && (whole || !s.has_password)) {
                struct secret_word w = secret_words_next(&words);
                size_t end = w.at + w.len;
                bool is_name = w.kind == SECRET_WORD_NAME || w.kind == SECRET_WORD_SHORT;
                if (w.kind == SECRET_WORD_NONE) {
                        break;
                }
                if (is_name && end > looked_to) {
                        looked_to = skip_name(text, end);
                        s.has_option = has_value(text, looked_to);
                }
                bool shown = false;
                bool is_call = false;
                if (w.kind == SECRET_WORD_CALL && end > looked_to) {
                        looked_to = skip_name(text, end);
                        is_call = looked_to < text.len && text.data[looked_to] == '(';
                }
                if (is_name || is_call || (w.kind == SECRET_WORD_IDENTIFIED && goes_on(text, end, &shown))) {
                        s.has_password = true;
                        s.has_option = s.has_option || shown;
                        bool is_first = s.data_at == text.len && w.kind != SECRET_WORD_SHORT;
                        s.data_at = is_first ? w.at : s.data_at;
                }
                s.has_url = w.kind == SECRET_WORD_URL;
        }
        return s;
}

bool secret_is_mentioned(struct span text)
{
        return secret_pairs_any(text) && mentions_of(text, false).has_password;
}

bool secret_is_mentioned_in_data(struct span text)
{
        return secret_pairs_any(text) && mentions_of(text, true).data_at < text.len;
}

bool secret_is_within(struct span text)
{
        if (!secret_pairs_any(text)) {
                return false;
        }
        struct mentions s = mentions_of(text, true);
        struct span rest = span_skip(text, s.data_at);
        return s.has_option || s.has_url ||
               (rest.len > 0 &&
                (memchr(rest.data, '\'', rest.len) != NULL || memchr(rest.data, '"', rest.len) != NULL));
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
