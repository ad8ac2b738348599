/** @file recent.h  The last records, packed, in fixed memory, numbered from 1.
 * Threads: any (a lock; the workers never come here).   Memory: STAGE_JOURNAL, one block. */
#ifndef JOURNAL_RECENT_H
#define JOURNAL_RECENT_H

#include "base/evicting_ring.h"
#include "base/lock.h"
#include "base/status.h"
#include "base/writer.h"
#include "journal/format/format.h"
#include "rules/filter.h"

struct recent {
        struct lock lock;
        struct evicting_ring ring;
        uint8_t *memory; /**< NULL before recent_init */
};

/** @p size 0 keeps none (they are numbered all the same). */
enum status recent_init(struct recent *recent, size_t size);
void recent_fini(struct recent *recent);
/** Keep a copy of @p r. One that would push out most others is shortened (and says so). */
void recent_add(struct recent *recent, const struct record *r);
uint64_t recent_last(struct recent *recent);
/** See journal_recent. */
bool recent_read(struct recent *recent, uint64_t *cursor, struct filter *filter, enum format format,
                 struct writer *w);

#endif
