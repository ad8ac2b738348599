#include "admin/admin_state.h"
#include "admin/port.h"
#include "profile/export/snapshot.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "tap.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct reply *post(const char *path)
{
        return ask(EVHTTP_REQ_POST, path, NULL, NULL);
}

/* --- profiles ---------------------------------------------------------------------------------------------------------- */

static bool is_gzip(const struct reply *r)
{
        return r->len > 20 && memcmp(r->body, "\x1f\x8b\x08", 3) == 0;
}

static void the_profile_is_a_file(void)
{
        open_port();
        const struct reply *r = get("/debug/pprof/heap");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_TRUE(is_gzip(r));
        CU_ASSERT_STRING_EQUAL(r->type, "application/octet-stream");
        CU_ASSERT_STRING_EQUAL(r->disposition, "attachment; filename=\"heap\"");
        CU_ASSERT_STRING_EQUAL(r->sniff, "nosniff");
        CU_ASSERT_STRING_EQUAL(r->go_pprof, "");
        CU_ASSERT_STRING_EQUAL(get("/debug/pprof/allocs?gc=1&debug=0")->disposition,
                               "attachment; filename=\"allocs\"");
        r = get("/debug/pprof/allocs?debug=1");
        CU_ASSERT_STRING_EQUAL(r->type, "text/plain; charset=utf-8");
        CU_ASSERT_STRING_EQUAL(r->disposition, "");
        CU_ASSERT_EQUAL(strncmp(r->body, "heap profile: ", 14), 0);
        r = ask(EVHTTP_REQ_HEAD, "/debug/pprof/heap", NULL, NULL);
        CU_ASSERT_TRUE(r->code == 200 && r->len == 0 && atoi(r->length) > 20);
        close_port();
}

static void differences_are_served(void)
{
        open_port();
        CU_ASSERT_EQUAL(post("/marks?name=a")->code, 200);
        const struct reply *r = get("/debug/pprof/heap?base=a");
        CU_ASSERT_TRUE(r->code == 200 && is_gzip(r));
        CU_ASSERT_STRING_EQUAL(r->disposition, "attachment; filename=\"heap-delta\"");
        CU_ASSERT_EQUAL(get("/debug/pprof/heap?base=start")->code, 200);
        r = get("/debug/pprof/allocs?seconds=1");
        CU_ASSERT_TRUE(r->code == 200 && is_gzip(r));
        CU_ASSERT_STRING_EQUAL(r->disposition, "attachment; filename=\"allocs-delta\"");
        CU_ASSERT_EQUAL(admin->context.n_deltas, 0);
        close_port();
}

static void wrong_profiles_are_told(void)
{
        static const struct {
                const char *query;
                int code;
        } wrong[] = {{"seconds=0", 400},
                     {"seconds=-1", 400},
                     {"seconds=x", 400},
                     {"seconds=3601", 400},
                     {"seconds=1&debug=1", 400},
                     {"seconds=1&base=start", 400},
                     {"base=start&debug=1", 400},
                     {"base=nowhere", 404},
                     {"debug=x", 400},
                     {"seconds=99999999999999999999", 400}};
        open_port();
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                char path[96];
                (void)snprintf(path, sizeof path, "/debug/pprof/heap?%s", wrong[i].query);
                const struct reply *r = get(path);
                CU_ASSERT_EQUAL(r->code, wrong[i].code);
                CU_ASSERT_STRING_EQUAL(r->go_pprof, "1");
                CU_ASSERT_STRING_EQUAL(r->sniff, "nosniff");
                CU_ASSERT_STRING_EQUAL(r->type, "text/plain; charset=utf-8");
                CU_ASSERT_STRING_EQUAL(r->disposition, "");
        }
        close_port();
}

static void gperftools_has_its_own(void)
{
        char path[64];
        open_port();
        prof_set_sample_bytes(4096);
        const struct reply *r = get("/pprof/heap");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "] @ heap_v2/4096\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "\nMAPPED_LIBRARIES:\n"));
        CU_ASSERT_PTR_NULL(strstr(r->body, "#"));
        CU_ASSERT_EQUAL(post("/sample?bytes=1&stage=tls")->code, 200);
        prof_free(prof_alloc(STAGE_TLS, 1000)); /* of another rate: no one figure of the header scales all */
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/pprof/heap")->body, "] @ heapprofile\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/pprof/heap")->body, "\n0: 0 [1: 1024] @ 0x"));
        prof_set_sample_bytes(0);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/pprof/heap")->body, "] @ heapprofile\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/pprof/cmdline")->body, "test-admin-heap"));
        (void)snprintf(path, sizeof path, "/pprof/symbol?0x%zx+0x1", (size_t)(uintptr_t)&admin_new);
        CU_ASSERT_PTR_NOT_NULL(strstr(get(path)->body, "\tadmin_new\n"));
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/pprof/symbol", "0x1", NULL)->code, 200);
        prof_set_sample_bytes(524288);
        close_port();
}

