#include "settings/settings.h"

#include "base/diag.h"
#include "settings/address_text.h"
#include "settings/listeners.h"
#include "settings/names.h"
#include "settings/places.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SINK_NAME_MAX = 96 };

static void *member(struct settings *s, const struct settings_row *row)
{
        return (char *)s + row->offset;
}

/* --- values as text ------------------------------------------------------------------------------------------------ */

static const struct unit {
        const char *name;
        enum settings_type type;
        uint64_t factor;
} units[] = {
    {"K", SETTINGS_SIZE, 1024},
    {"M", SETTINGS_SIZE, 1024ULL * 1024},
    {"G", SETTINGS_SIZE, 1024ULL * 1024 * 1024},
    {"ms", SETTINGS_MS, 1},
    {"s", SETTINGS_MS, 1000},
};

/** Parse a whole number with a unit of the type. The result is UINT64_MAX if it is too large or negative, which no setting accepts.
 *  @return false if @p text is none. */
static bool parse_number(enum settings_type type, const char *text, uint64_t *out)
{
        char *end = NULL;
        bool negative = text[0] == '-';
        if (!isdigit((unsigned char)text[negative ? 1 : 0])) {
                return false;
        }
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        bool outside = negative || errno != 0;
        uint64_t factor = *end == '\0' ? 1 : 0;
        for (size_t i = 0; factor == 0 && i < sizeof units / sizeof units[0]; i++) {
                if (units[i].type == type && strcasecmp(end, units[i].name) == 0) {
                        factor = units[i].factor;
                }
        }
        if (outside || __builtin_mul_overflow(value, factor, out)) {
                *out = UINT64_MAX;
        }
        return factor > 0;
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
        (void)snprintf(out, size, "%llu%.*s", (unsigned long long)value, at > 0 ? 1 : 0,
                       suffixes + (at > 0 ? at - 1 : 0));
}

void settings_print(const struct settings *s, const struct settings_row *row, char *out, size_t size)
{
        const void *at = (const char *)s + row->offset;
        switch (row->type) {
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_ADDRESSES: (void)snprintf(out, size, "%s", (const char *)at); break;
        case SETTINGS_MODE: (void)snprintf(out, size, "%04o", (unsigned)*(const uint64_t *)at); break;
        case SETTINGS_BOOL: (void)snprintf(out, size, "%s", *(const bool *)at ? "true" : "false"); break;
        case SETTINGS_CHOICE: (void)snprintf(out, size, "%s", row->choices[*(const uint64_t *)at]); break;
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS: print_number(row->type, *(const uint64_t *)at, out, size); break;
        }
}

void settings_print_allowed(const struct settings_row *row, char *out, size_t size)
{
        char min[32];
        char max[32];
        print_number(row->type, row->min, min, sizeof min);
        print_number(row->type, row->max, max, sizeof max);
        (void)snprintf(out, size, "from %s to %s%s", min, max, row->type == SETTINGS_MS ? " ms" : "");
        for (size_t i = 0, n = 0; row->type == SETTINGS_CHOICE && row->choices[i] != NULL && n < size; i++) {
                n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "one of ", row->choices[i]);
        }
}

/* --- setting one ------------------------------------------------------------------------------------------------- */

static enum status set_number(struct settings *s, const struct settings_row *row, const char *text,
                              const char *where)
{
        static const char *const kinds[] = {[SETTINGS_UINT] = "a whole number",
                                            [SETTINGS_SIZE] = "a size such as 4096, 64K or 1M",
                                            [SETTINGS_MS] = "a time such as 500, 500ms or 2s"};
        char allowed[SETTINGS_ALLOWED_MAX];
        uint64_t value;
        if (!parse_number(row->type, text, &value)) {
                diag(DIAG_ERROR, "%s: setting '%s' must be %s, not '%s'", where, row->name, kinds[row->type],
                     text);
                return STATUS_INVALID;
        }
        if (value < row->min || value > row->max) {
                settings_print_allowed(row, allowed, sizeof allowed);
                diag(DIAG_ERROR, "%s: setting '%s' must be %s, not %s", where, row->name, allowed, text);
                return STATUS_INVALID;
        }
        *(uint64_t *)member(s, row) = value;
        return STATUS_OK;
}

static enum status set_choice(struct settings *s, const struct settings_row *row, const char *text,
                              const char *where)
{
        char allowed[SETTINGS_ALLOWED_MAX];
        for (uint64_t i = 0; row->choices[i] != NULL; i++) {
                if (strcasecmp(row->choices[i], text) == 0) {
                        *(uint64_t *)member(s, row) = i;
                        return STATUS_OK;
                }
        }
        settings_print_allowed(row, allowed, sizeof allowed);
        diag(DIAG_ERROR, "%s: setting '%s' must be %s, not '%s'", where, row->name, allowed, text);
        return STATUS_INVALID;
}

