/** @file values.h  The values of all settings. Which names, ranges and defaults they have is in settings/rows.h.
 * Components are given a const struct settings *; there is no global.
 * Threads: any, since nothing changes after the start.   Memory: the owner's. */
#ifndef SETTINGS_VALUES_H
#define SETTINGS_VALUES_H

#include "base/network.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_TEXT_MAX 1024
#define SETTINGS_SINKS    8

enum {
        SETTINGS_LISTENERS = 16, /**< `listen` and the entries of `listeners` */
        SETTINGS_SERVERS = 16,   /**< of one of them */
};

enum settings_policy { SETTINGS_POLICY_ORDER, SETTINGS_POLICY_LEAST_SESSIONS };

enum settings_format {
        SETTINGS_FORMAT_AUTO,
        SETTINGS_FORMAT_TEXT,
        SETTINGS_FORMAT_JSON,
        SETTINGS_FORMAT_LTSV,
        SETTINGS_FORMAT_SLOW
};

enum settings_when_full { SETTINGS_WHEN_FULL_DROP, SETTINGS_WHEN_FULL_BLOCK };

enum settings_redact {
        SETTINGS_REDACT_NONE,
        SETTINGS_REDACT_LITERALS,
        SETTINGS_REDACT_VALUES,
        SETTINGS_REDACT_ALL /**< both */
};

enum settings_tls_client {
        SETTINGS_TLS_CLIENT_DISABLED,
        SETTINGS_TLS_CLIENT_PREFERRED,
        SETTINGS_TLS_CLIENT_REQUIRED,
        SETTINGS_TLS_CLIENT_PASSTHROUGH
};

enum settings_tls_server {
        SETTINGS_TLS_DISABLED,
        SETTINGS_TLS_PREFERRED,
        SETTINGS_TLS_REQUIRED,
        SETTINGS_TLS_VERIFY_CA,
        SETTINGS_TLS_VERIFY_IDENTITY,
        SETTINGS_TLS_AS_CLIENT
};

enum settings_proxy_send { SETTINGS_PROXY_SEND_OFF, SETTINGS_PROXY_SEND_V1, SETTINGS_PROXY_SEND_V2 };

enum { SETTINGS_NETWORKS = 32 };

/** Networks, and whether clients of UNIX sockets belong to them. */
struct settings_networks {
        struct network at[SETTINGS_NETWORKS];
        unsigned n;
        bool has_unix;
};

/** The criteria of a filter, in the order of rules/filter.h. */
enum settings_filter {
        SETTINGS_FILTER_EXPRESSION,
        SETTINGS_FILTER_USER,
        SETTINGS_FILTER_SCHEMA,
        SETTINGS_FILTER_CLIENT,
        SETTINGS_FILTER_COMMAND,
        SETTINGS_FILTER_EVENT,
        SETTINGS_FILTER_DIGEST,
        SETTINGS_FILTER_SESSION,
        SETTINGS_FILTER_ERRNO,
        SETTINGS_FILTER_ERRORS,
        SETTINGS_FILTER_FINDING,
        SETTINGS_FILTER_PATTERN,
        SETTINGS_FILTER_MIN_DURATION,
        SETTINGS_FILTER_MIN_ROWS,
        SETTINGS_FILTER_SAMPLE,
        SETTINGS_FILTER_SAMPLE_SESSIONS,
        SETTINGS_FILTERS
};

/** A destination of records. The rows of the table describe the first one; a further one (an entry of `logs` in the
 *  file) takes the same, shifted. */
struct settings_sink {
        char file[SETTINGS_TEXT_MAX]; /**< "off" = none, "-" = stdout, a path, or KIND:PATH (sink_ops.h) */
        uint64_t format;              /**< enum settings_format */
        bool verbose;                 /**< the format text with details */
        bool rotate_compress;
        uint64_t rotate_bytes;   /**< 0 = not by size */
        uint64_t rotate_seconds; /**< 0 = not by time */
        uint64_t rotate_keep;    /**< 0 = all */
        uint64_t disk_bytes;     /**< 0 = no bound */
        char rotate_hook[SETTINGS_TEXT_MAX];
        uint64_t syslog_facility; /**< its number in RFC 5424 */
        char syslog_tag[SETTINGS_TEXT_MAX];
        char filter[SETTINGS_FILTERS][SETTINGS_TEXT_MAX]; /**< by enum settings_filter; "" = not given */
};

