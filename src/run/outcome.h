/** @file outcome.h  What a run of a test suite came to: the command's end, and a list of what was found.
 *
 * An item is about one scope, and mostly one shape in it. Items are sorted by level, rule and shape, so that the scopes with the same
 * finding are next to each other, and reports can show it once.
 * Threads: main.   Memory: STAGE_MAIN; texts of items are the tally's, or others' that live longer, except the message. */
#ifndef RUN_OUTCOME_H
#define RUN_OUTCOME_H

#include "run/tally.h"

enum outcome_level {
        OUTCOME_FAIL,
        OUTCOME_INCONCLUSIVE, /**< it may be wrong, or the tests may have run in another order */
        OUTCOME_NOTE,
        OUTCOME_LEVELS
};

struct outcome_item {
        enum outcome_level level;
        const char *rule;   /**< static: "n_plus_one", "budget", "contract" … */
        const char *advice; /**< static: what to do; NULL = nothing */
        struct span scope;
        struct span shape;   /**< empty: it is about the whole scope */
        struct span place;   /**< file:line of the application; may be empty */
        struct span example; /**< a statement; may be empty */
        uint64_t count;      /**< of statements; 0 = it says nothing */
        char *message;       /**< the outcome's own */
};

struct outcome {
        const struct tally *tally;
        struct outcome_item *items;
        size_t n;
        size_t room;
        uint64_t by_level[OUTCOME_LEVELS];
        bool failed_memory; /**< items are missing */

        const char *command;  /**< the name of the program, without its arguments */
        int exit;             /**< of the command, as a shell has it */
        int signal;           /**< that we received; 0 = none */
        unsigned left_behind; /**< processes that the command left */
        bool is_empty;        /**< no statement came, and that is an error */
        uint64_t began_ns;    /**< wall time */
        uint64_t duration_ns;
};

/** Add an item with a message, as printf makes it. */
void outcome_add(struct outcome *o, struct outcome_item item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void outcome_sort(struct outcome *o);
void outcome_fini(struct outcome *o);

/** How many items from @p i on tell the same of different scopes, with @p i. */
size_t outcome_alike(const struct outcome *o, size_t i);

const char *outcome_level_name(enum outcome_level level);
/** Did the run fail, whatever the command's own status is? */
bool outcome_failed(const struct outcome *o);
/** The exit status of `querytap run`. */
int outcome_exit(const struct outcome *o);

#endif
