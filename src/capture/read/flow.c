/* The order of one flow's segments. */
#include "capture/read/flow.h"

#include "base/clock.h"
#include "capture/read/flow_state.h"
#include "profile/heap/prof.h"

enum {
        REORDERING = 32,  /* so many segments later, what the peer has acknowledged was not captured */
        HELD_MAX = 4096,  /* segments of a direction that wait: putting one in order looks at as many */
        ACKED_WAIT_S = 1, /* the same for segments that are far apart */
        LOST_WAIT_S = 10, /* and for what is not acknowledged: it may be sent again */
};

/* --- passing on --------------------------------------------------------------------------------------------------------------- */

static uint64_t forward_time(struct flow *f, uint64_t time_ns)
{
        f->last_ns = time_ns > f->last_ns ? time_ns : f->last_ns;
        return f->last_ns;
}

static void ignore(struct flows *t, struct flow *f)
{
        flow_drop(t, f);
        f->phase = FLOW_IGNORED;
        f->user = NULL;
}

static void pass_gap(struct flows *t, struct flow *f, enum flow_side side, uint32_t n, uint64_t time_ns)
{
        f->half[side].next += n;
        t->counts.gaps++;
        t->counts.gap_bytes += n;
        if (!t->sink.on_gap(f->user, side, n, forward_time(f, time_ns))) {
                ignore(t, f);
        }
}

/** @p bytes are what was captured of the next @p length bytes. */
static void pass(struct flows *t, struct flow *f, enum flow_side side, struct span bytes, uint32_t length,
                 uint64_t time_ns)
{
        f->half[side].next += (uint32_t)bytes.len;
        if (bytes.len > 0 && !t->sink.on_data(f->user, side, bytes, length, forward_time(f, time_ns))) {
                ignore(t, f);
                return;
        }
        if (length > bytes.len) {
                t->counts.cut_segments++;
                pass_gap(t, f, side, length - (uint32_t)bytes.len, time_ns);
        }
}

/* --- waiting ------------------------------------------------------------------------------------------------------------------- */

/** Has all that @p ack acknowledges been passed on? What was never captured at all is not waited for. */
static bool is_acknowledged_passed(struct flow_half *peer, bool has_ack, uint32_t ack)
{
        if (!has_ack) {
                return true;
        }
        if (!peer->is_known) {
                peer->is_known = true;
                peer->next = ack;
                return true;
        }
        uint32_t end = peer->next;
        if (peer->has_fin && end == peer->fin) {
                end++; /* the FIN itself */
        }
        return sequence_after(ack, end) <= 0;
}

/** May the first segment that waits in direction @p side be passed on now? */
static bool is_ready(struct flow *f, enum flow_side side)
{
        const struct held_segment *s = f->half[side].held.first;
        return s != NULL && sequence_after(s->seq, f->half[side].next) <= 0 &&
               is_acknowledged_passed(&f->half[!side], s->has_ack, s->ack);
}

static void pass_held(struct flows *t, struct flow *f, enum flow_side side)
{
        struct flow_half *half = &f->half[side];
        struct held_segment *s = held_segments_take(&half->held);
        uint32_t skip = half->next - s->seq;
        half->n_held--;
        t->held -= held_segment_size(s);
        if (skip < s->length) { /* otherwise it was passed on meanwhile */
                struct span bytes = span_skip(span_of(s->bytes, s->captured), skip);
                pass(t, f, side, bytes, s->length - skip, s->time_ns);
        }
        prof_free(s);
}

static bool waits(const struct flow *f)
{
        return f->half[FLOW_FIRST].held.first != NULL || f->half[FLOW_SECOND].held.first != NULL;
}

/** Pass on what can be passed on. */
static void advance(struct flows *t, struct flow *f)
{
        bool any = true;
        while (any && f->phase == FLOW_FOLLOWED) {
                any = false;
                for (enum flow_side side = FLOW_FIRST; side <= FLOW_SECOND; side++) {
                        while (f->phase == FLOW_FOLLOWED && is_ready(f, side)) {
                                pass_held(t, f, side);
                                any = true;
                                f->stuck = 0;
                        }
                }
        }
}

