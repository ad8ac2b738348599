/** @file exchange.h  One message of the Model Context Protocol (JSON-RPC 2.0; modelcontextprotocol.io/specification) and its reply, without any
 * input or output: whoever carries the messages also fetches what the reply needs from the admin port.
 *
 *      x = exchange_new(options, message)
 *      while (exchange_wants(x, &want))
 *              exchange_give(x, status and body of that endpoint)
 *      exchange_reply(x)                        NULL: a notification, which has no reply
 *
 * Threads: one owner.   Memory: STAGE_ADMIN; jansson's too, after exchange_start. */
#ifndef MCP_EXCHANGE_H
#define MCP_EXCHANGE_H

#include "base/span.h"
#include "mcp/options.h"

enum { EXCHANGE_MESSAGE_MAX = 4 * 1024 * 1024 };

struct exchange;

/** Once, before the first exchange: charge the memory of the JSON library to STAGE_ADMIN. */
void exchange_start(void);
/** @return NULL if memory is out. @p message is copied as far as it is needed. */
struct exchange *exchange_new(const struct mcp_options *options, struct span message);
void exchange_free(struct exchange *x);
/** An endpoint that is to be asked. */
struct exchange_want {
        const char *method;
        const char *path; /**< with its query, but for the parameter format. Valid until exchange_give */
        const char *format;
};
/** @return false if nothing is missing any more. */
bool exchange_wants(const struct exchange *x, struct exchange_want *out);
/** What that endpoint answered. @p status 0: nothing, for the reason in @p body. */
void exchange_give(struct exchange *x, int status, struct span body);
/** The reply, one line without its end; NULL if the message needs none. Valid until exchange_free. */
const char *exchange_reply(struct exchange *x);
/** Whether @p version is one that is spoken here. */
bool exchange_knows_version(const char *version);
/** The reply to a message that could not even be taken: it is too long, or memory is out. */
extern const char exchange_too_long[];
extern const char exchange_no_memory[];

#endif
