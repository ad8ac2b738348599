/** @file feed.h  New records as server-sent events, formatted once for all readers, and only while there are readers.
 *
 *      journal thread: feed_add -> | block | block | block, being filled | free |  -> admin thread: feed_take -> sockets
 *
 * Blocks are filled in turn. A reader gets references to the bytes, not copies; a block is used again when no reference is left. Nobody is
 * waited for: if all blocks are in use, records are left out, and readers find that out and take them from the recent records (recent.h).
 * The line of JSON in an event is also what a log in that format needs.
 * Threads: feed_add is the journal thread's, all others the admin thread's; a lock is taken for each block, and none for each record.
 * Memory: STAGE_ADMIN, from the first reader on. */
#ifndef JOURNAL_FEED_H
#define JOURNAL_FEED_H

#include "base/lock.h"
#include "base/status.h"
#include "journal/format/jsonl_item.h"
#include "mysql/record/record.h"

#include <stdatomic.h>

enum { FEED_BLOCKS = 16, FEED_BLOCK_BYTES = 64 * 1024, FEED_RUN_SIZE = 17 };

struct feed_block;

struct feed {
        _Atomic bool is_wanted;
        char run[FEED_RUN_SIZE];   /**< set before is_wanted */
        struct feed_block *blocks; /**< NULL before the first reader */
        struct lock lock; /**< around the beginning of a block, and every look at blocks by a reader */
        uint64_t begun;   /**< blocks that were begun; the newest is the one with this number */
        /* the journal thread's */
        struct feed_block *current;  /**< NULL: the next record begins a block */
        struct writer w;             /**< over the current block */
        struct jsonl_item_head head; /**< of the record that fits behind those in the current block */
};

/** Where a reader is. All zero: nowhere. */
struct feed_place {
        uint64_t block; /**< number of the block; 0 = the reader does not follow the feed */
        uint32_t at;    /**< offset of the next event in it */
};

/** Bytes of events. */
struct feed_piece {
        struct span bytes;
        uint64_t last;            /**< number of the last record in it */
        struct feed_block *block; /**< to be given back by feed_give_back */
};

void feed_fini(struct feed *f);
/** There are readers from now on, or no longer. @p run is for the IDs of records. @return STATUS_NOMEM: then there is no feed. */
enum status feed_want(struct feed *f, const char *run, bool is_wanted);
/** Is there any reader? For feed_add. */
static inline bool feed_is_wanted(const struct feed *f)
{
        return atomic_load_explicit(&f->is_wanted, memory_order_acquire);
}
/** Add @p r, whose number is @p number. @return its line of JSON behind the opening brace, with the newline, valid until the next call; empty
 *  if that is not known. */
struct span feed_add(struct feed *f, const struct record *r, uint64_t number);

/** Let a reader that has read the records up to @p last follow the feed. @return false if the feed is elsewhere: try again later. */
bool feed_join(struct feed *f, uint64_t last, struct feed_place *place);
/** Take what is behind @p place, which moves on. @return false if there is nothing: then @p place->block is 0 if the reader lost the feed,
 *  and has to read the records behind the last one that it took in another way. */
bool feed_take(struct feed *f, struct feed_place *place, struct feed_piece *piece);
void feed_give_back(struct feed_block *block);

#endif
