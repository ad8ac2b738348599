/** @file waiting.h  Commands in flight behind the one that the server answers: as little of each as possible, oldest first.
 *
 *      first block                      last block
 *      [ used up | entry | entry | … ] -> … -> [ entry | entry | free ]         an entry: its fixed part, then the body
 *
 * An entry takes 59 bytes besides its body; a large body is a block of its own memory.
 * Knows: what a command that has not begun consists of.   Does not know: the queue, budgets, replies.
 * Threads: one owner.   Memory: STAGE_DISSECT, in blocks that grow with the number of commands, from 1 KiB to 32 KiB. */
#ifndef MYSQL_DISSECT_WAITING_H
#define MYSQL_DISSECT_WAITING_H

#include "base/span.h"

#include <stddef.h>

struct command;
struct waiting_block;

/** There is one as long as commands wait. */
struct waiting {
        struct waiting_block *first;
        struct waiting_block *last;
        size_t oldest; /**< where the oldest entry begins in the first block */
        size_t newest; /**< where the newest one begins in the last block */
        uint32_t n;
        uint64_t seq_num; /**< of the oldest; the others follow without a gap */
};

/** A position in the list. */
struct waiting_cursor {
        struct waiting_block *block;
        size_t at;
        uint32_t left;
        uint64_t seq_num;
};

/** @return an empty list; NULL when memory is out. */
struct waiting *waiting_new(void);
/** With its commands. NULL is allowed. */
void waiting_free(struct waiting *w);

/** Append @p cmd, which has not begun, with @p body instead of its own. @return false when memory is out: nothing was done. */
bool waiting_push(struct waiting *w, const struct command *cmd, struct span body);
/** Remove the oldest command and move it to @p cmd, which is zeroed but for a body that it owns. @return false when memory is out:
 *  nothing was done. */
bool waiting_pop(struct waiting *w, struct command *cmd);

/** Before the oldest command; valid until the next change. */
struct waiting_cursor waiting_walk(const struct waiting *w);
/** Let @p cmd be the next command, whose body belongs to the list. @return false: there is none. */
bool waiting_next(struct waiting_cursor *c, struct command *cmd);
/** Let @p cmd be the newest command in the same way. There must be one. */
void waiting_newest(const struct waiting *w, struct command *cmd);

#endif
