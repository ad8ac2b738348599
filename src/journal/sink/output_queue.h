/** @file output_queue.h  Formatted records that wait to be written, in one buffer.
 *
 *      0        begin          out           end        size
 *      |- free -|== written ===|- pending ---|-- free --|        begin <= out <= end <= size
 *               ^ start of the oldest record that is not wholly written
 *
 * It knows where each record ends. So a record of which a part is written can be written again, whole, to another file, and losses
 * are counted in records.
 * Threads: one owner.   Memory: STAGE_SINK. The buffer grows for a record that is larger, and shrinks once that is written. */
#ifndef JOURNAL_SINK_OUTPUT_QUEUE_H
#define JOURNAL_SINK_OUTPUT_QUEUE_H

#include "journal/format/format.h"

struct output_queue_mark;

struct output_queue {
        uint8_t *bytes;
        size_t size;
        size_t normal; /**< size while it holds no larger record */
        size_t begin;
        size_t out;
        size_t end;
        struct output_queue_mark *marks; /**< where each record between begin and end ends */
        size_t first_mark;
        size_t n_marks; /**< end of the marks in use */
};

/** @return false when memory is out. */
bool output_queue_init(struct output_queue *q, size_t size);
void output_queue_fini(struct output_queue *q);

/** Append @p r, formatted. @p json is its line of JSON behind the opening brace, if that was formatted already; else empty.
 *  @return false if there is not enough space now. */
bool output_queue_add(struct output_queue *q, enum format format, const struct record *r, struct span json);
/** The same for a record that is larger than the empty queue, which grows for it. @return false if it can't grow, or is not empty. */
bool output_queue_add_large(struct output_queue *q, enum format format, const struct record *r);

/** The bytes that are to be written. Valid until the next change of the queue. */
static inline struct span output_queue_pending(const struct output_queue *q)
{
        return span_of(q->bytes + q->out, q->end - q->out);
}

/** The length of as many whole pending records as fit in @p most bytes; 0 if not even one does. */
size_t output_queue_whole_records(const struct output_queue *q, size_t most);
/** What is still to be written of the oldest record, and that record's event; empty if the queue is. */
struct span output_queue_oldest(const struct output_queue *q, enum record_event *event);
/** Do not count the oldest record as written once it has been passed. */
void output_queue_mark_dropped(struct output_queue *q);
/** Is a part of the oldest record written? */
bool output_queue_is_mid_record(const struct output_queue *q);
/** @p n pending bytes were written. @return how many records (gap records not counted) these complete. */
uint64_t output_queue_advance(struct output_queue *q, size_t n);
/** A record that is written in part is pending again from its first byte on. */
void output_queue_rewind(struct output_queue *q);
/** Empty the queue. @return how many records (gap records not counted) were not wholly written. */
uint64_t output_queue_discard(struct output_queue *q);

/** Bytes that output_queue_add could use now. */
size_t output_queue_free_bytes(const struct output_queue *q);
/** Is at least half of it free? */
bool output_queue_is_half_free(const struct output_queue *q);

#endif
