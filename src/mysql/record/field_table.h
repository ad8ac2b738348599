/** @file field_table.h  One row for each field of a record: its name, its member, its kind, and the part that it is in.
 *
 * The rows stand in the order in which formats print the fields. The enumerators, the sets of fields and the checks of
 * struct record are made of them; names, units and help are in record.c. */
#ifndef MYSQL_RECORD_FIELD_TABLE_H
#define MYSQL_RECORD_FIELD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define FIELD_TABLE(ROW)\
        ROW(CONN_ID, conn_id, UINT, OWN)                                                                    \
        ROW(CONN_SEQ_NUM, conn_seq_num, UINT, OWN)                                                          \
        ROW(LAST_CONN_SEQ_NUM, last_conn_seq_num, UINT, OPTIONAL)                                           \
        ROW(TRX_ID, trx_id, UINT, OWN)                                                                      \
        ROW(TRX_IDLE_US, trx_idle_us, UINT, OWN)                                                            \
        ROW(CLIENT_ADDR, carried.client_addr, TEXT, SESSION)                                                \
        ROW(PROXY_LISTEN_ADDR, carried.proxy_listen_addr, TEXT, SESSION)                                    \
        ROW(PROXY_CLIENT_ADDR, carried.proxy_client_addr, TEXT, SESSION)                                    \
        ROW(REMOTE_ADDR, carried.remote_addr, TEXT, SESSION)                                                \
        ROW(USERNAME, carried.username, TEXT, SESSION)                                                      \
        ROW(DATABASE, carried.database, TEXT, SESSION)                                                      \
        ROW(CHARACTER_SET, carried.character_set, TEXT, SESSION)                                            \
        ROW(SERVER_VERSION, server_version, TEXT, OPTIONAL)                                                 \
        ROW(SERVER_CONN_ID, carried.server_conn_id, UINT, SESSION)                                          \
        ROW(DATABASE_UNKNOWN, database_unknown, BOOL, OPTIONAL)                                             \
        ROW(AUTH_PLUGIN, auth_plugin, TEXT, OPTIONAL)                                                       \
        ROW(AUTH_PATH, auth_path, TEXT, OPTIONAL)                                                           \
        ROW(CONNECT_ATTRIBUTES, connect_attributes, MAP, OPTIONAL)                                          \
        ROW(TLS, tls, TEXT, OPTIONAL)                                                                       \
        ROW(REMOTE_TLS, remote_tls, TEXT, OPTIONAL)                                                         \
        ROW(COMPRESSION, compression, TEXT, OPTIONAL)                                                       \
        ROW(SERVER_CAPABILITIES, server_capabilities, FLAGS, OPTIONAL)                                      \
        ROW(CLIENT_CAPABILITIES, client_capabilities, FLAGS, OPTIONAL)                                      \
        ROW(CAPABILITIES, capabilities, FLAGS, OPTIONAL)                                                    \
        ROW(CAPABILITIES_REMOVED, capabilities_removed, FLAGS, OPTIONAL)                                    \
        ROW(CAPABILITIES_ADDED, capabilities_added, FLAGS, OPTIONAL)                                        \
        ROW(COMMAND_ID, command_id, UINT, OWN)                                                              \
        ROW(COMMAND, command, TEXT, OWN)                                                                    \
        ROW(QUERY, query, TEXT, OWN)                                                                        \
        ROW(QUERY_LENGTH, query_length, UINT, OPTIONAL)                                                     \
        ROW(DIGEST, digest, TEXT, OWN)                                                                      \
        ROW(DIGEST_TEXT, digest_text, TEXT, OWN)                                                            \
        ROW(STMT_ID, stmt_id, UINT, OWN)                                                                    \
        ROW(STMT_PREPARE_QUERY, stmt_prepare_query, TEXT, OWN)                                              \
        ROW(STMT_PREPARE_QUERY_LENGTH, stmt_prepare_query_length, UINT, OPTIONAL)                           \
        ROW(STMT_EXECUTE_VALUES, stmt_execute_values, LIST, OWN)                                            \
        ROW(QUERY_ATTRIBUTES, query_attributes, MAP, OPTIONAL)                                              \
        ROW(TAGS, tags, MAP, OWN)                                                                           \
        ROW(TRACEPARENT, traceparent, TEXT, OWN)                                                            \
        ROW(BULK_COUNT, bulk_count, UINT, OPTIONAL)                                                         \
        ROW(BULK_ROWS, bulk_rows, ROWS, OPTIONAL)                                                           \
        ROW(DURATION_US, duration_us, UINT, OWN)                                                            \
        ROW(REQUEST_US, request_us, UINT, OWN)                                                              \
        ROW(SERVER_US, server_us, UINT, OWN)                                                                \
        ROW(STREAM_US, stream_us, UINT, OWN)                                                                \
        ROW(STALL_US, stall_us, UINT, OPTIONAL)                                                             \
        ROW(PROXY_US, proxy_us, UINT, OWN)                                                                  \
        ROW(ROWS, rows, UINT, OWN)                                                                          \
        ROW(COLUMNS, columns, UINT, OWN)                                                                    \
        ROW(COLUMN_NAMES, column_names, ROWS, OPTIONAL)                                                     \
        ROW(FIRST_ROWS, first_rows, ROWS, OPTIONAL)                                                         \
        ROW(FIRST_ROWS_CUT, first_rows_cut, UINT, OPTIONAL)                                                 \
        ROW(AFFECTED_ROWS, affected_rows, UINT, OWN)                                                        \
        ROW(LAST_INSERT_ID, last_insert_id, UINT, OWN)                                                      \
        ROW(WARNINGS, warnings, UINT, OWN)                                                                  \
        ROW(RESULTS, results, UINT, OPTIONAL)                                                               \
        ROW(RESULT_ROWS, result_rows, LIST, OPTIONAL)                                                       \
        ROW(RESULT_AFFECTED_ROWS, result_affected_rows, LIST, OPTIONAL)                                     \
        ROW(RESULTS_CUT, results_cut, UINT, OPTIONAL)                                                       \
        ROW(STATUS_FLAGS, status_flags, FLAGS, OWN)                                                         \
        ROW(FINDINGS, findings, FLAGS, OWN)                                                                 \
        ROW(REPEATED, repeated, UINT, OWN)                                                                  \
        ROW(DUPLICATES, duplicates, UINT, OWN)                                                              \
        ROW(SESSION_CHANGES, session_changes, MAP, OPTIONAL)                                                \
        ROW(BYTES_SENT, bytes_sent, UINT, OWN)                                                              \
        ROW(BYTES_RECEIVED, bytes_received, UINT, OWN)                                                      \
        ROW(ERRNO, errno_, UINT, OPTIONAL)                                                                  \
        ROW(SQLSTATE, sqlstate, TEXT, OPTIONAL)                                                             \
        ROW(ERROR, error, TEXT, OPTIONAL)                                                                   \
        ROW(INFO, info, TEXT, OWN)                                                                          \
        ROW(REASON, reason, TEXT, OPTIONAL)                                                                 \
        ROW(RULE, rule, TEXT, OPTIONAL)                                                                     \
        ROW(DIRECTION, direction, TEXT, OPTIONAL)                                                           \
        ROW(PACKET_SEQ, packet_seq, UINT, OPTIONAL)                                                         \
        ROW(PACKET_LENGTH, packet_length, UINT, OPTIONAL)                                                   \
        ROW(PACKET_NAME, packet_name, TEXT, OPTIONAL)                                                       \
        ROW(PACKET_BYTES, packet_bytes, BYTES, OPTIONAL)                                                    \
        ROW(TRANSACTIONS, transactions, OBJECTS, OPTIONAL)                                                  \
        ROW(TRANSACTIONS_OMITTED, transactions_omitted, UINT, OPTIONAL)                                     \
        ROW(STATEMENTS, statements, OBJECTS, OPTIONAL)                                                      \
        ROW(DROPPED, dropped, UINT, OPTIONAL)                                                               \
        ROW(REDACTED, redacted, FLAGS, OWN)
