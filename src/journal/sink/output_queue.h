/** @file output_queue.h  Formatted records on their way out, in one stretch of bytes that is cut only between records.
 *
 *      0        begin          out           end        size
 *      |- free -|== written ===|-- due ------|-- free --|        begin <= out <= end <= size
 *               ^ start of the oldest record that is not wholly written
 *
 * So what was written of a record can be written again, whole, to another file; and what is lost is known in records.
 * Threads: one owner.   Memory: STAGE_SINK. It grows for a record larger than it, and shrinks when that is out. */
#ifndef JOURNAL_SINK_OUTPUT_QUEUE_H
#define JOURNAL_SINK_OUTPUT_QUEUE_H

#include "journal/format/format.h"

struct output_queue_mark;

struct output_queue {
        uint8_t *bytes;
        size_t size;
        size_t normal; /**< size while no large record is in */
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

/** Format @p r behind what is there. @return false if there is no room now. */
bool output_queue_add(struct output_queue *q, enum format format, const struct record *r);
/** The same for a record that is larger than an empty queue: it grows. @return false if it can't, or is not empty. */
bool output_queue_add_large(struct output_queue *q, enum format format, const struct record *r);

/** What is to be written, until the next call with this queue. */
struct span output_queue_pending(const struct output_queue *q);
/** How many of its bytes end with a record and are at most @p most; if not even one record does, 0. */
size_t output_queue_whole_records(const struct output_queue *q, size_t most);
/** What is left of the oldest record in it, and that record's event. */
struct span output_queue_oldest(const struct output_queue *q, enum record_event *event);
/** The oldest record will not count as one that was written. */
void output_queue_mark_dropped(struct output_queue *q);
/** Whether the oldest record is written in part. */
bool output_queue_is_mid_record(const struct output_queue *q);
/** Its first @p n bytes were written. @return records (gaps not counted) that are wholly out now. */
uint64_t output_queue_advance(struct output_queue *q, size_t n);
/** Begin the half-written record anew. */
void output_queue_rewind(struct output_queue *q);
/** Throw all away. @return records (gaps not counted) that were not wholly written. */
uint64_t output_queue_discard(struct output_queue *q);

/** Bytes that output_queue_add could use. */
size_t output_queue_free_bytes(const struct output_queue *q);
/** At least half of it is free. */
bool output_queue_is_half_free(const struct output_queue *q);

#endif
