/** @file call.h  One request under way, from its arrival to its answer. Handlers (handlers.h) get one and answer it.
 *
 *      on_request -> call_new -> endpoint->handle -> … call_reply or call_fail
 *
 *      call->out collects the body; call_reply sends it and frees the call. A handler that must wait for a worker returns
 *      without replying and replies later; a client that goes away meanwhile makes the reply go nowhere. */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/admin_context.h"

#include <event2/keyvalq_struct.h>

struct evhttp_request;

struct call {
        struct admin_context *admin;
        struct evhttp_request *request; /**< NULL once the client is gone */
        uint64_t id;                    /**< the number in the path */
        bool json;                      /**< ?format=json */
        bool
            html; /**< whoever asks says nothing against it, as a browser does; curl takes anything and gets text */
        bool garbled; /**< the query is no name=value list */
        struct evkeyvalq query;
        void (*gone)(void *arg); /**< NULL, or set by call_wait */
        void *gone_arg;
        FILE *out;
        char *body;
        size_t body_len;
};

/** @return NULL if memory is out (nothing was sent). */
struct call *call_new(struct admin_context *a, struct evhttp_request *request);
/** Send what is in out, with a status such as 200, and free @p call. @p type NULL = by call->json. */
void call_reply(struct call *call, int code, const char *type);
/** Send one sentence (or {"error": …}), and free @p call. To be called before anything is written to out. */
void call_fail(struct call *call, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The headers that each reply has; call_reply adds them. */
void call_headers(const struct call *call, int code, const char *type);
/** The reply will take its time: wait for it however long the client is silent, and look whether it goes away. Then
 *  @p gone is called, which has to end in call_reply all the same. */
void call_wait(struct call *call, void (*gone)(void *arg), void *arg);
/** A reply that is a file: its name for whoever saves it. Before call_reply. */
void call_attach(struct call *call, const char *name);
/** A query parameter; NULL if it is not there. */
const char *call_param(const struct call *call, const char *name);
/** The same as a number up to @p max, or @p otherwise. @return false, and @p call was answered and freed, if it is
 *  there and no such number. */
bool call_number(struct call *call, const char *name, uint64_t max, uint64_t otherwise, uint64_t *out);
/** Decimal digits only. */
bool call_parse_number(const char *text, size_t len, uint64_t *out);
/** Forget the request without a reply: a stream has taken it over. */
struct evhttp_request *call_take(struct call *call);

/** In a close callback: free @p request if libevent has let go of it (it does, of what has no reply yet). */
void call_let_go(struct evhttp_request *request);

#endif
