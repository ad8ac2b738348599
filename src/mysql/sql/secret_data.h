/** @file secret_data.h  Passwords in what a server answers: values of rows, packets, and which columns of a result hold them.
 *
 * Values are searched (a statement that another session runs, the options of a table, a warning that quotes the value of a
 * column), and columns are followed through the statement: SELECT p FROM (SELECT password AS p …) has one under another name.
 * The search finds too much rather than too little, but only near a word that mentions a password.
 * Threads: one owner.   Memory: none; spans point into the statement. */
#ifndef MYSQL_SQL_SECRET_DATA_H
#define MYSQL_SQL_SECRET_DATA_H

#include "mysql/sql/sql.h"

/** Does @p value, which is a value of a row, an attribute or the text of an error, show a password? */
bool secret_is_in_value(struct span value);
/** May the packet that begins with @p bytes show a password? The packet may be of any kind, such as a row of SHOW VARIABLES. */
bool secret_is_in_packet(struct span bytes);
/** Does @p value contain quotes, which may quote a password? */
bool secret_has_quotes(struct span value);
/** As secret_is_name, for a @p name in any character set of a server, including those with wide characters. */
bool secret_is_column(struct span name);

/* --- columns of a result ---------------------------------------------------------------------------------------------- */

/** Which parts of a reply may show a password that is not in its own statement. */
enum secrecy {
        SECRECY_NONE,
        SECRECY_QUOTES, /**< what it quotes: warnings about a statement with a password */
        SECRECY_DERIVED, /**< these, and columns that belong to no table: EXECUTE of a statement with a password */
        SECRECY_ALL, /**< any column */
};

enum { SECRET_ALIASES = 16 };

/** The columns of a statement's results that may hold passwords under other names. */
struct secret_columns {
        enum secrecy secrecy;
        unsigned n;
        struct span aliases[SECRET_ALIASES]; /**< without quotes */
};

/** Find them in @p sql, which mentions passwords. */
struct secret_columns secret_columns_of(struct span sql, struct sql_mode mode);
/** Is @p name one of the other names? */
bool secret_columns_has(const struct secret_columns *c, struct span name);

#endif
