/** @file filtered_request.h  How far the values of a request have been read that arrives in pieces; value_filter.h moves it on.
 *
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_DISSECT_FILTERED_REQUEST_H
#define MYSQL_DISSECT_FILTERED_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/** Which commands that change what an execution means have arrived last: sequence numbers within the session, 0 = none has. Whether
 *  they are still in flight, the head of the queue shows. */
struct pending_commands {
        uint64_t prepare;
        uint64_t long_data;
        uint64_t any;     /**< of a prepared statement */
        uint64_t counted; /**< the COM_STMT_PREPARE whose parameters were counted */
        uint64_t params;  /**< so many it has */
};

struct value_filter {
        enum value_filter_step step;
        bool is_bulk;
        bool has_names; /**< the types are followed by names */
        bool has_types; /**< the request has types; else those of the last execution hold */
        bool
            is_pending; /**< the statement is still being prepared: its parameters were counted in its text */
        uint32_t stmt_id;
        uint64_t keep;    /**< bytes to keep before the next step */
        uint64_t drop;    /**< bytes to drop after them */
        uint64_t dropped; /**< of the message so far */
        uint64_t n_own;   /**< parameters of the statement */
        uint64_t n;       /**< values; of COM_STMT_BULK_EXECUTE, of each row */
        uint64_t i;       /**< the value or the type that comes next */
        /* positions in what is kept */
        size_t token_at; /**< of the length that is read */
        size_t bitmap_at;
        size_t types_at;
        size_t type_at; /**< of value i */
};

#endif
