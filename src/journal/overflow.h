/** @file overflow.h  A queue of records for which the ring of a port had no space (log.when_full = block).
 * As soon as the queue has a record, the owner of the port stops reading; records of what it has already read still arrive.
 * Threads: the ring's producer; once that has ended, the journal thread.   Memory: STAGE_JOURNAL, bounded. */
#ifndef JOURNAL_OVERFLOW_H
#define JOURNAL_OVERFLOW_H

#include "base/ring.h"
#include "mysql/record/record_packed.h"

struct overflow_record;

struct overflow {
        struct overflow_record *first;
        struct overflow_record *newest;
        uint64_t bytes;
        uint64_t max_bytes;
};

/** Append a copy of @p r, which takes @p size bytes when packed. @return false when memory is out or the queue is full. */
bool overflow_add(struct overflow *o, const struct record *r, size_t size);
/** Move as many records to @p ring as it has space for. @return true if the queue is empty afterwards. */
bool overflow_move(struct overflow *o, struct ring *ring);
/** The oldest record, packed; valid until overflow_pop. NULL if there is none. */
struct record_packed *overflow_oldest(struct overflow *o);
void overflow_pop(struct overflow *o);

#endif
