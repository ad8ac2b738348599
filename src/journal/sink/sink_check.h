/** @file sink_check.h  What the settings of logs must fulfil, by kind of sink, and what an operator should know before the start.
 * Knows: kinds of sinks, the files that are there now.   Does not know: open sinks.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_SINK_CHECK_H
#define JOURNAL_SINK_SINK_CHECK_H

#include "base/status.h"

struct settings;

/** After settings_check. A rotation hook that can't be found is reported, but no error: it may be installed later.
 *  @return STATUS_INVALID (reported) if the logs can't be written as they are set. */
enum status sink_check(const struct settings *settings);

/** Would the sinks open? Reports, with their places, the files that can't be written and the filters that can't be read; nothing is
 *  opened or created. For checks without a start, which reports these things itself. @return STATUS_INVALID or STATUS_NOMEM
 *  (reported). */
enum status sink_check_start(const struct settings *settings);

#endif
