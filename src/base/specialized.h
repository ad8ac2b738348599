/** @file specialized.h  Functions that are compiled once for each of their callers.
 *
 * Many callers pass constants, such as a NULL where nothing is to be reported, and the compiler removes what they rule out. Without
 * optimization it would remove nothing. Then there is one function for all callers: a debugger stops in one place, and gcov counts
 * each branch once, not once for each caller, most of which can only go one way. */
#ifndef BASE_SPECIALIZED_H
#define BASE_SPECIALIZED_H

/* Storage class and inline specifiers of such a function. */
#ifdef __OPTIMIZE__
#define SPECIALIZED static inline __attribute__((always_inline))
#else
#define SPECIALIZED static inline
#endif

#endif
