/** @file result_header_cache.h  The headers of results that a thread has seen: the column count and the definitions, as they come over the wire.
 * Most results are those of statements that came before, and comparing bytes is much less work than parsing them.
 *
 *      [len 3][seq 1][columns]   [len 3][seq 1][definition …]   … of each column
 *
 * Threads: one owner.   Memory: embedded. */
#ifndef MYSQL_DISSECT_RESULT_HEADER_CACHE_H
#define MYSQL_DISSECT_RESULT_HEADER_CACHE_H

#include "mysql/dissect/row_columns.h"

/* A header is 8 KiB in all, so that a place is found by a shift: some 130 columns. A thread has 256 KiB of them. */
enum { RESULT_HEADERS = 32, RESULT_HEADER_MAX = 8192 - 64 };

struct result_header {
        uint64_t agreed; /**< capabilities */
        uint16_t len;    /**< 0 = none */
        uint16_t packets;
        struct row_columns columns; /**< if rows are hashed */
        uint8_t bytes[RESULT_HEADER_MAX];
};

struct result_header_cache {
        struct result_header known[RESULT_HEADERS]; /**< two places for each hash, which take turns */
        unsigned turn;
};

/** @return the known header that @p reply begins with; NULL: there is none. */
const struct result_header *result_header_cache_find(const struct result_header_cache *cache,
                                                     struct span reply, uint64_t agreed);
/** Remember a header whose definitions are plain (lint_is_plain_definition) under the capabilities @p agreed. */
void result_header_cache_add(struct result_header_cache *cache, struct span header, size_t packets,
                             uint64_t agreed, const struct row_columns *columns);

#endif
