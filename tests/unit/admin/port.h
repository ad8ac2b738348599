/** @file port.h  An admin port for the tests of its room, and a client of it on the same loop. */
#ifndef TESTS_ADMIN_PORT_H
#define TESTS_ADMIN_PORT_H

#include "admin/admin.h"
#include "base/span.h"

#include <event2/http.h>

/* What is open between open_port and close_port. */
extern struct settings settings;
extern struct event_base *base;
extern struct journal *journal;
extern struct proxy *proxy;
extern struct admin *admin;

/** Does a reload fail? Nothing is reloaded, whichever it is. */
extern bool reload_fails;

void open_port(void);
/** The same, with room for @p recent_bytes of recent records. */
void open_port_with(uint64_t recent_bytes);
void close_port(void);

struct reply {
        int code; /* 0 = none */
        char body[65536];
        size_t len;
        char type[64];
        char allow[32];
        char length[16];
        char disposition[64];
        char go_pprof[8];
        char sniff[16];
        char policy[256];
        char tag[64];
};

/** Ask the port, through the same loop. @p headers: name, value, …, NULL. The reply is valid until the next one. */
const struct reply *ask(enum evhttp_cmd_type method, const char *path, const char *body,
                        const char *const *headers);
const struct reply *get(const char *path);

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

/** Send a request and wait for nothing. @return the connection. */
int send_get(const char *path);
/** The same with more headers, each of which ends with CRLF. */
int send_get_with(const char *path, const char *headers);
/** Put a record to the log, with @p reason. */
void put_notice(struct span reason);
/** Run the loop until @p condition holds, or for 20 s. @return whether it holds. */
bool loop_until(bool (*condition)(uint64_t), uint64_t wanted);

#endif
