#include "capture/read/flows.h"

#include "base/seed.h"
#include "capture/read/flow_state.h"
#include "profile/heap/prof.h"

enum {
        BITS_MIN = 8,
        BITS_MAX = 20,
        RESET_AHEAD = 1 << 20 /* bytes behind the last one: not of the same connection */
};

/* --- the table ---------------------------------------------------------------------------------------------------------------- */

static int compare(const struct endpoint *a, const struct endpoint *b)
{
        int order = memcmp(a->address, b->address, sizeof a->address);
        return order != 0 ? order : (int)a->port - (int)b->port;
}

static uint64_t key_of(const struct endpoint *e)
{
        uint64_t half[2];
        memcpy(half, e->address, sizeof half);
        return (half[0] ^ (half[1] << 1 | half[1] >> 63)) + ((uint64_t)e->port << 48 | e->port);
}

/** The same for both directions. */
static struct flow **bucket_of(struct flows *t, const struct endpoint *a, const struct endpoint *b)
{
        uint64_t seed = seed_of_process();
        uint64_t key = (key_of(a) * seed >> 17) + (key_of(b) * seed >> 17);
        return &t->buckets[seed_bucket(seed, key, t->bits)];
}

/** Does @p f have these ends? @p side is set to the direction of what @p from sends. */
static bool is_between(const struct flow *f, const struct endpoint *from, const struct endpoint *to,
                       enum flow_side *side)
{
        if (compare(&f->ends[FLOW_FIRST], from) == 0 && compare(&f->ends[FLOW_SECOND], to) == 0) {
                *side = FLOW_FIRST;
                return true;
        }
        *side = FLOW_SECOND;
        return compare(&f->ends[FLOW_SECOND], from) == 0 && compare(&f->ends[FLOW_FIRST], to) == 0;
}

static void unlink_use(struct flows *t, struct flow *f)
{
        *(f->newer != NULL ? &f->newer->older : &t->newest) = f->older;
        *(f->older != NULL ? &f->older->newer : &t->oldest) = f->newer;
}

static void link_newest(struct flows *t, struct flow *f)
{
        f->newer = NULL;
        f->older = t->newest;
        *(t->newest != NULL ? &t->newest->newer : &t->oldest) = f;
        t->newest = f;
}

static struct flow *find(struct flows *t, const struct segment *s, enum flow_side *side)
{
        if (t->last != NULL && is_between(t->last, &s->from, &s->to, side)) {
                return t->last;
        }
        struct flow *f = *bucket_of(t, &s->from, &s->to);
        while (f != NULL && !is_between(f, &s->from, &s->to, side)) {
                f = f->next_in_bucket;
        }
        return f;
}

/* --- the end of a flow -------------------------------------------------------------------------------------------------------------- */

static void end(struct flows *t, struct flow *f, enum flow_end how, uint64_t time_ns)
{
        if (f->phase == FLOW_FOLLOWED) {
                flow_flush(t, f);
        }
        if (f->phase == FLOW_FOLLOWED && f->is_live) {
                how = how == FLOW_UNENDED && flow_has_closed(f) ? FLOW_CLOSED : how;
                f->last_ns = time_ns > f->last_ns ? time_ns : f->last_ns;
                t->sink.on_end(f->user, how, f->last_ns);
        }
        flow_drop(t, f);
        f->phase = FLOW_OVER;
}

static void discard(struct flows *t, struct flow *f)
{
        struct flow **at = bucket_of(t, &f->ends[FLOW_FIRST], &f->ends[FLOW_SECOND]);
        while (*at != f) {
                at = &(*at)->next_in_bucket;
        }
        *at = f->next_in_bucket;
        unlink_use(t, f);
        t->last = t->last == f ? NULL : t->last;
        t->n--;
        prof_free(f);
}

/* --- the beginning ------------------------------------------------------------------------------------------------------------------- */

/** Sets up @p f for a connection whose first segment is @p s. */
static void begin(struct flow *f, const struct segment *s, uint64_t time_ns)
{
        bool is_answer = (s->flags & (SEGMENT_SYN | SEGMENT_ACK)) == (SEGMENT_SYN | SEGMENT_ACK);
        f->ends[FLOW_FIRST] = is_answer ? s->to : s->from;
        f->ends[FLOW_SECOND] = is_answer ? s->from : s->to;
        memset(f->half, 0, sizeof f->half);
        f->phase = FLOW_FOLLOWED;
        f->is_whole = (s->flags & SEGMENT_SYN) != 0;
        f->is_live = false;
        f->stuck = 0;
        f->segments = 0;
        f->began_ns = time_ns;
        f->last_ns = 0;
        f->user = NULL;
}

