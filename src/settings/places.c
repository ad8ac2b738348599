#include "settings/places.h"

#include "settings/names.h"

#include <stdio.h>
#include <string.h>

/** The number of @p file among the files that were read, from 1; 0 if there are too many. */
static uint16_t number_of(struct settings *s, const char *file)
{
        if (strlen(file) >= SETTINGS_TEXT_MAX) {
                return 0;
        }
        for (int i = 0; i < SETTINGS_FILES; i++) {
                if (s->files[i][0] == '\0') {
                        memcpy(s->files[i], file, strlen(file) + 1);
                }
                if (strcmp(s->files[i], file) == 0) {
                        return (uint16_t)(i + 1);
                }
        }
        return 0;
}

void places_file(struct settings *s, const char *file)
{
        (void)number_of(s, file);
}

void places_put(struct settings *s, const struct settings_row *row, uint64_t sink, const char *file,
                unsigned line)
{
        size_t i = (size_t)(row - settings_rows);
        if (i < SETTINGS_ROWS_MAX && sink < SETTINGS_SINKS) {
                s->lines[sink][i] =
                    (struct settings_line){.file = file != NULL ? number_of(s, file) : 0, .line = line};
        }
}

struct settings_line places_line(const struct settings *s, const char *name)
{
        const struct settings_row *row = names_find(name);
        size_t i = row != NULL ? (size_t)(row - settings_rows) : SETTINGS_ROWS_MAX;
        return i < SETTINGS_ROWS_MAX ? s->lines[0][i] : (struct settings_line){.line = 0};
}

struct settings_line places_note(struct settings *s, const char *file, unsigned line)
{
        return (struct settings_line){.file = number_of(s, file), .line = line};
}

const char *places_print(const struct settings *s, const struct settings_line *line,
                         char out[SETTINGS_PLACE_MAX])
{
        out[0] = '\0';
        if (line->file > 0) {
                (void)snprintf(out, SETTINGS_PLACE_MAX, "%s:%u: ", s->files[line->file - 1], line->line);
        }
        return out;
}

const char *settings_place(const struct settings *s, const char *name, uint64_t sink,
                           char out[SETTINGS_PLACE_MAX])
{
        const struct settings_row *row = names_find(name);
        size_t i = row != NULL ? (size_t)(row - settings_rows) : SETTINGS_ROWS_MAX;
        out[0] = '\0';
        return i < SETTINGS_ROWS_MAX && sink < SETTINGS_SINKS ? places_print(s, &s->lines[sink][i], out)
                                                              : out;
}
