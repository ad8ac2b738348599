/** @file session.h  One client and its connection to the server; the corridor that every byte comes along.
 *
 *      accepted -> connecting -> gated (until the login is sent) -> streaming -> ended
 *
 * Bytes that one link reads go through the gate while there is one, to the other link, to the dissector, and from it as
 * packets to the recorder and as records to the journal. Nothing waits for dissector or journal.
 * A session is never freed within a call of its own: session_finish, the last call of a callback, does it.
 * Threads: its worker's.   Memory: STAGE_SESSION. */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "proxy/net/link.h"
#include "proxy/proxy.h"
#include "proxy/reason.h"

struct session;

/** Take over a client's socket (also on failure). @return STATUS_NOMEM if memory was out (said, counted). */
enum status session_open(struct worker *worker, int fd, uint64_t conn_id, const char *client_addr);
/** End it for @p reason. Within a callback of its own session_finish frees it; else this does. */
void session_close(struct session *s, enum reason reason);

/** The log has room again: read on what was not read for that. */
void session_go_on(struct session *s);

uint64_t session_id(const struct session *s);
struct session *session_next(const struct session *s);
struct worker *session_worker(const struct session *s);
const struct settings *session_settings(const struct session *s);
void session_view(const struct session *s, struct session_view *out);
/** The hex dump of its recorded packets into a text that the caller frees with prof_free; NULL when memory is out. */
char *session_hex(struct session *s, size_t *len);

/* For link.c: first and last call of each callback, and what happened in between. */
void session_begin(struct session *s);
void session_finish(struct session *s);
void session_on_bytes(struct session *s, struct link *from, struct span bytes);
/** @p error is errno, 0 = end of file. */
void session_on_end(struct session *s, struct link *from, int error);
/** TLS with the peer of @p link is up. */
void session_on_secured(struct session *s, struct link *link);
/** TLS with the peer of @p link can't go on. */
void session_on_tls_failed(struct session *s, struct link *link, const char *error);
/** The backlog of @p link has shrunk to its low mark, or will never be written. */
void session_on_drained(struct session *s, struct link *link);

#endif
