#include "observe/watched.h"

#include "observe/command_head.h"
#include "profile/heap/prof.h"

enum { TRIES = 1000 /* segments that are looked at before a connection is taken for another protocol */ };

enum watch_state {
        WATCH_NEW,
        WATCH_CANDIDATE,
        WATCH_FOLLOWED,
        WATCH_LOST,
        WATCH_OPAQUE,
};

struct watched {
        struct watch_shared *shared;
        const struct flow *flow;
        struct tap *tap; /* NULL: not yet */
        enum watch_state state;
        enum flow_side client; /* the direction of what the client sends, once it is known */
        bool is_expected;      /* the port, or what was seen, says that it is MySQL's protocol */
        unsigned tries;
        uint64_t bytes[2];              /* by enum flow_side */
        char server[ENDPOINT_TEXT_MAX]; /* its address, which the tap refers to */
        /* of a candidate: the segment that looks like a command, sent in direction `client` */
        uint8_t *head;
        size_t head_len;
        uint64_t head_ns;
        enum dissect_packing packing;
};

static enum side side_of(const struct watched *w, enum flow_side from)
{
        return from == w->client ? SIDE_CLIENT : SIDE_SERVER;
}

/* --- the end --------------------------------------------------------------------------------------------------------------- */

static void discard(struct watched *w)
{
        tap_free(w->tap);
        prof_free(w->head);
        prof_free(w);
}

/** It is not MySQL's protocol. @return false, for flows.h. */
static bool leave(struct watched *w)
{
        w->shared->counts.others++;
        discard(w);
        return false;
}

static bool leave_x_protocol(struct watched *w)
{
        w->shared->counts.x_protocol++;
        return leave(w);
}

static const char *reason_of(const struct watched *w, enum flow_end how)
{
        static const char *const reasons[] = {[FLOW_CLOSED] = "closed",
                                              [FLOW_RESET] = "reset",
                                              [FLOW_REPLACED] = "ports_reused",
                                              [FLOW_DISCARDED] = "too_many_flows",
                                              [FLOW_UNENDED] = "capture_ended"};
        return tap_view(w->tap).quit ? "client_quit" : reasons[how];
}

static void on_end(void *user, enum flow_end how, uint64_t time_ns)
{
        struct watched *w = user;
        struct watch_counts *counts = &w->shared->counts;
        if (w->tap != NULL) {
                const struct tap_ending ending = {.reason = reason_of(w, how),
                                                  .abrupt = how != FLOW_CLOSED,
                                                  .bytes_sent = w->bytes[w->client],
                                                  .bytes_received = w->bytes[!w->client]};
                tap_end(w->tap, &ending, time_ns);
                counts->one_way += w->bytes[FLOW_FIRST] == 0 || w->bytes[FLOW_SECOND] == 0 ? 1 : 0;
        } else {
                counts->unclear++;
        }
        discard(w);
}

/* --- the tap ---------------------------------------------------------------------------------------------------------------- */

/** @return false when memory is out. */
static bool make_tap(struct watched *w, uint64_t began_ns)
{
        char client[ENDPOINT_TEXT_MAX];
        endpoint_print(flow_endpoint(w->flow, w->client), client);
        endpoint_print(flow_endpoint(w->flow, !w->client), w->server);
        w->tap = tap_new(w->shared->taps, w->shared->counts.sessions + 1, client, NULL, began_ns);
        if (w->tap == NULL) {
                return false;
        }
        tap_set_remote(w->tap, span_str(w->server));
        w->shared->counts.sessions++;
        return true;
}

static bool lose(struct watched *w)
{
        w->state = WATCH_LOST;
        w->shared->counts.losses++;
        return true;
}

/** The login begins with TLS: the rest is not readable. */
static bool begin_opaque(struct watched *w, uint64_t time_ns)
{
        w->state = WATCH_OPAQUE;
        w->shared->counts.encrypted++;
        tap_give_up(w->tap, "the session is encrypted", time_ns);
        return true;
}

