/* The formats ltsv and slow, and what they are made with. */
#include "base/utf8.h"
#include "journal/format/format.h"
#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define WHEN_NS 1767323045678901000ULL /* 2026-01-02T03:04:05.678901Z */

static char room[65536];

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

static struct span format(enum format format, const struct record *r)
{
        struct writer w = writer_over(room, sizeof room);
        format_record(&w, format, r);
        CU_ASSERT_FALSE(w.failed);
        CU_ASSERT_TRUE(w.at <= format_size(format, r));
        CU_ASSERT_TRUE(utf8_valid(writer_span(&w)));
        return writer_span(&w);
}

static bool is(struct span got, const char *want)
{
        bool right = span_equal(got, span_str(want));
        if (!right) {
                printf("# got:  %.*s\n# want: %s\n", (int)got.len, (const char *)got.data, want);
        }
        return right;
}

/* --- LTSV ---------------------------------------------------------------------------------------------------------- */

#define TS "ts:2026-01-02T03:04:05.678901Z\tevent:query"

static void ltsv_has_the_present_fields_in_order(void)
{
        struct record r = start(EVENT_QUERY);
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r), TS "\n"));
        record_set_uint(&r, FIELD_ROWS, 0);
        record_set_uint(&r, FIELD_CONN_ID, UINT64_MAX);
        text(&r, FIELD_QUERY, "SELECT 'a:b'");
        text(&r, FIELD_USERNAME, "");
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0x27);
        text(&r, FIELD_PACKET_BYTES, "\x03\xff");
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r),
                          TS "\tconn_id:18446744073709551615\tusername:\tquery:SELECT 'a:b'\trows:0\t"
                             "status_flags:in_trans,autocommit,no_index_used\tpacket_bytes:03ff\n"));
}

static void ltsv_escapes_what_would_end_a_value(void)
{
        struct record r = start(EVENT_QUERY);
        record_set_text(&r, FIELD_QUERY, span_of("a\tb\nc\\d\r\0\x1b\x7f\xc3\xa9", 13));
        CU_ASSERT_TRUE(
            is(format(FORMAT_LTSV, &r), TS "\tquery:a\\tb\\nc\\\\d\\x0d\\x00\\x1b\\x7f\xc3\xa9\n"));
}

static void ltsv_keeps_the_bytes_of_what_is_no_utf8(void)
{
        struct record r = start(EVENT_QUERY);
        text(&r, FIELD_QUERY, "caf\xe9\n");
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r), TS "\tquery:caf\xef\xbf\xbd\\n\tquery_hex:636166e90a\n"));
        text(&r, FIELD_QUERY, "caf\xc3"); /* cut within a character: no binary text */
        record_set_uint(&r, FIELD_QUERY_LENGTH, 9);
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r), TS "\tquery:caf\tquery_length:9\n"));
        r = start(EVENT_QUERY);
        text(&r, FIELD_QUERY, "abc");
        field_set_add(&r.undecoded, FIELD_QUERY);
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r), TS "\tquery:abc\tquery_hex:616263\n"));
}

static void ltsv_has_json_with_its_backslashes_doubled(void)
{
        const struct value values[] = {
            {.type = VALUE_VAR_STRING, .bytes = span_str("x\"\n\\y"), .true_len = 5, .name = span_str("\\n")},
            {.is_null = true, .name = span_str("b")},
        };
        struct record r = start(EVENT_QUERY);
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 2});
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){values, 2});
        CU_ASSERT_TRUE(is(format(FORMAT_LTSV, &r),
                          TS "\tstmt_execute_values:[\"x\\\\\"\\\\n\\\\\\\\y\",null]\t"
                             "query_attributes:{\"\\\\\\\\n\":\"x\\\\\"\\\\n\\\\\\\\y\",\"b\":null}\n"));
}

