/** @file duplicates.h  Statements that ask again what was just answered: the same SELECT with the same values in the same scope, with the
 * same number of rows and bytes, and nothing written in between to the tables that it reads.
 *
 *      SELECT name FROM author WHERE id = 7        the scope is a trace (traceparent), a transaction, or
 *      SELECT name FROM author WHERE id = 7        within a second of a session: a duplicate
 *      UPDATE author SET …                         after it, the next one is not a duplicate
 *
 * Whether a statement can be a duplicate depends on its digest, and is found out once. One that reads no table, that calls NOW(),
 * LAST_INSERT_ID(), FOUND_ROWS() and their like, or that reads variables never is; nor is one that is part of an N+1 run, which is reported
 * as such, or that is run for a further row of a list with the same value: it may be the beginning of such a run, if it was not asked for no row before. Writes of all sessions count; statements that may write anything, such as CALL, count as writes of all tables.
 * Does not know: what views, triggers, stored functions and foreign keys write, and writes that do not pass the proxy, unless they
 * change the size of the result.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, a fixed number of statements of all sessions together; a newer one replaces
 * an older one. */
#ifndef JOURNAL_ENRICH_DUPLICATES_H
#define JOURNAL_ENRICH_DUPLICATES_H

#include "base/status.h"
#include "journal/enrich/digests.h"
#include "mysql/wire/command.h"

enum { DUPLICATES_BITS = 12 };

/** A statement that was answered. */
struct duplicates_entry {
        uint64_t key;      /**< a hash of the statement, its values and its scope */
        uint64_t ended_ns; /**< end of the last one, monotonic */
        uint64_t result;   /**< its rows and bytes */
        uint64_t count;    /**< how often it was asked again */
        bool for_rows;     /**< each time, the rows of a result before it explained why */
};

struct duplicates {
        uint64_t within_ns;               /**< the longest time between two of a session */
        struct duplicates_entry *entries; /**< 1 << DUPLICATES_BITS; NULL = duplicates are not looked for */
        struct digests *digests;          /**< which count duplicates */
        uint64_t seed;           /**< nobody can aim at an entry; another one where records were dropped */
        uint64_t written_ns[64]; /**< by bit of shape.tables: the end of the last write, monotonic */
        uint64_t written_any_ns; /**< the same of a statement that may have written any table */
};

/** @p digests must outlive it. @p within_ms 0, or no digests: duplicates are not looked for. */
enum status duplicates_init(struct duplicates *d, struct digests *digests, uint64_t within_ms);
void duplicates_fini(struct duplicates *d);
/** Records were dropped, maybe writes: forget what was answered before. */
void duplicates_forget(struct duplicates *d);

/** For duplicates_see: @p r is a statement that can be a duplicate. */
void duplicates_compare(struct duplicates *d, uint64_t epoch, struct record *r,
                        const struct digest_found *found);
/** For duplicates_see: @p r is another statement or command. @return true if what its session asks from then on may have other answers. */
bool duplicates_follow(struct duplicates *d, const struct record *r, const struct digest_found *found);

/** Look at @p r, the next command of a session, with @p found of its statement; add to its findings. @p epoch is the session's: it
 *  counts what may change answers, such as SET or COMMIT. Initially 0. */
static inline void duplicates_see(struct duplicates *d, uint64_t *epoch, struct record *r,
                                  const struct digest_found *found)
{
        if (d->entries == NULL) {
                return;
        }
        bool executes = r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE;
        if (executes && found->stat != NULL && found->stat->repeat == REPEAT_IS_DUPLICATE) {
                duplicates_compare(d, *epoch, r, found);
        } else if (duplicates_follow(d, r, found)) {
                (*epoch)++;
        }
}

#endif
