/** @file multi_result.h  Figures of each result of a command that has several. Commands with one result do not come here.
 *
 * Threads: one owner.   Memory: STAGE_DISSECT, one block of bounded size while such a command is answered. */
#ifndef MYSQL_DISSECT_MULTI_RESULT_H
#define MYSQL_DISSECT_MULTI_RESULT_H

#include "mysql/dissect/command_queue.h"
#include "mysql/record/record.h"

struct multi_result;

/** A result of @p cmd ended, and another one follows or went before. Without memory the figures are left out. */
void multi_result_add(struct multi_result **slot, const struct command *cmd, uint64_t affected_rows);
void multi_result_put(const struct multi_result *m, struct record *r);
void multi_result_drop(struct multi_result **slot);

#endif
