#include "mysql/record/record.h"

#include "mysql/wire/capability.h"

#include <assert.h>

/* clang-format off */
#define NAMED(name) ",\"" name "\":", name
#define KEY_LEN(name) (sizeof ",\"" name "\":" - 1)
#define FIELD(member, kind, help) {NAMED(#member), kind, offsetof(struct record, member), KEY_LEN(#member), "", help}
#define SESSION_TEXT(member, help)                                                                               \
        {NAMED(#member), RECORD_TEXT, offsetof(struct record, carried.member), KEY_LEN(#member), "", help}
#define TEXT(member, help) FIELD(member, RECORD_TEXT, help)
#define FLAGS(member, help) FIELD(member, RECORD_FLAGS, help)
#define UINT(member, unit, help)                                                                             \
        {NAMED(#member), RECORD_UINT, offsetof(struct record, member), KEY_LEN(#member), unit, help}
/* clang-format on */

const struct record_field_info record_fields[FIELD_COUNT] = {
    [FIELD_CONN_ID] = UINT(conn_id, "", "Session ID, counted from 1; unique within a run of the proxy."),
    [FIELD_CONN_SEQ_NUM] = UINT(conn_seq_num, "",
                                "Number of the command within its session, counted from 1. Only in query, "
                                "conflict, lint, n_plus_one and "
                                "write_loop records."),
    [FIELD_LAST_CONN_SEQ_NUM] = UINT(
        last_conn_seq_num, "",
        "Number of the last command of the loop; conn_seq_num is that of the first. Only in n_plus_one and "
        "write_loop records."),
    [FIELD_TRX_ID] = UINT(trx_id, "",
                          "Number of the transaction within its session, counted from 1. Transactions are "
                          "recognized by the server's status flags, and by COMMIT, ROLLBACK and BEGIN where "
                          "one transaction immediately follows another. The statements that begin and end a "
                          "transaction have its number too. Absent outside transactions."),
    [FIELD_TRX_IDLE_US] =
        UINT(trx_idle_us, "us",
             "Time for which the transaction was held before this record while nothing ran in it. Only in "
             "records with the finding transaction_idle."),
    [FIELD_CLIENT_ADDR] = SESSION_TEXT(client_addr, "Address of the client, as the proxy sees it."),
    [FIELD_PROXY_LISTEN_ADDR] =
        SESSION_TEXT(proxy_listen_addr, "Address on which the proxy accepted the client."),
    [FIELD_PROXY_CLIENT_ADDR] =
        SESSION_TEXT(proxy_client_addr,
                     "Address from which the proxy connected to the server. Absent until it is connected."),
    [FIELD_REMOTE_ADDR] = SESSION_TEXT(remote_addr, "Address of the server."),
    [FIELD_USERNAME] = SESSION_TEXT(username, "User name in the login. Absent before the login."),
    [FIELD_DATABASE] =
        SESSION_TEXT(database, "Default database at the start of the command. Absent if there is no default "
                               "database, and if it is unknown."),
    [FIELD_CHARACTER_SET] =
        SESSION_TEXT(character_set, "Character set of the texts that the client sends, by the server's name "
                                    "for it. Absent before the login, and if it is unknown."),
    [FIELD_SERVER_VERSION] =
        TEXT(server_version, "Server version in the server's greeting. Only in auth records."),
    [FIELD_SERVER_CONN_ID] =
        {NAMED("server_conn_id"), RECORD_UINT, offsetof(struct record, carried.server_conn_id),
         KEY_LEN("server_conn_id"), "",
         "The server's connection ID, as returned by CONNECTION_ID(). Absent before the greeting."},
    [FIELD_DATABASE_UNKNOWN] =
        FIELD(database_unknown, RECORD_BOOL,
              "true if the default database is unknown, and database is absent for that reason: a statement "
              "before may have changed it, its text does not show how, and the server did not report it. "
              "Otherwise absent."),
    [FIELD_AUTH_PLUGIN] =
        TEXT(auth_plugin, "Authentication plugin that was used last. Only in auth records."),
    [FIELD_AUTH_PATH] = TEXT(
        auth_path, "Course of the authentication: each plugin, and the steps of its exchange, such as "
                   "\"caching_sha2_password > full authentication > public key\". Only in auth records."),
    [FIELD_CONNECT_ATTRIBUTES] =
        FIELD(connect_attributes, RECORD_MAP,
              "Connection attributes in the login, such as program_name. Only in auth records."),
    [FIELD_TLS] = TEXT(
        tls, "TLS version and cipher between client and proxy. Only in auth records; absent without TLS."),
    [FIELD_REMOTE_TLS] =
        TEXT(remote_tls,
             "TLS version and cipher between proxy and server. Only in auth records; absent without TLS."),
    [FIELD_COMPRESSION] =
        TEXT(compression, "zlib or zstd, if the session is compressed. Only in auth records."),
    [FIELD_SERVER_CAPABILITIES] =
        FLAGS(server_capabilities, "Capability flags that the server offered. Only in auth records."),
    [FIELD_CLIENT_CAPABILITIES] =
        FLAGS(client_capabilities, "Capability flags that the client requested. Only in auth records."),
    [FIELD_CAPABILITIES] =
        FLAGS(capabilities,
              "Capability flags that were negotiated: those that both sides set. Only in auth records."),
    [FIELD_CAPABILITIES_REMOVED] =
        FLAGS(capabilities_removed, "Capability flags that the proxy removed from the server's offer. Only "
                                    "in auth records; absent if there are none."),
    [FIELD_CAPABILITIES_ADDED] =
        FLAGS(capabilities_added, "Capability flags that the proxy added to the server's offer. Only in auth "
                                  "records; absent if there are none."),
    [FIELD_COMMAND_ID] = UINT(command_id, "", "Numeric code of the command. Only in query records."),
    [FIELD_COMMAND] =
        TEXT(command, "Name of the command, such as COM_QUERY. Only in query and lint records."),
    [FIELD_QUERY] = TEXT(query, "Text of the statement, or another text that the command contains; at most "
                                "limits.query_bytes of it. Absent if the command contains no text."),
    [FIELD_QUERY_LENGTH] =
        UINT(query_length, "bytes", "Full length of the text. Absent if query is not truncated."),
    [FIELD_DIGEST] =
        TEXT(digest, "Digest of the statement: a hash of digest_text, 32 hexadecimal digits, the same in "
                     "every run. Absent if the command has no statement, or if log.digests is 0."),
    [FIELD_DIGEST_TEXT] = TEXT(digest_text, "The statement with its constants replaced by ?, normalized like "
                                            "MySQL's STATEMENT_DIGEST_TEXT. Absent if digest is absent."),
    [FIELD_STMT_ID] =
        UINT(stmt_id, "",
             "ID of the prepared statement. Absent if the command does not concern a prepared statement."),
    [FIELD_STMT_PREPARE_QUERY] =
        TEXT(stmt_prepare_query, "Text of the prepared statement. Absent if its preparation was not seen."),
    [FIELD_STMT_PREPARE_QUERY_LENGTH] =
        UINT(stmt_prepare_query_length, "bytes",
             "Full length of that text. Absent if stmt_prepare_query is not truncated."),
    [FIELD_STMT_EXECUTE_VALUES] =
        FIELD(stmt_execute_values, RECORD_LIST,
              "Parameter values of COM_STMT_EXECUTE, typed. Absent if there are no parameters."),
    [FIELD_QUERY_ATTRIBUTES] =
        FIELD(query_attributes, RECORD_MAP, "Query attributes by name. Absent if the client sent none."),
    [FIELD_TAGS] = FIELD(tags, RECORD_MAP,
                         "Tags that the application wrote into a comment at the end or the beginning of the "
                         "statement, in the format of sqlcommenter: key='value'. Absent if there are none."),
    [FIELD_TRACEPARENT] = TEXT(traceparent, "W3C trace context of the statement, from a query attribute of "
                                            "that name or from the tags. Absent if there is none."),
    [FIELD_BULK_COUNT] = UINT(bulk_count, "",
                              "Number of parameter rows in a COM_STMT_BULK_EXECUTE. Absent if the request "
                              "was too long to be kept completely."),
    [FIELD_BULK_ROWS] = FIELD(
        bulk_rows, RECORD_ROWS,
        "The first parameter rows of a COM_STMT_BULK_EXECUTE, at most 16, typed. Absent in other commands."),
    [FIELD_DURATION_US] =
        UINT(duration_us, "us",
             "Time from the first byte of the request to the last byte of the reply. For a "
             "login, from the greeting to the result; for a session, its whole duration; "
             "for the notice that an opaque session is decoded again, how long it was not."),
    [FIELD_REQUEST_US] = UINT(request_us, "us", "Time from the first to the last byte of the request."),
    [FIELD_SERVER_US] = UINT(
        server_us, "us",
        "Time from the last byte of the request to the first byte of the reply. Absent without a reply."),
    [FIELD_STREAM_US] =
        UINT(stream_us, "us", "Time from the first to the last byte of the reply. Absent without a reply."),
    [FIELD_STALL_US] = UINT(stall_us, "us",
                            "Part of stream_us during which the server had to wait because the client did "
                            "not read. Absent if it is 0."),
    [FIELD_PROXY_US] = UINT(proxy_us, "us",
                            "Part of duration_us that the proxy itself took, from reading bytes to having "
                            "written them. If several commands are in flight, the time for all of them since "
                            "the previous record. Absent without a reply."),
    [FIELD_ROWS] = UINT(rows, "",
                        "Number of rows received, in all results; for a stream of events, such as a binary "
                        "log, the number of events. Absent if the reply had no columns."),
    [FIELD_COLUMNS] =
        UINT(columns, "", "Number of columns in the last result. Absent if the reply had no columns."),
    [FIELD_COLUMN_NAMES] = FIELD(column_names, RECORD_ROWS,
                                 "Column names of the result; with several results, one list for each. "
                                 "Absent unless log.rows is set."),
    [FIELD_FIRST_ROWS] = FIELD(first_rows, RECORD_ROWS,
                               "The first rows of the result, at most log.rows, typed; with several results, "
                               "one list of rows for each. Absent unless log.rows is set."),
    [FIELD_FIRST_ROWS_CUT] = UINT(first_rows_cut, "",
                                  "Number of rows that are missing in first_rows because limits.held_bytes "
                                  "or log.ring_bytes was reached. Absent if it is 0."),
    [FIELD_AFFECTED_ROWS] =
        UINT(affected_rows, "", "Number of rows changed, in all results. Absent if the reply had rows."),
    [FIELD_LAST_INSERT_ID] =
        UINT(last_insert_id, "", "Generated AUTO_INCREMENT value. Absent if none was generated."),
    [FIELD_WARNINGS] = UINT(warnings, "", "Number of warnings. Absent if it is 0."),
    [FIELD_RESULTS] = UINT(results, "", "Number of results that have columns. Absent if it is 0 or 1."),
    [FIELD_RESULT_ROWS] = FIELD(result_rows, RECORD_LIST,
                                "Number of rows in each of several results, in their order; null for a "
                                "result without columns. At most 64. Absent if the reply has one result."),
    [FIELD_RESULT_AFFECTED_ROWS] =
        FIELD(result_affected_rows, RECORD_LIST,
              "Number of rows changed by each of several results, in their order; null for a result with "
              "columns. At most 64. Absent if result_rows is absent."),
    [FIELD_RESULTS_CUT] = UINT(results_cut, "",
                               "Number of further results that are missing in result_rows and "
                               "result_affected_rows. Absent if it is 0."),
    [FIELD_STATUS_FLAGS] = FIELD(status_flags, RECORD_FLAGS,
                                 "SERVER_STATUS flags at the end of the reply. Absent after an error."),
    [FIELD_FINDINGS] =
        FIELD(findings, RECORD_FLAGS,
              "What may deserve attention: n_plus_one, duplicate, no_index, slow, "
              "transaction_idle, transaction_open, prepare_once, connection_per_statement, "
              "repeated_setup, large_result, write_loop, in_write_loop. Absent if there are no findings."),
    [FIELD_REPEATED] =
        UINT(repeated, "",
             "How often it happened so far, including this time: for n_plus_one and in_write_loop, "
             "statements with "
             "the same digest, one for each row of an earlier result; for prepare_once, statements with the "
             "same digest that were "
             "prepared, executed once and closed; for connection_per_statement, short sessions of the same "
             "client; "
             "for repeated_setup, needless statements of the session. Absent without such a finding."),
    [FIELD_DUPLICATES] = UINT(duplicates, "",
                              "Number of earlier statements with the same text and values in the same "
                              "transaction or trace, or within "
                              "a second of each other in the session. Absent if it is 0."),
    [FIELD_SESSION_CHANGES] =
        FIELD(session_changes, RECORD_MAP,
              "Session state changes that the server reported: schema, gtids, transaction_state, "
              "transaction_characteristics, state_change, and system variables by name. Absent if the server "
              "reported none, or the client did not request them."),
    [FIELD_BYTES_SENT] =
        UINT(bytes_sent, "bytes", "Bytes from the client to the server, including packet headers."),
    [FIELD_BYTES_RECEIVED] =
        UINT(bytes_received, "bytes", "Bytes from the server to the client, including packet headers."),
    [FIELD_ERRNO] = {NAMED("errno"), RECORD_UINT, offsetof(struct record, errno_), KEY_LEN("errno"), "",
                     "Error number. Absent if there was no error."},
    [FIELD_SQLSTATE] = TEXT(sqlstate, "SQLSTATE of the error, five characters. Absent before the greeting."),
    [FIELD_ERROR] = TEXT(error, "Error message. Absent if there was no error."),
    [FIELD_INFO] =
        TEXT(info, "Information that the server returned on success, such as \"Rows matched: 1  Changed: "
                   "1\"; or details of a notice. Absent if there is no such information."),
    [FIELD_REASON] = TEXT(reason, "Why a session ended, why a command has no reply, which limit truncated "
                                  "its text or values, or what a "
                                  "notice is about."),
    [FIELD_RULE] = TEXT(rule, "Name of the protocol rule that a packet violates. Only in lint records."),
    [FIELD_DIRECTION] =
        TEXT(direction, "Which side sent the packet: client or server. Only in packet and lint records."),
    [FIELD_PACKET_SEQ] =
        UINT(packet_seq, "", "Sequence number of the packet. Only in packet and lint records."),
    [FIELD_PACKET_LENGTH] =
        UINT(packet_length, "bytes", "Length of the packet's payload. Only in packet and lint records."),
    [FIELD_PACKET_NAME] =
        TEXT(packet_name, "Type of the packet, such as row or EOF. Only in packet and lint records."),
    [FIELD_PACKET_BYTES] =
        FIELD(packet_bytes, RECORD_BYTES,
              "The first bytes of the payload, at most capture.packet_bytes, in hexadecimal. Absent if they "
              "are authentication data or may contain a password. With log.redact, only the fixed fields of "
              "a command or reply are included."),
    [FIELD_TRANSACTIONS] =
        FIELD(transactions, RECORD_OBJECTS,
              "The transactions that were open when the conflict occurred, the victim first. Only in "
              "conflict records."),
    [FIELD_TRANSACTIONS_OMITTED] =
        UINT(transactions_omitted, "",
             "Number of further transactions that were open and are missing in transactions because "
             "log.conflict_transactions was reached. Absent if it is 0."),
    [FIELD_STATEMENTS] =
        FIELD(statements, RECORD_OBJECTS,
              "The statements of these transactions in the order in which they began, up to the conflict. "
              "Only in conflict records."),
    [FIELD_DROPPED] = UINT(
        dropped, "",
        "Number of log records that were dropped at this point, in gap records. In the notice that an "
        "opaque session is decoded again, or has ended, the number of its commands that were not logged."),
    [FIELD_REDACTED] =
        FIELD(redacted, RECORD_FLAGS,
              "What was removed from the record: password, literals, values. Absent if nothing was removed."),
};

/* Each member is in the part that its row says. */
#define STARTS_OWN      0
#define STARTS_OPTIONAL RECORD_OPTIONAL
#define STARTS_SESSION  RECORD_CARRIED
#define ENDS_OWN        RECORD_OPTIONAL
#define ENDS_OPTIONAL   RECORD_CARRIED
#define ENDS_SESSION    sizeof(struct record)
#define CHECK_PART(name, member, kind, part)                                                                 \
        _Static_assert(offsetof(struct record, member) + 1 > STARTS_##part &&                                \
                           offsetof(struct record, member) < ENDS_##part,                                    \
                       #name " is in its part");
FIELD_TABLE(CHECK_PART)

const char *record_event_name(enum record_event event)
{
        static const char *const names[EVENT_COUNT] = {
            [EVENT_CONNECT] = "connect",
            [EVENT_AUTH] = "auth",
            [EVENT_QUERY] = "query",
            [EVENT_DISCONNECT] = "disconnect",
            [EVENT_ERROR] = "error",
            [EVENT_NOTICE] = "notice",
            [EVENT_LINT] = "lint",
            [EVENT_PACKET] = "packet",
            [EVENT_N_PLUS_ONE] = "n_plus_one",
            [EVENT_PREPARE_ONCE] = "prepare_once",
            [EVENT_WRITE_LOOP] = "write_loop",
            [EVENT_CONFLICT] = "conflict",
            [EVENT_GAP] = "gap",
        };
        return event < EVENT_COUNT ? names[event] : "?";
}

static const char *status_name(unsigned bit)
{
        static const char *const names[16] = {
            "in_trans",
            "autocommit",
            NULL,
            "more_results",
            "no_good_index_used",
            "no_index_used",
            "cursor_exists",
            "last_row_sent",
            "db_dropped",
            "no_backslash_escapes",
            "metadata_changed",
            "query_was_slow",
            "ps_out_params",
            "in_trans_readonly",
            "session_state_changed",
            "ansi_quotes",
        };
        return bit < 16 ? names[bit] : NULL;
}

const char *record_flag_name(enum record_field f, unsigned bit)
{
        static const char *const findings[FINDING_COUNT] = {
            [FINDING_N_PLUS_ONE] = "n_plus_one",
            [FINDING_DUPLICATE] = "duplicate",
            [FINDING_NO_INDEX] = "no_index",
            [FINDING_SLOW] = "slow",
            [FINDING_TRANSACTION_IDLE] = "transaction_idle",
            [FINDING_TRANSACTION_OPEN] = "transaction_open",
            [FINDING_PREPARE_ONCE] = "prepare_once",
            [FINDING_CONNECTION_PER_STATEMENT] = "connection_per_statement",
            [FINDING_REPEATED_SETUP] = "repeated_setup",
            [FINDING_LARGE_RESULT] = "large_result",
            [FINDING_WRITE_LOOP] = "write_loop",
            [FINDING_IN_WRITE_LOOP] = "in_write_loop",
        };
        static const char *const redactions[REDACTED_COUNT] = {"password", "literals", "values"};
        switch ((int)f) {
        case FIELD_STATUS_FLAGS: return status_name(bit);
        case FIELD_FINDINGS: return bit < FINDING_COUNT ? findings[bit] : NULL;
        case FIELD_REDACTED: return bit < REDACTED_COUNT ? redactions[bit] : NULL;
        default: return capability_name(bit);
        }
}

/* --- access by field ---------------------------------------------------------------------------------------------- */

enum record_charset record_charset(enum record_field f)
{
        static const uint8_t charsets[FIELD_COUNT] = {
            [FIELD_USERNAME] = RECORD_USERNAME,
            [FIELD_DATABASE] = RECORD_DATABASE,
            [FIELD_CONNECT_ATTRIBUTES] = RECORD_USERNAME,
            [FIELD_QUERY] = RECORD_CLIENT,
            [FIELD_QUERY_ATTRIBUTES] = RECORD_CLIENT,
            [FIELD_STMT_PREPARE_QUERY] = RECORD_STATEMENT,
            [FIELD_ERROR] = RECORD_RESULTS,
            [FIELD_INFO] = RECORD_RESULTS,
        };
        return charsets[f];
}

void record_assign(struct record *to, const struct record *r)
{
        memcpy(to, r, record_has_optional(r) ? RECORD_CARRIED : RECORD_OPTIONAL);
        to->is_in_place = false;
        if (r->session_source == RECORD_SESSION_CARRIED) {
                to->carried = r->carried;
        }
}

/** From now on @p r carries its session. */
static void carry_session(struct record *r)
{
        if (r->session_source == RECORD_SESSION_REFERRED) {
                r->carried = *r->referred;
        } else {
                r->carried = (struct record_session){.server_conn_id = 0};
        }
        r->session_source = RECORD_SESSION_CARRIED;
}

void record_begin_part(struct record *r, enum record_field f)
{
        if (field_set_has(&fields_session, f)) {
                if (r->session_source != RECORD_SESSION_CARRIED) {
                        assert(!r->is_in_place);
                        carry_session(r);
                }
                field_set_add(&r->carried.fields, f);
        } else if (!record_has_optional(r)) {
                assert(!r->is_in_place);
                memset((uint8_t *)r + RECORD_OPTIONAL, 0, RECORD_CARRIED - RECORD_OPTIONAL);
        }
}

void record_remove(struct record *r, enum record_field f)
{
        if (!record_has(r, f)) {
                return;
        }
        void *member = (char *)r + record_offset(f);
        field_set_remove(&r->present, f);
        if (field_set_has(&fields_session, f)) {
                return; /* what the session has it keeps: other records have the field */
        }
        if (record_is_list(f)) {
                *(struct value_list *)member = (struct value_list){NULL, 0};
        } else if (record_is_span(f)) {
                *(struct span *)member = (struct span){NULL, 0};
        } else {
                *(uint64_t *)member = 0;
        }
}
