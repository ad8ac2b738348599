/** @file show.h  How the answers of endpoints are shown to an assistant: one line for each thing, with what to call for the rest. */
#ifndef MCP_SHOW_H
#define MCP_SHOW_H

#include "mcp/tool.h"

/* show_records.c */
void show_records(const struct tool_call *call, struct sheet *s);
void show_statement(const struct tool_call *call, struct sheet *s);
void show_transactions(const struct tool_call *call, struct sheet *s);
/* show_tables.c */
void show_digests(const struct tool_call *call, struct sheet *s);
void show_scopes(const struct tool_call *call, struct sheet *s);
void show_findings(const struct tool_call *call, struct sheet *s);
void show_sessions(const struct tool_call *call, struct sheet *s);
void show_memory(const struct tool_call *call, struct sheet *s);
void show_marks(const struct tool_call *call, struct sheet *s);
void show_hex(const struct tool_call *call, struct sheet *s);
void show_done(const struct tool_call *call, struct sheet *s);

#endif
