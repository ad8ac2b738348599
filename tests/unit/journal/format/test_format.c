#include "base/utf8.h"
#include "journal/format/format.h"
#include "journal/format/sql_line.h"
#include "json_check.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define WHEN_NS 1767323045678901000ULL /* 2026-01-02T03:04:05.678901Z */

static struct record start(enum record_event event)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = event;
        r.wall_ns = WHEN_NS;
        return r;
}

static void text(struct record *r, enum record_field f, const char *value)
{
        record_set_text(r, f, span_str(value));
}

static bool prints(const struct record *r, enum format format, const char *want)
{
        static char room[4096];
        struct writer w = writer_over(room, sizeof room);
        format_record(&w, format, r);
        bool right = !w.failed && span_equal(writer_span(&w), span_str(want));
        if (!right) {
                printf("# got:  %.*s# want: %s", (int)w.at, room, want);
        }
        return right && w.at <= format_size(format, r);
}

#define TS "{\"ts\":\"2026-01-02T03:04:05.678901Z\",\"event\":"

/* --- JSON ----------------------------------------------------------------------------------------------------------- */

static void json_has_the_present_fields_in_order(void)
{
        struct record r = start(EVENT_QUERY);
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON, TS "\"query\"}\n"));
        record_set_uint(&r, FIELD_ROWS, 0);
        record_set_uint(&r, FIELD_CONN_ID, UINT64_MAX);
        text(&r, FIELD_QUERY, "SELECT 1");
        text(&r, FIELD_USERNAME, "");
        record_set_uint(&r, FIELD_ERRNO, 1146);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_JSON,
                   TS "\"query\",\"conn_id\":18446744073709551615,\"username\":\"\",\"query\":\"SELECT 1\","
                      "\"rows\":0,\"errno\":1146}\n"));
}

static void json_names_status_flags(void)
{
        struct record r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0);
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON, TS "\"query\",\"status_flags\":[]}\n"));
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0x27); /* bit 2 has no name */
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_JSON,
                   TS "\"query\",\"status_flags\":[\"in_trans\",\"autocommit\",\"no_index_used\"]}\n"));
}

static void json_keeps_the_bytes_of_what_is_no_utf8(void)
{
        struct record r = start(EVENT_QUERY);
        record_set_text(&r, FIELD_QUERY, span_of("caf\xe9 \"\0\n", 8));
        CU_ASSERT_TRUE(prints(
            &r, FORMAT_JSON,
            TS
            "\"query\",\"query\":\"caf\xef\xbf\xbd \\\"\\u0000\\n\",\"query_hex\":\"636166e92022000a\"}\n"));
        r = start(EVENT_QUERY);
        record_set_text(&r, FIELD_QUERY, span_of("a\0b", 3)); /* valid: no hex */
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON, TS "\"query\",\"query\":\"a\\u0000b\"}\n"));
}

static void json_does_not_blame_a_cut_for_half_a_character(void)
{
        struct record r = start(EVENT_QUERY);
        text(&r, FIELD_QUERY, "caf\xc3");
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100);
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON, TS "\"query\",\"query\":\"caf\",\"query_length\":100}\n"));
        text(&r, FIELD_QUERY, "c\xff\xc3");
        CU_ASSERT_TRUE(prints(
            &r, FORMAT_JSON,
            TS "\"query\",\"query\":\"c\xef\xbf\xbd\",\"query_hex\":\"63ffc3\",\"query_length\":100}\n"));
}

