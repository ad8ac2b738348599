#include "fuzz.h"

#include "base/writer.h"
#include "mysql/wire/capability.h"

#include <stdlib.h>
#include <string.h>

void fuzz_piece(struct fuzz_tape *t, char mark, struct span bytes)
{
        struct writer w = writer_over(t->bytes + t->len, sizeof t->bytes - t->len);
        writer_char(&w, mark);
        writer_uint(&w, bytes.len, 4);
        writer_put(&w, bytes);
        t->len += w.failed ? 0 : w.at;
}

static void put_packet(struct fuzz_tape *t, char mark, uint8_t seq, struct writer *payload)
{
        uint8_t room[512];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, payload->at, 3);
        writer_uint(&w, seq, 1);
        writer_put(&w, writer_span(payload));
        fuzz_piece(t, mark, writer_span(&w));
}

struct fuzz_tape fuzz_login(uint8_t variant)
{
        static const uint64_t choices[8] = {
            CAP_DEPRECATE_EOF,
            CAP_SESSION_TRACK,
            CAP_QUERY_ATTRIBUTES,
            CAP_OPTIONAL_METADATA,
            CAP_MARIADB_CACHE_METADATA | CAP_MARIADB_EXTENDED_META,
            CAP_MARIADB_PROGRESS,
            CAP_MULTI_RESULTS,
            CAP_PLUGIN_AUTH | CAP_CONNECT_ATTRS,
        };
        static const uint8_t collations[4] = {0x2d, 8, 28, 13}; /* utf8mb4, latin1, gbk, sjis */
        uint64_t caps = CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION;
        for (int i = 0; i < 8; i++) {
                caps |= (variant >> i & 1) != 0 ? choices[i] : 0;
        }
        struct fuzz_tape t = {.len = 0};
        uint8_t room[256];
        struct writer w = writer_over(room, sizeof room);
        writer_bytes(&w,
                     "\x0a"
                     "5.5\0\1\0\0\0abcdefgh\0",
                     18);
        writer_uint(&w, caps, 2);
        writer_bytes(&w, "\x2d\2\0", 3);
        writer_uint(&w, caps >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0", 7);
        writer_uint(&w, caps >> 32, 4);
        writer_bytes(&w, "abcdefghijkl\0plugin", 20);
        put_packet(&t, 'S', 0, &w);
        w = writer_over(room, sizeof room);
        writer_uint(&w, caps, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, collations[(variant ^ variant >> 4) & 3], 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
        writer_uint(&w, caps >> 32, 4);
        writer_bytes(&w, "u\0\0", 3);
        put_packet(&t, 'C', 1, &w);
        fuzz_piece(&t, 'S', span_of("\x07\0\0\2\0\0\0\2\0\0\0", 11));
        return t;
}

void fuzz_prepare(struct fuzz_tape *t, uint8_t params)
{
        uint8_t reply[] = {12, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, params, 0, 0, 0, 0};
        fuzz_piece(t, 'C', span_of("\x05\0\0\0\x16? ?\0", 9));
        fuzz_piece(t, 'S', span_of(reply, sizeof reply));
        for (uint8_t i = 0; i < params; i++) {
                fuzz_piece(t, 'S', span_of("\x01\0\0\2\x03", 5));
        }
        fuzz_piece(t, 'S',
                   span_of("\x05\0\0\4\xfe\0\0\2\0", 9)); /* opaque under DEPRECATE_EOF: that too is a case */
}

_Noreturn void fuzz_fail(const char *what, const char *a, const char *b)
{
        (void)fprintf(stderr, "%s\n--- one ---\n%s\n--- other ---\n%s\n", what, a, b);
        abort();
}

void fuzz_check(const struct fuzz_tape *t)
{
        const struct tape_options whole = {.packet_bytes = 64, .query_bytes = 512, .rows = 3};
        const struct tape_options bytewise = {.split = 1, .packet_bytes = 64, .query_bytes = 512, .rows = 3};
        const struct tape_options plain = {.query_bytes = 512, .hash_rows = 4};
        const struct tape_options plain_bytewise = {.query_bytes = 512, .hash_rows = 4, .split = 1};
        const struct tape_options tight = {.rows = 1000, .held_bytes = 2000};
        const struct tape_options single = {
            .packet_bytes = 64, .query_bytes = 512, .apart = true, .tick_ns = 5000};
        const struct tape_options runs = {
            .packet_bytes = 64, .query_bytes = 512, .runs = true, .tick_ns = 5000};
        char *a = tape_records(span_of(t->bytes, t->len), &whole);
        char *b = tape_records(span_of(t->bytes, t->len), &bytewise);
        if (strcmp(a, b) != 0) {
                fuzz_fail("records differ by how the bytes were cut", a, b);
        }
        free(a);
        free(b);
        a = tape_records(span_of(t->bytes, t->len), &single);
        b = tape_records(span_of(t->bytes, t->len), &runs);
        if (strcmp(a, b) != 0) {
                fuzz_fail("packets differ by how they are shown", a, b);
        }
        free(a);
        free(b);
        a = tape_records(span_of(t->bytes, t->len), &plain);
        b = tape_records(span_of(t->bytes, t->len), &plain_bytewise);
        if (strcmp(a, b) != 0) {
                fuzz_fail("records without packets differ by how the bytes were cut", a, b);
        }
        free(a);
        free(b);
        free(tape_records(span_of(t->bytes, t->len), &tight));
}
