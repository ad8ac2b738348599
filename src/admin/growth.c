/* GET /series, POST /sample, and POST /plant, which leaks memory for tests. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/json_writer.h"
#include "profile/export/export.h"
#include "profile/export/series.h"
#include "profile/heap/leak_injection.h"
#include "profile/heap/rate.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

void handle_series(struct call *call)
{
        const char *name = call_param(call, "stage");
        unsigned stage = name != NULL ? prof_stage_find(name) : SERIES_WHOLE;
        uint64_t tier;
        if (call_number(call, "tier", SERIES_TIERS - 1, series_tier_of_all(), &tier)) {
                const char *format = call_param(call, "format");
                bool svg = format != NULL && strcmp(format, "svg") == 0;
                if (call->json) {
                        export_series_json(call->out, stage, (unsigned)tier);
                } else {
                        export_series_plot(call->out, stage, (unsigned)tier, svg);
                }
                call_reply(call, HTTP_OK, svg ? "image/svg+xml" : NULL);
        }
}

#ifdef PLANTED_LEAKS
void handle_plant(struct call *call)
{
        const char *name = call_param(call, "stage");
        const char *per = call_param(call, "per");
        enum prof_stage stage = prof_stage_find(name != NULL ? name : "");
        enum leak_injection_event event = leak_injection_find(per != NULL ? per : "statement");
        uint64_t bytes;
        uint64_t every;
        if (stage == STAGE_COUNT) {
                call_fail(call, HTTP_BADREQUEST, "stage=S is required: the stage that is to leak");
        } else if (event == LEAK_INJECTION_EVENTS) {
                call_fail(call, HTTP_BADREQUEST, "per=statement, session, error or request");
        } else if (call_number(call, "bytes", 1 << 20, 16, &bytes) &&
                   call_number(call, "every", UINT32_MAX, 1, &every)) {
                leak_injection_set(event, stage, bytes, every);
                call_reply(call, HTTP_OK, NULL);
        }
}
#endif

/** Reply with the new sampling rate. @p stage NULL: of all stages. */
static void reply_sample(struct call *call, uint64_t bytes, const char *stage)
{
        FILE *out = call->out;
        if (call->json) {
                struct json_writer j = json_writer_to(out);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "sample_bytes", bytes);
                if (stage != NULL) {
                        json_writer_text(&j, "stage", stage);
                }
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                export_rate_text(out, bytes);
                (void)fprintf(out, " in %s%s\n", stage != NULL ? "stage " : "all stages",
                              stage != NULL ? stage : "");
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_sample(struct call *call)
{
        const char *name = call_param(call, "stage");
        enum prof_stage stage = name != NULL ? prof_stage_find(name) : STAGE_COUNT;
        uint64_t bytes;
        if (call_param(call, "bytes") == NULL) {
                call_fail(
                    call, HTTP_BADREQUEST,
                    "bytes=N is required: average bytes between samples; 1 samples every allocation, 0 none");
        } else if (stage == STAGE_PROFILE) {
                call_fail(call, HTTP_BADREQUEST, "the stage profile is counted but never sampled");
        } else if (call_number(call, "bytes", 1ULL << 30, 0, &bytes)) {
                if (name != NULL) {
                        prof_set_stage_sample_bytes(stage, bytes);
                } else {
                        prof_set_sample_bytes(bytes);
                }
                reply_sample(call, bytes, name);
        }
}
