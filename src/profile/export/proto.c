#include "profile/export/proto.h"

enum { VARINT_MAX = 10, TYPE_VARINT = 0, TYPE_LENGTH = 2 };

/** @return how many bytes of @p out it takes. */
static size_t encode(uint64_t value, uint8_t out[VARINT_MAX])
{
        size_t n = 0;
        while (value >= 0x80) {
                out[n++] = (uint8_t)(value | 0x80);
                value >>= 7;
        }
        out[n++] = (uint8_t)value;
        return n;
}

static void put_varint(struct buffer *b, uint64_t value)
{
        uint8_t bytes[VARINT_MAX];
        buffer_put(b, bytes, encode(value, bytes));
}

static void put_tag(struct buffer *b, unsigned field, unsigned type)
{
        put_varint(b, (uint64_t)field << 3 | type);
}

void proto_number(struct buffer *b, unsigned field, uint64_t value)
{
        if (value != 0) {
                put_tag(b, field, TYPE_VARINT);
                put_varint(b, value);
        }
}

void proto_text(struct buffer *b, unsigned field, struct span text)
{
        put_tag(b, field, TYPE_LENGTH);
        put_varint(b, text.len);
        buffer_put(b, text.data, text.len);
}

size_t proto_open(const struct buffer *b)
{
        return b->len;
}

void proto_close(struct buffer *b, unsigned field, size_t open)
{
        uint8_t head[2 * VARINT_MAX];
        size_t len = b->len - open;
        size_t n = encode((uint64_t)field << 3 | TYPE_LENGTH, head);
        n += encode(len, head + n);
        if (buffer_add(b, n) != NULL) {
                memmove(b->data + open + n, b->data + open, len);
                memcpy(b->data + open, head, n);
        }
}

void proto_packed(struct buffer *b, unsigned field, const uint64_t *values, size_t n)
{
        size_t open = proto_open(b);
        for (size_t i = 0; i < n; i++) {
                put_varint(b, values[i]);
        }
        if (n > 0) {
                proto_close(b, field, open);
        }
}
