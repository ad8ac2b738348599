#include "mysql/secret.h"

#include <string.h>

/* --- the quick look ----------------------------------------------------------------------------------------------- */

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

/** PASSWORD, passwd, user_pass, passphrase … but no passenger and no compass. */
static bool names_password(struct span name)
{
        for (size_t i = 0; i + 4 <= name.len; i++) {
                struct span rest = span_skip(name, i);
                if (starts(rest, "PASSW") || starts(rest, "PASSPHRASE") || starts(rest, "PASSCODE")) {
                        return true;
                }
                bool begins =
                    i == 0 || name.data[i - 1] == '_' || name.data[i - 1] == '`' || name.data[i - 1] == '"';
                if (begins && starts(rest, "PASS") &&
                    (rest.len == 4 || rest.data[4] == '`' || rest.data[4] == '"')) {
                        return true;
                }
        }
        return false;
}

static bool has_url(struct span text)
{
        const uint8_t *at = text.len > 3 ? memmem(text.data, text.len, "://", 3) : NULL;
        return at != NULL && memchr(at, '@', text.len - (size_t)(at - text.data)) != NULL;
}

/** Does something suspicious begin at @p text? */
static bool is_suspicious(struct span text)
{
        switch (text.data[0]) {
        case 'P':
        case 'p': return starts(text, "PASS");
        case 'I':
        case 'i': return starts(text, "IDENTIFIED");
        case ':': return has_url(text);
        default: return false;
        }
}

/* Sixteen bytes at a stride: each statement is looked at. */
typedef uint8_t stride __attribute__((vector_size(16)));
enum { STRIDE = sizeof(stride), AHEAD = 2 };

#define EACH(c) ((stride){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c})

static stride load(const uint8_t *at)
{
        stride bytes;
        memcpy(&bytes, at, sizeof bytes);
        return bytes;
}

/** Does "pas", "ide" or "://" begin within the sixteen bytes at @p at? (In either case; with AHEAD bytes behind them.) */
static bool may_begin(const uint8_t *at)
{
        stride first = load(at);
        stride second = load(at + 1);
        stride third = load(at + 2);
        stride lower = first | EACH(0x20);
        stride next = second | EACH(0x20);
        stride after = third | EACH(0x20);
        stride found = (stride)(((lower == EACH('p')) & (next == EACH('a')) & (after == EACH('s'))) |
                                ((lower == EACH('i')) & (next == EACH('d')) & (after == EACH('e'))) |
                                ((first == EACH(':')) & (second == EACH('/')) & (third == EACH('/'))));
        uint64_t halves[2];
        memcpy(halves, &found, sizeof halves);
        return (halves[0] | halves[1]) != 0;
}

bool secret_suspected(struct span text)
{
        size_t i = 0;
        while (i < text.len) {
                bool stride_fits = text.len - i >= STRIDE + AHEAD;
                if (!stride_fits && text.len >= STRIDE + AHEAD &&
                    !may_begin(text.data + text.len - STRIDE - AHEAD)) {
                        return false; /* the last ones, some of them for the second time; nothing begins within the last two */
                }
                size_t end = stride_fits ? i + STRIDE : text.len;
                if (!stride_fits || may_begin(text.data + i)) {
                        for (; i < end; i++) {
                                if (is_suspicious(span_skip(text, i))) {
                                        return true;
                                }
                        }
                }
                i = end;
        }
        return false;
}

/** A string that is itself a statement with a password, or a URL with one. */
static bool holds_secret(struct span string)
{
        struct span inner = span_skip(string, 1);
        inner.len -= inner.len > 0 ? 1 : 0;
        bool quotes = inner.len > 0 && (memchr(inner.data, '\'', inner.len) != NULL ||
                                        memchr(inner.data, '"', inner.len) != NULL);
        return (quotes && secret_suspected(inner)) || has_url(inner);
}

/* --- token by token ------------------------------------------------------------------------------------------------ */

struct secret_finder secret_finder_begin(struct sql_mode mode)
{
        return (struct secret_finder){.mode = mode};
}

/** Statements whose kind takes passwords: there, all that follows the word is one. */
static bool takes_passwords(const struct sql_token *t)
{
        static const char *const kinds[] = {"CREATE", "ALTER",  "SET",   "GRANT", "CHANGE", "START",
                                            "CLONE",  "REVOKE", "PURGE", "DROP",  "SHOW"};
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
                if (sql_is(t, kinds[i])) {
                        return true;
                }
        }
        return false;
}

static bool is_word(const struct sql_token *t)
{
        return t->kind == SQL_KEYWORD || t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_HOST;
}

static void on_word(struct secret_finder *f, const struct sql_token *t)
{
        if (!f->begun) {
                f->begun = true;
                f->is_change = takes_passwords(t);
        }
        bool is_identified = starts(t->text, "IDENTIFIED");
        if (is_identified || names_password(t->text)) {
                f->armed = true;
                f->once = !is_identified && !f->is_change;
                f->armed_depth = f->depth;
        } else if (f->armed && f->once && f->depth == f->armed_depth) {
                /* only what stands by the name: password LIKE 'x', password = BINARY 'x' */
                f->armed = sql_is(t, "LIKE") || sql_is(t, "BINARY") || sql_is(t, "NOT") || sql_is(t, "IN") ||
                           sql_is(t, "AS") || sql_is(t, "RLIKE") || sql_is(t, "REGEXP");
        }
        f->is_plugin = f->armed && !f->once && (sql_is(t, "WITH") || starts(t->text, "VIA"));
}

static void on_operator(struct secret_finder *f, const struct sql_token *t)
{
        uint8_t c = t->text.len == 1 ? t->text.data[0] : 0;
        switch (c) {
        case '(': f->depth++; break;
        case ')':
                f->depth -= f->depth > 0 ? 1 : 0;
                f->armed = f->armed && f->depth >= f->armed_depth && !(f->once && f->depth == f->armed_depth);
                break;
        case ',': f->armed = f->armed && f->depth > f->armed_depth; break;
        case ';': *f = secret_finder_begin(f->mode); break;
        default: break;
        }
}

static bool on_literal(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        bool is_user = f->before == SECRET_AT || (next->kind == SQL_OPERATOR && next->text.data[0] == '@');
        bool is_plugin = f->is_plugin;
        f->is_plugin = false;
        if (t->kind == SQL_STRING && holds_secret(t->text)) {
                return true;
        }
        if (!f->armed || is_user || is_plugin) {
                return false;
        }
        f->armed = !f->once || f->depth > f->armed_depth;
        return t->kind != SQL_NUMBER || f->once || t->text.data[0] == 'x' || t->text.data[0] == 'X' ||
               t->text.data[0] == '0';
}

bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        bool found = false;
        if (t->kind == SQL_COMMENT) {
                return t->text.len > 2 && secret_suspected(t->text) && t->text.data[t->text.len - 1] == '/';
        }
        if (is_word(t)) {
                on_word(f, t);
        } else if (t->kind == SQL_OPERATOR) {
                on_operator(f, t);
        } else if (sql_is_literal(t) || t->kind == SQL_PARAMETER) {
                found = on_literal(f, t, next);
        }
        f->before = t->kind == SQL_OPERATOR && t->text.data[0] == '@' ? SECRET_AT
                    : is_word(t)                                      ? SECRET_NAME
                                                                      : SECRET_OTHER;
        return found;
}
