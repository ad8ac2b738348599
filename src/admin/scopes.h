/** @file scopes.h  The part of GET /digests that groups statements by user, database, client, session, scope, trace or tag.
 * Threads: main.   Memory: STAGE_ADMIN, during a call. */
#ifndef ADMIN_SCOPES_H
#define ADMIN_SCOPES_H

#include "admin/call.h"

/** Answer @p call, whose parameter by is @p by. */
void scopes_reply(struct call *call, const char *by);

#endif
