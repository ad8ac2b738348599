/** @file record.h  What querytap tells about one thing that happened: a statement, a login, a disconnect …
 *
 * One table (record_fields) names each field, its type, its unit and what it means; formats, manual and filters read
 * the table and know no field by themselves. Names follow tcpdp where it has the field, else MySQL's and
 * OpenTelemetry's.
 * A field counts only if it is in the set `present` (record_set_* see to that).
 * Memory: texts and lists are spans of their owner's; valid during the call that hands the record over.
 * record_pack makes one flat copy for a ring. */
#ifndef MYSQL_RECORD_RECORD_H
#define MYSQL_RECORD_RECORD_H

#include "mysql/wire/sql_mode.h"
#include "mysql/wire/value.h"

enum record_event {
        EVENT_CONNECT,    /**< a client was accepted and its upstream reached */
        EVENT_AUTH,       /**< a login ended: with errno if it failed */
        EVENT_QUERY,      /**< a command and its reply */
        EVENT_DISCONNECT, /**< a session ended: reason */
        EVENT_ERROR,      /**< something that no command explains: reason, error */
        EVENT_LINT,       /**< a packet that breaks a rule of the protocol: rule, reason */
        EVENT_NOTICE,     /**< something querytap changed or could not follow: reason */
        EVENT_PACKET,     /**< one packet, for the hex dump */
        EVENT_N_PLUS_ONE, /**< a run of statements ended, one for each row of a result before them: repeated */
        EVENT_GAP,        /**< records that could not be kept stood here: dropped */
        EVENT_COUNT
};

/** "connect", "auth", "query" … */
const char *record_event_name(enum record_event event);

enum record_field {
        FIELD_CONN_ID,
        FIELD_CONN_SEQ_NUM,
        FIELD_TRX_ID,
        FIELD_CLIENT_ADDR,
        FIELD_PROXY_LISTEN_ADDR,
        FIELD_PROXY_CLIENT_ADDR,
        FIELD_REMOTE_ADDR,
        FIELD_USERNAME,
        FIELD_DATABASE,
        FIELD_CHARACTER_SET,
        FIELD_SERVER_VERSION,
        FIELD_SERVER_CONN_ID,
        FIELD_AUTH_PLUGIN,
        FIELD_AUTH_PATH,
        FIELD_CONNECT_ATTRIBUTES,
        FIELD_TLS,
        FIELD_REMOTE_TLS,
        FIELD_COMPRESSION,
        FIELD_SERVER_CAPABILITIES,
        FIELD_CLIENT_CAPABILITIES,
        FIELD_CAPABILITIES,
        FIELD_CAPABILITIES_REMOVED,
        FIELD_CAPABILITIES_ADDED,
        FIELD_COMMAND_ID,
        FIELD_COMMAND,
        FIELD_QUERY,
        FIELD_QUERY_LENGTH,
        FIELD_DIGEST,
        FIELD_DIGEST_TEXT,
        FIELD_STMT_ID,
        FIELD_STMT_PREPARE_QUERY,
        FIELD_STMT_PREPARE_QUERY_LENGTH,
        FIELD_STMT_EXECUTE_VALUES,
        FIELD_QUERY_ATTRIBUTES,
        FIELD_TAGS,
        FIELD_TRACEPARENT,
        FIELD_BULK_COUNT,
        FIELD_BULK_ROWS,
        FIELD_DURATION_US,
        FIELD_REQUEST_US,
        FIELD_SERVER_US,
        FIELD_STREAM_US,
        FIELD_STALL_US,
        FIELD_PROXY_US,
        FIELD_ROWS,
        FIELD_COLUMNS,
        FIELD_COLUMN_NAMES,
        FIELD_FIRST_ROWS,
        FIELD_FIRST_ROWS_CUT,
        FIELD_AFFECTED_ROWS,
        FIELD_LAST_INSERT_ID,
        FIELD_WARNINGS,
        FIELD_RESULTS,
        FIELD_RESULT_ROWS,
        FIELD_RESULT_AFFECTED_ROWS,
        FIELD_RESULTS_CUT,
        FIELD_STATUS_FLAGS,
        FIELD_FINDINGS,
        FIELD_REPEATED,
        FIELD_DUPLICATES,
        FIELD_SESSION_CHANGES,
        FIELD_BYTES_SENT,
        FIELD_BYTES_RECEIVED,
        FIELD_ERRNO,
        FIELD_SQLSTATE,
        FIELD_ERROR,
        FIELD_INFO,
        FIELD_REASON,
        FIELD_RULE,
        FIELD_DIRECTION,
        FIELD_PACKET_SEQ,
        FIELD_PACKET_LENGTH,
        FIELD_PACKET_NAME,
        FIELD_PACKET_BYTES,
        FIELD_DROPPED,
        FIELD_REDACTED,
        FIELD_COUNT
};

