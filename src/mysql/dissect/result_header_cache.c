#include "mysql/dissect/result_header_cache.h"

#include "mysql/wire/frame.h"

/** @return the place of @p reply's header: a hash of the count of columns and of the first definition's length and names, which stand
 *  before its fixed fields. RESULT_HEADERS: such a header is not kept. */
static inline __attribute__((always_inline)) size_t place_of(struct span reply)
{
        enum { FIXED = 13, NAMES = 8, SHORT = 24, FRONT = FRAME_HEADER_SIZE + 2 + FRAME_HEADER_SIZE };
        if (reply.len < FRONT) {
                return RESULT_HEADERS;
        }
        size_t count = reply.data[0]; /* its payload's length: one, or two */
        size_t first = FRAME_HEADER_SIZE + (count & 3);
        size_t length = reply.data[first];
        size_t end = first + FRAME_HEADER_SIZE + length;
        if (length < SHORT || end > reply.len) { /* no real definition is that short */
                return RESULT_HEADERS;
        }
        uint64_t names;
        uint64_t front;
        memcpy(&names, reply.data + end - FIXED - NAMES, sizeof names);
        memcpy(&front, reply.data + first - 1, sizeof front);
        return (names ^ front) * 0x9e3779b97f4a7c15U >> 59; /* 2^64 by the golden ratio */
}

_Static_assert(RESULT_HEADERS == 1 << (64 - 59), "a place for each hash");
_Static_assert(sizeof(struct result_header) == 8192, "a place is found by a shift");

static bool is_it(const struct result_header *known, struct span reply, uint64_t agreed)
{
        return known->len > 0 && known->len <= reply.len && known->agreed == agreed &&
               memcmp(known->bytes, reply.data, known->len) == 0;
}

const struct result_header *result_header_cache_find(const struct result_header_cache *cache,
                                                     struct span reply, uint64_t agreed)
{
        size_t place = place_of(reply);
        if (place == RESULT_HEADERS) {
                return NULL;
        }
        if (is_it(&cache->known[place], reply, agreed)) {
                return &cache->known[place];
        }
        return is_it(&cache->known[place ^ 1], reply, agreed) ? &cache->known[place ^ 1] : NULL;
}

void result_header_cache_add(struct result_header_cache *cache, struct span header, size_t packets,
                             uint64_t agreed, const struct row_columns *columns)
{
        size_t place = place_of(header);
        if (place == RESULT_HEADERS || header.len > RESULT_HEADER_MAX) {
                return;
        }
        struct result_header *known = &cache->known[place ^ (cache->turn++ & 1)];
        known->agreed = agreed;
        known->len = (uint16_t)header.len;
        known->packets = (uint16_t)packets;
        known->columns = *columns;
        memcpy(known->bytes, header.data, header.len);
}