/* clang-format on */

#define FIELD_ENUMERATOR(name, member, kind, part) FIELD_##name,
enum record_field { FIELD_TABLE(FIELD_ENUMERATOR) FIELD_COUNT };
#undef FIELD_ENUMERATOR

/** A set of fields, a bit each. */
struct field_set {
        uint64_t words[2];
};
_Static_assert(FIELD_COUNT <= 128, "a bit each");

static inline bool field_set_has(const struct field_set *s, enum record_field f)
{
        return (s->words[f / 64] >> (f % 64) & 1) != 0;
}

static inline void field_set_add(struct field_set *s, enum record_field f)
{
        s->words[f / 64] |= (uint64_t)1 << (f % 64);
}

static inline void field_set_remove(struct field_set *s, enum record_field f)
{
        s->words[f / 64] &= ~((uint64_t)1 << (f % 64));
}

static inline struct field_set field_set_both(const struct field_set *a, const struct field_set *b)
{
        return (struct field_set){{a->words[0] & b->words[0], a->words[1] & b->words[1]}};
}

static inline bool field_set_meets(const struct field_set *a, const struct field_set *b)
{
        return ((a->words[0] & b->words[0]) | (a->words[1] & b->words[1])) != 0;
}

/** Take out the first field. To walk a set, take from a copy of it until FIELD_COUNT comes: it is empty then. */
static inline enum record_field field_set_take(struct field_set *s)
{
        for (unsigned i = 0; i < 2; i++) {
                if (s->words[i] != 0) {
                        unsigned bit = (unsigned)__builtin_ctzll(s->words[i]);
                        s->words[i] &= s->words[i] - 1;
                        return (enum record_field)(i * 64 + bit);
                }
        }
        return FIELD_COUNT;
}

