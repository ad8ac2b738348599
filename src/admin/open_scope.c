/* The scope that is open for all statements without a scope of their own: for tests that run one after the other. */
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/put.h"
#include "base/json_writer.h"
#include "base/shown.h"
#include "journal/enrich/scope.h"

#include <event2/http.h>
#include <string.h>

const char *open_scope_words(size_t i)
{
        static const char *const words[] = {"begin", "end"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

void handle_scope_get(struct call *call)
{
        struct span name = journal_open_scope(call->admin->journal);
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                if (name.len > 0) {
                        json_writer_span(&j, "open", name);
                }
                json_writer_end(&j);
                json_writer_finish(&j);
        } else if (name.len > 0) {
                shown_print(call->out, name);
                (void)fputc('\n', call->out);
        } else {
                (void)fputs("no scope is open\n", call->out);
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_scope_post(struct call *call)
{
        enum { HTTP_CONFLICT = 409, SHOWN = 100 };
        const char *name = call_param(call, "name");
        const char *what = call_param(call, "do");
        size_t len = name != NULL ? strlen(name) : 0;
        if (len == 0 || len > SCOPE_NAME_MAX) {
                call_fail(call, HTTP_BADREQUEST, "name must have 1 to %d bytes", SCOPE_NAME_MAX);
                return;
        }
        if (what == NULL) {
                call_fail(call, HTTP_BADREQUEST, "do must be begin or end");
                return;
        }
        struct span open = journal_open_scope(call->admin->journal);
        bool is_begin = strcmp(what, "begin") == 0;
        enum status status = is_begin ? journal_begin_scope(call->admin->journal, span_of(name, len))
                                      : journal_end_scope(call->admin->journal, span_of(name, len));
        int shown = open.len < SHOWN ? (int)open.len : SHOWN;
        if (status == STATUS_OK) {
                handle_scope_get(call);
        } else if (status == STATUS_LIMIT) {
                call_fail(call, HTTP_CONFLICT,
                          "the scope %.*s is open, and only one can be: tests that run at the same time "
                          "need a scope of their own in each statement or session, see querytap-run(1)",
                          shown, (const char *)open.data);
        } else if (status == STATUS_NOTFOUND) {
                call_fail(call, HTTP_CONFLICT, "no scope is open");
        } else if (status == STATUS_INVALID) {
                call_fail(call, HTTP_CONFLICT, "the scope %.*s is open, not this one", shown,
                          (const char *)open.data);
        } else {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
        }
}
