/* GET /counters: what was counted since the start, for the proxy and for each log. */
#include "admin/handlers.h"

#include "admin/admin_listener.h"
#include "admin/call.h"
#include "admin/counter_metrics.h"
#include "admin/put.h"
#include "admin/tables.h"
#include "base/diag.h"
#include "base/metric.h"
#include "journal/journal_counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>

/** The values of all counters. */
struct counters {
        struct proxy_counts proxy;
        struct journal_counts log;
        struct admin_listener_counts listener;
        uint64_t admin_requests;
        uint64_t admin_refused;
        uint64_t admin_streams;
        uint64_t diag_errors;
        uint64_t diag_warnings;
        uint64_t diag_unsaid;
        uint64_t bad_frees;
        uint64_t faults_fired;
};

#define OF(member) .kind = COLUMN_U64, .offset = offsetof(struct counters, member)

static const struct column columns[] = {
    {"sessions", NULL, "Sessions that are open.", OF(proxy.sessions), .metric = "querytap_sessions"},
    {"accepted", NULL, "Clients that connected.", OF(proxy.accepted),
     .metric = "querytap_clients_accepted_total"},
    {"refused", NULL, "Clients that were refused because of limits.sessions.", OF(proxy.refused),
     .metric = "querytap_clients_refused_total"},
    {"accept_errors", NULL, "Failures to accept a client.", OF(proxy.accept_errors),
     .metric = "querytap_accept_errors_total"},
    {"upstream_errors", NULL, "Failures to reach the server.", OF(proxy.upstream_errors),
     .metric = "querytap_upstream_errors_total"},
    {"opaque", NULL, "Times that a session could not be followed any further.", OF(proxy.opaque),
     .metric = "querytap_sessions_opaque_total"},
    {"followed_again", NULL, "Times that an opaque session was followed again.", OF(proxy.followed_again),
     .metric = "querytap_sessions_followed_again_total"},
    {"missed", NULL, "Commands that are not logged because their session was opaque.", OF(proxy.missed),
     .metric = "querytap_commands_missed_total"},
    {"lint", NULL, "Rules of the protocol that packets broke.", OF(proxy.lint),
     .metric = "querytap_protocol_violations_total"},
    {"tls_sessions", NULL, "Sessions with TLS to the client.", OF(proxy.tls_sessions),
     .metric = "querytap_tls_sessions_total"},
    {"tls_errors", NULL, "TLS handshakes and connections that failed.", OF(proxy.tls_errors),
     .metric = "querytap_tls_errors_total"},
    {"statements", NULL, "Commands of clients.", OF(proxy.statements), .metric = "querytap_commands_total"},
    {"bytes_sent", "bytes", "From clients to the server.", OF(proxy.bytes_sent),
     .metric = "querytap_sent_bytes_total"},
    {"bytes_received", "bytes", "From the server to clients.", OF(proxy.bytes_received),
     .metric = "querytap_received_bytes_total"},
    {"log_records", NULL, "Records that were written, of all logs.", OF(log.records)},
    {"log_dropped", NULL, "Records that were lost, of all logs.", OF(log.dropped)},
    {"log_filtered", NULL, "Records that a filter left out, of all logs.", OF(log.filtered)},
    {"log_undecided", NULL, "Searches of filters for a text or pattern that had no result.",
     OF(log.undecided)},
    {"log_bytes", "bytes", "Written to all logs.", OF(log.bytes)},
    {"log_errors", NULL, "Failures to write to a log.", OF(log.sink_errors)},
    {"log_rotations", NULL, "Rotations of all logs.", OF(log.rotations)},
    {"log_torn", NULL, "Times that a log file ended within a line, of all logs.", OF(log.torn)},
    {"log_sessions_lost", NULL, "Records without the fields of their session, for want of memory.",
     OF(log.sessions_lost), .metric = "querytap_log_sessions_lost_total"},
    {"triggers_fired", NULL, "Times that a trigger asked for packets to be saved.", OF(log.triggers_fired),
     .metric = "querytap_triggers_fired_total"},
    {"triggers_dropped", NULL, "Of these, those for which too many were waiting: nothing was saved.",
     OF(log.triggers_dropped), .metric = "querytap_triggers_dropped_total"},
    {"packets_saved", NULL, "Times that packets of a session were saved for a trigger.",
     OF(proxy.packets_saved), .metric = "querytap_packets_saved_total"},
    {"packets_unsaved", NULL, "Times that saving packets for a trigger failed.", OF(proxy.packets_unsaved),
     .metric = "querytap_packets_unsaved_total"},
    {"recent_cut", NULL, "Recent records that were given up early, with the sessions that they refer to.",
     OF(log.recent_cut), .metric = "querytap_recent_cut_total"},
    {"admin_requests", NULL, "Requests to the admin port.", OF(admin_requests),
     .metric = "querytap_admin_requests_total"},
    {"admin_refused", NULL, "Requests that were refused because of their Host or Origin.", OF(admin_refused),
     .metric = "querytap_admin_refused_total"},
    {"admin_connections", NULL, "Connections to the admin port that are open.", OF(listener.connections),
     .metric = "querytap_admin_connections"},
    {"admin_turned_away", NULL, "Connections to the admin port that were too many.", OF(listener.turned_away),
     .metric = "querytap_admin_turned_away_total"},
    {"admin_timed_out", NULL, "Connections to the admin port that were closed because they were silent.",
     OF(listener.timed_out), .metric = "querytap_admin_timed_out_total"},
    {"admin_accept_errors", NULL, "Failures to accept a connection to the admin port.",
     OF(listener.accept_errors), .metric = "querytap_admin_accept_errors_total"},
    {"admin_streams", NULL, "Streams of records that were served.", OF(admin_streams),
     .metric = "querytap_admin_streams_total"},
    {"diag_errors", NULL, "Errors on standard error.", OF(diag_errors),
     .metric = "querytap_diag_errors_total"},
    {"diag_warnings", NULL, "Warnings on standard error.", OF(diag_warnings),
     .metric = "querytap_diag_warnings_total"},
    {"diag_unsaid", NULL, "Messages that were left out because they were too many.", OF(diag_unsaid),
     .metric = "querytap_diag_unsaid_total"},
    {"bad_frees", NULL, "Frees of what was not allocated.", OF(bad_frees),
     .metric = "querytap_bad_frees_total"},
    {"faults_fired", NULL, "Allocations that were made to fail.", OF(faults_fired),
     .metric = "querytap_faults_fired_total"},
};

