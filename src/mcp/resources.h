/** @file resources.h  Texts for an assistant to read: the manual pages, which are made part of the program (script/manual-text), and the JSON
 * Schema of records.
 * Threads: any. */
#ifndef MCP_RESOURCES_H
#define MCP_RESOURCES_H

#include "mcp/options.h"

#include <jansson.h>
#include <stddef.h>

struct manual_page {
        const char *name;
        const unsigned char *text; /**< UTF-8, without a NUL */
        size_t len;
};

extern const struct manual_page manual_pages[];
extern const size_t manual_pages_n;

/** What there is, as MCP's resources/list has it: a new array, NULL if memory is out. */
json_t *resources_list(const struct mcp_options *options);
/** One of them, as an item of the result of resources/read: new. @return NULL if there is none, or memory is out. */
json_t *resources_read(const struct mcp_options *options, const char *uri);

#endif
