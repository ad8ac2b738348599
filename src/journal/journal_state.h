/** @file journal_state.h  What a journal consists of. For journal*.c only; nobody else includes it.
 *
 *      journal.c          the writer, and the journal's life
 *      journal_port.c     the workers' side */
#ifndef JOURNAL_JOURNAL_STATE_H
#define JOURNAL_JOURNAL_STATE_H

#include "base/ring.h"
#include "journal/enrich/enrich.h"
#include "journal/format/convert.h"
#include "journal/journal.h"
#include "journal/overflow.h"
#include "journal/recent.h"
#include "journal/sessions.h"
#include "journal/sink/sinks.h"

#include <pthread.h>

/* A worker's ring, in one block with its memory, on cache lines of its own. */
struct journal_port {
        struct ring ring;
        struct journal *journal;
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
        bool *full;              /* the owner's; NULL = nothing is kept */
        int room_fd;             /* the owner waits at it */
        _Atomic bool wants_room; /* ring room_fd when the ring is half empty */
};

/* What the writer does when it does not write, and when a worker must wake it. */
enum rest {
        AWAKE,   /* never */
        COMPANY, /* it looks again after log.flush_ms: when a ring is half full */
        ASLEEP,  /* at once */
};

struct journal {
        const struct settings *settings;
        struct journal_port **ports;
        unsigned n_ports;
        int wake_fd;
        _Atomic int rest; /* enum rest; whoever sets it back to AWAKE must write to wake_fd */
        _Atomic bool stopping;
        _Atomic bool reopening;
        uint64_t hurry_ns; /* monotonic: when it must have ended; 0 = no end is in sight */

        /* the writer's */
        pthread_t thread;
        bool running;
        bool ring_full_said;
        bool lost_reported;
        _Atomic uint64_t sessions_lost; /* records whose session was not known */
        struct sinks sinks;
        struct recent recent;
        struct record_raw raw; /* the one that is under way */
        struct convert convert;
        struct enrich enrich;
        _Atomic uint64_t left_behind; /* records that were still in the rings when time was up */
};

/** Wake the writer. */
void journal_signal(struct journal *j);
/** @return NULL if it can't be made (said, but for memory). */
struct journal_port *port_new(struct journal *j);
void port_free(struct journal_port *port);
/** The writer's, when the owner wants room: if half of the ring is empty, tell it. */
void port_tell_room(struct journal_port *port);

#endif
