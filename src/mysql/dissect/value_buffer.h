/** @file value_buffer.h  Scratch memory for the decoded values of a record, kept for the next record.
 *
 * Threads: one owner.   Memory: STAGE_DISSECT; the owner calls value_buffer_drop. */
#ifndef MYSQL_DISSECT_VALUE_BUFFER_H
#define MYSQL_DISSECT_VALUE_BUFFER_H

#include "mysql/wire/value.h"

struct value_buffer {
        struct value *at;
        size_t size; /**< in values */
};

/** Discard the content and provide @p n zeroed values. @return NULL when memory is out, or @p n is more than a packet can hold.
 *  Valid until the next call with the same buffer. */
struct value *value_buffer_take(struct value_buffer *buffer, size_t n);
void value_buffer_drop(struct value_buffer *buffer);

/** Its content is no longer needed: a large buffer is freed. */
static inline void value_buffer_shrink(struct value_buffer *buffer)
{
        enum { VALUES_SMALL = 256 };
        if (buffer->size > VALUES_SMALL) {
                value_buffer_drop(buffer);
        }
}

#endif
