/** @file hook.h  Run a program with one argument, without a shell, for a bounded time.
 * Its standard output is our standard error: ours may be the log.   Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_HOOK_H
#define JOURNAL_SINK_HOOK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Could @p program be started: is it, or if it has no slash is one of that name in a folder of PATH, an executable file?
 *  @return false with errno. */
bool hook_is_found(const char *program);
/** Waits for its end; kills it after @p most_ms, or at @p stop_ns (monotonic) once @p stop_fd is readable.
 *  @return false if it could not be started, failed or was killed (reported). */
bool hook_run(const char *program, const char *argument, int stop_fd, unsigned most_ms,
              const _Atomic uint64_t *stop_ns);

#endif
