/** @file lock.h  A lock that costs a few instructions where nobody waits for it: the C library's mutex looks at its kind first.
 * Who finds it taken sleeps until it is given.
 * Threads: any.   Memory: the caller's; all zero is a free one, and there is nothing to give back. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdatomic.h>

struct lock {
        _Atomic int state; /**< enum lock_state */
};

enum lock_state {
        LOCK_FREE,
        LOCK_TAKEN,
        LOCK_AWAITED, /**< taken, and somebody sleeps, or is about to */
};

/* lock.c: where there is something to wait for, or somebody to wake */
void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
        int was = LOCK_FREE;
        if (!atomic_compare_exchange_strong_explicit(&lock->state, &was, LOCK_TAKEN, memory_order_acquire,
                                                     memory_order_relaxed)) {
                lock_wait(lock);
        }
}

static inline void lock_give(struct lock *lock)
{
        if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) == LOCK_AWAITED) {
                lock_wake(lock);
        }
}

#endif
