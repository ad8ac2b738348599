/** @file port.h  What a port consists of. Private to its two sides: the owner, usually a worker (journal_port.c), and the journal thread
 * (journal.c).
 * Threads: each member belongs to the owner or to the journal thread; what both use is atomic. */
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
        unsigned number; /* of the port, from 0 */
        struct journal_wake *wake;
        void *block; /* to free */
        _Atomic uint64_t puts;
        /* The owner's: the places of sessions, one bit each, which is set while the place is in use. Place 0 is never used. */
        uint64_t *places;
        uint32_t n_places;
        uint32_t free_from; /* the words before this have no free place */
        /* The journal thread's: the sessions in these places. */
        struct sessions sessions;
        _Atomic uint32_t announcements; /* see journal_port_announcements */
        /* with log.when_full = block */
        struct overflow overflow;
        bool *full;   /* the owner's flag that records overflow; NULL: the ring drops records instead */
        int space_fd; /* the owner waits until this becomes readable */
        _Atomic bool
            wants_space; /* the journal thread is to write to space_fd when half of the ring is empty */
};

/** All arguments must outlive the port. @return NULL if the port can't be made; this is reported, unless memory is out. */
struct journal_port *port_new(const struct settings *settings, struct journal_wake *wake,
                              struct n_plus_one *n_plus_one, struct recent *recent);
void port_free(struct journal_port *port);
/** For the journal thread, when the owner wants space: signal it if half of the ring is empty. */
void port_signal_space(struct journal_port *port);

#endif
