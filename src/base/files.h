/** @file files.h  Log files, and files that contain secrets.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdbool.h>
#include <sys/types.h>

/** Modes of new files, whatever the umask is. */
enum { FILES_LOG_MODE = 0640, FILES_KEY_MODE = 0600 };

/** Open @p path to append to it. A new file has exactly @p mode; an existing one keeps its own. The last component must not be a
 *  symbolic link (ELOOP), except in /dev and /proc, where /dev/stdout is one. A FIFO without a reader gives ENXIO.
 *  @p flags are added to those of open(2). @return the descriptor; -1 with errno. */
int files_append(const char *path, int flags, mode_t mode);

/** Could files_append open @p path? Nothing is opened or created. @return 0 or the errno that it would fail with. */
int files_append_error(const char *path);

/** The meaning of an errno of files_append, and what to do about it. Static text, or that of strerror. */
const char *files_why(int error);

/** Write a warning if @p path, which contains @p what ("the private key", for example), can be read or written by others than its owner
 *  and group. Nothing is written if the file can't be examined. */
void files_warn_exposed(const char *path, const char *what);

#endif
