#include "mysql/gate/gate_bench.h"

#include "mysql/wire/handshake.h"
#include "packets.h"

static char own_key[] = "KEY";

static const char scramble[] = "abcdefghijklmnopqrst"; /* of 20 bytes, as the greeting below has it */

static bool seal(void *arg, struct span pem, struct span secret, struct writer *out)
{
        (void)arg;
        writer_put(out, span_head(pem, 1));
        writer_put(out, secret);
        return pem.len > 0 && pem.data[0] != '!';
}

static bool unseal(void *arg, struct span sealed, struct writer *out)
{
        (void)arg;
        writer_put(out, span_skip(sealed, 1));
        return sealed.len > 0 && sealed.data[0] == 'K';
}

static struct span public_key(void *arg)
{
        return span_str(arg);
}

struct gate_policy bench_policy(enum gate_client_tls client, enum gate_server_tls server)
{
        return (struct gate_policy){client, server, false, false, seal, unseal, public_key, own_key};
}

struct span bench_seen(struct gate_bench *b, enum side side)
{
        struct span s = span_of(b->seen[side], b->seen_len[side]);
        b->seen_len[side] = 0;
        return s;
}

enum gate_step bench_feed(struct gate_bench *b, enum side from, struct span bytes)
{
        enum gate_step step = GATE_GO;
        while (bytes.len > 0 && step == GATE_GO) {
                size_t n = b->split > 0 && b->split < bytes.len ? b->split : bytes.len;
                step = gate_feed(b->gate, from, span_head(bytes, n), &b->out);
                bench_note(b);
                bytes = span_skip(bytes, n);
        }
        return step;
}

enum gate_step bench_send(struct gate_bench *b, enum side from, uint8_t seq, struct span payload)
{
        return bench_feed(b, from, packets_one(b->room, sizeof b->room, seq, payload));
}

struct span bench_greeting(uint8_t *room, uint64_t capabilities, const char *plugin)
{
        struct writer w = writer_over(room, 512);
        writer_bytes(&w,
                     "\x0a"
                     "8.0\0\7\0\0\0abcdefgh\0",
                     18);
        writer_uint(&w, capabilities, 2);
        writer_bytes(&w, "\xff\2\0", 3);
        writer_uint(&w, capabilities >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0", 24);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        return writer_span(&w);
}

struct span bench_login_payload(uint8_t *room, uint64_t capabilities, const char *plugin, struct span auth)
{
        struct writer w = writer_over(room, BENCH_BYTES);
        writer_uint(&w, capabilities, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        for (int i = 0; i < 23; i++) {
                writer_uint(&w, 0, 1);
        }
        writer_bytes(&w, "bob", 4);
        if ((capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) != 0) {
                writer_uint(&w, auth.len, 1);
        }
        writer_put(&w, auth);
        if ((capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) == 0) {
                writer_char(&w, '\0');
        }
        writer_bytes(&w, "shop", 5);
        writer_text(&w, plugin);
        writer_bytes(&w, "\0\6\1a\3xyz", 8);
        return writer_span(&w);
}

enum gate_step bench_begin(struct gate_bench *b, struct gate_policy policy, uint64_t offered,
                           const char *plugin)
{
        uint8_t room[512];
        memset(b, 0, offsetof(struct gate_bench, split)); /* the split stays */
        b->seen_len[SIDE_CLIENT] = 0;
        b->seen_len[SIDE_SERVER] = 0;
        b->policy = policy;
        b->gate = gate_new(&b->policy);
        return bench_send(b, SIDE_SERVER, 0, bench_greeting(room, offered, plugin));
}

void bench_end(struct gate_bench *b)
{
        gate_free(b->gate);
        b->gate = NULL;
}

enum gate_step bench_login(struct gate_bench *b, uint8_t seq, uint64_t caps, const char *plugin,
                           struct span auth)
{
        uint8_t room[BENCH_BYTES];
        return bench_send(b, SIDE_CLIENT, seq, bench_login_payload(room, caps, plugin, auth));
}

enum gate_step bench_ssl_request(struct gate_bench *b)
{
        uint8_t room[BENCH_BYTES];
        return bench_send(b, SIDE_CLIENT, 1,
                          span_head(bench_login_payload(room, BENCH_CAPS | CAP_SSL, "p", TEXT("x")), 32));
}

uint64_t bench_offered(struct gate_bench *b)
{
        struct greeting g;
        struct span s = bench_seen(b, SIDE_CLIENT);
        return s.len > 4 && greeting_parse(span_skip(s, 4), &g) ? g.capabilities : 0;
}

bool bench_is(struct span s, uint8_t seq, struct span payload)
{
        uint8_t room[BENCH_BYTES];
        return span_equal(s, packets_one(room, sizeof room, seq, payload));
}

struct span bench_masked(uint8_t *room, const char *password, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                room[i] = (uint8_t)(password[i] ^ scramble[i % 20]);
        }
        return span_of(room, len);
}

void bench_note(struct gate_bench *b)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                struct span s = b->out.to[side];
                if (s.len > 0 && b->seen_len[side] + s.len <= BENCH_BYTES) {
                        memcpy(b->seen[side] + b->seen_len[side], s.data, s.len);
                        b->seen_len[side] += s.len;
                }
        }
}