static void json_lists_and_maps(void)
{
        const struct value values[] = {
            {.type = VALUE_LONG, .bytes = span_of("\x2a\0\0\0", 4), .true_len = 4, .name = span_str("n")},
            {.type = VALUE_VAR_STRING, .bytes = span_str("x\"y"), .true_len = 3, .name = span_str("a\"b")},
            {.is_null = true, .name = span_str("\xff")},
            {.is_null = true, .name = span_str("n")},
        };
        struct record r = start(EVENT_QUERY);
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){values, 4});
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON,
                              TS "\"query\",\"query_attributes\":{\"n\":{\"repeated\":[42,null]},"
                                 "\"a\\\"b\":\"x\\\"y\",\"hex:ff\":null}}\n"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){values, 3});
        CU_ASSERT_TRUE(prints(&r, FORMAT_JSON,
                              TS "\"query\",\"stmt_execute_values\":[42,\"x\\\"y\",null],"
                                 "\"query_attributes\":{\"n\":42,\"a\\\"b\":\"x\\\"y\",\"hex:ff\":null}}\n"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){NULL, 0});
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){NULL, 0});
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_JSON, TS "\"query\",\"stmt_execute_values\":[],\"query_attributes\":{}}\n"));
}

static void json_shows_packets_in_hex(void)
{
        struct record r = start(EVENT_PACKET);
        text(&r, FIELD_DIRECTION, "client");
        record_set_text(&r, FIELD_PACKET_BYTES, span_of("\x03\x00\xff", 3));
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_JSON, TS "\"packet\",\"direction\":\"client\",\"packet_bytes\":\"0300ff\"}\n"));
}

/* --- text ----------------------------------------------------------------------------------------------------------- */

static struct record statement(void)
{
        struct record r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        text(&r, FIELD_USERNAME, "root");
        text(&r, FIELD_DATABASE, "shop");
        text(&r, FIELD_COMMAND, "COM_QUERY");
        text(&r, FIELD_QUERY, "SELECT *\n\tFROM t\r\n  WHERE  a = 1");
        record_set_uint(&r, FIELD_DURATION_US, 1234);
        record_set_uint(&r, FIELD_ROWS, 3);
        return r;
}

static bool is_line(struct sql_mode mode, const char *sql, const char *wanted)
{
        char room[512];
        struct writer w = writer_over(room, sizeof room);
        sql_line(&w, span_str(sql), mode, true);
        bool same = span_equal(writer_span(&w), span_str(wanted));
        if (!same) {
                printf("# got \"%.*s\"\n", (int)w.at, room);
        }
        return same;
}

