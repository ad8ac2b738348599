/** @file arguments.h  The arguments of a tool: what they may be, whether they are that, and the request to an endpoint that they become.
 * Threads: any.   Memory: allocates nothing but JSON values. */
#ifndef MCP_ARGUMENTS_H
#define MCP_ARGUMENTS_H

#include "mcp/tool.h"

/** The schema of the arguments, new; NULL if memory is out. */
json_t *arguments_schema(const struct tool *t);
/** Check the arguments. @return false if they are wrong: the sentence is in @p why. */
bool arguments_check(const struct tool *t, const json_t *args, char *why, size_t why_size);
/** The path and query of endpoint @p i. @return false if @p size is too small. */
bool arguments_path(const struct tool *t, size_t i, const json_t *args, char *path, size_t size);
/** The number @p name among the arguments of @p call, or what it is without. */
uint64_t arguments_number(const struct tool_call *call, const char *name);

#endif
