/** @file open_transaction.h  Transactions that a session holds while it runs nothing, or leaves open when it ends.
 *
 *      BEGIN … UPDATE …      1.5 s in which nothing runs      COMMIT      transaction_idle, trx_idle_us 1500000
 *      BEGIN … UPDATE …      the session ends, or is reset                transaction_open
 *
 * Commands that run nothing, such as COM_PING, do not interrupt the idle time. A transaction that the server began by itself, because
 * autocommit is off, is not reported as left open unless a statement of it changed rows: every SELECT begins one.
 * Does not know: transactions that the server does not show in its status flags, and writes whose count the server does not report,
 * such as those of a procedure.
 * Threads: the journal thread.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_ENRICH_OPEN_TRANSACTION_H
#define JOURNAL_ENRICH_OPEN_TRANSACTION_H

#include "mysql/record/record.h"

struct open_transaction_limits {
        uint64_t idle_us; /**< the shortest idle time that is reported; 0 = none is */
        bool left_open;   /**< report transactions that are left open */
};

struct open_transaction {
        uint64_t trx_id;   /**< of the transaction that the last statement left open; 0 = none */
        uint64_t ended_ns; /**< end of that statement, monotonic */
        bool is_explicit; /**< it was begun by a statement, and not by the server because autocommit is off */
        bool has_written;
};

/** Is a transaction open after @p r, a command? The status flags of its reply tell. An error has none: then the transaction is open if it
 *  was (@p was_open), unless the server has rolled it back. */
bool transaction_is_open_after(const struct record *r, bool was_open);

/** For open_transaction_see: @p r concerns a transaction, or follows one. */
void open_transaction_follow(struct open_transaction *t, const struct open_transaction_limits *limits,
                             struct record *r);

/** Look at @p r, the session's next record, and add to its findings. */
static inline void open_transaction_see(struct open_transaction *t,
                                        const struct open_transaction_limits *limits, struct record *r)
{
        if (t->trx_id != 0 || record_has(r, FIELD_TRX_ID)) {
                open_transaction_follow(t, limits, r);
        }
}

#endif
