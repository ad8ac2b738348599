/** @file secret.h  Which constants of a statement are passwords, or made from them.
 *
 * What is found: what follows IDENTIFIED BY, AS and USING, PASSWORD and every name with "password" in it (MASTER_PASSWORD,
 * a column of that name, a function's arguments) in the statements of both servers that take one; in any statement what is
 * compared with such a name, assigned to it, or stands in its place in a list (INSERT, rows that are compared); arguments of
 * ENCRYPT() and its kin, which are keys; strings that are statements themselves, URLs and options with a password; what is
 * put together with those.
 * Source: the MySQL 9 manual, "Passwords and Logging"; MariaDB's CREATE USER, CHANGE MASTER TO, CREATE SERVER.
 * Too much rather than too little: a constant that is none may be told as one, beside a password.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SECRET_H
#define MYSQL_SECRET_H

#include "mysql/sql.h"

/* --- texts (secret.c) ----------------------------------------------------------------------------------------------- */

/** A quick look: false only if no constant of @p text can be a password. For text in any character set that leaves ASCII
 *  alone, also cut off at its end. */
bool secret_suspected(struct span text);
/** Does the name of a column, variable, attribute … say that its value is a password? */
bool secret_is_name(struct span name);
/** Does @p text, which is no statement of its session but data, speak of a password? */
bool secret_is_mentioned(struct span text);
/** Is @p text, which is no statement of its session but data, a statement or a URL with a password, or a list of options or a
 *  JSON with one? */
bool secret_is_within(struct span text);
/** Does @p error, a syntax error, quote constants that do not stand in @p statement? It is of SQL that is made while it runs,
 *  which nobody has looked into. */
bool secret_is_in_error(struct span error, struct span statement);

/* --- token by token (secret_find.c) ---------------------------------------------------------------------------------- */

enum { SECRET_DEPTH = 16 };

struct secret_finder {
        struct sql_mode mode;
        unsigned depth;
        unsigned armed_depth;
        bool armed;     /**< constants are passwords, up to the next comma or the end of the expression */
        bool once;      /**< armed by a name, in a statement that takes no passwords by itself */
        bool wide;      /**< armed by a string: commas go on */
        bool is_plugin; /**< the next constant names a plugin */
        bool is_change; /**< the statement's kind takes passwords */
        bool is_run;    /**< EXECUTE: commas go on */
        bool is_set;
        bool begun;     /**< a word of the statement was seen */
        bool between;   /**< the next AND belongs to BETWEEN */
        bool by;        /**< IDENTIFIED BY: what follows is a password even without quotes */
        bool in_list;   /**< of a SELECT, before its FROM */
        bool has_star;  /**< and a * was in it: which column is which can't be told */
        uint64_t reply; /**< bit i: the result's i-th column has passwords; all: any may have */
        uint32_t calls; /**< bit i: the parenthesis of depth i is a function's */
        bool is_callee; /**< the word before may be a function's name */
        enum { SECRET_NOTHING, SECRET_NAME, SECRET_AT, SECRET_OTHER } before;
        /* lists: (name, password) VALUES (…, …). Which of their places are of passwords. */
        uint64_t columns; /**< bit i: the i-th; 0: no such list */
        unsigned row_depth;
        bool is_union;
        uint8_t place[SECRET_DEPTH];
        uint64_t named[SECRET_DEPTH];
};

struct secret_finder secret_finder_begin(struct sql_mode mode);
/** Look at the next token (comments too). @p next is the one behind it, @p rest what follows that.
 *  @return true if it is a password, or a parameter that stands for one, or a comment that may hold one. */
bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                 const struct sql_lexer *rest);
/** Where the first password stands that a digest would show, since it is no constant: one without quotes, say. Else @p sql's length. */
size_t secret_bare_at(struct span sql, struct sql_mode mode);

#endif
