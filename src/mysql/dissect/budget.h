/** @file budget.h  The bound on what one session's commands and prepared statements keep (limits.held_bytes).
 *
 * Whoever keeps something adds its bytes, and subtracts them when it is freed.
 * Threads: one owner.   Memory: embedded. */
#ifndef MYSQL_DISSECT_BUDGET_H
#define MYSQL_DISSECT_BUDGET_H

#include <stddef.h>

struct budget {
        size_t limit; /**< in bytes */
        size_t used;  /**< may exceed the limit a little: short texts are kept whatever is left */
};

/** @return how many bytes may still be kept. */
static inline size_t budget_left(const struct budget *b)
{
        return b->limit > b->used ? b->limit - b->used : 0;
}

#endif