const struct column_table counters_table = {"/counters", columns, sizeof columns / sizeof columns[0]};

#define OF_LOG(member) .kind = COLUMN_U64, .offset = offsetof(struct journal_counts, member)

static const struct column log_columns[] = {
    {"file", NULL, "The log, as its setting names it.", .kind = COLUMN_TEXT,
     .offset = offsetof(struct journal_counts, file)},
    {"records", NULL, "Records that were written.", OF_LOG(records), .metric = "querytap_log_records_total"},
    {"dropped", NULL, "Records that were lost.", OF_LOG(dropped), .metric = "querytap_log_dropped_total"},
    {"filtered", NULL, "Records that its filter left out.", OF_LOG(filtered),
     .metric = "querytap_log_filtered_total"},
    {"undecided", NULL, "Searches of its filter for a text or pattern that had no result.", OF_LOG(undecided),
     .metric = "querytap_log_undecided_total"},
    {"bytes", "bytes", "Written to it.", OF_LOG(bytes), .metric = "querytap_log_bytes_total"},
    {"errors", NULL, "Failures to write to it.", OF_LOG(sink_errors), .metric = "querytap_log_errors_total"},
    {"rotations", NULL, "Rotations.", OF_LOG(rotations), .metric = "querytap_log_rotations_total"},
    {"torn", NULL, "Times that its file ended within a line.", OF_LOG(torn),
     .metric = "querytap_log_torn_total"},
};

const struct column_table counters_log_table = {"/counters logs", log_columns,
                                                sizeof log_columns / sizeof log_columns[0]};

#define OF_UPSTREAM(member)      .kind = COLUMN_U64, .offset = offsetof(struct proxy_upstream, member)
#define TEXT_OF_UPSTREAM(member) .kind = COLUMN_CHARS, .offset = offsetof(struct proxy_upstream, member)

static const struct column upstream_columns[] = {
    {"address", NULL, "The server, as its setting names it.", TEXT_OF_UPSTREAM(addr)},
    {"up", NULL, "1 if the server can be reached, as far as is known, else 0.", OF_UPSTREAM(up),
     .metric = "querytap_upstream_up"},
    {"sessions", NULL, "Sessions with the server that are open or being connected.", OF_UPSTREAM(sessions),
     .metric = "querytap_upstream_sessions"},
    {"failures", NULL, "Failures to reach the server or to get a greeting from it, also of checks.",
     OF_UPSTREAM(failures), .metric = "querytap_upstream_failures_total"},
    {"error", NULL, "Why it is down.", TEXT_OF_UPSTREAM(error)},
};

const struct column_table counters_upstream_table = {"/counters upstreams", upstream_columns,
                                                     sizeof upstream_columns / sizeof upstream_columns[0]};

static struct counters take(const struct admin_context *a)
{
        return (struct counters){
            .proxy = proxy_counts(a->proxy),
            .log = journal_counts(a->journal),
            .listener = admin_listener_counts(a->listener),
            .admin_requests = a->requests,
            .admin_refused = a->refused,
            .admin_streams = a->streams_served,
            .diag_errors = diag_count(DIAG_ERROR),
            .diag_warnings = diag_count(DIAG_WARNING),
            .diag_unsaid = diag_unsaid(),
            .bad_frees = prof_bad_frees(),
            .faults_fired = prof_fail_fired(),
        };
}

/** The name of the counter of sessions that were closed for reason @p i; NULL past the last. It is in @p buffer. */
static const char *closed_name(size_t i, char *buffer, size_t size, uint64_t *count)
{
        const char *reason = proxy_close_reason(i, count);
        if (reason == NULL) {
                return NULL;
        }
        (void)snprintf(buffer, size, "closed_%s", reason);
        return buffer;
}

