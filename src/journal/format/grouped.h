/** @file grouped.h  The line of text, behind a line for a program that groups records (querytap tail --group).
 *
 *      @LENGTH EVENT_AT EVENT CONN_ID TRX_ID BEGIN_US END_US SCOPE
 *
 * LENGTH is that of the text that follows, in bytes, and EVENT_AT where the event begins in it, behind the time, the session and the user.
 * TRX_ID is 0 outside transactions. The times are those of a monotonic clock. SCOPE is in hexadecimal; - if there is none.
 * Threads: any.   Memory: writes to the caller's. */
#ifndef JOURNAL_FORMAT_GROUPED_H
#define JOURNAL_FORMAT_GROUPED_H

#include "base/writer.h"
#include "mysql/record/record.h"

/** The longest first line, with its newline. */
enum { GROUPED_HEAD_MAX = 1024 };

void grouped_record(struct writer *w, const struct record *r, bool color);

#endif
