/** @file diag.h  The program's own diagnostics: lines on standard error, counted by level.
 * One line is one write(2), so lines of several threads never mix. Texts of others in them are escaped (base/shown.h).
 * Nobody waits for standard error: what it does not take at once is counted.
 * Not for records of traffic (journal/). Threads: any.   Memory: allocates nothing. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_INFO, DIAG_DEBUG, DIAG_LEVELS };

/** Lines above @p level are counted but not written. DIAG_INFO at start. */
void diag_set_level(enum diag_level level);
enum diag_level diag_level(void);

/** "error", "warning", "info", "debug". */
const char *diag_level_name(enum diag_level level);

/** Say one line, without a newline at its end: what, where, and what to do. */
void diag(enum diag_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Lines said so far at @p level, the hidden ones included. */
uint64_t diag_count(enum diag_level level);
/** Lines that standard error did not take, for it is a pipe that nobody reads or the like. */
uint64_t diag_unsaid(void);

#endif
