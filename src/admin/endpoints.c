#include "admin/endpoints.h"

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/params.h"
#include "admin/record_reader.h"
#include "admin/tables.h"
#include "journal/enrich/finding_table.h"
#include "journal/traffic.h"
#include "profile/export/series.h"
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

enum { LINES_MAX = PROF_RECORDS + STAGE_COUNT }; /* of /marks/diff and /births */

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

/* A number from 0 to MAX. */
#define NUMBER(NAME, MAX, RIGHT, HELP)                                                                       \
        {                                                                                                    \
                .name = (NAME), .is_number = true, .max = (MAX), .right = (RIGHT), .wrong = "x",             \
                .help = (HELP)                                                                               \
        }
#define WORDS(NAME, WORD, HELP)                                                                              \
        {                                                                                                    \
                .name = (NAME), .word = (WORD), .help = (HELP)                                               \
        }
#define TEXT(NAME, RIGHT, WRONG, HELP)                                                                       \
        {                                                                                                    \
                .name = (NAME), .right = (RIGHT), .wrong = (WRONG), .help = (HELP)                           \
        }
#define PARAMS(...) ((const struct endpoint_param[]){__VA_ARGS__, {.name = NULL}})
#define RECORD_PARAMS(...)                                                                                   \
        PARAMS(                                                                                              \
            __VA_ARGS__,                                                                                     \
            TEXT("since", "start", "none", "Only records that ended after this mark of the log."),           \
            WORDS("format", record_format, "Form of the records."),                                          \
            WORDS("verbose", params_switch, "1: details below the line of text."),                           \
            WORDS("color", params_switch, "1: the colors of a terminal."),                                   \
            WORDS("grouped", params_switch, "1, with text: a line before each that tells its transaction."))
#define PROFILE_PARAMS                                                                                       \
        PARAMS(NUMBER("debug", UINT32_MAX, "1", "Not 0: as text."),                                          \
               NUMBER("gc", UINT32_MAX, "1", "Ignored: what readers of Go's profiles send."),                \
               {.name = "seconds",                                                                           \
                .is_number = true,                                                                           \
                .max = 3600,                                                                                 \
                .right = "1",                                                                                \
                .wrong = "0",                                                                                \
                .help = "What changes within that many seconds, above 0."},                                  \
               TEXT("base", "start", "none", "What changed since this mark."))
#define CUT          NUMBER("cut", RECORD_READER_CUT_MAX, "100", "With IDs and events: bytes to which texts are cut.")
#define TYPES(...)   ((const char *const[]){__VA_ARGS__, NULL})
#define RECORD_TYPES TYPES("text/plain", "application/x-ndjson")
#define PLAIN        TYPES("text/plain")
#define PROFILE      TYPES("application/octet-stream", "text/plain")

