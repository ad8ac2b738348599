/** @file tap.h  What watches one session: it is fed the bytes of both directions and produces records and recorded packets.
 *
 *      tap_feed -> dissector -> record + identity of the session -> tap_output.on_record
 *                            -> packets -> recorder, and records of packets where they are logged
 *
 * Knows: who the session is (number, addresses, TLS, offered capabilities), the dissector, the recorder.
 * Does not know: sockets, events, clocks (times are arguments, monotonic nanoseconds), where records go.
 * A tap never changes, holds or delays bytes. The proxy feeds one; a capture file or a test can do so as well.
 * Threads: a tap_shared and its taps belong to one thread; the counters may be read by any.
 * Memory: STAGE_SESSION, and what the dissector and the recorder take. */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include "mysql/dissect/dissect.h"
#include "mysql/gate/gate.h"
#include "mysql/record/record_raw.h"
#include "profile/heap/prof.h"
#include "tap/dump_form.h"

#include <stdatomic.h>

struct capture;
struct tap;

/** Where records go. Passwords may still stand in them. */
struct tap_output {
        void *arg;
        /** Called once for each record; it and what it points at live only during the call. @return false if it was dropped: the
         *  session that it carries is then carried by the next one. */
        bool (*on_record)(void *arg, const struct record_raw *record);
        /** A place for a session's identity wherever records go: then only the first record, and the first after a change, carries the
         *  session, and the others refer to it (record.h). 0 = there is none. NULL: each record carries its session. */
        uint32_t (*begin_session)(void *arg);
        /** After the last record of the session in @p place, which may be 0. NULL if begin_session is. */
        void (*end_session)(void *arg, uint32_t place);
        /** When this number changes, all sessions are carried once more. NULL: it never does. */
        const _Atomic uint32_t *announcements;
};

struct tap_config {
        struct dissect_settings dissect; /**< pool is set by tap_shared_init */
        size_t capture_bytes;            /**< of the recorder; 0 = no packets are recorded */
        size_t sessions;                 /**< at once, at most: the recorder has a share for each */
        bool log_packets;                /**< each packet becomes a record (EVENT_PACKET) */
        uint64_t packets_redacted;       /**< FIELD_REDACTED of packets whose bytes were taken out */
        struct tap_output output;
};

/** Counts of all taps of a thread, since the start. */
struct tap_counts {
        _Atomic uint64_t statements;
        _Atomic uint64_t opaque;         /**< times that a session became opaque */
        _Atomic uint64_t followed_again; /**< times that an opaque session was followed again */
        _Atomic uint64_t missed; /**< commands that are not logged, because their session was opaque */
        _Atomic uint64_t lint;   /**< rules of the protocol that packets broke */
};

/** What the taps of one thread share. */
struct tap_shared {
        struct tap_config config;
        struct dissect_pool pool;
        struct capture *capture; /**< NULL if capture_bytes is 0 */
        size_t taps;             /**< in existence; the pool is drained with the last one */
        const uint64_t *wall_offset_ns;
        struct tap_counts counts;
};

/** @p config is copied. @p wall_offset_ns is wall time minus monotonic time, nanoseconds; its owner may change it, and it must
 *  outlive the taps. @return STATUS_NOMEM; then nothing needs to be freed. */
enum status tap_shared_init(struct tap_shared *shared, const struct tap_config *config,
                            const uint64_t *wall_offset_ns);
/** After its taps. Harmless on one that is zeroed. */
void tap_shared_fini(struct tap_shared *shared);

/** What whoever forwards the bytes measures; the next record of a command reports both and resets them to 0. */
struct tap_times {
        uint64_t own_cycles; /**< clock_cycles from reading bytes to having forwarded them */
        uint64_t stall_ns;   /**< the server had to wait for the client */
};

/** Begin to watch session @p conn_id of the client at @p client_addr (copied; "" = unknown), which began at @p now_ns.
 *  @p shared and @p times must outlive the tap. @p times is NULL if nobody forwards the session's bytes. @return NULL when memory is out. */
struct tap *tap_new(struct tap_shared *shared, uint64_t conn_id, const char *client_addr,
                    struct tap_times *times, uint64_t now_ns);
/** Without any record: tap_end comes first if the session was reported. NULL is allowed. */
void tap_free(struct tap *tap);

/** What each tap begins with. For the functions below, which each packet calls; nobody else uses it. */
struct tap_front {
        struct prof_wire wire; /**< describes the session to the profiler */
        struct dissect *dissect;
};

static inline const struct tap_front *tap_front(const struct tap *tap)
{
        return (const struct tap_front *)(const void *)tap;
}

/** Count what the dissector has found out about the session and was not counted before: dissect_verdict. */
void tap_count_verdict(struct tap *tap);

/** The next bytes from @p from, as the client's side of the session has them: after decryption, and with the greeting as
 *  the client gets it. @return true if tap_crowding may have changed. */
