/** @file fastpath.h  Shortcuts for the packets that nearly all traffic consists of. The only door to them: whatever is not taken here
 * goes to the handlers of the phase (phase.h), which know all packets, and both ways make the same records.
 *
 * - a COM_QUERY or COM_STMT_EXECUTE in one packet, while no command is in flight;
 * - replies of column count, definitions, rows and an EOF or OK, with plain values in each; headers of results that were seen before
 *   are compared as bytes (result_header_cache.h).
 *
 * With QT_NO_FASTPATHS (configure --disable-fastpaths) nothing is taken.
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_FASTPATH_H
#define MYSQL_DISSECT_FASTPATH_H

#include "mysql/dissect/parse_context.h"

#ifdef QT_NO_FASTPATHS
enum { FASTPATHS = false };
#else
enum { FASTPATHS = true };
#endif

/* fastpath_request.c and fastpath.c: of bytes from the client, and from the server. */
struct span fastpath_take_request(struct parse_context *ctx, struct span bytes);
struct span fastpath_take_reply(struct parse_context *ctx, struct span bytes);

/** Between two messages: take the packets at the front of @p bytes that are eligible. @return what is left of @p bytes.
 *  If the command at the head of the queue is done then, the caller is to call completion_advance. */
static inline struct span fastpath_take(struct parse_context *ctx, struct span bytes)
{
        return ctx->from == SIDE_SERVER ? fastpath_take_reply(ctx, bytes) : fastpath_take_request(ctx, bytes);
}

#endif
