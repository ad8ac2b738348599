/** @file port.h  What a port consists of, for the two sides of it: journal_port.c and the journal thread (journal.c).
 * Threads: the owner's, the journal thread's, and what both use is atomic. */
#ifndef JOURNAL_PORT_H
#define JOURNAL_PORT_H

#include "base/ring.h"
#include "journal/journal_wake.h"
#include "journal/overflow.h"
#include "journal/sessions.h"

struct settings;

/* A worker's ring, in one block with its memory, on cache lines of its own. */
struct journal_port {
        struct ring ring;
        struct journal_wake *wake;
        void *block; /* to free */
        _Atomic uint64_t puts;
        /* places of sessions: the owner's, a bit each, set while it is taken; number 0 is never given */
        uint64_t *places;
        uint32_t n_places;
        uint32_t free_from; /* no word before this has a free place */
        /* the sessions in them: the journal thread's */
        struct sessions sessions;
        _Atomic uint32_t announcements; /* see journal_port_announcements */
        /* with log.when_full = block */
        struct overflow overflow;
        bool *full;               /* the owner's; NULL = nothing overflows */
        int space_fd;             /* the owner waits at it */
        _Atomic bool wants_space; /* write to space_fd when half of the ring is empty */
};

/** @p sessions is what the sessions of the port share. All must outlive the port. @return NULL if it can't be made (reported, except for
 *  lack of memory). */
struct journal_port *port_new(const struct settings *settings, struct journal_wake *wake,
                              struct n_plus_one *n_plus_one, struct recent *recent);
void port_free(struct journal_port *port);
/** For the journal thread, when the owner wants space: signal it if half of the ring is empty. */
void port_signal_space(struct journal_port *port);

#endif
