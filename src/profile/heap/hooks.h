/** @file hooks.h  Makes libevent and OpenSSL allocate from the stages' heaps.
 * Call before the first use of either library. Threads: main, once. */
#ifndef PROFILE_HEAP_HOOKS_H
#define PROFILE_HEAP_HOOKS_H

#include "base/status.h"

/** @return STATUS_OK, or STATUS_INVALID if OpenSSL had allocated already and refused (reported by diag). */
enum status prof_hooks_install(void);

#endif
