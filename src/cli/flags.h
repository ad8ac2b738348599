/** @file flags.h  The flags of a command, from one table each, parsed by getopt_long(3). (Those of proxy and config are the settings:
 * settings/args.c parses them from the table of settings.)
 * Names are not abbreviated: a flag that is added later must not change what an abbreviation means.
 * Threads: main; getopt's state is the process's.   Memory: none. */
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
        const char *name; /**< without its dashes; NULL = it has a letter only */
        char letter;      /**< '\0' = it has a name only */
        enum flag_value value;
        /** Takes the value, which is NULL if there is none. @return false, and says why, if it is wrong. */
        bool (*take)(void *into, const char *value);
        void *into;
};

/** Keep the value in *(const char **)@p into. */
bool flags_take_text(void *into, const char *value);
/** Set *(bool *)@p into. */
bool flags_take_switch(void *into, const char *value);

enum flags_order {
        FLAGS_ANYWHERE, /**< among the arguments; "--" ends them */
        FLAGS_FIRST,    /**< the first argument ends them */
};

/** Take the @p n flags of @p flags out of argv; what is left stays in order behind argv[0]. If something is wrong, it says what, or
 *  instead how the subcommand of heap is used, if @p usage is not NULL. @return false if something is wrong. */
bool flags_parse(const struct flag *flags, size_t n, enum flags_order order, const char *usage, int *argc,
                 char **argv);

#endif
