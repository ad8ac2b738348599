/** @file link.h  One side of a session: a socket, what waits to be written to it, and whether it is read at present.
 *
 *      readable -> read in large pieces into the thread's buffer -> owner -> link_write of the other link
 *      link_write: straight to the socket while nothing waits; the rest goes to the backlog, which libevent sends
 *
 *      nothing waits: no backlog          something waits: a bufferevent that writes, freed when all is written
 *
 *      state    closed -> plain -> handshake -> encrypted -> closed          handshake -> plain
 *      reading  open -> ended                       writing  open -> draining -> shut          any -> failed
 *
 * A link owns its socket and reports to its owner through a table of callbacks; it does not know what its owner is. It
 * reads by an event of its own: EV_READ is never on in the bufferevent. With TLS the same applies to ciphertext:
 * link_secure puts a filter (tls.h) between the socket and the owner.
 * Threads: its loop's.   Memory: STAGE_LINK; nothing is allocated while nothing waits. */
#ifndef PROXY_NET_LINK_H
#define PROXY_NET_LINK_H

#include "base/span.h"
#include "base/status.h"
#include "mysql/wire/side.h"
#include "proxy/net/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct bufferevent;
struct link;
struct address;
struct tls;
struct tls_context;

/** on_bytes gets at most so many bytes that were read at once. */
enum { LINK_READ_BYTES = 128 * 1024 };

/** Why a link is not read. It is read when no reason is left. */
enum pause {
        PAUSE_CONNECTING = 1 << 0, /**< the other side is not connected yet */
        PAUSE_BACKLOG = 1 << 1,    /**< the other side does not take what it gets */
        PAUSE_GATE = 1 << 2,       /**< the login takes its time, and much is held */
        PAUSE_ENDED = 1 << 3,      /**< nothing more will come, or nobody would take it */
        PAUSE_LOG = 1 << 4,        /**< the log is full, and blocks */
        PAUSE_PIPELINE = 1 << 5,   /**< too many commands await their replies */
};

enum link_state {
        LINK_CLOSED, /**< it has no socket */
        LINK_PLAIN,
        LINK_HANDSHAKE, /**< of TLS */
        LINK_ENCRYPTED,
};

enum link_reading {
        LINK_READ_OPEN,
        LINK_READ_ENDED,  /**< end of file or an error */
        LINK_READ_CLOSED, /**< the peer closed its side within TLS (close_notify) */
};

enum link_writing {
        LINK_WRITE_OPEN,
        LINK_WRITE_DRAINING, /**< to be shut down once all is written */
        LINK_WRITE_SHUT,
        LINK_WRITE_FAILED, /**< what is written goes nowhere */
};

/** What a link reports. @p owner is what link_open was given. begin and finish enclose the calls of one wake-up; the owner
 *  may close its links in finish, not before. */
struct link_owner {
        void (*begin)(void *owner);
        void (*finish)(void *owner);
        /** Bytes of the protocol, decrypted; they live during the call. */
        void (*on_bytes)(void *owner, struct link *from, struct span bytes);
        /** Nothing more will come. @p error is errno, 0 = end of file. */
        void (*on_end)(void *owner, struct link *from, int error);
        /** TLS with the peer is established. */
        void (*on_secured)(void *owner, struct link *link);
        /** TLS with the peer can't go on. */
        void (*on_tls_failed)(void *owner, struct link *link, const char *error);
        /** The backlog has shrunk to its low mark, or will never be written. */
        void (*on_drained)(void *owner, struct link *link);
        /** Memory is out: the owner must give up. */
        void (*on_no_memory)(void *owner);
};

/** What the links of one thread share. Their owner may set log_full at any time. */
struct link_shared {
        const struct link_owner *owner;
        struct loop *loop;
        size_t backlog_low; /**< bytes: on_drained is called when no more than these wait */
        bool log_full;      /**< no link is read; one that has something to be read pauses (PAUSE_LOG) */
        uint8_t *buffer;    /**< all reads go here first */
        uint8_t *plain;     /**< what TLS decrypts goes here */
};

