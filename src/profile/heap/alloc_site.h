/** @file alloc_site.h  The place in a program that an allocation is attributed to.
 * prof.h's functions and the hooks of the libraries pass their own frame: the leaf of a record's stack is then their
 * caller. Threads: any. */
#ifndef PROFILE_HEAP_ALLOC_SITE_H
#define PROFILE_HEAP_ALLOC_SITE_H

/** Greatest length of "file:line" of a site that a library named, with the NUL; a longer one is cut. */
#define PROF_SITE_MAX 64

struct alloc_site {
        const void *frame; /**< __builtin_frame_address(0) of a function that has not returned yet */
        const char *file;  /**< static, if the library gave one; NULL = none */
        int line;
};

#endif
