/* The table of settings. A new setting is a member in settings.h and a row here. */
#include "settings/settings.h"

#define AT(member) offsetof(struct settings, member)
#define K          1024ULL
#define M          (1024 * K)
#define G          (1024 * M)

static const char *const formats[] = {"auto", "text", "json", "ltsv", "slow", NULL};
static const char *const redactions[] = {"none", "literals", "values", "all", NULL};
/* in the order of their numbers (RFC 5424) */
static const char *const facilities[] = {
    "kern",   "user",     "mail",   "daemon", "auth",   "syslog", "lpr",   "news",   "uucp",
    "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock", "local0", "local1",
    "local2", "local3",   "local4", "local5", "local6", "local7", NULL};
static const char *const when_full[] = {"drop", "block", NULL};
static const char *const or_off[] = {"off", NULL};
static const char *const tls_client[] = {"disabled", "preferred", "required", "passthrough", NULL};
static const char *const tls_server[] = {"disabled",        "preferred", "required", "verify_ca",
                                         "verify_identity", "as_client", NULL};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

#define TEXT(name, letter, member, def, help)                                                                \
        {                                                                                                    \
                name, letter, false, SETTINGS_TEXT, AT(member), 0, 0, def, NULL, help                        \
        }
#define ADDRESS(name, letter, member, def, words, help)                                                      \
        {                                                                                                    \
                name, letter, false, SETTINGS_ADDRESS, AT(member), 0, 0, def, words, help                    \
        }
#define UINT(name, member, min, max, def, help)                                                              \
        {                                                                                                    \
                name, 0, false, SETTINGS_UINT, AT(member), min, max, def, NULL, help                         \
        }
#define SIZE(name, member, min, max, def, help)                                                              \
        {                                                                                                    \
                name, 0, false, SETTINGS_SIZE, AT(member), min, max, def, NULL, help                         \
        }
#define MS(name, member, min, max, def, help)                                                                \
        {                                                                                                    \
                name, 0, false, SETTINGS_MS, AT(member), min, max, def, NULL, help                           \
        }
#define BOOL(name, member, def, help)                                                                        \
        {                                                                                                    \
                name, 0, false, SETTINGS_BOOL, AT(member), 0, 1, def, NULL, help                             \
        }
#define CHOICE(name, member, def, choices, help)                                                             \
        {                                                                                                    \
                name, 0, false, SETTINGS_CHOICE, AT(member), 0, 0, def, choices, help                        \
        }

