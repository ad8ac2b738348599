/** @file diag.h  The program's own diagnostics: lines on standard error, counted by level.
 * One line is one write(2), so lines of several threads never mix. Foreign text in them is escaped (base/shown.h).
 * Writing never waits: a line that standard error does not take at once is dropped and counted.
 * Not for records of traffic (journal/). Threads: any; diag_tee applies to its own.   Memory: allocates nothing. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_INFO, DIAG_DEBUG, DIAG_LEVELS };

/** Write lines up to @p level, and only count those above it. The level is DIAG_INFO at the start. */
void diag_set_level(enum diag_level level);
enum diag_level diag_level(void);

/** Write one line, which has no newline at its end: what happened, where, and what to do. */
void diag(enum diag_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Give each line of this thread to @p on_line as well, whatever the level, until this is called with NULL: for a reply to whoever asked for
 *  what the thread is doing. @p text is valid during the call. */
void diag_tee(void (*on_line)(void *arg, enum diag_level level, const char *text), void *arg);

/** The number of lines so far at @p level, including those that were not written. */
uint64_t diag_count(enum diag_level level);
/** The number of lines that standard error did not take, because it is a pipe that nobody reads, for example. */
uint64_t diag_unsaid(void);

#endif
