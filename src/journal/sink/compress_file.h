/** @file compress_file.h  Compress a file beside itself, so that a crash at any moment loses nothing.
 * NAME -> NAME.gz.tmp, fsync, renamed to NAME.gz, fsync of the folder, NAME removed. A NAME.gz is always whole.
 * Threads: any.   Memory: STAGE_SINK, about 400 KiB while it works. */
#ifndef JOURNAL_SINK_COMPRESS_FILE_H
#define JOURNAL_SINK_COMPRESS_FILE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/** Asked before each piece; @p compressed_bytes are written so far. @return false to stop. */
typedef bool compress_continues(void *arg, uint64_t compressed_bytes);

/** Stops, with the file as it was, when @p continues says so. The compressed file has the mode of @p name.
 *  @return STATUS_OK; STATUS_NOMEM; STATUS_IO with errno (ECANCELED if it was stopped). */
enum status compress_file(const char *name, compress_continues *continues, void *arg);

#endif
