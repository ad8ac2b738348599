/** @file tool.h  The tools: what each is for, its arguments, the endpoints whose answers it needs, and how these are shown.
 * Threads: any.   Memory: none; the rows are constant. */
#ifndef MCP_TOOL_H
#define MCP_TOOL_H

#include "mcp/sheet.h"

#include <jansson.h>

enum { TOOL_ARGS = 6, TOOL_PATHS = 2, TOOL_TEXT_MAX = 4096, TOOL_PATH_SIZE = 3 * TOOL_TEXT_MAX + 512 };

enum tool_type { TOOL_NUMBER, TOOL_TEXT, TOOL_WORD };

struct tool_arg {
        const char *name; /**< NULL = there are no more */
        const char *help;
        enum tool_type type;
        bool is_required;
        uint64_t most;      /**< of a number */
        uint64_t otherwise; /**< a number that is missing */
        const char *words;  /**< that a word may be, with | between them */
        const char *param;  /**< the parameter of the endpoint; NULL = it is not for the endpoint */
};

/** A call of a tool, while its reply is made. */
struct tool_call {
        const struct tool *tool;
        const json_t *args;
        const json_t *answers[TOOL_PATHS]; /**< of its endpoints; NULL where the answer is not JSON */
        struct span texts[TOOL_PATHS];     /**< the same as they came */
};

struct tool {
        const char *name;
        const char *title;
        const char *help; /**< when to use it, for the assistant */
        bool is_action;   /**< it changes something */
        const char *method;
        /** Paths of the endpoints; '*' stands for the argument `place`, and parameters are added. */
        const char *paths[TOOL_PATHS];
        const char *place;
        struct tool_arg args[TOOL_ARGS];
        bool is_lines; /**< the answer is JSON Lines, which become an array */
        bool is_text;  /**< it is text */
        void (*show)(const struct tool_call *call, struct sheet *s);
};

extern const struct tool tools[];
extern const size_t tools_n;

/** @return NULL if there is none of that name. */
const struct tool *tools_find(const char *name, bool allow_actions);
#endif
