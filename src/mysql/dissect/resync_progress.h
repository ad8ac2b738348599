/** @file resync_progress.h  What is counted of an opaque session, so that it can be followed again; resync.h moves it on.
 *
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_DISSECT_RESYNC_PROGRESS_H
#define MYSQL_DISSECT_RESYNC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** Why a session becomes opaque after resync_miss. */
#define RESYNC_TOO_MANY "more commands in flight than limits.pipeline allows to follow"

/** Of the reply that is passing; unread_reply.h moves it on. */
struct unread_reply {
        bool has_ended;       /**< the server's last message can be the end of a reply */
        uint8_t last;         /**< number of the server's last packet */
        uint8_t frame;        /**< and of the last compressed frame */
        uint32_t definitions; /**< messages that are still to come of the reply to a COM_STMT_PREPARE */
};

struct resync {
        bool is_possible; /**< the session is opaque, but its packets can be counted */
        bool is_missing; /**< the session is followed, but no further command until the queue has drained … */
        bool forgets_statements; /**< … then, what is known of these is forgotten, … */
        bool forgets_user;
        bool has_stream;    /**< … and the session is not followed again: a reply will not end */
        uint64_t missed_at; /**< where the first command that is missed begins: an offset in bytes */
        bool
            may_have_changed; /**< a command that was missed may have changed the database or a character set */
        struct unread_reply reply;
        bool is_recorded;     /**< the client sends the rest of a command of which there is a record … */
        bool is_answered;     /**< … or of one that is missed, and that the server has answered already */
        uint8_t client_last;  /**< sequence number of the client's last packet */
        uint8_t client_frame; /**< the same of the last compressed frame */
        uint8_t long_next;    /**< the number with which the reply to the last one of long_owed begins */
        uint64_t owed;        /**< commands whose replies have not begun … */
        uint64_t long_owed; /**< … of these, commands of several packets, or of several compressed frames */
        uint64_t missed;    /**< commands that are not logged, since since_ns */
        uint64_t wait;      /**< commands to miss before the session is followed again */
        uint64_t followed_from; /**< dissect.records when it was followed again for the last time */
        uint64_t since_ns;      /**< when it became opaque */
        uint64_t times_opaque;
        uint64_t times_followed; /**< again */
        uint64_t missed_before;  /**< commands that were not logged, of earlier times */
};

#endif