/** The statement can be copied from the log and means what it meant. */
static void a_statement_on_one_line_means_the_same(void)
{
        struct sql_mode mode = {.no_backslash_escapes = false};
        CU_ASSERT_TRUE(is_line(mode, "", ""));
        CU_ASSERT_TRUE(is_line(mode, "\n", " "));
        CU_ASSERT_TRUE(is_line(mode, "SELECT  1 \n\t , 2\f+\v3", "SELECT  1 , 2 + 3"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 'a\n  b\tc\r', \"d \n\"", "SELECT 'a\\n  b\\tc\\r', \"d \\n\""));
        CU_ASSERT_TRUE(
            is_line(mode, "SELECT 'a\\\nb\\\\\nc', 'it''s\n'", "SELECT 'a\\nb\\\\\\nc', 'it''s\\n'"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT '\x1a\b\n\\n\xc3\xa9\\\xc3\xa9'",
                               "SELECT '\\Z\\b\\n\\n\xc3\xa9\\\xc3\xa9'"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 'open\n \\", "SELECT 'open\\n \\"));
        CU_ASSERT_TRUE(
            is_line(mode, "DELETE FROM t -- note\nWHERE a = 1", "DELETE FROM t /* note */ WHERE a = 1"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 1 #note\n\n+ 2 -- end\n", "SELECT 1 /* note */ + 2 -- end "));
        CU_ASSERT_TRUE(
            is_line(mode, "SELECT 1 --\n+ 2#\n;# */*/ x\n", "SELECT 1 /*  */ + 2/*  */ ;# */*/ x "));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 1 # a */ b */\n;", "SELECT 1 /* a * / b * / */ ;"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 1 #!50000 + 1\n;", "SELECT 1 /* !50000 + 1 */ ;"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT #+ hint\r\n1", "SELECT /* + hint */ 1"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT /* a\n -- b */ 1", "SELECT /* a -- b */ 1"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT '-- a\n', 1--\n1", "SELECT '-- a\\n', 1/*  */ 1"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 1 -- a\n-- b", "SELECT 1 /* a */ -- b"));
        mode.no_backslash_escapes = true;
        CU_ASSERT_TRUE(is_line(
            mode, "SELECT 'a\\\n''b', 'c\\',\n\"\n\"",
            "SELECT _utf8mb4 X'615c0a2762'/* 'a\\\\x0a''b' */, 'c\\', _utf8mb4 X'0a'/* \"\\x0a\" */"));
        mode.no_backslash_escapes = false;
        mode.ansi_quotes = true;
        CU_ASSERT_TRUE(is_line(mode, "SELECT \"a\n\"",
                               "/* SELECT \"a\\x0a\" */ SET @querytap = _utf8mb4 X'53454c4543542022610a22'; "
                               "PREPARE querytap FROM @querytap; EXECUTE querytap"));
}

/** Characters that have no escape in SQL: control and hidden characters, and bytes that are not UTF-8. */
static void what_has_no_escape_is_in_hexadecimal(void)
{
        struct sql_mode mode = {.no_backslash_escapes = false};
        CU_ASSERT_TRUE(is_line(mode, "SELECT 'a\x01', 1", "SELECT _utf8mb4 X'6101'/* 'a\\x01' */, 1"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT '\\n\\%\\'''\x7f'",
                               "SELECT _utf8mb4 X'0a5c2527277f'/* '\\n\\%\\'''\\x7f' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT n'\xe2\x80\x8b'", "SELECT _utf8mb4 X'e2808b'/* n'\\u200b' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT '\xff'", "SELECT _binary X'ff'/* '\\xff' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT _latin1'\x01'", "SELECT _latin1 X'01'/* '\\x01' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 'a' '\x01' \"b\", 'c'",
                               "SELECT _utf8mb4 X'610162'/* 'a' '\\x01' \"b\" */, 'c'"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT'\x01'", "SELECT _utf8mb4 X'01'/* '\\x01' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT '*/\x01'", "SELECT _utf8mb4 X'2a2f01'/* '* /\\x01' */"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 'a\n' 'b'", "SELECT 'a\\n' 'b'"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT `a\n`",
                               "/* SELECT `a\\x0a` */ SET @querytap = _utf8mb4 X'53454c4543542060610a60'; "
                               "PREPARE querytap FROM @querytap; EXECUTE querytap"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT a\xe2\x80\x8b",
                               "/* SELECT a\\u200b */ SET @querytap = _utf8mb4 X'53454c4543542061e2808b'; "
                               "PREPARE querytap FROM @querytap; EXECUTE querytap"));
        CU_ASSERT_TRUE(is_line(mode, "SELECT 1 \x01 2 /* \x01 */", "SELECT 1 \\x01 2 /* \\x01 */"));
}

static void text_is_one_aligned_line(void)
{
        struct record r = statement();
        CU_ASSERT_TRUE(prints(
            &r, FORMAT_TEXT,
            "03:04:05.678901 #7    root@shop           1.234 ms     3 rows  SELECT * FROM t WHERE  a = 1\n"));
        text(&r, FIELD_USERNAME, "\xc3\xa9va"); /* width counts characters */
        record_set_uint(&r, FIELD_ROWS, 1);
        record_set_uint(&r, FIELD_DURATION_US, 61234567);
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100);
        record_set_uint(&r, FIELD_WARNINGS, 2);
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "03:04:05.678901 #7    \xc3\xa9va@shop            61.23 s       1 row  "
                              "SELECT * FROM t WHERE  a = 1… (100 bytes)  2 warnings\n"));
}

static void text_shows_statements_with_values(void)
{
        const struct value values[] = {
            {.type = VALUE_LONG, .bytes = span_of("\x2a\0\0\0", 4), .true_len = 4},
            {.type = VALUE_VAR_STRING, .bytes = span_str("a\nb'c"), .true_len = 5},
        };
        struct record r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, 12345);
        text(&r, FIELD_COMMAND, "COM_STMT_EXECUTE");
        record_set_uint(&r, FIELD_STMT_ID, 2);
        text(&r, FIELD_STMT_PREPARE_QUERY, "UPDATE t SET a = ?");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 2});
        record_set_uint(&r, FIELD_DURATION_US, 50);
        record_set_uint(&r, FIELD_AFFECTED_ROWS, 4);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901 #12345 -                   0.050 ms  4 changed  STMT_EXECUTE 2  "
                   "UPDATE t SET a = ?  [42, 'a\\nb''c']\n"));
        r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, 1);
        text(&r, FIELD_COMMAND, "COM_PING");
        record_set_uint(&r, FIELD_DURATION_US, 9);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT, "03:04:05.678901 #1    -                   0.009 ms         ok  PING\n"));
        text(&r, FIELD_REASON, "the session ended");
        CU_ASSERT_TRUE(prints(
            &r, FORMAT_TEXT,
            "03:04:05.678901 #1    -                   0.009 ms   no reply  PING  (the session ended)\n"));
}

