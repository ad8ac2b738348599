#include "mysql/gate/secure_buffer.h"

#include "profile/heap/prof.h"

#include <string.h>

enum { SIZE_MIN = 256 };

bool secure_buffer_add(struct secure_buffer *b, struct span bytes)
{
        size_t used = b->len - b->from;
        if (bytes.len == 0) {
                return true;
        }
        if (bytes.len > b->size - b->len) {
                size_t need = used + bytes.len;
                size_t size = need < SIZE_MIN ? SIZE_MIN : need * 2;
                uint8_t *bigger = prof_alloc(STAGE_FRAME, size); /* realloc would leave a copy behind */
                if (bigger == NULL) {
                        return false;
                }
                if (used > 0) {
                        memcpy(bigger, b->data + b->from, used);
                }
                secure_buffer_fini(b);
                *b = (struct secure_buffer){.data = bigger, .len = used, .size = size};
        }
        memcpy(b->data + b->len, bytes.data, bytes.len);
        b->len += bytes.len;
        return true;
}

void secure_buffer_skip(struct secure_buffer *b, size_t n)
{
        b->from += n;
        if (b->from == b->len) {
                secure_buffer_clear(b);
        }
}

void secure_buffer_clear(struct secure_buffer *b)
{
        if (b->data != NULL) {
                explicit_bzero(b->data, b->len);
        }
        b->from = 0;
        b->len = 0;
}

void secure_buffer_fini(struct secure_buffer *b)
{
        secure_buffer_clear(b);
        prof_free(b->data);
        *b = (struct secure_buffer){NULL, 0, 0, 0};
}