/** Undo the escapes of the value at @p *at of @p line. */
static size_t unescape(struct span line, size_t *at, uint8_t *out)
{
        size_t n = 0;
        for (; *at < line.len && line.data[*at] != '\t' && line.data[*at] != '\n'; ++*at) {
                uint8_t c = line.data[*at];
                if (c == '\\') {
                        c = line.data[++*at];
                        if (c == 'x') {
                                char digits[3] = {(char)line.data[*at + 1], (char)line.data[*at + 2], '\0'};
                                c = (uint8_t)strtoul(digits, NULL, 16);
                                *at += 2;
                        } else {
                                c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
                        }
                }
                out[n++] = c;
        }
        return n;
}

static uint32_t next_random(void)
{
        static uint32_t seed = 7;
        seed = seed * 1664525U + 1013904223U;
        return seed >> 8;
}

/** Where there is much space, usual fields are written in a shorter way: they are the same as where the space just suffices. */
static void ltsv_is_the_same_in_any_space(void)
{
        static char exact[4096];
        static const char letters[] = "abc'\"\\\t\xc3\xa9 :";
        for (int round = 0; round < 2000; round++) {
                uint8_t bytes[64];
                struct record r = start(EVENT_QUERY);
                size_t len = next_random() % sizeof bytes;
                for (size_t i = 0; i < len; i++) {
                        bytes[i] =
                            (uint8_t)letters[next_random() % (round % 2 == 0 ? 4 : sizeof letters - 1)];
                }
                record_set_uint(&r, FIELD_CONN_ID, next_random() >> next_random() % 24);
                record_set_text(&r, FIELD_QUERY, span_of(bytes, len));
                if (round % 5 == 0) {
                        field_set_add(&r.undecoded, FIELD_QUERY);
                }
                record_set_uint(&r, FIELD_STATUS_FLAGS, next_random() % 4);
                record_set_text(&r, FIELD_INFO, span_of(bytes, len / 2));
                struct span wide = format(FORMAT_LTSV, &r);
                struct writer w = writer_over(exact, wide.len);
                format_record(&w, FORMAT_LTSV, &r);
                CU_ASSERT_FALSE(w.failed);
                CU_ASSERT_TRUE(span_equal(writer_span(&w), wide));
                struct writer small = writer_over(exact, wide.len - 1);
                format_record(&small, FORMAT_LTSV, &r);
                CU_ASSERT_TRUE(small.failed);
        }
}

static void ltsv_gives_any_text_back(void)
{
        static uint8_t bytes[300];
        static uint8_t back[sizeof bytes * 4];
        for (int round = 0; round < 2000; round++) {
                size_t len = next_random() % sizeof bytes;
                for (size_t i = 0; i < len; i++) {
                        bytes[i] = (uint8_t)(next_random() % 0x80);
                }
                struct record r = start(EVENT_QUERY);
                record_set_text(&r, FIELD_QUERY, span_of(bytes, len));
                struct span line = format(FORMAT_LTSV, &r);
                size_t at = sizeof TS - 1 + sizeof "\tquery:" - 1;
                size_t n = unescape(line, &at, back);
                CU_ASSERT_TRUE_FATAL(at == line.len - 1);
                CU_ASSERT_TRUE_FATAL(span_equal(span_of(back, n), span_of(bytes, len)));
        }
}

/* --- slow ---------------------------------------------------------------------------------------------------------- */

static struct record statement(const char *query)
{
        struct record r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        record_set_uint(&r, FIELD_SERVER_CONN_ID, 12);
        text(&r, FIELD_CLIENT_ADDR, "127.0.0.1:4711");
        text(&r, FIELD_USERNAME, "root");
        text(&r, FIELD_DATABASE, "shop");
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        text(&r, FIELD_COMMAND, "COM_QUERY");
        text(&r, FIELD_QUERY, query);
        record_set_uint(&r, FIELD_DURATION_US, 61001234);
        return r;
}

#define WHO "# User@Host: root[root] @ 127.0.0.1 [127.0.0.1]  Id: 12\n"
#define MEASURES                                                                                             \
        "# Query_time: 61.001234  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0  ts: "                 \
        "2026-01-02T03:04:05.678901  Last_errno: 0\n# Rows_affected: 0  Bytes_sent: 0  Bytes_received: 0\n"
