#include "proxy/reason.h"

#include "mysql/record/record.h"

#include <stdatomic.h>

static const struct {
        const char *name;
        const char *text;
} reasons[REASON_COUNT] = {
    [REASON_NONE] = {"none", "the session is still open"},
    [REASON_CLIENT_QUIT] = {"client_quit", RECORD_REASON_QUIT},
    [REASON_CLIENT_CLOSED] = {"client_closed", "the client closed the connection"},
    [REASON_SERVER_CLOSED] = {"server_closed", "the server closed the connection"},
    [REASON_CLIENT_RESET] = {"client_reset", "the client reset the connection"},
    [REASON_SERVER_RESET] = {"server_reset", "the server reset the connection"},
    [REASON_UPSTREAM_UNREACHABLE] = {"upstream_unreachable", "the server could not be reached"},
    [REASON_NO_GREETING] = {"no_greeting", "the client left before the server sent a greeting"},
    [REASON_GREETING_TIMEOUT] = {"greeting_timeout",
                                 "the server sent no greeting within limits.connect_timeout_ms"},
    [REASON_HANDSHAKE_REFUSED] = {"handshake_refused", "the login was refused: see the error record"},
    [REASON_CLIENT_TLS] = {"client_tls", "TLS with the client failed"},
    [REASON_SERVER_TLS] = {"server_tls", "TLS with the server failed"},
    [REASON_PROXY_HEADER] = {"proxy_header",
                             "the PROXY header is missing, wrong or not allowed: see the error record"},
    [REASON_LOGIN_TIMEOUT] = {"login_timeout", "the client did not log in within limits.login_timeout_ms"},
    [REASON_HALF_CLOSE_TIMEOUT] =
        {"half_close_timeout",
         "one side closed the connection and the other did not within limits.half_close_timeout_ms"},
    [REASON_TOO_MANY_SESSIONS] = {"too_many_sessions", "limits.sessions was reached"},
    [REASON_CLIENT_SESSIONS] = {"client_sessions", "limits.sessions_per_client was reached"},
    [REASON_USER_SESSIONS] = {"user_sessions", "limits.sessions_per_user was reached"},
    [REASON_MEMORY_LIMIT] = {"memory_limit", "limits.memory_bytes was nearly reached"},
    [REASON_IDLE_TIMEOUT] = {"idle_timeout", "no statement came within limits.idle_timeout_ms"},
    [REASON_TRANSACTION_TIMEOUT] = {"transaction_timeout",
                                    "a transaction was open for longer than limits.transaction_timeout_ms"},
    [REASON_OUT_OF_MEMORY] = {"out_of_memory", "out of memory"},
    [REASON_KILLED] = {"killed", "killed through the admin port"},
    [REASON_SHUTDOWN] = {"shutdown", "the proxy is stopping"},
};

static _Atomic uint64_t counts[REASON_COUNT];

const char *reason_name(enum reason reason)
{
        return reason < REASON_COUNT ? reasons[reason].name : "?";
}

const char *reason_text(enum reason reason)
{
        return reason < REASON_COUNT ? reasons[reason].text : "?";
}

bool reason_is_abrupt(enum reason reason)
{
        return reason != REASON_CLIENT_QUIT && reason != REASON_CLIENT_CLOSED &&
               reason != REASON_SERVER_CLOSED && reason != REASON_SHUTDOWN;
}

bool reason_is_expected(enum reason reason)
{
        return reason == REASON_CLIENT_QUIT || reason == REASON_SHUTDOWN;
}

void reason_count(enum reason reason)
{
        atomic_fetch_add_explicit(&counts[reason], 1, memory_order_relaxed);
}

uint64_t reason_counted(enum reason reason)
{
        return atomic_load_explicit(&counts[reason], memory_order_relaxed);
}
