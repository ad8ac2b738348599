/* The table of settings. A new setting is a member in values.h and a row here. */
#include "settings/rows.h"

#include "base/diag.h"

#define AT(member) offsetof(struct settings, member)
#define K          1024ULL
#define M          (1024 * K)
#define G          (1024 * M)

/* The words of a choice: the index is the value. */
static const char *const formats[] = {
    [SETTINGS_FORMAT_AUTO] = "auto", [SETTINGS_FORMAT_TEXT] = "text", [SETTINGS_FORMAT_JSON] = "json",
    [SETTINGS_FORMAT_LTSV] = "ltsv", [SETTINGS_FORMAT_SLOW] = "slow", NULL};
static const char *const redactions[] = {[SETTINGS_REDACT_NONE] = "none",
                                         [SETTINGS_REDACT_LITERALS] = "literals",
                                         [SETTINGS_REDACT_VALUES] = "values",
                                         [SETTINGS_REDACT_ALL] = "all",
                                         NULL};
/* The value is the facility's number in RFC 5424. */
static const char *const facilities[] = {
    "kern",   "user",     "mail",   "daemon", "auth",   "syslog", "lpr",   "news",   "uucp",
    "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock", "local0", "local1",
    "local2", "local3",   "local4", "local5", "local6", "local7", NULL};
static const char *const when_full[] = {
    [SETTINGS_WHEN_FULL_DROP] = "drop", [SETTINGS_WHEN_FULL_BLOCK] = "block", NULL};
static const char *const or_off[] = {"off", NULL};
static const char *const tls_client[] = {[SETTINGS_TLS_CLIENT_DISABLED] = "disabled",
                                         [SETTINGS_TLS_CLIENT_PREFERRED] = "preferred",
                                         [SETTINGS_TLS_CLIENT_REQUIRED] = "required",
                                         [SETTINGS_TLS_CLIENT_PASSTHROUGH] = "passthrough",
                                         NULL};
static const char *const tls_server[] = {[SETTINGS_TLS_DISABLED] = "disabled",
                                         [SETTINGS_TLS_PREFERRED] = "preferred",
                                         [SETTINGS_TLS_REQUIRED] = "required",
                                         [SETTINGS_TLS_VERIFY_CA] = "verify_ca",
                                         [SETTINGS_TLS_VERIFY_IDENTITY] = "verify_identity",
                                         [SETTINGS_TLS_AS_CLIENT] = "as_client",
                                         NULL};
static const char *const policies[] = {
    [SETTINGS_POLICY_ORDER] = "order", [SETTINGS_POLICY_LEAST_SESSIONS] = "least_sessions", NULL};
static const char *const proxy_send[] = {[SETTINGS_PROXY_SEND_OFF] = "off",
                                         [SETTINGS_PROXY_SEND_V1] = "v1",
                                         [SETTINGS_PROXY_SEND_V2] = "v2",
                                         NULL};
static const char *const levels[] = {
    [DIAG_ERROR] = "error", [DIAG_WARNING] = "warning", [DIAG_INFO] = "info", [DIAG_DEBUG] = "debug", NULL};

/* The text of help may be followed by RELOADABLE. */
#define RELOADABLE .reloadable = true
#define ROW(NAME, TYPE, MEMBER, DEF, ...)                                                                    \
        {                                                                                                    \
                .name = (NAME), .type = (TYPE), .offset = AT(MEMBER), .def = (DEF), __VA_ARGS__              \
        }
#define TEXT(NAME, LETTER, MEMBER, DEF, ...)                                                                 \
        ROW(NAME, SETTINGS_TEXT, MEMBER, DEF, .letter = (LETTER), .help = __VA_ARGS__)
#define ADDRESS(NAME, LETTER, MEMBER, DEF, WORDS, ...)                                                       \
        ROW(NAME, SETTINGS_ADDRESS, MEMBER, DEF, .letter = (LETTER), .choices = (WORDS), .help = __VA_ARGS__)
#define UINT(NAME, MEMBER, MIN, MAX, DEF, ...)                                                               \
        ROW(NAME, SETTINGS_UINT, MEMBER, DEF, .min = (MIN), .max = (MAX), .help = __VA_ARGS__)