/** The direction of the segment that was captured first among those that wait. There is one. */
static enum flow_side first_waiting(const struct flow *f)
{
        const struct held_segment *a = f->half[FLOW_FIRST].held.first;
        const struct held_segment *b = f->half[FLOW_SECOND].held.first;
        return a == NULL || (b != NULL && b->number < a->number) ? FLOW_SECOND : FLOW_FIRST;
}

/** The direction whose bytes are missing first: what that segment waits for. */
static enum flow_side missing_side(const struct flow *f)
{
        enum flow_side side = first_waiting(f);
        return sequence_after(f->half[side].held.first->seq, f->half[side].next) > 0 ? side : !side;
}

/** The end of the bytes that are missing in direction @p side. */
static uint32_t missing_end(const struct flow *f, enum flow_side side)
{
        const struct flow_half *half = &f->half[side];
        const struct held_segment *other = f->half[!side].held.first;
        if (half->held.first != NULL && sequence_after(half->held.first->seq, half->next) > 0) {
                return half->held.first->seq;
        }
        /* a FIN counts as a byte */
        return half->has_fin && other->ack == half->fin + 1 && half->next != half->fin ? half->fin
                                                                                       : other->ack;
}

/** Stop waiting for the bytes that are missing first. */
static void give_up_first(struct flows *t, struct flow *f)
{
        enum flow_side side = missing_side(f);
        const struct flow_half *half = &f->half[side];
        uint64_t time_ns = f->half[first_waiting(f)].held.first->time_ns;
        pass_gap(t, f, side, missing_end(f, side) - half->next, time_ns);
        f->stuck = 0;
        advance(t, f);
}

void flow_flush(struct flows *t, struct flow *f)
{
        advance(t, f);
        while (f->phase == FLOW_FOLLOWED && waits(f)) {
                give_up_first(t, f);
        }
}

/** Has the peer acknowledged the bytes that are missing in direction @p side, or was nothing ever captured of that direction? */
static bool is_acked(const struct flow *f, enum flow_side side)
{
        const struct flow_half *half = &f->half[side];
        return half->has_acked && sequence_after(half->acked, half->next) > 0;
}

static bool is_overdue(const struct flows *t, const struct flow *f, uint64_t time_ns)
{
        enum flow_side side = missing_side(f);
        uint64_t waited_ns = time_ns > f->stuck_ns ? time_ns - f->stuck_ns : 0;
        if (!f->half[side].is_seen && f->segments > REORDERING) {
                return true; /* only one direction was captured */
        }
        if (is_acked(f, side) && (f->stuck > REORDERING || waited_ns > ACKED_WAIT_S * CLOCK_S_NS)) {
                return true;
        }
        return waited_ns > LOST_WAIT_S * CLOCK_S_NS || t->held > t->limits.held_bytes ||
               f->half[FLOW_FIRST].n_held > HELD_MAX || f->half[FLOW_SECOND].n_held > HELD_MAX;
}

void flow_settle(struct flows *t, struct flow *f, uint64_t time_ns)
{
        while (f->phase == FLOW_FOLLOWED && waits(f) && is_overdue(t, f, time_ns)) {
                give_up_first(t, f);
                f->stuck_ns = time_ns;
        }
}

/* --- a segment ----------------------------------------------------------------------------------------------------------------- */

static void note_ack(struct flow_half *half, const struct segment *s)
{
        if ((s->flags & SEGMENT_ACK) == 0) {
                return;
        }
        if (!half->has_acked || sequence_after(s->ack, half->acked) > 0) {
                half->acked = s->ack;
                half->has_acked = true;
        }
}

