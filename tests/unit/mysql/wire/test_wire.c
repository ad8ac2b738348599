#include "base/json.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/command.h"
#include "mysql/wire/frame.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/lenenc.h"
#include "mysql/wire/packet_kind.h"
#include "mysql/wire/reply.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>

/* --- frame, lenenc ------------------------------------------------------------------------------------------------ */

static void frames_of_any_split(void)
{
        static const uint8_t bytes[] = {3, 0, 0, 0, 'a', 'b', 'c', 0, 0, 0, 1, 1, 0, 0, 255, 'z'};
        for (size_t split = 1; split <= sizeof bytes; split++) {
                struct frame f = {.have = 0};
                char seen[32] = "";
                for (size_t at = 0; at < sizeof bytes; at += split) {
                        struct span in = span_head(span_skip(span_of(bytes, sizeof bytes), at), split);
                        struct frame_piece p;
                        while (frame_next(&f, &in, &p)) {
                                (void)snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%.*s%s",
                                               p.begins_message ? "<" : "", (int)p.bytes.len,
                                               p.bytes.len > 0 ? (const char *)p.bytes.data : "",
                                               p.ends_message ? ">" : "");
                        }
                }
                CU_ASSERT_STRING_EQUAL(seen, "<abc><><z>");
                CU_ASSERT_TRUE(frame_idle(&f));
        }
}

static void full_frames_continue(void)
{
        size_t size = FRAME_HEADER_SIZE + FRAME_MAX_PAYLOAD;
        uint8_t *full = calloc(1, size);
        memcpy(full, "\xff\xff\xff\0", 4);
        struct frame f = {.have = 0};
        struct span in = span_of(full, size);
        struct frame_piece p;
        CU_ASSERT_TRUE(frame_next(&f, &in, &p));
        CU_ASSERT_TRUE(p.begins_message && p.ends && !p.ends_message);
        CU_ASSERT_FALSE(frame_idle(&f));
        in = span_of("\0\0\0\1", 4);
        CU_ASSERT_TRUE(frame_next(&f, &in, &p));
        CU_ASSERT_TRUE(p.begins && !p.begins_message && p.ends_message);
        CU_ASSERT_EQUAL(p.seq, 1);
        CU_ASSERT_TRUE(frame_idle(&f));
        free(full);
}

static uint64_t lenenc(const char *bytes, size_t n, bool *failed)
{
        struct reader r = reader_over(span_of(bytes, n));
        uint64_t value = lenenc_uint(&r);
        *failed = r.failed;
        return value;
}

static void lenenc_integers(void)
{
        bool failed;
        CU_ASSERT_EQUAL(lenenc("\xfa", 1, &failed), 250);
        CU_ASSERT_EQUAL(lenenc("\xfc\x01\x02", 3, &failed), 0x201);
        CU_ASSERT_EQUAL(lenenc("\xfd\x01\x02\x03", 4, &failed), 0x30201);
        CU_ASSERT_EQUAL(lenenc("\xfe\1\0\0\0\0\0\0\x80", 9, &failed), 0x8000000000000001ULL);
        CU_ASSERT_FALSE(failed);
        (void)lenenc("\xfb", 1, &failed);
        CU_ASSERT_TRUE(failed);
        (void)lenenc("\xff", 1, &failed);
        CU_ASSERT_TRUE(failed);
        (void)lenenc("\xfc\x01", 2, &failed);
        CU_ASSERT_TRUE(failed);
}

/* --- handshake, gate ---------------------------------------------------------------------------------------------- */

static const char greeting_bytes[] = "\x0a"
                                     "8.0\0\7\0\0\0abcdefgh\0\xff\xff\xff\2\0\xff\xdf\x15"
                                     "\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password";
#define GREETING span_of(greeting_bytes, sizeof greeting_bytes)

static void greetings(void)
{
        struct greeting g;
        CU_ASSERT_TRUE(greeting_parse(GREETING, &g));
        CU_ASSERT_TRUE(span_equal(g.server_version, span_str("8.0")));
        CU_ASSERT_EQUAL(g.server_conn_id, 7);
        CU_ASSERT_EQUAL(g.capabilities, 0xdfffffff);
        CU_ASSERT_TRUE(span_equal(g.auth_plugin, span_str("caching_sha2_password")));
        for (size_t cut = 0; cut < 30; cut++) {
                (void)greeting_parse(span_head(GREETING, cut), &g); /* never reads past the end */
        }
        CU_ASSERT_FALSE(greeting_parse(span_str("SSH-2.0"), &g));
}

