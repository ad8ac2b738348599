/** @file packet_directory.h  The directory of saved packets (settings triggers.directory, .files, .bytes): files are added to it, and the
 * oldest ones removed, so that neither their number nor their size is ever beyond its bound.
 *
 * Only its owner can read it: it has the mode 0700, and must be no symbolic link and nobody else's. Its names are those of
 * journal/trigger.h; files with other names are neither counted nor removed. While it is open it is locked, so that two processes do not
 * remove each other's files. If it has been removed meanwhile, it is created again.
 * Threads: one owner.   Memory: STAGE_CAPTURE, 32 bytes for each file that may be in it. */
#ifndef PROXY_PACKET_DIRECTORY_H
#define PROXY_PACKET_DIRECTORY_H

#include "base/span.h"
#include "base/status.h"

struct settings;

struct packet_file {
        uint64_t number; /**< see trigger_file_name */
        uint64_t conn_id;
        uint64_t bytes;
        bool is_text; /**< the ending is .txt, not .pcapng */
};

struct packet_directory {
        const struct settings *settings;
        int fd;                    /**< -1 = it is not open */
        struct packet_file *files; /**< the oldest first */
        size_t first;
        size_t n;
        size_t space;
        uint64_t bytes; /**< of all files, the one that is written included */
        int out;        /**< the file that is written; -1 = none */
        struct packet_file current;
        bool is_used;     /**< another process has locked it */
        const char *what; /**< what failed last: "can't be written", for example; static text */
        int error;        /**< and the errno; 0 = `what` says all */
};

/** Could it be opened? Nothing is created, and it may be in use. What is wrong is reported, with the place of the setting. */
enum status packet_directory_check(const struct settings *settings);
/** Open it, and find the files that are in it. Errors are reported. One that is still used by another process, such as the one that this
 *  process takes over from, is reported, and opened when the first file is begun after that process has ended.
 *  @p settings must outlive it. */
enum status packet_directory_open(struct packet_directory *d, const struct settings *settings);
/** Harmless on one that could not be opened. */
void packet_directory_close(struct packet_directory *d);

/* A file is begun, written, and ended. If one of these fails, it returns false and sets d->what and d->error; there is no file then. */

bool packet_directory_begin(struct packet_directory *d, uint64_t number, uint64_t conn_id, bool is_text);
bool packet_directory_put(struct packet_directory *d, struct span bytes);
bool packet_directory_end(struct packet_directory *d);
/** Remove the file that is written. */
void packet_directory_abandon(struct packet_directory *d);

#endif
