#include "settings/names.h"

#include "base/nearest.h"

#include <string.h>

const struct settings_row *names_find(const char *name)
{
        for (size_t i = 0; i < settings_row_count; i++) {
                if (strcmp(settings_rows[i].name, name) == 0) {
                        return &settings_rows[i];
                }
        }
        return NULL;
}

bool names_is_group(const char *group)
{
        size_t len = strlen(group);
        for (size_t i = 0; i < settings_row_count; i++) {
                if (strncmp(settings_rows[i].name, group, len) == 0 && settings_rows[i].name[len] == '.') {
                        return true;
                }
        }
        return false;
}

const struct settings_row *names_nearest(const char *name)
{
        const struct settings_row *nearest = NULL;
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < settings_row_count; i++) {
                const struct settings_row *row = &settings_rows[i];
                const char *dot = strchr(row->name, '.');
                size_t edits = nearest_edits(name, row->name);
                /* the right name in the wrong group, or without a group, is similar, too */
                const char *own = strrchr(name, '.');
                size_t bare =
                    nearest_edits(own != NULL ? own + 1 : name, dot != NULL ? dot + 1 : row->name) + 2;
                edits = edits < bare ? edits : bare;
                if (edits < best) {
                        best = edits;
                        nearest = row;
                }
        }
        return best <= 1 + strlen(name) / 4 ? nearest : NULL;
}
