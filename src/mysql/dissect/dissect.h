/** @file dissect.h  Follow one session's bytes, both ways, and say what happened.
 *
 * Knows: the protocol.   Does not know: sockets, clocks (times are arguments), threads, where records go.
 * It never changes or holds bytes, and nothing waits for it. Where it can't follow, it says why (EVENT_NOTICE) and is *opaque*. It
 * follows the session again as soon as no reply is outstanding, if its login was followed (resync.h).
 *
 *      GREETING -> LOGIN -> AUTH -> READY -> CLOSED          any -> OPAQUE -> READY
 *
 * Bytes may come in any split; the records are the same. Memory is bounded by the settings, not by results.
 * Threads: one owner.   Memory: STAGE_DISSECT and STAGE_FRAME. */
#ifndef MYSQL_DISSECT_DISSECT_H
#define MYSQL_DISSECT_DISSECT_H

#include "mysql/dissect/dissect_settings.h"

/** Free everything in @p pool. */
void dissect_pool_drain(struct dissect_pool *pool);

struct dissect;

/** @return NULL when memory is out. @p settings must outlive it. */
struct dissect *dissect_new(const struct dissect_settings *settings, struct dissect_sink sink);
/** Without records; call dissect_end first if there is something to say. NULL is allowed. */
void dissect_free(struct dissect *d);

/** How much of a dissector each packet needs; dissect.c asserts that it is that much. */
enum { DISSECT_LINE = 64, DISSECT_HOT_LINES = 7 };

/** Bytes may come soon: have the processor fetch what they need first, while the system is asked for them. Always inline: as a function
 *  that returns nothing and stores nothing, gcc removes the calls of it. */
static inline __attribute__((always_inline)) void dissect_expect(const struct dissect *d)
{
        const char *at = (const char *)d;
        __builtin_prefetch(at);
        __builtin_prefetch(at + DISSECT_LINE);
        __builtin_prefetch(at + 2 * DISSECT_LINE);
        __builtin_prefetch(at + 3 * DISSECT_LINE);
        __builtin_prefetch(at + 4 * DISSECT_LINE);
        __builtin_prefetch(at + 6 * DISSECT_LINE); /* the server's stream */
}

/** The next bytes from @p from, read at @p now_ns (monotonic). @return true if dissect_verdict or dissect_crowding may have changed. */
bool dissect_feed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns);
/* In a capture, bytes may be missing; a proxy needs none of these. */

/** The next @p n bytes from @p from are missing. @return true: they belong to a packet whose end is known, and the session is still
 *  followed. */
bool dissect_miss(struct dissect *d, enum side from, uint64_t n, uint64_t now_ns);
/** The server's replies are not captured: commands up to now get records that say so, and the session is still followed. */
void dissect_miss_replies(struct dissect *d);
/** Are no bytes looked at any more, unless dissect_join is called? */
bool dissect_is_lost(const struct dissect *d);
/** How the bytes of a session are packed. */
enum dissect_packing { DISSECT_PLAIN, DISSECT_ZLIB, DISSECT_ZSTD };
/** The next byte of the client begins a command, and that of the server its reply: follow the session from there on. If the login was not
 *  seen, what was agreed on is assumed, until packets show it. @return false when memory is out: then nothing was done. */
bool dissect_join(struct dissect *d, enum dissect_packing packing, uint64_t now_ns);

/** Let @p r carry what the dissector knows of who the session is: user, database, character set, the server's number. The
 *  records that it hands over only say which of these they have. Texts live until the next feed. */
void dissect_identify(const struct dissect *d, struct record *r);
/** A number that changes whenever what dissect_identify gives may have changed. */
uint32_t dissect_identity(const struct dissect *d);

/** No more bytes will come, and none came from the server after @p now_ns: commands without a reply become records that say so. */
void dissect_end(struct dissect *d, uint64_t now_ns);
/** Stop following, for a @p reason (static text) found elsewhere. */
void dissect_give_up(struct dissect *d, const char *reason, uint64_t now_ns);

/** What is known of the session just now, for the list of sessions. Spans live until the next feed. */
struct dissect_view {
        const char *phase;         /**< "greeting", "login", "auth", "ready", "opaque", "closed" */
        const char *opaque_reason; /**< NULL if it follows */
        struct span username;
        struct span database;
        struct sql_mode mode;  /**< how the server reads the next statement */
        uint64_t capabilities; /**< that both sides agreed on, as far as the login has come */
        uint64_t server_conn_id;
        const char *command;      /**< in flight; NULL = idle */
        struct span query;        /**< of that command */
        bool query_hidden;        /**< it holds a password, or may, or packets are hidden: not to be shown */
        uint8_t username_charset; /**< what they are in (charset.h) */
        uint8_t database_charset;
        uint8_t query_charset;
        uint64_t command_mono_ns; /**< when it began */
        bool quit;             /**< the server had COM_QUIT to handle: whoever closes now does so in order */
        bool idle;             /**< between two commands, and not a byte of the next has come */
        bool between_commands; /**< idle, and nothing of a packet of the server has come either */
        bool in_transaction;   /**< by the last status flags */
        bool authenticates;    /**< the login was sent, and the server has not decided: reply_seq holds */
        uint64_t transaction;  /**< number of the last transaction; 1 is the session's first */
        bool compressed;
        bool
            is_unanswered; /**< one command is in flight, and nothing of its reply has come: the next two hold */
        uint8_t reply_seq;        /**< the number of the reply's first packet */
        uint8_t reply_frame;      /**< of its first compressed frame */
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

/** Should the client wait until replies have come? Cheap. @return the limit that was reached (static text); NULL: it need not. */
const char *dissect_crowding(const struct dissect *d);
/** The client cannot wait, because no replies come: from here on, texts are cut, and with too many commands the session becomes opaque. */
void dissect_ignore_crowding(struct dissect *d);

/** What is counted beyond the session. Cheap. */
struct dissect_verdict {
        uint64_t opaque;         /**< times that the session became opaque */
        uint64_t followed_again; /**< times that it was followed again after that */
        uint64_t missed; /**< commands that are not logged, because it was opaque; of times that have ended */
        uint64_t lint;   /**< rules of the protocol that packets broke */
};
struct dissect_verdict dissect_verdict(const struct dissect *d);

#endif
