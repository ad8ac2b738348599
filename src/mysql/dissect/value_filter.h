/** @file value_filter.h  The kept beginning of a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE that comes in pieces, without the middle
 *  and the end of its long values: so that a long value does not take the place of those behind it.
 *
 * Knows: how such a request is laid out.   Does not know: what its values mean (execute.h reads them).
 * If the statement is not known yet, because its PREPARE is still in flight, all bytes are kept as far as the limit of a message goes.
 * Threads: one owner.   Memory: none of its own; keeps in the packet stream.
 * Source: as of execute.h. */
#ifndef MYSQL_DISSECT_VALUE_FILTER_H
#define MYSQL_DISSECT_VALUE_FILTER_H

#include "mysql/dissect/packet_stream.h"

struct dissect;
struct dissect_settings;

/** What has just been kept, and is to be read. */
enum value_filter_step {
        FILTER_OFF, /**< nothing: the rest is kept as far as the limit goes */
        FILTER_HEAD,
        FILTER_COUNT,
        FILTER_BITMAP,
        FILTER_TYPE,      /**< and the first byte of the name's length */
        FILTER_NAME,      /**< a part of the name's length */
        FILTER_VALUE,     /**< a value is complete, or the first one begins */
        FILTER_INDICATOR, /**< of a value of COM_STMT_BULK_EXECUTE */
        FILTER_TEMPORAL,  /**< the length of a date or time */
        FILTER_COUNTED,   /**< a part of the length of a text */
};

struct value_filter {
        enum value_filter_step step;
        bool is_bulk;
        bool has_names; /**< the types are followed by names */
        bool has_types; /**< the request has types; else those of the last execution hold */
        uint32_t stmt_id;
        uint64_t keep;    /**< bytes to keep before the next step */
        uint64_t drop;    /**< bytes to drop after them */
        uint64_t dropped; /**< of the message so far */
        uint64_t n;       /**< values; of COM_STMT_BULK_EXECUTE, of each row */
        uint64_t i;       /**< the value or the type that comes next */
        /* positions in what is kept */
        size_t token_at; /**< of the length that is read */
        size_t bitmap_at;
        size_t types_at;
        size_t type_at; /**< of value i */
};

/** A message of the client's begins: is it one that is filtered? @p seq is that of its first packet. */
void value_filter_begin(struct dissect *d, struct packet_stream *stream, uint8_t seq);
/** Keep what is to be kept of the next @p bytes of the message. @return false when memory is out. */
bool value_filter_keep(struct dissect *d, struct packet_stream *stream, struct span bytes);
/** @return how many bytes of each value are kept, in the request of which others were dropped. */
size_t value_filter_kept_of(const struct dissect_settings *settings);

#endif
