/** @file files.h  Files that the program writes for others to keep, and files that hold secrets.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdbool.h>
#include <sys/types.h>

/** Modes of what is created, whatever the umask is. */
enum { FILES_LOG_MODE = 0640, FILES_KEY_MODE = 0600 };

/** Open @p path to append to it. A file that is created has exactly @p mode; one that is there keeps its own. Its last part may be
 *  no symbolic link (ELOOP), but for paths in /dev and /proc, where /dev/stdout is one. A FIFO without a reader is
 *  ENXIO. @p flags are added. @return the descriptor; -1 with errno. */
int files_append(const char *path, int flags, mode_t mode);

/** What an errno of files_append means, and what to do if that is known. Static, or strerror's. */
const char *files_why(int error);

/** Say (warning) that @p path, which holds @p what, can be read or written by others than its owner and group, if so. @p what: "the
 *  private key", for example. A file that can't be looked at is not said. */
void files_warn_exposed(const char *path, const char *what);

#endif
