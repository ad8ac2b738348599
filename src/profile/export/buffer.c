#include "profile/export/buffer.h"

#include "profile/heap/thread.h"

enum { FIRST_SIZE = 64 * 1024 };

static bool grow(struct buffer *b, size_t need)
{
        size_t size = b->size > 0 ? b->size : FIRST_SIZE;
        while (size < need) {
                if (size > SIZE_MAX / 2) {
                        return false;
                }
                size *= 2;
        }
        uint8_t *data = thread_map(size);
        if (data == NULL) {
                return false;
        }
        if (b->data != NULL) {
                memcpy(data, b->data, b->len);
                thread_unmap(b->data, b->size);
        }
        b->data = data;
        b->size = size;
        return true;
}

void *buffer_add(struct buffer *b, size_t n)
{
        size_t need;
        if (b->failed || __builtin_add_overflow(b->len, n, &need) || (need > b->size && !grow(b, need))) {
                b->failed = true;
                return NULL;
        }
        void *added = b->data + b->len;
        memset(added, 0, n);
        b->len = need;
        return added;
}

void buffer_put(struct buffer *b, const void *data, size_t n)
{
        void *added = n > 0 ? buffer_add(b, n) : NULL;
        if (added != NULL) {
                memcpy(added, data, n);
        }
}

void buffer_fini(struct buffer *b)
{
        if (b->data != NULL) {
                thread_unmap(b->data, b->size);
        }
        *b = (struct buffer){0};
}
