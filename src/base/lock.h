/** @file lock.h  A lock for what one thread changes all the time, and others look at now and then.
 *
 *      FREE -> take -> TAKEN -> give -> FREE                   nobody else wants it: an atomic instruction each
 *                      TAKEN -> another's take -> AWAITED      that one sleeps …
 *                                                 AWAITED -> give -> FREE, and one that sleeps is woken
 *
 * A mutex of the C library does the same, and asks at each turn of what kind it is and who has it: 57 instructions a record.
 * It is no queue: who gives it may take it again before the one that was woken. Linux only (futex).
 * Threads: any; who took it gives it, and does not take it twice.   Memory: the caller's. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

enum { LOCK_FREE, LOCK_TAKEN, LOCK_AWAITED };

/** All zero: free. */
struct lock {
        _Atomic uint32_t state;
};

/* lock.c */
void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

static inline void lock_take(struct lock *l)
{
        uint32_t state = LOCK_FREE;
        if (!atomic_compare_exchange_strong_explicit(&l->state, &state, LOCK_TAKEN, memory_order_acquire,
                                                     memory_order_relaxed)) {
                lock_wait(l);
        }
}

static inline void lock_give(struct lock *l)
{
        if (atomic_exchange_explicit(&l->state, LOCK_FREE, memory_order_release) == LOCK_AWAITED) {
                lock_wake(l);
        }
}

#endif
