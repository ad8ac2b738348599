/** @file export.h  The profile as text, in the formats that Go's net/http/pprof serves.
 * Source: Go's runtime/pprof (heap profile, debug=1) and google/pprof's legacy_profile.go.
 * Threads: the admin thread.   Memory: the text is built in a stream that the caller gives. */
#ifndef PROFILE_EXPORT_H
#define PROFILE_EXPORT_H

#include "profile/record.h"

#include <stdio.h>

/** The heap profile as text: header, a record a block sorted by live bytes (freed records included), then
 *  runtime.MemStats-like lines, then MAPPED_LIBRARIES. */
void export_heap_text(FILE *out);
/** The stage table for a person: a row a stage, columns named as in memory_summary_*. */
void export_stages_text(FILE *out);
/** The same as one JSON object. */
void export_stages_json(FILE *out);

/** Each stage's verdict (verdict.h) in a sentence; those that never allocated are left out. */
void export_verdicts_text(FILE *out);
/** The same as one JSON object, with the figures. */
void export_verdicts_json(FILE *out);
/** The readings of @p stage (SERIES_WHOLE = all together) in @p tier, as one JSON object. */
void export_series_json(FILE *out, unsigned stage, unsigned tier);

#endif