static void put_json(FILE *out, const struct counters *c, const struct admin_context *a)
{
        struct json_writer j = json_writer_to(out);
        struct journal_counts log;
        struct proxy_upstream upstream;
        char buffer[64];
        const char *name;
        uint64_t count;
        json_writer_object(&j, NULL);
        column_put_json(&counters_table, c, &j);
        for (size_t i = 0; (name = closed_name(i, buffer, sizeof buffer, &count)) != NULL; i++) {
                json_writer_uint(&j, name, count);
        }
        json_writer_array(&j, "logs");
        for (unsigned i = 0; journal_sink_counts(a->journal, i, &log); i++) {
                json_writer_object(&j, NULL);
                column_put_json(&counters_log_table, &log, &j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_array(&j, "upstreams");
        for (unsigned i = 0; proxy_upstream(a->proxy, i, &upstream); i++) {
                json_writer_object(&j, NULL);
                column_put_json(&counters_upstream_table, &upstream, &j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_line(FILE *out, const char *name, uint64_t value)
{
        (void)fprintf(out, "%-32s %" PRIu64 "\n", name, value);
}

/** The counters of a log in one line. */
static void put_log(FILE *out, const struct journal_counts *log)
{
        const char *separator = ": ";
        (void)fputs("log ", out);
        put_plain(out, log->file);
        for (size_t i = 0; i < counters_log_table.n; i++) {
                if (log_columns[i].kind == COLUMN_U64) {
                        (void)fprintf(out, "%s%" PRIu64 " %s", separator, column_uint(&log_columns[i], log),
                                      log_columns[i].name);
                        separator = ", ";
                }
        }
        (void)putc('\n', out);
}

/** A server in one line. */
static void put_upstream(FILE *out, const struct proxy_upstream *u)
{
        (void)fputs("upstream ", out);
        put_plain(out, u->addr);
        (void)fprintf(out, ": %s, %" PRIu64 " sessions, %" PRIu64 " failures", u->up != 0 ? "up" : "down",
                      u->sessions, u->failures);
        (void)fputs(u->up != 0 ? "" : ": ", out);
        put_plain(out, u->error);
        (void)putc('\n', out);
}

static void put_text(FILE *out, const struct counters *c, const struct admin_context *a)
{
        struct journal_counts log;
        struct proxy_upstream upstream;
        char buffer[64];
        const char *name;
        uint64_t count;
        for (size_t i = 0; i < counters_table.n; i++) {
                put_line(out, columns[i].name, column_uint(&columns[i], c));
        }
        for (size_t i = 0; (name = closed_name(i, buffer, sizeof buffer, &count)) != NULL; i++) {
                put_line(out, name, count);
        }
        for (unsigned i = 0; journal_sink_counts(a->journal, i, &log); i++) {
                put_log(out, &log);
        }
        for (unsigned i = 0; proxy_upstream(a->proxy, i, &upstream); i++) {
                put_upstream(out, &upstream);
        }
}

/** At most as many as the settings name; the others are of an earlier generation and go with its sessions. */
static void upstream_metrics(FILE *out, const struct admin_context *a)
{
        enum { MAX = 64 };
        struct proxy_upstream *upstreams = prof_calloc(STAGE_ADMIN, MAX, sizeof *upstreams);
        struct metric_row rows[MAX];
        unsigned n = 0;
        if (upstreams == NULL) {
                return;
        }
        for (; n < MAX && proxy_upstream(a->proxy, n, &upstreams[n]); n++) {
                rows[n] = (struct metric_row){&upstreams[n], {{"upstream", upstreams[n].addr}}};
        }
        metric_table(out, &counters_upstream_table, rows, n);
        prof_free(upstreams);
}

void counter_metrics(FILE *out, const struct admin_context *a)
{
        static const char closed[] = "querytap_sessions_closed_total";
        const struct counters c = take(a);
        const struct metric_row all = {.row = &c};
        struct journal_counts logs[SETTINGS_SINKS];
        struct metric_row rows[SETTINGS_SINKS] = {{0}};
        char numbers[SETTINGS_SINKS][4];
        unsigned n = 0;
        const char *reason;
        uint64_t count;
        metric_table(out, &counters_table, &all, 1);
        metric_head(out, closed, "Sessions that ended, by reason.");
        for (size_t i = 0; (reason = proxy_close_reason(i, &count)) != NULL; i++) {
                const struct metric_label labels[METRIC_LABELS] = {{"reason", reason}};
                metric_uint(out, closed, labels, count);
        }
        for (; n < SETTINGS_SINKS && journal_sink_counts(a->journal, n, &logs[n]); n++) {
                (void)snprintf(numbers[n], sizeof numbers[n], "%u", n);
                rows[n] = (struct metric_row){&logs[n], {{"log", numbers[n]}, {"file", logs[n].file}}};
        }
        metric_table(out, &counters_log_table, rows, n);
        upstream_metrics(out, a);
}

void handle_counters(struct call *call)
{
        const struct counters c = take(call->admin);
        (call->json ? put_json : put_text)(call->out, &c, call->admin);
        call_reply(call, HTTP_OK, NULL);
}
