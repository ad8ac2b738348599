#include "settings/listeners.h"

#include "base/diag.h"
#include "settings/names.h"
#include "settings/places.h"

#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct settings, listeners[0].member)

static const struct settings_row rows[] = {
    {.name = "address", .type = SETTINGS_ADDRESS, .offset = AT(address), .def = "127.0.0.1:3307"},
    {.name = "upstream", .type = SETTINGS_ADDRESSES, .offset = AT(upstream), .def = "127.0.0.1:3306"},
    {.name = "socket_mode", .type = SETTINGS_MODE, .offset = AT(socket_mode), .def = "0666"},
};

const struct settings_row *listeners_row(const char *name)
{
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (strcmp(rows[i].name, name) == 0) {
                        return &rows[i];
                }
        }
        return NULL;
}

unsigned listeners_all(const struct settings *s, struct listeners_one out[SETTINGS_LISTENERS])
{
        unsigned n = 0;
        if (strcmp(s->listen, "off") != 0) {
                out[n++] = (struct listeners_one){.name = "listen",
                                                  .address = s->listen,
                                                  .upstream = s->remote,
                                                  .socket_mode = s->socket_mode,
                                                  .line = places_line(s, "listen")};
        }
        for (uint64_t i = 0; i < s->n_listeners; i++) {
                const struct settings_listener *l = &s->listeners[i];
                out[n] = (struct listeners_one){.address = l->address,
                                                .upstream = l->upstream[0] != '\0' ? l->upstream : s->remote,
                                                .socket_mode = l->socket_mode != LISTENERS_SOCKET_MODE_UNSET
                                                                   ? l->socket_mode
                                                                   : s->socket_mode,
                                                .line = l->line};
                (void)snprintf(out[n].name, sizeof out[n].name, "listeners[%u].address", (unsigned)i);
                n++;
        }
        return n;
}

/** With port 0 each gets a port of its own. */
static bool is_same(const char *a, const char *b)
{
        size_t len = strlen(a);
        return strcmp(a, b) == 0 && (len < 2 || strcmp(a + len - 2, ":0") != 0);
}

static enum status check_one(const struct settings *s, const struct listeners_one *all, unsigned i)
{
        char place[SETTINGS_PLACE_MAX];
        (void)places_print(s, &all[i].line, place);
        if (all[i].address[0] == '\0') {
                diag(DIAG_ERROR, "%ssetting '%s' is missing: each entry of 'listeners' needs an address",
                     place, all[i].name);
                return STATUS_INVALID;
        }
        for (unsigned k = 0; k < i; k++) {
                if (is_same(all[k].address, all[i].address)) {
                        diag(DIAG_ERROR, "%ssetting '%s': %s is also the address of '%s'", place, all[i].name,
                             all[i].address, all[k].name);
                        return STATUS_INVALID;
                }
        }
        return STATUS_OK;
}

enum status listeners_check(const struct settings *s)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        char place[SETTINGS_PLACE_MAX];
        unsigned n = listeners_all(s, all);
        if (n == 0) {
                diag(DIAG_ERROR,
                     "%ssetting 'listen' is off, and 'listeners' has no entries: no client could connect",
                     settings_place(s, "listen", 0, place));
                return STATUS_INVALID;
        }
        enum status status = STATUS_OK;
        for (unsigned i = 0; i < n; i++) {
                status = check_one(s, all, i) != STATUS_OK ? STATUS_INVALID : status;
        }
        return status;
}
