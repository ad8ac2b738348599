/** @file observe_digests.h  The statements of a capture by digest, at its end: those that took the most time.
 * Threads: main, after the journal has been completed.   Memory: none. */
#ifndef CLI_OBSERVE_DIGESTS_H
#define CLI_OBSERVE_DIGESTS_H

#include "observe/observer.h"

/** Print the table to standard output. */
void observe_print_digests(struct observer *o);

#endif
