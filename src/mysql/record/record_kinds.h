/** @file record_kinds.h  Which fields of a record are of which kind, as sets. For record*.c only. */
#ifndef MYSQL_RECORD_RECORD_KINDS_H
#define MYSQL_RECORD_RECORD_KINDS_H

#include "mysql/record/record.h"

/* Which fields are of which kind, for a walk over those that are present (a test compares them with the table). */
#define LOW(field)  ((field) < 64 ? 1ULL << ((field) % 64) : 0)
#define HIGH(field) ((field) < 64 ? 0 : 1ULL << ((field) % 64))
#define LISTS(in)                                                                                            \
        (in(FIELD_CONNECT_ATTRIBUTES) | in(FIELD_STMT_EXECUTE_VALUES) | in(FIELD_QUERY_ATTRIBUTES) |         \
         in(FIELD_TAGS) | in(FIELD_BULK_ROWS) | in(FIELD_COLUMN_NAMES) | in(FIELD_FIRST_ROWS) |              \
         in(FIELD_RESULT_ROWS) | in(FIELD_RESULT_AFFECTED_ROWS) | in(FIELD_SESSION_CHANGES))
#define SPANS(in)                                                                                            \
        (in(FIELD_CLIENT_ADDR) | in(FIELD_PROXY_LISTEN_ADDR) | in(FIELD_PROXY_CLIENT_ADDR) |                 \
         in(FIELD_REMOTE_ADDR) | in(FIELD_USERNAME) | in(FIELD_DATABASE) | in(FIELD_CHARACTER_SET) |         \
         in(FIELD_SERVER_VERSION) | in(FIELD_AUTH_PLUGIN) | in(FIELD_COMMAND) | in(FIELD_QUERY) |            \
         in(FIELD_STMT_PREPARE_QUERY) | in(FIELD_SQLSTATE) | in(FIELD_ERROR) | in(FIELD_INFO) |              \
         in(FIELD_REASON) | in(FIELD_RULE) | in(FIELD_DIRECTION) | in(FIELD_PACKET_NAME) |                   \
         in(FIELD_PACKET_BYTES) | in(FIELD_AUTH_PATH) | in(FIELD_COMPRESSION) | in(FIELD_TLS) |              \
         in(FIELD_REMOTE_TLS) | in(FIELD_DIGEST) | in(FIELD_DIGEST_TEXT) | in(FIELD_TRACEPARENT))
#define REST(in)                                                                                             \
        (in(FIELD_SERVER_VERSION) | in(FIELD_AUTH_PLUGIN) | in(FIELD_AUTH_PATH) |                            \
         in(FIELD_CONNECT_ATTRIBUTES) | in(FIELD_TLS) | in(FIELD_REMOTE_TLS) | in(FIELD_COMPRESSION) |       \
         in(FIELD_SERVER_CAPABILITIES) | in(FIELD_CLIENT_CAPABILITIES) | in(FIELD_CAPABILITIES) |            \
         in(FIELD_CAPABILITIES_REMOVED) | in(FIELD_CAPABILITIES_ADDED) | in(FIELD_QUERY_LENGTH) |            \
         in(FIELD_STMT_PREPARE_QUERY_LENGTH) | in(FIELD_QUERY_ATTRIBUTES) | in(FIELD_BULK_COUNT) |           \
         in(FIELD_BULK_ROWS) | in(FIELD_STALL_US) | in(FIELD_COLUMN_NAMES) | in(FIELD_FIRST_ROWS) |          \
         in(FIELD_FIRST_ROWS_CUT) | in(FIELD_RESULTS) | in(FIELD_RESULT_ROWS) |                              \
         in(FIELD_RESULT_AFFECTED_ROWS) | in(FIELD_RESULTS_CUT) | in(FIELD_SESSION_CHANGES) |                \
         in(FIELD_ERRNO) | in(FIELD_SQLSTATE) | in(FIELD_ERROR) | in(FIELD_REASON) | in(FIELD_RULE) |        \
         in(FIELD_DIRECTION) | in(FIELD_PACKET_SEQ) | in(FIELD_PACKET_LENGTH) | in(FIELD_PACKET_NAME) |      \
         in(FIELD_PACKET_BYTES) | in(FIELD_DROPPED))

/* The texts of most commands: their own, and those that last. */
#define USUAL_TEXTS(in)                                                                                      \
        (in(FIELD_CLIENT_ADDR) | in(FIELD_PROXY_CLIENT_ADDR) | in(FIELD_USERNAME) | in(FIELD_DATABASE) |     \
         in(FIELD_QUERY))
#define USUAL_LASTING(in)                                                                                    \
        (in(FIELD_PROXY_LISTEN_ADDR) | in(FIELD_REMOTE_ADDR) | in(FIELD_CHARACTER_SET) | in(FIELD_COMMAND))
#define DIGESTS(in) (in(FIELD_DIGEST) | in(FIELD_DIGEST_TEXT)) /* what the journal gives most commands */
#define UNUSUAL(in) ((LISTS(in) | SPANS(in) | REST(in)) & ~(USUAL_TEXTS(in) | USUAL_LASTING(in)))

static const struct field_set record_lists = {{LISTS(LOW), LISTS(HIGH)}};
static const struct field_set record_spans = {{SPANS(LOW), SPANS(HIGH)}};
static const struct field_set record_rest = {{REST(LOW), REST(HIGH)}};
static const struct field_set record_unusual = {{UNUSUAL(LOW), UNUSUAL(HIGH)}};
static const struct field_set record_usual_lasting = {{USUAL_LASTING(LOW), USUAL_LASTING(HIGH)}};
static const struct field_set record_digests = {{DIGESTS(LOW), DIGESTS(HIGH)}};
static const struct field_set record_all = {{FIELD_COUNT < 64 ? (1ULL << FIELD_COUNT % 64) - 1 : UINT64_MAX,
                                             FIELD_COUNT <= 64 ? 0 : (1ULL << FIELD_COUNT % 64) - 1}};

static inline bool field_set_is(const struct field_set *a, const struct field_set *b)
{
        return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1])) == 0;
}

static inline bool record_has_any(const struct record *r, const struct field_set *of)
{
        return ((r->present.words[0] & of->words[0]) | (r->present.words[1] & of->words[1])) != 0;
}

/** Bytes of the struct that are there. */
static inline size_t record_body(const struct record *r)
{
        return record_has_any(r, &record_rest) ? sizeof *r : RECORD_REST;
}

static inline const void *record_member_of(const struct record *r, enum record_field f)
{
        return (const char *)r + record_fields[f].offset;
}

static inline void *record_member(struct record *r, enum record_field f)
{
        return (char *)r + record_fields[f].offset;
}

#endif