static void text_shows_findings(void)
{
        struct record r = start(EVENT_QUERY);
        text(&r, FIELD_COMMAND, "COM_PING");
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_N_PLUS_ONE | 1U << FINDING_NO_INDEX);
        record_set_uint(&r, FIELD_REPEATED, 7);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                           0.000 ms         ok  PING  n_plus_one 7, "
                   "no_index\n"));
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_TRANSACTION_IDLE | 1U << FINDING_LARGE_RESULT);
        record_set_uint(&r, FIELD_TRX_IDLE_US, 1500000);
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "03:04:05.678901                           0.000 ms         ok  PING  "
                              "transaction_idle 1.500 s, large_result\n"));
        r = start(EVENT_DISCONNECT);
        record_set_uint(&r, FIELD_DURATION_US, 2000);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_CONNECTION_PER_STATEMENT);
        record_set_uint(&r, FIELD_REPEATED, 5);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                        disconnect  after 0.002 s, 0 bytes sent, "
                   "0 received  connection_per_statement 5\n"));
        r = start(EVENT_PREPARE_ONCE);
        record_set_uint(&r, FIELD_DURATION_US, 2000);
        record_set_uint(&r, FIELD_REPEATED, 9);
        text(&r, FIELD_DIGEST_TEXT, "SELECT ?");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                        prepare_once  9 statements of one shape, "
                   "prepared, executed once and closed, 2.000 ms: SELECT ?\n"));
        const struct value tags[] = {
            {.name = span_str("code.lineno"), .bytes = span_str("17"), .in_text = true},
            {.name = span_str("code.filepath"), .bytes = span_str("app/post.rb"), .in_text = true}};
        r.event = EVENT_N_PLUS_ONE;
        text(&r, FIELD_INFO, "after 9 rows of SELECT ?");
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 2});
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "03:04:05.678901                        n_plus_one  9 statements of one shape, "
                              "2.000 ms: SELECT ?  after 9 rows of SELECT ?  at app/post.rb:17\n"));
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 1}); /* a line of no file */
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "03:04:05.678901                        n_plus_one  9 statements of one shape, "
                              "2.000 ms: SELECT ?  after 9 rows of SELECT ?\n"));
}

static void text_shows_errors(void)
{
        struct record r = statement();
        record_set_uint(&r, FIELD_ERRNO, 1146);
        text(&r, FIELD_SQLSTATE, "42S02");
        text(&r, FIELD_ERROR, "Table 'shop.t' doesn't exist");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901 #7    root@shop           1.234 ms      error  SELECT * FROM t WHERE  a "
                   "= 1  ERROR 1146 (42S02): Table 'shop.t' doesn't exist\n"));
        r = start(EVENT_ERROR);
        text(&r, FIELD_REASON, "the server can't be reached");
        text(&r, FIELD_ERROR, "refused");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                        error       the server can't be reached  ERROR: "
                   "refused\n"));
}

