#include "admin/route.h"

#include "admin/call.h"
#include "admin/endpoints.h"
#include "admin/params.h"

#include <event2/http.h>
#include <stdio.h>

/** Redirect /debug/pprof to /debug/pprof/. @return false if there is no such endpoint. */
static bool redirect(struct call *call, const char *path)
{
        char slashed[64];
        char allow[32];
        struct endpoint_place place;
        int n = snprintf(slashed, sizeof slashed, "%s/", path);
        if (n < 0 || (size_t)n >= sizeof slashed) {
                return false;
        }
        const struct endpoint *e = endpoints_find("GET", slashed, &place, allow, sizeof allow);
        if (e == NULL || e->is_open) {
                return false;
        }
        call_add_header(call, "Location", slashed);
        call_fail(call, HTTP_MOVEPERM, "see %s", slashed);
        return true;
}

void route(struct call *call, const char *method, const char *path)
{
        char allow[32];
        const struct endpoint *e = endpoints_find(method, path, &call->place, allow, sizeof allow);
        if (e != NULL && call->garbled && !e->any_query) {
                call_fail(
                    call, HTTP_BADREQUEST,
                    "the query must be name=value&name=value, with %%XX for %% and &, and without %%00");
        } else if (e != NULL) {
                if (e->any_query || params_check(call, e)) {
                        e->handle(call);
                }
        } else if (allow[0] != '\0') {
                call_add_header(call, "Allow", allow);
                call_fail(call, HTTP_BADMETHOD, "%.100s answers to %s only", path, allow);
        } else if (!redirect(call, path)) {
                call_fail(call, HTTP_NOTFOUND, "there is no endpoint %.100s; / lists them", path);
        }
}
