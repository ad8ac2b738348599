/** @file changes.h  In what two sets of settings differ, and which of these differences a running proxy can take (rows.h, reloadable).
 * Threads: any.   Memory: the caller's. */
#ifndef SETTINGS_CHANGES_H
#define SETTINGS_CHANGES_H

#include "settings/rows.h"

/** Names of settings, such as "limits.sessions"; "logs" stands for all logs after the first, "listeners" for the entries of that list.
 * They are static. */
struct settings_changes {
        const char *reloadable[SETTINGS_ROWS_MAX + 1]; /**< take effect by a reload */
        size_t n_reloadable;
        const char *others[SETTINGS_ROWS_MAX + 2]; /**< take effect by a restart */
        size_t n_others;
};

/** Find the settings in which @p from and @p to differ, in the order of the table. */
void settings_compare(const struct settings *from, const struct settings *to, struct settings_changes *out);
/** Copy the reloadable settings of @p from, and where settings were given, to @p to. */
void settings_take_reloadable(struct settings *to, const struct settings *from);

#endif