/** Allocate the buffers. The arguments must outlive the links. @return STATUS_NOMEM; link_shared_fini is still due. */
enum status link_shared_init(struct link_shared *shared, const struct link_owner *owner, struct loop *loop,
                             size_t backlog_low);
/** After the links. Harmless on one that is zeroed. */
void link_shared_fini(struct link_shared *shared);

struct link {
        void *owner;
        struct link_shared *shared;
        struct link *other;          /**< the session's other one */
        struct bufferevent *backlog; /**< NULL = nothing waits */
        struct tls *tls;             /**< NULL = plain */
        uint64_t bytes_read;         /**< of the protocol, decrypted */
        int fd;                      /**< -1 = closed */
        enum side side;
        uint8_t paused; /**< enum pause bits */
        enum link_state state;
        enum link_reading reading;
        enum link_writing writing;
        bool
            was_reset; /**< writing has shown that the peer reset the connection, which reading will not show again */
        bool reset;            /**< link_close resets the connection */
        struct event readable; /**< set while the link is open */
};

/** A closed link. Each of the two of a session names the other. */
void link_init(struct link *link, struct link *other, enum side side);
/** Take over a connected, non-blocking @p fd (also on failure). Reading starts paused for @p paused (enum pause bits).
 *  @return STATUS_NOMEM if it could not be set up. */
enum status link_open(struct link *link, struct link_shared *shared, void *owner, int fd, unsigned paused);
/** Close the socket at once; what waits is lost. Harmless on a closed link. */
void link_close(struct link *link);

/** Write or keep for writing. @return STATUS_NOMEM if bytes could not be kept: the session must end. If the socket fails,
 *  writing becomes LINK_WRITE_FAILED instead. */
enum status link_write(struct link *link, struct span bytes);
/** Begin TLS with the peer, as @p tls says, which must outlive the link. @p server is the peer's address if it is the server, else NULL;
 *  it need only live during the call. @p first are the peer's first bytes, if some came already. From
 *  here on link_write encrypts.
 *  Failure is reported by on_tls_failed, success by on_secured; both may come within the call.
 *  @return STATUS_NOMEM if it could not be set up. */
enum status link_secure(struct link *link, const struct tls_context *tls, const struct address *server,
                        struct span first);
/** The handshake will not succeed: what waited for its end is sent unencrypted, and so is all that is written from here on.
 *  @return STATUS_NOMEM: the session must end. */
enum status link_end_handshake(struct link *link);
/** What TLS was agreed on, such as "TLSv1.3 TLS_AES_256_GCM_SHA384"; only of a link in LINK_ENCRYPTED. */
void link_describe_tls(const struct link *link, char *out, size_t size);
/** The peer is as good as gone: nothing more is read from it, and writing has failed. Reports on_end (EPROTO) unless
 *  that was reported already. */
void link_break(struct link *link);
/** Let link_close end the connection with a RST instead of an end of file, provided that all that was written is on its way by
 *  then: a RST discards what waits. Harmless on a closed link. */
void link_reset(struct link *link);
/** Read no more, and discard what is written; within a callback too. link_close comes later. */
void link_abandon(struct link *link);
/** Send the peer end of file, after all that waits. @p notify sends close_notify within TLS before it. */
void link_shut(struct link *link, bool notify);

/** Both: @return STATUS_NOMEM if the event loop could not be told: the session must end. */
enum status link_pause(struct link *link, enum pause reason);
enum status link_resume(struct link *link, enum pause reason);

/** Has the peer sent bytes that were not read? Closing the socket resets the connection then. */
bool link_has_unread(const struct link *link);
/** link_backlog, of a link that has one. */
size_t link_backlog_bytes(const struct link *link);
/** Bytes that wait. */
static inline size_t link_backlog(const struct link *link)
{
        return link->backlog != NULL ? link_backlog_bytes(link) : 0;
}

static inline bool link_read_ended(const struct link *link)
{
        return link->reading != LINK_READ_OPEN;
}

static inline bool link_write_failed(const struct link *link)
{
        return link->writing == LINK_WRITE_FAILED;
}

#endif