static void text_tells_the_other_events(void)
{
        struct record r = start(EVENT_CONNECT);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        text(&r, FIELD_CLIENT_ADDR, "127.0.0.1:40312");
        text(&r, FIELD_REMOTE_ADDR, "unix:/run/db");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901 #7    -                connect     127.0.0.1:40312 -> unix:/run/db\n"));
        r = start(EVENT_DISCONNECT);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        record_set_uint(&r, FIELD_DURATION_US, 2345678);
        record_set_uint(&r, FIELD_BYTES_SENT, 12);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 34);
        text(&r, FIELD_REASON, "client quit");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901 #7    -                disconnect  after 2.346 s, 12 bytes sent, 34 "
                   "received  (client quit)\n"));
        r = start(EVENT_NOTICE);
        text(&r, FIELD_REASON, "taken out");
        text(&r, FIELD_INFO, "SSL");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT, "03:04:05.678901                        notice      taken out: SSL\n"));
        r = start(EVENT_GAP);
        record_set_uint(&r, FIELD_DROPPED, 1);
        text(&r, FIELD_REASON, "full");
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                        gap         1 record is missing here  (full)\n"));
        r = start(EVENT_AUTH);
        text(&r, FIELD_SERVER_VERSION, "8\x1b[31m");
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "03:04:05.678901                        auth        server 8\\x1b[31m\n"));
}

static void text_gives_a_terminal_nothing_to_obey(void)
{
        struct record r = start(EVENT_NOTICE);
        record_set_text(&r, FIELD_REASON,
                        span_of("a\x1b]0;x\x07 \xc2\x9b"
                                "31m \xff \0 \x7f \xc3\xa9",
                                22));
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_TEXT,
                   "03:04:05.678901                        notice      a\\x1b]0;x\\x07 \\u009b31m \\xff "
                   "\\x00 \\x7f \xc3\xa9\n"));
}

static void text_shows_packets_as_a_dump(void)
{
        struct record r = start(EVENT_PACKET);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        text(&r, FIELD_DIRECTION, "client");
        record_set_uint(&r, FIELD_PACKET_SEQ, 0);
        record_set_uint(&r, FIELD_PACKET_LENGTH, 9);
        text(&r, FIELD_PACKET_NAME, "COM_QUERY");
        text(&r, FIELD_PACKET_BYTES, "\x03SELECT 1");
        CU_ASSERT_TRUE(prints(&r, FORMAT_TEXT,
                              "2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 9  COM_QUERY\n"
                              "  000000  03 53 45 4c 45 43 54 20  31                       .SELECT 1\n"));
}

/** @p colored without its escape sequences. */
static size_t plain(char *out, struct span colored)
{
        size_t n = 0;
        for (size_t i = 0; i < colored.len; i++) {
                if (colored.data[i] == 0x1b) {
                        while (colored.data[i] != 'm') {
                                i++;
                        }
                        continue;
                }
                out[n++] = (char)colored.data[i];
        }
        return n;
}

static void color_is_the_same_text(void)
{
        static char room[3][4096];
        for (int e = 0; e < EVENT_COUNT; e++) {
                struct record r = statement();
                r.event = (enum record_event)e;
                record_set_uint(&r, FIELD_ERRNO, 1);
                text(&r, FIELD_ERROR, "bad");
                text(&r, FIELD_REASON, "why");
                struct writer without = writer_over(room[0], sizeof room[0]);
                struct writer with = writer_over(room[1], sizeof room[1]);
                format_record(&without, FORMAT_TEXT, &r);
                format_record(&with, FORMAT_TEXT_COLOR, &r);
                CU_ASSERT_TRUE(e == EVENT_PACKET || with.at > without.at);
                CU_ASSERT_TRUE(with.at <= format_size(FORMAT_TEXT_COLOR, &r));
                size_t n = plain(room[2], writer_span(&with));
                CU_ASSERT_TRUE(span_equal(span_of(room[2], n), writer_span(&without)));
        }
}

