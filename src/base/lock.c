#include "base/lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whoever waited takes it as AWAITED, for there may be others: the wake-up that is then one too many does no harm. */
void lock_wait(struct lock *l)
{
        while (atomic_exchange_explicit(&l->state, LOCK_AWAITED, memory_order_acquire) != LOCK_FREE) {
                (void)syscall(SYS_futex, &l->state, FUTEX_WAIT_PRIVATE, LOCK_AWAITED, NULL, NULL, 0);
        }
}

void lock_wake(struct lock *l)
{
        (void)syscall(SYS_futex, &l->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
