/** @file spare_blocks.h  Memory blocks of one size that sessions need for a while: some are kept for the next session that needs one.
 * Threads: one owner.   Memory: STAGE_JOURNAL; at most SPARE_BLOCKS_MAX blocks are kept. */
#ifndef JOURNAL_ENRICH_SPARE_BLOCKS_H
#define JOURNAL_ENRICH_SPARE_BLOCKS_H

#include <stddef.h>

enum { SPARE_BLOCKS_MAX = 64 };

struct spare_blocks {
        void *first; /**< each points at the next; private */
        unsigned n;
        size_t size; /**< of a block, at least that of a pointer */
};

/** A block with any content. @return NULL when memory is out. */
void *spare_blocks_take(struct spare_blocks *list);
/** Give back @p block, which was taken from @p list. */
void spare_blocks_give(struct spare_blocks *list, void *block);
/** Free the blocks that are kept. */
void spare_blocks_free(struct spare_blocks *list);

#endif
