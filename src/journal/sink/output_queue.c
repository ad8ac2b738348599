#include "journal/sink/output_queue.h"

#include "profile/heap/prof.h"

#include <assert.h>

/* The shortest record is about as long as this, so the bytes run out before the marks do, or nearly so. */
enum { BYTES_PER_MARK = 64 };
#define LARGE_MAX ((size_t)256 * 1024 * 1024)

struct outbox_mark {
        size_t end;
        enum record_event event;
};

static size_t max_marks(const struct outbox *o)
{
        return o->normal / BYTES_PER_MARK;
}

bool outbox_init(struct outbox *o, size_t size)
{
        *o = (struct outbox){.size = size, .normal = size};
        o->bytes = prof_alloc(STAGE_SINK, size);
        o->marks = prof_alloc(STAGE_SINK, max_marks(o) * sizeof *o->marks);
        if (o->bytes == NULL || o->marks == NULL) {
                outbox_fini(o);
                return false;
        }
        return true;
}

void outbox_fini(struct outbox *o)
{
        prof_free(o->bytes);
        prof_free(o->marks);
        *o = (struct outbox){0};
}

static void reset(struct outbox *o)
{
        o->begin = 0;
        o->out = 0;
        o->end = 0;
        o->first_mark = 0;
        o->n_marks = 0;
        if (o->size > o->normal) {
                uint8_t *smaller = prof_realloc(STAGE_SINK, o->bytes, o->normal);
                if (smaller != NULL) {
                        o->bytes = smaller;
                        o->size = o->normal;
                }
        }
}

/** Move everything to the front. */
static void compact(struct outbox *o)
{
        size_t by = o->begin;
        memmove(o->bytes, o->bytes + by, o->end - by);
        o->begin = 0;
        o->out -= by;
        o->end -= by;
        o->n_marks -= o->first_mark;
        memmove(o->marks, o->marks + o->first_mark, o->n_marks * sizeof *o->marks);
        o->first_mark = 0;
        for (size_t i = 0; i < o->n_marks; i++) {
                o->marks[i].end -= by;
        }
}

static bool append(struct outbox *o, enum format format, const struct record *r)
{
        if (o->n_marks == max_marks(o)) {
                return false;
        }
        struct writer w = writer_over(o->bytes + o->end, o->size - o->end);
        format_record(&w, format, r);
        if (w.failed) {
                return false;
        }
        o->end += w.at;
        o->marks[o->n_marks++] = (struct outbox_mark){o->end, r->event};
        return true;
}

bool outbox_add(struct outbox *o, enum format format, const struct record *r)
{
        if (append(o, format, r)) {
                return true;
        }
        if (o->begin < o->size / 4) {
                return false; /* moving so little is not worth it */
        }
        compact(o);
        return append(o, format, r);
}

bool outbox_add_large(struct outbox *o, enum format format, const struct record *r)
{
        size_t bound = format_size(format, r);
        bound = bound < LARGE_MAX ? bound : LARGE_MAX;
        if (o->end > 0) {
                return false;
        }
        while (o->size < bound) {
                size_t size = o->size < bound / 2 ? o->size * 2 : bound;
                uint8_t *bigger = prof_realloc(STAGE_SINK, o->bytes, size);
                if (bigger == NULL) {
                        break;
                }
                o->bytes = bigger;
                o->size = size;
                if (append(o, format, r)) {
                        return true;
                }
        }
        reset(o);
        return false;
}

struct span outbox_due(const struct outbox *o)
{
        return span_of(o->bytes + o->out, o->end - o->out);
}

size_t outbox_whole(const struct outbox *o, size_t most)
{
        size_t whole = 0;
        for (size_t i = o->first_mark; i < o->n_marks && o->marks[i].end - o->out <= most; i++) {
                whole = o->marks[i].end - o->out;
        }
        return whole;
}

struct span outbox_oldest(const struct outbox *o, enum record_event *event)
{
        if (o->first_mark == o->n_marks) {
                *event = EVENT_GAP;
                return (struct span){NULL, 0};
        }
        *event = o->marks[o->first_mark].event;
        return span_of(o->bytes + o->out, o->marks[o->first_mark].end - o->out);
}

void outbox_spoil(struct outbox *o)
{
        o->marks[o->first_mark].event = EVENT_GAP;
}

bool outbox_is_halfway(const struct outbox *o)
{
        return o->out > o->begin;
}

uint64_t outbox_wrote(struct outbox *o, size_t n)
{
        uint64_t records = 0;
        assert(n <= o->end - o->out);
        o->out += n;
        while (o->first_mark < o->n_marks && o->marks[o->first_mark].end <= o->out) {
                o->begin = o->marks[o->first_mark].end;
                records += o->marks[o->first_mark].event == EVENT_GAP ? 0 : 1;
                o->first_mark++;
        }
        if (o->begin == o->end) {
                reset(o);
        }
        return records;
}

void outbox_rewind(struct outbox *o)
{
        o->out = o->begin;
}

uint64_t outbox_discard(struct outbox *o)
{
        uint64_t records = 0;
        for (size_t i = o->first_mark; i < o->n_marks; i++) {
                records += o->marks[i].event == EVENT_GAP ? 0 : 1;
        }
        if (o->bytes != NULL) {
                reset(o);
        }
        return records;
}

size_t outbox_free(const struct outbox *o)
{
        size_t behind = o->size - o->end;
        size_t all =
            o->begin >= o->size / 4 ? behind + o->begin : behind; /* else outbox_add does not move it */
        bool marks_left = o->n_marks < max_marks(o) || (all > behind && o->first_mark > 0);
        return marks_left ? all : 0;
}

bool outbox_has_space(const struct outbox *o)
{
        return o->end - o->begin <= o->normal / 2 && o->n_marks - o->first_mark <= max_marks(o) / 2;
}
