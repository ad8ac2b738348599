#include "rules/criterion.h"

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