/** A set of fields, a bit each. */
struct field_set {
        uint64_t words[2];
};

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

/** Two parts. What most commands tell, and what the journal may add to any record, is in the first; the rest is there, and
 *  zeroed where its field is absent, in records that have one of its fields. Copies of others end before it. */
struct record {
        enum record_event event;
        uint8_t
            charsets[RECORD_CHARSETS]; /**< by enum record_charset (charset.h); all 0 once texts are UTF-8 */
        bool ends_early;               /**< of a copy: it has no room for fields of the rest */
        uint8_t secrecy;               /**< enum secrecy (secret_data.h): of its rows; not shown */
        struct sql_mode sql_mode;      /**< how the server reads the statement; not shown */
        bool secret_behind; /**< what is cut off of its statement speaks of a password; not shown */
        struct field_set present;
        struct field_set cut;       /**< texts that are cut, and may end within a character */
        struct field_set undecoded; /**< texts that are none in their character set, or can't be converted */
        struct field_set lasting;   /**< texts that outlive all records: copies keep pointing at them */
        struct field_set outside;   /**< of a copy: fields that were set since, and point elsewhere */
        size_t packed;              /**< of a copy: its bytes, with the texts behind it; 0: it is none */
        uint64_t wall_ns;           /**< ts: when it began; filled by the session from mono_ns */
        uint64_t mono_ns;           /**< the same on the monotonic clock; not shown */

        uint64_t conn_id;
        struct span client_addr;
        struct span proxy_listen_addr;
        struct span proxy_client_addr;
        struct span remote_addr;
        struct span username;
        struct span database;
        struct span character_set;
        uint64_t server_conn_id;
        uint64_t conn_seq_num;
        uint64_t trx_id;
        uint64_t command_id;
        struct span command;
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
        uint64_t findings; /**< bit i: enum record_finding i */
        uint64_t repeated;
        uint64_t duplicates;
        uint64_t redacted; /**< bit i: enum record_redaction i */

        /* the rest */
        struct span server_version;
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
        uint64_t stall_us;
        struct value_list column_names;
        struct value_list first_rows;
        uint64_t first_rows_cut;
        uint64_t results;
        struct value_list result_rows;
        struct value_list result_affected_rows;
        uint64_t results_cut;
        struct value_list session_changes;
        uint64_t errno_;
        struct span sqlstate;
        struct span error;
        struct span reason;
        struct span rule;
        struct span direction;
        uint64_t packet_seq;
        uint64_t packet_length;
        struct span packet_name;
        struct span packet_bytes;
        uint64_t dropped;
};

/** Where the rest begins. */
#define RECORD_REST offsetof(struct record, server_version)

