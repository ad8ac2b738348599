/** @file recent.h  The last records, packed, in fixed memory, numbered from 1.
 * A record refers to who its session was (identity.h); such identities are kept until their last record has gone.
 * Threads: any (a lock; the workers never come here).   Memory: STAGE_JOURNAL, a block for the records and half as much for
 * identities; those that are larger than a slot, or too many, are allocated by themselves (STORE_IDENTITIES). */
#ifndef JOURNAL_RECENT_H
#define JOURNAL_RECENT_H

#include "base/evicting_ring.h"
#include "base/lock.h"
#include "base/status.h"
#include "base/writer.h"
#include "journal/format/format.h"
#include "journal/identity.h"
#include "rules/filter.h"

struct recent_entry;
struct record_packed;

/** Where a recent record is. */
struct recent_place {
        uint64_t number; /**< of the record; 0 = nowhere */
        struct recent_entry *entry;
};

/** Records that belong together, such as those of a transaction, from the newest to the oldest. All zero: it is empty. */
struct recent_chain {
        struct recent_place newest;
        uint64_t count; /**< records that were added to it, overwritten ones included */
};

struct recent {
        struct lock lock;
        struct evicting_ring ring;
        uint8_t *memory;             /**< NULL before recent_init */
        struct recent_entry *newest; /**< the journal thread's; NULL = the last record was not kept */
        /* slots for identities, and those that are free: the journal thread's */
        uint8_t *slots;
        struct identity *free_slots;
        /* identities that no session has any more, from the oldest */
        struct identity *retired;
        struct identity *newest_retired;
        size_t retired_bytes;
        size_t retired_max;
        uint64_t cut_to; /**< number of the newest record that was given up with its identity */
        uint64_t cut;    /**< records that were given up so */
};

/** @p size 0 keeps none (they are numbered all the same). */
enum status recent_init(struct recent *recent, size_t size);
void recent_fini(struct recent *recent);
/** Keep a copy of @p r. One that would push out most others is shortened (and says so). @p identity is what @p r refers to as its session; NULL = nothing. */
void recent_add(struct recent *recent, const struct record *r, struct identity *identity);
/** A copy of @p r, which must not be changed, without what takes much space: the text is cut, and lists are left out. */
struct record recent_shorten(const struct record *r);

/* For the journal thread, which is the only one that adds records. */

/** Add the record that was added last to @p chain. */
void recent_chain(struct recent *recent, struct recent_chain *chain);
/** Let the record that was added last know @p chain, to which it does not belong. */
void recent_refer_to_chain(struct recent *recent, const struct recent_chain *chain);
/** Where the record is that was added last. */
struct recent_place recent_newest(const struct recent *recent);
/** Where the record is that was added before the one at @p place, which was not overwritten. */
struct recent_place recent_before(struct recent_place place);
/** The record at @p place, valid until the next record is added, with its session in *@p session (NULL: none) and the rest of its chain
 *  in *@p older. @return NULL if it was overwritten, or not kept. */
const struct record_packed *recent_at(const struct recent *recent, struct recent_place place,
                                      const struct record_session **session, struct recent_chain *older);

/** A copy of the session that @p r carries, for the journal thread, until recent_retire. @return NULL when memory is out. */
struct identity *recent_new_identity(struct recent *recent, const struct record *r);
/** No later record refers to @p identity (NULL is allowed): free it when no recent record does any more. If those that wait for this
 *  take too much memory, the oldest recent records are given up. */
void recent_retire(struct recent *recent, struct identity *identity);
/** Recent records that were given up so far, for the bound on their sessions' memory. */
uint64_t recent_cut(struct recent *recent);
uint64_t recent_last(struct recent *recent);

/** What a reader found behind its cursor. */
struct recent_item {
        uint64_t number; /**< of the record; of a gap, that of the last record that is missing */
        uint64_t gone;   /**< records that were overwritten before they were read; 0 = this is no gap */
        const struct record
            *record; /**< NULL for a gap, and for a record of which nothing could be kept or copied */
};

/** The record that stands for @p item where there is none to show: a gap. */
struct record recent_gap(const struct recent_item *item);
/** Pass the record after number *@p cursor to @p visit, valid during the call, and set *@p cursor to its number. The lock is not held
 *  meanwhile. Records that were overwritten are passed as one gap, except before the first call (*@p cursor is 0).
 *  @return false if there is none. */
bool recent_visit(struct recent *recent, uint64_t *cursor,
                  void (*visit)(void *arg, const struct recent_item *item), void *arg);
/** Number of the oldest record that can still be read; one more than the newest if there is none. */
uint64_t recent_first(struct recent *recent);
/** See journal_recent. */
bool recent_read(struct recent *recent, uint64_t *cursor, struct filter *filter, enum format format,
                 struct writer *w);

#endif
