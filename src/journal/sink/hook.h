/** @file hook.h  Run a program with one argument, without a shell, for a bounded time.
 * Its standard output is our standard error, because our standard output may be the log.   Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_HOOK_H
#define JOURNAL_SINK_HOOK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Is @p program an executable file? Without a slash it is searched for in the folders of PATH. @return false with errno. */
bool hook_is_found(const char *program);
/** Start @p program with @p argument and wait until it ends. It is killed after @p most_ms, or at @p stop_ns (monotonic) once
 *  @p stop_fd is readable. @return false (reported) if it could not be started, failed or was killed. */
bool hook_run(const char *program, const char *argument, int stop_fd, unsigned most_ms,
              const _Atomic uint64_t *stop_ns);

#endif
