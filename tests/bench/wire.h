/** @file wire.h  A MySQL client as plain as can be, for the helpers of the benchmark: blocking sockets, no libraries' buffers.
 * Knows: greeting, mysql_native_password, the end of a reply.   Ends the process with a message when something fails.
 * Threads: one owner for each connection. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { WIRE_ROOM = 1 << 20 };

struct wire {
        int fd;
        size_t len; /**< bytes in room */
        size_t at;  /**< of them read */
        uint8_t *room;
};

/** Connect to @p port of the loopback and log in as pw (password secret). @p room is the caller's, WIRE_ROOM bytes. */
void wire_login(struct wire *w, uint16_t port, uint8_t *room);
/** Send a command with @p text behind its code. */
void wire_send(struct wire *w, uint8_t command, const char *text);
/** Read the reply of a query and throw it away. @return its bytes. */
uint64_t wire_drain(struct wire *w);
/** The same for a reply that is known to have @p bytes: the kernel throws away all but the last packet. */
void wire_drain_bytes(struct wire *w, uint64_t bytes);
/** Say goodbye and close. */
void wire_quit(struct wire *w);

_Noreturn void wire_fail(const char *what);

#endif
