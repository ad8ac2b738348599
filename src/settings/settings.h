/** @file settings.h  Everything a user can set, in one table: a row is a setting.
 *
 * A setting `limits.query_bytes` is `limits = { query_bytes = … }` in the file (libconfig) and
 * `--limits-query-bytes` as a flag; a flag wins over the file. Sizes may end in K, M or G.
 * Components get a const struct settings *; there is no global.
 * Errors are said by diag with file, line and name, and what would be right. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/status.h"
#include "settings/rows.h"

#include <stdio.h>

void settings_defaults(struct settings *s);
/** Read @p path over what @p s holds. STATUS_INVALID (said) for a wrong setting, STATUS_IO if it can't be read. */
enum status settings_load(struct settings *s, const char *path);
/** Set one by name ("limits.query_bytes"). @p where tells the user's place, such as "--limits-query-bytes". */
enum status settings_set(struct settings *s, const char *name, const char *text, const char *where);
/** A further entry of `logs`, with the defaults of the first one's settings. @return false if there are too many. */
bool settings_add_sink(struct settings *s);
/** settings_set for the newest entry of `logs`: @p name is "file", "format" …, or "filter.user" …. */
enum status settings_set_sink(struct settings *s, const char *name, const char *text, const char *where);
/** The row of @p name in an entry of `logs`; NULL if there is none. */
const struct settings_row *settings_sink_row(const char *name);
/** Whether each sink has its own @p row; then settings_row_of is that of sink @p i, but for its name. */
bool settings_row_is_of_sink(const struct settings_row *row);
struct settings_row settings_row_of(const struct settings_row *row, uint64_t i);
/** Apply the flags among argv[1 …]; -c FILE is loaded first, wherever it stands. What is no flag stays, in order, in
 *  argv, and *@p argc is adjusted; "--" ends the flags. STATUS_INVALID (said) for an unknown flag or a wrong value. */
enum status settings_args(struct settings *s, int *argc, char **argv);
/** Settings that must fit each other; the kinds of logs check theirs (journal/sink/sink_check.h). settings_args calls it.
 *  @return STATUS_INVALID (reported) if they do not. */
enum status settings_check(const struct settings *s);
/** Value of a row as a user would write it. */
void settings_print(const struct settings *s, const struct settings_row *row, char *out, size_t size);

enum { SETTINGS_ALLOWED_MAX = 256 };
/** The values that a number or choice may have, such as "from 1 to 64" or "one of drop, block". */
void settings_print_allowed(const struct settings_row *row, char *out, size_t size);
/** Write a setting's description and allowed values in lines of about 100 characters, each after @p prefix. */
void settings_write_help(const struct settings_row *row, const char *prefix, FILE *out);
/** All settings of @p s as an annotated file that settings_load reads. */
void settings_write(const struct settings *s, FILE *out);

#endif
