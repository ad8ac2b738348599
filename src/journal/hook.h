/** @file hook.h  Run a program with one argument, without a shell, for a bounded time.
 * Its standard output is our standard error: ours may be the log.   Threads: any.   Memory: none. */
#ifndef JOURNAL_HOOK_H
#define JOURNAL_HOOK_H

#include <stdbool.h>

/** Waits for its end; kills it after @p most_ms, or when @p stop_fd has been readable for @p grace_ms.
 *  @return false if it could not be started, failed or was killed (said). */
bool hook_run(const char *program, const char *argument, int stop_fd, unsigned most_ms, unsigned grace_ms);

#endif
