/** @file lock.h  A lock that costs only a few instructions when no thread waits for it; the C library's mutex first looks up its type.
 * A thread that finds it taken sleeps until it is free.
 * Threads: any.   Memory: the caller's; all zero means free, and there is nothing to release at the end. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdatomic.h>

struct lock {
        _Atomic int state; /**< enum lock_state */
};

enum lock_state {
        LOCK_FREE,
        LOCK_TAKEN,
        LOCK_AWAITED, /**< taken, and a thread sleeps or is about to */
};

/* The slow paths, in lock.c: wait for the lock; wake a thread that waits. */
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
