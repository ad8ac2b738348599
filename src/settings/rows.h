/** @file rows.h  The table of settings: a row describes one setting.
 * The table drives the parsing of files and flags, range errors, defaults, `querytap config` and the check of the manual.
 * Threads: any.   Memory: static. */
#ifndef SETTINGS_ROWS_H
#define SETTINGS_ROWS_H

#include "settings/values.h"

#include <stddef.h>

enum settings_type {
        SETTINGS_TEXT,
        SETTINGS_ADDRESS, /**< host:port, [v6]:port, unix:/path, or a word of choices; stored with host and port */
        SETTINGS_ADDRESSES, /**< up to SETTINGS_SERVERS of them, separated by ", " */
        SETTINGS_UINT,
        SETTINGS_SIZE,
        SETTINGS_MS,
        SETTINGS_MODE, /**< permissions of a file, in octal */
        SETTINGS_BOOL,
        SETTINGS_CHOICE
};

struct settings_row {
        const char *name; /**< "limits.query_bytes" */
        char letter;      /**< short flag, or 0 */
        bool reloadable;
        enum settings_type type;
        size_t offset;
        uint64_t min;
        uint64_t max;
        const char *def;            /**< as a user would write it */
        const char *const *choices; /**< SETTINGS_CHOICE: NULL-terminated, index = value */
        const char *help;
};

extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;

#endif