enum { SETTINGS_FILES = 8, SETTINGS_ROWS_MAX = 128 };

/** Where in a settings file a setting was given. */
struct settings_line {
        uint16_t file; /**< its index in settings.files, plus 1; 0 = not in a file, or in one too many */
        uint32_t line; /**< from 1 */
};

/** An entry of `listeners`, or a further option --listen. */
struct settings_listener {
        char address[SETTINGS_TEXT_MAX];  /**< host:port, [v6]:port or unix:/path */
        char upstream[SETTINGS_TEXT_MAX]; /**< "" = that of remote */
        uint64_t socket_mode;             /**< of a UNIX socket */
        struct settings_line line;        /**< where the entry begins */
};

struct settings {
        char listen[SETTINGS_TEXT_MAX]; /**< host:port, [v6]:port, unix:/path, or "off" */
        bool listen_given;              /**< not the default */
        uint64_t socket_mode;           /**< of the UNIX sockets of listeners without a mode of their own */
        struct settings_listener listeners[SETTINGS_LISTENERS - 1];
        uint64_t n_listeners; /**< in listeners; settings/listeners.h has all */
        char remote[SETTINGS_TEXT_MAX];
        char admin[SETTINGS_TEXT_MAX]; /**< "off" = none */
        uint64_t admin_socket_mode;    /**< of the admin port on a UNIX socket */
        uint64_t workers;              /**< 0 = one for each processor */
        uint64_t log_level;            /**< enum diag_level */
        bool hex;                      /**< log packets, too */

