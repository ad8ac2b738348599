/** @file setnames.h  What a statement's text does to the session's character sets: SET NAMES, SET CHARACTER SET,
 * SET character_set_client and character_set_results, several statements in one text included.
 *
 * For servers that do not track the session for the client. It recognises the plain forms; what a procedure does, or an
 * expression gives, it can't know.   Knows: the words of SET.   Does not know: whether the statement succeeds.
 * Memory: allocates nothing. */
#ifndef MYSQL_SQL_SETNAMES_H
#define MYSQL_SQL_SETNAMES_H

#include "base/span.h"

struct setnames {
        bool has_client;
        bool has_results;
        bool client_default; /**< the server's default */
        bool results_default;
        uint8_t client; /**< charset.h; CHARSET_UNKNOWN: it is set to what can't be known from here */
        uint8_t results;
};

struct setnames_options {
        uint8_t charset;     /**< of the text */
        bool no_backslashes; /**< sql_mode has NO_BACKSLASH_ESCAPES */
        bool succeeded;      /**< all of the text did */
        uint64_t results;    /**< that ended well: each statement has at least one */
};

/** @return false (and quickly) if @p sql changes no character set. */
bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out);

#endif
