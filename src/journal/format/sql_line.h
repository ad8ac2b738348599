/** @file sql_line.h  A statement on one line that means the same as the statement that was sent.
 *
 * White space over several lines becomes one space between the words of the statement. In a literal it is escaped as the server reads
 * it (\n), since it is data there. A comment that ends at the end of its line becomes one in slashes and asterisks, if something
 * follows: it would hide the rest of the statement.
 * Knows: what a literal and a comment are, from the lexer.   Does not know: records.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_FORMAT_SQL_LINE_H
#define JOURNAL_FORMAT_SQL_LINE_H

#include "base/writer.h"
#include "mysql/wire/sql_mode.h"

/** Append @p sql, which the server reads by @p mode. */
void sql_line(struct writer *w, struct span sql, struct sql_mode mode);

#endif
