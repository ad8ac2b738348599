/** @file sql_mode.h  How a server reads the text of a statement.
 *
 * Source: the MySQL 9 manual, "Server SQL Modes", and the MariaDB documentation, "Comment Syntax".
 * Threads: any.   Memory: none. */
#ifndef MYSQL_WIRE_SQL_MODE_H
#define MYSQL_WIRE_SQL_MODE_H

#include "base/span.h"

/** How a server reads the text. All zero: MySQL's defaults. */
struct sql_mode {
        bool ansi_quotes;          /**< "x" is an identifier */
        bool no_backslash_escapes; /**< a backslash in a string is an ordinary character */
        bool is_mariadb;  /**< executes the content of comments that begin with M!, and reads \N as NULL */
        bool unused;      /**< false, for sql_mode_bits */
        uint32_t version; /**< as in comments of a version: 80036, 101119; 0 = unknown, reads all of them */
};

/** @return a number that is the same only for the same mode: to compare modes, or to hash them. */
static inline uint64_t sql_mode_bits(struct sql_mode mode)
{
        uint64_t bits;
        _Static_assert(sizeof mode == sizeof bits, "no bytes between the members");
        memcpy(&bits, &mode, sizeof bits);
        return bits;
}

/** @return the mode of a server whose greeting has that version: 9.7.4, 10.11.6-MariaDB, 5.5.5-10.11.6-MariaDB. */
struct sql_mode sql_mode_of_server(struct span version);

#endif
