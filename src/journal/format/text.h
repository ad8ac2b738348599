/** @file text.h  A record as one line for a person.
 *
 *      18:04:05.678901 #7    root@shop        1.234 ms   3 rows  SELECT * FROM t WHERE id = ?  [42]
 *
 * Control bytes and line ends of a statement are shown escaped, so a record stays one line (packets: a hex dump). */
#ifndef JOURNAL_FORMAT_TEXT_H
#define JOURNAL_FORMAT_TEXT_H

#include "journal/format/line.h"

/** The line, with its end. @return where the event begins in it, behind the time, the session and the user. */
size_t text_line(const struct line *l);
size_t text_record(struct writer *w, const struct record *r, bool color);

#endif
