#include "admin/endpoints.h"

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/params.h"
#include "profile/export/snapshot.h"

#include <dirent.h>
#include <string.h>

static uint64_t count_records(const struct admin_context *a)
{
        (void)a;
        return prof_record_count();
}

static uint64_t count_sessions(const struct admin_context *a)
{
        return proxy_counts(a->proxy).sessions;
}

static uint64_t count_stages(const struct admin_context *a)
{
        (void)a;
        return STAGE_COUNT;
}

static uint64_t count_marks(const struct admin_context *a)
{
        uint64_t n = 1; /* the start */
        (void)a;
        while (snapshot_at(n - 1) != NULL) {
                n++;
        }
        return n;
}

static uint64_t count_one(const struct admin_context *a)
{
        (void)a;
        return 1;
}

static uint64_t count_threads(const struct admin_context *a)
{
        DIR *dir = opendir("/proc/self/task");
        const struct dirent *entry;
        uint64_t n = 0;
        (void)a;
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
                n += entry->d_name[0] != '.' ? 1 : 0;
        }
        if (dir != NULL) {
                (void)closedir(dir);
        }
        return n;
}

static const char *record_format(size_t i)
{
        static const char *const words[] = {"text", "json", "ltsv", "slow"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

static const char *series_format(size_t i)
{
        static const char *const words[] = {"text", "json", "svg"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

#define PARAMS(...) ((const struct endpoint_param[]){__VA_ARGS__, {NULL, NULL}})
#define RECORD_FORMATS                                                                                       \
        {"format", record_format}, {"verbose", params_switch},                                               \
        {                                                                                                    \
                "color", params_switch                                                                       \
        }
#define PROFILE_PARAMS PARAMS({"debug", NULL}, {"gc", NULL}, {"seconds", NULL}, {"base", NULL})

const struct endpoint endpoints[] = {
    {"GET", "/", "This list and the memory of each stage; in a browser, the page.", .handle = handle_page},
    {"GET", "/web/*", "The files of the page.", .handle = handle_web, .is_open = true},
    {"GET", "/healthz", "Returns ok while the proxy runs; with ?wait=1 stopping, as soon as it stops.",
     .handle = handle_health, .params = PARAMS({"wait", params_switch})},
    {"GET", "/sessions", "Open sessions and what each is doing.", .handle = handle_sessions,
     .params = PARAMS({"width", NULL}), .count_name = "sessions", .count = count_sessions},
    {"GET", "/sessions/*/hex", "Hex dump of a session's last packets.", .handle = handle_hex},
    {"POST", "/sessions/*/kill", "Close a session.", .handle = handle_kill},
    {"GET", "/records",
     "The most recent log records; ?n= their number (100), ?before= or ?after= a record's ID, "
     "?format=text|json|ltsv|slow, ?verbose=1; with ?format=json&ids=1 with their IDs, texts cut to ?cut= "
     "bytes.",
     .handle = handle_records,
     .params = PARAMS({"n", NULL}, {"before", NULL}, {"after", NULL}, {"ids", params_switch}, {"cut", NULL},
                      RECORD_FORMATS),
     .filters = true},
    {"GET", "/records/stream",
     "Log records as they are made; ?n= number of recent ones first (0); formats as above, or server-sent "
     "events.",
     .handle = handle_stream,
     .params = PARAMS({"n", NULL}, {"last_event_id", NULL}, {"cut", NULL}, RECORD_FORMATS), .filters = true},
    {"GET", "/records/*", "One record by its ID, whole.", .handle = handle_record, .is_open = true,
     .params = PARAMS(RECORD_FORMATS)},
    {"GET", "/digests",
     "Statements grouped by digest, with their times; ?sort=time|active|count|errors|max|p99|rows|last, ?n= "
     "their number (20), ?q= a filter; or grouped ?by=user|db|client|session|scope|trace|tag.NAME.",
     .handle = handle_digests,
     .params = PARAMS({"by", NULL}, {"sort", digests_order}, {"n", NULL}, {"q", NULL}, {"width", NULL},
                      {"ids", params_switch})},
    {"GET", "/digests/detail", "All about the digest with the hash ?digest=, with its whole text.",
     .handle = handle_digest_detail, .params = PARAMS({"digest", NULL})},
    {"POST", "/digests/reset", "Reset these statistics.", .handle = handle_digests_reset},
    {"GET", "/stages", "Memory by stage, with the column names of performance_schema.",
     .handle = handle_stages, .count_name = "stages", .count = count_stages},
    {"GET", "/verdicts", "Whether the memory of each stage leaks, and why its allocation records increase.",
     .handle = handle_verdicts},
    {"GET", "/series", "Memory and allocation records of a stage over time; ?stage=, ?tier=, ?format=svg.",
     .handle = handle_series,
     .params = PARAMS({"stage", params_stage}, {"tier", NULL}, {"format", series_format})},
#ifdef PLANTED_LEAKS
    {"POST", "/plant",
     "Leak ?bytes= in ?stage= with each ?every=-th ?per=statement, session, error or request.",
     .handle = handle_plant,
     .params = PARAMS({"stage", params_stage}, {"per", NULL}, {"bytes", NULL}, {"every", NULL})},
#endif
    {"POST", "/sample", "Sample one allocation per ?bytes= from now on, in ?stage= or in all stages.",
     .handle = handle_sample, .params = PARAMS({"bytes", NULL}, {"stage", params_stage})},
    {"GET", "/counters", "Counters since the start.", .handle = handle_counters},
    {"GET", "/settings", "The settings in force.", .handle = handle_settings},
    {"GET", "/debug/pprof/", "Index of the profiles, with counts.", .handle = handle_pprof_index},
    {"GET", "/debug/pprof/heap",
     "Allocation records for go tool pprof; ?debug=1 as text, ?seconds= or ?base=MARK a difference.",
     .handle = handle_heap, .count_name = "heap", .count = count_records, .params = PROFILE_PARAMS},
    {"GET", "/debug/pprof/allocs",
     "The same profile; readers show all allocations instead of live memory by default.",
     .handle = handle_allocs, .count_name = "allocs", .count = count_records, .params = PROFILE_PARAMS},
    {"GET", "/debug/pprof/cmdline", "The command line, with NUL bytes between its arguments.",
     .handle = handle_cmdline, .count_name = "cmdline", .count = count_one},
    {"GET", "/debug/pprof/symbol", "Function names of the addresses in ?0xA+0xB.", .handle = handle_symbol,
     .any_query = true},
    {"POST", "/debug/pprof/symbol", "Function names of the addresses 0xA+0xB in the body.", handle_symbol,
     .any_query = true},
    {"GET", "/debug/pprof/threads", "The threads.", .handle = handle_threads, .count_name = "threads",
     .count = count_threads},
    {"GET", "/pprof/heap", "Allocation records for google-pprof and jeprof.", .handle = handle_heap_v2},
    {"GET", "/pprof/symbol", "As /debug/pprof/symbol.", .handle = handle_symbol, .any_query = true},
    {"POST", "/pprof/symbol", "As /debug/pprof/symbol.", .handle = handle_symbol, .any_query = true},
    {"GET", "/pprof/cmdline", "As /debug/pprof/cmdline.", .handle = handle_cmdline},
    {"GET", "/marks", "Marks: the counts of all allocation records at certain times.", .handle = handle_marks,
     .count_name = "marks", .count = count_marks},
    {"POST", "/marks", "Set a mark called ?name=.", .handle = handle_mark, .params = PARAMS({"name", NULL})},
    {"GET", "/marks/diff", "What changed from mark ?from= to mark ?to= (now); ?n= number of lines (100).",
     .handle = handle_diff, .params = PARAMS({"from", NULL}, {"to", NULL}, {"n", NULL})},
    {"GET", "/births",
     "Allocation records created since ?since= (start): a mark, a time, or a number of statements; ?n= their "
     "number (100), ?stack=1 shows their stacks.",
     .handle = handle_births, .params = PARAMS({"since", NULL}, {"stack", params_switch}, {"n", NULL})},
    {"GET", "/fault", "Allocations counted and faults injected so far.", .handle = handle_fault_get},
    {"POST", "/fault",
     "Make allocations fail: ?nth= or ?probability= (&seed=), both with &stage=, or ?record=.",
     .handle = handle_fault_post,
     .params = PARAMS({"nth", NULL}, {"probability", NULL}, {"seed", NULL}, {"stage", params_stage},
                      {"record", NULL})},
};

const size_t endpoints_n = sizeof endpoints / sizeof endpoints[0];

/** Whether @p path fits the path of @p e; *@p place is what stands for its '*'. */
static bool matches(const struct endpoint *e, const char *path, struct endpoint_place *place)
{
        const char *star = strchr(e->path, '*');
        *place = (struct endpoint_place){0, ""};
        if (star == NULL) {
                return strcmp(e->path, path) == 0;
        }
        size_t head = (size_t)(star - e->path);
        if (strncmp(e->path, path, head) != 0) {
                return false;
        }
        if (e->is_open) {
                place->text = path + head;
                return path[head] != '\0';
        }
        size_t digits = strspn(path + head, "0123456789");
        return call_parse_number(path + head, digits, &place->number) &&
               strcmp(star + 1, path + head + digits) == 0;
}

const struct endpoint *endpoints_find(const char *method, const char *path, struct endpoint_place *place,
                                      char *allow, size_t size)
{
        const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
        allow[0] = '\0';
        for (size_t i = 0; i < endpoints_n; i++) {
                if (!matches(&endpoints[i], path, place)) {
                        continue;
                }
                if (strcmp(endpoints[i].method, wanted) == 0) {
                        return &endpoints[i];
                }
                size_t at = strlen(allow);
                (void)snprintf(allow + at, size - at, "%s%s", at > 0 ? ", " : "", endpoints[i].method);
        }
        return NULL;
}
