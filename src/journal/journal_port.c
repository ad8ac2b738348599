#include "journal/journal_port.h"

#include "base/diag.h"
#include "journal/port.h"
#include "mysql/record/record_cut.h"
#include "mysql/record/record_packed.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LINE = 64 };

/* Besides what a session may hold, in the records of what one reading brings. */
#define OVERFLOW_BYTES (64 * 1024 * 1024)

static inline __attribute__((always_inline)) void wake_if_needed(struct journal_port *port)
{
        struct journal_wake *wake = port->wake;
        atomic_fetch_add(&port->puts, 1);
        int idle = atomic_load(&wake->idle);
        if (idle == IDLE_NOT || (idle == IDLE_BATCHING && !ring_holds(&port->ring, port->ring.size / 2))) {
                return;
        }
        if (atomic_exchange(&wake->idle, IDLE_NOT) != IDLE_NOT) {
                journal_wake_up(wake);
        }
}

int journal_port_keep(struct journal_port *port, bool *full)
{
        if (port->space_fd >= 0) {
                port->full = full;
        }
        return port->space_fd;
}

/** Does @p r, @p size bytes, have to go to the overflow, to stay in order or because the ring is full? */
static bool must_overflow(struct journal_port *port, size_t size)
{
        return port->full != NULL && (port->overflow.first != NULL || !ring_decides(&port->ring, size));
}

/** @return false if it was dropped. */
static __attribute__((noinline)) bool put_overflow(struct journal_port *port, const struct record *r,
                                                   size_t size)
{
        bool put = overflow_add(&port->overflow, r, size);
        if (!put) {
                ring_drop(&port->ring);
        }
        *port->full = port->overflow.first != NULL;
        /* before wake_if_needed: so the journal thread sees it when it looks next */
        atomic_store(&port->wants_space, true);
        return put;
}

static inline bool put_ring(struct journal_port *port, const struct record *r, size_t size)
{
        uint8_t *to = ring_reserve(&port->ring, size);
        if (to != NULL) {
                record_pack(r, to);
                ring_commit(&port->ring, size);
        }
        return to != NULL;
}

bool journal_port_settle(struct journal_port *port)
{
        bool done = overflow_move(&port->overflow, &port->ring);
        *port->full = !done;
        atomic_store(&port->wants_space, !done);
        wake_if_needed(port);
        return done;
}

static inline bool put_record(struct journal_port *port, const struct record *r, size_t size)
{
        return must_overflow(port, size) ? put_overflow(port, r, size) : put_ring(port, r, size);
}

/** Put @p r, which is too large even for an empty ring, without its end. */
static __attribute__((noinline)) bool put_cut(struct journal_port *port, const struct record *r)
{
        char reason[RECORD_CUT_REASON];
        struct record cut;
        record_assign(&cut, r);
        if (!record_cut(&cut, ring_longest(&port->ring), "log.ring_bytes", reason)) {
                ring_drop(&port->ring);
                return false;
        }
        return put_record(port, &cut, record_pack_size(&cut));
}

bool journal_put(struct journal_port *port, const struct record_raw *raw)
{
        const struct record *r = &raw->with_secrets;
        size_t size = record_pack_size(r);
        bool put = size > ring_longest(&port->ring) ? put_cut(port, r) : put_record(port, r, size);
        wake_if_needed(port); /* a drop is news too */
        return put;
}

void port_signal_space(struct journal_port *port)
{
        uint64_t one = 1;
        if (ring_used(&port->ring) <= port->ring.size / 2 && atomic_exchange(&port->wants_space, false)) {
                ssize_t n = write(port->space_fd, &one, sizeof one);
                (void)n; /* fails only if it is readable already */
        }
}

/* --- places of sessions ----------------------------------------------------------------------------------------------- */

uint32_t journal_session_begin(struct journal_port *port)
{
        uint32_t words = (port->n_places + 63) / 64;
        while (port->free_from < words && port->places[port->free_from] == UINT64_MAX) {
                port->free_from++;
        }
        if (port->free_from == words) {
                return 0;
        }
        uint64_t *word = &port->places[port->free_from];
        unsigned bit = (unsigned)__builtin_ctzll(~*word);
        *word |= 1ULL << bit;
        return port->free_from * 64 + bit;
}

void journal_session_end(struct journal_port *port, uint32_t place)
{
        if (place != 0) {
                port->places[place / 64] &= ~(1ULL << place % 64);
                port->free_from = place / 64 < port->free_from ? place / 64 : port->free_from;
        }
}

const _Atomic uint32_t *journal_port_announcements(const struct journal_port *port)
{
        return &port->announcements;
}

/** One for each of @p n sessions. @return false when memory is out. */
static bool make_places(struct journal_port *port, uint64_t n)
{
        port->n_places = (uint32_t)n + 1;
        uint32_t words = (port->n_places + 63) / 64;
        port->places = prof_calloc(STAGE_JOURNAL, words, sizeof *port->places);
        if (port->places == NULL) {
                return false;
        }
        port->places[0] = 1;
        if (port->n_places % 64 != 0) { /* those that the last word has too many */
                port->places[words - 1] |= UINT64_MAX << port->n_places % 64;
        }
        return true;
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

static size_t power_of_two(uint64_t bytes)
{
        size_t size = 4096;
        while (size < bytes) {
                size *= 2;
        }
        return size;
}

void port_free(struct journal_port *port)
{
        while (overflow_oldest(&port->overflow) != NULL) {
                overflow_pop(&port->overflow);
        }
        if (port->space_fd >= 0) {
                (void)close(port->space_fd);
        }
        sessions_fini(&port->sessions);
        prof_free(port->places);
        prof_free(port->block);
}

struct journal_port *port_new(const struct settings *settings, struct journal_wake *wake,
                              struct n_plus_one *n_plus_one, struct recent *recent)
{
        size_t size = power_of_two(settings->log.ring_bytes);
        void *block = prof_alloc(STAGE_JOURNAL, LINE + sizeof(struct journal_port) + size);
        if (block == NULL) {
                return NULL;
        }
        uintptr_t start = ((uintptr_t)block + LINE - 1) / LINE * LINE;
        struct journal_port *port = (struct journal_port *)((uint8_t *)block + (start - (uintptr_t)block));
        memset(port, 0, sizeof *port);
        ring_init(&port->ring, port + 1, size);
        port->wake = wake;
        port->block = block;
        port->overflow.max_bytes = settings->limits.held_bytes + OVERFLOW_BYTES;
        port->space_fd = -1;
        if (!sessions_init(&port->sessions, n_plus_one, recent,
                           settings->log.transactions || settings->log.scope_records > 0) ||
            !make_places(port, settings->limits.sessions)) {
                port_free(port);
                return NULL;
        }
        if (settings->log.when_full == SETTINGS_WHEN_FULL_BLOCK) {
                port->space_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                if (port->space_fd < 0) {
                        diag(DIAG_ERROR, "a port of the log can't be set up: eventfd: %s", strerror(errno));
                        port_free(port);
                        return NULL;
                }
        }
        return port;
}

_Static_assert(_Alignof(struct journal_port) <= LINE, "port_new aligns to a line");
