/** @file sql_line.h  A statement on one line that means the same as the statement that was sent.
 *
 * White space over several lines becomes one space between the words of the statement. In a literal it is escaped as the server reads
 * it (\n), since it is data there; if a character of a literal has no such escape and can't be shown as it is, the literal is written in
 * hexadecimal, and a comment shows it. A name has no escapes: if a character of it can't be shown, the whole statement is written as
 * dynamic SQL, behind a comment that shows it. A comment that ends at the end of its line becomes one in slashes and asterisks, if something
 * follows: it would hide the rest of the statement.
 * Knows: what a literal and a comment are, from the lexer.   Does not know: records.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_FORMAT_SQL_LINE_H
#define JOURNAL_FORMAT_SQL_LINE_H

#include "base/writer.h"
#include "mysql/wire/sql_mode.h"

/** Append @p sql, which the server reads by @p mode. If it is not @p whole, its end is cut off, and what can't be shown is escaped as
 *  base/shown.h does. */
void sql_line(struct writer *w, struct span sql, struct sql_mode mode, bool whole);

#endif
