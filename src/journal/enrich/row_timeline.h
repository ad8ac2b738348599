/** @file row_timeline.h  The last statements of one shape, in the order in which they began. The records of several sessions come in another
 * order: each worker's together, and each when it has ended. Private to row_loops.c.
 * Threads: the journal thread.   Memory: the owner's; fixed. A zeroed struct row_timeline is valid and empty. */
#ifndef JOURNAL_ENRICH_ROW_TIMELINE_H
#define JOURNAL_ENRICH_ROW_TIMELINE_H

#include "journal/enrich/statement_keys.h"

enum { ROW_TIMELINE = 32, ROW_TIMELINE_KEYS = 4 /**< of a statement; further ones are left out */ };

struct row_moment {
        uint64_t mono_ns; /**< when the statement began */
        uint64_t conn_id; /**< its session */
        unsigned n;       /**< its keys */
        uint32_t keys[ROW_TIMELINE_KEYS];
};

struct row_timeline {
        unsigned n;
        struct row_moment at[ROW_TIMELINE]; /**< by time */
};

/** Add a statement of the session @p conn_id that began at @p mono_ns; of ROW_TIMELINE ones, the one that began first is left out. */
void row_timeline_add(struct row_timeline *line, uint64_t conn_id, uint64_t mono_ns,
                      const struct statement_keys *keys);

#endif
