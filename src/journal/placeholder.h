/** @file placeholder.h  Where the values of a prepared statement belong in its text.
 * Knows: quotes and comments of MySQL's SQL.   Does not know: values. */
#ifndef JOURNAL_PLACEHOLDER_H
#define JOURNAL_PLACEHOLDER_H

#include "base/span.h"

/** Length of @p sql before its first placeholder; all of it if there is none. @p sql begins outside of quotes: at its
 *  start, or behind a placeholder. @p no_backslashes: the session's sql_mode has NO_BACKSLASH_ESCAPES. */
size_t placeholder_find(struct span sql, bool no_backslashes);

size_t placeholder_count(struct span sql, bool no_backslashes);

#endif
