/* GET /settings: the settings in force, as a settings file or as JSON. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/json_writer.h"
#include "settings/listeners.h"

#include <event2/http.h>
#include <string.h>

static void put_setting(struct json_writer *j, const struct settings *s, const struct settings_row *row)
{
        char text[SETTINGS_TEXT_MAX];
        uint64_t number;
        bool is_on;
        switch (row->type) {
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS:
                memcpy(&number, (const char *)s + row->offset, sizeof number);
                json_writer_uint(j, row->name, number);
                break;
        case SETTINGS_BOOL:
                memcpy(&is_on, (const char *)s + row->offset, sizeof is_on);
                json_writer_bool(j, row->name, is_on);
                break;
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_ADDRESSES:
        case SETTINGS_CHOICE:
        case SETTINGS_MODE:
                settings_print(s, row, text, sizeof text);
                json_writer_text(j, row->name, text);
                break;
        }
}

/** The logs after the first; their settings have the names of the first log's. */
static void put_logs(struct json_writer *j, const struct settings *s)
{
        json_writer_array(j, "logs");
        for (uint64_t i = 1; i < s->n_sinks; i++) {
                json_writer_object(j, NULL);
                for (size_t k = 0; k < settings_row_count; k++) {
                        if (settings_row_is_of_sink(&settings_rows[k])) {
                                const struct settings_row own = settings_row_of(&settings_rows[k], i);
                                put_setting(j, s, &own);
                        }
                }
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void put_listeners(struct json_writer *j, const struct settings *s)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        char mode[8];
        unsigned n = listeners_all(s, all);
        json_writer_array(j, "listeners");
        for (unsigned i = 0; i < n; i++) {
                (void)snprintf(mode, sizeof mode, "%04o", (unsigned)all[i].socket_mode);
                json_writer_object(j, NULL);
                json_writer_text(j, "address", all[i].address);
                json_writer_text(j, "upstream", all[i].upstream);
                json_writer_text(j, "socket_mode", mode);
                json_writer_end(j);
        }
        json_writer_end(j);
}

void handle_settings(struct call *call)
{
        const struct settings *s = call->admin->settings;
        if (!call->json) {
                settings_write(s, call->out);
                call_reply(call, HTTP_OK, NULL);
                return;
        }
        struct json_writer j = json_writer_to(call->out);
        json_writer_object(&j, NULL);
        for (size_t i = 0; i < settings_row_count; i++) {
                put_setting(&j, s, &settings_rows[i]);
        }
        put_logs(&j, s);
        put_listeners(&j, s);
        json_writer_end(&j);
        json_writer_finish(&j);
        call_reply(call, HTTP_OK, NULL);
}