#define BEFORE WHO MEASURES "use shop;\nSET timestamp=1767323045;\n"

static void slow_has_an_entry_for_a_statement(void)
{
        struct record r = statement("SELECT *\n  FROM t");
        CU_ASSERT_TRUE(is(format(FORMAT_SLOW, &r), BEFORE "SELECT *\n  FROM t;\n"));
        record_set_uint(&r, FIELD_ROWS, 3);
        record_set_uint(&r, FIELD_AFFECTED_ROWS, 4);
        record_set_uint(&r, FIELD_BYTES_SENT, 5);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 6);
        record_set_uint(&r, FIELD_ERRNO, 1146);
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0x20);
        record_set_uint(&r, FIELD_DURATION_US, 9);
        CU_ASSERT_TRUE(
            is(format(FORMAT_SLOW, &r), WHO
               "# Query_time: 0.000009  Lock_time: 0.000000  Rows_sent: 3  Rows_examined: 0  ts: "
               "2026-01-02T03:04:05.678901  Last_errno: 1146  No_index_used: Yes  No_good_index_used: No\n"
               "# Rows_affected: 4  Bytes_sent: 6  Bytes_received: 5\n"
               "use shop;\nSET timestamp=1767323045;\nSELECT *\n  FROM t;\n"));
}

static bool statement_is(const char *query, const char *want)
{
        char whole[1024];
        struct record r = statement(query);
        (void)snprintf(whole, sizeof whole, BEFORE "%s;\n", want);
        return is(format(FORMAT_SLOW, &r), whole);
}

static void slow_lets_no_statement_look_like_its_log(void)
{
        CU_ASSERT_TRUE(statement_is("SELECT 1;\n# Time: 1\nSELECT 2", "SELECT 1;\n # Time: 1\nSELECT 2"));
        CU_ASSERT_TRUE(statement_is("# User@Host: x[x] @ y []\n# Query_time: 9\nSELECT 1",
                                    " # User@Host: x[x] @ y []\n # Query_time: 9\nSELECT 1"));
        CU_ASSERT_TRUE(statement_is("#", " #"));
        CU_ASSERT_TRUE(statement_is("use mysql", " use mysql"));
        CU_ASSERT_TRUE(statement_is("SET timestamp=1", " SET timestamp=1"));
        CU_ASSERT_TRUE(statement_is("SET insert_id=1", " SET insert_id=1"));
        CU_ASSERT_TRUE(statement_is("SET last_insert_id=1", " SET last_insert_id=1"));
        CU_ASSERT_TRUE(statement_is("SET NAMES utf8", "SET NAMES utf8"));
        CU_ASSERT_TRUE(statement_is("SELECT '\nuse x;\n'", "SELECT '\nuse x;\n'"));
        CU_ASSERT_TRUE(statement_is("SELECT '\nTime  Id Command Argument\nTcp port: 1'",
                                    "SELECT '\n Time  Id Command Argument\n Tcp port: 1'"));
        CU_ASSERT_TRUE(statement_is("SELECT 'mysqld, Version: 1 started with:'",
                                    " SELECT 'mysqld, Version: 1 started with:'"));
        CU_ASSERT_TRUE(statement_is("a\n\n#\n\n#b\nc", "a\n\n #\n\n #b\nc"));
}

static void slow_trims_as_the_server_does(void)
{
        CU_ASSERT_TRUE(statement_is("  \n SELECT 1 ; ;\n", "SELECT 1"));
        CU_ASSERT_TRUE(statement_is("", "/* No query */"));
        CU_ASSERT_TRUE(statement_is(" ;; ", "/* No query */"));
}

static void slow_is_text(void)
{
        CU_ASSERT_TRUE(
            statement_is("a\x1b[31m\xff\xc2\x9b\r\n\tb", "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\r\n\tb"));
        struct record r = statement("SELECT 1");
        record_set_uint(&r, FIELD_QUERY_LENGTH, 4000);
        CU_ASSERT_TRUE(is(format(FORMAT_SLOW, &r), BEFORE "SELECT 1 /* cut: 4000 bytes */;\n"));
}

