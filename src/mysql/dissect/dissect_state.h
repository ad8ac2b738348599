/** @file dissect_state.h  What the parts of the dissector share: dissect.c (phases), packets.c, login.c, request.c,
 * execute.c, result.c, rows.c, session_vars.c. Nobody else includes it.
 *
 *      client stream: bytes -> frame -> message -> phase's from_client      (login.c, request.c)
 *      server stream: bytes -> frame -> message -> phase's from_server      (login.c, result.c)
 *
 * Commands stand in a FIFO; the head is the one that the server answers, and only the head is *begun*: what a command
 * means can depend on those before it (PREPARE, then EXECUTE of "the last one"). */
#ifndef MYSQL_DISSECT_DISSECT_STATE_H
#define MYSQL_DISSECT_DISSECT_STATE_H

#include "mysql/dissect/dissect.h"
#include "mysql/dissect/message.h"
#include "mysql/dissect/statement.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/command.h"
#include "mysql/wire/compress.h"
#include "mysql/wire/frame.h"
#include "mysql/wire/lint.h"
#include "mysql/wire/reply.h"

enum phase { PHASE_GREETING, PHASE_LOGIN, PHASE_AUTH, PHASE_READY, PHASE_OPAQUE, PHASE_CLOSED, PHASE_COUNT };

/** One direction. */
struct packet_stream {
        struct frame frame;
        struct compress *compress; /**< NULL: the bytes are packets as they are */
        uint32_t frames_wire;      /**< of compressed frames that began and count for no message yet */
        uint8_t frame_seq;         /**< of the last frame */
        bool frame_starts;         /**< the next message begins with a frame */
        uint64_t offset;           /**< bytes seen since the start */
        uint64_t message_at;       /**< where the message under way began */
        uint64_t start_ns;         /**< of the message under way */
        uint64_t len;              /**< its payload so far */
        uint64_t wire;
        size_t limit; /**< how much of it is kept */
        uint8_t seq;
        uint8_t last; /**< sequence number of the packet under way, or the one before */
        uint8_t first;
        uint8_t *kept; /**< the message's head, where it came in pieces */
        size_t kept_len;
        size_t kept_size;
        uint8_t *packet; /**< the head of the packet under way, for on_packet */
        size_t packet_len;
};

/** Where a reply stands; the head of the FIFO owns it. */
enum reply_state {
        REPLYING_FIRST,
        REPLYING_DEFS,
        REPLYING_DEFS_EOF,
        REPLYING_ROWS,
        REPLYING_LOCAL_FILE, /**< the client sends the file */
        REPLYING_AUTH,
        REPLYING_STREAM,
        REPLYING_COUNT
};

#define LAST_PREPARED 0xffffffffu /**< MariaDB: "the statement prepared last" */

/** Figures of each of several results (multi_result.c). */
struct multi_result;

/** First rows of its results (rows.c). */
struct rows;

/** A command in flight. */
struct command {
        struct command *next;
        const struct command_type *type;
        uint8_t code;
        bool begun;
        bool done;
        bool acknowledged; /**< of a stream: the client sent packets meanwhile */
        bool seq_known;    /**< next_seq holds; not so once a rule of sequence was broken */
        uint8_t next_seq;  /**< of the exchange's next packet, of either side */
        bool frame_known;  /**< the same of compressed frames */
        uint8_t next_frame;
        enum reply_state state;
        uint64_t seq_num;
        uint64_t start_ns; /**< first byte of the request */
        uint64_t sent_ns;  /**< its last byte */
        uint64_t first_ns; /**< first byte of the reply; 0 = none came */
        uint64_t last_ns;
        uint64_t bytes_sent;
        uint64_t bytes_received;

        uint8_t *body; /**< the request's head */
        size_t body_len;
        size_t body_size;
        uint64_t true_len;
        size_t text_at; /**< where the text begins in body; attributes may stand before it */
        uint32_t stmt_id;
        bool has_stmt_id;
        bool is_secret;  /**< holds a password, or may; see dissect_is_secret */
        uint8_t secrecy; /**< enum secrecy: of what the reply may tell of earlier statements */
        bool is_plain;   /**< the statement's first word is neither USE nor SET; see session_vars_is_plain */

