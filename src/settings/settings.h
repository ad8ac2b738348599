/** @file settings.h  Everything a user can set, in one table: a row is a setting.
 *
 * The table drives parsing of files and flags, range errors, defaults, `querytap config` and the manual.
 * A setting `limits.query_bytes` is `limits = { query_bytes = … }` in the file (libconfig) and
 * `--limits-query-bytes` as a flag; a flag wins over the file. Sizes may end in K, M or G.
 * Components get a const struct settings *; there is no global.
 * Errors are said by diag with file, line and name, and what would be right. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_TEXT_MAX 256
#define SETTINGS_FILTERS  15
#define SETTINGS_SINKS    8

enum settings_format {
        SETTINGS_FORMAT_AUTO,
        SETTINGS_FORMAT_TEXT,
        SETTINGS_FORMAT_JSON,
        SETTINGS_FORMAT_LTSV,
        SETTINGS_FORMAT_SLOW
};

enum settings_when_full { SETTINGS_WHEN_FULL_DROP, SETTINGS_WHEN_FULL_BLOCK };

/** Bits. */
enum settings_redact { SETTINGS_REDACT_LITERALS = 1, SETTINGS_REDACT_VALUES = 2 };

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

/** One place that records go to. The rows of the table describe the first one; a further one (an entry of `logs` in the
 *  file) takes the same, shifted. */
struct settings_sink {
        char file[SETTINGS_TEXT_MAX]; /**< "-" = stdout, "off" = none, "syslog:SOCKET", "journald:SOCKET" */
        uint64_t format;              /**< enum settings_format */
        bool verbose;                 /**< text with its details */
        bool rotate_compress;
        uint64_t rotate_bytes;   /**< 0 = not by size */
        uint64_t rotate_seconds; /**< 0 = not by time */
        uint64_t rotate_keep;    /**< 0 = all */
        uint64_t disk_bytes;     /**< 0 = no bound */
        char rotate_hook[SETTINGS_TEXT_MAX];
        uint64_t syslog_facility; /**< its number */
        char syslog_tag[SETTINGS_TEXT_MAX];
        char filter[SETTINGS_FILTERS]
                   [SETTINGS_TEXT_MAX]; /**< in the order of rules/filter.h; "" = not given */
};

struct settings {
        char listen[SETTINGS_TEXT_MAX]; /**< host:port, [v6]:port or unix:/path */
        char remote[SETTINGS_TEXT_MAX];
        char admin[SETTINGS_TEXT_MAX]; /**< "off" = none */
        uint64_t workers;              /**< 0 = one a processor */
        uint64_t log_level;            /**< enum diag_level */
        bool hex;                      /**< packets in the log too */

        struct {
                uint64_t ring_bytes;   /**< a worker, rounded up to a power of two */
                uint64_t recent_bytes; /**< of recent records kept for the admin port */
                uint64_t rows;         /**< kept of each result */
                uint64_t flush_ms;     /**< longest wait of a record for company */
                uint64_t when_full;    /**< enum settings_when_full */
                uint64_t digests;      /**< shapes of statements with statistics; 0 = none are made */
                uint64_t slow_ms;      /**< a statement that takes longer is slow; 0 = none is */
                uint64_t n_plus_one;   /**< statements of a shape that make a run; 0 = none is looked for */
                uint64_t redact;       /**< enum settings_redact */
                char redact_key[SETTINGS_TEXT_MAX]; /**< file; "" = a random key */
        } log;
        struct settings_sink sinks[SETTINGS_SINKS]; /**< the first is that of log.file */
        uint64_t n_sinks;                           /**< at least 1 */
        struct {
                uint64_t sessions;
                uint64_t admin_connections;
                uint64_t query_bytes;
                uint64_t value_bytes;
                uint64_t held_bytes;
                uint64_t pipeline;
                uint64_t statements;
                uint64_t lint; /**< records of a session's broken rules */
                uint64_t
                    backlog_bytes; /**< waiting for a side that does not read, before the other is paused */
                uint64_t connect_timeout_ms;
                uint64_t login_timeout_ms;
                uint64_t half_close_timeout_ms;
        } limits;
        struct {
                uint64_t client;                     /**< enum settings_tls_client */
                uint64_t server;                     /**< enum settings_tls_server */
                char certificate[SETTINGS_TEXT_MAX]; /**< "" = one of our own, kept in directory */
                char key[SETTINGS_TEXT_MAX];         /**< "" = in the certificate's file */
                char directory[SETTINGS_TEXT_MAX];   /**< "" = $XDG_STATE_HOME/querytap or the like */
                char server_ca[SETTINGS_TEXT_MAX];   /**< "" = the system's */
                char server_certificate[SETTINGS_TEXT_MAX];
                char server_key[SETTINGS_TEXT_MAX];
                char key_log[SETTINGS_TEXT_MAX]; /**< "" = none */
        } tls;
        struct {
                uint64_t bytes;        /**< of the last packets of a worker's sessions; 0 = none */
                uint64_t packet_bytes; /**< kept of each packet */
        } capture;
        struct {
                uint64_t sample_bytes;
                uint64_t records; /**< that there may be */
                uint64_t interval_ms;
                bool fault_injection; /**< POST /fault on the admin port */
        } profile;
};

