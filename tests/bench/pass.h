/** @file pass.h  What the bare pass-throughs share: bytes from one socket to the other, and nothing else known of them.
 *
 * Each of them takes two ports of the loopback, its own and the server's, has one thread, and runs until it is ended. The
 * loop is what they differ by: it implements pass_watch, and calls the functions below for what it sees.
 *
 *      rest      what the other side's reads brought and this socket did not take; while there is some, the other
 *                side is not read. */
#ifndef BENCH_PASS_H
#define BENCH_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct half {
        int fd;
        bool closed; /**< waits for pass_sweep */
        struct half *other;
        struct half *next; /**< to be freed */
        uint8_t *rest;
        size_t rest_len;
        void *watch; /**< the loop's own */
};

/** Ports of the command line. Ends the process if they are none. */
struct pass_ports {
        uint16_t listen;
        uint16_t server;
};
struct pass_ports pass_arguments(int argc, char **argv);

/** A non-blocking listener on the loopback; ends the process on failure. */
int pass_listen(uint16_t port);
/** The next client's socket, non-blocking; -1 if there is none. */
int pass_take(int listener);
/** A non-blocking socket, connected to @p port of the loopback; -1 on failure. */
int pass_connect(uint16_t port);

/** Accept one client and connect it on: calls pass_watch for both. */
void pass_accept(int listener, uint16_t server_port);
void pass_readable(struct half *h);
void pass_writable(struct half *h);
/** Free what was closed: when no event of the same round can still name it. */
void pass_sweep(void);

/** The loop's: look for reading, or for writing, or (both false) for nothing just now; if it is closed, for
 *  nothing any more. The first call is a new half. */
void pass_watch(struct half *h, bool reading, bool writing);

#endif
