#include "admin/web.h"

#include "admin/call.h"
#include "admin/handlers.h"
#include "profile/export/gzip.h"

#include <event2/http.h>
#include <string.h>
#include <strings.h>

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

/** Whether @p item, an item of Accept-Encoding, is gzip with a weight other than 0. */
static bool is_gzip_item(const char *item, size_t len)
{
        static const char gzip[] = "gzip";
        bool is_gzip =
            strcspn(item, ",; \t") == sizeof gzip - 1 && strncasecmp(item, gzip, sizeof gzip - 1) == 0;
        const char *weight = memchr(item, '=', len);
        return is_gzip && (weight == NULL || weight + 1 + strspn(weight + 1, "0. \t") < item + len);
}

/** Whether the client accepts gzip by name, as browsers do. One that says nothing gets the file as it is: it may not be able to expand it. */
static bool accepts_gzip(const struct call *call)
{
        const char *at =
            evhttp_find_header(evhttp_request_get_input_headers(call->request), "Accept-Encoding");
        while (at != NULL && *at != '\0') {
                at += strspn(at, ", \t");
                size_t len = strcspn(at, ",");
                if (is_gzip_item(at, len)) {
                        return true;
                }
                at += len;
        }
        return false;
}

/** Put the contents in the form that the client accepts. @return false if out of memory. */
static bool put_contents(struct call *call, const struct web_file *file)
{
        struct span data = span_of(file->data, file->size);
        struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
        if (file->is_gzip && !accepts_gzip(call)) {
                return gzip_expand(call->out, data);
        }
        return fwrite(data.data, 1, data.len, call->out) == data.len &&
               (!file->is_gzip || evhttp_add_header(headers, "Content-Encoding", "gzip") == 0);
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
        if (file->is_gzip) {
                (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), "Vary",
                                        "Accept-Encoding");
        }
        if (is_known(call, file)) {
                call_reply(call, HTTP_NOTMODIFIED, file->type);
                return;
        }
        if (!put_contents(call, file)) {
                call->tag = NULL;
                rewind(call->out); /* what was written so far */
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        call_reply(call, HTTP_OK, file->type);
}

void handle_web(struct call *call)
{
        web_send(call, call->place.text);
}
