#include "settings/settings.h"

#include "base/diag.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *member(struct settings *s, const struct settings_row *row)
{
        return (char *)s + row->offset;
}

static const struct settings_row *find_row(const char *name)
{
        for (size_t i = 0; i < settings_row_count; i++) {
                if (strcmp(settings_rows[i].name, name) == 0) {
                        return &settings_rows[i];
                }
        }
        return NULL;
}

/* --- values as text ------------------------------------------------------------------------------------------------ */

static const struct unit {
        const char *name;
        enum settings_type type;
        uint64_t factor;
} units[] = {
    {"K", SETTINGS_SIZE, 1024}, {"M", SETTINGS_SIZE, 1024 * 1024}, {"G", SETTINGS_SIZE, 1024 * 1024 * 1024},
    {"ms", SETTINGS_MS, 1},     {"s", SETTINGS_MS, 1000},
};

/** A whole number with the type's unit. @return false if @p text is none. */
static bool parse_number(enum settings_type type, const char *text, uint64_t *out)
{
        char *end = NULL;
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        if (errno != 0 || end == text || !isdigit((unsigned char)text[0])) {
                return false;
        }
        *out = value;
        if (*end == '\0') {
                return true;
        }
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
                if (units[i].type == type && strcasecmp(end, units[i].name) == 0) {
                        return !__builtin_mul_overflow(value, units[i].factor, out);
                }
        }
        return false;
}

static bool parse_bool(const char *text, bool *out)
{
        static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (strcasecmp(text, words[i]) == 0) {
                        *out = i % 2 == 1;
                        return true;
                }
        }
        return false;
}

static void print_number(enum settings_type type, uint64_t value, char *out, size_t size)
{
        static const char suffixes[] = "KMG";
        size_t at = 0;
        while (type == SETTINGS_SIZE && value > 0 && value % 1024 == 0 && at < sizeof suffixes - 1) {
                value /= 1024;
                at++;
        }
        char suffix[2] = {at > 0 ? suffixes[at - 1] : '\0', '\0'};
        (void)snprintf(out, size, "%llu%s", (unsigned long long)value, suffix);
}

void settings_print(const struct settings *s, const struct settings_row *row, char *out, size_t size)
{
        const void *at = (const char *)s + row->offset;
        switch (row->type) {
        case SETTINGS_TEXT: (void)snprintf(out, size, "%s", (const char *)at); break;
        case SETTINGS_BOOL: (void)snprintf(out, size, "%s", *(const bool *)at ? "true" : "false"); break;
        case SETTINGS_CHOICE: (void)snprintf(out, size, "%s", row->choices[*(const uint64_t *)at]); break;
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS: print_number(row->type, *(const uint64_t *)at, out, size); break;
        }
}

/* --- setting one ------------------------------------------------------------------------------------------------- */

static enum status set_number(struct settings *s, const struct settings_row *row, const char *text,
                              const char *where)
{
        static const char *const kinds[] = {[SETTINGS_UINT] = "a whole number",
                                            [SETTINGS_SIZE] = "a size such as 4096, 64K or 1M",
                                            [SETTINGS_MS] = "a time such as 500, 500ms or 2s"};
        uint64_t value;
        if (!parse_number(row->type, text, &value)) {
                diag(DIAG_ERROR, "%s: setting '%s' must be %s, not '%s'", where, row->name, kinds[row->type],
                     text);
                return STATUS_INVALID;
        }
        if (value < row->min || value > row->max) {
                char min[32];
                char max[32];
                print_number(row->type, row->min, min, sizeof min);
                print_number(row->type, row->max, max, sizeof max);
                diag(DIAG_ERROR, "%s: setting '%s' must be from %s to %s%s, not %s", where, row->name, min,
                     max, row->type == SETTINGS_MS ? " ms" : "", text);
                return STATUS_INVALID;
        }
        *(uint64_t *)member(s, row) = value;
        return STATUS_OK;
}

static enum status set_choice(struct settings *s, const struct settings_row *row, const char *text,
                              const char *where)
{
        char all[128] = "";
        for (uint64_t i = 0; row->choices[i] != NULL; i++) {
                if (strcasecmp(row->choices[i], text) == 0) {
                        *(uint64_t *)member(s, row) = i;
                        return STATUS_OK;
                }
                size_t used = strlen(all);
                (void)snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", row->choices[i]);
        }
        diag(DIAG_ERROR, "%s: setting '%s' must be one of %s, not '%s'", where, row->name, all, text);
        return STATUS_INVALID;
}

static enum status set_row(struct settings *s, const struct settings_row *row, const char *text,
                           const char *where)
{
        switch (row->type) {
        case SETTINGS_TEXT:
                if (*text == '\0' || strlen(text) >= SETTINGS_TEXT_MAX) {
                        diag(DIAG_ERROR, "%s: setting '%s' must have 1 to %d characters", where, row->name,
                             SETTINGS_TEXT_MAX - 1);
                        return STATUS_INVALID;
                }
                memcpy(member(s, row), text, strlen(text) + 1);
                return STATUS_OK;
        case SETTINGS_BOOL:
                if (!parse_bool(text, member(s, row))) {
                        diag(DIAG_ERROR, "%s: setting '%s' must be true or false, not '%s'", where, row->name,
                             text);
                        return STATUS_INVALID;
                }
                return STATUS_OK;
        case SETTINGS_CHOICE: return set_choice(s, row, text, where);
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS: break;
        }
        return set_number(s, row, text, where);
}

