/* The gate under any policy: both sides say what the input makes of them; however that is cut, the same goes out.
 *
 *      [policy][plugin, capabilities] then pieces: [bit 0: side, bit 1: raw, else a packet][length][bytes] */
#include "fuzz.h"
#include "mysql/gate/gate.h"
#include "mysql/wire/capability.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 19 };

static bool seal(void *arg, struct span pem, struct span secret, struct writer *out)
{
        (void)arg;
        writer_put(out, secret);
        return pem.len != 3;
}

static bool unseal(void *arg, struct span sealed, struct writer *out)
{
        (void)arg;
        writer_put(out, span_head(sealed, 300));
        return sealed.len != 3;
}

static struct span public_key(void *arg)
{
        (void)arg;
        return span_str("-----BEGIN PUBLIC KEY");
}

struct run {
        struct gate *gate;
        enum gate_step last;
        size_t split;
        uint8_t seq[2];
        uint8_t *out[2];
        size_t out_len[2];
};

static void note(struct run *r, const struct gate_out *out)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                struct span s = span_head(out->to[side], OUT_MAX - r->out_len[side]);
                if (s.len > 0) {
                        memcpy(r->out[side] + r->out_len[side], s.data, s.len);
                        r->out_len[side] += s.len;
                }
        }
}

static void feed(struct run *r, enum side from, struct span bytes)
{
        while (bytes.len > 0 && r->last <= GATE_SERVER_TLS) {
                struct gate_out out;
                size_t n = r->split < bytes.len ? r->split : bytes.len;
                r->last = gate_feed(r->gate, from, span_head(bytes, n), &out);
                bytes = span_skip(bytes, n);
                note(r, &out);
                if (r->last == GATE_SERVER_TLS) {
                        r->last = gate_secured(r->gate, &out);
                        note(r, &out);
                } else if (r->last == GATE_CLIENT_TLS) {
                        feed(r, from, out.rest); /* as if it were decrypted */
                }
                gate_sent(r->gate);
        }
}

static void put_packet(struct run *r, enum side from, struct span payload)
{
        uint8_t room[512];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, payload.len, 3);
        writer_uint(&w, r->seq[from], 1);
        writer_put(&w, payload);
        r->seq[SIDE_CLIENT] = (uint8_t)(r->seq[SIDE_CLIENT] + 1);
        r->seq[SIDE_SERVER] = (uint8_t)(r->seq[SIDE_SERVER] + 1);
        if (from == SIDE_CLIENT && r->last <= GATE_SERVER_TLS) {
                (void)gate_closes(r->gate, span_head(writer_span(&w), r->split));
        }
        feed(r, from, writer_span(&w));
}

static void put_greeting(struct run *r, uint8_t variant)
{
        static const char *const plugins[] = {"caching_sha2_password", "sha256_password",
                                              "mysql_native_password", ""};
        uint64_t caps =
            CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_PLUGIN_AUTH | CAP_AUTH_LENENC;
        caps |= (variant & 4) != 0 ? CAP_SSL : 0;
        caps |= (variant & 8) != 0 ? CAP_MULTI_FACTOR : 0;
        caps |= (variant & 16) != 0 ? CAP_COMPRESS : 0;
        uint8_t room[200];
        struct writer w = writer_over(room, sizeof room);
        writer_bytes(&w,
                     "\x0a"
                     "9\0\1\0\0\0abcdefgh\0",
                     16);
        writer_uint(&w, caps, 2);
        writer_bytes(&w, "\x2d\2\0", 3);
        writer_uint(&w, caps >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0", 24);
        writer_text(&w, plugins[variant & 3]);
        writer_char(&w, '\0');
        put_packet(r, SIDE_SERVER, writer_span(&w));
}

static void play(struct run *r, const struct gate_policy *policy, struct span in)
{
        struct reader reader = reader_over(in);
        r->gate = gate_new(policy);
        if (r->gate == NULL) {
                abort();
        }
        uint8_t variant = reader_u8(&reader);
        if ((variant & 32) == 0) {
                put_greeting(r, variant);
        }
        while (reader_left(&reader) > 2) {
                uint8_t kind = reader_u8(&reader);
                uint8_t len = reader_u8(&reader);
                struct span bytes =
                    reader_take(&reader, len < reader_left(&reader) ? len : reader_left(&reader));
                enum side from = (kind & 1) != 0 ? SIDE_SERVER : SIDE_CLIENT;
                if ((kind & 4) != 0) {
                        r->seq[SIDE_CLIENT] = 0;
                        r->seq[SIDE_SERVER] = 0;
                }
                if ((kind & 2) != 0) {
                        feed(r, from, bytes);
                } else {
                        put_packet(r, from, bytes);
                }
        }
        if (r->last > GATE_SERVER_TLS) {
                return; /* refused: nothing goes out any more */
        }
        struct gate_out out = {.to = {gate_end(r->gate, SIDE_SERVER), {NULL, 0}}};
        note(r, &out);
        out = (struct gate_out){.to = {{NULL, 0}, gate_end(r->gate, SIDE_CLIENT)}};
        note(r, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t p = size > 0 ? data[0] : 0;
        const struct gate_policy policy = {(enum gate_client_tls)(p & 3),
                                           (enum gate_server_tls)(p >> 2 & 3),
                                           (p & 16) != 0,
                                           (p & 32) != 0,
                                           seal,
                                           unseal,
                                           public_key,
                                           NULL};
        struct run runs[2] = {{.split = SIZE_MAX}, {.split = 1}};
        for (int i = 0; i < 2; i++) {
                runs[i].out[0] = malloc(OUT_MAX);
                runs[i].out[1] = malloc(OUT_MAX);
                play(&runs[i], &policy, span_skip(span_of(data, size), 1));
        }
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                if (!span_equal(span_of(runs[0].out[side], runs[0].out_len[side]),
                                span_of(runs[1].out[side], runs[1].out_len[side]))) {
                        fuzz_fail("other bytes by how they were cut",
                                  side == SIDE_CLIENT ? "to the client" : "to the server", "");
                }
        }
        const char *a = gate_reason(runs[0].gate);
        const char *b = gate_reason(runs[1].gate);
        if (a != b || runs[0].last != runs[1].last) {
                fuzz_fail("another verdict by how the bytes were cut", a != NULL ? a : "-",
                          b != NULL ? b : "-");
        }
        for (int i = 0; i < 2; i++) {
                gate_free(runs[i].gate);
                free(runs[i].out[0]);
                free(runs[i].out[1]);
        }
        return 0;
}