static enum status set_mode(struct settings *s, const struct settings_row *row, const char *text,
                            const char *where)
{
        size_t len = strlen(text);
        if (len < 3 || len > 4 || strspn(text, "01234567") != len || (len == 4 && text[0] != '0')) {
                diag(DIAG_ERROR, "%s: setting '%s' must be permissions in octal such as 0660, not '%s'",
                     where, row->name, text);
                return STATUS_INVALID;
        }
        *(uint64_t *)member(s, row) = strtoul(text, NULL, 8);
        return STATUS_OK;
}

static enum status set_text(struct settings *s, const struct settings_row *row, const char *text,
                            const char *where)
{
        bool empty = *text == '\0' && *row->def != '\0'; /* a setting may be empty if its default is */
        if (empty || strlen(text) >= SETTINGS_TEXT_MAX) {
                diag(DIAG_ERROR, "%s: setting '%s' must have 1 to %d characters", where, row->name,
                     SETTINGS_TEXT_MAX - 1);
                return STATUS_INVALID;
        }
        if (row->type != SETTINGS_TEXT) {
                return address_text_read(row, text, where, member(s, row));
        }
        memcpy(member(s, row), text, strlen(text) + 1);
        return STATUS_OK;
}

static enum status set_row(struct settings *s, const struct settings_row *row, const char *text,
                           const char *where)
{
        switch (row->type) {
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_ADDRESSES: return set_text(s, row, text, where);
        case SETTINGS_BOOL:
                if (!parse_bool(text, member(s, row))) {
                        diag(DIAG_ERROR, "%s: setting '%s' must be true or false, not '%s'", where, row->name,
                             text);
                        return STATUS_INVALID;
                }
                return STATUS_OK;
        case SETTINGS_CHOICE: return set_choice(s, row, text, where);
        case SETTINGS_MODE: return set_mode(s, row, text, where);
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS: break;
        }
        return set_number(s, row, text, where);
}

static enum status unknown(const char *name, const char *where)
{
        const struct settings_row *near = names_nearest(name);
        diag(DIAG_ERROR, "%s: unknown setting '%s'%s%s%s; 'querytap config print' lists all settings", where,
             name, near != NULL ? ", did you mean '" : "", near != NULL ? near->name : "",
             near != NULL ? "'?" : "");
        return STATUS_INVALID;
}

enum status settings_set(struct settings *s, const char *name, const char *text, const char *where)
{
        const struct settings_row *row = names_find(name);
        if (row == NULL) {
                return unknown(name, where);
        }
        places_put(s, row, 0, NULL, 0);
        s->listen_given = s->listen_given || row->offset == offsetof(struct settings, listen);
        return set_row(s, row, text, where);
}

/* --- sinks ------------------------------------------------------------------------------------------------------- */

bool settings_row_is_of_sink(const struct settings_row *row)
{
        size_t first = offsetof(struct settings, sinks);
        return row->offset >= first && row->offset < first + sizeof(struct settings_sink);
}

struct settings_row settings_row_of(const struct settings_row *row, uint64_t i)
{
        struct settings_row own = *row;
        own.offset += i * sizeof(struct settings_sink);
        return own;
}

const struct settings_row *settings_sink_row(const char *name)
{
        char full[SINK_NAME_MAX];
        (void)snprintf(full, sizeof full, "log.%s", name);
        const struct settings_row *row = names_find(full);
        row = row != NULL ? row : names_find(name);
        return row != NULL && settings_row_is_of_sink(row) ? row : NULL;
}

bool settings_add_sink(struct settings *s)
{
        if (s->n_sinks == SETTINGS_SINKS) {
                return false;
        }
        s->n_sinks++;
        for (size_t i = 0; i < settings_row_count; i++) {
                if (settings_row_is_of_sink(&settings_rows[i])) {
                        struct settings_row own = settings_row_of(&settings_rows[i], s->n_sinks - 1);
                        (void)set_row(s, &own, own.def, "default");
                }
        }
        s->sinks[s->n_sinks - 1].file[0] = '\0'; /* this one has no default */
        return true;
}

enum status settings_set_sink(struct settings *s, const char *name, const char *text, const char *where)
{
        const struct settings_row *row = settings_sink_row(name);
        char full[SINK_NAME_MAX];
        if (row == NULL) {
                return unknown(name, where);
        }
        struct settings_row own = settings_row_of(row, s->n_sinks - 1);
        (void)snprintf(full, sizeof full, "logs[%llu].%s", (unsigned long long)s->n_sinks - 1, name);
        own.name = full;
        return set_row(s, &own, text, where);
}

/* --- listeners --------------------------------------------------------------------------------------------------- */

void settings_clear_listeners(struct settings *s)
{
        memset(s->listeners, 0, sizeof s->listeners);
        s->n_listeners = 0;
}

