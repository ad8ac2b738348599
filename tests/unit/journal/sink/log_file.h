/** @file log_file.h  For tests of log files: the settings of one log, and what its file and the rotated ones contain. */
#ifndef TESTS_JOURNAL_SINK_LOG_FILE_H
#define TESTS_JOURNAL_SINK_LOG_FILE_H

#include "journal/sample.h"
#include "journal/sink/sink.h"
#include "settings/settings.h"

#include <glob.h>

extern struct settings log_settings;
extern struct settings_sink *const log_sink; /**< the first log of these */
extern char log_path[512];                   /**< its file */

/** Defaults, with JSON in the file @p name of the sample's directory. No record may be dropped. */
void log_defaults(const char *name);
void log_open(struct sink *sink);
/** Put the sample records number @p from to @p to - 1, with texts of @p len bytes. */
void log_put(struct sink *sink, uint64_t from, uint64_t to, size_t len);

/** The rotated files whose names end with @p end, in order. The caller calls globfree. */
glob_t log_rotated(const char *end);
size_t log_count_rotated(const char *end);
/** All files of the log, in the order of their names, as one. Each must be of whole lines, and at most @p most long. */
struct sample_log log_read_all(size_t most);

#endif
