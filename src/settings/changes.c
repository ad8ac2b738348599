#include "settings/changes.h"

#include "settings/settings.h"

#include <string.h>

static bool differs(const struct settings *a, const struct settings *b, const struct settings_row *row)
{
        char one[SETTINGS_TEXT_MAX];
        char other[SETTINGS_TEXT_MAX];
        settings_print(a, row, one, sizeof one);
        settings_print(b, row, other, sizeof other);
        return strcmp(one, other) != 0;
}

/** Do the logs after the first differ? */
static bool logs_differ(const struct settings *a, const struct settings *b)
{
        bool differ = a->n_sinks != b->n_sinks;
        for (uint64_t i = 1; i < a->n_sinks && !differ; i++) {
                for (size_t k = 0; k < settings_row_count && !differ; k++) {
                        const struct settings_row own = settings_row_of(&settings_rows[k], i);
                        differ = settings_row_is_of_sink(&settings_rows[k]) && differs(a, b, &own);
                }
        }
        return differ;
}

/** Do the entries of `listeners` differ? */
static bool listeners_differ(const struct settings *a, const struct settings *b)
{
        bool differ = a->n_listeners != b->n_listeners;
        for (uint64_t i = 0; i < a->n_listeners && !differ; i++) {
                const struct settings_listener *one = &a->listeners[i];
                const struct settings_listener *other = &b->listeners[i];
                differ = strcmp(one->address, other->address) != 0 || one->socket_mode != other->socket_mode;
        }
        return differ;
}

/** Do the servers differ to which the entries of `listeners` lead? The entries themselves are the same. */
static bool upstreams_differ(const struct settings *a, const struct settings *b)
{
        bool differ = false;
        for (uint64_t i = 0; i < a->n_listeners && !differ; i++) {
                differ = strcmp(a->listeners[i].upstream, b->listeners[i].upstream) != 0;
        }
        return differ;
}

void settings_compare(const struct settings *from, const struct settings *to, struct settings_changes *out)
{
        *out = (struct settings_changes){.n_reloadable = 0};
        for (size_t i = 0; i < settings_row_count && i < SETTINGS_ROWS_MAX; i++) {
                const struct settings_row *row = &settings_rows[i];
                if (!differs(from, to, row)) {
                        continue;
                }
                if (row->reloadable) {
                        out->reloadable[out->n_reloadable++] = row->name;
                } else {
                        out->others[out->n_others++] = row->name;
                }
        }
        if (logs_differ(from, to)) {
                out->others[out->n_others++] = "logs";
        }
        if (listeners_differ(from, to)) {
                out->others[out->n_others++] = "listeners";
        } else if (upstreams_differ(from, to)) {
                out->reloadable[out->n_reloadable++] = "listeners";
        }
}

static size_t size_of(const struct settings_row *row)
{
        switch (row->type) {
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_ADDRESSES: return SETTINGS_TEXT_MAX;
        case SETTINGS_BOOL: return sizeof(bool);
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS:
        case SETTINGS_MODE:
        case SETTINGS_CHOICE: break;
        }
        return sizeof(uint64_t);
}

void settings_take_reloadable(struct settings *to, const struct settings *from)
{
        for (size_t i = 0; i < settings_row_count; i++) {
                const struct settings_row *row = &settings_rows[i];
                if (row->reloadable) {
                        memcpy((char *)to + row->offset, (const char *)from + row->offset, size_of(row));
                }
        }
        if (!listeners_differ(to, from)) {
                memcpy(to->listeners, from->listeners, sizeof to->listeners);
        }
        memcpy(to->files, from->files, sizeof to->files);
        memcpy(to->lines, from->lines, sizeof to->lines);
}
