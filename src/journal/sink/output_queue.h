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

struct outbox_mark;

struct outbox {
        uint8_t *bytes;
        size_t size;
        size_t normal; /**< size while no large record is in */
        size_t begin;
        size_t out;
        size_t end;
        struct outbox_mark *marks; /**< where each record between begin and end ends */
        size_t first_mark;
        size_t n_marks; /**< end of the marks in use */
};

/** @return false when memory is out. */
bool outbox_init(struct outbox *o, size_t size);
void outbox_fini(struct outbox *o);

/** Format @p r behind what is there. @return false if there is no room now. */
bool outbox_add(struct outbox *o, enum format format, const struct record *r);
/** The same for a record that is larger than an empty outbox: it grows. @return false if it can't, or is not empty. */
bool outbox_add_large(struct outbox *o, enum format format, const struct record *r);

/** What is to be written, until the next call with this outbox. */
struct span outbox_due(const struct outbox *o);
/** How many of its bytes end with a record and are at most @p most; if not even one record does, 0. */
size_t outbox_whole(const struct outbox *o, size_t most);
/** What is left of the oldest record in it, and that record's event. */
struct span outbox_oldest(const struct outbox *o, enum record_event *event);
/** The oldest record will not count as one that was written. */
void outbox_spoil(struct outbox *o);
/** Whether the oldest record is written in part. */
bool outbox_is_halfway(const struct outbox *o);
/** Its first @p n bytes were written. @return records (gaps not counted) that are wholly out now. */
uint64_t outbox_wrote(struct outbox *o, size_t n);
/** Begin the half-written record anew. */
void outbox_rewind(struct outbox *o);
/** Throw all away. @return records (gaps not counted) that were not wholly written. */
uint64_t outbox_discard(struct outbox *o);

/** Bytes that outbox_add could use. */
size_t outbox_free(const struct outbox *o);
/** At least half of it is free. */
bool outbox_has_space(const struct outbox *o);

#endif
