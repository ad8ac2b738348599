/** @file gate.h  The gate of a session until its login is sent: hold packets until they are whole, and take out the
 * capabilities that the proxy can't serve (TLS, compression) from the greeting and from the login.
 *
 *      server: greeting --hold--> masked --send--> client
 *      client: login    --hold--> masked --send--> server, then the gate is open and everything passes untouched
 *
 * What is no greeting or login of protocol version 10 opens the gate at once, unchanged: another protocol is relayed.
 * A client that asks for TLS all the same (SSLRequest) is refused with an ERR packet.
 * Knows: greeting, login, SSLRequest.   Does not know: sockets, time.   Threads: one owner.   Memory: STAGE_FRAME. */
#ifndef MYSQL_GATE_H
#define MYSQL_GATE_H

#include "mysql/dissect.h"

struct gate;

enum gate_step {
        GATE_SEND,   /**< forward *out (may be empty: held) to the other side */
        GATE_REFUSE, /**< send *out to the client and close the session after it */
        GATE_NOMEM,  /**< close the session */
};

/** @return NULL when memory is out. */
struct gate *gate_new(void);
void gate_free(struct gate *g);

/** Take all of @p in, which came from @p from. *@p out lives until the next call (it may point into @p in). */
enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct span *out);

/** @p from will send no more: what is held of its unfinished packet, to be forwarded as it is. */
struct span gate_end(struct gate *g, enum side from);

/** Nothing is held and nothing will be: free the gate and pass bytes on. */
bool gate_is_open(const struct gate *g);

/** Why it opened without a login, or why it refused; static text, NULL if all went well. */
const char *gate_reason(const struct gate *g);

/** Capabilities that were taken out so far, such as "SSL, COMPRESS"; "" if none. Lives as long as the gate. */
const char *gate_masked(const struct gate *g);

/** Build an ERR packet. @p sqlstate is NULL before the greeting (PROTOCOL: no '#SQLSTATE' there). The text is cut to
 *  512 bytes. */
void gate_error_packet(struct writer *w, uint8_t seq, uint16_t errnum, const char *sqlstate,
                       const char *text);

#endif
