/* GET /metrics: what Prometheus reads. The counters and the stages come from the tables that /counters and /stages show; only what has no
 * table of its own is named here. The labels are stages, reasons, findings and logs, so their number is bounded. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/counter_metrics.h"
#include "base/clock.h"
#include "base/metric.h"
#include "config.h"
#include "journal/traffic.h"
#include "profile/export/export.h"
#include "profile/export/process.h"

#include <event2/http.h>
#include <sys/resource.h>

static void put_statements(FILE *out, const struct traffic_totals *t)
{
        static const char findings[] = "querytap_findings_total";
        const char *name;
        metric_histogram(out, "querytap_statement_duration_seconds",
                         "Times of statements that were executed, from the request to the end of the reply.",
                         traffic_bounds_us, t->buckets, TRAFFIC_BUCKETS, t->time_us);
        metric_head(out, "querytap_statement_errors_total", "Statements that failed.");
        metric_uint(out, "querytap_statement_errors_total", NULL, t->errors);
        metric_head(out, "querytap_statement_rows_total", "Rows that statements returned.");
        metric_uint(out, "querytap_statement_rows_total", NULL, t->rows);
        metric_head(out, "querytap_statement_affected_rows_total", "Rows that statements changed.");
        metric_uint(out, "querytap_statement_affected_rows_total", NULL, t->affected_rows);
        metric_head(out, findings, "Statements with a finding.");
        for (unsigned i = 0; i < FINDING_COUNT && (name = record_flag_name(FIELD_FINDINGS, i)) != NULL; i++) {
                const struct metric_label labels[METRIC_LABELS] = {{"finding", name}};
                metric_uint(out, findings, labels, t->findings[i]);
        }
}

static uint64_t cpu_us(const struct timeval *t)
{
        return (uint64_t)t->tv_sec * (CLOCK_S_NS / CLOCK_US_NS) + (uint64_t)t->tv_usec;
}

/** What Prometheus' own libraries report of every process. */
static void put_process(FILE *out, const struct admin_context *a)
{
        const struct process_memory memory = process_memory_read();
        struct rusage used;
        if (getrusage(RUSAGE_SELF, &used) == 0) {
                metric_head(out, "process_cpu_seconds_total", "Processor time of all threads.");
                metric_seconds(out, "process_cpu_seconds_total", NULL,
                               cpu_us(&used.ru_utime) + cpu_us(&used.ru_stime));
        }
        metric_head(out, "process_resident_memory_bytes", "Resident memory.");
        metric_uint(out, "process_resident_memory_bytes", NULL, memory.rss);
        metric_head(out, "process_start_time_seconds", "Time of the start, since 1970.");
        metric_seconds(out, "process_start_time_seconds", NULL, a->start_wall_ns / CLOCK_US_NS);
}

void handle_metrics(struct call *call)
{
        const struct metric_label version[METRIC_LABELS] = {{"version", PACKAGE_VERSION}};
        const struct traffic_totals statements = traffic_totals(journal_traffic(call->admin->journal));
        metric_head(call->out, "querytap_build_info", "Always 1; its label is the version.");
        metric_uint(call->out, "querytap_build_info", version, 1);
        counter_metrics(call->out, call->admin);
        put_statements(call->out, &statements);
        export_stages_metrics(call->out);
        put_process(call->out, call->admin);
        call_reply(call, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8");
}
