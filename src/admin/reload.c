/* POST /reload: read the settings again. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "base/json_writer.h"

#include <event2/http.h>
#include <string.h>

static void put_names(struct json_writer *j, const char *member, const char *const *names, size_t n)
{
        json_writer_array(j, member);
        for (size_t i = 0; i < n; i++) {
                json_writer_text(j, NULL, names[i]);
        }
        json_writer_end(j);
}

static void put_lines(FILE *out, const char *label, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                (void)fprintf(out, "%s%s%s", i > 0 ? ", " : label, names[i], i + 1 == n ? "\n" : "");
        }
}

static void put_json(struct call *call, const struct control_reloaded *result)
{
        struct json_writer j = json_writer_to(call->out);
        const struct settings_changes *c = result->changes;
        json_writer_object(&j, NULL);
        if (result->errors != NULL) {
                json_writer_text(&j, "error", result->errors);
        } else {
                put_names(&j, "changed", c->reloadable, c->n_reloadable);
                put_names(&j, "need_restart", c->others, c->n_others);
        }
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_text(struct call *call, const struct control_reloaded *result)
{
        const struct settings_changes *c = result->changes;
        for (const char *line = result->errors; line != NULL;) {
                const char *end = strchr(line, '\n');
                char text[1024];
                (void)snprintf(text, sizeof text, "%.*s", (int)(end != NULL ? end - line : 1000), line);
                put_plain(call->out, text);
                (void)fputc('\n', call->out);
                line = end != NULL ? end + 1 : NULL;
        }
        if (result->errors == NULL) {
                (void)fputs("reloaded\n", call->out);
                put_lines(call->out, "new sessions have: ", c->reloadable, c->n_reloadable);
                put_lines(call->out, "need a restart: ", c->others, c->n_others);
        }
}

static void on_reloaded(void *arg, const struct control_reloaded *result)
{
        struct call *call = arg;
        (call->json ? put_json : put_text)(call, result);
        call_reply(call, result->errors != NULL ? HTTP_BADREQUEST : HTTP_OK, NULL);
}

void handle_reload(struct call *call)
{
        const struct control *control = call->admin->control;
        if (control == NULL) {
                call_fail(call, HTTP_NOTIMPLEMENTED, "the settings of this program can't be reloaded");
                return;
        }
        control->reload(control->arg, on_reloaded, call);
}
