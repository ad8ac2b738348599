#include "admin/web.h"

#include "admin/call.h"
#include "admin/handlers.h"

#include <event2/http.h>
#include <string.h>

/* The page may use what the proxy itself serves, and nothing else; nobody may frame it, and it has no form to send. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "worker-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct web_file *find(const char *name)
{
        for (size_t i = 0; i < web_files_n; i++) {
                if (strcmp(web_files[i].name, name) == 0) {
                        return &web_files[i];
                }
        }
        return NULL;
}

/** Whether the client has this version of the file. */
static bool is_known(const struct call *call, const struct web_file *file)
{
        const char *tags =
            evhttp_find_header(evhttp_request_get_input_headers(call->request), "If-None-Match");
        return tags != NULL && strstr(tags, file->tag) != NULL;
}

void web_send(struct call *call, const char *name)
{
        const struct web_file *file = find(name);
        if (file == NULL) {
                call_fail(call, HTTP_NOTFOUND, "the page has no file %.60s", name);
                return;
        }
        call->policy = policy;
        call->tag = file->tag;
        if (is_known(call, file)) {
                call_reply(call, HTTP_NOTMODIFIED, file->type);
                return;
        }
        if (file->is_gzip) {
                (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), "Content-Encoding",
                                        "gzip");
        }
        (void)fwrite(file->data, 1, file->size, call->out);
        call_reply(call, HTTP_OK, file->type);
}

void handle_web(struct call *call)
{
        web_send(call, call->place.text);
}
