#include "base/json.h"
#include "mysql/capability.h"
#include "mysql/charset.h"
#include "mysql/command.h"
#include "mysql/frame.h"
#include "mysql/handshake.h"
#include "mysql/lenenc.h"
#include "mysql/reply.h"
#include "mysql/statement.h"
#include "profile/prof.h"
#include "profile/store.h"
#include "tap.h"
#include "tape.h"

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
        CU_ASSERT_STRING_EQUAL(command_info(COM_QUERY)->name, "COM_QUERY");
        CU_ASSERT_EQUAL(command_info(COM_STMT_CLOSE)->shape, SHAPE_NONE);
        CU_ASSERT_STRING_EQUAL(command_info(COM_STMT_BULK_EXECUTE)->name, "COM_STMT_BULK_EXECUTE");
        CU_ASSERT_STRING_EQUAL(command_info(0x77)->name, "COM_UNKNOWN");
        CU_ASSERT_STRING_EQUAL(command_info(0xff)->name, "COM_UNKNOWN");
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

/** What the owner tells is what is there. */
static bool store_is_right(int64_t before)
{
        return prof_read(STAGE_DISSECT, LIB_COUNT).current_bytes_used - before ==
               (int64_t)prof_store_read(STORE_STATEMENTS, 1).used;
}

static void statements(void)
{
        struct statements s = {.count = 0};
        int64_t before = prof_read(STAGE_DISSECT, LIB_COUNT).current_bytes_used;
        for (uint32_t id = 1; id <= 1000; id++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(statements_add(&s, id, span_str("SELECT ?")));
        }
        CU_ASSERT_EQUAL(s.count, 1000);
        struct statement *st = statements_find(&s, 500);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("abcdef"), 4, 6), STATUS_OK);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("gh"), 4, 2), STATUS_OK);
        const struct long_data *data = statement_find_long_data(st, 3);
        CU_ASSERT_EQUAL(data->len, 4);
        CU_ASSERT_EQUAL(data->true_len, 8);
        CU_ASSERT_PTR_NOT_NULL(statement_types(&s, st, 7));
        CU_ASSERT_TRUE(store_is_right(before));
        CU_ASSERT_PTR_NOT_NULL(statement_types(&s, st, 3));
        CU_ASSERT_TRUE(store_is_right(before));
        for (uint32_t id = 1; id <= 1000; id += 2) {
                statements_remove(&s, id);
        }
        CU_ASSERT_TRUE(store_is_right(before));
        CU_ASSERT_PTR_NULL(statements_find(&s, 501));
        CU_ASSERT_PTR_NOT_NULL(statements_find(&s, 500));
        for (uint32_t id = 2; id <= 1000; id += 2) {
                statements_remove(&s, id);
        }
        CU_ASSERT_EQUAL(s.count, 0);
        CU_ASSERT_EQUAL(s.held, 0);
        CU_ASSERT_TRUE(store_is_right(before));
        statements_clear(&s);
        CU_ASSERT_EQUAL(prof_store_read(STORE_STATEMENTS, 1).used, 0);
}

static void long_data_of_many_parameters(void)
{
        enum { PARAMETERS = 3000, PIECES = 100, KEPT = 1000 };
        struct statements s = {.count = 0};
        struct statement *st = statements_add(&s, 7, span_str("SELECT ?"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(st);
        size_t empty = s.held;
        CU_ASSERT_PTR_NULL(statement_find_long_data(st, 0));
        for (uint32_t i = 0; i < PARAMETERS; i++) {
                uint16_t param = (uint16_t)(i * 7);
                CU_ASSERT_EQUAL_FATAL(
                    statement_long_data(&s, st, param, span_of(&param, sizeof param), 10, 2), STATUS_OK);
        }
        for (uint32_t i = 0; i < PARAMETERS; i++) {
                uint16_t param = (uint16_t)(i * 7);
                const struct long_data *data = statement_find_long_data(st, param);
                CU_ASSERT_PTR_NOT_NULL_FATAL(data);
                CU_ASSERT_TRUE(data->len == sizeof param && memcmp(data->bytes, &param, sizeof param) == 0);
                CU_ASSERT_PTR_NULL(statement_find_long_data(st, (uint16_t)(param + 1)));
        }
        for (size_t i = 0; i < PIECES * KEPT / 50; i++) { /* piece by piece, and no more than is to be kept */
                CU_ASSERT_EQUAL_FATAL(statement_long_data(&s, st, 1, span_str("x"), KEPT, 1), STATUS_OK);
        }
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->len, KEPT);
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->size, KEPT);
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->true_len, PIECES * KEPT / 50);
        statement_drop_long_data(&s, st);
        CU_ASSERT_PTR_NULL(statement_find_long_data(st, 1));
        CU_ASSERT_EQUAL(s.held, empty);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("a"), 10, 1), STATUS_OK);
        statements_clear(&s);
        CU_ASSERT_EQUAL(s.held, 0);
}

/* --- whole sessions -------------------------------------------------------------------------------------------------- */

static uint8_t tape[1 << 16];

static struct span load(const char *name)
{
        char path[4096];
        const char *top = getenv("top_srcdir");
        (void)snprintf(path, sizeof path, "%s/tests/data/tapes/%s", top != NULL ? top : ".", name);
        FILE *in = fopen(path, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        size_t n = fread(tape, 1, sizeof tape, in);
        (void)fclose(in);
        return span_of(tape, n);
}

/** Number of places where @p part stands in @p text. */
static int count(const char *text, const char *part)
{
        int n = 0;
        for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
                n++;
        }
        return n;
}

