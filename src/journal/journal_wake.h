/** @file journal_wake.h  How workers wake the journal thread: a descriptor to write to, and whether that is needed.
 *
 * No wake-up is lost: a worker counts what it puts and then looks at `idle`; the journal thread changes `idle` and then looks at what
 * was put. These four are sequentially consistent, so at least one of the two sees the other. The line that workers share is only
 * read while the journal thread is awake. */
#ifndef JOURNAL_JOURNAL_WAKE_H
#define JOURNAL_JOURNAL_WAKE_H

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

/** What the journal thread does while it does not write, and when a worker must wake it. */
enum journal_idle {
        IDLE_NOT,      /**< it is awake: never */
        IDLE_BATCHING, /**< it looks again after log.flush_ms: when a ring is half full */
        IDLE_ASLEEP,   /**< at once */
};

struct journal_wake {
        int fd;           /**< an eventfd */
        _Atomic int idle; /**< enum journal_idle; whoever sets it back to IDLE_NOT must write to fd */
};

static inline void journal_wake_up(const struct journal_wake *wake)
{
        uint64_t one = 1;
        ssize_t n = write(wake->fd, &one, sizeof one);
        (void)n; /* fails only if the counter is full: then it is awake */
}

#endif
