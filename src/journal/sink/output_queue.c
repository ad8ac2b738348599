#include "journal/sink/output_queue.h"

#include "profile/heap/prof.h"

#include <assert.h>

/* About the length of the shortest record, so that the bytes run out before the marks do. */
enum { BYTES_PER_MARK = 64 };
#define LARGE_MAX ((size_t)256 * 1024 * 1024)

struct output_queue_mark {
        size_t end;
        enum record_event event;
};

static size_t max_marks(const struct output_queue *q)
{
        return q->normal / BYTES_PER_MARK;
}

bool output_queue_init(struct output_queue *q, size_t size)
{
        *q = (struct output_queue){.size = size, .normal = size};
        q->bytes = prof_alloc(STAGE_SINK, size);
        q->marks = prof_alloc(STAGE_SINK, max_marks(q) * sizeof *q->marks);
        if (q->bytes == NULL || q->marks == NULL) {
                output_queue_fini(q);
                return false;
        }
        return true;
}

void output_queue_fini(struct output_queue *q)
{
        prof_free(q->bytes);
        prof_free(q->marks);
        *q = (struct output_queue){0};
}

static void reset(struct output_queue *q)
{
        q->begin = 0;
        q->out = 0;
        q->end = 0;
        q->first_mark = 0;
        q->n_marks = 0;
        if (q->size > q->normal) {
                uint8_t *smaller = prof_realloc(STAGE_SINK, q->bytes, q->normal);
                if (smaller != NULL) {
                        q->bytes = smaller;
                        q->size = q->normal;
                }
        }
}

/** Move what is still to be written to the front. */
static void compact(struct output_queue *q)
{
        size_t by = q->begin;
        memmove(q->bytes, q->bytes + by, q->end - by);
        q->begin = 0;
        q->out -= by;
        q->end -= by;
        q->n_marks -= q->first_mark;
        memmove(q->marks, q->marks + q->first_mark, q->n_marks * sizeof *q->marks);
        q->first_mark = 0;
        for (size_t i = 0; i < q->n_marks; i++) {
                q->marks[i].end -= by;
        }
}

static inline __attribute__((always_inline)) bool append(struct output_queue *q, enum format format,
                                                         const struct record *r, struct span json)
{
        if (q->n_marks == max_marks(q)) {
                return false;
        }
        struct writer w = writer_over(q->bytes + q->end, q->size - q->end);
        if (json.len > 0 && format == FORMAT_JSON) {
                writer_char(&w, '{');
                writer_put(&w, json);
        } else {
                format_record(&w, format, r);
        }
        if (w.failed) {
                return false;
        }
        q->end += w.at;
        q->marks[q->n_marks++] = (struct output_queue_mark){q->end, r->event};
        return true;
}

bool output_queue_add(struct output_queue *q, enum format format, const struct record *r, struct span json)
{
        if (append(q, format, r, json)) {
                return true;
        }
        if (q->begin < q->size / 4) {
                return false; /* moving it would gain too little */
        }
        compact(q);
        return append(q, format, r, json);
}

bool output_queue_add_large(struct output_queue *q, enum format format, const struct record *r)
{
        size_t bound = format_size(format, r);
        bound = bound < LARGE_MAX ? bound : LARGE_MAX;
        if (q->end > 0) {
                return false;
        }
        while (q->size < bound) {
                size_t size = q->size < bound / 2 ? q->size * 2 : bound;
                uint8_t *bigger = prof_realloc(STAGE_SINK, q->bytes, size);
                if (bigger == NULL) {
                        break;
                }
                q->bytes = bigger;
                q->size = size;
                if (append(q, format, r, (struct span){NULL, 0})) {
                        return true;
                }
        }
        reset(q);
        return false;
}

size_t output_queue_whole_records(const struct output_queue *q, size_t most)
{
        size_t whole = 0;
        for (size_t i = q->first_mark; i < q->n_marks && q->marks[i].end - q->out <= most; i++) {
                whole = q->marks[i].end - q->out;
        }
        return whole;
}

struct span output_queue_oldest(const struct output_queue *q, enum record_event *event)
{
        if (q->first_mark == q->n_marks) {
                *event = EVENT_GAP;
                return (struct span){NULL, 0};
        }
        *event = q->marks[q->first_mark].event;
        return span_of(q->bytes + q->out, q->marks[q->first_mark].end - q->out);
}

void output_queue_mark_dropped(struct output_queue *q)
{
        q->marks[q->first_mark].event = EVENT_GAP;
}

bool output_queue_is_mid_record(const struct output_queue *q)
{
        return q->out > q->begin;
}

uint64_t output_queue_advance(struct output_queue *q, size_t n)
{
        uint64_t records = 0;
        assert(n <= q->end - q->out);
        q->out += n;
        while (q->first_mark < q->n_marks && q->marks[q->first_mark].end <= q->out) {
                q->begin = q->marks[q->first_mark].end;
                records += q->marks[q->first_mark].event == EVENT_GAP ? 0 : 1;
                q->first_mark++;
        }
        if (q->begin == q->end) {
                reset(q);
        }
        return records;
}

void output_queue_rewind(struct output_queue *q)
{
        q->out = q->begin;
}

uint64_t output_queue_discard(struct output_queue *q)
{
        uint64_t records = 0;
        for (size_t i = q->first_mark; i < q->n_marks; i++) {
                records += q->marks[i].event == EVENT_GAP ? 0 : 1;
        }
        if (q->bytes != NULL) {
                reset(q);
        }
        return records;
}

size_t output_queue_free_bytes(const struct output_queue *q)
{
        size_t behind = q->size - q->end;
        size_t all =
            q->begin >= q->size / 4 ? behind + q->begin : behind; /* else output_queue_add does not move it */
        bool marks_left = q->n_marks < max_marks(q) || (all > behind && q->first_mark > 0);
        return marks_left ? all : 0;
}

bool output_queue_is_half_free(const struct output_queue *q)
{
        return q->end - q->begin <= q->normal / 2 && q->n_marks - q->first_mark <= max_marks(q) / 2;
}
