/* The compressed protocol: frames of all kinds, in any split; frames that lie. */
#include "base/writer.h"
#include "mysql/wire/compress.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

enum { ROOM = 400 * 1024 };

struct seen {
        uint8_t *bytes;
        size_t len;
        size_t largest;
        unsigned frames;
        uint8_t last_seq;
        size_t wire;
};

static void add(struct seen *s, const struct compress_output *out)
{
        CU_ASSERT_TRUE_FATAL(s->len + out->bytes.len <= ROOM);
        (void)span_copy(s->bytes + s->len, out->bytes);
        s->len += out->bytes.len;
        s->largest = out->bytes.len > s->largest ? out->bytes.len : s->largest;
        s->frames += out->begins_frame ? 1 : 0;
        s->last_seq = out->begins_frame ? out->seq : s->last_seq;
        s->wire += out->wire;
}

static void put_frame(struct writer *w, uint8_t seq, struct span payload, size_t announced)
{
        writer_uint(w, payload.len, 3);
        writer_uint(w, seq, 1);
        writer_uint(w, announced, 3);
        writer_put(w, payload);
}

/** @p plain as a frame of @p algorithm, that announces @p more bytes than it has. */
static void put_compressed(struct writer *w, uint8_t seq, enum compress_algorithm algorithm,
                           struct span plain, size_t announced, struct span behind)
{
        uint8_t *room = malloc(ROOM);
        struct writer payload = writer_over(room, ROOM);
        if (algorithm == COMPRESS_ZLIB) {
                uLongf len = ROOM;
                CU_ASSERT_EQUAL_FATAL(compress2(room, &len, plain.data, plain.len, 6), Z_OK);
                payload.at = len;
        } else {
                payload.at = ZSTD_compress(room, ROOM, plain.data, plain.len, 3);
        }
        writer_put(&payload, behind);
        put_frame(w, seq, writer_span(&payload), announced);
        free(room);
}

/** @p seen may be NULL. @return why it can't be decompressed, or NULL. */
static const char *feed_once(struct compress *c, struct span in, struct seen *seen)
{
        uint8_t piece[COMPRESS_PIECE];
        struct compress_output out;
        while (compress_next(c, &in, piece, &out)) {
                if (seen != NULL) {
                        add(seen, &out);
                }
                if (out.give_up != NULL) {
                        return out.give_up;
                }
        }
        CU_ASSERT_EQUAL(in.len, 0);
        return NULL;
}

/** Feed @p in at most @p split bytes at once. */
static const char *feed(struct compress *c, struct span in, size_t split, struct seen *seen)
{
        const char *lost = NULL;
        while (in.len > 0 && lost == NULL) {
                size_t n = split > 0 && split < in.len ? split : in.len;
                lost = feed_once(c, span_head(in, n), seen);
                in = span_skip(in, n);
        }
        return lost;
}

static const char *run(struct span in, enum compress_algorithm algorithm, size_t split, struct seen *seen)
{
        struct compress *c = compress_new(algorithm);
        seen->len = 0;
        seen->frames = 0;
        seen->wire = 0;
        const char *lost = feed(c, in, split, seen);
        compress_free(c);
        return lost;
}

static void frames_in_any_split(void)
{
        struct seen seen = {.bytes = malloc(ROOM)};
        uint8_t *wire = malloc(ROOM);
        uint8_t *plain = malloc(200000);
        for (size_t i = 0; i < 200000; i++) {
                plain[i] = (uint8_t)(i % 97 * (i / 1000));
        }
        for (enum compress_algorithm algorithm = COMPRESS_ZLIB; algorithm <= COMPRESS_ZSTD; algorithm++) {
                struct writer w = writer_over(wire, ROOM);
                put_frame(&w, 0, span_of(plain, 10), 0); /* stored */
                put_compressed(&w, 1, algorithm, span_of(plain + 10, 150000), 150000, (struct span){NULL, 0});
                put_frame(&w, 2, (struct span){NULL, 0}, 0); /* nothing at all */
                put_compressed(&w, 3, algorithm, span_of(plain + 150010, 49990), 49990,
                               (struct span){NULL, 0});
                for (size_t split = 0; split < 9; split++) {
                        CU_ASSERT_PTR_NULL(run(writer_span(&w), algorithm, split, &seen));
                        CU_ASSERT_TRUE(span_equal(span_of(seen.bytes, seen.len), span_of(plain, 200000)));
                        CU_ASSERT_TRUE(seen.frames == 4 && seen.last_seq == 3);
                        CU_ASSERT_EQUAL(seen.wire, w.at);
                        CU_ASSERT_TRUE(seen.largest <= 8192);
                }
        }
        CU_ASSERT_STRING_EQUAL(compress_name(COMPRESS_ZLIB), "zlib");
        CU_ASSERT_STRING_EQUAL(compress_name(COMPRESS_ZSTD), "zstd");
        free(plain);
        free(wire);
        free(seen.bytes);
}

