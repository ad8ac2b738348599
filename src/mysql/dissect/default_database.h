/** @file default_database.h  The default database of a session whose server does not report it: what the text of each command does to it.
 *
 * Knows: which statements of a text were executed.   Does not know: SQL (mysql/sql/use.h).
 * Threads: one owner.   Memory: that of session_vars.h. */
#ifndef MYSQL_DISSECT_DEFAULT_DATABASE_H
#define MYSQL_DISSECT_DEFAULT_DATABASE_H

#include "mysql/dissect/dissector.h"

/** @p cmd ended: note what it did to the default database, for session_vars_advance. @p mode is how the server read the text. Once for each
 *  command for which session_vars_are_settled is false, in order. */
void default_database_note(struct dissect *d, const struct command *cmd, struct sql_mode mode);

#endif
