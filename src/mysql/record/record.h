/** @file record.h  What querytap reports about one thing that happened: a statement, a login, a disconnect …
 *
 * One table (record_fields) names each field, its type, its unit and what it means; formats, manual and filters read
 * the table and know no field by themselves. Names follow tcpdp where it has the field, else MySQL's and
 * OpenTelemetry's.
 * A field counts only if it is in the set `present`, which record_set_* maintain.
 * Memory: texts and lists are spans of their owner's; valid during the call that hands the record over. record_packed.h
 * has the form of a record that owns its bytes and can be copied. */
#ifndef MYSQL_RECORD_RECORD_H
#define MYSQL_RECORD_RECORD_H

#include "mysql/record/field_table.h"
#include "mysql/wire/sql_mode.h"
#include "mysql/wire/value.h"

enum record_event {
        EVENT_CONNECT,    /**< a client was accepted and its upstream reached */
        EVENT_AUTH,       /**< a login ended: with errno or reason if it failed */
        EVENT_QUERY,      /**< a command and its reply */
        EVENT_DISCONNECT, /**< a session ended: reason */
        EVENT_ERROR,      /**< something that no command explains: reason, error */
        EVENT_LINT,       /**< a packet that breaks a rule of the protocol: rule, reason */
        EVENT_NOTICE,     /**< something querytap changed or could not follow: reason */
        EVENT_PACKET,     /**< one packet, for the hex dump */
        EVENT_N_PLUS_ONE, /**< a run of statements ended, one for each row of a result before them: repeated */
        EVENT_WRITE_LOOP, /**< the same of statements that write: repeated */
        EVENT_PREPARE_ONCE, /**< a run ended of statements that were prepared, executed once and closed: repeated */
        EVENT_DEADLOCK,    /**< a deadlock: the transactions that were open, and their statements */
        EVENT_LOCK_WAIT,   /**< the same of a lock wait timeout */
        EVENT_TRANSACTION, /**< a transaction ended: what ran in it, and how it ended */
        EVENT_SCOPE,       /**< a scope, such as a request, ended: what it sent */
        EVENT_GAP,         /**< records that could not be kept stood here: dropped */
        EVENT_COUNT
};

/** FIELD_REASON of a disconnect that needs no attention: the text format does not print it in red. */
#define RECORD_REASON_QUIT "the client quit"

/** "connect", "auth", "query" … */
const char *record_event_name(enum record_event event);

/** Whose character set a text is in. */
enum record_charset {
        RECORD_UTF8,      /**< our own words, and what is ASCII or UTF-8 in any case */
        RECORD_CLIENT,    /**< character_set_client: statements, values */
        RECORD_RESULTS,   /**< character_set_results: errors, names of columns */
        RECORD_STATEMENT, /**< the client's when the statement was prepared */
        RECORD_USERNAME,  /**< the client's at the login */
        RECORD_DATABASE,  /**< the client's when it named its database */
        RECORD_CHARSETS
};

/** What all records of a session have in common. The journal keeps it (journal/sessions.h), so that records need not carry it. */
struct record_session {
        struct field_set fields;    /**< those that have a value here */
        struct field_set undecoded; /**< as in struct record */
        struct span client_addr;
        struct span proxy_listen_addr;
        struct span proxy_client_addr;
        struct span remote_addr;
        struct span username;
        struct span database;
        struct span character_set;
        uint64_t server_conn_id;
};

/** Where the session's fields of a record are. */
enum record_session_source {
        RECORD_SESSION_NONE, /**< nowhere: it must have none of them when it is read */
        RECORD_SESSION_CARRIED, /**< in the record, `carried`: a packed record takes them along, also those that it does not have */
        RECORD_SESSION_REFERRED, /**< in the journal, `referred`: many records share them */
};

struct prefix; /* journal/format/prefix.h */

/** A decoded record: texts and lists are spans of somebody else's bytes.
 *
 *      | own part: most commands have it | optional part, if it has one of its fields | session, if it is carried |
 *
 * record_set_uint and its like initialise a part with its first field. A record that record_unpack returned ends after its last part,
 * so it gets no further part, and record_assign copies it. */
