/** @file sink_counters.h  What a sink counts.   Threads: the journal thread's adds; any may read. */
#ifndef JOURNAL_SINK_SINK_COUNTERS_H
#define JOURNAL_SINK_SINK_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct sink_counters {
        _Atomic uint64_t records;   /**< wholly written, gap records not counted */
        _Atomic uint64_t dropped;   /**< records that could not be kept */
        _Atomic uint64_t bytes;     /**< written */
        _Atomic uint64_t errors;    /**< failed writes, rotations and reopenings */
        _Atomic uint64_t filtered;  /**< records that the filter left out */
        _Atomic uint64_t undecided; /**< records whose text the filter could not search in time */
        _Atomic uint64_t rotations;
        _Atomic uint64_t torn_lines; /**< files found that ended within a line */
};

static inline void sink_count(_Atomic uint64_t *counter, uint64_t n)
{
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