/** Edits that make one name of the other, for "did you mean". */
static size_t distance(const char *a, const char *b)
{
        size_t row[64];
        size_t n = strlen(b);
        if (strlen(a) > 63 || n > 63) {
                return 64;
        }
        for (size_t j = 0; j <= n; j++) {
                row[j] = j;
        }
        for (size_t i = 1; a[i - 1] != '\0'; i++) {
                size_t corner = row[0];
                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        size_t change = corner + (a[i - 1] != b[j - 1] ? 1 : 0);
                        size_t least = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
                        corner = row[j];
                        row[j] = change < least ? change : least;
                }
        }
        return row[n];
}

static enum status unknown(const char *name, const char *where)
{
        const char *nearest = NULL;
        size_t best = 4;
        for (size_t i = 0; i < settings_row_count; i++) {
                size_t d = distance(name, settings_rows[i].name);
                if (d < best) {
                        best = d;
                        nearest = settings_rows[i].name;
                }
        }
        diag(DIAG_ERROR, "%s: unknown setting '%s'%s%s%s; 'querytap config' prints them all", where, name,
             nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
             nearest != NULL ? "'?" : "");
        return STATUS_INVALID;
}

enum status settings_set(struct settings *s, const char *name, const char *text, const char *where)
{
        const struct settings_row *row = find_row(name);
        return row != NULL ? set_row(s, row, text, where) : unknown(name, where);
}

void settings_defaults(struct settings *s)
{
        memset(s, 0, sizeof *s);
        for (size_t i = 0; i < settings_row_count; i++) {
                (void)set_row(s, &settings_rows[i], settings_rows[i].def, "default");
        }
}

enum status settings_check(const struct settings *s)
{
        /* the packed record carries the text, the statement's text at most once more, and values */
        uint64_t need = 2 * (2 * s->limits.query_bytes + 64 * 1024);
        uint64_t ring = 4096;
        while (ring < s->log.ring_bytes) {
                ring *= 2;
        }
        if (need > 2 * ring) {
                diag(DIAG_ERROR,
                     "setting 'limits.query_bytes' (%llu) is too large for 'log.ring_bytes' (%llu): a "
                     "statement must fit "
                     "in half of the ring",
                     (unsigned long long)s->limits.query_bytes, (unsigned long long)s->log.ring_bytes);
                return STATUS_INVALID;
        }
        return STATUS_OK;
}

/* --- as a file ----------------------------------------------------------------------------------------------------- */

static void write_row(const struct settings *s, const struct settings_row *row, const char *key,
                      const char *indent, FILE *out)
{
        char value[SETTINGS_TEXT_MAX];
        settings_print(s, row, value, sizeof value);
        (void)fprintf(out, "%s# %s\n", indent, row->help);
        if (row->type == SETTINGS_UINT || row->type == SETTINGS_SIZE || row->type == SETTINGS_MS) {
                char min[32];
                char max[32];
                print_number(row->type, row->min, min, sizeof min);
                print_number(row->type, row->max, max, sizeof max);
                (void)fprintf(out, "%s# From %s to %s%s.\n", indent, min, max,
                              row->type == SETTINGS_MS ? " ms" : "");
        }
        for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
                (void)fprintf(out, "%s%s%s", i == 0 ? indent : "", i == 0 ? "# One of " : ", ",
                              row->choices[i]);
                (void)fputs(row->choices[i + 1] == NULL ? ".\n" : "", out);
        }
        bool plain = row->type == SETTINGS_UINT || row->type == SETTINGS_MS || row->type == SETTINGS_BOOL;
        (void)fprintf(out, plain ? "%s%s = %s;\n\n" : "%s%s = \"%s\";\n\n", indent, key, value);
}

void settings_write(const struct settings *s, FILE *out)
{
        char group[64] = "";
        (void)fputs(
            "# querytap.cfg - settings of querytap, with their defaults. See querytap(1).\n"
            "# A flag of the same name wins over this file: --limits-sessions for limits.sessions.\n\n",
            out);
        for (size_t i = 0; i < settings_row_count; i++) {
                const struct settings_row *row = &settings_rows[i];
                const char *dot = strchr(row->name, '.');
                size_t len = dot != NULL ? (size_t)(dot - row->name) : 0;
                if (strlen(group) != len || strncmp(group, row->name, len) != 0) {
                        (void)fputs(group[0] != '\0' ? "};\n\n" : "", out);
                        memcpy(group, row->name, len);
                        group[len] = '\0';
                        (void)fprintf(out, "%s = {\n", group);
                }
                write_row(s, row, dot != NULL ? dot + 1 : row->name, len > 0 ? "    " : "", out);
        }
        (void)fputs(group[0] != '\0' ? "};\n" : "", out);
}