struct record {
        enum record_event event;
        uint8_t
            charsets[RECORD_CHARSETS]; /**< by enum record_charset (charset.h); all 0 once texts are UTF-8 */
        uint8_t secrecy;               /**< enum secrecy (secret_data.h): of its rows; not shown */
        struct sql_mode sql_mode;      /**< how the server reads the statement; not shown */
        bool secret_behind; /**< what is cut off of its statement speaks of a password; not shown */
        bool
            is_cleared; /**< its statement was searched as a whole, and secret_suspected is false; not shown */
        bool
            is_trouble; /**< of a notice: the session can't be followed any further; of a disconnect: the session
                              did not end in order; not shown */
        uint8_t session_source; /**< enum record_session_source */
        bool is_in_place;       /**< record_unpack returned it: it can get no further part */
        uint32_t
            session_place; /**< of the session in the table of the port's journal; 0 = it has none there */
        struct prefix
            *prefix; /**< where a format keeps what lines of the session begin with; NULL = nowhere */
        const struct span
            *digest_json; /**< digest and digest_text as members of a JSON object, formatted in advance:
                                           `,"digest":"…","digest_text":"…"`; NULL or empty if they are not */
        const struct record_session *referred; /**< with RECORD_SESSION_REFERRED; else undefined */
        struct field_set present;
        struct field_set cut; /**< texts that are cut, and may end within a character */
        struct field_set
            undecoded;    /**< texts that are not valid in their character set, or can't be converted */
        uint64_t wall_ns; /**< ts: when it began; filled by the session from mono_ns */
        uint64_t mono_ns; /**< the same on the monotonic clock; not shown */

        uint64_t conn_id;
        uint64_t conn_seq_num;
        uint64_t trx_id;
        uint64_t command_id;
        struct span command; /**< static text */
        struct span query;
        uint64_t stmt_id;
        struct span stmt_prepare_query;
        struct value_list stmt_execute_values;
        uint64_t duration_us;
        uint64_t request_us;
        uint64_t server_us;
        uint64_t stream_us;
        uint64_t proxy_us;
        uint64_t rows;
        uint64_t columns;
        uint64_t affected_rows;
        uint64_t last_insert_id;
        uint64_t warnings;
        uint64_t status_flags;
        struct span info;
        uint64_t bytes_sent;
        uint64_t bytes_received;
        struct span digest;
        struct span digest_text;
        struct value_list tags;
        struct span traceparent;
        struct span scope;
        uint64_t findings; /**< bit i: enum record_finding i */
        uint64_t repeated;
        uint64_t duplicates;
        uint64_t redacted; /**< bit i: enum record_redaction i */
        uint64_t trx_idle_us;
        struct span row_hashes; /**< struct row_hashes, of a result of two and more rows; not shown */

        /* the optional part */
        struct span server_version;
        uint64_t last_conn_seq_num;
        uint64_t database_unknown;
        struct span auth_plugin;
        struct span auth_path;
        struct value_list connect_attributes;
        struct span tls;
        struct span remote_tls;
        struct span compression;
        uint64_t server_capabilities;
        uint64_t client_capabilities;
        uint64_t capabilities;
        uint64_t capabilities_removed;
        uint64_t capabilities_added;
        uint64_t query_length;
        uint64_t stmt_prepare_query_length;
        struct value_list query_attributes;
        uint64_t bulk_count;
        struct value_list bulk_rows;
        uint64_t statement_count;
        uint64_t session_count;
        uint64_t transaction_count;
        struct span end_ts;
        uint64_t stall_us;
        uint64_t busy_us;
        uint64_t idle_us;
        uint64_t lock_waits;
        uint64_t lock_wait_us;
        struct value_list column_names;
        struct value_list first_rows;
        uint64_t first_rows_cut;
        uint64_t results;
        struct value_list result_rows;
        struct value_list result_affected_rows;
        uint64_t results_cut;
        struct value_list session_changes;
        uint64_t error_count;
        uint64_t errno_;
        struct span sqlstate;
        struct span error;
        struct span ended;
        struct span reason;
        struct span rule;
        struct span direction;
        uint64_t packet_seq;
        uint64_t packet_length;
        struct span packet_name;
        struct span packet_bytes;
        struct value_list transactions;
        uint64_t transactions_omitted;
        struct value_list statements;
        uint64_t dropped;
        struct span packets_file;

        struct record_session carried; /**< with RECORD_SESSION_CARRIED; see record_session */
};

