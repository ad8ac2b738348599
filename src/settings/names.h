/** @file names.h  Inside of settings/: finding a setting by its name, or by something like its name. */
#ifndef SETTINGS_NAMES_H
#define SETTINGS_NAMES_H

#include "settings/rows.h"

/** The row of @p name ("limits.query_bytes"); NULL if there is none. */
const struct settings_row *names_find(const char *name);
/** Whether rows are named GROUP.something. */
bool names_is_group(const char *group);
/** The setting whose name is nearest to @p name, if one is near enough to be meant; else NULL. */
const struct settings_row *names_nearest(const char *name);

#endif
