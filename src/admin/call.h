/** @file call.h  One request under way, from its arrival to its answer. The admin room's own; endpoints.c uses it.
 *
 *      on_request -> call_new -> endpoint->handle -> … call_reply or call_fail
 *
 *      call->out collects the body; call_reply sends it and frees the call. A handler that must wait for a worker returns
 *      without replying and replies later; a client that goes away meanwhile makes the reply go nowhere. */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/admin.h"

#include <event2/keyvalq_struct.h>

struct admin_listener;
struct evhttp_request;
struct call;

enum { CALL_TIMEOUT_S = 30 }; /* that a connection may be silent */

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
        struct admin_listener *listener;
        struct stream *streams; /**< records being followed */
        struct delta *deltas;   /**< profiles over some seconds, under way */
        char addr[128];
        unsigned n_streams;
        unsigned n_deltas;
        uint64_t streams_served;
        uint64_t requests;
        uint64_t refused;
};

struct call {
        struct admin *admin;
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
struct call *call_new(struct admin *a, struct evhttp_request *request);
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

/** Whether @p path fits @p pattern, where '*' stands for a number: *@p id. */
bool endpoint_matches(const char *pattern, const char *path, uint64_t *id);
/** The endpoint of @p method and @p path. Otherwise NULL, and @p allow lists the methods that the path has; it is empty
 *  if there is no such path. */
const struct endpoint *endpoint_find(const char *method, const char *path, uint64_t *id, char *allow,
                                     size_t size);

/* Handlers. sessions.c */
void handle_sessions(struct call *call);
void handle_hex(struct call *call);
void handle_kill(struct call *call);
/* records.c */
void handle_records(struct call *call);
void handle_stream(struct call *call);
void records_end_streams(struct admin *a);
/* heap.c */
void handle_heap(struct call *call);
void handle_allocs(struct call *call);
void handle_heap_v2(struct call *call);
void handle_marks(struct call *call);
void handle_mark(struct call *call);
void handle_diff(struct call *call);
void handle_births(struct call *call);
void heap_end_deltas(struct admin *a);
/* memory.c */
void handle_stages(struct call *call);
void handle_cmdline(struct call *call);
void handle_symbol(struct call *call);
void handle_threads(struct call *call);
/* digests.c */
void handle_digests(struct call *call);
void handle_digests_reset(struct call *call);
/* fault.c */
void handle_fault_get(struct call *call);
void handle_fault_post(struct call *call);
/* growth.c */
void handle_verdicts(struct call *call);
void handle_series(struct call *call);
void handle_sample(struct call *call);
#ifdef PLANTED_LEAKS
void handle_plant(struct call *call);
#endif
/* pages.c */
void handle_page(struct call *call);
void handle_pprof_index(struct call *call);
void handle_counters(struct call *call);
void handle_settings(struct call *call);
void handle_health(struct call *call);

#endif
