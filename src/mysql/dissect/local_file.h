/** @file local_file.h  Did a command ask for the file that the server requests from the client (LOCAL INFILE)?
 *
 * A server can request any file in answer to any command, and a client that allows LOCAL INFILE may send it.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_DISSECT_LOCAL_FILE_H
#define MYSQL_DISSECT_LOCAL_FILE_H

#include "mysql/dissect/dissector.h"

/** Does the text of @p cmd name the file @p name behind LOCAL INFILE? True, too, where the text cannot tell: it is not known to its end,
 *  executes another text (EXECUTE, CALL), or writes the name with escapes or in a character set. */
bool local_file_is_named(const struct dissect *d, const struct command *cmd, struct span name);

#endif