static bool is_tls_login(const struct watched *w, enum flow_side from, struct span bytes)
{
        return from == w->client && head_is_tls(bytes) && strcmp(tap_view(w->tap).phase, "login") == 0;
}

static bool feed(struct watched *w, enum flow_side from, struct span bytes, uint64_t time_ns)
{
        enum side side = side_of(w, from);
        if (is_tls_login(w, from, bytes)) {
                return begin_opaque(w, time_ns);
        }
        if (tap_feed(w->tap, side, bytes, time_ns)) {
                const char *limit = tap_crowding(w->tap);
                if (limit != NULL && strcmp(limit, "limits.held_bytes") == 0) {
                        tap_ignore_crowding(w->tap); /* the client can't be made to wait any more */
                }
                if (tap_is_lost(w->tap)) {
                        return lose(w);
                }
        }
        return true;
}

/** Follow the connection from its greeting on, sent in direction @p from. */
static bool start(struct watched *w, enum flow_side from, struct span bytes, uint64_t time_ns)
{
        w->client = !from;
        if (!make_tap(w, flow_began_ns(w->flow)) ||
            tap_connected(w->tap, "", flow_began_ns(w->flow)) != STATUS_OK) {
                return leave(w);
        }
        w->state = WATCH_FOLLOWED;
        return feed(w, from, bytes, time_ns);
}

/** Follow the connection from @p bytes on, a command of its client. */
static bool join(struct watched *w, struct span bytes, enum dissect_packing packing, uint64_t time_ns)
{
        bool is_first = w->tap == NULL;
        if (is_first && !make_tap(w, time_ns)) {
                return leave(w);
        }
        w->shared->counts.joined += is_first ? 1 : 0;
        if (!tap_join(w->tap, packing, time_ns)) {
                return true; /* memory is out: it may be there for the next command */
        }
        w->state = WATCH_FOLLOWED;
        return feed(w, w->client, bytes, time_ns);
}

/* --- recognition -------------------------------------------------------------------------------------------------------------- */

static bool is_server_port(const struct watch_shared *shared, uint16_t port)
{
        for (unsigned i = 0; i < shared->n_ports; i++) {
                if (shared->ports[i] == port) {
                        return true;
                }
        }
        return false;
}

/** Wait for the next command, with which the session can be followed. */
static bool on_lost(struct watched *w, enum flow_side from, struct span bytes, uint32_t length,
                    uint64_t time_ns)
{
        enum dissect_packing packing;
        if (from == w->client && head_is_command(bytes, length, &packing)) {
                return join(w, bytes, packing, time_ns);
        }
        if (w->tap == NULL && head_is_tls(bytes)) {
                if (!make_tap(w, time_ns)) {
                        return leave(w);
                }
                return begin_opaque(w, time_ns);
        }
        w->shared->counts.lost_bytes += bytes.len;
        if (w->tap != NULL && from == w->client) {
                (void)tap_miss(w->tap, SIDE_CLIENT, length, time_ns);
        }
        return true;
}

/** Remember @p bytes, which look like a command: the reply will show. */
static bool suspect(struct watched *w, enum flow_side from, struct span bytes, uint64_t time_ns)
{
        prof_free(w->head);
        w->head = prof_alloc(STAGE_CAPTURE, bytes.len);
        w->head_len = bytes.len;
        w->head_ns = time_ns;
        w->client = from;
        w->state = w->head != NULL ? WATCH_CANDIDATE : WATCH_NEW;
        if (w->head != NULL) {
                (void)span_copy(w->head, bytes);
        }
        return true;
}

/** The connection may be of any protocol. */
static bool recognise(struct watched *w, enum flow_side from, struct span bytes, uint32_t length,
                      uint64_t time_ns)
{
        bool is_login = head_is_login(bytes);
        if (head_is_x_protocol(bytes)) {
                return leave_x_protocol(w);
        }
        if (is_login) {
                w->client = from;
                w->is_expected = true;
                w->state = WATCH_LOST;
                return true;
        }
        if (flow_is_whole(w->flow) && flow_is_seen(w->flow, !from)) {
                return leave(w); /* MySQL's server speaks first */
        }
        if (head_is_command(bytes, length, &w->packing)) {
                return suspect(w, from, bytes, time_ns);
        }
        w->state = WATCH_NEW;
        return ++w->tries < TRIES ? true : leave(w);
}