static struct flow *add(struct flows *t, const struct segment *s, uint64_t time_ns)
{
        if (t->n >= t->limits.flows) {
                t->counts.discarded += t->oldest->phase == FLOW_FOLLOWED ? 1 : 0;
                end(t, t->oldest, FLOW_DISCARDED, time_ns);
                discard(t, t->oldest);
        }
        struct flow *f = prof_alloc(STAGE_CAPTURE, sizeof *f);
        if (f == NULL) {
                t->counts.out_of_memory++;
                return NULL;
        }
        begin(f, s, time_ns);
        struct flow **bucket = bucket_of(t, &s->from, &s->to);
        f->next_in_bucket = *bucket;
        *bucket = f;
        link_newest(t, f);
        t->n++;
        t->counts.flows++;
        return f;
}

/** Does @p s, a SYN in direction @p side of @p f, open another connection? */
static bool is_replacing(const struct flow *f, enum flow_side side, const struct segment *s)
{
        const struct flow_half *half = &f->half[side];
        if ((s->flags & SEGMENT_SYN) == 0) {
                return false;
        }
        if (f->phase != FLOW_FOLLOWED) {
                return f->phase == FLOW_OVER || (s->flags & SEGMENT_ACK) == 0;
        }
        /* a SYN that is sent again has the same number */
        return half->is_seen && !(half->has_start && half->start == s->seq + 1);
}

/** A reset that a peer would believe: others are forged, or belong to an earlier connection. */
static bool is_reset(const struct flow *f, enum flow_side side, const struct segment *s)
{
        const struct flow_half *half = &f->half[side];
        if ((s->flags & SEGMENT_RST) == 0) {
                return false;
        }
        int32_t ahead = sequence_after(s->seq, half->next);
        bool answers =
            (s->flags & SEGMENT_ACK) != 0 && f->half[!side].is_known && s->ack == f->half[!side].next;
        return !half->is_known || answers || (ahead >= 0 && ahead < RESET_AHEAD);
}

/** @return false if the flow is of no interest. */
static bool make_live(struct flows *t, struct flow *f, uint64_t time_ns)
{
        if (!f->is_live) {
                f->is_live = true;
                f->user = t->sink.on_begin(t->sink.arg, f, time_ns);
                f->phase = f->user != NULL ? FLOW_FOLLOWED : FLOW_IGNORED;
        }
        return f->phase == FLOW_FOLLOWED;
}

void flows_add(struct flows *t, const struct segment *s, uint64_t time_ns)
{
        enum flow_side side = FLOW_FIRST;
        struct flow *f = find(t, s, &side);
        t->number++;
        if (f == NULL) {
                if (s->length == 0 && (s->flags & SEGMENT_SYN) == 0) {
                        return; /* nothing is known of it, and nothing is in it */
                }
                f = add(t, s, time_ns);
                if (f == NULL) {
                        return;
                }
                (void)is_between(f, &s->from, &s->to, &side);
        } else if (is_replacing(f, side, s)) {
                end(t, f, FLOW_REPLACED, time_ns);
                begin(f, s, time_ns);
                (void)is_between(f, &s->from, &s->to, &side);
                t->counts.flows++;
        }
        t->last = f;
        if (t->newest != f) {
                unlink_use(t, f);
                link_newest(t, f);
        }
        if (f->phase != FLOW_FOLLOWED) {
                return;
        }
        if (s->length > 0 && !make_live(t, f, time_ns)) {
                return;
        }
        flow_take(t, f, side, s, time_ns);
        if (f->phase == FLOW_FOLLOWED && (is_reset(f, side, s) || flow_has_closed(f))) {
                end(t, f, (s->flags & SEGMENT_RST) != 0 ? FLOW_RESET : FLOW_CLOSED, time_ns);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------------------------ */

enum status flows_new(const struct flow_limits *limits, const struct flow_sink *sink, struct flows **out)
{
        struct flows *t = prof_calloc(STAGE_CAPTURE, 1, sizeof *t);
        if (t == NULL) {
                return STATUS_NOMEM;
        }
        t->limits = *limits;
        t->sink = *sink;
        t->bits = BITS_MIN;
        while (t->bits < BITS_MAX && (1ULL << t->bits) < limits->flows) {
                t->bits++;
        }
        t->buckets = prof_calloc(STAGE_CAPTURE, (size_t)1 << t->bits, sizeof(void *));
        if (t->buckets == NULL) {
                prof_free(t);
                return STATUS_NOMEM;
        }
        *out = t;
        return STATUS_OK;
}

void flows_finish(struct flows *t)
{
        for (struct flow *f = t->oldest; f != NULL; f = f->newer) {
                end(t, f, FLOW_UNENDED, f->last_ns);
        }
}

void flows_settle(struct flows *t, uint64_t time_ns)
{
        for (struct flow *f = t->oldest; f != NULL && t->held > 0; f = f->newer) {
                flow_settle(t, f, time_ns);
        }
}

void flows_free(struct flows *t)
{
        if (t == NULL) {
                return;
        }
        while (t->oldest != NULL) {
                flow_drop(t, t->oldest);
                discard(t, t->oldest);
        }
        prof_free(t->buckets);
        prof_free(t);
}

struct flow_counts flows_counts(const struct flows *t)
{
        return t->counts;
}

size_t flows_held(const struct flows *t)
{
        return t->held;
}
