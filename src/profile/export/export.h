/** @file export.h  The profile in the formats that Go's net/http/pprof serves, and tables for a person.
 * Source: Go's runtime/pprof and net/http/pprof; google/pprof's profile.proto and legacy_profile.go.
 * Threads: the admin thread.   Memory: what is built is written to a stream that the caller gives; the rest is the
 * profiler's own. */
#ifndef PROFILE_EXPORT_EXPORT_H
#define PROFILE_EXPORT_EXPORT_H

#include "base/column.h"
#include "base/json_writer.h"
#include "profile/export/snapshot.h"
#include "profile/heap/record.h"

#include <stdio.h>

/** The heap profile as text: header, a record a block sorted by live bytes (freed records included), then
 *  runtime.MemStats-like lines, then MAPPED_LIBRARIES. */
void export_heap_text(FILE *out);
/** The same figures for readers of gperftools' format (google-pprof, jeprof): heap_v2/R, addresses only. */
void export_heap_v2(FILE *out);

struct export_proto {
        const struct snapshot *base; /**< show the difference from it; NULL = all that was counted so far */
        const char *default_type;    /**< sample type that a reader shows first, such as "inuse_space" */
        const char *(*comment)(
            size_t i); /**< comments for the reader, NULL behind the last; itself NULL = none.
                                               A text lives until the next call. */
};
/** The heap profile as profile.proto, compressed by gzip. Values are scaled up to what all allocations would have
 *  given, as Go does.
 *  @return false if memory is out (nothing or a part was written). */
bool export_heap_proto(FILE *out, const struct export_proto *what);

/** What happened between two snapshots: by stage (exact), by record (samples), and the records born between, each list
 *  cut after @p most. @p from is not newer than @p to. */
void export_diff_text(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);
void export_diff_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);
/** The births alone, the newest last; of more than @p most the newest. In JSON with figures and stacks. */
void export_births_text(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);
/** With stacks. */
void export_births_stacks(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);
void export_births_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);

/** The marks, a line each. */
void export_marks_text(FILE *out);
/** The same as a member of the object that is open. */
void export_marks_json(struct json_writer *j);

/** What the number of records is made of: "107 = 66 stacks x sizes, at 40 places in the program; 38 live, 69 freed". */
void export_counts_text(FILE *out);
/** A rate of sampling in words: "one sample in 524288 bytes". */
void export_rate_text(FILE *out, uint64_t bytes);
/** Its columns, named as in performance_schema.memory_summary_*. */
extern const struct column_table export_stages_table;
/** The stage table for a person. */
void export_stages_text(FILE *out);
/** The same as one JSON object. */
void export_stages_json(FILE *out);
/** The columns that are metrics (base/metric.h), with the stage as label. */
void export_stages_metrics(FILE *out);

/** The verdicts one after the other, for the comments of export_heap_proto; valid until the next call. */
const char *export_verdict_comment(size_t i);
/** Each stage's verdict (verdict_all.h) in a sentence; those that never allocated are left out. */
void export_verdicts_text(FILE *out);
/** The same with the figures, as members of the object that is open in @p j. */
void export_verdicts_json(struct json_writer *j);
/** The growth curve of @p stage: records with the band of what was expected, and live bytes; for a terminal or as a picture. */
void export_series_plot(FILE *out, unsigned stage, unsigned tier, bool svg);
/** The readings of @p stage (SERIES_WHOLE = all together) in @p tier, as one JSON object. */
void export_series_json(FILE *out, unsigned stage, unsigned tier);

#endif
