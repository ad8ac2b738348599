/** @file secret_roles.h  What the words of statements mean to the search for passwords.
 *
 * One table of words, for the statements, clauses and functions of both servers. Source: the MySQL 9 manual ("SQL Statements",
 * "Encryption and Compression Functions", "Enterprise Encryption Functions", "General-Purpose Keyring Functions") and MariaDB's.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_ROLES_H
#define MYSQL_SQL_SECRET_ROLES_H

#include "mysql/sql/sql.h"

enum secret_role {
        ROLE_ENDS = 1 << 0,     /**< an expression ends before it */
        ROLE_COMPARES = 1 << 1, /**< the operand before it is compared with the one after it */
        ROLE_NO_CALL = 1 << 2,  /**< a parenthesis after it is not a list of arguments */
        ROLE_ACCOUNT = 1 << 3,  /**< begins a statement that takes passwords by itself */
        ROLE_OBJECT =
            1 << 4, /**< after CREATE and ALTER: an object with columns or parameters, or a program */
        ROLE_PROGRAM = 1 << 5,   /**< an object that has a body */
        ROLE_BODY = 1 << 6,      /**< begins a statement within the definition */
        ROLE_STOPS = 1 << 7,     /**< in a statement about accounts: what follows is not a password */
        ROLE_MAKES = 1 << 8,     /**< in such a statement: the name of a plugin follows */
        ROLE_GIVES = 1 << 9,     /**< in such a statement: a password follows, even without quotes */
        ROLE_VALUE = 1 << 10,    /**< in a definition: a value follows */
        ROLE_AGAIN = 1 << 11,    /**< between the parts of a UNION */
        ROLE_ROWS = 1 << 12,     /**< after a list of columns: rows follow, or a query for them */
        ROLE_KEYED = 1 << 13,    /**< a function that takes a key or a password */
        ROLE_SEARCHES = 1 << 15, /**< a function that takes a value to search for before the path */
        ROLE_JOINS = 1 << 16,    /**< a word within the clause FROM */
        ROLE_CLAUSE = 1 << 14,   /**< begins a clause of a query, which ends its list of columns */
};

/** Words that have a meaning of their own. */
enum secret_word_id {
        WORD_OTHER,
        WORD_ALTER,
        WORD_AND,
        WORD_AS,
        WORD_BETWEEN,
        WORD_BY,
        WORD_CALL,
        WORD_CASE,
        WORD_CHARACTER,
        WORD_COLUMNS,
        WORD_COMMENT,
        WORD_CREATE,
        WORD_CURSOR,
        WORD_DECLARE,
        WORD_ELSE,
        WORD_END,
        WORD_EXECUTE,
        WORD_FOR,
        WORD_FROM,
        WORD_IDENTIFIED,
        WORD_IN,
        WORD_INSERT,
        WORD_INTO,
        WORD_ON,
        WORD_OPEN,
        WORD_PARTITION,
        WORD_PASSWORD,
        WORD_RANDOM,
        WORD_ROW,
        WORD_SELECT,
        WORD_SET,
        WORD_THEN,
        WORD_UPDATE_OR_DELETE,
        WORD_VALUES,
        WORD_WHEN,
        WORD_WITH,
};

struct secret_role_of {
        unsigned roles; /**< bits of secret_role */
        enum secret_word_id id;
};

/** The meaning of @p word; no roles and WORD_OTHER if it has none. */
struct secret_role_of secret_role_find(struct span word);
/** Does the function @p name take a key? ENCRYPT, all others whose names end in CRYPT, and some more do. */
bool secret_takes_key(struct span name);

#endif
