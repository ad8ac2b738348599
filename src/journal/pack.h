/** @file pack.h  Compress a file beside itself, so that a crash at any moment loses nothing.
 * NAME -> NAME.gz.tmp, fsync, renamed to NAME.gz, fsync of the folder, NAME removed. A NAME.gz is always whole.
 * Threads: any.   Memory: STAGE_SINK, about 400 KiB while it works. */
#ifndef JOURNAL_PACK_H
#define JOURNAL_PACK_H

#include "base/status.h"

#include <stdatomic.h>
#include <stdbool.h>

/** Stops, with the file as it was, when @p stopping turns true. @return STATUS_OK; STATUS_NOMEM; STATUS_IO with errno
 *  (ECANCELED if it was stopped). */
enum status pack_file(const char *name, const _Atomic bool *stopping);

#endif