/* --- those who wait ----------------------------------------------------------------------------------------------------- */

static void rates_are_set(void)
{
        open_port();
        CU_ASSERT_STRING_EQUAL(post("/sample?bytes=65536")->body,
                               "one sample in 65536 bytes in all stages\n");
        CU_ASSERT_STRING_EQUAL(post("/sample?bytes=1&stage=sink")->body, "every allocation in stage sink\n");
        CU_ASSERT_STRING_EQUAL(post("/sample?bytes=0&stage=tls&format=json")->body,
                               "{\"sample_bytes\":0,\"stage\":\"tls\"}\n");
        CU_ASSERT_TRUE(prof_sample_bytes() == 65536 && prof_stage_sample_bytes(STAGE_SINK) == 1 &&
                       prof_stage_sample_bytes(STAGE_TLS) == 0 &&
                       prof_stage_sample_bytes(STAGE_LINK) == 65536);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(get("/stages")->body,
                   "\nsampled      one sample in 65536 bytes; tls: no sampling; sink: every allocation\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/stages?format=json")->body, "\"sample_bytes\":1,\"verdict\""));
        CU_ASSERT_EQUAL(post("/sample?bytes=1&stage=nowhere")->code, 400);
        CU_ASSERT_EQUAL(post("/sample?bytes=1&stage=profile")->code, 400);
        CU_ASSERT_EQUAL(post("/sample?stage=tls")->code, 400);
        CU_ASSERT_EQUAL(post("/sample?bytes=x&stage=tls")->code, 400);
        CU_ASSERT_EQUAL(post("/sample?bytes=524288")->code, 200);
        CU_ASSERT_EQUAL(prof_stage_sample_bytes(STAGE_TLS), 524288);
        close_port();
}

static bool has_deltas(uint64_t n)
{
        return admin->context.n_deltas == n;
}

static int64_t own_bytes(void)
{
        return prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used;
}

static void who_waits_may_leave(void)
{
        int fds[3];
        open_port();
        int64_t before = own_bytes();
        for (size_t i = 0; i < 3; i++) {
                fds[i] = send_get("/debug/pprof/heap?seconds=3000");
        }
        CU_ASSERT_TRUE(loop_until(has_deltas, 3));
        CU_ASSERT_TRUE(own_bytes() > before);
        (void)close(fds[0]);
        (void)close(fds[2]);
        CU_ASSERT_TRUE(loop_until(has_deltas, 1));
        (void)close(fds[1]);
        CU_ASSERT_TRUE(loop_until(has_deltas, 0));
        CU_ASSERT_EQUAL(own_bytes(), before);
        fds[0] = send_get("/debug/pprof/allocs?seconds=3000");
        CU_ASSERT_TRUE(loop_until(has_deltas, 1));
        close_port(); /* with one still there */
        (void)close(fds[0]);
}

enum { WAITING = 17 }; /* one more than are served */

static bool has_requests(uint64_t n)
{
        return admin->context.requests >= n;
}

static void who_waits_is_limited(void)
{
        int fds[WAITING];
        open_port();
        for (size_t i = 0; i < WAITING; i++) {
                fds[i] = send_get("/debug/pprof/heap?seconds=3000");
        }
        CU_ASSERT_TRUE(loop_until(has_requests, WAITING));
        CU_ASSERT_TRUE(has_deltas(WAITING - 1));
        CU_ASSERT_EQUAL(get("/debug/pprof/heap?seconds=1")->code, 503);
        CU_ASSERT_EQUAL(get("/debug/pprof/heap")->code, 200);
        for (size_t i = 0; i < WAITING; i++) {
                (void)close(fds[i]);
        }
        CU_ASSERT_TRUE(loop_until(has_deltas, 0));
        close_port();
}

/* --- marks -------------------------------------------------------------------------------------------------------------- */

static void marks_are_made_and_listed(void)
{
        open_port();
        CU_ASSERT_PTR_NOT_NULL(
            strstr(get("/marks?format=json")->body, "{\"name\":\"start\",\"statements\":0,\"records\":0}"));
        CU_ASSERT_EQUAL(strncmp(post("/marks?name=a%26b")->body, "mark a&b: ", 10), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/marks?format=json")->body, "{\"name\":\"a&b\",\"ts\":\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/marks")->body, "\na&b "));
        CU_ASSERT_EQUAL(post("/marks")->code, 400);
        CU_ASSERT_EQUAL(post("/marks?name=")->code, 400);
        CU_ASSERT_EQUAL(post("/marks?name=a%20b")->code, 400);
        CU_ASSERT_EQUAL(post("/marks?name=start")->code, 400);
        close_port();
}