static void mariadb_capabilities(void)
{
        uint8_t bytes[sizeof greeting_bytes];
        struct greeting g;
        memcpy(bytes, greeting_bytes, sizeof bytes);
        size_t low_at = 1 + 4 + 4 + 9;
        bytes[low_at] = 0xfe; /* CLIENT_MYSQL unset: the last four reserved bytes are capabilities */
        memcpy(bytes + low_at + 2 + 1 + 2 + 2 + 1 + 6, "\x1d\0\0\0", 4);
        CU_ASSERT_TRUE(greeting_parse(span_of(bytes, sizeof bytes), &g));
        CU_ASSERT_EQUAL(g.capabilities >> 32, 0x1d);
        CU_ASSERT_TRUE((g.capabilities & CAP_MARIADB_CACHE_METADATA) != 0);
}

static struct span login_payload(uint8_t *room, uint64_t capabilities)
{
        struct writer w = writer_over(room, 512);
        writer_uint(&w, capabilities, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        for (int i = 0; i < 23; i++) {
                writer_uint(&w, 0, 1);
        }
        writer_bytes(&w, "bob\0\3abc", 8);
        writer_bytes(&w, "shop\0plugin\0\6\1a\3xyz", 19);
        return writer_span(&w);
}

#define LOGIN_CAPS                                                                                           \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB | CAP_PLUGIN_AUTH |       \
         CAP_CONNECT_ATTRS)

static void logins(void)
{
        uint8_t room[512];
        struct login login;
        struct span payload = login_payload(room, LOGIN_CAPS);
        CU_ASSERT_TRUE(login_parse(payload, &login));
        CU_ASSERT_TRUE(span_equal(login.username, span_str("bob")));
        CU_ASSERT_TRUE(span_equal(login.database, span_str("shop")));
        CU_ASSERT_TRUE(span_equal(login.auth_plugin, span_str("plugin")));
        struct reader r = reader_over(login.attributes);
        struct span name;
        struct span value;
        CU_ASSERT_TRUE(attribute_next(&r, &name, &value));
        CU_ASSERT_TRUE(span_equal(name, span_str("a")) && span_equal(value, span_str("xyz")));
        CU_ASSERT_FALSE(attribute_next(&r, &name, &value));
        CU_ASSERT_TRUE(login_parse(span_head(payload, 32), &login) == false || !login.ssl_request);
        payload = login_payload(room, LOGIN_CAPS | CAP_SSL);
        CU_ASSERT_TRUE(login_parse(span_head(payload, 32), &login) && login.ssl_request);
        CU_ASSERT_FALSE(login_parse(login_payload(room, LOGIN_CAPS & ~CAP_PROTOCOL_41), &login));
}

/* --- replies, commands, charsets ------------------------------------------------------------------------------------ */

static void replies(void)
{
        struct ok ok;
        struct err err;
        /* affected 3, id 300, autocommit, 2 warnings, info, schema "db" and character_set_client latin1 */
        static const char tracked[] = "\0\3\xfc\x2c\1\2\x40\2\0\2hi\x25"
                                      "\1\3\2db\0\x1e\x14"
                                      "character_set_client\6latin1";
        struct span payload = span_of(tracked, sizeof tracked - 1);
        CU_ASSERT_FALSE(ok_parse(payload, CAP_SESSION_TRACK, &ok)); /* the block's length lies by a little */
        static const char right[] = "\0\3\xfc\x2c\1\2\x40\2\0\2hi\x22"
                                    "\1\3\2db\0\x1b\x14"
                                    "character_set_client\5ascii";
        CU_ASSERT_TRUE(ok_parse(span_of(right, sizeof right - 1), CAP_SESSION_TRACK, &ok));
        CU_ASSERT_EQUAL(ok.affected_rows, 3);
        CU_ASSERT_EQUAL(ok.last_insert_id, 300);
        CU_ASSERT_EQUAL(ok.warnings, 2);
        CU_ASSERT_TRUE(span_equal(ok.info, span_str("hi")));
        CU_ASSERT_TRUE(ok.has_schema && span_equal(ok.schema, span_str("db")));
        CU_ASSERT_TRUE(span_equal(ok.character_set, span_str("ascii")));
        CU_ASSERT_TRUE(
            ok_parse(span_of("\0\0\0\2\x40\0\0", 7), CAP_SESSION_TRACK, &ok)); /* STATE_CHANGED, no data */
        CU_ASSERT_FALSE(ok_parse(span_of("\0\0\0\2", 4), 0, &ok));
        CU_ASSERT_TRUE(err_parse(span_str("\xff\x7a\x04#42S02no table"), &err));
        CU_ASSERT_EQUAL(err.errnum, 1146);
        CU_ASSERT_TRUE(span_equal(err.message, span_str("no table")));
        CU_ASSERT_TRUE(err_parse(span_str("\xff\x10\x04Too many"), &err));
        CU_ASSERT_EQUAL(err.sqlstate.len, 0);
        CU_ASSERT_FALSE(err_parse(span_str("\xff"), &err));
}

