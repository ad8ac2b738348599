/** @file trx_verb.h  What a statement does to the transaction of its session, by its first words.
 *
 *      COMMIT AND CHAIN              TRX_COMMIT          SET autocommit = 1   TRX_IMPLICIT
 *      ROLLBACK TO SAVEPOINT a       TRX_NONE            ALTER TABLE t …      TRX_IMPLICIT
 *      CALL p()                      TRX_HIDDEN          UPDATE t …           TRX_NONE
 *
 * Whether the statement has ended a transaction, only the status flags of its reply say: this says how.
 * Knows: comments, and those that are code; WORK; SET STATEMENT … FOR.   Does not know: whether the statement succeeds.
 * Source: the MySQL 9 manual, "Statements That Cause an Implicit Commit"; the MariaDB documentation, "SQL statements that cause an
 * implicit commit".
 * Threads: any.   Memory: allocates nothing. */
#ifndef MYSQL_SQL_TRX_VERB_H
#define MYSQL_SQL_TRX_VERB_H

#include "mysql/sql/sql.h"

enum trx_verb {
        TRX_NONE,  /**< it ends no transaction: SELECT, INSERT, SAVEPOINT … */
        TRX_BEGIN, /**< BEGIN, START TRANSACTION, XA START: a transaction that is open is committed */
        TRX_COMMIT,
        TRX_ROLLBACK, /**< of the whole transaction */
        TRX_XA_PREPARE,
        TRX_XA_COMMIT,
        TRX_XA_ROLLBACK,
        TRX_IMPLICIT, /**< a statement that may commit a transaction, such as ALTER TABLE or SET autocommit */
        TRX_HIDDEN, /**< it executes statements that its text does not show: CALL, EXECUTE, a compound statement */
};

/** A quick check of the first letters: false only if @p text is no BEGIN, COMMIT or the like, by which one transaction can follow another. */
bool trx_verb_may_restart(struct span text);
/** Of the first statement in @p text. */
enum trx_verb trx_verb_of(struct span text, struct sql_mode mode);
/** Of the last statement in @p text whose verb is not TRX_NONE. Reads all of the text. */
enum trx_verb trx_verb_of_last(struct span text, struct sql_mode mode);

#endif
