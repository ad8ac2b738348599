#include "journal/enrich/spare_blocks.h"

#include "profile/heap/prof.h"

#include <string.h>

void *spare_blocks_take(struct spare_blocks *list)
{
        void *block = list->first;
        if (block == NULL) {
                return prof_alloc(STAGE_JOURNAL, list->size);
        }
        memcpy(&list->first, block, sizeof list->first);
        list->n--;
        return block;
}

void spare_blocks_give(struct spare_blocks *list, void *block)
{
        if (list->n == SPARE_BLOCKS_MAX) {
                prof_free(block);
                return;
        }
        memcpy(block, &list->first, sizeof list->first);
        list->first = block;
        list->n++;
}

void spare_blocks_free(struct spare_blocks *list)
{
        while (list->first != NULL) {
                prof_free(spare_blocks_take(list));
        }
}