enum settings_type {
        SETTINGS_TEXT,
        SETTINGS_ADDRESS, /**< host:port, [v6]:port, unix:/path, or a word of choices */
        SETTINGS_UINT,
        SETTINGS_SIZE,
        SETTINGS_MS,
        SETTINGS_BOOL,
        SETTINGS_CHOICE
};

struct settings_row {
        const char *name; /**< "limits.query_bytes" */
        char letter;      /**< short flag, or 0 */
        bool reloadable;
        enum settings_type type;
        size_t offset;
        uint64_t min;
        uint64_t max;
        const char *def;            /**< as a user would write it */
        const char *const *choices; /**< SETTINGS_CHOICE: NULL-terminated, index = value */
        const char *help;
};

extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;

void settings_defaults(struct settings *s);
/** Read @p path over what @p s holds. STATUS_INVALID (said) for a wrong setting, STATUS_IO if it can't be read. */
enum status settings_load(struct settings *s, const char *path);
/** Set one by name ("limits.query_bytes"). @p where tells the user's place, such as "--limits-query-bytes". */
enum status settings_set(struct settings *s, const char *name, const char *text, const char *where);
/** A further entry of `logs`, with the defaults of the first one's settings. @return false if there are too many. */
bool settings_add_sink(struct settings *s);
/** settings_set for the newest entry of `logs`: @p name is "file", "format" …, or "filter.user" …. */
enum status settings_set_sink(struct settings *s, const char *name, const char *text, const char *where);
/** The row of @p name in an entry of `logs`; NULL if there is none. */
const struct settings_row *settings_sink_row(const char *name);
/** Whether each sink has its own @p row; then settings_row_of is that of sink @p i, but for its name. */
bool settings_row_is_of_sink(const struct settings_row *row);
struct settings_row settings_row_of(const struct settings_row *row, uint64_t i);
/** Apply the flags among argv[1 …]; -c FILE is loaded first, wherever it stands. What is no flag stays, in order, in
 *  argv, and *@p argc is adjusted; "--" ends the flags. STATUS_INVALID (said) for an unknown flag or a wrong value. */
enum status settings_args(struct settings *s, int *argc, char **argv);
/** Settings that must fit each other. STATUS_INVALID (said) if they do not. settings_args calls it. */
enum status settings_check(const struct settings *s);
/** Value of a row as a user would write it. */
void settings_print(const struct settings *s, const struct settings_row *row, char *out, size_t size);

enum { SETTINGS_ALLOWED_MAX = 256 };
/** The values that a number or choice may have, such as "from 1 to 64" or "one of drop, block". */
void settings_print_allowed(const struct settings_row *row, char *out, size_t size);
/** All settings of @p s as an annotated file that settings_load reads. */
void settings_write(const struct settings *s, FILE *out);

#endif