/** Where the parts begin that a record may lack. */
#define RECORD_OPTIONAL offsetof(struct record, server_version)
#define RECORD_CARRIED  offsetof(struct record, carried)

/** What is worth a look in a statement: FIELD_FINDINGS. */
enum record_finding {
        FINDING_N_PLUS_ONE,       /**< of a run of statements, one for each row of the result before them */
        FINDING_DUPLICATE,        /**< with the same values as one before it in its transaction */
        FINDING_NO_INDEX,         /**< the server found no index, or no good one */
        FINDING_SLOW,             /**< longer than log.slow_ms, or slow for the server */
        FINDING_TRANSACTION_IDLE, /**< its transaction was held for a while before it, and nothing ran */
        FINDING_TRANSACTION_OPEN, /**< the session ended, or was reset, within a transaction */
        FINDING_PREPARE_ONCE,     /**< of a run of statements that were prepared, executed once and closed */
        FINDING_CONNECTION_PER_STATEMENT, /**< the session was one of many for a statement or two each */
        FINDING_REPEATED_SETUP,           /**< it set what was set already, again and again */
        FINDING_LARGE_RESULT,             /**< more rows than log.large_result */
        FINDING_WRITE_LOOP, /**< statements that write, one for each row: of the record about all of them */
        FINDING_IN_WRITE_LOOP, /**< the same of each of these statements */
        FINDING_COUNT
};

/** What a record does not tell: FIELD_REDACTED. */
enum record_redaction {
        REDACTED_PASSWORD, /**< passwords and what is derived from them: always */
        REDACTED_LITERALS, /**< constants in statements */
        REDACTED_VALUES,   /**< parameters, attributes, rows */
        REDACTED_COUNT
};

enum record_kind {
        RECORD_UINT,
        RECORD_BOOL,  /**< 1: true; a field that would be false is absent */
        RECORD_TEXT,  /**< text in the session's character set: maybe no UTF-8 */
        RECORD_BYTES, /**< binary */
        RECORD_LIST,  /**< struct value_list, positional: a JSON array */
        RECORD_MAP,   /**< struct value_list with names: a JSON object */
        RECORD_ROWS, /**< struct value_list with marks: a JSON array of arrays, one level more for several results */
        RECORD_OBJECTS, /**< struct value_list with marks, whose values have names: a JSON array of objects */
        RECORD_FLAGS,   /**< bits with names: a JSON array of those (record_flag_name) */
};

/** Room for `,"name":` of any field: fixed, so that a copy of all of it is a few instructions. */
#define RECORD_KEY_SIZE 32

struct record_field_info {
        char key[RECORD_KEY_SIZE]; /**< the name as JSON has it within an object, such as ,"rows": */
        const char *name;          /**< as in the logs */
        enum record_kind kind;
        uint16_t offset; /**< in struct record */
        uint16_t key_len;
        const char *unit; /**< "us", "bytes" or "" */
        const char *help; /**< a sentence for the manual, with when the field is absent */
};
_Static_assert(sizeof(struct record_field_info) == 64,
               "a cache line each: formats walk the table for each record");

/** Indexed by enum record_field, in the order in which formats print. */
extern const struct record_field_info record_fields[FIELD_COUNT];

/** Does it have a field that is a list? */
static inline bool record_has_lists(const struct record *r)
{
        return field_set_meets(&r->present, &fields_lists);
}

/** Does it have a field of the optional part, and so that part? */
static inline bool record_has_optional(const struct record *r)
{
        return field_set_meets(&r->present, &fields_optional);
}

/** Is the member of @p f a struct value_list, a struct span? (Else it is a uint64_t.) */
static inline bool record_is_list(enum record_field f)
{
        return field_set_has(&fields_lists, f);
}

static inline bool record_is_span(enum record_field f)
{
        return field_set_has(&fields_spans, f);
}

static inline bool record_has(const struct record *r, enum record_field f)
{
        return field_set_has(&r->present, f);
}

/** Whose character set its text is in; of a map, that of its names. */
enum record_charset record_charset(enum record_field f);

/* --- reading ----------------------------------------------------------------------------------------------------- */

