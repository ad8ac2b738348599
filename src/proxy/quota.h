/** @file quota.h  How many sessions each client address and each user has, over all workers.
 * Peers choose the keys: they are hashed with a seed that peers do not know (base/seed.h).
 * Threads: any.   Memory: STAGE_LISTENER, one block for each key that has sessions, and a table that is freed with the last of them. */
#ifndef PROXY_QUOTA_H
#define PROXY_QUOTA_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum quota_kind { QUOTA_CLIENT, QUOTA_USER, QUOTA_KINDS };

struct quota;
/** The sessions of one client or user. */
struct quota_entry;

/** @return NULL when memory is out. */
struct quota *quota_new(void);
/** After all sessions were returned. NULL is allowed. */
void quota_free(struct quota *q);
/** Count a session of @p key, unless it has @p max already. @return NULL then, or when memory is out (*@p no_memory); otherwise what
 *  quota_return must be given. */
struct quota_entry *quota_take(struct quota *q, enum quota_kind kind, struct span key, uint64_t max,
                               bool *no_memory);
/** The session has ended. NULL is allowed for @p entry. */
void quota_return(struct quota *q, struct quota_entry *entry);

#endif
