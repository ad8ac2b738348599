/** @file criterion.h  One criterion of a filter: the values that it reads from its text, and comparisons with them.
 * Knows: words, numbers, networks, patterns.   Does not know: which field of a record they are compared with (rules/filter.h).
 * Threads: one at a time.   Memory: words are spans of the text, which must live as long; a pattern is STAGE_JOURNAL's. */
#ifndef RULES_CRITERION_H
#define RULES_CRITERION_H

#include "base/nearest.h"
#include "base/span.h"
#include "rules/network.h"
#include "rules/pattern.h"

#include <stdbool.h>

enum { CRITERION_VALUES = 32 };

/** To be initialised with zeroes. */
struct criterion {
        bool given;
        bool negated;
        size_t n;
        union {
                struct span words[CRITERION_VALUES];
                uint64_t numbers[CRITERION_VALUES];
                struct network networks[CRITERION_VALUES];
                uint64_t flags;
                double fraction;
        };
        struct span
            wrong; /**< set by a reader that returned false: the word that is wrong, if it was a single one */
        const char *nearest; /**< in that case, the word that was probably meant; NULL if none is similar */
        struct pattern *pattern; /**< NULL but for one that is a pattern; the owner's to free */
};

/* Read the values from @p text, which is changed. @return false if it is not of the form, or has more than CRITERION_VALUES. */

/** Words, with commas or spaces between them. */
bool criterion_read_words(struct criterion *c, char *text);
/** Words, each of which @p is_name accepts; @p try_names offers all names for the hint. */
bool criterion_read_names(struct criterion *c, char *text, bool (*is_name)(struct span word),
                          void (*try_names)(struct nearest *n));
/** Names of commands: COM_STMT_EXECUTE, stmt_execute or execute. */
bool criterion_read_commands(struct criterion *c, char *text);
/** Words of hexadecimal digits. */
bool criterion_read_digits(struct criterion *c, char *text);
/** One number. */
bool criterion_read_number(struct criterion *c, char *text);
bool criterion_read_numbers(struct criterion *c, char *text);
/** 10.0.0.0/8, fe80::/16, 192.168.1.7. */
bool criterion_read_networks(struct criterion *c, char *text);
/** 10ms, 1.5s or 200us; without a unit microseconds, the unit of durations in records. One number. */
bool criterion_read_duration(struct criterion *c, char *text);
/** From 0 to 1. */
bool criterion_read_fraction(struct criterion *c, char *text);
/** 1; 0 makes it one that is not given. */
bool criterion_read_switch(struct criterion *c, char *text);

/* Does any of the words match @p text? */

/** With * and ?. */
bool criterion_has_glob(const struct criterion *c, struct span text);
bool criterion_has_word(const struct criterion *c, struct span text);
/** As the beginning of @p text, in upper or lower case. */
bool criterion_has_prefix(const struct criterion *c, struct span text);
/** As a command's name: COM_STMT_EXECUTE is also stmt_execute and execute. */
bool criterion_has_command(const struct criterion *c, struct span text);

bool criterion_has_number(const struct criterion *c, uint64_t number);
/** Is the address in "host:port" or "[v6]:port" in one of the networks? */
bool criterion_has_address(const struct criterion *c, struct span address);

#endif
