#include "rules/criterion.h"

#include "mysql/wire/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- reading -------------------------------------------------------------------------------------------------------- */

bool criterion_read_words(struct criterion *c, char *text)
{
        char *rest = text;
        for (char *word = strtok_r(text, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest)) {
                if (c->n == CRITERION_VALUES) {
                        return false;
                }
                c->words[c->n++] = span_str(word);
        }
        return c->n > 0;
}

bool criterion_read_names(struct criterion *c, char *text, bool (*is_name)(struct span word),
                          void (*try_names)(struct nearest *n))
{
        if (!criterion_read_words(c, text)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                if (!is_name(c->words[i])) {
                        struct nearest n = nearest_to((const char *)c->words[i].data);
                        try_names(&n);
                        c->wrong = c->words[i];
                        c->nearest = nearest_found(&n);
                        return false;
                }
        }
        return true;
}

bool criterion_read_digits(struct criterion *c, char *text)
{
        static const char digits[] = "0123456789abcdefABCDEF";
        if (!criterion_read_words(c, text)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                if (strspn((const char *)c->words[i].data, digits) != c->words[i].len) {
                        c->wrong = c->words[i];
                        return false;
                }
        }
        return true;
}

bool criterion_read_number(struct criterion *c, char *text)
{
        return criterion_read_numbers(c, text) && c->n == 1;
}

bool criterion_read_numbers(struct criterion *c, char *text)
{
        struct criterion words = {.n = 0};
        if (!criterion_read_words(&words, text)) {
                return false;
        }
        for (size_t i = 0; i < words.n; i++) {
                char *end;
                const char *word = (const char *)words.words[i].data;
                errno = 0;
                c->numbers[i] = strtoull(word, &end, 10);
                if (*word < '0' || *word > '9' || *end != '\0' || errno != 0) {
                        return false;
                }
        }
        c->n = words.n;
        return true;
}

bool criterion_read_networks(struct criterion *c, char *text)
{
        struct criterion words = {.n = 0};
        if (!criterion_read_words(&words, text)) {
                return false;
        }
        for (size_t i = 0; i < words.n; i++) {
                if (!network_parse(text + ((const char *)words.words[i].data - text), &c->networks[i])) {
                        return false;
                }
        }
        c->n = words.n;
        return true;
}

bool criterion_read_duration(struct criterion *c, char *text)
{
        static const struct {
                const char *unit;
                double us;
        } units[] = {{"", 1}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 6e7}};
        char *end;
        double value = strtod(text, &end);
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
                if (end != text && strcmp(end, units[i].unit) == 0 && value >= 0 && value < 1e12) {
                        c->numbers[0] = (uint64_t)(value * units[i].us);
                        c->n = 1;
                        return true;
                }
        }
        return false;
}

bool criterion_read_fraction(struct criterion *c, char *text)
{
        char *end;
        c->fraction = strtod(text, &end);
        return end != text && *end == '\0' && c->fraction >= 0 && c->fraction <= 1;
}

bool criterion_read_switch(struct criterion *c, char *text)
{
        c->given = strcmp(text, "1") == 0;
        return c->given || strcmp(text, "0") == 0;
}

/* --- comparing ------------------------------------------------------------------------------------------------------- */

static bool glob(struct span pattern, struct span text)
{
        size_t star = SIZE_MAX; /* the last * seen, and where what it matches ends */
        size_t eaten = 0;
        size_t p = 0;
        size_t t = 0;
        while (t < text.len) {
                if (p < pattern.len && pattern.data[p] == '*') {
                        star = p++;
                        eaten = t;
                } else if (p < pattern.len && (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
                        p++;
                        t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++eaten;
                } else {
                        return false;
                }
        }
        while (p < pattern.len && pattern.data[p] == '*') {
                p++;
        }
        return p == pattern.len;
}

/** Does @p word name @p command? COM_STMT_EXECUTE is also stmt_execute and execute. */
static bool names_command(struct span word, struct span command)
{
        while (command.len >= word.len && word.len > 0) {
                if (command.len == word.len &&
                    strncasecmp((const char *)word.data, (const char *)command.data, word.len) == 0) {
                        return true;
                }
                const uint8_t *bar = memchr(command.data, '_', command.len);
                if (bar == NULL) {
                        return false;
                }
                command = span_skip(command, (size_t)(bar - command.data) + 1);
        }
        return false;
}

enum { COMMANDS_END = 256 }; /* a command is one byte */

static bool is_command_name(struct span word)
{
        for (unsigned code = 0; code < COMMANDS_END; code++) {
                if (names_command(word, span_str(command_type((uint8_t)code)->name))) {
                        return true;
                }
        }
        return false;
}

/** Offer each name with and without its prefixes. */
static void try_command_names(struct nearest *n)
{
        for (unsigned code = 0; code < COMMANDS_END; code++) {
                for (const char *name = command_type((uint8_t)code)->name; name != NULL;) {
                        nearest_try(n, name);
                        name = strchr(name, '_');
                        name = name != NULL ? name + 1 : NULL;
                }
        }
}

bool criterion_read_commands(struct criterion *c, char *text)
{
        return criterion_read_names(c, text, is_command_name, try_command_names);
}

static bool begins(struct span word, struct span text)
{
        return text.len >= word.len &&
               strncasecmp((const char *)word.data, (const char *)text.data, word.len) == 0;
}

static bool is_same(struct span word, struct span text)
{
        return span_equal(word, text);
}

static bool any_word(const struct criterion *c, struct span text,
                     bool (*fits)(struct span word, struct span text))
{
        for (size_t i = 0; i < c->n; i++) {
                if (fits(c->words[i], text)) {
                        return true;
                }
        }
        return false;
}

bool criterion_has_glob(const struct criterion *c, struct span text)
{
        return any_word(c, text, glob);
}

bool criterion_has_word(const struct criterion *c, struct span text)
{
        return any_word(c, text, is_same);
}

bool criterion_has_prefix(const struct criterion *c, struct span text)
{
        return any_word(c, text, begins);
}

bool criterion_has_command(const struct criterion *c, struct span text)
{
        return any_word(c, text, names_command);
}

bool criterion_has_number(const struct criterion *c, uint64_t number)
{
        for (size_t i = 0; i < c->n; i++) {
                if (c->numbers[i] == number) {
                        return true;
                }
        }
        return false;
}

bool criterion_has_address(const struct criterion *c, struct span address)
{
        struct network a;
        if (!network_of_address(address, &a)) {
                return false;
        }
        for (size_t i = 0; i < c->n; i++) {
                if (network_has(&c->networks[i], &a)) {
                        return true;
                }
        }
        return false;
}
