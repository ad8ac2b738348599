/** @file interrupt.h  SIGINT and SIGTERM end a command in order; the second one ends it at once.
 * Threads: main. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/** Take note of the signals from now on. */
void interrupt_catch(void);
/** Has one come? */
bool interrupt_has_come(void);

#endif