        struct {
                uint64_t ring_bytes;   /**< for each worker, rounded up to a power of two */
                uint64_t recent_bytes; /**< of recent records kept for the admin port */
                uint64_t rows;         /**< logged of each result */
                uint64_t flush_ms;     /**< the longest time that a record waits for others */
                uint64_t when_full;    /**< enum settings_when_full */
                uint64_t digests;      /**< digests with statistics; 0 = no digests */
                uint64_t scopes;       /**< of each kind, with statistics; 0 = there are none */
                uint64_t scope_bytes;  /**< for the scopes of each kind */
                uint64_t
                    scope_pause_ms;  /**< a longer time between two statements is none of the application's */
                uint64_t marks;      /**< of the log; the oldest goes first */
                uint64_t slow_ms;    /**< a statement that takes as long is slow; 0 = no statement is */
                uint64_t n_plus_one; /**< statements with the same digest that are reported; 0 = none are */
                uint64_t n_plus_one_rows; /**< rows of each result that are compared; 0 = none are */
                uint64_t
                    duplicate_ms; /**< the longest time between duplicates of a session; 0 = none are looked for */
                uint64_t transaction_idle_ms; /**< a transaction held idle as long is reported; 0 = none is */
                bool transaction_open;        /**< report transactions that a session leaves open */
                bool transactions;            /**< a record of each transaction */
                uint64_t
                    scope_records; /**< scopes that can be open for a record of each; 0 = there are none */
                uint64_t scope_idle_ms; /**< a scope without statements for as long is over */
                uint64_t prepare_once;  /**< statements executed once that are reported; 0 = none are */
                uint64_t connection_per_statement; /**< short sessions that are reported; 0 = none are */
                uint64_t
                    repeated_setup; /**< needless statements of a session that are reported; 0 = none are */
                uint64_t large_result; /**< a result with more rows is large; 0 = none is */
                uint64_t
                    conflict_statements; /**< of each transaction in a conflict record; 0 = no such records */
                uint64_t conflict_transactions;     /**< in a conflict record */
                uint64_t conflict_bytes;            /**< of the statements in a conflict record */
                uint64_t redact;                    /**< enum settings_redact */
                char redact_key[SETTINGS_TEXT_MAX]; /**< file; "" = a random key */
        } log;
        struct settings_sink sinks[SETTINGS_SINKS]; /**< the first is that of log.file */
        uint64_t n_sinks;                           /**< at least 1 */
        /** Not a setting: another process hands over to this one, which waits for the log files that the other one still writes to. */
        bool takes_over;
        struct {
                uint64_t sessions;
                uint64_t admin_connections;
                uint64_t query_bytes;
                uint64_t value_bytes;
                uint64_t held_bytes;
                uint64_t pipeline;
                uint64_t statements;
                uint64_t lint;          /**< records of a session about broken rules */
                uint64_t backlog_bytes; /**< bytes that may wait for a side before the other one is paused */
                uint64_t connect_timeout_ms;
                uint64_t login_timeout_ms;
                uint64_t half_close_timeout_ms;
                uint64_t sessions_per_client; /**< 0 = no limit, as for the following four */
                uint64_t sessions_per_user;
                uint64_t memory_bytes;
                uint64_t idle_timeout_ms;
                uint64_t transaction_timeout_ms;
                uint64_t shutdown_timeout_ms; /**< for sessions to end their transactions; 0 = none */
        } limits;
        struct {
                uint64_t policy; /**< enum settings_policy */
                uint64_t check_ms;
        } upstream;
        struct {
                char networks
                    [SETTINGS_TEXT_MAX]; /**< whose connections begin with a PROXY header; "" = none */
                uint64_t send;           /**< enum settings_proxy_send */
        } proxy_protocol;
        struct {
                uint64_t client;                     /**< enum settings_tls_client */
                uint64_t server;                     /**< enum settings_tls_server */
                char certificate[SETTINGS_TEXT_MAX]; /**< "" = a generated one in directory */
                char key[SETTINGS_TEXT_MAX];         /**< "" = in the certificate's file */
                char names[SETTINGS_TEXT_MAX];     /**< that the generated certificate has besides its own */
                char directory[SETTINGS_TEXT_MAX]; /**< "" = $XDG_STATE_HOME/querytap or the like */
                char server_ca[SETTINGS_TEXT_MAX]; /**< "" = the system's */
                char server_certificate[SETTINGS_TEXT_MAX];
                char server_key[SETTINGS_TEXT_MAX];
                char key_log[SETTINGS_TEXT_MAX]; /**< "" = none */
        } tls;
        struct {
                uint64_t bytes;        /**< for the last packets of all sessions; 0 = none */
                uint64_t packet_bytes; /**< bytes of each packet */
        } capture;
        struct {
                char filter[SETTINGS_TEXT_MAX]; /**< an expression of the filter language; "" = none */
                bool trouble;                   /**< what the dissector can't follow, or the linter reports */
                bool abrupt_close;
                bool first_error;                  /**< of each digest */
                char directory[SETTINGS_TEXT_MAX]; /**< of the files; "" = none */
                uint64_t files;                    /**< in it, at most */
                uint64_t bytes;                    /**< of these files together, at most */
        } triggers;
        struct {
                uint64_t sample_bytes;
                uint64_t records; /**< the largest number of allocation records */
                uint64_t marks;   /**< of the allocation records; the oldest goes first */
                uint64_t interval_ms;
                bool fault_injection; /**< POST /fault on the admin port */
        } profile;
        char files[SETTINGS_FILES][SETTINGS_TEXT_MAX]; /**< the settings files that were read; "" = unused */
        struct settings_line lines[SETTINGS_SINKS]
                                  [SETTINGS_ROWS_MAX]; /**< by sink and row (settings/places.h) */
};

/** Can anything let packets of a session be saved? */
static inline bool settings_have_triggers(const struct settings *s)
{
        return *s->triggers.filter != '\0' || s->triggers.trouble || s->triggers.abrupt_close ||
               s->triggers.first_error;
}

/** Does @p redact, an enum settings_redact, replace the constants of statements? */
static inline bool settings_redacts_literals(uint64_t redact)
{
        return redact == SETTINGS_REDACT_LITERALS || redact == SETTINGS_REDACT_ALL;
}

/** How many rows of each result the journal wants to know the values of, for findings. */
static inline uint64_t settings_hashed_rows(const struct settings *s)
{
        return s->log.digests > 0 && s->log.n_plus_one > 0 ? s->log.n_plus_one_rows : 0;
}

/** Does @p redact, an enum settings_redact, replace parameters, attributes and rows? */
static inline bool settings_redacts_values(uint64_t redact)
{
        return redact == SETTINGS_REDACT_VALUES || redact == SETTINGS_REDACT_ALL;
}

#endif
