/** @file record_cut.h  Leave out the end of a record that is too large for where it is to go.
 *
 * Lists are shortened first (rows by whole rows), then the statement's text. The reason of the record says how much is missing and which
 * setting is why; of rows, first_rows_cut counts those that are missing.
 * Threads: any.   Memory: none; the result points to what the record pointed to, and to a text of the caller's. */
#ifndef MYSQL_RECORD_RECORD_CUT_H
#define MYSQL_RECORD_RECORD_CUT_H

#include "mysql/record/record.h"

enum { RECORD_CUT_REASON = 512 };

/** Shorten @p r, which is packed larger than @p most bytes, so that it is not. @p reason must live as long as the record's texts.
 *  @param setting  the setting that the reason names.
 *  @return false if it can't be made small enough. */
bool record_cut(struct record *r, size_t most, const char *setting, char reason[RECORD_CUT_REASON]);

#endif
