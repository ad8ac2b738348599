/** @file resync_progress.h  What is counted of an opaque session, so that it can be followed again; resync.h moves it on.
 *
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_DISSECT_RESYNC_PROGRESS_H
#define MYSQL_DISSECT_RESYNC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** Why a session becomes opaque after resync_miss. */
#define RESYNC_TOO_MANY "more commands in flight than limits.pipeline allows to follow"

struct resync {
        bool is_possible; /**< the session is opaque, but its packets can still be counted */
        /* Commands are missed although the session is followed, until the queue has drained. Then takes effect what they may have done: */
        bool is_missing;
        bool forgets_statements; /**< prepared statements are not known any more */
        bool forgets_user;
        bool has_stream;    /**< a reply will not end, so the session is not followed again */
        uint64_t missed_at; /**< where the first command that is missed begins: an offset in bytes */
        /** A command that was missed may have changed the database or a character set. */
        bool may_have_changed;
        bool server_ended; /**< the server's last message may be the end of a reply */
        bool is_recorded;  /**< the client still sends the rest of a command that has a record */
        bool
            is_answered; /**< the same of a command that is missed, and that the server has answered already */
        uint8_t client_last;  /**< sequence number of the client's last packet */
        uint8_t server_last;  /**< sequence number of the server's last packet */
        uint8_t client_frame; /**< sequence number of the client's last compressed frame */
        uint8_t server_frame; /**< sequence number of the server's last compressed frame */
        uint8_t long_next;    /**< the number with which the reply to the last one of long_owed begins */
        uint64_t owed;        /**< commands whose replies have not begun */
        uint64_t long_owed;   /**< those of them that have several packets or several compressed frames */
        uint64_t missed;      /**< commands since since_ns, which are not logged */
        uint64_t wait;        /**< how many commands to miss at least before the session is followed again */
        uint64_t followed_from;  /**< dissect.records when the session was last followed again */
        uint64_t since_ns;       /**< when the session became opaque */
        uint64_t times_opaque;   /**< how often it became opaque */
        uint64_t times_followed; /**< how often it was followed again */
        uint64_t missed_before;  /**< commands that were missed in earlier opaque periods */
};

#endif
