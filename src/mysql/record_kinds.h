/** @file record_kinds.h  Which fields of a record are of which kind, as sets. For record*.c only. */
#ifndef MYSQL_RECORD_KINDS_H
#define MYSQL_RECORD_KINDS_H

#include "mysql/record.h"

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

static const struct field_set record_lists = {{LISTS(LOW), LISTS(HIGH)}};
static const struct field_set record_spans = {{SPANS(LOW), SPANS(HIGH)}};
static const struct field_set record_all = {{FIELD_COUNT < 64 ? (1ULL << FIELD_COUNT % 64) - 1 : UINT64_MAX,
                                             FIELD_COUNT <= 64 ? 0 : (1ULL << FIELD_COUNT % 64) - 1}};

static inline const void *record_member_of(const struct record *r, enum record_field f)
{
        return (const char *)r + record_fields[f].offset;
}

static inline void *record_member(struct record *r, enum record_field f)
{
        return (char *)r + record_fields[f].offset;
}

#endif