/** For each field of @p set, from the first: the loop's body sees it as @p f. */
#define FIELD_SET_EACH(set, f)                                                                               \
        for (unsigned each_word = 0; each_word < 2; each_word++)                                             \
                for (uint64_t each_bits = (set).words[each_word];                                            \
                     each_bits != 0 &&                                                                       \
                     ((f) = (enum record_field)(each_word * 64 + (unsigned)__builtin_ctzll(each_bits)),      \
                     true);                                                                                  \
                     each_bits &= each_bits - 1)

/* --- sets by kind and part --------------------------------------------------------------------------------------- */

#define FIELD_LOW(is, name)  | ((is) && FIELD_##name < 64 ? 1ULL << FIELD_##name % 64 : 0)
#define FIELD_HIGH(is, name) | ((is) && FIELD_##name >= 64 ? 1ULL << FIELD_##name % 64 : 0)

#define FIELD_KIND_IS_SPAN_UINT         0
#define FIELD_KIND_IS_SPAN_BOOL         0
#define FIELD_KIND_IS_SPAN_FLAGS        0
#define FIELD_KIND_IS_SPAN_TEXT         1
#define FIELD_KIND_IS_SPAN_BYTES        1
#define FIELD_KIND_IS_SPAN_LIST         0
#define FIELD_KIND_IS_SPAN_MAP          0
#define FIELD_KIND_IS_SPAN_ROWS         0
#define FIELD_KIND_IS_SPAN_OBJECTS      0
#define FIELD_KIND_IS_LIST_UINT         0
#define FIELD_KIND_IS_LIST_BOOL         0
#define FIELD_KIND_IS_LIST_FLAGS        0
#define FIELD_KIND_IS_LIST_TEXT         0
#define FIELD_KIND_IS_LIST_BYTES        0
#define FIELD_KIND_IS_LIST_LIST         1
#define FIELD_KIND_IS_LIST_MAP          1
#define FIELD_KIND_IS_LIST_ROWS         1
#define FIELD_KIND_IS_LIST_OBJECTS      1
#define FIELD_PART_IS_SESSION_OWN       0
#define FIELD_PART_IS_SESSION_SESSION   1
#define FIELD_PART_IS_SESSION_OPTIONAL  0
#define FIELD_PART_IS_OPTIONAL_OWN      0
#define FIELD_PART_IS_OPTIONAL_SESSION  0
#define FIELD_PART_IS_OPTIONAL_OPTIONAL 1

#define FIELD_SPAN_LOW(name, member, kind, part)      FIELD_LOW(FIELD_KIND_IS_SPAN_##kind, name)
#define FIELD_SPAN_HIGH(name, member, kind, part)     FIELD_HIGH(FIELD_KIND_IS_SPAN_##kind, name)
#define FIELD_LIST_LOW(name, member, kind, part)      FIELD_LOW(FIELD_KIND_IS_LIST_##kind, name)
#define FIELD_LIST_HIGH(name, member, kind, part)     FIELD_HIGH(FIELD_KIND_IS_LIST_##kind, name)
#define FIELD_SESSION_LOW(name, member, kind, part)   FIELD_LOW(FIELD_PART_IS_SESSION_##part, name)
#define FIELD_SESSION_HIGH(name, member, kind, part)  FIELD_HIGH(FIELD_PART_IS_SESSION_##part, name)
#define FIELD_OPTIONAL_LOW(name, member, kind, part)  FIELD_LOW(FIELD_PART_IS_OPTIONAL_##part, name)
#define FIELD_OPTIONAL_HIGH(name, member, kind, part) FIELD_HIGH(FIELD_PART_IS_OPTIONAL_##part, name)

/** Fields whose member is a struct span; those whose member is a struct value_list. (The others are a uint64_t.) */
static const struct field_set fields_spans = {
    {0 FIELD_TABLE(FIELD_SPAN_LOW), 0 FIELD_TABLE(FIELD_SPAN_HIGH)}};
static const struct field_set fields_lists = {
    {0 FIELD_TABLE(FIELD_LIST_LOW), 0 FIELD_TABLE(FIELD_LIST_HIGH)}};
/** Fields of the session; those of the optional part. (The others are the record's own.) */
static const struct field_set fields_session = {
    {0 FIELD_TABLE(FIELD_SESSION_LOW), 0 FIELD_TABLE(FIELD_SESSION_HIGH)}};
static const struct field_set fields_optional = {
    {0 FIELD_TABLE(FIELD_OPTIONAL_LOW), 0 FIELD_TABLE(FIELD_OPTIONAL_HIGH)}};

#endif