static void cut_at_every_byte(void)
{
        static const char *const names[] = {"php-1.tape",     "perl-1.tape",   "pymysql-1.tape",
                                            "mariadb-1.tape", "values-1.tape", "values-2.tape",
                                            "denied-1.tape"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct span in = load(names[i]);
                const struct tape_options whole = {.packet_bytes = 32};
                char *expected = tape_records(in, &whole);
                CU_ASSERT_TRUE(strlen(expected) > 500);
                CU_ASSERT_EQUAL(count(expected, "opaque"), 0);
                for (size_t cut = 1; cut < in.len; cut++) {
                        const struct tape_options options = {.packet_bytes = 32, .cut = cut};
                        char *text = tape_records(in, &options);
                        if (strcmp(text, expected) != 0) {
                                CU_FAIL("records differ");
                                (void)printf("# %s cut at %zu\n", names[i], cut);
                        }
                        free(text);
                }
                for (size_t split = 1; split < 9; split++) {
                        const struct tape_options options = {.packet_bytes = 32, .split = split};
                        char *text = tape_records(in, &options);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                }
                free(expected);
        }
}

/** They come together where they can; what is told of them is the same. */
static void runs_of_packets(void)
{
        static const char *const names[] = {"php-1.tape", "perl-1.tape", "pymysql-1.tape", "mariadb-1.tape",
                                            "values-1.tape"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct span in = load(names[i]);
                for (size_t bytes = 8; bytes <= 512; bytes *= 8) {
                        const struct tape_options single = {.packet_bytes = bytes, .apart = true};
                        const struct tape_options runs = {.packet_bytes = bytes, .runs = true};
                        const struct tape_options pieces = {.packet_bytes = bytes, .runs = true, .split = 50};
                        char *expected = tape_records(in, &single);
                        char *text = tape_records(in, &runs);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                        text = tape_records(in, &pieces);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                        free(expected);
                }
        }
}

static void php_session(void)
{
        const struct tape_options options = {.split = 0};
        char *text = tape_records(load("php-1.tape"), &options);
        static const char *const parts[] = {
            "\"query\":\"SELECT 1, 'zwei', NULL\"",
            "\"errno\":1146,\"sqlstate\":\"42S02\"",
            "\"stmt_execute_values\":[42,\"h\xc3\x83\xc2\xa4llo\",null,1.5]",
            "\"stmt_execute_values\":[-7,{\"hex\":\"62696eff00\"},null,1.5]",
            "\"stmt_execute_values\":[-7,\"xxxxxxxxxx", /* long data */
            "\"command\":\"COM_CHANGE_USER\"",
            "\"query\":\"CALL p()\"",
            "\"results\":2",
            "\"username\":\"root\",\"database\":\"mysql\"",
            "\"rows\":1",
        };
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                CU_ASSERT_TRUE(count(text, parts[i]) > 0);
        }
        CU_ASSERT_EQUAL(count(text, "\"command\":\"COM_STMT_EXECUTE\""), 4);
        CU_ASSERT_EQUAL(count(text, "\"event\":\"query\""), count(text, "\"conn_seq_num\""));
        free(text);
}

static void local_infile(void)
{
        const struct tape_options options = {.packet_bytes = 16};
        char *text = tape_records(load("pymysql-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, "LOCAL INFILE request"), 1);
        CU_ASSERT_EQUAL(count(text, "LOCAL INFILE end"), 1);
        CU_ASSERT_EQUAL(count(text, "\"affected_rows\":3"), 1);
        free(text);
}

static void no_secrets_in_packets(void)
{
        const struct tape_options options = {.packet_bytes = 256};
        char *text = tape_records(load("mariadb-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, " login:\n"), 1); /* no bytes behind the colon */
        free(text);
        text = tape_records(load("denied-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, "\"errno\":1045"), 1);
        CU_ASSERT_EQUAL(count(text, "\"event\":\"auth\""), 1);
        free(text);
}

static void cut_texts_tell_their_length(void)
{
        const struct tape_options options = {.query_bytes = 10};
        char *text = tape_records(load("php-1.tape"), &options);
        CU_ASSERT_TRUE(count(text, "\"query\":\"SELECT 1, \",\"query_length\":22") == 1);
        CU_ASSERT_EQUAL(count(text, "opaque"), 0);
        free(text);
}

/** Fail the n-th allocation of a played session, for each n: no crash, no leak. */
static void every_allocation_fails_once(void)
{
        struct span in = load("php-1.tape");
        const struct tape_options options = {.packet_bytes = 32};
        int64_t before = prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                         prof_read(STAGE_FRAME, LIB_COUNT).current_count_used;
        prof_fail_nth(1000000);
        free(tape_records(in, &options));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 20);
        for (uint64_t n = 3; n <= all; n++) { /* the first two are the player's own dissector and gate */
                prof_fail_nth(n);
                free(tape_records(in, &options));
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                            prof_read(STAGE_FRAME, LIB_COUNT).current_count_used,
                        before);
}

static const struct tap_test tests[] = {
    {"frames are the same for any split", frames_of_any_split},
    {"a full packet continues", full_frames_continue},
    {"runs of packets", runs_of_packets},
    {"length-encoded integers", lenenc_integers},
    {"greetings", greetings},
    {"MariaDB's extended capabilities", mariadb_capabilities},
    {"logins, with attributes", logins},
    {"OK and ERR, with session tracking", replies},
    {"commands by code", commands},
    {"character sets by collation", charsets},
    {"prepared statements by id", statements},
    {"long data of many parameters", long_data_of_many_parameters},
    {"sessions cut at every byte give the same records", cut_at_every_byte},
    {"a PHP session", php_session},
    {"LOCAL INFILE", local_infile},
    {"packets show no authentication data", no_secrets_in_packets},
    {"cut texts tell their length", cut_texts_tell_their_length},
    {"each allocation of a session fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("mysql", tests);
}
