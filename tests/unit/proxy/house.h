/** @file house.h  A whole proxy within a unit test: journal, workers, a server's socket that the test answers on.
 * The test is client and server at once, on blocking sockets that give up after some seconds. */
#ifndef TESTS_PROXY_HOUSE_H
#define TESTS_PROXY_HOUSE_H

#include "proxy/proxy.h"

#include <event2/event.h>
#include <stdbool.h>

enum { PATIENCE_MS = 20000 };

struct house {
        struct settings settings; /**< defaults, quiet, one worker; change before house_open */
        struct event_base *base;
        struct journal *journal;
        struct proxy *proxy;
        int server_fd; /**< listens; settings.remote names it */
        char folder[64];
        uint64_t cursor;   /**< of the records seen */
        char record[8192]; /**< the one found last, as JSON */
};

/** @return false (and a failed assertion) if there is no socket or folder. */
bool house_init(struct house *h);
/** Start journal and proxy. */
bool house_open(struct house *h);
/** Stop the proxy, but keep the records to be looked at. */
void house_stop(struct house *h);
void house_close(struct house *h);

/** Run main's loop until @p holds or patience ends. @return whether it held. */
bool house_until(struct house *h, bool (*holds)(struct house *h, void *arg), void *arg);
/** Wait for the next record, after the one found last, that contains all of @p a and @p b. */
bool house_record(struct house *h, const char *a, const char *b);
/** Wait until @p n sessions are open. */
bool house_sessions(struct house *h, uint64_t n);

/** Connect to the proxy. */
int house_client(struct house *h);
/** Accept the proxy's connection. */
int house_server(struct house *h);
/** Both, with the gate opened by a server that speaks no MySQL; its word was read. */
bool house_pair(struct house *h, int *client, int *server);

/** A listening socket on a free port of 127.0.0.1. */
int listen_somewhere(int backlog, uint16_t *port);
/** Connect, blocking, to host:port or unix:/path. */
int connect_to(const char *text);
/** Bytes until @p n are there, the end or an error; main's loop runs meanwhile. */
size_t take(struct house *h, int fd, void *to, size_t n);
/** What comes up to the end is an ERR packet with number @p errnum and @p part in its text; @p fd is closed. */
void expect_error(struct house *h, int fd, unsigned errnum, const char *part);
/** The next thing is the end of file. */
bool at_end(struct house *h, int fd);
bool put(int fd, const void *bytes, size_t n);
uint64_t now_ms(void);

#endif
