/** @file setnames.h  How a statement changes the character sets of its session: SET NAMES, SET CHARACTER SET,
 * SET character_set_client and character_set_results, also in a text of several statements. And how it changes sql_mode.
 *
 * It is needed for servers that do not report changes of the session. It recognizes the plain forms, but not the effect of a
 * procedure or the value of an expression.   Knows: the words of SET.   Does not know: whether the statement succeeds.
 * Memory: allocates nothing. */
#ifndef MYSQL_SQL_SETNAMES_H
#define MYSQL_SQL_SETNAMES_H

#include "base/span.h"
#include "mysql/wire/sql_mode.h"

/** What becomes of one of the modes in sql_mode. KEPT: as before, or unknown. */
enum setnames_mode { SETNAMES_KEPT, SETNAMES_ON, SETNAMES_OFF };

struct setnames {
        bool has_client;
        bool has_results;
        bool client_default; /**< it is set to the server's default */
        bool results_default;
        uint8_t
            client; /**< as in charset.h; CHARSET_UNKNOWN: it is set to a value that the text does not show */
        uint8_t results;
        bool global;                   /**< it changes a default of the server */
        enum setnames_mode ansi;       /**< ANSI_QUOTES, also as a part of another mode */
        enum setnames_mode no_escapes; /**< NO_BACKSLASH_ESCAPES */
};

struct setnames_options {
        uint8_t charset;      /**< of the text */
        struct sql_mode mode; /**< how the server reads it */
        bool succeeded;       /**< all statements of the text did */
        uint64_t results;     /**< the number of results without an error; each statement has at least one */
};

/** Find the changes in @p sql. @return false, after a quick check, if it changes nothing of these. */
bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out);

#endif
