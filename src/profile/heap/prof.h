/** @file prof.h  The stages' heaps: every allocation of the program goes through these functions.
 *
 * Knows: the prefix of a block. Does not know: the protocol, libevent, OpenSSL (hooks.h connects those).
 *
 *      | prefix: size, record, stage, library, magic; 16 bytes | the block, aligned to 16 ...
 *
 * The prefix charges a free to the stage where the allocation was, and lets a foreign or double free be caught and named.
 * Which stage a thread is in: stage.h. Exact counters: counts.h. Sampled sites: record.h. Injected failures: fault.h.
 * Threads: any thread may allocate and free; a block may be freed by another thread than it was allocated by. */
#ifndef PROFILE_HEAP_PROF_H
#define PROFILE_HEAP_PROF_H

#include "base/span.h"
#include "base/status.h"
#include "profile/heap/alloc_site.h"
#include "profile/heap/stage.h"

/** What a block takes besides its size. */
#define PROF_PREFIX_SIZE 16

/** As malloc, calloc, realloc, strdup, memdup; NULL when memory is out or a fault was injected. A size of 0 gives a
 *  block of its own. prof_realloc keeps the block's stage; on NULL the old block stands as it was. */
void *prof_alloc(enum prof_stage stage, size_t size) __attribute__((malloc, warn_unused_result));
void *prof_calloc(enum prof_stage stage, size_t n, size_t size) __attribute__((malloc, warn_unused_result));
void *prof_realloc(enum prof_stage stage, void *block, size_t size) __attribute__((warn_unused_result));
char *prof_strdup(enum prof_stage stage, const char *text) __attribute__((warn_unused_result));
/** A copy of @p s with a NUL behind it. */
char *prof_spandup(enum prof_stage stage, struct span s) __attribute__((warn_unused_result));
/** NULL is allowed. */
void prof_free(void *block);

/** For libraries that take an allocator: charged to the current stage. */
void *prof_lib_alloc(enum prof_lib lib, size_t size);
void *prof_lib_calloc(enum prof_lib lib, size_t n, size_t size);

/** The general forms, with the place that the allocation is attributed to. With @p zeroed as calloc. */
void *prof_alloc_at(enum prof_stage stage, enum prof_lib lib, size_t size, bool zeroed,
                    const struct alloc_site *site);
/** @p stage and @p lib are for a NULL @p block only; else the block keeps its own. */
void *prof_realloc_at(enum prof_stage stage, enum prof_lib lib, void *block, size_t size,
                      const struct alloc_site *site);

/** Frees of blocks that are not ours or were freed already. Each was reported by diag and not carried out. */
uint64_t prof_bad_frees(void);

#endif
