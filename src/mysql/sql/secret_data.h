/** @file secret_data.h  Passwords in what a server answers: values of rows, packets, and which columns of a result hold them.
 *
 * A value is looked into (a statement that another session runs, the options of a table, a warning that quotes what stood in a
 * column), and a column is followed through the statement: SELECT p FROM (SELECT password AS p …) has one under another name.
 * Too much rather than too little, but only beside a word that speaks of a password.
 * Threads: one owner.   Memory: none; spans point into the statement. */
#ifndef MYSQL_SQL_SECRET_DATA_H
#define MYSQL_SQL_SECRET_DATA_H

#include "mysql/sql/sql.h"

/** Does @p value, a value of a row, an attribute or an error's text, tell a password? */
bool secret_is_in_value(struct span value);
/** May the packet that begins with @p bytes tell one? It may have any form: a row of a table of variables, say. */
bool secret_is_in_packet(struct span bytes);
/** Are there quotes in @p value, within which may be what is hidden elsewhere? */
bool secret_has_quotes(struct span value);
/** As secret_is_name, of a @p name in any character set of a server's, those with wide characters too. */
bool secret_is_column(struct span name);

/* --- columns of a result ---------------------------------------------------------------------------------------------- */

/** What a reply may tell although its own statement does not show it. */
enum secrecy {
        SECRECY_NONE,
        SECRECY_QUOTES, /**< what is quoted in it may be a password: warnings about a statement with one */
        SECRECY_DERIVED, /**< and so may what is in columns that are no table's: EXECUTE of a statement with one */
        SECRECY_ALL, /**< in any column */
};

enum { SECRET_ALIASES = 16 };

/** Which columns of a statement's results may hold passwords under other names. */
struct secret_columns {
        enum secrecy secrecy;
        unsigned n;
        struct span aliases[SECRET_ALIASES]; /**< without quotes */
};

/** @p sql speaks of passwords. */
struct secret_columns secret_columns_of(struct span sql, struct sql_mode mode);
/** Is @p name one of the other names? */
bool secret_columns_has(const struct secret_columns *c, struct span name);

#endif
