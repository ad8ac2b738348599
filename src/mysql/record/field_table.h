/** @file field_table.h  One row for each field of a record: its enumerator, its name, its member in struct record, its kind, the
 * part that it is in, its unit ("us", "bytes" or ""), and its help (for the schema: what it is, and when it is absent).
 *
 * The rows are in the order in which formats print the fields. The enumerators, the sets of fields, the checks of struct record
 * and the table record_fields are made from them. A name is a string because errno is a macro. */
#ifndef MYSQL_RECORD_FIELD_TABLE_H
#define MYSQL_RECORD_FIELD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define FIELD_TABLE(ROW)                                                                                    \
        ROW(CONN_ID, "conn_id", conn_id, UINT, OWN, "",                                                     \
            "Session ID, counted from 1; unique within a run of the proxy.")                                \
        ROW(CONN_SEQ_NUM, "conn_seq_num", conn_seq_num, UINT, OWN, "",                                      \
            "Number of the command within its session, counted from 1. Only in query, transaction, scope, deadlock, "\
            "lock_wait, lint, n_plus_one and write_loop records.")                                           \
        ROW(LAST_CONN_SEQ_NUM, "last_conn_seq_num", last_conn_seq_num, UINT, OPTIONAL, "",                  \
            "Number of the last command of the loop, transaction or scope; conn_seq_num is "                \
            "that of the first. Only in transaction, scope, n_plus_one and write_loop "                     \
            "records.")                                                                                     \
        ROW(TRX_ID, "trx_id", trx_id, UINT, OWN, "",                                                        \
            "Number of the transaction within its session, counted from 1. Transactions are recognized by " \
            "the server's status flags, and by COMMIT, ROLLBACK and BEGIN where one transaction "           \
            "immediately follows another. The statements that begin and end a transaction have its number " \
            "too; a command with several transactions has that of the last. Absent outside transactions.")  \
        ROW(TRX_IDLE_US, "trx_idle_us", trx_idle_us, UINT, OWN, "us",                                       \
            "Time for which the transaction was held before this record while nothing ran in it. Only in "  \
            "records with the finding transaction_idle.")                                                   \
        ROW(CLIENT_ADDR, "client_addr", carried.client_addr, TEXT, SESSION, "",                             \
            "Address of the client, as the proxy sees it.")                                                 \
        ROW(PROXY_LISTEN_ADDR, "proxy_listen_addr", carried.proxy_listen_addr, TEXT, SESSION, "",           \
            "Address on which the proxy accepted the client.")                                              \
        ROW(PROXY_CLIENT_ADDR, "proxy_client_addr", carried.proxy_client_addr, TEXT, SESSION, "",           \
            "Address from which the proxy connected to the server. Absent until it is connected.")          \
        ROW(REMOTE_ADDR, "remote_addr", carried.remote_addr, TEXT, SESSION, "", "Address of the server.")   \
        ROW(USERNAME, "username", carried.username, TEXT, SESSION, "",                                      \
            "User name in the login. Absent before the login.")                                             \
        ROW(DATABASE, "database", carried.database, TEXT, SESSION, "",                                      \
            "Default database at the start of the command. Absent if there is no default database, and if " \
            "it is unknown.")                                                                               \
        ROW(CHARACTER_SET, "character_set", carried.character_set, TEXT, SESSION, "",                       \
            "Character set of the texts that the client sends, by the server's name for it. Absent before " \
            "the login, and if it is unknown.")                                                             \
        ROW(SERVER_VERSION, "server_version", server_version, TEXT, OPTIONAL, "",                           \
            "Server version in the server's greeting. Only in auth records.")                               \
        ROW(SERVER_CONN_ID, "server_conn_id", carried.server_conn_id, UINT, SESSION, "",                    \
            "The server's connection ID, as returned by CONNECTION_ID(). Absent before the greeting.")      \
        ROW(DATABASE_UNKNOWN, "database_unknown", database_unknown, BOOL, OPTIONAL, "",                     \
            "true if the default database is unknown, and database is absent for that reason: a statement " \
            "before may have changed it, its text does not show how, and the server did not report it. "    \
            "Otherwise absent.")                                                                            \
        ROW(AUTH_PLUGIN, "auth_plugin", auth_plugin, TEXT, OPTIONAL, "",                                    \
            "Authentication plugin that was used last. Only in auth records.")                              \
        ROW(AUTH_PATH, "auth_path", auth_path, TEXT, OPTIONAL, "",                                          \
            "Course of the authentication: each plugin, and the steps of its exchange, such as "            \
            "\"caching_sha2_password > full authentication > public key\". Only in auth records.")          \
        ROW(CONNECT_ATTRIBUTES, "connect_attributes", connect_attributes, MAP, OPTIONAL, "",                \
            "Connection attributes in the login, such as program_name. Only in auth records.")              \
        ROW(TLS, "tls", tls, TEXT, OPTIONAL, "",                                                            \
            "TLS version and cipher between client and proxy. Only in auth records; absent without TLS.")   \
        ROW(REMOTE_TLS, "remote_tls", remote_tls, TEXT, OPTIONAL, "",                                       \
            "TLS version and cipher between proxy and server. Only in auth records; absent without TLS.")   \
        ROW(COMPRESSION, "compression", compression, TEXT, OPTIONAL, "",                                    \
            "zlib or zstd, if the session is compressed. Only in auth records.")                            \
        ROW(SERVER_CAPABILITIES, "server_capabilities", server_capabilities, FLAGS, OPTIONAL, "",           \
            "Capability flags that the server offered. Only in auth records.")                              \
        ROW(CLIENT_CAPABILITIES, "client_capabilities", client_capabilities, FLAGS, OPTIONAL, "",           \
            "Capability flags that the client requested. Only in auth records.")                            \
        ROW(CAPABILITIES, "capabilities", capabilities, FLAGS, OPTIONAL, "",                                \
            "Capability flags that were negotiated: those that both sides set. Only in auth records.")      \
        ROW(CAPABILITIES_REMOVED, "capabilities_removed", capabilities_removed, FLAGS, OPTIONAL, "",        \
            "Capability flags that the proxy removed from the server's offer. Only in auth records; "       \
            "absent if there are none.")                                                                    \
        ROW(CAPABILITIES_ADDED, "capabilities_added", capabilities_added, FLAGS, OPTIONAL, "",              \
            "Capability flags that the proxy added to the server's offer. Only in auth records; absent if " \
            "there are none.")                                                                              \
        ROW(COMMAND_ID, "command_id", command_id, UINT, OWN, "",                                            \
            "Numeric code of the command. Only in query records.")                                          \
        ROW(COMMAND, "command", command, TEXT, OWN, "",                                                     \
            "Name of the command, such as COM_QUERY. Only in query and lint records.")                      \
        ROW(QUERY, "query", query, TEXT, OWN, "",                                                           \
            "Text of the statement, or another text that the command contains; at most limits.query_bytes " \
            "of it. Absent if the command contains no text.")                                               \
        ROW(QUERY_LENGTH, "query_length", query_length, UINT, OPTIONAL, "bytes",                            \
            "Full length of the text. Absent if query is not truncated.")                                   \
        ROW(DIGEST, "digest", digest, TEXT, OWN, "",                                                        \
            "Digest of the statement: a hash of digest_text, 32 hexadecimal digits, the same in every "     \
            "run. Absent if the command has no statement, or if log.digests is 0.")                         \
        ROW(DIGEST_TEXT, "digest_text", digest_text, TEXT, OWN, "",                                         \
            "The statement with its constants replaced by ?, normalized like MySQL's "                      \
            "STATEMENT_DIGEST_TEXT. Absent if digest is absent.")                                           \
        ROW(STMT_ID, "stmt_id", stmt_id, UINT, OWN, "",                                                     \
            "ID of the prepared statement. Absent if the command does not concern a prepared statement.")   \
        ROW(STMT_PREPARE_QUERY, "stmt_prepare_query", stmt_prepare_query, TEXT, OWN, "",                    \
            "Text of the prepared statement. Absent if its preparation was not seen.")                      \
        ROW(STMT_PREPARE_QUERY_LENGTH, "stmt_prepare_query_length", stmt_prepare_query_length, UINT, OPTIONAL, "bytes",\
            "Full length of that text. Absent if stmt_prepare_query is not truncated.")                     \
        ROW(STMT_EXECUTE_VALUES, "stmt_execute_values", stmt_execute_values, LIST, OWN, "",                 \
            "Parameter values of COM_STMT_EXECUTE, typed. Absent if there are no parameters.")              \
        ROW(QUERY_ATTRIBUTES, "query_attributes", query_attributes, MAP, OPTIONAL, "",                      \
            "Query attributes by name. Absent if the client sent none.")                                    \
        ROW(TAGS, "tags", tags, MAP, OWN, "",                                                               \
            "Tags that the application wrote into comments at the end and the beginning of the statement, " \
            "in the format of sqlcommenter: key='value'. Of a key that occurs several times, the last "     \
            "value counts. Absent if there are none.")                                                      \
        ROW(TRACEPARENT, "traceparent", traceparent, TEXT, OWN, "",                                         \
            "W3C trace context of the statement, from a query attribute of that name or from the tags. "    \
            "Absent if there is none.")                                                                     \
        ROW(SCOPE, "scope", scope, TEXT, OWN, "",                                                           \
            "What the application sent the statement for, such as a request or a test: the tag, the query " \
            "attribute, the session variable or the connection attribute querytap_scope, or the scope "      \
            "that POST /scopes began. At most 256 bytes. Absent if there is none.")                                                              \
        ROW(BULK_COUNT, "bulk_count", bulk_count, UINT, OPTIONAL, "",                                       \
            "Number of parameter rows in a COM_STMT_BULK_EXECUTE. Absent if the request was too long to "   \
            "be kept completely.")                                                                          \
        ROW(BULK_ROWS, "bulk_rows", bulk_rows, ROWS, OPTIONAL, "",                                          \
            "The first parameter rows of a COM_STMT_BULK_EXECUTE, at most 16, typed. Absent in other "      \
            "commands.")                                                                                    \
        ROW(STATEMENT_COUNT, "statement_count", statement_count, UINT, OPTIONAL, "",                        \
            "Number of commands that executed SQL. Only in transaction and scope records.")                           \
        ROW(SESSION_COUNT, "session_count", session_count, UINT, OPTIONAL, "",                              \
            "Number of sessions that sent statements for the scope; one that left it and came "             \
            "back counts again. Only in scope records.")                                                    \
        ROW(TRANSACTION_COUNT, "transaction_count", transaction_count, UINT, OPTIONAL, "",                  \
            "Number of transactions of the scope. Only in scope records; absent if it is 0.")               \
        ROW(END_TS, "end_ts", end_ts, TEXT, OPTIONAL, "",                                                   \
            "Time at which it ended, in the form of ts, which is when it began. Only in "                   \
            "transaction records.")                                                                         \
        ROW(DURATION_US, "duration_us", duration_us, UINT, OWN, "us",                                       \
            "Time from the first byte of the request to the last byte of the reply. For a login, from the " \
            "greeting to the result; for a session, its whole duration; for the notice that an opaque "     \
            "session is decoded again, how long it was not.")                                               \
        ROW(REQUEST_US, "request_us", request_us, UINT, OWN, "us",                                          \
            "Time from the first to the last byte of the request.")                                         \
        ROW(SERVER_US, "server_us", server_us, UINT, OWN, "us",                                             \
            "Time from the last byte of the request to the first byte of the reply. Absent without a "      \
            "reply.")                                                                                       \
        ROW(STREAM_US, "stream_us", stream_us, UINT, OWN, "us",                                             \
            "Time from the first to the last byte of the reply. Absent without a reply.")                   \
        ROW(STALL_US, "stall_us", stall_us, UINT, OPTIONAL, "us",                                           \
            "Part of stream_us during which the server had to wait because the client did not read. "       \
            "Absent if it is 0.")                                                                           \
        ROW(PROXY_US, "proxy_us", proxy_us, UINT, OWN, "us",                                                \
            "Part of duration_us that the proxy itself took, from reading bytes to having written them. "   \
            "If several commands are in flight, the time for all of them since the previous record. "       \
            "Absent without a reply.")                                                                      \
        ROW(BUSY_US, "busy_us", busy_us, UINT, OPTIONAL, "us",                                              \
            "Sum of the durations of the commands: the time in the database. Only in "                      \
            "transaction records.")                                                                         \
        ROW(IDLE_US, "idle_us", idle_us, UINT, OPTIONAL, "us",                                              \
            "Time in which no command ran: the application's time. Only in transaction "                    \
            "records.")                                                                                     \
        ROW(LOCK_WAITS, "lock_waits", lock_waits, UINT, OPTIONAL, "",                                       \
            "Number of statements that failed because they had waited for a lock (errors 1205 "             \
            "and 1213); waits of statements that succeeded are not known. Only in transaction "             \
            "records; absent if it is 0.")                                                                  \
        ROW(LOCK_WAIT_US, "lock_wait_us", lock_wait_us, UINT, OPTIONAL, "us",                               \
            "Time that the server took for these statements. Absent if it is 0.")                           \
        ROW(ROWS, "rows", rows, UINT, OWN, "",                                                              \
            "Number of rows received, in all results; for a stream of events, such as a binary log, the "   \
            "number of events. Absent if the reply had no columns.")                                        \
        ROW(COLUMNS, "columns", columns, UINT, OWN, "",                                                     \
            "Number of columns in the last result. Absent if the reply had no columns.")                    \
        ROW(COLUMN_NAMES, "column_names", column_names, ROWS, OPTIONAL, "",                                 \
            "Column names of the result; with several results, one list for each. Absent unless log.rows "  \
            "is set.")                                                                                      \
        ROW(FIRST_ROWS, "first_rows", first_rows, ROWS, OPTIONAL, "",                                       \
            "The first rows of the result, at most log.rows, typed; with several results, one list of "     \
            "rows for each. Absent unless log.rows is set.")                                                \
        ROW(FIRST_ROWS_CUT, "first_rows_cut", first_rows_cut, UINT, OPTIONAL, "",                           \
            "Number of rows that are missing in first_rows because limits.held_bytes or log.ring_bytes "    \
            "was reached. Absent if it is 0.")                                                              \
        ROW(AFFECTED_ROWS, "affected_rows", affected_rows, UINT, OWN, "",                                   \
            "Number of rows changed, in all results. Absent if the reply had rows.")                        \
        ROW(LAST_INSERT_ID, "last_insert_id", last_insert_id, UINT, OWN, "",                                \
            "Generated AUTO_INCREMENT value. Absent if none was generated.")                                \
        ROW(WARNINGS, "warnings", warnings, UINT, OWN, "", "Number of warnings. Absent if it is 0.")        \
        ROW(RESULTS, "results", results, UINT, OPTIONAL, "",                                                \
            "Number of results that have columns. Absent if it is 0 or 1.")                                 \
        ROW(RESULT_ROWS, "result_rows", result_rows, LIST, OPTIONAL, "",                                    \
            "Number of rows in each of several results, in their order; null for a result without "         \
            "columns. At most 64. Absent if the reply has one result.")                                     \
        ROW(RESULT_AFFECTED_ROWS, "result_affected_rows", result_affected_rows, LIST, OPTIONAL, "",         \
            "Number of rows changed by each of several results, in their order; null for a result with "    \
            "columns. At most 64. Absent if result_rows is absent.")                                        \
        ROW(RESULTS_CUT, "results_cut", results_cut, UINT, OPTIONAL, "",                                    \
            "Number of further results that are missing in result_rows and result_affected_rows. Absent "   \
            "if it is 0.")                                                                                  \
        ROW(STATUS_FLAGS, "status_flags", status_flags, FLAGS, OWN, "",                                     \
            "SERVER_STATUS flags at the end of the reply. Absent after an error.")                          \
        ROW(FINDINGS, "findings", findings, FLAGS, OWN, "",                                                 \
            "What may deserve attention: n_plus_one, duplicate, no_index, slow, transaction_idle, "         \
            "transaction_open, prepare_once, connection_per_statement, repeated_setup, large_result, "      \
            "write_loop, in_write_loop. Absent if there are no findings.")                                  \
        ROW(REPEATED, "repeated", repeated, UINT, OWN, "",                                                  \
            "How often it happened so far, including this time: for n_plus_one and in_write_loop, "         \
            "statements with the same digest, one for each row of an earlier result; for prepare_once, "    \
            "statements with the same digest that were prepared, executed once and closed; for "            \
            "connection_per_statement, short sessions of the same client; for repeated_setup, needless "    \
            "statements of the session. Absent without such a finding.")                                    \
        ROW(DUPLICATES, "duplicates", duplicates, UINT, OWN, "",                                            \
            "Number of earlier statements with the same text and values in the same transaction or trace, " \
            "or within log.duplicate_ms in the session. Absent if it is 0.")                                \
        ROW(SESSION_CHANGES, "session_changes", session_changes, MAP, OPTIONAL, "",                         \
            "Session state changes that the server reported: schema, gtids, transaction_state, "            \
            "transaction_characteristics, state_change, and system variables by name. Absent if the "       \
            "server reported none, or the client did not request them.")                                    \
        ROW(BYTES_SENT, "bytes_sent", bytes_sent, UINT, OWN, "bytes",                                       \
            "Bytes from the client to the server, including packet headers.")                               \
        ROW(BYTES_RECEIVED, "bytes_received", bytes_received, UINT, OWN, "bytes",                           \
            "Bytes from the server to the client, including packet headers.")                               \
        ROW(ERROR_COUNT, "error_count", error_count, UINT, OPTIONAL, "",                                    \
            "Number of commands that failed. Only in transaction and scope records; absent if it is 0.")              \
        ROW(ERRNO, "errno", errno_, UINT, OPTIONAL, "", "Error number. Absent if there was no error.")      \
        ROW(SQLSTATE, "sqlstate", sqlstate, TEXT, OPTIONAL, "",                                             \
            "SQLSTATE of the error, five characters. Absent before the greeting.")                          \
        ROW(ERROR, "error", error, TEXT, OPTIONAL, "", "Error message. Absent if there was no error.")      \
        ROW(INFO, "info", info, TEXT, OWN, "",                                                              \
            "Information that the server returned on success, such as \"Rows matched: 1  Changed: 1\"; or " \
            "details of a notice. Absent if there is no such information.")                                 \
        ROW(ENDED, "ended", ended, TEXT, OPTIONAL, "",                                                      \
            "How the transaction ended: commit, rollback, implicit_commit, xa_prepare, "                    \
            "xa_commit, xa_rollback, deadlock, error, disconnect, reset_connection, "                       \
            "change_user or unknown; how the scope ended: idle, next_scope, disconnect, "                   \
            "evicted or shutdown. Only in transaction and scope records.")                                  \
        ROW(REASON, "reason", reason, TEXT, OPTIONAL, "",                                                   \
            "Why a session ended, why a command has no reply, which limit truncated its text or values, "   \
            "or what a notice is about.")                                                                   \
        ROW(RULE, "rule", rule, TEXT, OPTIONAL, "",                                                         \
            "Name of the protocol rule that a packet violates. Only in lint records.")                      \
        ROW(DIRECTION, "direction", direction, TEXT, OPTIONAL, "",                                          \
            "Which side sent the packet: client or server. Only in packet and lint records.")               \
        ROW(PACKET_SEQ, "packet_seq", packet_seq, UINT, OPTIONAL, "",                                       \
            "Sequence number of the packet. Only in packet and lint records.")                              \
        ROW(PACKET_LENGTH, "packet_length", packet_length, UINT, OPTIONAL, "bytes",                         \
            "Length of the packet's payload. Only in packet and lint records.")                             \
        ROW(PACKET_NAME, "packet_name", packet_name, TEXT, OPTIONAL, "",                                    \
            "Type of the packet, such as row or EOF. Only in packet and lint records.")                     \
        ROW(PACKET_BYTES, "packet_bytes", packet_bytes, BYTES, OPTIONAL, "",                                \
            "The first bytes of the payload, at most capture.packet_bytes, in hexadecimal. Absent if they " \
            "are authentication data or may contain a password. With log.redact, only the fixed fields of " \
            "a command or reply are included.")                                                             \
        ROW(TRANSACTIONS, "transactions", transactions, OBJECTS, OPTIONAL, "",                              \
            "The transactions that were open when the conflict occurred, the victim first. Only in "        \
            "deadlock and lock_wait records.")                                                                            \
        ROW(TRANSACTIONS_OMITTED, "transactions_omitted", transactions_omitted, UINT, OPTIONAL, "",         \
            "Number of further transactions that were open and are missing in transactions because "        \
            "log.conflict_transactions was reached. Absent if it is 0.")                                    \
        ROW(STATEMENTS, "statements", statements, OBJECTS, OPTIONAL, "",                                    \
            "The statements of these transactions in the order in which they began, up to the conflict. "   \
            "Only in deadlock and lock_wait records.")                                                                    \
        ROW(DROPPED, "dropped", dropped, UINT, OPTIONAL, "",                                                \
            "Number of log records that were dropped at this point, in gap records. In the notice that an " \
            "opaque session is decoded again, or has ended, the number of its commands that were not "      \
            "logged.")                                                                                      \
        ROW(PACKETS_FILE, "packets_file", packets_file, TEXT, OPTIONAL, "",                                 \
            "Name of the file in triggers.directory to which the packets of the session were to be saved "  \
            "because of this record. Absent if they were not.")                                             \
        ROW(REDACTED, "redacted", redacted, FLAGS, OWN, "",                                                 \
            "What was removed from the record: password, literals, values. Absent if nothing was removed.")
