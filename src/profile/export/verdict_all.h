/** @file verdict_all.h  Finds the verdict on each stage.
 *
 * Bytes are judged on exact counters, beyond what bounded stores hold (growth.h, bytes.h). Allocation records are judged by
 * the samples caught before (stat.h): did as many new records appear as those samples predict?
 * Threads: the one that ticks the series. */
#ifndef PROFILE_EXPORT_VERDICT_ALL_H
#define PROFILE_EXPORT_VERDICT_ALL_H

#include "profile/export/verdict.h"
#include "profile/heap/stage.h"

/** Judge all stages; [STAGE_COUNT] is the whole process. @return false when memory is out: all are as after the start then. */
bool verdict_all(struct verdict out[STAGE_COUNT + 1]);

#endif
