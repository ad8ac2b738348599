/** @file gate_queue.h  The packets that the gate sends, one queue for each side, and their sequence numbers.
 * Knows: packet headers, ERR packets.   Does not know: in which state the gate is.
 * Threads: one owner.   Memory: STAGE_FRAME, wiped before it is freed; embedded in the gate. */
#ifndef MYSQL_GATE_GATE_QUEUE_H
#define MYSQL_GATE_GATE_QUEUE_H

#include "mysql/gate/gate_policy.h"
#include "mysql/gate/secure_buffer.h"
#include "mysql/wire/side.h"

struct gate_queue {
        struct secure_buffer out[2]; /**< by enum side: what goes there */
        uint8_t seq[2];              /**< by enum side: the last sequence number used on that connection */
        const char *
            reason; /**< why the login was refused, or why the gate opened without one; or NULL. Static text */
};

/** Queue @p payload as one packet for @p to, with the next sequence number there. @return GATE_GO, or GATE_NOMEM. */
enum gate_step gate_queue_put(struct gate_queue *q, enum side to, struct span payload);
/** Queue an ERR packet for the client. @p reason must live as long as the queue. @return GATE_REFUSE, or GATE_NOMEM. */
enum gate_step gate_queue_refuse(struct gate_queue *q, uint16_t errnum, const char *sqlstate,
                                 const char *reason);
/** Wipe what is queued; the memory stays allocated. */
void gate_queue_clear(struct gate_queue *q);
/** Wipe and free. */
void gate_queue_fini(struct gate_queue *q);

#endif
