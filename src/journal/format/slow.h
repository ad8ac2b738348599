/** @file slow.h  A record as an entry of MySQL's slow query log.
 *
 *      # User@Host: root[root] @ 127.0.0.1 [127.0.0.1]  Id: 12
 *      # Query_time: 0.001234  Lock_time: 0.000000  Rows_sent: 3  Rows_examined: 0  ts: 2026-01-02T03:04:05.678901 …
 *      # Rows_affected: 0  Bytes_sent: 120
 *      use shop;
 *      SET timestamp=1767323045;
 *      SELECT * FROM t;
 *
 * pt-query-digest, MariaDB's and MySQL's mysqldumpslow read it. There is no "# Time:" line (MySQL leaves it out as well, of
 * a second that it told before): each of those two mysqldumpslow takes another form of it, and is confused by the
 * other's. `ts` has the time, and pt-query-digest reads it.
 * A prepared statement's values stand in their places. Commands without a statement are "# administrator command: …",
 * and so is a gap. Other records have no entry.
 * Readers tell entries apart by their first characters: a line of a statement that would look like a header gets a blank
 * before it. Control characters, and what is no UTF-8, are shown as U+FFFD: other formats have their bytes. */
#ifndef JOURNAL_FORMAT_SLOW_H
#define JOURNAL_FORMAT_SLOW_H

#include "base/writer.h"
#include "mysql/record/record.h"

/** Does @p r have an entry? */
bool slow_shows(const struct record *r);

/** Append it; nothing, if it has none. */
void slow_record(struct writer *w, const struct record *r);

#endif
