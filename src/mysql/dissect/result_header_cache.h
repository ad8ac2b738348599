/** @file result_header_cache.h  Heads of results that a thread has seen: the column count and the definitions, as they come over the wire. Most
 * results are of statements asked before, and comparing bytes is a small part of the work of looking into them.
 *
 *      [len 3][seq 1][columns]   [len 3][seq 1][definition …]   … of each column
 *
 * Threads: one owner.   Memory: embedded. */
#ifndef MYSQL_DISSECT_RESULT_HEADER_CACHE_H
#define MYSQL_DISSECT_RESULT_HEADER_CACHE_H

#include "base/span.h"

enum { HEADS_KNOWN = 32, HEAD_MAX = 2032 };

struct head {
        uint64_t agreed; /**< capabilities */
        uint16_t len;    /**< 0 = none */
        uint16_t packets;
        uint8_t bytes[HEAD_MAX];
};

struct heads {
        struct head known[HEADS_KNOWN]; /**< two places for each hash, which take turns */
        unsigned turn;
};

/** @return the one that @p reply begins with; NULL: none, or it is not known. */
const struct head *heads_find(const struct heads *h, struct span reply, uint64_t agreed);
/** @p head is of a result whose definitions are plain, under the capabilities @p agreed. */
void heads_keep(struct heads *h, struct span head, size_t packets, uint64_t agreed);

#endif
