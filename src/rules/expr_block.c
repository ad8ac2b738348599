#include "profile/heap/prof.h"
#include "rules/expr_state.h"

/** One allocation of an expression. */
struct expr_block {
        struct expr_block *next;
        _Alignas(max_align_t) uint8_t bytes[];
};

void *expr_alloc(struct expr *e, size_t size)
{
        struct expr_block *block = prof_calloc(STAGE_JOURNAL, 1, sizeof *block + size);
        if (block == NULL) {
                return NULL;
        }
        block->next = e->blocks;
        e->blocks = block;
        return block->bytes;
}

void expr_free_blocks(struct expr *e)
{
        for (struct expr_block *block = e->blocks; block != NULL;) {
                struct expr_block *next = block->next;
                prof_free(block);
                block = next;
        }
}
