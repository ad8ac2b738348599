/** @file dissector.h  The state of one dissector: what the handlers of its phases share.
 *
 *      client: bytes -> frame -> message -> handler of the phase (login.h, request.h)
 *      server: bytes -> frame -> message -> handler of the phase (login.h, result.h)
 *
 * Only the files that handle messages or make records see all of it; what needs less takes a part (transaction.h,
 * session_vars.h, secret_watch.h, auth_path.h, command_queue.h, packet_stream.h).
 * Threads: one owner.   Memory: STAGE_DISSECT, one block. */
#ifndef MYSQL_DISSECT_DISSECTOR_H
#define MYSQL_DISSECT_DISSECTOR_H

#include "mysql/dissect/auth_path.h"
#include "mysql/dissect/command_queue.h"
#include "mysql/dissect/filtered_request.h"
#include "mysql/dissect/message.h"
#include "mysql/dissect/packet_stream.h"
#include "mysql/dissect/resync_progress.h"
#include "mysql/dissect/row_columns.h"
#include "mysql/dissect/secret_watch.h"
#include "mysql/dissect/session_vars.h"
#include "mysql/dissect/statement.h"
#include "mysql/dissect/transaction.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/lint.h"

/** Are more commands in flight than the limits allow? */
enum crowding {
        CROWDING_NONE,
        CROWDING_COMMANDS, /**< limits.pipeline was exceeded: the client should wait */
        CROWDING_TEXTS,    /**< their texts nearly fill limits.held_bytes: the client should wait */
        CROWDING_IGNORED,  /**< one of these, but the client cannot wait */
};

/* In PHASE_UNREAD the session is opaque, too, but for one packet: a server that can't read a login either says so. */
enum phase {
        PHASE_GREETING,
        PHASE_LOGIN,
        PHASE_AUTH,
        PHASE_READY,
        PHASE_UNREAD,
        PHASE_OPAQUE,
        PHASE_CLOSED,
        PHASE_COUNT
};

/** Figures of each of several results (multi_result.h). */
struct multi_result;

/* What each packet needs stands first, side by side: with many sessions the processor has none of them in its caches. */
struct dissect {
        const struct dissect_settings *settings;
        uint64_t capabilities; /**< those of the server; after the login, those that were agreed on */
        enum phase phase;
        bool want_packets;   /**< packets are shown */
        bool batch_packets;  /**< several packets may be shown at once */
        bool redact_packets; /**< the contents of packets are not shown, once the login is over */
        bool answered_early; /**< the client still sends the rest of a command that the server answered */
        bool draining; /**< the server gave up on a LOCAL INFILE, and the client sends the rest of the file */
        /** The session is followed again, but the server may still be sending an earlier reply (resync.h). */
        bool skips_rest;
        bool has_gaps;   /**< bytes within packets of the client were missing */
        bool is_assumed; /**< the login was not seen: capabilities are assumed until packets show otherwise */
        bool has_news;   /**< dissect_verdict or dissect_crowding has changed during this feed */
        bool eof_open;   /**< the server's next message decides what an EOF was (early_eof.h) */
        uint8_t eof_seq; /**< if it is such an EOF itself, it has this number */
        uint8_t crowding; /**< enum crowding; request.c enters all states but NONE, completion.c that one */
        uint8_t agreed;   /**< capability_pack of the capabilities, once they are agreed on */
        struct lint lint;
        const char *opaque_reason;
        struct command_queue queue;
        struct budget budget;
        struct statements statements;
        uint64_t seq_num; /**< commands so far */
        uint64_t records; /**< commands that ended */
        /** Of the head of the queue; NULL unless it has several results. */
        struct multi_result *multi_result;
        struct secret_watch secrets;
        bool packet_secret; /**< the packet just handled must not be shown */
        /** The packet just handled is an event that cannot be searched for passwords: only its header is shown. */
        bool packet_is_sealed;
        enum packet_kind packet_kind; /**< of the packet just handled */
        struct dissect_sink sink;

        struct packet_stream streams[2];

        struct session_vars vars;
        struct transaction transaction;
        uint32_t server_conn_id;
        struct row_columns row_columns; /**< of the result under way, if rows are hashed */
        struct row_hashes *row_hashes;  /**< of the result under way; NULL: none */
        uint32_t single_rows; /**< how many further results of one row are hashed as well (row_hashing.h) */
        struct value_buffer values; /**< scratch for decoded values */

        uint64_t server_capabilities; /**< those that the server offered */
        uint64_t client_capabilities; /**< those that the client requested */
        uint64_t login_start_ns;
        struct owned_text server_version; /**< until the login has its record */
        struct auth_path auth_path;
        uint8_t *attributes; /**< of the login, until it has its record */
        size_t attributes_len;
        uint8_t next_seq;           /**< of the login's next packet, of either side */
        bool ssl_requested;         /**< the client has requested TLS; what follows has been decrypted */
        bool refused;               /**< the login was refused, and a record says so */
        bool quit;                  /**< see dissect_view */
        bool statements_full;       /**< limits.statements was reached, and a record says so */
        bool held_full;             /**< limits.held_bytes was reached, and a record says so */
        bool drain_secret;          /**< the file that is drained may contain a password */
        struct value_filter filter; /**< for the request that is arriving in pieces */
        struct pending_commands pending;
        uint8_t drain_seq; /**< of the next packet of a file that is drained */
        struct resync resync;
};

/** How many bytes of a packet a record shows at most; as many are looked at of any packet. */
enum { DISSECT_EVIDENCE = 32 };

/** What is shown of an event of a binary log that is sealed: the status byte and the header. */
enum { DISSECT_EVENT_HEAD = 1 + 19 };

static inline bool dissector_deprecates_eof(const struct dissect *d)
{
        return (d->capabilities & CAP_DEPRECATE_EOF) != 0;
}

static inline bool dissector_is_mariadb(const struct dissect *d)
{
        return (d->capabilities & CAP_MYSQL) == 0;
}

/** The sequence number of @p m is to be *@p next, which is moved on; in a compressed session, only frames are numbered in
 *  order. */
static inline void dissector_check_sequence(struct dissect *d, const struct message *m, uint8_t *next)
{
        if (m->seq != *next && d->streams[SIDE_SERVER].compress == NULL) {
                lint_break(&d->lint, LINT_SEQUENCE);
        }
        *next = (uint8_t)(m->last + 1);
}

/** Within an authentication: the packet is not shown if its kind is a secret one. */
static inline struct outcome dissector_hide_secret_kind(struct dissect *d, enum packet_kind kind)
{
        d->packet_secret = d->packet_secret || packet_kind_is_secret(kind);
        return outcome_of(kind);
}

/** Does @p cmd contain a password or ask for one, or may it? */
static inline bool dissector_is_secret(const struct dissect *d, const struct command *cmd)
{
        return secret_watch_covers(&d->secrets, &d->statements, cmd);
}

/** Of a packet that is cut off after @p head, or continues in another one: must it not be shown? */
bool dissector_hides_part(const struct dissect *d, enum side from, struct span head);

#endif