        uint64_t defs_left; /**< column definitions to come */
        uint64_t defs_next; /**< of the group after (PREPARE: columns after parameters) */
        bool out_params;    /**< the result under way holds them, and another follows */
        bool without_defs;  /**< they are left out */
        uint64_t columns;
        uint64_t rows;
        uint64_t results;
        uint64_t affected_rows;
        uint64_t last_insert_id;
        uint64_t warnings;
        uint16_t status;
        bool has_status; /**< an OK or EOF came */
        bool failed;     /**< an ERR came */
        uint16_t errnum;
        char sqlstate[6];
        uint8_t *text; /**< the ERR's message or the OK's info */
        size_t text_len;
        bool text_lost;   /**< where the statement's text begins can't be told */
        bool changes_cut; /**< session tracking told more than is kept */
        uint8_t *changes; /**< what it told, as it came */
        size_t changes_len;
        uint64_t ends;           /**< results that ended well */
        uint32_t rows_wanted;    /**< of the result under way, still to be kept; 0: they are only counted */
        struct rows *first_rows; /**< NULL unless settings->rows */
};

/** A packet that breaks rules. */
struct broken {
        enum side from;
        uint8_t seq;
        uint32_t length;
        uint64_t mono_ns;
        struct span bytes;
};

/** What the reply under way makes of the character sets. */
struct next_charsets {
        bool has_client;
        bool has_results;
        uint8_t client;
        uint8_t results;
};

/** Room for decoded values, kept for the next record. */
struct value_room {
        struct value *at;
        size_t size;
};

/** A text that the dissector owns, with a NUL behind it; at is NULL where there is none. */
struct own_text {
        char *at;
        size_t len;
};

/* What each packet needs stands first, side by side: of many sessions the processor has none at hand. */
struct dissect {
        const struct dissect_settings *settings;
        uint64_t capabilities; /**< the server's, then those agreed */
        enum phase phase;
        bool watch_secrets;  /**< for what must not be shown: packets are wanted, or rows */
        bool want_packets;   /**< packets are wanted … */
        bool batch_packets;  /**< … and several at once */
        bool redact_packets; /**< but not what is in them, once the login is over */
        bool draining;       /**< the server gave up on a LOCAL INFILE, and the client sends on to its end */
        struct lint lint;
        const char *opaque_reason;
        struct command *head; /**< the oldest command */
        struct command *tail;

        size_t held; /**< bytes of commands in flight */
        struct statements statements;
        uint64_t seq_num;
        uint64_t records;
        struct multi_result *
            multi_result; /**< of the command at the head; NULL unless it has several results (multi_result.c) */

        uint32_t in_flight;
        struct next_charsets next;
        uint8_t next_login_charset; /**< of a COM_CHANGE_USER under way */
        uint8_t next_database_charset;
        bool packet_secret;
        bool last_secret;      /**< the last statement may hold a password, and so may its warnings */
        uint8_t left_secret;   /**< enum secrecy: one did and kept it in a variable or a prepared statement */
        bool prepared_secret;  /**< the statement prepared last may hold one; it may still be in flight */
        bool packet_is_sealed; /**< an event in which nobody can look for passwords: its header is shown */
        bool drain_secret;     /**< the file that is drained may */
        uint8_t drain_seq;     /**< of the next packet of a file that is drained */
        struct own_text next_database; /**< what the reply under way makes of it; none: unchanged */
        enum packet_kind packet_kind;  /**< of the message just handled */
        struct dissect_sink sink;

        struct packet_stream streams[2];