static void slow_names_are_words(void)
{
        struct record r = statement("x");
        text(&r, FIELD_USERNAME, "a b]\n\xff");
        text(&r, FIELD_DATABASE, "my-db`;\xc3\xa9");
        text(&r, FIELD_CLIENT_ADDR, "[2001:db8::1]:7");
        CU_ASSERT_TRUE(is(format(FORMAT_SLOW, &r),
                          "# User@Host: a?b???[a?b???] @ 2001:db8::1 [2001:db8::1]  Id: 12\n" MEASURES
                          "use `my-db??\xc3\xa9`;\nSET timestamp=1767323045;\nx;\n"));
        r = start(EVENT_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        text(&r, FIELD_CLIENT_ADDR, "unix:");
        record_set_uint(&r, FIELD_COMMAND_ID, COM_PING);
        record_set_uint(&r, FIELD_DURATION_US, 61001234);
        CU_ASSERT_TRUE(is(format(FORMAT_SLOW, &r),
                          "# User@Host: anonymous[anonymous] @ localhost [localhost]  Id: 7\n" MEASURES
                          "# administrator command: Ping;\n"));
}

static void slow_tells_commands_and_gaps_only(void)
{
        static const struct {
                uint64_t id;
                const char *name;
        } commands[] = {{COM_STMT_PREPARE, "Prepare"},
                        {COM_STMT_CLOSE, "Close stmt"},
                        {COM_QUIT, "Quit"},
                        {COM_INIT_DB, "Init DB"},
                        {COM_STMT_EXECUTE, "Execute"},
                        {0xffff, "Unknown"},
                        {COM_STMT_BULK_EXECUTE, "Bulk_execute"}};
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
                char want[1024];
                struct record r = statement("the text of a preparation");
                record_set_uint(&r, FIELD_COMMAND_ID, commands[i].id);
                (void)snprintf(want, sizeof want, WHO MEASURES "# administrator command: %s;\n",
                               commands[i].name);
                CU_ASSERT_TRUE(is(format(FORMAT_SLOW, &r), want));
        }
        for (int e = 0; e < EVENT_COUNT; e++) {
                struct record r = statement("x");
                r.event = (enum record_event)e;
                bool shows = e == EVENT_QUERY || e == EVENT_GAP;
                CU_ASSERT_EQUAL(format_shows(FORMAT_SLOW, &r), shows);
                CU_ASSERT_TRUE(format_shows(FORMAT_LTSV, &r));
                CU_ASSERT_EQUAL(format(FORMAT_SLOW, &r).len > 0, shows);
        }
        struct record r = start(EVENT_GAP);
        record_set_uint(&r, FIELD_DROPPED, 5);
        struct span gap = format(FORMAT_SLOW, &r);
        static const char end[] = "# administrator command: Gap (5 records are missing here);\n";
        CU_ASSERT_TRUE(is(span_skip(gap, gap.len - (sizeof end - 1)), end));
}

/* --- values in their places ---------------------------------------------------------------------------------------- */

static bool executed_is(const char *sql, struct value_list list, bool no_backslashes, const char *want)
{
        char whole[1024];
        struct record r = statement("");
        record_set_uint(&r, FIELD_COMMAND_ID, COM_STMT_EXECUTE);
        text(&r, FIELD_STMT_PREPARE_QUERY, sql);
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, list);
        r.sql_mode.no_backslash_escapes = no_backslashes;
        struct span got = format(FORMAT_SLOW, &r);
        const uint8_t *at = memmem(got.data, got.len, "timestamp=1767323045;\n", 22);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        (void)snprintf(whole, sizeof whole, "%s;\n", want);
        return is(span_skip(got, (size_t)(at - got.data) + 22), whole);
}

static struct value text_value(const char *bytes, size_t len)
{
        return (struct value){.type = VALUE_VAR_STRING, .bytes = span_of(bytes, len), .true_len = len};
}

#define TEXT(literal) text_value((literal), sizeof(literal) - 1)

