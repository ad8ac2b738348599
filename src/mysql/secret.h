/** @file secret.h  Which constants of a statement are passwords, or made from them.
 *
 * What is found: what follows IDENTIFIED BY, AS and USING, PASSWORD and every name with "password" in it (MASTER_PASSWORD,
 * a column of that name, the function's arguments) in the statements of both servers that take one, in any statement where
 * it is compared with or assigned to such a name, within strings that are statements themselves, and URLs with a password.
 * Source: the MySQL 9 manual, "Passwords and Logging"; MariaDB's CREATE USER, CHANGE MASTER TO, CREATE SERVER.
 * Too much rather than too little: a constant that is none may be told as one, beside a password.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SECRET_H
#define MYSQL_SECRET_H

#include "mysql/sql.h"

/** A quick look: false only if no constant of @p text can be a password. For text in any character set that leaves ASCII
 *  alone, also cut off at its end. */
bool secret_suspected(struct span text);

struct secret_finder {
        struct sql_mode mode;
        unsigned depth;
        unsigned armed_depth;
        bool armed;     /**< constants are passwords, up to the next comma or the end of the statement */
        bool once;      /**< armed for a comparison: only for the next constant */
        bool is_plugin; /**< the next constant names a plugin */
        bool is_change; /**< the statement's kind takes passwords */
        bool begun;     /**< a word of the statement was seen */
        enum { SECRET_NOTHING, SECRET_NAME, SECRET_AT, SECRET_OTHER } before;
};

struct secret_finder secret_finder_begin(struct sql_mode mode);
/** Look at the next token (comments too). @p next is the one behind it. @return true if it is a password, or a parameter
 *  that stands for one, or a comment that may hold one. */
bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next);

#endif
