#include "mysql/dissect/value_buffer.h"

#include "profile/heap/prof.h"

enum { VALUES_MAX = 2 * 65536 };

struct value *value_buffer_take(struct value_buffer *buffer, size_t n)
{
        if (n > VALUES_MAX) {
                return NULL;
        }
        if (n > buffer->size) {
                prof_free(buffer->at);
                buffer->at = prof_alloc(STAGE_DISSECT, n * sizeof *buffer->at);
                buffer->size = buffer->at != NULL ? n : 0;
        }
        if (buffer->at != NULL) {
                memset(buffer->at, 0, n * sizeof *buffer->at);
        }
        return buffer->at;
}

void value_buffer_drop(struct value_buffer *buffer)
{
        prof_free(buffer->at);
        *buffer = (struct value_buffer){NULL, 0};
}