static void differences_between_marks_are_told(void)
{
        open_port();
        prof_set_sample_bytes(1);
        CU_ASSERT_EQUAL(post("/marks?name=a")->code, 200);
        CU_ASSERT_EQUAL(get("/sessions")->code, 200);
        CU_ASSERT_EQUAL(post("/marks?name=b")->code, 200);
        const struct reply *r = get("/marks/diff?from=a&to=b");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "\nadmin "));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, " created between a and b\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/marks/diff?from=a&n=2")->body, " created between a and now\n"));
        CU_ASSERT_EQUAL(get("/marks/diff")->code, 200);
        CU_ASSERT_EQUAL(get("/births?since=a&format=json&n=3")->code, 200);
        CU_ASSERT_EQUAL(get("/births?n=1")->code, 200);
        CU_ASSERT_EQUAL(get("/marks/diff?from=b&to=a")->code, 400);
        CU_ASSERT_EQUAL(get("/marks/diff?from=b&to=nowhere")->code, 404);
        CU_ASSERT_EQUAL(get("/marks/diff?from=nowhere")->code, 404);
        CU_ASSERT_EQUAL(get("/births?since=nowhere")->code, 404);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/births?since=2020-01-01T00:00:00Z")->body,
                                      " created between 2020-01-01T00:00:00Z and now\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/births?since=7")->body,
                                      "0 allocation records were created between statement 7 and now\n"));
        CU_ASSERT_EQUAL(get("/births?n=x")->code, 400);
        CU_ASSERT_EQUAL(get("/births?n=99999")->code, 400);
        prof_set_sample_bytes(524288);
        close_port();
}

/* --- faults ------------------------------------------------------------------------------------------------------------- */

static void faults_are_armed_by_what_is_asked(void)
{
        open_port();
        CU_ASSERT_EQUAL(post("/fault?nth=1000000&stage=dissect")->code, 200);
        struct prof_fault f = prof_fault_now();
        CU_ASSERT_TRUE(f.kind == FAULT_NTH && f.stage == STAGE_DISSECT && f.nth == 1000000);
        CU_ASSERT_EQUAL(post("/fault?probability=0.25&seed=7&stage=digest")->code, 200);
        f = prof_fault_now();
        CU_ASSERT_TRUE(f.kind == FAULT_RANDOM && f.stage == STAGE_DIGEST && f.seed == 7);
        CU_ASSERT_TRUE(f.probability > 0.2499 && f.probability < 0.2501);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/fault?format=json")->body, ",\"armed\":\"probability\"}\n"));
        CU_ASSERT_EQUAL(post("/fault?nth=0")->code, 200);
        CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NONE);
        /* a record that nothing here makes again: not the asking itself */
        prof_set_sample_bytes(1);
        prof_free(prof_alloc(STAGE_SINK, 77777));
        uint32_t record = prof_record_count();
        prof_set_sample_bytes(524288);
        char path[64];
        (void)snprintf(path, sizeof path, "/fault?record=%u", record);
        CU_ASSERT_EQUAL(post(path)->code, 200);
        CU_ASSERT_TRUE(prof_fault_now().kind == FAULT_RECORD && prof_fault_now().record == record);
        CU_ASSERT_EQUAL(post("/fault?nth=0")->code, 200);
        close_port();
}

static void wrong_faults_are_told(void)
{
        static const struct {
                const char *query;
                int code;
        } wrong[] = {{"", 400},
                     {"?nth=x", 400},
                     {"?nth=1&record=1", 400},
                     {"?nth=1&stage=nowhere", 400},
                     {"?nth=1&stage=profile", 400},
                     {"?record=1&stage=admin", 400},
                     {"?record=0", 404},
                     {"?record=60000", 404},
                     {"?probability=2", 400},
                     {"?probability=1.1", 400},
                     {"?probability=-0.5", 400},
                     {"?probability=0.", 400},
                     {"?probability=.5", 400},
                     {"?probability=nan", 400},
                     {"?probability=0.5&seed=x", 400}};
        open_port();
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                char path[64];
                (void)snprintf(path, sizeof path, "/fault%s", wrong[i].query);
                CU_ASSERT_EQUAL(post(path)->code, wrong[i].code);
                CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NONE);
        }
        settings.profile.fault_injection = false;
        CU_ASSERT_EQUAL(post("/fault?probability=1")->code, 403);
        CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NONE);
        close_port();
}

static const struct tap_test tests[] = {
    {"the profile is a file", the_profile_is_a_file},
    {"differences are served", differences_are_served},
    {"wrong profiles are told", wrong_profiles_are_told},
    {"gperftools has its own", gperftools_has_its_own},
    {"rates are set, of one stage too", rates_are_set},
    {"who waits may leave", who_waits_may_leave},
    {"who waits is limited", who_waits_is_limited},
    {"marks are made and listed", marks_are_made_and_listed},
    {"differences between marks are told", differences_between_marks_are_told},
    {"faults are armed by what is asked", faults_are_armed_by_what_is_asked},
    {"wrong faults are told", wrong_faults_are_told},
};

int main(void)
{
        prof_set_sample_bytes(0); /* before the first allocation: records keep their rate */
        (void)prof_hooks_install();
        int status = TAP_RUN("admin heap", tests);
        libevent_global_shutdown();
        return status;
}
