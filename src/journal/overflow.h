/** @file overflow.h  Records for which a full ring had no space, in order, until there is some.
 * For a port whose owner stops to bring more as soon as the first one is in here; what it was about to bring still comes.
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

/** Keep a copy of @p r, @p size bytes packed. @return false if there is no memory, or it is full. */
bool overflow_add(struct overflow *o, const struct record *r, size_t size);
/** Move to @p ring what it takes. @return true if nothing is left. */
bool overflow_move(struct overflow *o, struct ring *ring);
/** The oldest one, packed, until overflow_pop; NULL = none. */
struct record_packed *overflow_oldest(struct overflow *o);
void overflow_pop(struct overflow *o);

#endif
