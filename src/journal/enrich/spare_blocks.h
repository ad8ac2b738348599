/** @file spare_blocks.h  A free list of memory blocks of one size, which sessions need for a while.
 * Threads: one owner.   Memory: STAGE_JOURNAL; at most SPARE_BLOCKS_MAX blocks are kept. */
#ifndef JOURNAL_ENRICH_SPARE_BLOCKS_H
#define JOURNAL_ENRICH_SPARE_BLOCKS_H

#include <stddef.h>

enum { SPARE_BLOCKS_MAX = 64 };

struct spare_blocks {
        void *first; /**< each block begins with a pointer to the next; private */
        unsigned n;
        size_t size; /**< bytes of a block, at least those of a pointer */
};

/** A block, whose content is undefined. @return NULL when memory is out. */
void *spare_blocks_take(struct spare_blocks *list);
/** Return @p block, which was taken from @p list. */
void spare_blocks_give(struct spare_blocks *list, void *block);
/** Free the blocks that are kept. */
void spare_blocks_free(struct spare_blocks *list);

#endif
