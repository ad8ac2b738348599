/** @file metric.h  Metrics in the text format of Prometheus, version 0.0.4. A column of a table (column.h) that has a metric is one.
 *
 *      # HELP querytap_log_records_total Records that were written.
 *      # TYPE querytap_log_records_total counter
 *      querytap_log_records_total{log="0",file="a.log"} 7
 *
 * Names follow the conventions of Prometheus: base units (seconds, bytes) at the end, then _total if it is a counter. A name without _total
 * is that of a gauge. All rows of a table are written below one head, as the format requires.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/column.h"

enum { METRIC_LABELS = 2 };

struct metric_label {
        const char *name;  /**< NULL: there are no more */
        const char *value; /**< any text; what is not UTF-8 is shown as base/shown.h does */
};

/** A row of a table, and the labels by which it differs from the others. */
struct metric_row {
        const void *row;
        struct metric_label labels[METRIC_LABELS];
};

/** Write the lines before the values of @p name. @p help is a sentence. */
void metric_head(FILE *out, const char *name, const char *help);
/** Write a value. @p labels has METRIC_LABELS items; NULL = none. */
void metric_uint(FILE *out, const char *name, const struct metric_label *labels, uint64_t value);
/** Write a value in seconds. */
void metric_seconds(FILE *out, const char *name, const struct metric_label *labels, uint64_t us);
/** Write each column of @p table that has a metric, with a value for each of the @p n rows. */
void metric_table(FILE *out, const struct column_table *table, const struct metric_row *rows, size_t n);

/** Write a classic histogram of times: how many there were up to each of @p n bounds, and @p counts[n] that were longer. The counts are of
 *  each bucket alone. */
void metric_histogram(FILE *out, const char *name, const char *help, const uint64_t *bounds_us,
                      const uint64_t *counts, size_t n, uint64_t sum_us);

#endif
