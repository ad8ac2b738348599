/** @file names.h  Names a stack: which function belongs to the program itself, and one line with the names.
 * Knows how Go names functions; for other languages it takes the first two frames. Threads: any. */
#ifndef PROFILE_EXPLAIN_NAMES_H
#define PROFILE_EXPLAIN_NAMES_H

#include "profile/explain/dump.h"

#include <stddef.h>

#define NAMES_CHAIN_MAX 512

/** The index of the innermost frame that is not in Go's library, but at least 1, the caller of the innermost frame.
 *  0 if there is no such frame. @p n: at least 1. */
size_t names_caller(const struct dump_frame *frames, size_t n);
/** "leaf < its caller < …" down to frame @p last, into @p to; the middle of a long line is left out. */
struct span names_chain(const struct dump_frame *frames, size_t last, char to[NAMES_CHAIN_MAX]);

#endif
