/* The table of endpoints. A new one is a row here and a handler. */
#include "admin/call.h"

#include "profile/export/snapshot.h"

#include <dirent.h>
#include <string.h>

static uint64_t count_records(const struct admin *a)
{
        (void)a;
        return prof_record_count();
}

static uint64_t count_sessions(const struct admin *a)
{
        return proxy_counts(a->proxy).sessions;
}

static uint64_t count_stages(const struct admin *a)
{
        (void)a;
        return STAGE_COUNT;
}

static uint64_t count_marks(const struct admin *a)
{
        uint64_t n = 1; /* the start */
        (void)a;
        while (snapshot_at(n - 1) != NULL) {
                n++;
        }
        return n;
}

static uint64_t count_one(const struct admin *a)
{
        (void)a;
        return 1;
}

static uint64_t count_threads(const struct admin *a)
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

const struct endpoint endpoints[] = {
    {"GET", "/", "This list and the memory of each stage.", handle_page, NULL, NULL},
    {"GET", "/healthz", "Returns ok while the proxy runs.", handle_health, NULL, NULL},
    {"GET", "/sessions", "Open sessions and what each is doing.", handle_sessions, "sessions",
     count_sessions},
    {"GET", "/sessions/*/hex", "Hex dump of a session's last packets.", handle_hex, NULL, NULL},
    {"POST", "/sessions/*/kill", "Close a session.", handle_kill, NULL, NULL},
    {"GET", "/records",
     "The most recent log records; ?n= their number (100), ?format=text|json|ltsv|slow, ?verbose=1.",
     handle_records, NULL, NULL},
    {"GET", "/records/stream",
     "Log records as they are made; ?n= number of recent ones first (0); formats as above.", handle_stream,
     NULL, NULL},
    {"GET", "/digests",
     "Statements grouped by digest, with their times; ?sort=time|active|count|errors|max|p99|rows|last, ?n= "
     "their number (20).",
     handle_digests, NULL, NULL},
    {"POST", "/digests/reset", "Reset these statistics.", handle_digests_reset, NULL, NULL},
    {"GET", "/stages", "Memory by stage, with the column names of performance_schema.", handle_stages,
     "stages", count_stages},
    {"GET", "/verdicts", "Whether the memory of each stage leaks, and why its allocation records increase.",
     handle_verdicts, NULL, NULL},
    {"GET", "/series", "Memory and allocation records of a stage over time; ?stage=, ?tier=, ?format=svg.",
     handle_series, NULL, NULL},
#ifdef PLANTED_LEAKS
    {"POST", "/plant",
     "Leak ?bytes= in ?stage= with each ?every=-th ?per=statement, session, error or request.", handle_plant,
     NULL, NULL},
#endif
    {"POST", "/sample", "Sample one allocation per ?bytes= from now on, in ?stage= or in all stages.",
     handle_sample, NULL, NULL},
    {"GET", "/counters", "Counters since the start.", handle_counters, NULL, NULL},
    {"GET", "/settings", "The settings in force.", handle_settings, NULL, NULL},
    {"GET", "/debug/pprof/", "Index of the profiles, with counts.", handle_pprof_index, NULL, NULL},
    {"GET", "/debug/pprof/heap",
     "Allocation records for go tool pprof; ?debug=1 as text, ?seconds= or ?base=MARK a difference.",
     handle_heap, "heap", count_records},
    {"GET", "/debug/pprof/allocs",
     "The same profile; readers show all allocations instead of live memory by default.", handle_allocs,
     "allocs", count_records},
    {"GET", "/debug/pprof/cmdline", "The command line, with NUL bytes between its arguments.", handle_cmdline,
     "cmdline", count_one},
    {"GET", "/debug/pprof/symbol", "Function names of the addresses in ?0xA+0xB.", handle_symbol, NULL, NULL},
    {"POST", "/debug/pprof/symbol", "Function names of the addresses 0xA+0xB in the body.", handle_symbol,
     NULL, NULL},
    {"GET", "/debug/pprof/threads", "The threads.", handle_threads, "threads", count_threads},
    {"GET", "/pprof/heap", "Allocation records for google-pprof and jeprof.", handle_heap_v2, NULL, NULL},
    {"GET", "/pprof/symbol", "As /debug/pprof/symbol.", handle_symbol, NULL, NULL},
    {"POST", "/pprof/symbol", "As /debug/pprof/symbol.", handle_symbol, NULL, NULL},
    {"GET", "/pprof/cmdline", "As /debug/pprof/cmdline.", handle_cmdline, NULL, NULL},
    {"GET", "/marks", "Marks: the counts of all allocation records at certain times.", handle_marks, "marks",
     count_marks},
    {"POST", "/marks", "Set a mark called ?name=.", handle_mark, NULL, NULL},
    {"GET", "/marks/diff", "What changed from mark ?from= to mark ?to= (now); ?n= number of lines (100).",
     handle_diff, NULL, NULL},
    {"GET", "/births",
     "Allocation records created since ?since= (start): a mark, a time, or a number of statements; ?n= their "
     "number (100), ?stack=1 shows their stacks.",
     handle_births, NULL, NULL},
    {"GET", "/fault", "Allocations counted and faults injected so far.", handle_fault_get, NULL, NULL},
    {"POST", "/fault",
     "Make allocations fail: ?nth= or ?probability= (&seed=), both with &stage=, or ?record=.",
     handle_fault_post, NULL, NULL},
};

const size_t endpoint_count = sizeof endpoints / sizeof endpoints[0];

bool admin_endpoint(size_t i, const char **method, const char **path)
{
        if (i >= endpoint_count) {
                return false;
        }
        *method = endpoints[i].method;
        *path = endpoints[i].path;
        return true;
}

bool endpoint_matches(const char *pattern, const char *path, uint64_t *id)
{
        const char *star = strchr(pattern, '*');
        if (star == NULL) {
                return strcmp(pattern, path) == 0;
        }
        size_t head = (size_t)(star - pattern);
        if (strncmp(pattern, path, head) != 0) {
                return false;
        }
        size_t digits = strspn(path + head, "0123456789");
        return call_parse_number(path + head, digits, id) && strcmp(star + 1, path + head + digits) == 0;
}

const struct endpoint *endpoint_find(const char *method, const char *path, uint64_t *id, char *allow,
                                     size_t size)
{
        const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
        allow[0] = '\0';
        for (size_t i = 0; i < endpoint_count; i++) {
                if (!endpoint_matches(endpoints[i].path, path, id)) {
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
