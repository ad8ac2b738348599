/** @file setnames.h  How a statement changes the character sets of its session: SET NAMES, SET CHARACTER SET,
 * SET character_set_client and character_set_results, also in a text of several statements.
 *
 * It is needed for servers that do not report changes of the session. It recognises the plain forms, but not the effect of a
 * procedure or the value of an expression.   Knows: the words of SET.   Does not know: whether the statement succeeds.
 * Memory: allocates nothing. */
#ifndef MYSQL_SQL_SETNAMES_H
#define MYSQL_SQL_SETNAMES_H

#include "base/span.h"

struct setnames {
        bool has_client;
        bool has_results;
        bool client_default; /**< it is set to the server's default */
        bool results_default;
        uint8_t
            client; /**< as in charset.h; CHARSET_UNKNOWN: it is set to a value that the text does not show */
        uint8_t results;
};

struct setnames_options {
        uint8_t charset;     /**< of the text */
        bool no_backslashes; /**< sql_mode has NO_BACKSLASH_ESCAPES */
        bool succeeded;      /**< all statements of the text did */
        uint64_t results;    /**< the number of results without an error; each statement has at least one */
};

/** Find the changes in @p sql. @return false, after a quick check, if it changes no character set. */
bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out);

#endif