static inline bool tap_feed(struct tap *tap, enum side from, struct span bytes, uint64_t now_ns)
{
        if (!dissect_feed(tap_front(tap)->dissect, from, bytes, now_ns)) {
                return false;
        }
        tap_count_verdict(tap);
        return true;
}

/** Should the client wait until replies have come? @return the limit that was reached (static text); NULL: it need not. */
const char *tap_crowding(const struct tap *tap);
/** The client cannot wait, because no replies come: what exceeds the limits is not logged. */
void tap_ignore_crowding(struct tap *tap);
/** Stop following the session, for @p reason (static text). */
void tap_give_up(struct tap *tap, const char *reason, uint64_t now_ns);
/** From here until tap_leave this thread works on the session: the profiler sees it so, and the processor fetches what
 *  tap_feed will need. */
static inline void tap_enter(const struct tap *tap)
{
        prof_set_wire(&tap_front(tap)->wire);
        dissect_expect(tap_front(tap)->dissect);
}

static inline void tap_leave(void)
{
        prof_set_wire(NULL);
}

/* What only whoever reads a capture knows: see dissect.h. */

/** The next @p n bytes from @p from are missing. @return true: the session is still followed. */
bool tap_miss(struct tap *tap, enum side from, uint64_t n, uint64_t now_ns);
/** The server's replies are not captured: what the client has sent is complete. */
static inline void tap_miss_replies(const struct tap *tap)
{
        dissect_miss_replies(tap_front(tap)->dissect);
}
static inline bool tap_is_lost(const struct tap *tap)
{
        return dissect_is_lost(tap_front(tap)->dissect);
}
/** The next bytes of the client begin a command: follow the session. @return false when memory is out. */
bool tap_join(struct tap *tap, enum dissect_packing packing, uint64_t now_ns);

/* What only the forwarding side knows. */

/** The client is at @p client_addr (copied), as the one that connected says for it. Before tap_connected, whose record then says through
 *  whom. @return STATUS_NOMEM; then nothing has changed. */
enum status tap_set_client(struct tap *tap, const char *client_addr);
/** The address to which the client connected, as records show it. It must outlive the tap. */
void tap_set_listen(struct tap *tap, struct span listen_addr);
/** The address of the server, as records show it. It must outlive the tap. */
void tap_set_remote(struct tap *tap, struct span remote_addr);
/** The server was reached; @p own_addr is our own address towards it. Emits EVENT_CONNECT.
 *  @return STATUS_NOMEM; then there is no record. */
enum status tap_connected(struct tap *tap, const char *own_addr, uint64_t now_ns);
/** TLS is established with the peer on @p side; @p text describes it, such as "TLSv1.3 TLS_AES_256_GCM_SHA384". */
enum status tap_secured(struct tap *tap, enum side side, const char *text);
/** TLS failed with @p reason (static text), and @p error says more: if there is no login yet, its record says so instead of how the
 *  session ended. Without memory the record has no error. */
void tap_login_prevented(struct tap *tap, const char *reason, const char *error);
/** What the gate, if there is one, has made of the login so far. @p translated: it translated the exchange of the password. */
void tap_set_login(struct tap *tap, struct gate_offer offer, bool translated);
/** Emit a record of @p event with FIELD_REASON and, unless it is NULL, FIELD_INFO. */
void tap_notice(struct tap *tap, enum record_event event, const char *reason, const char *info,
                uint64_t now_ns);

/** Nothing more will come from the server: commands that it has not answered end at @p now_ns, not with the session. */
void tap_server_ended(struct tap *tap, uint64_t now_ns);

/** How a session ended. */
struct tap_ending {
        const char *reason;
        bool abrupt;             /**< neither side has closed its connection in order */
        bool expected;           /**< the client quit, or the proxy was stopped */
        uint64_t bytes_sent;     /**< by the client */
        uint64_t bytes_received; /**< from the server */
};
/** The session is over: emit what is still open, and EVENT_DISCONNECT. */
void tap_end(struct tap *tap, const struct tap_ending *ending, uint64_t now_ns);

/* A look at it. */

/** The client's address, as given to tap_new. */
const char *tap_client_addr(const struct tap *tap);
/** Nanoseconds since it began. */
uint64_t tap_age_ns(const struct tap *tap, uint64_t now_ns);
/** Spans live until the next feed. */
struct dissect_view tap_view(const struct tap *tap);
/** Dump the session's recorded packets as text, which the caller frees with prof_free. @return NULL when memory is out. */
char *tap_hex(const struct tap *tap, enum tap_dump form, size_t *len);
/** The same for a session that has ended, as far as newer packets have not replaced its own. @return NULL also if no packet of it is
 *  kept. */
char *tap_hex_ended(const struct tap_shared *shared, uint64_t conn_id, enum tap_dump form, size_t *len);

#endif
