/** @file budget.h  The bound on what one session's commands and prepared statements keep (limits.held_bytes).
 *
 * Prepared statements, and the long data that waits for their executions, have a share each, which they can exhaust without taking
 * what the commands in flight need. What they do not use of their shares is there for the commands.
 * Whoever keeps something adds its bytes, and subtracts them when it is freed.
 * Threads: one owner.   Memory: embedded. */
#ifndef MYSQL_DISSECT_BUDGET_H
#define MYSQL_DISSECT_BUDGET_H

#include <stddef.h>
#include <stdint.h>

enum budget_share {
        BUDGET_STATEMENTS, /**< at most half of the total */
        BUDGET_LONG_DATA,  /**< at most a quarter */
        BUDGET_SHARES
};

/** All numbers are bytes. */
struct budget {
        size_t limit; /**< of the commands and their replies: what the shares leave of the total */
        size_t used;  /**< by them; may exceed the limit a little: short texts are kept whatever is left */
        size_t total;
        size_t shares
            [BUDGET_SHARES]; /**< in use; may exceed the share: what a statement needs besides its text */
};

/** @return how many bytes may still be kept of commands and their replies. */
static inline size_t budget_left(const struct budget *b)
{
        return b->limit > b->used ? b->limit - b->used : 0;
}

static inline size_t budget_share_most(const struct budget *b, enum budget_share share)
{
        return share == BUDGET_STATEMENTS ? b->total / 2 : b->total / 4;
}

/** @return how many bytes may still be kept for @p share. */
static inline size_t budget_share_left(const struct budget *b, enum budget_share share)
{
        size_t most = budget_share_most(b, share);
        size_t left = most > b->shares[share] ? most - b->shares[share] : 0;
        return left < budget_left(b) ? left : budget_left(b);
}

/** @p share has @p bytes more in use, or fewer if that is negative. */
static inline void budget_share_add(struct budget *b, enum budget_share share, int64_t bytes)
{
        b->shares[share] += (size_t)bytes;
        b->limit = b->total;
        for (enum budget_share i = 0; i < BUDGET_SHARES; i++) {
                size_t most = budget_share_most(b, i);
                b->limit -= b->shares[i] < most ? b->shares[i] : most;
        }
}

static inline void budget_init(struct budget *b, size_t total)
{
        *b = (struct budget){.limit = total, .total = total};
}

#endif
