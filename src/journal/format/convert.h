/** @file convert.h  A record's texts as UTF-8, whatever character sets its session speaks.
 * Done once, on the journal thread, before sinks and recent records see the record. What is no text in its set, or can't
 * be converted here, stays the bytes that it is and is marked `undecoded`: formats then show the bytes too.
 * Threads: one owner.   Memory: STAGE_JOURNAL, about as much as the largest record, given back after large ones. */
#ifndef JOURNAL_FORMAT_CONVERT_H
#define JOURNAL_FORMAT_CONVERT_H

#include "base/transcode.h"
#include "mysql/record/record.h"

struct convert {
        struct transcode transcode;
        struct record record;
        uint8_t plain
            [RECORD_CHARSETS]; /**< sets that nothing is to be converted of, as a record had them before */
        uint8_t *room;         /**< the converted texts */
        size_t size;
        struct value *values; /**< the lists' elements */
        size_t values_size;
        size_t values_used;
        uint64_t missing; /**< bit i: it was reported that the C library lacks set i */
};

void convert_init(struct convert *c);
void convert_fini(struct convert *c);

/** @return @p r itself if there is nothing to convert (and nearly no time was spent), else a record that is valid until the
 *  next call with @p c, as long as @p r is. */
struct record *convert_record(struct convert *c, struct record *r);
/** The records so far are no longer needed: large buffers are freed. */
void convert_shrink(struct convert *c);

#endif
