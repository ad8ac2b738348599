/** @file flags.h  The flags of a command are one table, which getopt_long(3) parses. The flags of proxy and config are the settings
 * instead: settings/args.c parses them, from the table of settings.
 * Names cannot be abbreviated: otherwise a new flag could change the meaning of an abbreviation.
 * Threads: main, as the state of getopt_long is global.   Memory: allocates nothing. */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

enum { FLAGS_MAX = 32 }; /**< in one table */

enum flag_value {
        FLAG_SWITCH,   /**< no value */
        FLAG_VALUE,    /**< --flag VALUE, --flag=VALUE, -f VALUE */
        FLAG_OPTIONAL, /**< --flag, --flag=VALUE */
};

struct flag {
        const char *name; /**< without its dashes; NULL if it has only a letter */
        char letter;      /**< '\0' if it has only a name */
        enum flag_value value;
        /** Take the value, which is NULL if there is none. @return false if it is wrong, which is reported. */
        bool (*take)(void *into, const char *value);
        void *into;
};

/** Store the value in *(const char **)@p into. */
bool flags_take_text(void *into, const char *value);
/** Set *(bool *)@p into to true. */
bool flags_take_switch(void *into, const char *value);

enum flags_order {
        FLAGS_ANYWHERE, /**< flags may follow arguments; "--" ends the flags */
        FLAGS_FIRST,    /**< the first argument ends the flags */
};

/** Take the @p n flags of @p flags out of argv; the other arguments stay in order after argv[0].
 *  @return false if something is wrong, which is reported: what it is or, if @p usage is not NULL, how to use the subcommand of heap. */
bool flags_parse(const struct flag *flags, size_t n, enum flags_order order, const char *usage, int *argc,
                 char **argv);

#endif
