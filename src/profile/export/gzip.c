#include "profile/export/gzip.h"

#include "profile/heap/thread.h"

#define ZLIB_CONST
#include <zlib.h>

enum { HEAD = 16, PIECE = 16 * 1024, INPUT_MAX = 1 << 30, GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

/** The size stands before the block: zlib does not tell it when it frees. */
static void *take(void *opaque, unsigned n, unsigned size)
{
        (void)opaque;
        size_t whole = (size_t)n * size + HEAD;
        size_t *block = thread_map_for(LIB_ZLIB, whole);
        if (block == NULL) {
                return NULL;
        }
        *block = whole;
        return (uint8_t *)block + HEAD;
}

static void give_back(void *opaque, void *block)
{
        (void)opaque;
        void *whole = (uint8_t *)block - HEAD;
        thread_unmap_for(LIB_ZLIB, whole, *(size_t *)whole);
}

static bool run(z_stream *z, FILE *out, struct span data)
{
        uint8_t piece[PIECE];
        int status = Z_OK;
        while (status != Z_STREAM_END) {
                if (z->avail_in == 0 && data.len > 0) {
                        struct span next = span_head(data, INPUT_MAX);
                        z->next_in = next.data;
                        z->avail_in = (unsigned)next.len;
                        data = span_skip(data, next.len);
                }
                z->next_out = piece;
                z->avail_out = sizeof piece;
                status = deflate(z, data.len == 0 ? Z_FINISH : Z_NO_FLUSH);
                size_t n = sizeof piece - z->avail_out;
                if ((status != Z_OK && status != Z_STREAM_END) || fwrite(piece, 1, n, out) != n) {
                        return false;
                }
        }
        return true;
}

bool gzip_write(FILE *out, struct span data)
{
        z_stream z = {.zalloc = take, .zfree = give_back};
        if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
            Z_OK) {
                return false;
        }
        bool done = run(&z, out, data);
        (void)deflateEnd(&z);
        return done;
}

bool gzip_expand(FILE *out, struct span data)
{
        uint8_t piece[PIECE];
        z_stream z = {
            .zalloc = take, .zfree = give_back, .next_in = data.data, .avail_in = (unsigned)data.len};
        if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
                return false;
        }
        int status = Z_OK;
        bool is_written = true;
        while (status == Z_OK && is_written) {
                z.next_out = piece;
                z.avail_out = sizeof piece;
                status = inflate(&z, Z_NO_FLUSH); /* Z_BUF_ERROR at the end of data that is cut */
                size_t n = sizeof piece - z.avail_out;
                is_written = fwrite(piece, 1, n, out) == n;
        }
        (void)inflateEnd(&z);
        return status == Z_STREAM_END && is_written;
}
