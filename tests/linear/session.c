#include "session.h"

#include "capture/capture.h"
#include "mysql/record/record_packed.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_BYTES = 65536, RECORDER_BYTES = 65536 };

struct session s;

/** As a worker does it: into its ring. */
static void on_record(void *arg, struct record *r)
{
        (void)arg;
        size_t size = record_pack_size(r);
        if (size > s.packed_size) {
                free(s.packed);
                s.packed_size = 2 * size;
                s.packed = malloc(s.packed_size);
        }
        if (s.packed == NULL) {
                abort();
        }
        record_pack(r, s.packed);
        s.records++;
}

static void on_packet(void *arg, const struct packet *p)
{
        (void)arg;
        capture_add(s.capture, &s.track, p, p->mono_ns);
}

static void on_run(void *arg, const struct packet_run *run)
{
        (void)arg;
        capture_add_run(s.capture, &s.track, run, run->mono_ns);
}

void begin_packet(enum side side, uint8_t seq)
{
        if (s.pieces_n == 0 || s.pieces[s.pieces_n - 1].side != side) {
                if (s.pieces_n == s.pieces_size) {
                        s.pieces_size = 2 * s.pieces_size + 64;
                        s.pieces = realloc(s.pieces, s.pieces_size * sizeof *s.pieces);
                }
                if (s.pieces == NULL) {
                        abort();
                }
                s.pieces[s.pieces_n++] = (struct piece){side, s.w.at, 0};
        }
        s.packet_at = s.w.at;
        writer_uint(&s.w, 0, 3);
        writer_uint(&s.w, seq, 1);
}

void end_packet(void)
{
        struct writer head = writer_over(s.w.data + s.packet_at, 3);
        writer_uint(&head, s.w.at - s.packet_at - HEAD, 3);
        s.pieces[s.pieces_n - 1].len += s.w.at - s.packet_at;
        if (s.w.failed) {
                abort();
        }
}

void put_packet(enum side side, uint8_t seq, struct span payload)
{
        begin_packet(side, seq);
        writer_put(&s.w, payload);
        end_packet();
}

void put_ok(uint8_t seq, uint16_t status)
{
        begin_packet(SIDE_SERVER, seq);
        writer_bytes(&s.w, "\0\0\0", 3);
        writer_uint(&s.w, status, 2);
        writer_uint(&s.w, 0, 2);
        end_packet();
}

size_t session_feed(void)
{
        for (size_t i = 0; i < s.pieces_n; i++) {
                struct span bytes = span_of(s.w.data + s.pieces[i].at, s.pieces[i].len);
                for (; bytes.len > 0; bytes = span_skip(bytes, s.read_bytes)) {
                        s.now_ns += 1000;
                        dissect_feed(s.dissect, s.pieces[i].side, span_head(bytes, s.read_bytes), s.now_ns);
                }
        }
        if (dissect_verdict(s.dissect).opaque > 0 && !s.may_be_opaque) {
                (void)fprintf(stderr, "the session is not followed: %s\n",
                              dissect_view(s.dissect).opaque_reason);
                exit(1);
        }
        size_t bytes = s.w.at;
        s.w.at = 0;
        s.pieces_n = 0;
        return bytes;
}

static void put_login(void)
{
        uint64_t caps = s.capabilities;
        begin_packet(SIDE_SERVER, 0);
        writer_bytes(&s.w, "\x0a", 1);
        writer_bytes(&s.w, "9.9\0\7\0\0\0abcdefgh\0", 17);
        writer_uint(&s.w, caps, 2);
        writer_bytes(&s.w, "\xff\2\0", 3);
        writer_uint(&s.w, caps >> 16, 2);
        writer_bytes(&s.w, "\x15\0\0\0\0\0\0", 7);
        writer_uint(&s.w, caps >> 32, 4);
        writer_bytes(&s.w, "abcdefghijkl\0plugin", 20);
        end_packet();
        begin_packet(SIDE_CLIENT, 1);
        writer_uint(&s.w, caps, 4);
        writer_uint(&s.w, 1 << 24, 4);
        writer_uint(&s.w, 45, 1);
        writer_bytes(&s.w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
        writer_uint(&s.w, caps >> 32, 4);
        writer_bytes(&s.w, "user\0\0", 6);
        if ((caps & CAP_CONNECT_ATTRS) == 0) {
                end_packet();
                put_ok(2, 2);
        }
}

void session_open(size_t bytes, uint64_t capabilities)
{
        s.settings = (struct dissect_settings){.pool = &s.pool,
                                               .query_bytes = 1 << 20,
                                               .value_bytes = 4 << 20,
                                               .held_bytes = (size_t)1 << 30,
                                               .pipeline = UINT32_MAX,
                                               .statements = UINT32_MAX,
                                               .rows = 3,
                                               .lint = 16};
        s.capabilities = CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | capabilities;
        s.read_bytes = READ_BYTES;
        s.may_be_opaque = false;
        s.w = writer_over(malloc(8 * bytes + (1 << 20)), 8 * bytes + (1 << 20));
        s.dissect = dissect_new(&s.settings, (struct dissect_sink){.on_record = on_record});
        if (s.dissect == NULL || s.w.data == NULL) {
                abort();
        }
        put_login();
}

void session_begin(size_t bytes, uint64_t capabilities)
{
        session_open(bytes, capabilities);
        (void)session_feed();
}

void session_record(size_t bytes)
{
        session_open(bytes, 0);
        dissect_free(s.dissect);
        s.settings.packet_bytes = 256;
        s.capture = capture_new(RECORDER_BYTES, 1);
        s.track = (struct capture_track){0};
        s.dissect = dissect_new(
            &s.settings,
            (struct dissect_sink){.on_record = on_record, .on_packet = on_packet, .on_run = on_run});
        if (s.dissect == NULL || s.capture == NULL) {
                abort();
        }
        (void)session_feed();
}

void session_end(void)
{
        dissect_free(s.dissect);
        dissect_pool_drain(&s.pool);
        capture_free(s.capture);
        free(s.w.data);
        s.capture = NULL;
}
