/* /fault: let allocations fail, for tests. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/json_writer.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

static const char *kind_name(enum prof_fault_kind kind)
{
        static const char *const names[] = {[FAULT_NONE] = "none",
                                            [FAULT_NTH] = "nth",
                                            [FAULT_RANDOM] = "probability",
                                            [FAULT_RECORD] = "record"};
        return names[kind];
}

static void print_faults(struct call *call)
{
        struct prof_fault f = prof_fault_now();
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "seen", prof_fail_seen());
                json_writer_uint(&j, "fired", prof_fail_fired());
                json_writer_text(&j, "armed", kind_name(f.kind));
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fprintf(call->out,
                              "allocations since armed %" PRIu64 ", faults so far %" PRIu64 ", armed: %s\n",
                              prof_fail_seen(), prof_fail_fired(), kind_name(f.kind));
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_fault_get(struct call *call)
{
        print_faults(call);
}

/** The stage that the query names; STAGE_COUNT if it names none. @return false if its allocations cannot fail: then @p call was
 *  answered. */
static bool read_stage(struct call *call, enum prof_stage *out)
{
        const char *name = call_param(call, "stage");
        *out = name != NULL ? prof_stage_find(name) : STAGE_COUNT;
        if (*out == STAGE_PROFILE) {
                call_fail(call, HTTP_BADREQUEST, "no allocation of the stage profile can fail");
                return false;
        }
        return true;
}

/** A decimal fraction from 0 to 1, such as 0.001. */
static bool parse_probability(const char *text, double *out)
{
        uint64_t whole;
        uint64_t parts = 0;
        const char *dot = strchr(text, '.');
        size_t digits = dot != NULL ? strlen(dot + 1) : 0;
        double unit = 1;
        if (!call_parse_number(text, dot != NULL ? (size_t)(dot - text) : strlen(text), &whole) ||
            whole > 1 || digits > 18 || (dot != NULL && !call_parse_number(dot + 1, digits, &parts))) {
                return false;
        }
        for (size_t i = 0; i < digits; i++) {
                unit /= 10;
        }
        *out = (double)whole + (double)parts * unit;
        return *out <= 1;
}

/** What the query asks for. @return false if it is wrong: then @p call was answered. */
static bool read_fault(struct call *call, struct prof_fault *f)
{
        const char *nth = call_param(call, "nth");
        const char *probability = call_param(call, "probability");
        const char *record = call_param(call, "record");
        uint64_t id;
        if ((nth != NULL) + (probability != NULL) + (record != NULL) != 1) {
                call_fail(call, HTTP_BADREQUEST,
                          "specify what is to fail: nth=1 is the next allocation, nth=0 none; or "
                          "probability=, or record=");
                return false;
        }
        if (record != NULL && call_param(call, "stage") != NULL) {
                call_fail(call, HTTP_BADREQUEST, "an allocation record implies its stage: omit stage");
                return false;
        }
        if (!read_stage(call, &f->stage) || !call_number(call, "nth", UINT32_MAX, 0, &f->nth) ||
            !call_number(call, "seed", UINT64_MAX, 1, &f->seed) ||
            !call_number(call, "record", UINT32_MAX, 0, &id)) {
                return false;
        }
        if (probability != NULL && !parse_probability(probability, &f->probability)) {
                call_fail(call, HTTP_BADREQUEST, "probability must be a number from 0 to 1, such as 0.001");
                return false;
        }
        f->record = (uint32_t)id;
        f->kind = record != NULL        ? FAULT_RECORD
                  : probability != NULL ? FAULT_RANDOM
                  : f->nth > 0          ? FAULT_NTH
                                        : FAULT_NONE;
        return true;
}

void handle_fault_post(struct call *call)
{
        struct prof_fault f = {.kind = FAULT_NONE};
        if (!call->admin->settings->profile.fault_injection) {
                call_fail(call, 403, "fault injection is off: start with --profile-fault-injection");
        } else if (read_fault(call, &f)) {
                if (!prof_fault_arm(&f)) {
                        call_fail(call, HTTP_NOTFOUND,
                                  "there is no allocation record %" PRIu32
                                  " with a single allocation site that can fail (those of libevent in the "
                                  "stage admin can't)",
                                  f.record);
                } else {
                        print_faults(call);
                }
        }
}
