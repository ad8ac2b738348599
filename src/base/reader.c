#include "base/reader.h"

uint64_t reader_uint(struct reader *r, unsigned n)
{
        struct span s = reader_take(r, n);
        uint64_t value = 0;
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