        struct {
                uint8_t client; /**< of the client's texts (charset.h) */
                uint8_t
                    results; /**< of what the server tells; CHARSET_UNKNOWN where that is each column's own */
                uint8_t login;    /**< the client's at the last login or COM_CHANGE_USER */
                uint8_t server;   /**< of the greeting: the server's default */
                uint8_t username; /**< that the user's name came in */
                uint8_t database;
        } charsets;
        bool in_trans;            /**< by the last status flags */
        uint64_t trx_id;          /**< of the last transaction */
        struct sql_mode sql_mode; /**< how the server reads the next statement */
        uint32_t server_conn_id;
        struct own_text server_version;
        struct own_text username;
        struct own_text database;

        uint64_t now_ns;              /**< of the compressed bytes under way */
        uint64_t server_capabilities; /**< as offered */
        uint64_t client_capabilities; /**< as asked for */
        uint64_t login_start_ns;
        struct own_text auth_plugin;
        char *auth_path;     /**< plugins and steps so far, for the record of the login */
        uint8_t *attributes; /**< the login's, kept until it is over */
        size_t attributes_len;
        struct own_text next_username; /**< of a COM_CHANGE_USER under way */
        uint32_t last_prepared;        /**< MariaDB: what LAST_PREPARED stands for; itself, if nothing */
        uint8_t next_seq;              /**< of the login's next packet, of either side */
        bool ssl_requested;            /**< and what followed came decrypted */
        bool refused;                  /**< the login was, and a record says so */
        bool statements_full;          /**< said once */
        struct value_room values;      /**< scratch for decoded values */
        struct value_room changes;     /**< and for those of session tracking */
};

/** What a phase does with a message. */
typedef struct outcome dissect_handler(struct dissect *d, const struct message *m);

/** A missing handler: that side should not talk in this phase. */
struct phase_info {
        const char *name;
        dissect_handler *from[2];
};

/** Bytes of a packet that a record shows at the most; as many are looked at of any packet. */
enum { DISSECT_EVIDENCE = 32 };

/** What is shown of an event of a binary log that is sealed: what stands before its header, and that. */
enum { DISSECT_EVENT_HEAD = 1 + 19 };

/* dissect.c */
/** Give back all memory that only following needs. */
void dissect_forget(struct dissect *d);
extern const struct phase_info dissect_phases[PHASE_COUNT];
/** Say @p reason once and follow no more. @p m is what could not be followed, or NULL. */
void dissect_lose(struct dissect *d, const char *reason, const struct message *m, enum side from);
/** Begin and end what stands at the head of the FIFO, as far as it goes. @return why the session can't be followed; NULL: it can. */
const char *dissect_settle(struct dissect *d);
/* packets.c */
/** Bytes of packets. @return what is left of them: the rest is compressed, or not followed. */
struct span dissect_packets(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns);

/* dissect_frames.c */
/** Both sides compress from here on. @return false when memory is out. */
bool dissect_compress(struct dissect *d, enum compress_algorithm algorithm);
/** Replace a text that @p d owns. @return false when memory is out (the old one is gone). */
bool dissect_set_text(struct own_text *slot, struct span text);
void dissect_drop_text(struct own_text *slot);
/** Replace one by the other, which is none then. */
void dissect_take_text(struct own_text *slot, struct own_text *from);
static inline struct span dissect_text(const struct own_text *text)
{
        return span_of(text->at, text->len);
}
/** The login's: of the client and of results. @p name is the server's. */
void dissect_set_character_set(struct dissect *d, const char *name);
/** Room for @p n values, zeroed. @return NULL when memory is out or it is beyond the bound. */
struct value *dissect_room(struct value_room *room, size_t n);
/** The same in d->values, whose last content goes. */
struct value *dissect_values(struct dissect *d, size_t n);

/** The sequence number of @p m is to be *@p next, which is moved on; compressed, only frames are numbered in order. */
static inline bool dissect_in_sequence(struct dissect *d, const struct message *m, uint8_t *next)
{
        bool right = m->seq == *next || d->streams[SIDE_SERVER].compress != NULL;
        *next = (uint8_t)(m->last + 1);
        if (!right) {
                lint_break(&d->lint, LINT_SEQUENCE);
        }
        return right;
}