/** @p s without the bytes that were passed on. @return false: none is left. */
static bool trim(struct flows *t, const struct flow_half *half, struct segment *s)
{
        int32_t passed = sequence_after(half->next, s->seq);
        if (passed <= 0) {
                return true;
        }
        if ((uint32_t)passed >= s->length) {
                t->counts.duplicates++;
                return false;
        }
        s->payload = span_skip(s->payload, (size_t)passed);
        s->length -= (uint32_t)passed;
        s->seq = half->next;
        return true;
}

static void hold(struct flows *t, struct flow *f, enum flow_side side, const struct segment *s,
                 uint64_t time_ns)
{
        struct held_added added;
        if (!waits(f)) {
                f->stuck = 0;
                f->stuck_ns = time_ns;
        }
        switch (held_segments_add(&f->half[side].held, s, t->number, time_ns, &added)) {
        case HELD_ADDED: t->counts.reordered++; break;
        case HELD_DUPLICATE: t->counts.duplicates++; break;
        case HELD_NO_MEMORY: t->counts.out_of_memory++; break;
        }
        f->half[side].n_held += added.size > 0 ? 1 : 0;
        t->held += added.size;
        t->counts.differing += added.is_differing ? 1 : 0;
}

static void take_data(struct flows *t, struct flow *f, enum flow_side side, struct segment s,
                      uint64_t time_ns)
{
        struct flow_half *half = &f->half[side];
        t->counts.segments++;
        if (!half->is_known) {
                half->is_known = true;
                half->next = s.seq;
        }
        if (!trim(t, half, &s)) {
                return;
        }
        bool is_next = s.seq == half->next && !waits(f);
        if (is_next && is_acknowledged_passed(&f->half[!side], (s.flags & SEGMENT_ACK) != 0, s.ack)) {
                pass(t, f, side, s.payload, s.length, time_ns);
                return;
        }
        hold(t, f, side, &s, time_ns);
        advance(t, f);
}

void flow_take(struct flows *t, struct flow *f, enum flow_side side, const struct segment *s,
               uint64_t time_ns)
{
        struct flow_half *half = &f->half[side];
        f->segments++;
        f->stuck++;
        half->is_seen = true;
        note_ack(&f->half[!side], s);
        if ((s->flags & SEGMENT_SYN) != 0) {
                half->start = s->seq + 1;
                half->has_start = true;
                half->next = half->is_known ? half->next : half->start;
                half->is_known = true;
        }
        if ((s->flags & SEGMENT_FIN) != 0) {
                half->has_fin = true;
                half->fin = s->seq + s->length;
        }
        if (s->length > 0 && (s->flags & SEGMENT_SYN) == 0) {
                take_data(t, f, side, *s, time_ns);
        } else if ((s->flags & SEGMENT_FIN) != 0 && !half->is_known) {
                half->is_known = true;
                half->next = half->fin;
        }
        if (waits(f)) {
                flow_settle(t, f, time_ns);
        }
}

bool flow_has_closed(const struct flow *f)
{
        for (enum flow_side side = FLOW_FIRST; side <= FLOW_SECOND; side++) {
                const struct flow_half *half = &f->half[side];
                if (!half->has_fin || sequence_after(half->fin, half->next) > 0) {
                        return false;
                }
        }
        return true;
}

void flow_drop(struct flows *t, struct flow *f)
{
        for (enum flow_side side = FLOW_FIRST; side <= FLOW_SECOND; side++) {
                struct held_segment *s;
                while ((s = held_segments_take(&f->half[side].held)) != NULL) {
                        t->held -= held_segment_size(s);
                        prof_free(s);
                }
                f->half[side].n_held = 0;
        }
}

/* --- a look at it -------------------------------------------------------------------------------------------------------------- */

const struct endpoint *flow_endpoint(const struct flow *f, enum flow_side side)
{
        return &f->ends[side];
}

bool flow_is_whole(const struct flow *f)
{
        return f->is_whole;
}

uint64_t flow_began_ns(const struct flow *f)
{
        return f->began_ns;
}

bool flow_is_seen(const struct flow *f, enum flow_side side)
{
        return f->half[side].is_seen;
}
