/** @file seam.h  The one way in for memory, with the place that counts as the allocation's site.
 * prof.h's functions and the hooks of the libraries pass their own frame: the leaf of a record's stack is then their
 * caller. Threads: any. */
#ifndef PROFILE_HEAP_SEAM_H
#define PROFILE_HEAP_SEAM_H

#include "profile/heap/prof.h"

struct seam_site {
        const void *frame; /**< __builtin_frame_address(0) of a function that has not returned yet */
        const char *file;  /**< that a library names, static; NULL = none */
        int line;
};

/** In stage @p stage, for @p lib. With @p zeroed as calloc. */
void *seam_alloc(enum prof_stage stage, enum prof_lib lib, size_t size, bool zeroed,
                 const struct seam_site *site);
/** @p stage and @p lib are for a NULL @p block only; else the block keeps its own. */
void *seam_realloc(enum prof_stage stage, enum prof_lib lib, void *block, size_t size,
                   const struct seam_site *site);
/** The calling thread's current stage. */
enum prof_stage seam_stage(void);
/** The innermost open scope, or NULL. */
const struct prof_scope *seam_scope(void);
/** What is on the wire, or NULL. */
const struct prof_wire *seam_wire(void);

#endif
