/** @file conflict.h  The story of a deadlock (error 1213) or a lock wait timeout (1205): which transactions were open, and what they did.
 *
 *      record of a transaction  -> its session knows the newest statement of the transaction, and recent records link to the one before
 *      record with 1213 or 1205 -> the statements of all open transactions are copied from the recent records
 *      records after it         -> statements that were running then are added when their replies come
 *      after two seconds, or when no transaction can have a statement running any more -> one conflict record
 *
 * Ports are not read in the order of time: a record of another worker may be seen earlier or later than the conflict. So the newest
 * recent records are searched for transactions that have ended since, and later records may show transactions that were open.
 * Knows: transactions by the server's status flags.   Does not know: locks, and sessions that do not go through this proxy.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, for each pending conflict log.conflict_bytes and a KiB for each transaction; at
 * most CONFLICTS_PENDING. */
#ifndef JOURNAL_CONFLICT_H
#define JOURNAL_CONFLICT_H

#include "journal/conflict_sources.h"
#include "journal/sessions.h"

struct conflict;

enum { CONFLICTS_PENDING = 8 };

struct conflicts {
        struct conflict_sources from;
        uint64_t now_ns; /**< monotonic, where it is not the machine's time; 0 = it is */
        unsigned n;      /**< pending conflicts */
        struct conflict *pending[CONFLICTS_PENDING];
        struct record brief; /**< the record that conflicts_see returned last, and its text */
        char brief_info[160];
};

/** @p settings, @p recent and the @p n_ports @p ports must outlive it. */
void conflicts_init(struct conflicts *cs, const struct settings *settings, struct recent *recent,
                    struct journal_port *const *ports, unsigned n_ports);
void conflicts_fini(struct conflicts *cs);

/** Look at @p r, which conflicts_concern, the record of @p session (NULL: not known) that was added to the recent records last.
 *  @return a record about it to be written now, without statements, because too many conflicts are pending or memory is out; valid until
 *  the next call. Usually NULL. */
const struct record *conflicts_see(struct conflicts *cs, struct session *session, const struct record *r);

/** Is @p r to be given to conflicts_see? Statements outside transactions are not, as long as no conflict is pending. */
static inline bool conflicts_concern(const struct conflicts *cs, const struct record *r)
{
        return (cs->n > 0 || record_has(r, FIELD_TRX_ID) || record_has(r, FIELD_ERRNO)) &&
               (r->event == EVENT_QUERY || r->event == EVENT_DISCONNECT);
}

/** Is there a conflict for which conflicts_due will have a record? */
static inline bool conflicts_are_waiting(const struct conflicts *cs)
{
        return cs->n > 0;
}

/** The record of a conflict that is complete at @p now_ns (monotonic), or of any if @p all; NULL if there is none. It is valid until
 *  conflicts_done, which must be called when it was written. */
const struct record *conflicts_due(struct conflicts *cs, uint64_t now_ns, bool all);
void conflicts_done(struct conflicts *cs);

#endif