static void slow_puts_values_in_their_places(void)
{
        const struct value some[] = {
            {.type = VALUE_LONG, .bytes = span_of("\x2a\0\0\0", 4), .true_len = 4},
            TEXT("it's \\ a\n\r\tline?"),
            {.is_null = true},
            TEXT("\xff\0"),
            TEXT("a\x1b\x62"),
            {.unknown = true},
            {.type = VALUE_VAR_STRING, .bytes = span_str("abc\xc3"), .true_len = 9000},
            {.type = VALUE_NEWDECIMAL, .bytes = span_str("-1.50"), .true_len = 5},
        };
        CU_ASSERT_TRUE(executed_is(
            "INSERT INTO t VALUES (?,?,?,?, ?,?,?,?)", (struct value_list){some, 8}, false,
            "INSERT INTO t VALUES (42,'it\\'s \\\\ a\\n\\r\\tline?',NULL,X'ff00', _utf8mb4 X'611b62',?,'abc' "
            "/* cut: 9000 bytes */,-1.50)"));
        /* without backslashes there is no other way for a line's end */
        const struct value plain[] = {TEXT("it's \\"), TEXT("a\nb")};
        CU_ASSERT_TRUE(executed_is("SELECT '\\', ?, ?", (struct value_list){plain, 2}, true,
                                   "SELECT '\\', 'it''s \\', _utf8mb4 X'610a62'"));
}

static void slow_leaves_what_does_not_fit(void)
{
        const struct value null = {.is_null = true};
        struct value_list one = {&null, 1};
        CU_ASSERT_TRUE(executed_is("SELECT ?, ?", one, false, "SELECT ?, ?"));
        CU_ASSERT_TRUE(executed_is("SELECT 1", one, false, "SELECT 1"));
        CU_ASSERT_TRUE(executed_is("SELECT ?", (struct value_list){NULL, 0}, false, "SELECT ?"));
}

/** Each "|" of @p want stands for a value. */
static bool pieces_are(const char *sql, bool no_backslashes, const char *want)
{
        struct value nulls[8];
        char text_of[512];
        size_t n = 0;
        struct writer w = writer_over(text_of, sizeof text_of - 1);
        for (const char *c = want; *c != '\0'; c++) {
                if (*c == '|') {
                        nulls[n++] = (struct value){.is_null = true};
                        writer_text(&w, "NULL");
                } else {
                        writer_char(&w, *c);
                }
        }
        text_of[w.at] = '\0';
        return executed_is(sql, (struct value_list){nulls, n}, no_backslashes, text_of);
}

static void values_go_where_no_quotes_and_comments_are(void)
{
        CU_ASSERT_TRUE(pieces_are("?", false, "|"));
        CU_ASSERT_TRUE(pieces_are("??", false, "||"));
        CU_ASSERT_TRUE(pieces_are("a ? '?' \"?\" `?` ?", false, "a | '?' \"?\" `?` |"));
        CU_ASSERT_TRUE(pieces_are("'a\\'?' ? 'b''?' ? '\\\\' ?", false, "'a\\'?' | 'b''?' | '\\\\' |"));
        CU_ASSERT_TRUE(pieces_are("'a\\' ? `\\` ?", true, "'a\\' | `\\` |"));
        CU_ASSERT_TRUE(pieces_are("a # ?\n? -- ?\n? --?", false, "a # ?\n| -- ?\n| --|"));
        CU_ASSERT_TRUE(pieces_are("/* ? */ ? /*! ? */ /**/?", false, "/* ? */ | /*! | */ /**/|"));
        CU_ASSERT_TRUE(pieces_are("? '?", false, "| '?"));
        CU_ASSERT_TRUE(pieces_are("? /* ?", false, "| /* ?"));
}