/** The first bytes that were captured, or the first ones behind bytes that tell nothing. */
static bool on_new(struct watched *w, enum flow_side from, struct span bytes, uint32_t length,
                   uint64_t time_ns)
{
        bool may_be_server =
            w->is_expected ? from != w->client : !flow_is_whole(w->flow) || from == FLOW_SECOND;
        if (may_be_server && head_is_greeting(bytes, length)) {
                return start(w, from, bytes, time_ns);
        }
        if (!w->is_expected) {
                return recognise(w, from, bytes, length, time_ns);
        }
        if (flow_is_whole(w->flow) && from != w->client) {
                return head_is_x_protocol(bytes) ? leave_x_protocol(w) : start(w, from, bytes, time_ns);
        }
        w->state = WATCH_LOST;
        return on_lost(w, from, bytes, length, time_ns);
}

static bool on_candidate(struct watched *w, enum flow_side from, struct span bytes, uint32_t length,
                         uint64_t time_ns)
{
        if (from == w->client || !head_is_reply(bytes, w->packing)) {
                return recognise(w, from, bytes, length, time_ns);
        }
        w->is_expected = true;
        if (!join(w, span_of(w->head, w->head_len), w->packing, w->head_ns)) {
                return false;
        }
        return w->state == WATCH_FOLLOWED ? feed(w, from, bytes, time_ns) : true;
}

static bool on_data(void *user, enum flow_side from, struct span bytes, uint32_t length, uint64_t time_ns)
{
        struct watched *w = user;
        w->bytes[from] += bytes.len;
        switch (w->state) {
        case WATCH_NEW: return on_new(w, from, bytes, length, time_ns);
        case WATCH_CANDIDATE: return on_candidate(w, from, bytes, length, time_ns);
        case WATCH_FOLLOWED: return feed(w, from, bytes, time_ns);
        case WATCH_LOST: return on_lost(w, from, bytes, length, time_ns);
        case WATCH_OPAQUE: break;
        }
        return true;
}

static bool on_gap(void *user, enum flow_side from, uint64_t n, uint64_t time_ns)
{
        struct watched *w = user;
        if (w->state == WATCH_FOLLOWED && from != w->client && w->bytes[from] == 0) {
                tap_miss_replies(w->tap); /* only the client's direction was captured */
                return true;
        }
        if (w->state == WATCH_FOLLOWED && !tap_miss(w->tap, side_of(w, from), n, time_ns)) {
                return lose(w);
        }
        if (w->state == WATCH_CANDIDATE || (w->state == WATCH_NEW && w->is_expected)) {
                w->state = w->is_expected ? WATCH_LOST : WATCH_NEW;
        }
        return true;
}

static void *on_begin(void *arg, struct flow *f, uint64_t time_ns)
{
        struct watch_shared *shared = arg;
        struct watched *w = prof_calloc(STAGE_CAPTURE, 1, sizeof *w);
        (void)time_ns;
        if (w == NULL) {
                return NULL;
        }
        bool first = is_server_port(shared, flow_endpoint(f, FLOW_FIRST)->port);
        bool second = is_server_port(shared, flow_endpoint(f, FLOW_SECOND)->port);
        w->shared = shared;
        w->flow = f;
        w->is_expected = second || (first && !flow_is_whole(f));
        w->client = second ? FLOW_FIRST : first && w->is_expected ? FLOW_SECOND : FLOW_FIRST;
        return w;
}

struct flow_sink watched_sink(struct watch_shared *shared)
{
        return (struct flow_sink){
            .arg = shared, .on_begin = on_begin, .on_data = on_data, .on_gap = on_gap, .on_end = on_end};
}
