#include "base/reader.h"

uint64_t reader_uint(struct reader *r, unsigned n)
{
        if (n == 4) { /* most numbers have 4 or 8 bytes */
                return reader_u32(r);
        }
        struct span s = reader_take(r, n);
        uint64_t value = 0;
        if (s.len == sizeof value) {
                const uint8_t *p = s.data;
                return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
                       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
                       (uint64_t)p[7] << 56;
        }
        for (size_t i = s.len; i > 0; i--) {
                value = value << 8 | s.data[i - 1];
        }
        return value;
}

struct span reader_nul(struct reader *r)
{
        size_t left = reader_left(r);
        const uint8_t *end = left > 0 ? memchr(r->data + r->at, 0, left) : NULL;
        if (end == NULL) {
                r->failed = true;
                return (struct span){NULL, 0};
        }
        struct span s = {r->data + r->at, (size_t)(end - (r->data + r->at))};
        r->at += s.len + 1;
        return s;
}
