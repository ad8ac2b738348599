/** @file prepared.h  What is kept of a statement that the server has prepared, for its executions.
 * Threads: one owner.   Memory: STAGE_DISSECT, through statement.h. */
#ifndef MYSQL_DISSECT_PREPARED_H
#define MYSQL_DISSECT_PREPARED_H

#include "mysql/dissect/dissector.h"

/** Add the statement of @p cmd, a COM_STMT_PREPARE to which the server has answered with an ID and @p n_params parameters. Its text is
 *  cut to what the limits allow; beyond limits.statements it is not kept, which a notice says once. @return false when memory is out. */
bool prepared_add(struct dissect *d, const struct command *cmd, uint16_t n_params);

#endif
