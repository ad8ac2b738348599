/** @file logfile.h  The file, pipe or terminal that a log is written to: opening it, and what was in it before.
 *
 * A regular file is locked (flock): two writers would cut each other's lines and rotate each other's files.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_LOGFILE_H
#define JOURNAL_SINK_LOGFILE_H

#include "base/span.h"
#include "mysql/record/record.h"

#include <stdbool.h>
#include <sys/types.h>

struct settings_sink;

/** Open @p path to append to; a new file has mode 0640. @return the descriptor; -1 with errno (its text: files_why). */
int logfile_open(const char *path);
/** Create @p path, which is open and locked then. A file of this name is what a crash has left, and is removed.
 *  @return the descriptor; -1 with errno. */
int logfile_create(const char *path);
/** Standard output; a pipe or terminal is opened again, else *@p owns is set to false. @return -1 with errno. */
int logfile_stdout(bool *owns);
/** The `write` of struct sink_ops for all of these: write(2). */
ssize_t logfile_write(int fd, const struct settings_sink *unused, struct span bytes, enum record_event event);

/** Is it a pipe, socket or terminal: does it depend on a reader? */
bool logfile_is_stream(int fd);
/** Is it of a kind that can be written to? Sets errno if not. */
bool logfile_is_output(int fd);
/** Is @p fd still the file at @p path? */
bool logfile_is_at(int fd, const char *path);
/** Do two logs write to the same file or pipe? */
bool logfile_is_same(int a, int b);

/** Does a file that is not empty end with @p record_end (at most 8 bytes)? True for anything but a regular file, false if its
 *  end can't be read. */
bool logfile_ends_whole(int fd, const char *record_end);

#endif
