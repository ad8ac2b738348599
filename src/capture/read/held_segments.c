#include "capture/read/held_segments.h"

#include "profile/heap/prof.h"

/** The bytes of @p s from sequence number @p from on, up to @p to. */
static struct segment part_of(const struct segment *s, uint32_t from, uint32_t to)
{
        struct segment part = *s;
        part.seq = from;
        part.length = to - from;
        part.payload = span_head(span_skip(s->payload, from - s->seq), part.length);
        return part;
}

static struct held_segment *copy(const struct segment *s, uint64_t number, uint64_t time_ns)
{
        struct held_segment *held = prof_alloc(STAGE_CAPTURE, sizeof *held + s->payload.len);
        if (held != NULL) {
                *held = (struct held_segment){.time_ns = time_ns,
                                              .number = number,
                                              .seq = s->seq,
                                              .ack = s->ack,
                                              .length = s->length,
                                              .captured = (uint32_t)s->payload.len,
                                              .has_ack = (s->flags & SEGMENT_ACK) != 0};
                (void)span_copy(held->bytes, s->payload);
        }
        return held;
}

/** Do the bytes that @p s and @p held have in common differ? */
static bool differs(const struct segment *s, const struct held_segment *held)
{
        uint32_t from = sequence_after(s->seq, held->seq) > 0 ? s->seq : held->seq;
        struct span a = span_skip(s->payload, from - s->seq);
        struct span b = span_skip(span_of(held->bytes, held->captured), from - held->seq);
        size_t n = a.len < b.len ? a.len : b.len;
        return n > 0 && memcmp(a.data, b.data, n) != 0;
}

/** Insert @p s, which overlaps nothing, behind @p before (NULL: as the first one). */
static struct held_segment *insert(struct held_segments *h, struct held_segment *before,
                                   const struct segment *s, uint64_t number, uint64_t time_ns)
{
        struct held_segment *held = copy(s, number, time_ns);
        if (held == NULL) {
                return NULL;
        }
        struct held_segment **at = before != NULL ? &before->next : &h->first;
        held->next = *at;
        *at = held;
        h->last = held->next == NULL ? held : h->last;
        return held;
}

enum held_result held_segments_add(struct held_segments *h, const struct segment *s, uint64_t number,
                                   uint64_t time_ns, struct held_added *added)
{
        uint32_t end = s->seq + s->length;
        uint32_t from = s->seq;
        struct held_segment *before = NULL;
        struct held_segment *at = h->first;
        enum held_result result = HELD_DUPLICATE;
        *added = (struct held_added){0};
        if (h->last != NULL && sequence_after(from, h->last->seq + h->last->length) >= 0) {
                before = h->last; /* nearly always */
                at = NULL;
        }
        while (sequence_after(end, from) > 0) {
                for (; at != NULL && sequence_after(from, at->seq + at->length) >= 0; at = at->next) {
                        before = at;
                }
                uint32_t until = at != NULL && sequence_after(end, at->seq) > 0 ? at->seq : end;
                if (sequence_after(until, from) > 0) {
                        const struct segment part = part_of(s, from, until);
                        before = insert(h, before, &part, number, time_ns);
                        if (before == NULL) {
                                return HELD_NO_MEMORY;
                        }
                        added->size += held_segment_size(before);
                        result = HELD_ADDED;
                }
                if (until == end) {
                        break;
                }
                added->is_differing = added->is_differing || differs(s, at);
                from = at->seq + at->length;
        }
        return result;
}

struct held_segment *held_segments_take(struct held_segments *h)
{
        struct held_segment *first = h->first;
        if (first != NULL) {
                h->first = first->next;
                h->last = h->first != NULL ? h->last : NULL;
        }
        return first;
}
