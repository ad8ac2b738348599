/** @file names.h  What a stack's functions are called: which of them is the program's own, and a line that names them.
 * Knows how Go names functions; of other languages' it takes the first two. Threads: any. */
#ifndef PROFILE_EXPLAIN_NAMES_H
#define PROFILE_EXPLAIN_NAMES_H

#include "profile/explain/dump.h"

#include <stddef.h>

#define NAMES_CHAIN_MAX 512

/** The index of the innermost frame of the program's own code, that is not of Go's library, but at least 1: the innermost
 *  frame's caller. 0 if there is no such frame. @p n: at least 1. */
size_t names_caller(const struct dump_frame *frames, size_t n);
/** "leaf < its caller < …" down to frame @p last, into @p to; the middle of a long one is left out. */
struct span names_chain(const struct dump_frame *frames, size_t last, char to[NAMES_CHAIN_MAX]);

#endif
