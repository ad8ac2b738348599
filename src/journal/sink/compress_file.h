/** @file compress_file.h  Compresses a file beside itself, so that a crash at any moment loses nothing.
 *
 * NAME is compressed to NAME.gz.tmp, which is synced and renamed to NAME.gz; then the folder is synced and NAME is removed. So a
 * NAME.gz is always complete.
 * Threads: any.   Memory: STAGE_SINK, about 400 KiB while it works. */
#ifndef JOURNAL_SINK_COMPRESS_FILE_H
#define JOURNAL_SINK_COMPRESS_FILE_H

#include "base/lock.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/** Called before each piece, when @p compressed_bytes have been written. @return false to stop. */
typedef bool compress_continues(void *arg, uint64_t compressed_bytes);

/** Compress @p name to NAME.gz, which gets its mode. It stops and leaves the file as it was when @p continues returns false.
 *  @p names is taken while a file is renamed or removed: whoever lists the folder under it never misses a form of the file.
 *  @return STATUS_OK; STATUS_NOMEM; STATUS_IO with errno (ECANCELED if it was stopped). */
enum status compress_file(const char *name, compress_continues *continues, void *arg, struct lock *names);

#endif
