/** @file transactions.h  A record of each transaction when it has ended: how long it was open, what ran in it, and how it ended.
 *
 *      BEGIN … UPDATE … COMMIT      commit             BEGIN … CREATE TABLE …            implicit_commit
 *      BEGIN … ROLLBACK             rollback           BEGIN … UPDATE … (error 1213)     deadlock
 *      BEGIN … BEGIN                implicit_commit    BEGIN … the session ends          disconnect
 *
 * The status flags of the replies say whether a transaction is open, and trx_id which one; the text of the statement says how it ended.
 * A transaction consists of the commands with its trx_id.
 * Knows: records, without passwords and redacted.   Does not know: transactions that the server does not show in its status flags, and
 * all but the last of several in one command.
 * Threads: the journal thread.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_ENRICH_TRANSACTIONS_H
#define JOURNAL_ENRICH_TRANSACTIONS_H

#include "journal/enrich/account.h"

/** How a transaction ended: FIELD_ENDED. */
enum transaction_end {
        TRANSACTION_IS_OPEN,
        TRANSACTION_COMMIT,
        TRANSACTION_ROLLBACK,
        TRANSACTION_IMPLICIT_COMMIT,
        TRANSACTION_XA_PREPARE,
        TRANSACTION_XA_COMMIT,
        TRANSACTION_XA_ROLLBACK,
        TRANSACTION_DEADLOCK,
        TRANSACTION_ERROR, /**< the server rolled it back because of another error */
        TRANSACTION_DISCONNECT,
        TRANSACTION_RESET,
        TRANSACTION_CHANGE_USER,
        TRANSACTION_UNKNOWN,
        TRANSACTION_ENDS
};

/** The transaction of a session; all zero at first. */
struct transaction_account {
        uint64_t trx_id; /**< 0 = none is open */
        uint64_t gaps;   /**< how often records had been dropped when the session was last seen */
        enum transaction_end suspected; /**< how the last command, an error, may have ended it */
        bool is_incomplete;             /**< commands may be missing */
        struct account sums;
};

/** The record that was returned last, and its texts. */
struct transactions {
        struct record record;
        struct account_times times;
};

/** Look at @p r, the next record of the session @p who, before it is written; records were dropped @p gaps times so far. @return the record of
 *  a transaction that has ended before it, valid until the next call; usually NULL. */
const struct record *transactions_before(struct transactions *t, struct transaction_account *a,
                                         const struct record_session *who, const struct record *r,
                                         uint64_t gaps);
/** The same record after it was written. @return the record of the transaction that it has ended. */
const struct record *transactions_after(struct transactions *t, struct transaction_account *a,
                                        const struct record_session *who, const struct record *r);

#endif
