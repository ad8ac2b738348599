/** @file use.h  What a statement does to the default database of its session: USE, DROP DATABASE of the current one, and statements
 * that execute others (CALL, EXECUTE, compound statements), of which the text may not tell.
 *
 * It is needed for servers that do not report changes of the session.   Knows: the first words of statements.
 * Does not know: whether the statement succeeds, and what the current database is.
 * Source: sql_yacc.yy and sql_db.cc of MariaDB 10.11, checked against that server (tests/integration/test_default_database.py).
 * Threads: any.   Memory: allocates nothing; names point into the text. */
#ifndef MYSQL_SQL_USE_H
#define MYSQL_SQL_USE_H

#include "mysql/sql/sql_reader.h"

enum {
        USE_NAME_MAX = 512 /**< bytes; servers allow 64 characters */
};

enum use_effect {
        USE_KEEPS, /**< the default database stays as it is */
        USE_SETS,  /**< it becomes the database `name` */
        USE_DROPS, /**< the database `name` is dropped; if it is the default one, there is none from then on */
        USE_UNKNOWN /**< the text does not tell; the same holds if the statement fails */
};

struct use_change {
        enum use_effect effect;
        struct span name;     /**< as in the text, maybe with quotes */
        bool any_results;     /**< the statement may have any number of results, and not only one */
        bool charset_unknown; /**< a statement within this one may set character sets, also if it fails */
        bool is_empty;        /**< there is no statement, but only white space and comments */
};

/** Read the beginning of a statement. A compound statement is read to the end of the text. */
struct use_change use_read(struct sql_reader *r);
/** Go to the next statement. @return false if there is none. */
bool use_next_statement(struct sql_reader *r);
/** Copy @p name without its quotes. @return its length; 0 if the text does not tell which name it is. */
size_t use_name(struct span name, uint8_t out[USE_NAME_MAX]);

#endif