static void what_does_not_fit_fails(void)
{
        const struct value value = TEXT("\n\\");
        struct record r = statement("# a\n# b\nuse c");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&value, 1});
        static const enum format formats[] = {FORMAT_LTSV, FORMAT_SLOW};
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
                size_t whole = format(formats[f], &r).len;
                for (size_t size = 0; size <= whole; size++) {
                        memset(room, '~', whole + 1);
                        struct writer w = writer_over(room, size);
                        format_record(&w, formats[f], &r);
                        CU_ASSERT_EQUAL(w.failed, size < whole);
                        CU_ASSERT_TRUE(w.at <= size && room[size] == '~');
                }
        }
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static void formats_have_names(void)
{
        CU_ASSERT_EQUAL(format_named("text"), FORMAT_TEXT);
        CU_ASSERT_EQUAL(format_named("json"), FORMAT_JSON);
        CU_ASSERT_EQUAL(format_named("ltsv"), FORMAT_LTSV);
        CU_ASSERT_EQUAL(format_named("slow"), FORMAT_SLOW);
        CU_ASSERT_EQUAL(format_named("xml"), FORMAT_COUNT);
        CU_ASSERT_EQUAL(format_named(""), FORMAT_COUNT);
        CU_ASSERT_STRING_EQUAL(format_name(FORMAT_VERBOSE_COLOR), "text");
        CU_ASSERT_PTR_NULL(format_name(FORMAT_COUNT));
        CU_ASSERT_EQUAL(format_on(FORMAT_AUTO, false), FORMAT_JSON);
        CU_ASSERT_EQUAL(format_on(FORMAT_AUTO, true), FORMAT_TEXT_COLOR);
        CU_ASSERT_EQUAL(format_on(FORMAT_AUTO_VERBOSE, false), FORMAT_JSON);
        CU_ASSERT_EQUAL(format_on(FORMAT_AUTO_VERBOSE, true), FORMAT_VERBOSE_COLOR);
        CU_ASSERT_EQUAL(format_on(FORMAT_TEXT, false), FORMAT_TEXT);
        CU_ASSERT_EQUAL(format_on(FORMAT_TEXT, true), FORMAT_TEXT_COLOR);
        CU_ASSERT_EQUAL(format_on(FORMAT_VERBOSE, false), FORMAT_VERBOSE);
        CU_ASSERT_EQUAL(format_on(FORMAT_VERBOSE, true), FORMAT_VERBOSE_COLOR);
        CU_ASSERT_EQUAL(format_on(FORMAT_SLOW, true), FORMAT_SLOW);
        CU_ASSERT_EQUAL(format_on(FORMAT_LTSV, true), FORMAT_LTSV);
        CU_ASSERT_EQUAL(format_on(FORMAT_JSON, true), FORMAT_JSON);
}

static const struct tap_test tests[] = {
    {"LTSV: the present fields in the order of the table", ltsv_has_the_present_fields_in_order},
    {"LTSV: what would end a value is escaped", ltsv_escapes_what_would_end_a_value},
    {"LTSV: the bytes of what is no UTF-8 are kept", ltsv_keeps_the_bytes_of_what_is_no_utf8},
    {"LTSV: JSON with its backslashes doubled", ltsv_has_json_with_its_backslashes_doubled},
    {"LTSV: any text can be had back", ltsv_gives_any_text_back},
    {"LTSV: the same in any space", ltsv_is_the_same_in_any_space},
    {"slow: an entry for a statement", slow_has_an_entry_for_a_statement},
    {"slow: no statement looks like its log", slow_lets_no_statement_look_like_its_log},
    {"slow: statements are trimmed as the server does", slow_trims_as_the_server_does},
    {"slow: is text", slow_is_text},
    {"slow: names are words", slow_names_are_words},
    {"slow: commands and gaps, and nothing else", slow_tells_commands_and_gaps_only},
    {"slow: values in their places", slow_puts_values_in_their_places},
    {"slow: values that do not fit are left out", slow_leaves_what_does_not_fit},
    {"slow: values go where no quotes and comments are", values_go_where_no_quotes_and_comments_are},
    {"what does not fit fails", what_does_not_fit_fails},
    {"formats have names", formats_have_names},
};

int main(void)
{
        return TAP_RUN("ltsv and slow", tests);
}