/** What is worth a look in a statement: FIELD_FINDINGS. */
enum record_finding {
        FINDING_N_PLUS_ONE, /**< of a run of statements, one for each row of the result before them */
        FINDING_DUPLICATE,  /**< with the same values as one before it in its transaction */
        FINDING_NO_INDEX,   /**< the server found no index, or no good one */
        FINDING_SLOW,       /**< longer than log.slow_ms, or slow for the server */
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
        RECORD_TEXT,  /**< text in the session's character set: maybe no UTF-8 */
        RECORD_BYTES, /**< binary */
        RECORD_LIST,  /**< struct value_list, positional: a JSON array */
        RECORD_MAP,   /**< struct value_list with names: a JSON object */
        RECORD_ROWS, /**< struct value_list with marks: a JSON array of arrays, one level more for several results */
        RECORD_FLAGS, /**< bits with names: a JSON array of those (record_flag_name) */
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

/** Take field @p f out, and empty its member: no copy points at what it was. */
void record_remove(struct record *r, enum record_field f);

/** Make it a record without fields. */
void record_clear(struct record *r);

/** Set the member of a field whose name is known where it is written: what record_set_uint and its like do, without
 *  looking it up. For fields of the first part. */
#define RECORD_PUT(r, field, member, value)                                                                  \
        ((void)sizeof(char[offsetof(struct record, member) < RECORD_REST ? 1 : -1]),                         \
         (void)((r)->member = (value), record_mark((r), (field))))

/** The same of a text that is set in a copy. */
#define RECORD_PUT_TEXT(r, field, member, text)                                                              \
        (RECORD_PUT(r, field, member, text), field_set_add(&(r)->outside, (field)))

/** Make @p to the same as @p r, pointing at the same. It is no copy in the sense of record_pack. */
void record_assign(struct record *to, const struct record *r);

static inline bool record_has(const struct record *r, enum record_field f)
{
        return field_set_has(&r->present, f);
}

/** Mark @p f present; r->member holds its value. */
static inline void record_mark(struct record *r, enum record_field f)
{
        field_set_add(&r->present, f);
}

/** Whose character set its text is in; of a map, its names. */
enum record_charset record_charset(enum record_field f);

/** Does it have a field of the rest, and so that part? Is this one? */
bool record_has_rest(const struct record *r);
bool record_is_rest(enum record_field f);
/** Does it have a field that is a list? */
bool record_has_lists(const struct record *r);
/** Is its member a struct value_list, a struct span? (Else a uint64_t.) */
bool record_is_list(enum record_field f);
bool record_is_span(enum record_field f);

/** Accessors by field, for what walks the table: of fields that it has. */
uint64_t record_uint(const struct record *r, enum record_field f);
struct span record_text(const struct record *r, enum record_field f);
struct value_list record_list(const struct record *r, enum record_field f);
/** The same of a field that may be absent: 0, empty. */
static inline uint64_t record_uint_if_any(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_uint(r, f) : 0;
}
static inline struct span record_text_if_any(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_text(r, f) : (struct span){NULL, 0};
}
/** For a copy, only what it has room for: nothing of the rest if it ends early. */
void record_set_uint(struct record *r, enum record_field f, uint64_t value);
void record_set_text(struct record *r, enum record_field f, struct span text);
void record_set_list(struct record *r, enum record_field f, struct value_list list);

/** Name of a bit (0 … 63) of a RECORD_FLAGS field: SERVER_STATUS flags in lower case, such as "in_trans", capabilities
 *  as in capability.h; NULL if it has none. */
const char *record_flag_name(enum record_field f, unsigned bit);

/** Bytes that record_pack needs for @p r. */
size_t record_pack_size(const struct record *r);
/** Copy @p r with all it points to into @p out, 8-aligned, record_pack_size bytes: a record that owns its texts. For this
 *  process only: it is no format to store or to send.
 *  @return the copy, which is @p out. It is good as long as those bytes stay where they are. */
struct record *record_pack(const struct record *r, uint8_t *out);
/** The same, quickly, of a record that is such a copy: the whole stretch is taken, also what no field points at any more
 *  (who takes out what must not be kept sets packed to 0), and the copy's pointers are still those of @p r.
 *  @return what record_moved needs to right them: the place where the copy seems to be. */
const uint8_t *record_copy(const struct record *r, uint8_t *out);
size_t record_copy_size(const struct record *r);
/** The packed record in @p bytes (8-aligned), @p len of them, which were copied from @p was: point it at its texts again.
 *  @return NULL if they are no packed record. */
struct record *record_moved(uint8_t *bytes, size_t len, const uint8_t *was);

#endif