static void only_a_normal_end_is_not_red(void)
{
        static const char red[] = "\033[31m";
        static const char *const reasons[] = {RECORD_REASON_QUIT, "the server closed the connection"};
        static char room[4096];
        for (size_t i = 0; i < 2; i++) {
                struct record r = start(EVENT_DISCONNECT);
                text(&r, FIELD_REASON, reasons[i]);
                struct writer w = writer_over(room, sizeof room - 1);
                format_record(&w, FORMAT_TEXT_COLOR, &r);
                room[w.at] = '\0';
                CU_ASSERT_EQUAL(strstr(room, red) == NULL, i == 0);
        }
}

/* --- anything ---------------------------------------------------------------------------------------------------------- */

static uint32_t seed = 11;

static uint32_t next_random(void)
{
        seed = seed * 1664525U + 1013904223U;
        return seed >> 8;
}

static struct span random_bytes(uint8_t *room, size_t most)
{
        size_t len = next_random() % (most + 1);
        uint32_t kind = next_random() % 4;
        for (size_t i = 0; i < len; i++) {
                uint32_t x = next_random();
                room[i] = (uint8_t)(kind == 0   ? x
                                    : kind == 1 ? x & 0x1f
                                    : kind == 2 ? 0x80 | (x & 0x7f)
                                                : 0x20 + x % 0x5f);
        }
        return span_of(room, len);
}

static bool is_one_line(struct span s)
{
        return s.len > 0 && memchr(s.data, '\n', s.len) == s.data + s.len - 1;
}

/** Records of any bytes in all formats: valid UTF-8, one line, JSON is JSON, the size is within its bound. */
static void any_bytes_in_all_formats(void)
{
        static uint8_t bytes[FIELD_COUNT + 6][64];
        for (int round = 0; round < 3000; round++) {
                struct record r = start((enum record_event)(next_random() % EVENT_COUNT));
                struct value values[3];
                struct value members[6];
                for (size_t i = 0; i < 3; i++) {
                        values[i] =
                            (struct value){.type = (uint8_t)next_random(), .is_null = next_random() % 8 == 0};
                        values[i].name = random_bytes(bytes[FIELD_COUNT + i], 20);
                        values[i].bytes = random_bytes(bytes[FIELD_COUNT + 3 + i], 64);
                        values[i].true_len = values[i].bytes.len + (next_random() % 2 == 0 ? UINT32_MAX : 0);
                }
                for (size_t i = 0; i < 6; i++) {
                        members[i] = values[i % 3];
                        members[i].role = (uint8_t)(next_random() % (VALUE_CLOSES + 1));
                }
                for (int i = 0; i < FIELD_COUNT; i++) {
                        enum record_field f = (enum record_field)i;
                        if (next_random() % 3 == 0) {
                                continue;
                        }
                        if (record_fields[f].kind == RECORD_OBJECTS) {
                                record_set_list(&r, f, (struct value_list){members, next_random() % 7});
                        } else if (record_is_list(f)) {
                                record_set_list(&r, f, (struct value_list){values, next_random() % 4});
                        } else if (record_is_span(f)) {
                                record_set_text(&r, f, random_bytes(bytes[i], 64));
                        } else {
                                record_set_uint(&r, f, next_random() % 2 == 0 ? UINT64_MAX : next_random());
                        }
                }
                for (int format = 0; format < FORMAT_COUNT; format++) {
                        size_t size = format_size((enum format)format, &r);
                        char *room = malloc(size);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(room);
                        struct writer w = writer_over(room, size);
                        format_record(&w, (enum format)format, &r);
                        CU_ASSERT_FALSE_FATAL(w.failed);
                        CU_ASSERT_TRUE_FATAL(utf8_valid(writer_span(&w)));
                        bool has_lines = format == FORMAT_SLOW || format == FORMAT_VERBOSE ||
                                         format == FORMAT_VERBOSE_COLOR || format == FORMAT_GROUPED ||
                                         format == FORMAT_GROUPED_COLOR ||
                                         ((r.event == EVENT_PACKET || r.event == EVENT_DEADLOCK ||
                                           r.event == EVENT_LOCK_WAIT) &&
                                          format <= FORMAT_TEXT_COLOR);
                        CU_ASSERT_TRUE_FATAL(has_lines || is_one_line(writer_span(&w)));
                        CU_ASSERT_TRUE_FATAL(format_shows((enum format)format, &r) == (w.at > 0));
                        CU_ASSERT_TRUE_FATAL(format != FORMAT_JSON || json_check(writer_span(&w)));
                        free(room);
                }
        }
}

