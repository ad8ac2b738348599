/** @file transaction.h  What the server's status flags tell from one reply to the next: transactions, and how it reads statements.
 *
 * Knows: flags, and the statements that end one transaction and begin the next.   Does not know: packets, records.
 * Threads: one owner.   Memory: embedded; allocates nothing. */
#ifndef MYSQL_DISSECT_TRANSACTION_H
#define MYSQL_DISSECT_TRANSACTION_H

#include "mysql/dissect/command_queue.h"
#include "mysql/dissect/statement.h"
#include "mysql/wire/sql_mode.h"

/** What the status flags between the results of a command have shown. */
struct transaction_between {
        bool any;     /**< there were some */
        bool is_open; /**< by the last of them */
        bool ended;   /**< a transaction ended */
        uint32_t begun;
};

struct transaction {
        bool is_open; /**< by the last status flags */
        struct transaction_between between;
        uint64_t id;          /**< of the last transaction; 1 is the session's first */
        struct sql_mode mode; /**< how the server reads the next statement */
};

/** Which transaction a command belongs to, and how the server read it. */
struct transaction_point {
        uint64_t id; /**< of the transaction that it was in, began or ended, the last of several; 0: none */
        struct sql_mode mode;
};

void transaction_on_greeting(struct transaction *t, struct span server_version);
/** Statements have set ANSI_QUOTES to @p ansi_quotes. MariaDB reports it in the status flags; there this has no effect. */
void transaction_set_ansi_quotes(struct transaction *t, bool ansi_quotes);
/** A result of the current command ended with @p status, and another one follows: a text of several statements, or a procedure. */
void transaction_on_result(struct transaction *t, uint16_t status);
/** @p cmd ended: apply the status flags of its reply. Once for each command, in order. */
struct transaction_point transaction_advance(struct transaction *t, const struct statements *statements,
                                             const struct command *cmd);

#endif
