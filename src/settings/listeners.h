/** @file listeners.h  The addresses on which clients are accepted, each with its servers: those of `listen` and of the entries of
 * `listeners`.
 * Threads: any.   Memory: none. */
#ifndef SETTINGS_LISTENERS_H
#define SETTINGS_LISTENERS_H

#include "base/status.h"
#include "settings/rows.h"

/** The socket_mode of an entry that has none. */
#define LISTENERS_SOCKET_MODE_UNSET UINT64_MAX

enum { LISTENERS_NAME_MAX = 32 };

/** One of them. The texts are those of the settings. */
struct listeners_one {
        char name[LISTENERS_NAME_MAX]; /**< of the setting with the address, for messages */
        const char *address;
        const char *upstream;
        uint64_t socket_mode;
        struct settings_line line; /**< where the address was given */
};

/** Write all of them to @p out, in order. @return how many there are. */
unsigned listeners_all(const struct settings *s, struct listeners_one out[SETTINGS_LISTENERS]);

/** The row of a setting in the first entry of `listeners`; NULL if there is none. */
const struct settings_row *listeners_row(const char *name);

/** @return STATUS_INVALID (reported) if there is none, if one lacks its address, or if two have the same one. */
enum status listeners_check(const struct settings *s);

#endif
