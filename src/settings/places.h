/** @file places.h  Remembers in which line of which settings file each setting was given, for messages about it.
 * Threads: main, before the others start; settings_place from any.   Memory: none. */
#ifndef SETTINGS_PLACES_H
#define SETTINGS_PLACES_H

#include "settings/rows.h"

enum { SETTINGS_PLACE_MAX = SETTINGS_TEXT_MAX + 16 };

/** Remember that @p file was read, also if no setting is in it. */
void places_file(struct settings *s, const char *file);
/** Remember that @p row, of the entry @p sink of `logs` (0 = not of an entry), was given in @p line of @p file; @p file NULL: it was
 *  given elsewhere, such as in a flag. */
void places_put(struct settings *s, const struct settings_row *row, uint64_t sink, const char *file,
                unsigned line);
/** Where the setting @p name, which is not one of an entry, was given. */
struct settings_line places_line(const struct settings *s, const char *name);
/** A @p line of @p file, as places_put remembers it. */
struct settings_line places_note(struct settings *s, const char *file, unsigned line);
/** Write "FILE:LINE: ", or "" if it is not in a file. @return @p out */
const char *places_print(const struct settings *s, const struct settings_line *line,
                         char out[SETTINGS_PLACE_MAX]);
/** Write "FILE:LINE: " for the setting @p name of the entry @p sink of `logs`, or "" if it was not given in a file. @return @p out */
const char *settings_place(const struct settings *s, const char *name, uint64_t sink,
                           char out[SETTINGS_PLACE_MAX]);

#endif
