/** @file settings.h  Everything a user can set, in one table: a row is a setting.
 *
 * A setting `limits.query_bytes` is `limits = { query_bytes = … }` in the file (libconfig) and
 * `--limits-query-bytes` as a flag; a flag wins over the file. Sizes may end in K, M or G.
 * Components get a const struct settings *; there is no global.
 * Errors are reported by diag with file, line and name, and with what would be right. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/status.h"
#include "settings/rows.h"

#include <stdio.h>

void settings_defaults(struct settings *s);
/** Read the settings in @p path into @p s. @return STATUS_INVALID for a wrong setting, STATUS_IO if the file can't be read; both are
 *  reported with diag. */
enum status settings_load(struct settings *s, const char *path);
/** Set the setting @p name ("limits.query_bytes"). @p where says in messages where the user has given it, such as
 *  "--limits-query-bytes". */
enum status settings_set(struct settings *s, const char *name, const char *text, const char *where);
/** Add an entry of `logs`, with the same defaults as the first log. @return false if there are too many. */
bool settings_add_sink(struct settings *s);
/** The same as settings_set for the last entry of `logs`: @p name is "file", "format" …, or "filter.user" …. */
enum status settings_set_sink(struct settings *s, const char *name, const char *text, const char *where);
/** The row of the setting @p name in an entry of `logs`; NULL if there is none. */
const struct settings_row *settings_sink_row(const char *name);
/** Does each sink have a value of its own for @p row? Then settings_row_of is the row for sink @p i, except for its name. */
bool settings_row_is_of_sink(const struct settings_row *row);
struct settings_row settings_row_of(const struct settings_row *row, uint64_t i);
/** Remove the entries of `listeners`. */
void settings_clear_listeners(struct settings *s);
/** Add an entry of `listeners`. @return false if there are too many. */
bool settings_add_listener(struct settings *s);
/** The same as settings_set for the last entry of `listeners`: @p name is "address", "upstream" or "socket_mode". */
enum status settings_set_listener(struct settings *s, const char *name, const char *text, const char *where);
/** Apply the flags among argv[1 …]; -c FILE is loaded first, wherever it stands. What is no flag stays, in order, in
 *  argv, and *@p argc is adjusted; "--" ends the flags. STATUS_INVALID (reported) for an unknown flag or a wrong value. */
enum status settings_args(struct settings *s, int *argc, char **argv);
/** Read a list such as "10.0.0.0/8, ::1, unix". @return false if it is not one, or too long. */
bool settings_read_networks(const char *text, struct settings_networks *out);
/** Settings that must fit each other; the kinds of logs check theirs (journal/sink/sink_check.h). settings_args calls it.
 *  @return STATUS_INVALID (reported) if they do not. */
enum status settings_check(const struct settings *s);
/** Write the value of a row to @p out, as a user would write it. */
void settings_print(const struct settings *s, const struct settings_row *row, char *out, size_t size);

enum { SETTINGS_ALLOWED_MAX = 256 };
/** The values that a number or choice may have, such as "from 1 to 64" or "one of drop, block". */
void settings_print_allowed(const struct settings_row *row, char *out, size_t size);
/** Write a setting's description and allowed values in lines of about 100 characters, each after @p prefix. */
void settings_write_help(const struct settings_row *row, const char *prefix, FILE *out);
/** Write all settings of @p s as an annotated file, which settings_load reads. */
void settings_write(const struct settings *s, FILE *out);

#endif
