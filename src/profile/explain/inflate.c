#include "profile/explain/inflate.h"

#include "profile/heap/prof.h"

#define ZLIB_CONST
#include <zlib.h>

enum { FIRST = 1 << 16, INPUT_MAX = 1 << 30, GZIP_WINDOW = 15 + 16 };

static void *take(void *opaque, unsigned n, unsigned size)
{
        (void)opaque;
        return prof_calloc(STAGE_MAIN, n, size);
}

static void give_back(void *opaque, void *block)
{
        (void)opaque;
        prof_free(block);
}

/** Double the buffer, up to @p most. */
static enum status widen(uint8_t **out, size_t *size, size_t most)
{
        if (*size >= most) {
                return STATUS_LIMIT;
        }
        size_t bigger = *size == 0 ? FIRST : *size > most / 2 ? most : 2 * *size;
        bigger = bigger < most ? bigger : most;
        uint8_t *moved = prof_realloc(STAGE_MAIN, *out, bigger);
        if (moved == NULL) {
                return STATUS_NOMEM;
        }
        *out = moved;
        *size = bigger;
        return STATUS_OK;
}

static enum status run(z_stream *z, struct span in, size_t most, uint8_t **out, size_t *len)
{
        size_t size = 0;
        struct span whole = span_head(in, INPUT_MAX);
        z->next_in = whole.data;
        z->avail_in = (unsigned)whole.len;
        for (;;) {
                if (*len == size) {
                        enum status status = widen(out, &size, most);
                        if (status != STATUS_OK) {
                                return status;
                        }
                }
                size_t left = size - *len;
                z->next_out = *out + *len;
                z->avail_out = (unsigned)left;
                int done = inflate(z, Z_NO_FLUSH);
                *len += left - z->avail_out;
                if (done == Z_STREAM_END) {
                        return STATUS_OK;
                }
                if (done == Z_MEM_ERROR) {
                        return STATUS_NOMEM;
                }
                if (done != Z_OK || (z->avail_in == 0 && z->avail_out > 0)) {
                        return STATUS_PROTOCOL;
                }
        }
}

enum status inflate_member(struct span in, size_t most, size_t *work, uint8_t **out, size_t *len,
                           size_t *used)
{
        z_stream z = {.zalloc = take, .zfree = give_back};
        *out = NULL;
        *len = *used = 0;
        if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
                return STATUS_NOMEM;
        }
        enum status status = run(&z, in, most < *work ? most : *work, out, len);
        *work -= *len < *work ? *len : *work;
        *used = (size_t)z.total_in;
        (void)inflateEnd(&z);
        if (status != STATUS_OK) {
                prof_free(*out);
                *out = NULL;
        }
        return status;
}