#define SIZE(NAME, MEMBER, MIN, MAX, DEF, ...)                                                               \
        ROW(NAME, SETTINGS_SIZE, MEMBER, DEF, .min = (MIN), .max = (MAX), .help = __VA_ARGS__)
#define MS(NAME, MEMBER, MIN, MAX, DEF, ...)                                                                 \
        ROW(NAME, SETTINGS_MS, MEMBER, DEF, .min = (MIN), .max = (MAX), .help = __VA_ARGS__)
#define MODE(NAME, MEMBER, DEF, ...) ROW(NAME, SETTINGS_MODE, MEMBER, DEF, .help = __VA_ARGS__)
#define BOOL(NAME, MEMBER, DEF, ...) ROW(NAME, SETTINGS_BOOL, MEMBER, DEF, .max = 1, .help = __VA_ARGS__)
#define CHOICE(NAME, MEMBER, DEF, WORDS, ...)                                                                \
        ROW(NAME, SETTINGS_CHOICE, MEMBER, DEF, .choices = (WORDS), .help = __VA_ARGS__)

const struct settings_row settings_rows[] = {
    ADDRESS(
        "listen", 'l', listen, "127.0.0.1:3307", or_off,
        "Address on which querytap accepts clients: host:port, [v6]:port or unix:/path. A host or port that "
        "is left out (:3308 or 0.0.0.0) is that of the default. With port 0 the system picks a free port. "
        "For several addresses repeat the option, or see listeners in a file: if listeners has entries, the "
        "default is off, which means only those."),
    MODE("socket_mode", socket_mode, "0666",
         "Permissions, in octal, of the UNIX sockets on which querytap accepts clients; it also applies to "
         "the "
         "entries of listeners that do not have a socket_mode of their own."),
    ROW("remote", SETTINGS_ADDRESSES, remote, "127.0.0.1:3306", .letter = 'r',
        .help = "Address of the MySQL or MariaDB server: host:port, host, :port, [v6]:port or unix:/path; or "
                "up to 16 "
                "addresses, separated by commas, of servers that can take each other's place (see "
                "upstream.policy).",
        RELOADABLE),
    ADDRESS(
        "admin", 0, admin, "127.0.0.1:6060", or_off,
        "Address of the admin port, an HTTP server: a loopback address, which every user of this machine can "
        "connect to, or a UNIX socket such as unix:/run/querytap/admin (see admin_socket_mode). off disables "
        "it."),
    MODE(
        "admin_socket_mode", admin_socket_mode, "0600",
        "Permissions, in octal, of the admin port if it is a UNIX socket. If only the owner may write to it, "
        "requests of other users except root are rejected."),
    UINT("workers", workers, 0, 64, "0",
         "Number of threads that forward traffic; 0 starts one thread per processor."),
    CHOICE("log_level", log_level, "info", levels,
           "Least severe level of querytap's own messages on standard error.", RELOADABLE),
    BOOL("hex", hex, "false", "Log every packet as well, as a hex dump."),
    TEXT("log.file", 0, sinks[0].file, "-",
         "Where to write log records: a file name, - for standard output, another destination such as "
         "syslog: or journald: (see querytap(1)), or off."),
    CHOICE("log.format", sinks[0].format, "auto", formats,
           "Format of the log records. auto selects text if the output is a terminal, otherwise json. slow "
           "is the format of MySQL's slow query log."),
    BOOL("log.verbose", sinks[0].verbose, "false",
         "Show details below each line of the text format: values with their types, where the time went, "
         "rows as a table."),
    SIZE("log.rotate_bytes", sinks[0].rotate_bytes, 0, 1024 * G, "0",
         "Rotate the log file before it grows beyond this size: it is renamed, with the time appended to its "
         "name, and a new file is started. 0 disables rotation by size."),
    UINT("log.rotate_seconds", sinks[0].rotate_seconds, 0, 31536000, "0",
         "Rotate the log file at every multiple of this many seconds of local time: 3600 means every full "
         "hour, 86400 every midnight. 0 disables rotation by time."),
    UINT("log.rotate_keep", sinks[0].rotate_keep, 0, 100000, "0",
         "Number of rotated log files to keep; older ones are deleted. 0 keeps all of them."),
    SIZE("log.disk_bytes", sinks[0].disk_bytes, 0, 1024 * G, "0",
         "Maximum disk space for the log file and its rotated files; the oldest rotated files are deleted to "
         "stay below it. Requires rotate_bytes, set to at most half of this size. 0 sets no limit."),
    BOOL("log.rotate_compress", sinks[0].rotate_compress, "false", "Compress rotated log files with gzip."),
    TEXT("log.rotate_hook", 0, sinks[0].rotate_hook, "",
         "Program to run for each rotated log file, with the name of that file as its argument. Leave empty "
         "to run no program."),
    CHOICE("log.syslog_facility", sinks[0].syslog_facility, "user", facilities,
           "Facility of the messages sent to syslog or journald."),
    TEXT("log.syslog_tag", 0, sinks[0].syslog_tag, "querytap",
         "Program name in the messages sent to syslog or journald."),
    TEXT("log.filter", 0, sinks[0].filter[SETTINGS_FILTER_EXPRESSION], "",
         "Log only records that match this expression, such as \"d:100ms+ or err\"; see querytap-filter(7). "
         "Leave empty to log all. The settings of the group filter are an older form of it: only one of them "
         "can be used, except for filter.sample and filter.sample_sessions."),
    SIZE("log.ring_bytes", log.ring_bytes, 64 * K, 1 * G, "4M",
         "Size of the buffer between each worker thread and the thread that writes the logs, rounded up to a "
         "power of two. A log record that does not fit in half of it is cut, and its reason says so."),
    SIZE("log.recent_bytes", log.recent_bytes, 0, 1 * G, "1M",
         "Memory for the most recent log records, which the admin port and querytap tail show. 0 keeps no "
         "recent records."),
    UINT("log.rows", log.rows, 0, 1000, "0",
         "Number of rows of each result to log, together with the column names. 0 logs no rows. Rows are "
         "application data and may be confidential."),
    MS("log.flush_ms", log.flush_ms, 0, 1000, "10",
       "How long a log record may wait so that several can be written together."),
    CHOICE("log.when_full", log.when_full, "drop", when_full,
           "What to do when records arrive faster than the log can be written: drop records and count them, "
           "or block the sessions until the log catches up."),
    UINT("log.digests", log.digests, 0, 1000000, "2000",
         "Number of statement digests (statements with their constants replaced by ?) to keep statistics "
         "for; beyond it, the least recently seen digest is discarded. 0 disables digests and everything "
         "that is based on them, such as N+1 detection."),
    UINT("log.scopes", log.scopes, 0, 100000, "1000",
         "Number of scopes of each kind (users, databases, clients, sessions, scopes, traces, and the values "
         "of "
         "each tag) to keep statistics for; beyond it, the least recently seen one is discarded. 0 disables "
         "these statistics, as does log.digests = 0."),
    SIZE("log.scope_bytes", log.scope_bytes, 16 * K, 1 * G, "512K",
         "Memory for the scopes of each kind; beyond it, the least recently seen ones are discarded."),
    MS("log.scope_pause_ms", log.scope_pause_ms, 0, 86400000, "1000",
       "Time between two statements of a scope that still counts as the application's own; a longer one is "
       "counted as a pause between two requests."),
    UINT("log.marks", log.marks, 1, 1000, "64",
         "Number of marks of the log, which POST /marks sets; beyond it, the oldest is discarded."),
    MS("log.slow_ms", log.slow_ms, 0, 3600000, "1000",
       "Statements that take at least this long are marked as slow. 0 disables this."),
    UINT("log.n_plus_one", log.n_plus_one, 0, 1000000, "5",
         "Number of statements with the same digest, one for each row of an earlier result, from which on "
         "they are reported as N+1, or as a write loop. 0 disables both."),
    UINT("log.n_plus_one_rows", log.n_plus_one_rows, 0, 32, "32",
         "Number of rows of each result whose values are compared with those of later statements, to "
         "recognize "
         "N+1 and write loops. 0 disables this, and with it all of N+1 detection."),
    MS("log.duplicate_ms", log.duplicate_ms, 0, 3600000, "1000",
       "The same SELECT with the same values is marked as duplicate if it follows within this time in its "
       "session or trace, or at any time in its transaction, and nothing was written to its tables in "
       "between. 0 disables this."),
    MS("log.transaction_idle_ms", log.transaction_idle_ms, 0, 86400000, "1000",
       "Transactions in which nothing ran for at least this long are reported, with the next statement or "
       "the "
       "end of the session. 0 disables this."),
    BOOL("log.transaction_open", log.transaction_open, "true",
         "Report sessions that end within a transaction, which the server then rolls back."),
    BOOL("log.transactions", log.transactions, "false",
         "Log a record of each transaction when it has ended (event transaction): its times, its statements, "
         "rows and errors, and how it ended."),
    UINT(
        "log.scope_records", log.scope_records, 0, 10000, "0",
        "Log a record of each scope (a request, a job, a test) when it has ended (event scope), with at most "
        "this many scopes open at once; of more, the one without statements for longest ends early. 0 logs "
        "no such records."),
    MS("log.scope_idle_ms", log.scope_idle_ms, 1, 3600000, "2000",
       "A scope in which no statement has ended for this long is over."),
    UINT("log.prepare_once", log.prepare_once, 0, 1000000, "5",
         "Number of statements with the same digest that a session prepares, executes once and closes, from "
         "which on they are reported. 0 disables this."),
    UINT("log.connection_per_statement", log.connection_per_statement, 0, 1000000, "5",
         "Number of sessions of the same user, client address and program, one soon after the other and each "
         "with one or two statements, from which on they are reported. 0 disables this."),
    UINT(
        "log.repeated_setup", log.repeated_setup, 0, 1000000, "3",
        "Number of statements such as SET NAMES in a session that set what the session has set already, from "
        "which on they are reported. 0 disables this."),
    UINT("log.large_result", log.large_result, 0, 1000000000, "10000",
         "Statements that return more rows than this are reported. 0 disables this."),
    UINT("log.conflict_statements", log.conflict_statements, 0, 1000, "50",
         "After a deadlock or a lock wait timeout, log a record with the last statements of each "
         "transaction that was open, at most this many. 0 disables these records."),
    UINT("log.conflict_transactions", log.conflict_transactions, 1, 256, "16",
         "Maximum number of transactions in the record of a deadlock or lock wait timeout; further ones are "
         "counted."),
    SIZE("log.conflict_bytes", log.conflict_bytes, 16 * K, 16 * M, "64K",
         "Maximum size of the statements in the record of a deadlock or lock wait timeout, in memory; longer "
         "texts are truncated, and what does not fit is counted."),
    CHOICE("log.redact", log.redact, "none", redactions,
           "What to replace with tokens in everything that is logged or shown: constants in statements "
           "(literals); parameters, attributes and rows (values); or all of these. Passwords are always "
           "replaced."),
    TEXT("log.redact_key", 0, log.redact_key, "",
         "File with the key of the tokens, so that a value has the same token every time querytap runs. "
         "Leave empty to use a random key for each run."),
    TEXT("filter.user", 0, sinks[0].filter[SETTINGS_FILTER_USER], "",
         "Log only records of these users: names separated by commas, in which * and ? are wildcards. A "
         "leading ! inverts the filter."),
    TEXT("filter.schema", 0, sinks[0].filter[SETTINGS_FILTER_SCHEMA], "",
         "Log only records with these default databases; written like filter.user."),
    TEXT("filter.client", 0, sinks[0].filter[SETTINGS_FILTER_CLIENT], "",
         "Log only records of clients with these IP addresses or networks, such as 10.0.0.0/8."),
    TEXT("filter.command", 0, sinks[0].filter[SETTINGS_FILTER_COMMAND], "",
         "Log only these commands, such as query, execute or COM_INIT_DB."),
    TEXT("filter.event", 0, sinks[0].filter[SETTINGS_FILTER_EVENT], "",
         "Log only these events, such as query or auth."),
    TEXT("filter.digest", 0, sinks[0].filter[SETTINGS_FILTER_DIGEST], "",
         "Log only statements with these digests; the first digits of a digest are enough."),
    TEXT("filter.session", 0, sinks[0].filter[SETTINGS_FILTER_SESSION], "",
         "Log only sessions with these session IDs."),
    TEXT("filter.errno", 0, sinks[0].filter[SETTINGS_FILTER_ERRNO], "",
         "Log only records with these error numbers, such as 1213."),
    TEXT("filter.errors", 0, sinks[0].filter[SETTINGS_FILTER_ERRORS], "",
         "Set to 1 to log only errors and statements that failed."),
    TEXT("filter.finding", 0, sinks[0].filter[SETTINGS_FILTER_FINDING], "",
         "Log only records with one of these findings: n_plus_one, duplicate, no_index, slow, "
         "transaction_idle, transaction_open, prepare_once, connection_per_statement, repeated_setup, "
         "large_result, write_loop, in_write_loop."),
    TEXT("filter.pattern", 0, sinks[0].filter[SETTINGS_FILTER_PATTERN], "",
         "Log only statements that match this regular expression (PCRE2); (?i) ignores case."),
    TEXT("filter.min_duration", 0, sinks[0].filter[SETTINGS_FILTER_MIN_DURATION], "",
         "Log only statements that took at least this long, such as 10ms or 1.5s."),
    TEXT("filter.min_rows", 0, sinks[0].filter[SETTINGS_FILTER_MIN_ROWS], "",
         "Log only statements that returned or changed at least this many rows."),
    TEXT("filter.sample", 0, sinks[0].filter[SETTINGS_FILTER_SAMPLE], "",
         "Log this fraction (0 to 1) of transactions and of statements outside transactions. Errors are "
         "always logged."),
    TEXT(
        "filter.sample_sessions", 0, sinks[0].filter[SETTINGS_FILTER_SAMPLE_SESSIONS], "",
        "Log this fraction (0 to 1) of sessions. The record of a scope that several sessions sent statements "
        "for is always logged."),
    UINT("limits.sessions", limits.sessions, 1, 1000000, "10000",
         "Maximum number of simultaneous sessions; further clients receive an error.", RELOADABLE),
    UINT("limits.admin_connections", limits.admin_connections, 4, 1024, "64",
         "Maximum number of simultaneous connections to the admin port. A further connection replaces one "
         "that is idle; if all of them are busy, it receives HTTP status 503."),
    SIZE("limits.query_bytes", limits.query_bytes, 64, 64 * M, "1M",
         "Statement texts longer than this are truncated in the log; the record gives the full length."),
    SIZE("limits.value_bytes", limits.value_bytes, 16, 1 * M, "4K",
         "Parameter values and column values longer than this are truncated in the log; the record gives the "
         "full length."),
    SIZE("limits.held_bytes", limits.held_bytes, 64 * K, 1 * G, "16M",
         "Memory for the pending commands and prepared statements of one session. Prepared statements use at "
         "most half of it. When the texts of pending commands nearly fill it, the client is paused until "
         "some are "
         "answered. If no reply comes for a second, texts and values that do not fit are truncated; the "
         "reason "
         "in the log record says so."),
    UINT(
        "limits.pipeline", limits.pipeline, 1, 1000000, "1000000",
        "Maximum number of commands for which one session may await replies. With more, its client is paused "
        "until half of them are answered. If no reply comes for a second, it is not paused any longer; "
        "further commands are forwarded, but not logged until the replies have come."),
    UINT("limits.statements", limits.statements, 1, 10000000, "16384",
         "Maximum number of prepared statements to track in one session; the text and values of further ones "
         "are not logged."),
    UINT("limits.lint", limits.lint, 0, 1000000, "16",
         "Maximum number of log records per session about packets that violate the protocol; further "
         "violations are only counted."),
    SIZE("limits.backlog_bytes", limits.backlog_bytes, 4 * K, 1 * G, "256K",
         "When this many bytes wait for one side to read them, reading from the other side is paused."),
    MS("limits.connect_timeout_ms", limits.connect_timeout_ms, 1, 3600000, "10000",
       "Timeout for connecting to the server, and then once more for its greeting.", RELOADABLE),
    MS("limits.login_timeout_ms", limits.login_timeout_ms, 1, 3600000, "60000",
       "Timeout for the client's login, from the server's greeting on.", RELOADABLE),
    MS("limits.half_close_timeout_ms", limits.half_close_timeout_ms, 1, 3600000, "60000",
       "When one side has closed its connection, how long to wait for the other side to close its own.",
       RELOADABLE),
    UINT("limits.sessions_per_client", limits.sessions_per_client, 0, 1000000, "0",
         "Maximum number of simultaneous sessions of one client address; further ones receive an error. 0 "
         "sets no "
         "limit.",
         RELOADABLE),
    UINT("limits.sessions_per_user", limits.sessions_per_user, 0, 1000000, "0",
         "Maximum number of simultaneous sessions of one user, counted from the login on; further ones "
         "receive an "
         "error. 0 sets no limit.",
         RELOADABLE),
    SIZE("limits.memory_bytes", limits.memory_bytes, 0, 1024 * G, "0",
         "Memory that querytap may allocate in total; before it is reached, new clients receive an error. 0 "
         "sets no "
         "limit.",
         RELOADABLE),
    MS("limits.idle_timeout_ms", limits.idle_timeout_ms, 0, 604800000, "0",
       "Sessions that send no statement for this long are ended with an error. 0 sets no limit.", RELOADABLE),
    MS("limits.transaction_timeout_ms", limits.transaction_timeout_ms, 0, 604800000, "0",
       "Sessions whose transaction is open for this long are ended with an error as soon as no statement "
       "runs. 0 sets "
       "no limit.",
       RELOADABLE),
    MS("limits.shutdown_timeout_ms", limits.shutdown_timeout_ms, 0, 3600000, "5000",
       "When querytap is stopped, how long sessions have to complete their transactions. Sessions without a "
       "transaction end after the statement that runs. 0 ends all sessions at once.",
       RELOADABLE),
    CHOICE(
        "upstream.policy", upstream.policy, "order", policies,
        "Which of several servers a new session takes, among those that are up: order takes the first one, "
        "so that the others serve only while it is down; least_sessions takes the one with the fewest "
        "sessions.",
        RELOADABLE),
    MS("upstream.check_ms", upstream.check_ms, 10, 3600000, "1000",
       "How often to check whether a server that is down can be reached again. Servers that are up are not "
       "checked: sessions show when one goes down.",
       RELOADABLE),
    TEXT("proxy_protocol.networks", 0, proxy_protocol.networks, "",
         "Networks of load balancers, such as 10.0.0.0/8, ::1 or unix, separated by commas: their "
         "connections must "
         "begin with a header of the PROXY protocol, version 1 or 2, which names the client. Headers from "
         "elsewhere "
         "are rejected. Leave empty to accept no headers.",
         RELOADABLE),
    CHOICE("proxy_protocol.send", proxy_protocol.send, "off", proxy_send,
           "Begin each connection to the server with a header of the PROXY protocol, of version 1 (v1) or 2 "
           "(v2), "
           "which names the client. The server must expect it.",
           RELOADABLE),
    CHOICE(
        "tls.client", tls.client, "preferred", tls_client,
        "TLS between client and proxy: disabled, preferred (offered, but optional), required, or passthrough "
        "(client and server encrypt end to end; the session is forwarded but cannot be logged).",
        RELOADABLE),
    CHOICE("tls.server", tls.server, "as_client", tls_server,
           "TLS between proxy and server: disabled, preferred (if the server offers it), required, verify_ca "
           "(also verify the server's certificate), verify_identity (also check that the certificate names "
           "the host of remote), or as_client (if and only if the client uses TLS).",
           RELOADABLE),
    TEXT("tls.certificate", 0, tls.certificate, "",
         "Certificate to present to clients (PEM, with its chain). Leave empty to use one that querytap "
         "generates on its first start and keeps in tls.directory.",
         RELOADABLE),
    TEXT("tls.key", 0, tls.key, "", "Private key of tls.certificate. Leave empty if it is in the same file.",
         RELOADABLE),
    TEXT("tls.names", 0, tls.names, "",
         "Host names and IP addresses that the generated certificate names besides localhost, this machine's "
         "name and the hosts of listen and listeners, separated by commas; *. may stand before a name.",
         RELOADABLE),
    TEXT("tls.directory", 0, tls.directory, "",
         "Directory for the generated certificate. If empty, the first of these that can be used: "
         "$STATE_DIRECTORY, $XDG_STATE_HOME/querytap, ~/.local/state/querytap.",
         RELOADABLE),
    TEXT("tls.server_ca", 0, tls.server_ca, "",
         "CA certificates (PEM) for verifying the server's certificate. Leave empty to use those of the "
         "system.",
         RELOADABLE),
    TEXT("tls.server_certificate", 0, tls.server_certificate, "",
         "Client certificate to present to the server, for accounts that require one. Leave empty to present "
         "no certificate.",
         RELOADABLE),
    TEXT("tls.server_key", 0, tls.server_key, "",
         "Private key of tls.server_certificate. Leave empty if it is in the same file.", RELOADABLE),
    TEXT("tls.key_log", 0, tls.key_log, "",
         "File to which TLS secrets are appended, in the SSLKEYLOGFILE format that Wireshark reads. Leave "
         "empty to write no secrets.",
         RELOADABLE),
    SIZE("capture.bytes", capture.bytes, 0, 1 * G, "16M",
         "Memory for the most recent packets of all sessions, open and ended, which querytap hex shows. Each "
         "open session is sure of an equal share of half of it; the rest goes to those that have more "
         "packets. Each worker thread has an equal part of it. 0 captures no packets."),
    SIZE("capture.packet_bytes", capture.packet_bytes, 16, 64 * K, "256",
         "How many bytes of each captured or logged packet to keep."),
    TEXT("triggers.filter", 0, triggers.filter, "",
         "Save the packets of a session when the record of one of its statements or logins matches this "
         "expression (querytap-filter(7)), such as err:1213 or d>1s. Leave empty to save none for this "
         "reason."),
    BOOL("triggers.trouble", triggers.trouble, "false",
         "Save the packets of a session when it cannot be followed any further, or when a packet violates "
         "the protocol."),
    BOOL("triggers.abrupt_close", triggers.abrupt_close, "false",
         "Save the packets of a session that does not end in order, for example by a reset or a timeout."),
    BOOL("triggers.first_error", triggers.first_error, "false",
         "Save the packets of a session when a statement is the first with its digest to fail."),
    TEXT("triggers.directory", 0, triggers.directory, "",
         "Directory for the saved packets, which only its owner may access. It is created with mode 0700 if "
         "it does not exist; a second process cannot use it at the same time. Required by the other "
         "settings of triggers."),
    UINT("triggers.files", triggers.files, 2, 20000, "200",
         "Maximum number of files with saved packets in triggers.directory, two each time; the oldest are "
         "deleted."),
    SIZE("triggers.bytes", triggers.bytes, 64 * K, 1024 * G, "256M",
         "Maximum size of these files together; the oldest are deleted."),
    SIZE("profile.sample_bytes", profile.sample_bytes, 0, 1 * G, "512K",
         "Heap profiler: average number of bytes between two sampled allocations. 1 samples every "
         "allocation, 0 disables sampling."),
    UINT("profile.records", profile.records, 1, 16384, "16384",
         "Heap profiler: maximum number of allocation records. When the table is full, further allocations "
         "are counted in one record for each stage (part of the proxy)."),
    UINT("profile.marks", profile.marks, 1, 1000, "64",
         "Heap profiler: number of marks, which POST /marks sets; beyond it, the oldest is discarded. Each "
         "has the "
         "counts of all allocation records."),
    MS("profile.interval_ms", profile.interval_ms, 10, 60000, "1000",
       "Time between two readings of the memory of each stage, from which querytap judges whether memory is "
       "leaking."),
    BOOL("profile.fault_injection", profile.fault_injection, "false",
         "Allow POST /fault on the admin port, which makes memory allocations fail. For tests only."),
};

const size_t settings_row_count = sizeof settings_rows / sizeof settings_rows[0];
