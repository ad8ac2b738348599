/** @file reason.h  Why a session ended: a name for the counters and a sentence for the log.
 * Threads: any (atomic counts). */
#ifndef PROXY_REASON_H
#define PROXY_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reason {
        REASON_NONE,        /**< not ended */
        REASON_CLIENT_QUIT, /**< with COM_QUIT, whichever side then closed its connection first */
        REASON_CLIENT_CLOSED,
        REASON_SERVER_CLOSED,
        REASON_CLIENT_RESET,
        REASON_SERVER_RESET,
        REASON_UPSTREAM_UNREACHABLE,
        REASON_NO_GREETING,      /**< the client left before one came */
        REASON_GREETING_TIMEOUT, /**< the client was still there */
        REASON_HANDSHAKE_REFUSED,
        REASON_CLIENT_TLS,
        REASON_SERVER_TLS,
        REASON_PROXY_HEADER,
        REASON_LOGIN_TIMEOUT,
        REASON_HALF_CLOSE_TIMEOUT,
        REASON_TOO_MANY_SESSIONS,
        REASON_CLIENT_SESSIONS,
        REASON_USER_SESSIONS,
        REASON_MEMORY_LIMIT,
        REASON_IDLE_TIMEOUT,
        REASON_TRANSACTION_TIMEOUT,
        REASON_OUT_OF_MEMORY,
        REASON_KILLED,
        REASON_SHUTDOWN,
        REASON_COUNT
};

/** Short name, such as "client_closed". */
const char *reason_name(enum reason reason);
/** A sentence for the log. */
const char *reason_text(enum reason reason);
/** Did the session end otherwise than that one side closed its connection in order, or the proxy stops? */
bool reason_is_abrupt(enum reason reason);
/** Did the client quit, or does the proxy stop? */
bool reason_is_expected(enum reason reason);
void reason_count(enum reason reason);
uint64_t reason_counted(enum reason reason);

#endif
