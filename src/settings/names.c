#include "settings/names.h"

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

enum { NAME_MAX_LEN = 64 }; /* only so many characters of a name are compared */

/** The number of edits (insert, delete, replace) between two names. */
static size_t distance(const char *a, const char *b)
{
        size_t row[NAME_MAX_LEN + 1];
        size_t a_len = strnlen(a, NAME_MAX_LEN);
        size_t b_len = strnlen(b, NAME_MAX_LEN);
        for (size_t j = 0; j <= b_len; j++) {
                row[j] = j;
        }
        for (size_t i = 1; i <= a_len; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j <= b_len; j++) {
                        size_t best = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
                        diagonal = row[j];
                        best = best < row[j] + 1 ? best : row[j] + 1;
                        row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
                }
        }
        return row[b_len];
}

const struct settings_row *names_nearest(const char *name)
{
        const struct settings_row *nearest = NULL;
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < settings_row_count; i++) {
                const struct settings_row *row = &settings_rows[i];
                const char *dot = strchr(row->name, '.');
                size_t edits = distance(name, row->name);
                /* the right name in the wrong group, or without a group, is similar, too */
                const char *own = strrchr(name, '.');
                size_t bare = distance(own != NULL ? own + 1 : name, dot != NULL ? dot + 1 : row->name) + 2;
                edits = edits < bare ? edits : bare;
                if (edits < best) {
                        best = edits;
                        nearest = row;
                }
        }
        return best <= 1 + strlen(name) / 4 ? nearest : NULL;
}
