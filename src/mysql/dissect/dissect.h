/** @file dissect.h  Follow one session's bytes, both ways, and say what happened.
 *
 * Knows: the protocol.   Does not know: sockets, clocks (times are arguments), threads, where records go.
 * It never changes or holds bytes, and nothing waits for it. Where it can't follow it says why once (EVENT_NOTICE)
 * and is *opaque* from then on.
 *
 *      GREETING -> LOGIN -> AUTH -> READY -> CLOSED          any -> OPAQUE
 *
 * Bytes may come in any split; the records are the same. Memory is bounded by the settings, not by results.
 * Threads: one owner.   Memory: STAGE_DISSECT and STAGE_FRAME. */
#ifndef MYSQL_DISSECT_DISSECT_H
#define MYSQL_DISSECT_DISSECT_H

#include "mysql/dissect/result_header_cache.h"
#include "mysql/record/record.h"
#include "mysql/wire/packet.h"

struct command;

/** Room for commands, shared by the sessions of a thread and kept for the next ones, so that the steady state allocates
 *  nothing and an idle session has none. */
struct dissect_pool {
        struct command *first;
        uint32_t n;
        struct result_header_cache result_headers;
};
/** Give it all back. */
void dissect_pool_drain(struct dissect_pool *pool);

/** Bounds. What is cut says its true length. */
struct dissect_settings {
        struct dissect_pool *pool; /**< must outlive the sessions */
        size_t query_bytes;        /**< kept of a statement's text */
        size_t value_bytes;        /**< kept of one value, of a parameter or of a row */
        size_t packet_bytes;       /**< kept of each packet for on_packet; 0 = on_packet is never called */
        size_t held_bytes;         /**< of one session's commands and statements, all together */
        uint32_t pipeline;         /**< commands that await their replies */
        uint32_t statements;       /**< prepared statements known at once */
        uint32_t rows;             /**< kept of each result; 0 = results are only counted */
        uint32_t lint;             /**< broken rules told of a session; further ones are counted */
        bool count_only;           /**< no record of a command is made: on_command is called instead */
        bool
            hide_packets; /**< no packet of a command shows its bytes: they would hold what records must not */
};

/** Where news goes. The arguments live only during the call. on_record gets a record in which the dissector has
 *  filled what it knows; connection, addresses and wall_ns are the receiver's to fill.
 *  With on_run, packets come by it where they can: after the records that they made. Without, each comes by on_packet,
 *  in its place among the records. */
struct dissect_sink {
        void *arg;
        void (*on_record)(void *arg, struct record *record);
        void (*on_command)(void *arg); /**< with count_only: a command ended */
        void (*on_packet)(void *arg, const struct packet *packet);
        void (*on_run)(void *arg, const struct packet_run *run); /**< NULL: not wanted */
};

struct dissect;

/** @return NULL when memory is out. @p settings must outlive it. */
struct dissect *dissect_new(const struct dissect_settings *settings, struct dissect_sink sink);
/** Without records; call dissect_end first if there is something to say. NULL is allowed. */
void dissect_free(struct dissect *d);

/** Bytes may come soon: have the processor fetch what they need first, while the system is asked for them. */
static inline void dissect_expect(const struct dissect *d)
{
        enum { LINE = 64 };
        const char *at = (const char *)d;
        __builtin_prefetch(at);
        __builtin_prefetch(at + LINE);
        __builtin_prefetch(at + 2 * LINE);
        __builtin_prefetch(at + 3 * LINE);
        __builtin_prefetch(at + 5 * LINE); /* the server's stream */
}

/** The next bytes from @p from, read at @p now_ns (monotonic). @return true if dissect_verdict may have changed. */
bool dissect_feed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns);
/** No more bytes will come: commands without a reply become records that say so. */
void dissect_end(struct dissect *d, uint64_t now_ns);
/** Stop following, for a @p reason (static text) found elsewhere. */
void dissect_give_up(struct dissect *d, const char *reason, uint64_t now_ns);

/** What is known of the session just now, for the list of sessions. Spans live until the next feed. */
struct dissect_view {
        const char *phase;         /**< "greeting", "login", "auth", "ready", "opaque", "closed" */
        const char *opaque_reason; /**< NULL if it follows */
        struct span username;
        struct span database;
        uint64_t server_conn_id;
        const char *command;      /**< in flight; NULL = idle */
        struct span query;        /**< of that command */
        bool query_hidden;        /**< it holds a password, or may, or packets are hidden: not to be shown */
        uint8_t username_charset; /**< what they are in (charset.h) */
        uint8_t database_charset;
        uint8_t query_charset;
        uint64_t command_mono_ns; /**< when it began */
        bool idle;                /**< between two commands, and not a byte of the next has come */
        uint32_t pipelined;       /**< commands in flight */
        uint32_t statements;      /**< prepared statements open */
        uint64_t statement_bytes; /**< that they take */
        uint64_t records;         /**< commands that ended */
};
struct dissect_view dissect_view(const struct dissect *d);

/** What is on the wire: the command that the server answers just now. Cheap. */
struct dissect_now {
        const char *command; /**< NULL = idle */
        struct span query;   /**< its text; until the next feed */
        bool hidden;         /**< the text holds a password, or may: not to be shown */
};
struct dissect_now dissect_now(const struct dissect *d);

/** What is counted beyond the session. Cheap. */
struct dissect_verdict {
        bool opaque;
        uint64_t lint; /**< rules of the protocol that packets broke */
};
struct dissect_verdict dissect_verdict(const struct dissect *d);

#endif
