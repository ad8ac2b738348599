/** @file call.h  One request, from its arrival to its reply. Handlers (handlers.h) get one each and reply to it.
 *
 *      on_request -> call_new -> endpoint->handle -> … call_reply or call_fail
 *
 *      call->out collects the body; call_reply sends it and frees the call. A handler that must wait for a worker returns
 *      without a reply and replies later; if the client has disconnected by then, the reply is discarded.
 * Threads: main.   Memory: STAGE_ADMIN; the body is open_memstream's. */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/admin_context.h"
#include "base/span.h"

#include <event2/keyvalq_struct.h>

struct evhttp_request;

struct call {
        struct admin_context *admin;
        struct evhttp_request *request; /**< NULL once the client has disconnected */
        struct endpoint_place place;    /**< what stands for '*' in the path */
        bool json;                      /**< ?format=json */
        bool html;    /**< the client accepts HTML by name, as a browser does; curl gets text */
        bool garbled; /**< the query is not a list of name=value, or its encoding is wrong */
        struct evkeyvalq query;
        const char *policy; /**< Content-Security-Policy of the reply; NULL = nothing is allowed */
        const char *
            tag; /**< its ETag, with quotes: the client may keep it, and asks each time; NULL = it must not keep it */
        void (*gone)(void *arg); /**< NULL, or set by call_wait */
        void *gone_arg;
        FILE *out;
        char *body;
        size_t body_len;
        /** Of an inner call: takes the reply instead of a client. @p body is valid during the call. */
        void (*taken)(void *arg, int code, struct span body);
        void *taken_arg;
};

/** @return NULL if out of memory (nothing was sent). */
struct call *call_new(struct admin_context *a, struct evhttp_request *request);
/** A call by another handler, not by a client, with the parameters in @p query (NULL = none). @return NULL if out of memory. */
struct call *call_new_inner(struct admin_context *a, const char *query,
                            void (*taken)(void *arg, int code, struct span body), void *arg);
/** Send the contents of out with the status @p code, and free @p call. @p type NULL: JSON or text, by call->json. */
void call_reply(struct call *call, int code, const char *type);
/** Send one sentence (in JSON the member "error"), and free @p call. Nothing may have been written to out. */
void call_fail(struct call *call, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** Add the headers that every reply has. call_reply does so itself. */
void call_headers(const struct call *call, int code, const char *type);
/** Add a header to the reply. */
void call_add_header(const struct call *call, const char *name, const char *value);
/** The reply comes much later: suspend the timeout of the connection, and watch whether the client disconnects. If it does, @p gone
 *  is called, which must end in call_reply as well. */
void call_wait(struct call *call, void (*gone)(void *arg), void *arg);
/** Let the client save the reply as a file called @p name. Call it before call_reply. */
void call_attach(struct call *call, const char *name);
/** The value of a query parameter; NULL if it is missing. */
const char *call_param(const struct call *call, const char *name);
/** The same as a number from 0 to @p max; @p otherwise if it is missing. @return false if it is not such a number: then @p call was
 *  answered and freed. */
bool call_number(struct call *call, const char *name, uint64_t max, uint64_t otherwise, uint64_t *out);
/** Parse a number of decimal digits only. @return false if it is none, or is too large. */
bool call_parse_number(const char *text, size_t len, uint64_t *out);
/** Free @p call without a reply, and return its request, which the caller takes over. */
struct evhttp_request *call_take(struct call *call);

/** In a close callback: free @p request if libevent has given it up, as it does with a request that has no reply yet. */
void call_let_go(struct evhttp_request *request);

#endif
