/** @file counter_metrics.h  The counters of /counters as metrics (base/metric.h); counters.c has them.
 * Threads: main. */
#ifndef ADMIN_COUNTER_METRICS_H
#define ADMIN_COUNTER_METRICS_H

#include <stdio.h>

struct admin_context;

/** Write the counters of the proxy, why sessions ended, and the counters of each log. */
void counter_metrics(FILE *out, const struct admin_context *a);

#endif