static void commands(void)
{
        CU_ASSERT_STRING_EQUAL(command_type(COM_QUERY)->name, "COM_QUERY");
        CU_ASSERT_EQUAL(command_type(COM_STMT_CLOSE)->shape, SHAPE_NONE);
        CU_ASSERT_STRING_EQUAL(command_type(COM_STMT_BULK_EXECUTE)->name, "COM_STMT_BULK_EXECUTE");
        CU_ASSERT_STRING_EQUAL(command_type(0x77)->name, "COM_UNKNOWN");
        CU_ASSERT_STRING_EQUAL(command_type(0xff)->name, "COM_UNKNOWN");
}

/** All kinds, and all codes that a client can send as a command, have a name. */
static void packet_kinds(void)
{
        for (unsigned kind = 0; kind < PACKET_KINDS; kind++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(packet_kind_name((enum packet_kind)kind));
                CU_ASSERT_TRUE(strlen(packet_kind_name((enum packet_kind)kind)) > 0);
                CU_ASSERT_TRUE(packet_kind_shown_bytes((enum packet_kind)kind) <= 12);
        }
        CU_ASSERT_STRING_EQUAL(packet_kind_name(packet_kind_of(COM_QUERY)), "COM_QUERY");
        CU_ASSERT_STRING_EQUAL(packet_kind_name(packet_kind_of(0x77)), "COM_UNKNOWN");
        CU_ASSERT_STRING_EQUAL(packet_kind_name(PACKET_COLUMN_DEFINITION), "column definition");
        CU_ASSERT_EQUAL(packet_kind_shown_bytes(packet_kind_of(COM_QUERY)), 1);
        CU_ASSERT_EQUAL(packet_kind_shown_bytes(packet_kind_of(COM_STMT_EXECUTE)), 10);
        CU_ASSERT_EQUAL(packet_kind_shown_bytes(packet_kind_of(0x77)), 1);
        CU_ASSERT_EQUAL(packet_kind_shown_bytes(PACKET_PREPARED), 12);
        CU_ASSERT_EQUAL(packet_kind_shown_bytes(PACKET_ROW), 0);
        CU_ASSERT_TRUE(packet_kind_is_secret(packet_kind_of(COM_CHANGE_USER)));
        CU_ASSERT_TRUE(packet_kind_is_secret(packet_kind_of(COM_REGISTER_SLAVE)));
        CU_ASSERT_TRUE(packet_kind_is_secret(PACKET_AUTH_DATA));
        CU_ASSERT_FALSE(packet_kind_is_secret(packet_kind_of(COM_QUERY)));
        CU_ASSERT_FALSE(packet_kind_is_secret(PACKET_OK));
}

static void charsets(void)
{
        CU_ASSERT_STRING_EQUAL(charset_name(45), "utf8mb4");
        CU_ASSERT_STRING_EQUAL(charset_name(8), "latin1");
        CU_ASSERT_STRING_EQUAL(charset_name(255), "utf8mb4");
        CU_ASSERT_STRING_EQUAL(charset_name(1070), "utf8mb4");
        CU_ASSERT_STRING_EQUAL(charset_name(2304), "utf8mb4");
        CU_ASSERT_PTR_NULL(charset_name(0));
        CU_ASSERT_PTR_NULL(charset_name(17));
        CU_ASSERT_PTR_NULL(charset_name(60000));
}

static const struct tap_test tests[] = {
    {"frames are the same for any split", frames_of_any_split},
    {"a full packet continues", full_frames_continue},
    {"length-encoded integers", lenenc_integers},
    {"greetings", greetings},
    {"MariaDB's extended capabilities", mariadb_capabilities},
    {"logins, with attributes", logins},
    {"OK and ERR, with session tracking", replies},
    {"commands by code", commands},
    {"kinds of packets: names, and what may be shown", packet_kinds},
    {"character sets by collation", charsets},
};

int main(void)
{
        return TAP_RUN("mysql/wire", tests);
}