bool settings_add_listener(struct settings *s)
{
        if (s->n_listeners == SETTINGS_LISTENERS - 1) {
                return false;
        }
        if (!s->listen_given) { /* the default gives way */
                memcpy(s->listen, "off", sizeof "off");
        }
        s->listeners[s->n_listeners++] =
            (struct settings_listener){.socket_mode = LISTENERS_SOCKET_MODE_UNSET};
        return true;
}

enum status settings_set_listener(struct settings *s, const char *name, const char *text, const char *where)
{
        const struct settings_row *row = listeners_row(name);
        const uint64_t i = s->n_listeners - 1;
        char full[SINK_NAME_MAX];
        if (row == NULL) {
                diag(DIAG_ERROR,
                     "%s: unknown setting '%s' in an entry of 'listeners', which may have address, upstream "
                     "and "
                     "socket_mode",
                     where, name);
                return STATUS_INVALID;
        }
        struct settings_row own = *row;
        own.offset += i * sizeof(struct settings_listener);
        (void)snprintf(full, sizeof full, "listeners[%llu].%s", (unsigned long long)i, name);
        own.name = full;
        return set_row(s, &own, text, where);
}

void settings_defaults(struct settings *s)
{
        memset(s, 0, sizeof *s);
        s->n_sinks = 1;
        for (size_t i = 0; i < settings_row_count; i++) {
                (void)set_row(s, &settings_rows[i], settings_rows[i].def, "default");
        }
}

bool settings_read_networks(const char *text, struct settings_networks *out)
{
        char copy[SETTINGS_TEXT_MAX];
        char *rest = copy;
        char *word;
        *out = (struct settings_networks){.n = 0};
        (void)snprintf(copy, sizeof copy, "%s", text);
        while ((word = strsep(&rest, ",")) != NULL && (rest != NULL || *word != '\0')) {
                word += strspn(word, " \t");
                word[strcspn(word, " \t")] = '\0';
                if (strcmp(word, "unix") == 0) {
                        out->has_unix = true;
                } else if (out->n == SETTINGS_NETWORKS || !network_parse(word, &out->at[out->n++])) {
                        return false;
                }
        }
        return true;
}

static enum status check_networks(const struct settings *s)
{
        char place[SETTINGS_PLACE_MAX];
        struct settings_networks networks;
        if (settings_read_networks(s->proxy_protocol.networks, &networks)) {
                return STATUS_OK;
        }
        diag(DIAG_ERROR,
             "%ssetting 'proxy_protocol.networks' must be up to %d networks or addresses, or unix, separated "
             "by "
             "commas, not '%s'",
             settings_place(s, "proxy_protocol.networks", 0, place), SETTINGS_NETWORKS,
             s->proxy_protocol.networks);
        return STATUS_INVALID;
}

static enum status check_sink(const struct settings *s, uint64_t i)
{
        const struct settings_sink *sink = &s->sinks[i];
        char place[SETTINGS_PLACE_MAX];
        if (sink->file[0] == '\0') {
                diag(DIAG_ERROR, "%slogs[%llu] lacks the setting 'file'",
                     settings_place(s, "log.file", i, place), (unsigned long long)i);
                return STATUS_INVALID;
        }
        if (sink->disk_bytes > 0 && (sink->rotate_bytes == 0 || sink->disk_bytes / 2 < sink->rotate_bytes)) {
                diag(
                    DIAG_ERROR,
                    "%slog %s: disk_bytes (%llu) requires rotate_bytes of at most half of it, not %llu: only "
                    "rotated files can be deleted",
                    settings_place(s, "log.disk_bytes", i, place), sink->file,
                    (unsigned long long)sink->disk_bytes, (unsigned long long)sink->rotate_bytes);
                return STATUS_INVALID;
        }
        return STATUS_OK;
}

enum status settings_check(const struct settings *s)
{
        if (check_networks(s) != STATUS_OK || listeners_check(s) != STATUS_OK) {
                return STATUS_INVALID;
        }
        for (uint64_t i = 0; i < s->n_sinks; i++) {
                if (check_sink(s, i) != STATUS_OK) {
                        return STATUS_INVALID;
                }
        }
        /* A log record has one statement's text. Besides it there must be space for texts and numbers of known size: values and rows are
         * cut to what is left. A longer text would always be cut for want of space, whatever limits.query_bytes is. */
        enum { BESIDES_TEXT = 8 * 1024 };
        uint64_t need = 2 * (s->limits.query_bytes + BESIDES_TEXT);
        uint64_t ring = 4096;
        char place[SETTINGS_PLACE_MAX];
        while (ring < s->log.ring_bytes) {
                ring *= 2;
        }
        if (need > ring) {
                diag(DIAG_ERROR,
                     "%ssetting 'limits.query_bytes' (%llu) is too large for 'log.ring_bytes' (%llu): a "
                     "statement must fit in half of the buffer",
                     settings_place(s, "limits.query_bytes", 0, place),
                     (unsigned long long)s->limits.query_bytes, (unsigned long long)s->log.ring_bytes);
                return STATUS_INVALID;
        }
        return STATUS_OK;
}