/** Where the member of a field is in struct record: for a field that the compiler knows, a constant. */
static inline __attribute__((always_inline)) size_t record_offset(enum record_field f)
{
#define RECORD_OFFSET_CASE(id, name, member, ...)                                                            \
        case FIELD_##id: return offsetof(struct record, member);
        if (__builtin_constant_p(f)) {
                switch (f) {
                        FIELD_TABLE(RECORD_OFFSET_CASE)
                case FIELD_COUNT: break;
                }
        }
#undef RECORD_OFFSET_CASE
        return record_fields[f].offset;
}

/** The session's fields. @return NULL if the record has none of them. */
static inline const struct record_session *record_session(const struct record *r)
{
        return r->session_source == RECORD_SESSION_CARRIED    ? &r->carried
               : r->session_source == RECORD_SESSION_REFERRED ? r->referred
                                                              : NULL;
}

static inline const void *record_member_of(const struct record *r, enum record_field f)
{
        size_t offset = record_offset(f);
        bool is_elsewhere = offset >= RECORD_CARRIED && r->session_source == RECORD_SESSION_REFERRED;
        return is_elsewhere ? (const char *)r->referred + (offset - RECORD_CARRIED)
                            : (const char *)r + offset;
}

/** The value of a field that the record has, by its kind. */
static inline uint64_t record_uint(const struct record *r, enum record_field f)
{
        return *(const uint64_t *)record_member_of(r, f);
}

static inline struct span record_text(const struct record *r, enum record_field f)
{
        return *(const struct span *)record_member_of(r, f);
}

static inline struct value_list record_list(const struct record *r, enum record_field f)
{
        return *(const struct value_list *)record_member_of(r, f);
}

/** The same of a field that may be absent: 0, empty. */
static inline uint64_t record_uint_if_any(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_uint(r, f) : 0;
}

static inline struct span record_text_if_any(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_text(r, f) : (struct span){NULL, 0};
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/** Make it a record without fields. */
static inline void record_clear(struct record *r)
{
        span_zero_fixed(r, RECORD_OPTIONAL);
}

/** Make @p to the same as @p r, pointing at the same; it can get further parts even if @p r can't. */
void record_assign(struct record *to, const struct record *r);
/** Take field @p f out, and empty its member. */
void record_remove(struct record *r, enum record_field f);

/** Initialise the part of @p f, which is to get its first field. For record_place. */
void record_begin_part(struct record *r, enum record_field f);

/** The member of @p f, which is about to be set. For record_set_uint and its like. */
static inline __attribute__((always_inline)) void *record_place(struct record *r, enum record_field f)
{
        size_t offset = record_offset(f);
        if (offset >= RECORD_OPTIONAL) {
                record_begin_part(r, f);
        }
        field_set_add(&r->present, f);
        return (char *)r + offset;
}

/** Set a field; @p f is of the kind that the function is for. A session's field that is set is carried by the record. Texts
 *  and lists are pointed at, not copied. */
static inline __attribute__((always_inline)) void record_set_uint(struct record *r, enum record_field f,
                                                                  uint64_t value)
{
        *(uint64_t *)record_place(r, f) = value;
}

static inline __attribute__((always_inline)) void record_set_text(struct record *r, enum record_field f,
                                                                  struct span text)
{
        *(struct span *)record_place(r, f) = text;
}

static inline __attribute__((always_inline)) void record_set_list(struct record *r, enum record_field f,
                                                                  struct value_list list)
{
        *(struct value_list *)record_place(r, f) = list;
}

static inline void record_add_finding(struct record *r, enum record_finding finding)
{
        record_set_uint(r, FIELD_FINDINGS, r->findings | 1ULL << finding);
}

/** Let @p r refer to @p session from now on, which must outlive the record: it has @p fields of it that are the session's. */
static inline void record_refer(struct record *r, const struct record_session *session,
                                struct field_set fields)
{
        r->referred = session;
        r->session_source = RECORD_SESSION_REFERRED;
        r->present.words[0] |= fields.words[0];
        r->undecoded.words[0] |= session->undecoded.words[0] & fields.words[0];
}
_Static_assert(FIELD_SERVER_CONN_ID < 64, "the session's fields are in the first word");

/** Name of a bit (0 … 63) of a RECORD_FLAGS field: SERVER_STATUS flags in lower case, such as "in_trans", capabilities
 *  as in capability.h; NULL if it has none. */
const char *record_flag_name(enum record_field f, unsigned bit);

#endif
