#include "base/metric.h"

#include "base/clock.h"
#include "base/shown.h"

#include <inttypes.h>

enum {
        NAME_SIZE = 96,
        SECONDS_SIZE = 32, /* a number of 64 bits and a point */
};

/** Whether @p name is that of a counter. */
static bool is_counter(const char *name)
{
        static const char end[] = "_total";
        size_t len = strlen(name);
        return len >= sizeof end && strcmp(name + len - (sizeof end - 1), end) == 0;
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
        (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_head(FILE *out, const char *name, const char *help)
{
        put_head(out, name, is_counter(name) ? "counter" : "gauge", help);
}

/** The value of a label: UTF-8 without control characters, in which backslashes and quotes are escaped. */
static void put_label_value(FILE *out, const char *value)
{
        struct span s = span_of(value, strlen(value));
        while (s.len > 0) {
                struct shown c = shown_first(s);
                for (size_t i = 0; i < c.len; i++) {
                        if (c.text[i] == '\\' || c.text[i] == '"') {
                                (void)putc('\\', out);
                        }
                        (void)putc(c.text[i], out);
                }
                s = span_of(s.data + c.taken, s.len - c.taken);
        }
}

static void put_name(FILE *out, const char *name, const struct metric_label *labels)
{
        const char *separator = "{";
        (void)fputs(name, out);
        for (size_t i = 0; labels != NULL && i < METRIC_LABELS && labels[i].name != NULL; i++) {
                (void)fprintf(out, "%s%s=\"", separator, labels[i].name);
                put_label_value(out, labels[i].value);
                (void)putc('"', out);
                separator = ",";
        }
        (void)fputs(separator[0] == ',' ? "} " : " ", out);
}

void metric_uint(FILE *out, const char *name, const struct metric_label *labels, uint64_t value)
{
        put_name(out, name, labels);
        (void)fprintf(out, "%" PRIu64 "\n", value);
}

/** Microseconds as seconds, exactly. */
static void format_seconds(char out[SECONDS_SIZE], uint64_t us)
{
        const uint64_t second_us = CLOCK_S_NS / CLOCK_US_NS;
        (void)snprintf(out, SECONDS_SIZE, "%" PRIu64 ".%06" PRIu64, us / second_us, us % second_us);
}

void metric_seconds(FILE *out, const char *name, const struct metric_label *labels, uint64_t us)
{
        char seconds[SECONDS_SIZE];
        format_seconds(seconds, us);
        put_name(out, name, labels);
        (void)fprintf(out, "%s\n", seconds);
}

void metric_table(FILE *out, const struct column_table *table, const struct metric_row *rows, size_t n)
{
        for (size_t i = 0; n > 0 && i < table->n; i++) {
                const struct column *c = &table->columns[i];
                if (c->metric == NULL) {
                        continue;
                }
                metric_head(out, c->metric, c->help);
                for (size_t k = 0; k < n; k++) {
                        if (c->kind == COLUMN_I64) {
                                put_name(out, c->metric, rows[k].labels);
                                (void)fprintf(out, "%" PRId64 "\n", column_int(c, rows[k].row));
                        } else {
                                metric_uint(out, c->metric, rows[k].labels, column_uint(c, rows[k].row));
                        }
                }
        }
}

void metric_histogram(FILE *out, const char *name, const char *help, const uint64_t *bounds_us,
                      const uint64_t *counts, size_t n, uint64_t sum_us)
{
        char bucket[NAME_SIZE];
        uint64_t count = 0;
        (void)snprintf(bucket, sizeof bucket, "%s_bucket", name);
        put_head(out, name, "histogram", help);
        for (size_t i = 0; i <= n; i++) {
                char bound[SECONDS_SIZE] = "+Inf";
                if (i < n) {
                        format_seconds(bound, bounds_us[i]);
                }
                const struct metric_label labels[METRIC_LABELS] = {{"le", bound}};
                count += counts[i];
                metric_uint(out, bucket, labels, count);
        }
        char sum[SECONDS_SIZE];
        format_seconds(sum, sum_us);
        (void)fprintf(out, "%s_sum %s\n%s_count %" PRIu64 "\n", name, sum, name, count);
}
