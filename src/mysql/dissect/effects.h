/** @file effects.h  What a command that succeeded changes in the session, where the server does not report it.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_EFFECTS_H
#define MYSQL_DISSECT_EFFECTS_H

#include "mysql/dissect/dissector.h"

/** @p cmd, the head of the queue, succeeded. @return false when memory is out. */
bool effects_apply(struct dissect *d, const struct command *cmd);

/** @p cmd failed: apply what it changed nevertheless. */
void effects_of_failure(struct dissect *d, const struct command *cmd);

#endif
