#include "mysql/sql/secret_words.h"

#include "mysql/sql/secret_pairs.h"

/** Examine the text up to the next bytes that contain a pair. @return false at the end. */
static bool find_pairs(struct secret_words *w)
{
        if (w->found == 0) {
                w->found = secret_pairs_next(w->text, &w->next);
                w->base = w->next - SECRET_PAIRS_AT_ONCE;
        }
        return w->found != 0;
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

static bool is_small(uint8_t c)
{
        return c >= 'a' && c <= 'z';
}

/** Is it a whole part of a name, as in user_pw and pass, but not in passenger and upward? */
static bool is_part(struct span name, size_t at, size_t len)
{
        bool begins =
            at == 0 || !is_letter(name.data[at - 1]) ||
            (at > 1 && name.data[at - 1] == 'N' && name.data[at - 2] == '\\'); /* \N is a word of its own */
        return begins && (at + len == name.len || !is_letter(name.data[at + len]));
}

/** The same, and in userPass and passHash. */
static bool is_hump(struct span name, size_t at, size_t len)
{
        const uint8_t *first = name.data + at;
        const uint8_t *last = first + len - 1;
        bool begins = at == 0 || !is_letter(first[-1]) || (is_small(first[-1]) && !is_small(first[0]));
        bool ends = at + len == name.len || !is_letter(last[1]) || (is_small(last[0]) && !is_small(last[1]));
        return begins && ends;
}

/** May the word that ends at @p end be the name of a function? Comments may precede its parenthesis. */
static bool is_called(struct span text, size_t end)
{
        return end < text.len && memchr("( \t\n\v\f\r/*#-`\"", text.data[end], 12) != NULL;
}

/** Is @p c part of a name? Digits are not counted, since a name may directly follow a number: 1e5encode. */
static bool is_of_name(uint8_t c)
{
        return is_letter(c) || c == '_' || c == '$' || c >= 0x80;
}

/** Where a word must be to count. */
enum rule {
        ANYWHERE,
        CALLED,     /* the name of a function ends with it */
        CALLED_SO,  /* it is the whole name of a function */
        AS_PART,    /* it is a name, or a part of one */
        AS_HUMP,    /* the same, or a part that begins with a capital */
        IN_OTHERS,  /* within another word */
        BEFORE_AT,  /* an @ follows */
        BEFORE_END, /* the text ends without one */
};

#define WORD(text) text, sizeof(text) - 1

/* Sorted by the first byte of their pairs. If several rows match at one place, the first one counts. */
static const struct row {
        const char *word; /* in upper case */
        uint8_t len;
        uint8_t pair; /* offset of its pair */
        uint8_t rule;
        uint8_t kind;
} rows[] = {
    {WORD("PASSW"), 2, ANYWHERE, SECRET_WORD_NAME},
    {WORD("PASSPHRASE"), 2, ANYWHERE, SECRET_WORD_NAME},
    {WORD("PASSCODE"), 2, ANYWHERE, SECRET_WORD_NAME},
    {WORD("PASS"), 2, AS_HUMP, SECRET_WORD_NAME},
    {WORD("PASS"), 2, IN_OTHERS, SECRET_WORD_PASS},
    {WORD("SST_AUTH"), 1, ANYWHERE, SECRET_WORD_NAME},
    {WORD("AUTHENTICATION_STRING"), 14, ANYWHERE, SECRET_WORD_NAME},
    {WORD("S3_SECRET_KEY"), 2, ANYWHERE, SECRET_WORD_NAME},
    {WORD("HASHICORP_SECRET_ID"), 9, ANYWHERE, SECRET_WORD_NAME},
    {WORD("KEYRING_KEY_STORE"), 11, CALLED_SO, SECRET_WORD_CALL},
    {WORD("CHALLENGE_RESPONSE"), 9, ANYWHERE, SECRET_WORD_NAME},
    {WORD("KEY_MANAGEMENT_FILEKEY"), 3, ANYWHERE, SECRET_WORD_NAME},
    {WORD("KEY_MANAGEMENT_TOKEN"), 3, ANYWHERE, SECRET_WORD_NAME},
    {WORD("PWD"), 0, ANYWHERE, SECRET_WORD_NAME},
    {WORD("PW"), 0, AS_PART, SECRET_WORD_SHORT},
    {WORD("CRYPT"), 3, CALLED, SECRET_WORD_CALL},
    {WORD("ENCODE"), 3, CALLED_SO, SECRET_WORD_CALL},
    {WORD("DECODE"), 3, CALLED_SO, SECRET_WORD_CALL},
    {WORD("KDF"), 1, CALLED_SO, SECRET_WORD_CALL},
    {WORD("ASYMMETRIC_"), 3, ANYWHERE, SECRET_WORD_CALL},
    {WORD("IDENTIFIED"), 5, ANYWHERE, SECRET_WORD_IDENTIFIED},
    {WORD("://"), 0, BEFORE_AT, SECRET_WORD_URL},
    {WORD("://"), 0, BEFORE_END, SECRET_WORD_CUT_URL},
};

/** The rows whose pair begins with a certain byte: the first one, and their number. */
static const struct {
        uint8_t first;
        uint8_t n;
} rows_of[256] = {
    ['S'] = {0, 6},  ['_'] = {6, 7},  ['P'] = {13, 3}, ['O'] = {16, 2},
    ['D'] = {18, 1}, ['M'] = {19, 1}, ['I'] = {20, 1}, [':'] = {21, 2},
};

/** Is the word of @p row in the text, with its pair at @p at? */
static bool stands(struct span text, size_t at, const struct row *row)
{
        if (at < row->pair || text.len - (at - row->pair) < row->len) {
                return false;
        }
        const uint8_t *begin = text.data + at - row->pair;
        for (size_t i = 0; i < row->len; i++) {
                if (upper(begin[i]) != (uint8_t)row->word[i]) {
                        return false;
                }
        }
        return true;
}

static bool has_at(struct secret_words *w, size_t at)
{
        w->has_no_url = w->has_no_url || memchr(w->text.data + at, '@', w->text.len - at) == NULL;
        return !w->has_no_url;
}

/** Was a URL cut within its password: ://user:pass? */
static bool is_cut(struct span text, size_t at)
{
        bool has_colon = false;
        for (size_t i = at + 3; i < text.len; i++) {
                if (text.data[i] <= ' ' || memchr("/'\"`", text.data[i], 4) != NULL) {
                        return false;
                }
                has_colon = has_colon || text.data[i] == ':';
        }
        return has_colon;
}

static bool holds(struct secret_words *w, enum rule rule, size_t at, size_t len)
{
        switch (rule) {
        case CALLED: return is_called(w->text, at + len);
        case CALLED_SO: return is_called(w->text, at + len) && (at == 0 || !is_of_name(w->text.data[at - 1]));
        case AS_PART: return is_part(w->text, at, len);
        case AS_HUMP: return is_hump(w->text, at, len);
        case BEFORE_AT: return has_at(w, at);
        case BEFORE_END: return is_cut(w->text, at);
        case ANYWHERE:
        case IN_OTHERS: break;
        }
        return true;
}

/** May a word of the table have its pair at @p at? The byte before it was looked at; the one before that excludes most words of a language,
 *  such as class and different. */
static inline bool is_likely(struct span text, size_t at)
{
        uint8_t before = at > 1 ? text.data[at - 2] | 0x20 : 0;
        uint8_t next = text.data[at + 1] | 0x20;
        switch (text.data[at] | 0x20) {
        case 's': return before == 'p' || next == 't'; /* PASS, SST_AUTH */
        case 'i': return before == 'n';                /* IDENTIFIED */
        case 'm': return before == 's';                /* ASYMMETRIC_ */
        default: return true;
        }
}

/** The word whose pair is at @p at. */
static struct secret_word word_of(struct secret_words *w, size_t at)
{
        uint8_t c = upper(w->text.data[at]);
        const struct row *row = &rows[rows_of[c].first];
        for (unsigned i = 0; i < rows_of[c].n; i++, row++) {
                if (stands(w->text, at, row) && holds(w, (enum rule)row->rule, at - row->pair, row->len)) {
                        return (struct secret_word){(enum secret_word_kind)row->kind, at - row->pair,
                                                    row->len};
                }
        }
        return (struct secret_word){SECRET_WORD_NONE, at, 0};
}

struct secret_words secret_words_of(struct span text)
{
        return (struct secret_words){.text = text};
}

struct secret_word secret_words_next(struct secret_words *w)
{
        while (find_pairs(w)) {
                size_t at = w->base + (size_t)__builtin_ctz(w->found);
                w->found &= w->found - 1;
                if (is_likely(w->text, at)) {
                        struct secret_word found = word_of(w, at);
                        if (found.kind != SECRET_WORD_NONE) {
                                return found;
                        }
                }
        }
        return (struct secret_word){SECRET_WORD_NONE, w->text.len, 0};
}
