/** @file options.h  What a server of the Model Context Protocol offers. */
#ifndef MCP_OPTIONS_H
#define MCP_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

struct mcp_options {
        bool allow_actions;        /**< tools that change something in the proxy are offered, too */
        const char *where;         /**< the address of the admin port, for messages */
        const char *version;       /**< of this program */
        void (*schema)(FILE *out); /**< writes the JSON Schema of records */
};

#endif
