/** @file prepare_once.h  Runs of statements that a session prepares, executes once and closes, again and again: three commands, two of
 * them with a reply to wait for, where one would do.
 *
 *      PREPARE SELECT … WHERE id = ?     EXECUTE 7     CLOSE
 *      PREPARE SELECT … WHERE id = ?     EXECUTE 9     CLOSE      … reported once, with their number
 *
 * A run has the statements of one digest. It ends when one of them is executed twice, when nothing was added to it for a second, and with
 * the session.
 * Does not know: statements that stay open, PREPARE as SQL, the same loop over several sessions, and more than PREPARE_ONCE_OPEN
 * statements at a time that were executed at most once.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, less than 1 KiB for each session with such statements or runs. */
#ifndef JOURNAL_ENRICH_PREPARE_ONCE_H
#define JOURNAL_ENRICH_PREPARE_ONCE_H

#include "mysql/record/record.h"
#include "mysql/sql/digest.h"
#include "mysql/wire/command.h"

enum {
        PREPARE_ONCE_OPEN = 8, /**< statements of a session that were executed at most once */
        PREPARE_ONCE_RUNS = 4, /**< runs of a session at the same time */
};

struct prepare_once_run {
        uint8_t hash[DIGEST_HASH]; /**< of the digest */
        uint64_t count;            /**< statements that were executed once and closed */
        uint64_t sum_us;           /**< time that preparing and executing them took */
        uint64_t mono_ns;          /**< when the last of them was closed */
        uint64_t wall_ns;
};

struct prepare_once_work;

/** What is known of a session; its owner embeds it, initialised with zeros. Private to prepare_once.c. */
struct prepare_once_session {
        struct prepare_once_work *work; /**< NULL while there is nothing to follow */
        struct prepare_once_session *next;
        struct prepare_once_session *
            *link; /**< what points at this one: sessions with runs are in a list; NULL = it is not */
};

struct prepare_once {
        unsigned least;                     /**< statements that make a run; 0 = none do */
        struct prepare_once_session *first; /**< of those that have runs */
};

/** Does prepare_once_see have to look at the session's next command, which is @p command_id? */
static inline bool prepare_once_concerns(const struct prepare_once_session *s, uint64_t command_id)
{
        return s->work != NULL || command_id == COM_STMT_PREPARE;
}

/** Look at @p r, a command of the session whose statement has the digest @p hash (NULL = it has none).
 *  @return how many runs ended, which are in @p runs. */
unsigned prepare_once_see(struct prepare_once *p, struct prepare_once_session *s, const struct record *r,
                          const uint8_t *hash, struct prepare_once_run runs[PREPARE_ONCE_RUNS]);
/** The session ends. @return as prepare_once_see. */
unsigned prepare_once_end(const struct prepare_once *p, struct prepare_once_session *s,
                          struct prepare_once_run runs[PREPARE_ONCE_RUNS]);
/** Free what the session has. */
void prepare_once_fini(struct prepare_once_session *s);

/** End the runs of the next session to which nothing was added for a second. @p after is the session that the call before returned; NULL
 *  at first. @return NULL if there is none. */
struct prepare_once_session *
prepare_once_expire(struct prepare_once *p, const struct prepare_once_session *after, uint64_t now_mono_ns,
                    struct prepare_once_run runs[PREPARE_ONCE_RUNS], unsigned *ended);

#endif
