/** @file names.h  Finds settings by name, and those with similar names. For settings/ only.
 * Threads: any.   Memory: none. */
#ifndef SETTINGS_NAMES_H
#define SETTINGS_NAMES_H

#include "settings/rows.h"

/** The row of @p name ("limits.query_bytes"); NULL if there is none. */
const struct settings_row *names_find(const char *name);
/** Is there a row whose name begins with @p group and a dot? */
bool names_is_group(const char *group);
/** The setting whose name is most similar to @p name, if it is similar enough to be meant; else NULL. */
const struct settings_row *names_nearest(const char *name);

#endif
