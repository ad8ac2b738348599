/** @file ltsv.h  A record as a line of label:value pairs with tabs between them (http://ltsv.org).
 *
 *      ts:2026-01-02T03:04:05.678901Z<TAB>event:query<TAB>conn_id:7<TAB>query:SELECT 1<TAB>rows:1
 *
 * In a value \t is a tab, \n a line's end, \\ a backslash and \xHH another control character: unescaping gives the
 * text of the record back. Lists, maps and rows are JSON (escaped the same way), flags are joined by commas. Of a text
 * that is no UTF-8, a second label NAME_hex has the exact bytes. */
#ifndef JOURNAL_FORMAT_LTSV_H
#define JOURNAL_FORMAT_LTSV_H

#include "base/writer.h"
#include "mysql/record/record.h"

void ltsv_record(struct writer *w, const struct record *r);

#endif