/* dissect_tell.c */
/** A record with what is known of the session. */
void dissect_record(const struct dissect *d, enum record_event event, uint64_t mono_ns, struct record *r);
/** A record for each rule that is marked as broken, as far as the bound goes. */
void dissect_tell_lint(struct dissect *d, const struct broken *b);
/** A side that stopped within a packet gets a record: it is the usual trace of a crash. */
void dissect_tell_cut_off(struct dissect *d, enum side side, uint64_t now_ns);

/* dissect_secret.c */
/** May a statement of this text hold a password? */
bool dissect_text_is_secret(struct span text);
/** Does @p cmd, whose packet is @p body, hold a password, or may it, or ask for one? */
bool dissect_holds_secret(const struct dissect *d, const struct command *cmd, struct span body);
/** The same at any time, of what is kept of it. Where no packets are shown nobody has looked yet: few are ever asked about. */
bool dissect_is_secret(const struct dissect *d, const struct command *cmd);
/** @p cmd arrives: is it, or does it ask for, something that must not be shown? Sets its is_secret and secrecy. */
void dissect_note_secret(struct dissect *d, struct command *cmd, struct span body);
/** The session begins anew with @p cmd: nothing is left of earlier statements. */
void dissect_forget_secrets(struct dissect *d, const struct command *cmd);
/** Of a packet that is cut off after @p head, or goes on behind it: must it not be shown? */
bool dissect_hides_part(const struct dissect *d, enum side from, struct span head);
/** May a column of that definition be a password? */
bool dissect_names_secret(struct span definition);
/** If so the rows of @p cmd are not shown. */
void dissect_hide_named(struct dissect *d, struct command *cmd, struct span definition);
/** Is @p event, of a binary log, one of rows, of a file's blocks or compressed: data without names? */
bool dissect_is_sealed_event(struct span event);
/** Of a syntax error in SQL that nobody has looked into, the packet is not shown. */
void dissect_hide_error(struct dissect *d, const struct command *cmd, const struct err *err);

/** Of a packet that must not be shown, only what makes it that packet: @p head is what it begins with. */
void dissect_redact(struct packet *p, struct span head);

/* login.c */
struct outcome login_on_greeting(struct dissect *d, const struct message *m);
struct outcome login_on_login(struct dissect *d, const struct message *m);
struct outcome login_on_early_reply(struct dissect *d, const struct message *m);
struct outcome login_on_client(struct dissect *d, const struct message *m);
struct outcome login_on_server(struct dissect *d, const struct message *m);
/** The plugin that runs from here on; it is a step of the path. @return false when memory is out. */
bool login_set_plugin(struct dissect *d, struct span plugin);
/** Plugin and steps of the authentication that ended just now; login_forget_path then makes room for the next. */
void login_tell_path(struct dissect *d, struct record *r);
void login_forget_path(struct dissect *d);
/** The connection ended within the login: a record that says so. */
void login_cut_off(struct dissect *d, uint64_t now_ns);
/** What a server says within an authentication, neither OK nor ERR: @return what it is. */
struct outcome login_exchange(struct dissect *d, const struct message *m);

/* request.c */
struct outcome request_on_message(struct dissect *d, const struct message *m);
/** The same for the command that most are: a COM_QUERY or COM_STMT_EXECUTE, in one packet, while none awaits its reply.
 *  @return false if @p packet is something else, or memory is out: nothing was done. */
bool request_take_usual(struct dissect *d, struct span packet, uint64_t now_ns);
/** @p cmd has reached the head: do what it asks for without a reply. @return why the session can't be followed; NULL: it can. */
const char *request_begin(struct dissect *d, struct command *cmd);
/** Make the record of @p cmd; @p reason says why there is no reply, or is NULL. */
void request_emit(struct dissect *d, struct command *cmd, const char *reason);
void request_pop(struct dissect *d);
void request_free(struct command *cmd);

