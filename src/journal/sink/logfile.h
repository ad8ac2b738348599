/** @file logfile.h  The file, pipe or terminal that a log is written to: opening it, and what was there before.
 *
 * A regular file is locked (flock): two writers would cut one another's lines, and rotate one another's files.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_LOGFILE_H
#define JOURNAL_SINK_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>

/** Open @p path to append to; a new file has mode 0640. @return the descriptor; -1 with errno, which files_why tells. */
int logfile_open(const char *path);
/** Standard output, opened once more if it is a pipe or terminal (*@p owns then). @return -1 with errno. */
int logfile_stdout(bool *owns);

/** Is it a pipe, socket or terminal: does it depend on a reader? */
bool logfile_is_stream(int fd);
/** Is it of a kind that can be written to? Sets errno if not. */
bool logfile_is_output(int fd);
/** Is @p fd still the file at @p path? */
bool logfile_is_at(int fd, const char *path);
/** Do two logs write to the same file or pipe? */
bool logfile_is_same(int a, int b);

/** Does what is appended begin on a line of its own? With @p entries (the slow format), behind a whole entry. True for what is no
 *  regular file, false if its end can't be read. */
bool logfile_ends_whole(int fd, bool entries);
/** Its size; 0 if it is no regular file. */
uint64_t logfile_size(int fd);

#endif