const struct endpoint endpoints[] = {
    {"GET", "/", "This list and the memory of each stage; in a browser, the page.", .handle = handle_page,
     .types = TYPES("text/plain", "application/json", "text/html")},
    {"GET", "/web/*", "The files of the page.", .handle = handle_web, .is_open = true,
     .types =
         TYPES("text/html", "text/css", "text/javascript", "image/svg+xml", "image/png", "application/json")},
    {"GET", "/openapi.json", "This list for programs, in the format of OpenAPI 3.1.",
     .handle = handle_openapi, .types = TYPES("application/json")},
    {"GET", "/healthz", "Returns ok while the proxy runs; with ?wait=1 stopping, as soon as it stops.",
     .handle = handle_health,
     .params = PARAMS(WORDS("wait", params_switch, "1: the reply comes when the proxy stops."))},
    {"GET", "/readyz",
     "Returns ready, or status 503 and why a client would be refused now: the server can't be reached, or "
     "too "
     "many sessions are open.",
     .handle = handle_ready},
    {"GET", "/metrics", "Counters, memory by stage and times of statements in the text format of Prometheus.",
     .handle = handle_metrics, .types = PLAIN},
    {"GET", "/sessions", "Open sessions and what each is doing.", .handle = handle_sessions,
     .params = PARAMS(NUMBER("width", 1000000, "80", "Columns of a line of text; 0: no limit.")),
     .count_name = "sessions", .count = count_sessions, .table = &sessions_table, .list = "sessions"},
    {"GET", "/sessions/*/hex",
     "Hex dump of a session's last packets; with ?annotate=1 or table, the name of each field; with "
     "text2pcap, "
     "for that.",
     .handle = handle_hex,
     .params = PARAMS(WORDS("annotate", sessions_annotate,
                            "1: hex by field, with the names of the fields; table: the fields without hex; "
                            "text2pcap: the dump as text2pcap reads it."))},
    {"GET", "/sessions/*/pcap", "A session's last packets as a capture file for Wireshark (pcapng).",
     .handle = handle_pcap, .types = TYPES("application/x-pcapng")},
    {"GET", "/pcap",
     "Packets as they are recorded, as a capture file that does not end: of all sessions, of ?session=, or "
     "of "
     "those with a record that the filter ?q= selects.",
     .handle = handle_pcap_stream,
     .params = PARAMS(
         NUMBER("session", UINT64_MAX, "0", "Only this session; 0: all."),
         TEXT("q", "verb:select", "nonsense:1", "An expression of the filter language: querytap-filter(7).")),
     .types = TYPES("application/x-pcapng")},
    {"POST", "/sessions/*/kill", "Close a session.", .handle = handle_kill},
    {"GET", "/records",
     "The most recent log records; ?n= their number (100), ?since= a mark, ?before= or ?after= a record's "
     "ID, "
     "?format=text|json|ltsv|slow, ?verbose=1; with ?format=json&ids=1 with their IDs, texts cut to ?cut= "
     "bytes.",
     .handle = handle_records,
     .params = RECORD_PARAMS(
         NUMBER("n", RECORD_READER_MAX, "10", "Number of records, at most (100)."),
         TEXT("before", "5", "x", "ID or number of the record that follows the last one."),
         TEXT("after", "5", "x", "ID or number of the record before the first one."),
         WORDS("ids", params_switch, "1, with format=json: each record begins with its ID."), CUT),
     .types = RECORD_TYPES, .filters = true},
    {"GET", "/records/stream",
     "Log records as they are made; ?n= number of recent ones first (0), or those ?since= a mark; formats as "
     "above, or server-sent "
     "events.",
     .handle = handle_stream,
     .params = RECORD_PARAMS(
         NUMBER("n", RECORD_READER_MAX, "10", "Number of recent records that come first (0)."),
         TEXT("last_event_id", "abc:5", "x", "With events: the ID of the last record that was read."), CUT),
     .types = TYPES("text/plain", "application/x-ndjson", "text/event-stream"), .filters = true},
    {"GET", "/records/*", "One record by its ID, whole.", .handle = handle_record, .is_open = true,
     .params = PARAMS(WORDS("format", record_format, "Form of the record."),
                      WORDS("verbose", params_switch, "1: details below the line of text."),
                      WORDS("color", params_switch, "1: the colors of a terminal."))},
    {"GET", "/transactions",
     "Transactions of the recent records, with their statements and the times between them; ?n= their number "
     "(20), "
     "?session=.",
     .handle = handle_transactions,
     .params = PARAMS(NUMBER("n", 200, "10", "Number of transactions, at most (20)."),
                      NUMBER("session", UINT64_MAX, "7", "Only those of this session."))},
    {"GET", "/findings",
     "What deserves attention, by finding and digest; ?kind= a finding, ?n= their number (50).",
     .handle = handle_findings,
     .params = PARAMS(WORDS("kind", findings_kind, "Only this finding."),
                      NUMBER("n", FINDING_TABLE_ROWS, "10", "Number of lines, at most (50).")),
     .table = &findings_table, .list = "findings"},
    {"GET", "/series/statements",
     "Statements, errors, time and rows of the last ?seconds= (300), at most 900, in steps of ?step= seconds "
     "(1).",
     .handle = handle_traffic,
     .params = PARAMS(NUMBER("seconds", TRAFFIC_SECONDS, "60", "How far back."),
                      NUMBER("step", 60, "5", "Seconds of each step, from 1."))},
    {"GET", "/digests",
     "Statements grouped by digest, with their times; ?sort=time|active|count|errors|max|p99|rows|last, ?n= "
     "their number (20), ?q= a filter; or grouped ?by=user|db|client|session|scope|trace|tag.NAME.",
     .handle = handle_digests,
     .params = PARAMS(
         TEXT("by", "user", "nobody", "Group by user, db, client, session, scope, trace or tag.NAME."),
         WORDS("sort", digests_order, "What comes first."),
         NUMBER("n", 1000000, "10", "Number of digests, at most (20)."),
         TEXT("q", "verb:select", "nonsense:1", "An expression of the filter language: querytap-filter(7)."),
         NUMBER("width", 1000000, "80", "Columns of a line of text; 0: no limit."),
         WORDS("ids", params_switch, "1: each line of text begins with the hash.")),
     .table = &digests_table, .list = "digests"},
    {"GET", "/digests/detail", "All about the digest with the hash ?digest=, with its whole text.",
     .handle = handle_digest_detail,
     .params = PARAMS(
         {.name = "digest", .right = NULL, .wrong = "none", .is_required = true, .help = "Its hash."})},
    {"POST", "/digests/reset", "Reset these statistics.", .handle = handle_digests_reset},
    {"GET", "/stages", "Memory by stage, with the column names of performance_schema.",
     .handle = handle_stages, .count_name = "stages", .count = count_stages},
    {"GET", "/verdicts", "Whether the memory of each stage leaks, and why its allocation records increase.",
     .handle = handle_verdicts},
    {"GET", "/series", "Memory and allocation records of a stage over time; ?stage=, ?tier=, ?format=svg.",
     .handle = handle_series,
     .params = PARAMS(WORDS("stage", params_stage, "A stage; the whole process if it is missing."),
                      NUMBER("tier", SERIES_TIERS - 1, "0",
                             "0: the finest and shortest; the one that has all if it is missing."),
                      WORDS("format", series_format, "svg: a picture.")),
     .types = TYPES("text/plain", "application/json", "image/svg+xml")},
#ifdef PLANTED_LEAKS
    {"POST", "/plant",
     "Leak ?bytes= in ?stage= with each ?every=-th ?per=statement, session, error or request.",
     .handle = handle_plant,
     .params = PARAMS(
         {.name = "stage", .word = params_stage, .is_required = true, .help = "The stage that is to leak."},
         TEXT("per", "statement", "none", "The event: statement, session, error or request."),
         NUMBER("bytes", 1 << 20, "16", "Bytes each time."),
         NUMBER("every", UINT32_MAX, "1", "Each N-th event."))},
#endif
    {"POST", "/sample", "Sample one allocation per ?bytes= from now on, in ?stage= or in all stages.",
     .handle = handle_sample,
     .params = PARAMS({.name = "bytes",
                       .is_number = true,
                       .max = 1 << 30,
                       .right = "524288",
                       .wrong = "x",
                       .is_required = true,
                       .help = "Average bytes between samples; 1: every allocation, 0: none."},
                      WORDS("stage", params_stage, "Only this stage."))},
    {"GET", "/counters", "Counters since the start.", .handle = handle_counters},
    {"GET", "/settings", "The settings in force.", .handle = handle_settings},
    {"POST", "/reload",
     "Read the settings again, for new sessions; lists those that have changed and those that need a "
     "restart.",
     .handle = handle_reload},
    {"GET", "/debug/pprof/", "Index of the profiles, with counts.", .handle = handle_pprof_index},
    {"GET", "/debug/pprof/heap",
     "Allocation records for go tool pprof; ?debug=1 as text, ?seconds= or ?base=MARK a difference.",
     .handle = handle_heap, .count_name = "heap", .count = count_records, .params = PROFILE_PARAMS,
     .types = PROFILE},
    {"GET", "/debug/pprof/allocs",
     "The same profile; readers show all allocations instead of live memory by default.",
     .handle = handle_allocs, .count_name = "allocs", .count = count_records, .params = PROFILE_PARAMS,
     .types = PROFILE},
    {"GET", "/debug/pprof/cmdline", "The command line, with NUL bytes between its arguments.",
     .handle = handle_cmdline, .count_name = "cmdline", .count = count_one, .types = PLAIN},
    {"GET", "/debug/pprof/symbol", "Function names of the addresses in ?0xA+0xB.", .handle = handle_symbol,
     .any_query = true, .types = PLAIN},
    {"POST", "/debug/pprof/symbol", "Function names of the addresses 0xA+0xB in the body.", handle_symbol,
     .any_query = true, .types = PLAIN},
    {"GET", "/debug/pprof/threads", "The threads.", .handle = handle_threads, .count_name = "threads",
     .count = count_threads},
    {"GET", "/pprof/heap", "Allocation records for google-pprof and jeprof.", .handle = handle_heap_v2,
     .types = PLAIN},
    {"GET", "/pprof/symbol", "As /debug/pprof/symbol.", .handle = handle_symbol, .any_query = true,
     .types = PLAIN},
    {"POST", "/pprof/symbol", "As /debug/pprof/symbol.", .handle = handle_symbol, .any_query = true,
     .types = PLAIN},
    {"GET", "/pprof/cmdline", "As /debug/pprof/cmdline.", .handle = handle_cmdline, .types = PLAIN},
    {"GET", "/marks", "Marks: moments of the log, and the counts of all allocation records then.",
     .handle = handle_marks, .count_name = "marks", .count = count_marks},
    {"POST", "/marks", "Set a mark called ?name=, of the log and of the allocation records.",
     .handle = handle_mark,
     .params = PARAMS({.name = "name",
                       .right = "here",
                       .wrong = "start",
                       .is_required = true,
                       .help = "1 to 31 printable characters."})},
    {"GET", "/scopes",
     "The scope that is open for all statements without a scope of their own, if there is one.",
     .handle = handle_scope_get},
    {"POST", "/scopes",
     "Begin or end (?do=) a scope called ?name= for all statements without a scope of their own. Only one "
     "can "
     "be open.",
     .handle = handle_scope_post,
     .params = PARAMS(
         {.name = "do", .word = open_scope_words, .is_required = true, .help = "begin or end."},
         {.name = "name", .right = "here", .wrong = "", .is_required = true, .help = "1 to 256 bytes."})},
    {"GET", "/marks/diff", "What changed from mark ?from= to mark ?to= (now); ?n= number of lines (100).",
     .handle = handle_diff,
     .params = PARAMS(TEXT("from", "start", "none", "A mark; the start if it is missing."),
                      TEXT("to", "start", "none", "A mark; now if it is missing."),
                      NUMBER("n", LINES_MAX, "10", "Number of lines, at most (100)."))},
    {"GET", "/births",
     "Allocation records created since ?since= (start): a mark, a time, or a number of statements; ?n= their "
     "number (100), ?stack=1 shows their stacks.",
     .handle = handle_births,
     .params = PARAMS(TEXT("since", "start", "none",
                           "A mark, a time, or a number of statements; the start if it is missing."),
                      WORDS("stack", params_switch, "1: with their stacks."),
                      NUMBER("n", LINES_MAX, "10", "Number of lines, at most (100)."))},
    {"POST", "/mcp",
     "The Model Context Protocol for AI assistants (Streamable HTTP): a JSON-RPC message in the body, its "
     "reply "
     "as JSON. See doc/agents.md.",
     .handle = handle_mcp,
     .params = PARAMS(WORDS("allow_actions", params_switch, "1: offer the tool that closes a session, too.")),
     .types = TYPES("application/json")},
    {"GET", "/fault", "Allocations counted and faults injected so far.", .handle = handle_fault_get},
    {"POST", "/fault",
     "Make allocations fail: ?nth= or ?probability= (&seed=), both with &stage=, or ?record=.",
     .handle = handle_fault_post,
     .params = PARAMS(NUMBER("nth", UINT32_MAX, "0", "The N-th allocation from now on; 0: none any more."),
                      TEXT("probability", "0", "2", "Each allocation, with this probability."),
                      NUMBER("seed", UINT64_MAX, "1", "Of the random numbers."),
                      WORDS("stage", params_stage, "Only this stage."),
                      NUMBER("record", UINT32_MAX, "1", "Those of this allocation record."))},
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
