/** @file gate_bench.h  For tests of the gate: both sides of a login, with a cryptography that can be seen through:
 * [key's first letter][secret]. */
#ifndef TESTS_MYSQL_GATE_GATE_BENCH_H
#define TESTS_MYSQL_GATE_GATE_BENCH_H

#include "mysql/gate/gate.h"
#include "mysql/wire/capability.h"

#define TEXT(literal) span_of((literal), sizeof(literal) - 1)

enum { BENCH_BYTES = 2048 };

#define BENCH_CAPS                                                                                           \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB | CAP_PLUGIN_AUTH |       \
         CAP_CONNECT_ATTRS | CAP_AUTH_LENENC)

struct gate_bench {
        struct gate_policy policy;
        struct gate *gate;
        struct gate_out out;
        uint8_t room[BENCH_BYTES];
        size_t split; /**< feed at most so many bytes at once; 0 = all */
        uint8_t seen[2][BENCH_BYTES];
        size_t seen_len[2];
};

#define BENCH_EACH_SPLIT(b) for ((b).split = 0; (b).split < 4; (b).split++)

struct gate_policy bench_policy(enum gate_client_tls client, enum gate_server_tls server);

/** Make a gate, and feed it the greeting of a server that offers @p offered. @p b keeps its split. */
enum gate_step bench_begin(struct gate_bench *b, struct gate_policy policy, uint64_t offered,
                           const char *plugin);
void bench_end(struct gate_bench *b);

enum gate_step bench_feed(struct gate_bench *b, enum side from, struct span bytes);
/** Feed the packet with the number @p seq and the content @p payload. */
enum gate_step bench_send(struct gate_bench *b, enum side from, uint8_t seq, struct span payload);
enum gate_step bench_login(struct gate_bench *b, uint8_t seq, uint64_t caps, const char *plugin,
                           struct span auth);
enum gate_step bench_ssl_request(struct gate_bench *b);

/** Add what the gate has just put out to what was seen; bench_feed does so. */
void bench_note(struct gate_bench *b);
/** What went to @p side since the last look. */
struct span bench_seen(struct gate_bench *b, enum side side);
/** The capabilities in the greeting that went to the client. */
uint64_t bench_offered(struct gate_bench *b);
/** Is @p s the packet with the number @p seq and the content @p payload? */
bool bench_is(struct span s, uint8_t seq, struct span payload);

/** Contents of packets, written to @p room of BENCH_BYTES bytes. */
struct span bench_greeting(uint8_t *room, uint64_t capabilities, const char *plugin);
struct span bench_login_payload(uint8_t *room, uint64_t capabilities, const char *plugin, struct span auth);
/** @p password, masked with the scramble of the greeting. */
struct span bench_masked(uint8_t *room, const char *password, size_t len);

#endif
