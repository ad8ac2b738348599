#include "run/stable_text.h"

#include "mysql/sql/outline.h"

#include <ctype.h>

enum { DIGITS_RANDOM = 5, WORD_RANDOM = 8, CHANGES_RANDOM = 3 };

/** The verbs of statements that change data or definitions, and of those that drivers send on their own account. */
static const char *const writing[] = {"alter", "create", "delete",  "drop",     "import", "insert",
                                      "load",  "rename", "replace", "truncate", "update"};
static const char *const setting_up[] = {"set", "show", "use", "describe", "help"};

/* --- names ---------------------------------------------------------------------------------------------------------- */

static size_t word_length(struct span s)
{
        size_t n = 0;
        while (n < s.len && isalnum(s.data[n]) != 0) {
                n++;
        }
        return n;
}

/** Does @p word, of letters and digits, look as if it was made by chance? */
static bool is_random(struct span word)
{
        size_t digits = 0;
        size_t hex = 0;
        size_t changes = 0;
        for (size_t i = 0; i < word.len; i++) {
                bool is_digit = isdigit(word.data[i]) != 0;
                digits += is_digit ? 1 : 0;
                hex += isxdigit(word.data[i]) != 0 ? 1 : 0;
                changes += i > 0 && is_digit != (isdigit(word.data[i - 1]) != 0) ? 1 : 0;
        }
        return word.len >= WORD_RANDOM &&
               ((hex == word.len && digits > 1 && digits < word.len) || changes >= CHANGES_RANDOM);
}

/** Append @p word with an asterisk for long numbers in it. */
static void put_word(struct writer *w, struct span word)
{
        if (is_random(word)) {
                writer_char(w, '*');
                return;
        }
        while (word.len > 0) {
                size_t digits = 0;
                while (digits < word.len && isdigit(word.data[digits]) != 0) {
                        digits++;
                }
                size_t taken = digits > 0 ? digits : 1;
                writer_put(w, digits >= DIGITS_RANDOM ? span_str("*") : span_head(word, taken));
                word = span_skip(word, taken);
        }
}

/** Append the name @p name, without the quotes around it. */
static void put_name(struct writer *w, struct span name)
{
        while (name.len > 0) {
                size_t n = word_length(name);
                if (n > 0) {
                        put_word(w, span_head(name, n));
                } else {
                        writer_char(w, (char)name.data[0]);
                        n = 1;
                }
                name = span_skip(name, n);
        }
}

/** The length of the name at the start of @p s, which is behind a backtick, up to the closing one; a doubled one is part of it. */
static size_t name_length(struct span s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] != '`') {
                        continue;
                }
                if (i + 1 == s.len || s.data[i + 1] != '`') {
                        return i;
                }
                i++;
        }
        return s.len;
}

/* --- statements ----------------------------------------------------------------------------------------------------- */

static bool begins(struct span s, const char *text)
{
        size_t len = strlen(text);
        return s.len >= len && memcmp(s.data, text, len) == 0;
}

void stable_text_write(struct writer *w, struct span digest)
{
        static const char more_rows[] = " /* , ... */";
        bool is_savepoint =
            begins(digest, "SAVEPOINT ") || begins(digest, "RELEASE ") || begins(digest, "ROLLBACK ");
        while (digest.len > 0) {
                size_t taken = 1;
                if (digest.data[0] == '`') {
                        struct span name = span_head(span_skip(digest, 1), name_length(span_skip(digest, 1)));
                        bool is_closed = name.len + 1 < digest.len;
                        writer_char(w, '`');
                        if (is_savepoint) {
                                writer_char(w, '*');
                        } else {
                                put_name(w, name);
                        }
                        writer_text(w, is_closed ? "`" : "");
                        taken = name.len + (is_closed ? 2 : 1);
                } else if (begins(digest, more_rows)) {
                        taken = sizeof more_rows - 1;
                } else {
                        writer_char(w, (char)digest.data[0]);
                }
                digest = span_skip(digest, taken);
        }
}

/** Is the verb number @p verb one of the @p n words @p words? */
static bool is_verb(unsigned verb, const char *const *words, size_t n)
{
        const char *name = outline_verb_name(verb);
        for (size_t i = 0; i < n; i++) {
                if (name != NULL && strcmp(name, words[i]) == 0) {
                        return true;
                }
        }
        return false;
}

/** Is each table of @p o one of the server's own about definitions? Also if there is none. */
static bool asks_about_definitions(const struct outline *o)
{
        for (size_t i = 0; i < o->n_tables; i++) {
                uint8_t name[OUTLINE_NAME_MAX];
                size_t len = outline_name(o->tables[i].schema, name);
                if (!span_equal_nocase(span_of(name, len), "information_schema")) {
                        return false;
                }
        }
        return true;
}

struct stable_kind stable_kind_of(struct span digest)
{
        struct outline o;
        struct stable_kind kind = {.is_setup = true};
        outline_read(digest, (struct sql_mode){0}, false, &o);
        for (unsigned verb = 0; verb < OUTLINE_VERBS_MAX && outline_verb_name(verb) != NULL; verb++) {
                if ((o.verbs >> verb & 1) == 0) {
                        continue;
                }
                kind.writes |= is_verb(verb, writing, sizeof writing / sizeof writing[0]);
                bool is_question = strcmp(outline_verb_name(verb), "select") == 0;
                kind.is_setup &= is_verb(verb, setting_up, sizeof setting_up / sizeof setting_up[0]) ||
                                 (is_question && asks_about_definitions(&o));
        }
        return kind;
}