const struct settings_row settings_rows[] = {
    ADDRESS("listen", 'l', listen, "127.0.0.1:3307", NULL,
            "Where clients connect: host:port, [v6]:port or unix:/path. Port 0 takes a free one."),
    ADDRESS("remote", 'r', remote, "127.0.0.1:3306", NULL, "The server: host:port, [v6]:port or unix:/path."),
    ADDRESS("admin", 0, admin, "127.0.0.1:6060", or_off,
            "Where the admin port listens (loopback only), or off."),
    UINT("workers", workers, 0, 64, "0", "Threads that forward traffic; 0 starts one a processor."),
    CHOICE("log_level", log_level, "info", levels, "What querytap says of itself on standard error."),
    BOOL("hex", hex, "false", "Log each packet too, as a hex dump."),
    TEXT("log.file", 0, sinks[0].file, "-",
         "Where records go: a path, - for standard output, syslog: or journald: (maybe with a socket's "
         "path), or off."),
    CHOICE("log.format", sinks[0].format, "auto", formats,
           "How records are written; auto is text on a terminal, else json. slow is MySQL's slow query log."),
    BOOL("log.verbose", sinks[0].verbose, "false",
         "Below each line of text its details: values with their types, where the time went, rows as a "
         "table."),
    SIZE("log.rotate_bytes", sinks[0].rotate_bytes, 0, 1024 * G, "0",
         "A log file that would become larger is renamed, with the time in its name, and begun anew; 0: "
         "never."),
    UINT("log.rotate_seconds", sinks[0].rotate_seconds, 0, 31536000, "0",
         "The same each time as many seconds of local time have passed: 3600 at the full hour, 86400 at "
         "midnight; 0: never."),
    UINT("log.rotate_keep", sinks[0].rotate_keep, 0, 100000, "0",
         "Rotated files to keep; older ones are removed; 0: all."),
    SIZE("log.disk_bytes", sinks[0].disk_bytes, 0, 1024 * G, "0",
         "Room on disk for the log and its rotated files, of which the oldest are removed; needs "
         "rotate_bytes; 0: no bound."),
    BOOL("log.rotate_compress", sinks[0].rotate_compress, "false", "Compress rotated files (gzip)."),
    TEXT("log.rotate_hook", 0, sinks[0].rotate_hook, "",
         "Program to run with each rotated file's name as its argument; empty: none."),
    CHOICE("log.syslog_facility", sinks[0].syslog_facility, "user", facilities,
           "Facility of messages to syslog and journald."),
    TEXT("log.syslog_tag", 0, sinks[0].syslog_tag, "querytap", "Name of the program in those messages."),
    SIZE("log.ring_bytes", log.ring_bytes, 64 * K, 1 * G, "4M",
         "Room between each worker and the writer, rounded up to a power of two. A record must fit in half "
         "of it."),
    SIZE("log.recent_bytes", log.recent_bytes, 0, 1 * G, "1M",
         "Room for recent records, kept for the admin port and querytap tail; 0: none are kept."),
    UINT("log.rows", log.rows, 0, 1000, "0",
         "Rows of each result to log, with their columns' names; 0 logs none. They are data, maybe secret."),
    MS("log.flush_ms", log.flush_ms, 0, 1000, "10",
       "Longest wait of a record for others to be written with it."),
    CHOICE("log.when_full", log.when_full, "drop", when_full,
           "When the log can't keep up: drop records, and count them, or block the sessions until it can."),
    UINT("log.digests", log.digests, 0, 1000000, "2000",
         "Shapes of statements (digests) with statistics; beyond them the least recently seen is forgotten. "
         "0: no digests, "
         "and nothing that needs them, such as n_plus_one."),
    MS("log.slow_ms", log.slow_ms, 0, 3600000, "1000", "A statement that takes as long is slow; 0: none is."),
    UINT("log.n_plus_one", log.n_plus_one, 0, 1000000, "5",
         "Statements of one shape, one for each row of the result before them, that are reported as N+1; 0: "
         "none are."),
    CHOICE("log.redact", log.redact, "none", redactions,
           "What is replaced by tokens in everything that is logged and served: constants of statements "
           "(literals), "
           "parameters, attributes and rows (values), or all. Passwords always are."),
    TEXT("log.redact_key", 0, log.redact_key, "",
         "File with the key of those tokens, so that they are the same in each run; empty: a random key."),
    TEXT("filter.user", 0, sinks[0].filter[0], "",
         "Log only what these users do: names with * and ?, with commas; a leading ! turns it round."),
    TEXT("filter.schema", 0, sinks[0].filter[1], "", "Only with these default databases, in the same way."),
    TEXT("filter.client", 0, sinks[0].filter[2], "",
         "Only of these clients: addresses, or networks such as 10.0.0.0/8."),
    TEXT("filter.command", 0, sinks[0].filter[3], "",
         "Only these commands, such as query, execute or COM_INIT_DB."),
    TEXT("filter.event", 0, sinks[0].filter[4], "", "Only these events, such as query or auth."),
    TEXT("filter.digest", 0, sinks[0].filter[5], "",
         "Only statements with these digests, or digests that begin so."),
    TEXT("filter.session", 0, sinks[0].filter[6], "", "Only the sessions with these numbers."),
    TEXT("filter.errno", 0, sinks[0].filter[7], "", "Only what failed with these error numbers."),
    TEXT("filter.errors", 0, sinks[0].filter[8], "", "1: only what failed."),
    TEXT("filter.finding", 0, sinks[0].filter[9], "",
         "Only with these findings: n_plus_one, duplicate, no_index, slow."),
    TEXT("filter.pattern", 0, sinks[0].filter[10], "",
         "Only statements in which this regular expression (PCRE2) is found; (?i) ignores case."),
    TEXT("filter.min_duration", 0, sinks[0].filter[11], "", "Only statements that took as long: 10ms, 1.5s."),
    TEXT("filter.min_rows", 0, sinks[0].filter[12], "",
         "Only statements with as many rows, found or changed."),
    TEXT("filter.sample", 0, sinks[0].filter[13], "",
         "This share (0 to 1) of transactions, and of statements outside of one; errors always."),
    TEXT("filter.sample_sessions", 0, sinks[0].filter[14], "", "This share (0 to 1) of sessions."),
    UINT("limits.sessions", limits.sessions, 1, 1000000, "10000",
         "Sessions at once; further clients get an error."),
    UINT("limits.admin_connections", limits.admin_connections, 4, 1024, "64",
         "Connections to the admin port at once; further ones are told so, if none is idle."),
    SIZE("limits.query_bytes", limits.query_bytes, 64, 64 * M, "1M",
         "Kept of a statement's text; the record tells its true length."),
    SIZE("limits.value_bytes", limits.value_bytes, 16, 1 * M, "4K",
         "Kept of one value, of a parameter or of a row; the record tells its true length."),
    SIZE("limits.held_bytes", limits.held_bytes, 64 * K, 1 * G, "16M",
         "Kept of one session's commands in flight and prepared statements, all together."),
    UINT("limits.pipeline", limits.pipeline, 1, 1000000, "4096",
         "Commands of a session that await their replies and are still followed."),
    UINT("limits.statements", limits.statements, 1, 10000000, "16384",
         "Prepared statements of a session that are known."),
    UINT("limits.lint", limits.lint, 0, 1000000, "16",
         "Records of a session about packets that break the protocol's rules; further ones are counted."),
    SIZE("limits.backlog_bytes", limits.backlog_bytes, 4 * K, 1 * G, "256K",
         "Bytes that may wait for a side that does not read before the other side is paused."),
    MS("limits.connect_timeout_ms", limits.connect_timeout_ms, 1, 3600000, "10000",
       "For reaching the server."),
    MS("limits.login_timeout_ms", limits.login_timeout_ms, 1, 3600000, "60000", "For the client's login."),
    MS("limits.half_close_timeout_ms", limits.half_close_timeout_ms, 1, 3600000, "60000",
       "For the second side to end when the first has."),
    CHOICE("tls.client", tls.client, "preferred", tls_client,
           "TLS with clients: disabled, preferred (offered), required, or passthrough (the session is "
           "encrypted from "
           "end to end and can't be read)."),
    CHOICE("tls.server", tls.server, "as_client", tls_server,
           "TLS with the server: disabled, preferred (if it offers it), required, verify_ca, verify_identity "
           "(its "
           "certificate must name remote's host), or as_client (exactly when the client uses it)."),
    TEXT("tls.certificate", 0, tls.certificate, "",
         "Certificate (PEM, with its chain) to show to clients; empty: one that is made and kept."),
    TEXT("tls.key", 0, tls.key, "", "Its private key; empty: in the same file."),
    TEXT("tls.directory", 0, tls.directory, "",
         "Folder for the certificate that is made; empty: $STATE_DIRECTORY, $XDG_STATE_HOME/querytap or "
         "~/.local/state/querytap."),
    TEXT("tls.server_ca", 0, tls.server_ca, "",
         "Authorities (PEM) to verify the server's certificate with; empty: the system's."),
    TEXT("tls.server_certificate", 0, tls.server_certificate, "",
         "Certificate to show to the server, for accounts that require one; empty: none."),
    TEXT("tls.server_key", 0, tls.server_key, "", "Its private key; empty: in the same file."),
    TEXT("tls.key_log", 0, tls.key_log, "",
         "File to append TLS secrets to, as SSLKEYLOGFILE does, for Wireshark; empty: none."),
    SIZE("capture.bytes", capture.bytes, 0, 1 * G, "4M",
         "Room for the last packets of all sessions of a worker, for hex dumps; 0 records none."),
    SIZE("capture.packet_bytes", capture.packet_bytes, 16, 64 * K, "256",
         "Kept of each recorded or dumped packet."),
    SIZE("profile.sample_bytes", profile.sample_bytes, 0, 1 * G, "512K",
         "Mean bytes between sampled allocations; 1 samples each, 0 none."),
    UINT("profile.records", profile.records, 1, 16384, "16384",
         "Allocation records at most; what finds no room is counted in one for each stage."),
    MS("profile.interval_ms", profile.interval_ms, 10, 60000, "1000",
       "Between two readings of the stages' memory, which the verdicts are made from."),
    BOOL("profile.fault_injection", profile.fault_injection, "false",
         "Allow POST /fault on the admin port, which makes an allocation fail. For tests."),
};

const size_t settings_row_count = sizeof settings_rows / sizeof settings_rows[0];
