/** @file gzip.h  Compresses for HTTP and files, in gzip's format (RFC 1952), and expands what the program itself has compressed.
 * Memory: zlib's comes from the profiler's own, mapped, not from the stages' heaps. Threads: any. */
#ifndef PROFILE_EXPORT_GZIP_H
#define PROFILE_EXPORT_GZIP_H

#include "base/span.h"

#include <stdio.h>

/** Write @p data compressed to @p out. @return false if memory is out or @p out failed. */
bool gzip_write(FILE *out, struct span data);
/** Write to @p out what @p data was before it was compressed; it must be less than 1 GiB, and from a trusted source, as the result has no
 *  bound. @return false if it is damaged or cut, memory is out or @p out failed. */
bool gzip_expand(FILE *out, struct span data);

#endif
