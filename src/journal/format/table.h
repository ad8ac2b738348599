/** @file table.h  Rows of values as an aligned table, each result with the names of its columns. */
#ifndef JOURNAL_FORMAT_TABLE_H
#define JOURNAL_FORMAT_TABLE_H

#include "journal/format/line.h"

/** Where lines that follow a detail's first one begin. */
enum { TABLE_INDENT = 16 };

/** @p names and @p rows as in a record (RECORD_ROWS); @p names may be empty. The first line goes where the cursor is, the
 *  others are indented; the last one is ended. Nothing, if there is no row and no name. */
void table_put(const struct line *l, struct value_list names, struct value_list rows);

#endif
