/** @file call.h  One request under way, from its arrival to its answer. The admin room's own; endpoints.c uses it.
 *
 *      call->out collects the body; call_reply sends it and frees the call. A handler that must wait for a worker returns
 *      without replying and replies later; a client that goes away meanwhile makes the reply go nowhere. */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/admin.h"

#include <event2/keyvalq_struct.h>

struct evhttp_request;
struct call;

struct endpoint {
        const char *method; /**< "GET" or "POST" */
        const char *path;   /**< with one '*' that stands for a number, such as "/sessions/N/hex" */
        const char *help;
        void (*handle)(struct call *call);
        const char *count_name; /**< row on the pprof index; NULL = none */
        uint64_t (*count)(const struct admin *a);
};

extern const struct endpoint endpoints[];
extern const size_t endpoint_count;

struct admin {
        const struct settings *settings;
        struct event_base *base;
        struct proxy *proxy;
        struct journal *journal;
        struct evhttp *http;
        struct stream *streams; /**< records being followed */
        char addr[128];
        uint64_t requests;
        uint64_t refused;
};

struct call {
        struct admin *admin;
        struct evhttp_request *request; /**< NULL once the client is gone */
        uint64_t id;                    /**< the number in the path */
        bool json;
        struct evkeyvalq query;
        FILE *out;
        char *body;
        size_t body_len;
};

/** Send what is in out, with a status such as 200, and free @p call. @p type NULL = by call->json. */
void call_reply(struct call *call, int code, const char *type);
/** Drop what is in out and send one line of text (or {"error": …}). */
void call_fail(struct call *call, int code, const char *text);
/** A query parameter; NULL if it is not there. */
const char *call_param(const struct call *call, const char *name);
/** The same as a number, or @p otherwise; false if it is there and no number. */
bool call_number(const struct call *call, const char *name, uint64_t otherwise, uint64_t *out);
/** Forget the request without a reply: a stream has taken it over. */
struct evhttp_request *call_take(struct call *call);

/** Append @p text as a JSON string. */
void call_json_string(FILE *out, const char *text);

/* stream.c */
/** Follow the journal from its newest record on. */
void stream_start(struct call *call);
void stream_end_all(struct admin *a);

#endif