/* execute.c */
/** Decode the values of a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE into @p record (from d->values), and keep their
 *  types. What can't be decoded is told as unknown. */
void execute_decode(struct dissect *d, const struct command *cmd, struct record *record);
/** Decode the attributes before a COM_QUERY's text. @return where the text begins; 0 if they are malformed, or not all
 *  there. */
size_t execute_attributes(struct dissect *d, struct span body, struct record *record);

/* multi_result.c */
/** A result of @p cmd ended, and another follows or went before. */
void multi_result_add(struct dissect *d, const struct command *cmd, uint64_t affected_rows);
/** d->multi_result is not NULL: the command at the head has several results. */
void multi_result_put(const struct dissect *d, struct record *r);
void multi_result_drop(struct dissect *d);

/* rows.c: all of them do nothing while settings->rows is 0 */
/** A result of @p n columns begins; 0: its definitions are left out. */
void rows_expect(struct dissect *d, struct command *cmd, uint64_t n);
/** One of them; cmd->first_rows is not NULL. */
void rows_definition(struct dissect *d, struct command *cmd, struct span body);
/** All definitions came: rows follow, or wait for COM_STMT_FETCH. Sets cmd->rows_wanted. */
void rows_begin(struct dissect *d, struct command *cmd);
/** The same for COM_STMT_PREPARE. */
void rows_prepared(struct dissect *d, struct command *cmd);
/** Keep a row, while cmd->rows_wanted > 0. */
void rows_take(struct dissect *d, struct command *cmd, struct span body);
/** cmd->first_rows is not NULL. */
void rows_put(const struct command *cmd, struct record *r);
size_t rows_held(const struct rows *rows);
void rows_free(struct rows *rows);

/* session_vars.c */
/** The reply under way sets the default database. @return false when memory is out. */
bool session_vars_database(struct dissect *d, struct span name, uint8_t charset);
/** The character set of what the server is telling just now. */
uint8_t session_vars_results_charset(const struct dissect *d);
/** COM_RESET_CONNECTION and COM_CHANGE_USER worked. */
void session_vars_reset(struct dissect *d);
void session_vars_change_user(struct dissect *d);
/** What an OK tells of the session. @return false when memory is out. */
bool session_vars_ok(struct dissect *d, struct command *cmd, const struct ok *ok);
/** The server told of some, kept or not. */
void session_vars_put(struct dissect *d, const struct command *cmd, struct record *r);
/** @p cmd is told: from the next command on, what it changed holds. */
void session_vars_settle(struct dissect *d, const struct command *cmd);
/** Does @p text begin with a word that is neither USE nor SET, for sure? Most do; those need not be looked at. */
static inline bool session_vars_is_plain(struct span text)
{
        if (text.len < 3) {
                return false;
        }
        unsigned first = text.data[0] | 0x20U;
        return first - 'a' <= 'z' - 'a' && first != 'u' && (first != 's' || (text.data[2] | 0x20) != 't');
}
/** Has session_vars_settle nothing to do for @p cmd? */
static inline bool session_vars_is_settled(const struct dissect *d, const struct command *cmd)
{
        return cmd->is_plain && !cmd->failed && cmd->ends <= 1 && !d->next.has_client &&
               !d->next.has_results && d->next_database.at == NULL;
}

/* result.c */
struct outcome result_on_message(struct dissect *d, const struct message *m);
/** How much of the server's message that begins with @p first is of interest. */
size_t result_limit(const struct dissect *d, uint8_t first);

/* transaction.c */
void transaction_on_greeting(struct dissect *d, struct span server_version);
/** A login: the session begins anew. */
void transaction_on_login(struct dissect *d);
/** @p cmd ended: what its status flags tell. @return the number of the transaction that it was in, began or ended; 0: none. */
uint64_t transaction_see(struct dissect *d, const struct command *cmd);
/** The same, for its record. */
void transaction_put(struct dissect *d, const struct command *cmd, struct record *r);

#endif
