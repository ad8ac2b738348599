/** @file user_variable.h  What a text of one or several statements assigns to one user variable with SET.
 *
 *      SET @scope = 'a'          SET SESSION sql_mode = '', @x = 1, @`Scope` := NULL          SET @scope = ?
 *
 * Knows: SET with several assignments, quotes, comments, strings and numbers.   Does not know: the values of expressions, and other ways to
 * set a variable: SELECT … INTO, := within a query, stored programs.
 * Source: the MySQL 9 manual, "User-Defined Variables" and "SET Syntax for Variable Assignment"; checked against servers
 * (tests/integration/test_scopes.py).
 * Threads: any.   Memory: allocates nothing. */
#ifndef MYSQL_SQL_USER_VARIABLE_H
#define MYSQL_SQL_USER_VARIABLE_H

#include "mysql/sql/sql.h"

/** The most bytes of a value that are read. */
enum { USER_VARIABLE_MAX = 256 };

enum user_variable_effect {
        USER_VARIABLE_KEEPS,  /**< the variable keeps its value */
        USER_VARIABLE_SETS,   /**< to the value in the text, or to that of a parameter */
        USER_VARIABLE_CLEARS, /**< to NULL */
        USER_VARIABLE_UNKNOWN /**< to a value that the text does not show; or maybe it is not set */
};

struct user_variable_options {
        struct span name; /**< without @ and quotes; upper and lower case are the same */
        struct sql_mode mode;
        uint64_t statements; /**< the first so many were executed; UINT64_MAX = all of them */
};

struct user_variable_change {
        enum user_variable_effect effect;
        size_t parameter; /**< number of the parameter that has the value, from 1; 0 = `text` has it */
        bool is_cut;      /**< the value has more than USER_VARIABLE_MAX bytes */
        size_t len;
        uint8_t text[USER_VARIABLE_MAX]; /**< without quotes and escapes */
};

/** Read @p text, and set @p out to what it does to the variable in the end. */
void user_variable_read(struct span text, const struct user_variable_options *options,
                        struct user_variable_change *out);

#endif
