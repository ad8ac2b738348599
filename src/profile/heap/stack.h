/** @file stack.h  Return addresses of the calling thread, by frame pointers.
 * An unwinder would take locks and microseconds; this reads two words for each frame. Our code keeps frame pointers
 * (-fno-omit-frame-pointer); libevent, OpenSSL and the C library use the register for something else. So at an
 * address outside our own text the walk continues at the innermost PROF_SCOPE above, which knows its frame:
 *
 *      prof_alloc <- our callback <- [libevent's loop] ... [scope in worker.c, run] <- its callers
 *
 * Between the two stands the library's function that our code called, if it can be found (x86-64 only): the words of the
 * stack in between (a bounded number) are searched for a return address that follows a call into libssl, libcrypto or libevent.
 *
 * Threads: any. Memory: allocates nothing of ours (the C library may, once a thread, to find the stack's bounds). */
#ifndef PROFILE_HEAP_STACK_H
#define PROFILE_HEAP_STACK_H

#include "profile/heap/stage.h"

/** Greatest depth of a stack in an allocation record. */
#define PROF_STACK_MAX 32

struct prof_thread;

/** Walk up from @p frame, the __builtin_frame_address(0) of a function that has not returned yet; @p scope is the
 *  thread's innermost open one, or NULL.
 *  @return how many addresses were written to @p out: 1 to @p max. The first is where that function returns to. */
unsigned stack_walk(struct prof_thread *t, const void *frame, const struct prof_scope *scope, uintptr_t *out,
                    unsigned max);

/** Remember where the text of those libraries is mapped. Call once at the start, before there are other threads. */
void stack_learn_libraries(void);

#endif