static void frames_that_lie(void)
{
        struct seen seen = {.bytes = malloc(ROOM)};
        uint8_t *wire = malloc(ROOM);
        uint8_t *zeros = calloc(1, 100000);
        for (enum compress_algorithm algorithm = COMPRESS_ZLIB; algorithm <= COMPRESS_ZSTD; algorithm++) {
                for (size_t split = 0; split < 3; split++) {
                        struct writer w = writer_over(wire, ROOM);
                        put_compressed(&w, 0, algorithm, span_of(zeros, 100000), 99999,
                                       (struct span){NULL, 0});
                        const char *lost = run(writer_span(&w), algorithm, split, &seen);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
                        CU_ASSERT_PTR_NOT_NULL(strstr(lost, "to the length that it announces"));
                        CU_ASSERT_TRUE(seen.len < 100000);
                        w = writer_over(wire, ROOM);
                        put_compressed(&w, 0, algorithm, span_of(zeros, 100000), 100001,
                                       (struct span){NULL, 0});
                        lost = run(writer_span(&w), algorithm, split, &seen);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
                        CU_ASSERT_PTR_NOT_NULL(strstr(lost, "less than it announces"));
                        w = writer_over(wire, ROOM);
                        put_compressed(&w, 0, algorithm, span_of(zeros, 1000), 1000, span_str("tail"));
                        lost = run(writer_span(&w), algorithm, split, &seen);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
                        CU_ASSERT_PTR_NOT_NULL(strstr(lost, "after its end"));
                        w = writer_over(wire, ROOM);
                        put_frame(&w, 0, span_str("this is not compressed at all"), 100);
                        lost = run(writer_span(&w), algorithm, split, &seen);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
                        CU_ASSERT_PTR_NOT_NULL(strstr(lost, "can't be decompressed"));
                        w = writer_over(wire, ROOM);
                        put_frame(&w, 0, (struct span){NULL, 0}, 100); /* of no bytes, and yet 100 */
                        CU_ASSERT_PTR_NOT_NULL(run(writer_span(&w), algorithm, split, &seen));
                }
        }
        free(zeros);
        free(wire);
        free(seen.bytes);
}

/** The library's memory is told from the stage's own. */
static void memory_is_the_librarys(void)
{
        static const struct {
                enum compress_algorithm algorithm;
                enum prof_lib lib;
        } kinds[] = {{COMPRESS_ZLIB, LIB_ZLIB}, {COMPRESS_ZSTD, LIB_ZSTD}};
        uint8_t *wire = malloc(ROOM);
        uint8_t *zeros = calloc(1, 100000);
        for (size_t i = 0; i < 2; i++) {
                struct writer w = writer_over(wire, ROOM);
                put_compressed(&w, 0, kinds[i].algorithm, span_of(zeros, 100000), 100000,
                               (struct span){NULL, 0});
                struct compress *c = compress_new(kinds[i].algorithm);
                int64_t own = prof_read(STAGE_FRAME, LIB_OWN).current_bytes_used;
                int64_t others = prof_read(STAGE_MAIN, LIB_COUNT).current_bytes_used;
                int64_t before = prof_read(STAGE_FRAME, kinds[i].lib).current_bytes_used;
                CU_ASSERT_PTR_NULL(feed_once(c, span_head(writer_span(&w), w.at - 1), NULL));
                CU_ASSERT_TRUE(prof_read(STAGE_FRAME, kinds[i].lib).current_bytes_used > before + 30000);
                CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, LIB_OWN).current_bytes_used, own);
                CU_ASSERT_EQUAL(prof_read(STAGE_MAIN, LIB_COUNT).current_bytes_used, others);
                compress_free(c);
                CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, kinds[i].lib).current_bytes_used, before);
        }
        free(zeros);
        free(wire);
}

/** What zstd refers back to in a large frame is not kept beyond it. */
static void large_memory_is_given_back(void)
{
        uint8_t *wire = malloc(ROOM);
        uint8_t *zeros = calloc(1, 8 << 20);
        struct writer w = writer_over(wire, ROOM);
        put_compressed(&w, 0, COMPRESS_ZSTD, span_of(zeros, 8 << 20), 8 << 20, (struct span){NULL, 0});
        struct compress *c = compress_new(COMPRESS_ZSTD);
        CU_ASSERT_PTR_NULL(feed_once(c, span_head(writer_span(&w), w.at - 1), NULL));
        CU_ASSERT_TRUE(prof_read(STAGE_FRAME, LIB_COUNT).current_bytes_used > 2 << 20);
        CU_ASSERT_PTR_NULL(feed_once(c, span_skip(writer_span(&w), w.at - 1), NULL));
        CU_ASSERT_TRUE(prof_read(STAGE_FRAME, LIB_COUNT).current_bytes_used < 1 << 20);
        compress_free(c);
        free(zeros);
        free(wire);
}

static void memory_fails(void)
{
        struct seen seen = {.bytes = malloc(ROOM)};
        uint8_t *wire = malloc(ROOM);
        uint8_t *zeros = calloc(1, 100000);
        int64_t before = prof_read(STAGE_FRAME, LIB_COUNT).current_count_used;
        for (enum compress_algorithm algorithm = COMPRESS_ZLIB; algorithm <= COMPRESS_ZSTD; algorithm++) {
                struct writer w = writer_over(wire, ROOM);
                put_compressed(&w, 0, algorithm, span_of(zeros, 100000), 100000, (struct span){NULL, 0});
                for (uint64_t nth = 1; nth < 8; nth++) {
                        seen.len = 0;
                        prof_fail_nth(nth);
                        struct compress *c = compress_new(algorithm);
                        const char *lost = c != NULL ? feed(c, writer_span(&w), 0, &seen) : "out of memory";
                        prof_fail_nth(0);
                        CU_ASSERT_TRUE(lost != NULL || seen.len == 100000);
                        CU_ASSERT_TRUE(nth > 2 || lost != NULL);
                        compress_free(c);
                }
        }
        CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, LIB_COUNT).current_count_used, before);
        free(zeros);
        free(wire);
        free(seen.bytes);
}

static const struct tap_test tests[] = {
    {"frames in any split", frames_in_any_split},
    {"frames that lie", frames_that_lie},
    {"memory is the library's", memory_is_the_librarys},
    {"large memory is given back", large_memory_is_given_back},
    {"memory fails", memory_fails},
};

int main(void)
{
        return TAP_RUN("compress", tests);
}
