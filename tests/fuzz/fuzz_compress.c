/* The compressed protocol's frames: whatever they hold and however they are cut, the same bytes come out; of a broken zstd
 * frame, which zstd may find broken a little earlier or later, at least the same beginning. */
#include "fuzz.h"
#include "mysql/wire/compress.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 20 };

struct out {
        uint8_t *bytes;
        size_t len;
        unsigned frames;
        size_t wire;
};

static void add(struct out *o, struct span bytes)
{
        size_t room = OUT_MAX - o->len;
        size_t n = bytes.len < room ? bytes.len : room;
        if (n > 0) {
                memcpy(o->bytes + o->len, bytes.data, n);
                o->len += n;
        }
}

/** @return why it can't be decompressed, or NULL. */
static const char *feed(struct compress *c, struct span in, struct out *o)
{
        uint8_t piece[COMPRESS_PIECE];
        struct compress_output out;
        while (compress_next(c, &in, piece, &out)) {
                add(o, out.bytes);
                o->wire += out.wire;
                o->frames += out.begins_frame ? 1 : 0;
                if (out.give_up != NULL) {
                        return out.give_up;
                }
        }
        return NULL;
}

static const char *run(enum compress_algorithm algorithm, struct span in, size_t split, struct out *o)
{
        struct compress *c = compress_new(algorithm);
        const char *lost = c == NULL ? "out of memory" : NULL;
        o->len = 0;
        o->frames = 0;
        o->wire = 0;
        while (in.len > 0 && lost == NULL) {
                size_t n = in.len < split ? in.len : split;
                lost = feed(c, span_head(in, n), o);
                in = span_skip(in, n);
        }
        compress_free(c);
        return lost;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum compress_algorithm algorithm = size > 0 && (data[0] & 1) != 0 ? COMPRESS_ZSTD : COMPRESS_ZLIB;
        struct span in = span_skip(span_of(data, size), 1);
        struct out whole = {.bytes = malloc(OUT_MAX)};
        struct out bytewise = {.bytes = malloc(OUT_MAX)};
        const char *a = run(algorithm, in, SIZE_MAX, &whole);
        const char *b = run(algorithm, in, 1, &bytewise);
        if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0)) {
                fuzz_fail("another verdict by how the bytes were cut", a != NULL ? a : "fine",
                          b != NULL ? b : "fine");
        }
        if (a != NULL && algorithm == COMPRESS_ZSTD) {
                whole.len = bytewise.len = whole.len < bytewise.len ? whole.len : bytewise.len;
        }
        if (!span_equal(span_of(whole.bytes, whole.len), span_of(bytewise.bytes, bytewise.len)) ||
            whole.frames != bytewise.frames || whole.wire != bytewise.wire) {
                char sizes[2][64];
                (void)snprintf(sizes[0], sizeof sizes[0], "%zu bytes, %u frames", whole.len, whole.frames);
                (void)snprintf(sizes[1], sizeof sizes[1], "%zu bytes, %u frames", bytewise.len,
                               bytewise.frames);
                fuzz_fail("other bytes by how they were cut", sizes[0], sizes[1]);
        }
        free(whole.bytes);
        free(bytewise.bytes);
        return 0;
}