/** The worst bytes for the bound of the size. */
static void the_size_is_a_bound(void)
{
        static uint8_t worst[3][4096];
        memset(worst[0], 0x01, sizeof worst[0]);
        memset(worst[1], 0xff, sizeof worst[1]);
        for (size_t i = 0; i < sizeof worst[2]; i++) {
                worst[2][i] = i % 2 == 0 ? 0x01 : 0xff;
        }
        for (int i = 0; i < 3; i++) {
                struct record r = statement();
                r.event = i == 2 ? EVENT_PACKET : EVENT_QUERY;
                record_set_text(&r, FIELD_QUERY, span_of(worst[i], sizeof worst[i]));
                record_set_text(&r, FIELD_ERROR, span_of(worst[2], sizeof worst[2]));
                record_set_text(&r, FIELD_INFO, span_of(worst[2], sizeof worst[2]));
                record_set_text(&r, FIELD_REASON, span_of(worst[2], sizeof worst[2]));
                record_set_text(&r, FIELD_PACKET_BYTES, span_of(worst[i], sizeof worst[i]));
                for (int format = 0; format < FORMAT_COUNT; format++) {
                        size_t size = format_size((enum format)format, &r);
                        char *room = malloc(size);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(room);
                        struct writer w = writer_over(room, size);
                        format_record(&w, (enum format)format, &r);
                        CU_ASSERT_FALSE(w.failed);
                        free(room);
                }
        }
}

static void what_does_not_fit_fails(void)
{
        struct record r = statement();
        for (int format = 0; format < FORMAT_COUNT; format++) {
                static char room[4096];
                struct writer w = writer_over(room, sizeof room);
                format_record(&w, (enum format)format, &r);
                size_t whole = w.at;
                CU_ASSERT_TRUE(whole > 0 && w.wanted == whole);
                for (size_t size = 0; size < whole; size++) {
                        w = writer_over(room, size);
                        format_record(&w, (enum format)format, &r);
                        CU_ASSERT_TRUE(w.failed);
                        CU_ASSERT_TRUE(w.at <= size);
                }
        }
}

static const struct tap_test tests[] = {
    {"JSON: the present fields in the order of the table", json_has_the_present_fields_in_order},
    {"JSON: status flags by name", json_names_status_flags},
    {"JSON: the bytes of what is no UTF-8 are kept", json_keeps_the_bytes_of_what_is_no_utf8},
    {"JSON: half a character at a cut is no binary text", json_does_not_blame_a_cut_for_half_a_character},
    {"JSON: lists and maps", json_lists_and_maps},
    {"JSON: packets in hex", json_shows_packets_in_hex},
    {"a statement on one line means the same", a_statement_on_one_line_means_the_same},
    {"what has no escape is in hexadecimal", what_has_no_escape_is_in_hexadecimal},
    {"text: one aligned line", text_is_one_aligned_line},
    {"text: prepared statements with values", text_shows_statements_with_values},
    {"text: findings", text_shows_findings},
    {"text: errors", text_shows_errors},
    {"text: the other events", text_tells_the_other_events},
    {"text: nothing that a terminal would obey", text_gives_a_terminal_nothing_to_obey},
    {"text: packets as a dump", text_shows_packets_as_a_dump},
    {"colour is the same text", color_is_the_same_text},
    {"only a normal end is not red", only_a_normal_end_is_not_red},
    {"any bytes in all formats", any_bytes_in_all_formats},
    {"the size is a bound", the_size_is_a_bound},
    {"what does not fit fails", what_does_not_fit_fails},
};

int main(void)
{
        return TAP_RUN("format", tests);
}