/* clang-format on */

#define FIELD_ENUMERATOR(id, ...) FIELD_##id,
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

#define FIELD_SPAN_LOW(id, name, member, kind, part, ...)      FIELD_LOW(FIELD_KIND_IS_SPAN_##kind, id)
#define FIELD_SPAN_HIGH(id, name, member, kind, part, ...)     FIELD_HIGH(FIELD_KIND_IS_SPAN_##kind, id)
#define FIELD_LIST_LOW(id, name, member, kind, part, ...)      FIELD_LOW(FIELD_KIND_IS_LIST_##kind, id)
#define FIELD_LIST_HIGH(id, name, member, kind, part, ...)     FIELD_HIGH(FIELD_KIND_IS_LIST_##kind, id)
#define FIELD_SESSION_LOW(id, name, member, kind, part, ...)   FIELD_LOW(FIELD_PART_IS_SESSION_##part, id)
#define FIELD_SESSION_HIGH(id, name, member, kind, part, ...)  FIELD_HIGH(FIELD_PART_IS_SESSION_##part, id)
#define FIELD_OPTIONAL_LOW(id, name, member, kind, part, ...)  FIELD_LOW(FIELD_PART_IS_OPTIONAL_##part, id)
#define FIELD_OPTIONAL_HIGH(id, name, member, kind, part, ...) FIELD_HIGH(FIELD_PART_IS_OPTIONAL_##part, id)

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
