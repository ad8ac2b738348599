/** @file session_view.h  A session as seen from outside: the row of the list of sessions, the hex dump.
 * Threads: the session's worker; a view may then be read by any.   Memory: STAGE_CAPTURE for the dump. */
#ifndef PROXY_SESSION_VIEW_H
#define PROXY_SESSION_VIEW_H

#include "tap/dump_form.h"

#include <stddef.h>
#include <stdint.h>

struct session;

/** A session as it was when its worker looked. Texts are cut to fit and NUL-terminated, raw bytes. */
struct tap_copy;
struct tap_wanted;

struct session_view {
        uint64_t conn_id;
        unsigned worker;
        char client_addr[128];
        char remote_addr[128];
        char username[64];
        char database[64];
        char phase[16];
        char opaque_reason[96];
        char command[32];
        char query[160];
        uint8_t username_charset; /**< what they are in (mysql/wire/charset.h) */
        uint8_t database_charset;
        uint8_t query_charset;
        uint64_t age_us;
        uint64_t command_us; /**< since the command in flight began */
        uint64_t records;
        uint64_t bytes_sent;     /**< client to server */
        uint64_t bytes_received; /**< server to client */
        uint64_t backlog_bytes;
        uint64_t statement_bytes; /**< of prepared statements */
        uint32_t statements;
        uint32_t pipelined;
};

void session_view(const struct session *s, struct session_view *out);
/** The hex dump of its recorded packets, which the caller frees with prof_free. @return NULL when memory is out. */
char *session_hex(const struct session *s, enum tap_dump form, size_t *len);
/** See tap_copy. */
struct tap_copy *session_copy(const struct session *s);
/** See tap_copy_wanted. */
void session_copy_wanted(const struct session *s, const struct tap_wanted *wanted, struct tap_copy **list);

#endif
