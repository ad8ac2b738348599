#include "mysql/gate/secure_buffer.h"

#include "profile/heap/prof.h"

#include <string.h>

enum { SIZE_MIN = 256 };

bool hold_add(struct hold *h, struct span bytes)
{
        size_t held = h->len - h->from;
        if (bytes.len == 0) {
                return true;
        }
        if (bytes.len > h->size - h->len) {
                size_t need = held + bytes.len;
                size_t size = need < SIZE_MIN ? SIZE_MIN : need * 2;
                uint8_t *bigger = prof_alloc(STAGE_FRAME, size); /* realloc would leave a copy behind */
                if (bigger == NULL) {
                        return false;
                }
                if (held > 0) {
                        memcpy(bigger, h->data + h->from, held);
                }
                hold_fini(h);
                *h = (struct hold){.data = bigger, .len = held, .size = size};
        }
        memcpy(h->data + h->len, bytes.data, bytes.len);
        h->len += bytes.len;
        return true;
}

void hold_skip(struct hold *h, size_t n)
{
        h->from += n;
        if (h->from == h->len) {
                hold_clear(h);
        }
}

void hold_clear(struct hold *h)
{
        if (h->data != NULL) {
                explicit_bzero(h->data, h->len);
        }
        h->from = 0;
        h->len = 0;
}

void hold_fini(struct hold *h)
{
        hold_clear(h);
        prof_free(h->data);
        *h = (struct hold){NULL, 0, 0, 0};
}
