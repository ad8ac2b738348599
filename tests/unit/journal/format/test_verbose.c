/* Text with its details. */
#include "base/utf8.h"
#include "journal/format/format.h"
#include "tap.h"

#include <stdio.h>

#define WHEN_NS 1767323045678901000ULL /* 2026-01-02T03:04:05.678901Z */

static char room[65536];

static struct record start(enum record_event event)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = event;
        r.wall_ns = WHEN_NS;
        record_set_uint(&r, FIELD_CONN_ID, 7);
        return r;
}

static bool prints(const struct record *r, enum format format, const char *want)
{
        struct writer w = writer_over(room, sizeof room);
        format_record(&w, format, r);
        bool right = !w.failed && span_equal(writer_span(&w), span_str(want));
        if (!right) {
                printf("# got:\n%.*s# want:\n%s", (int)w.at, room, want);
        }
        return right && w.at <= format_size(format, r) && utf8_valid(writer_span(&w));
}

static struct value text_value(const char *name, const char *text)
{
        return (struct value){.name = span_str(name),
                              .type = VALUE_VAR_STRING,
                              .bytes = span_str(text),
                              .true_len = strlen(text)};
}

/** @p bytes are four. */
static struct value integer(const char *bytes)
{
        return (struct value){.type = VALUE_LONG, .bytes = span_of(bytes, 4), .true_len = 4};
}

static struct value mark(enum value_role role)
{
        return (struct value){.role = (uint8_t)role};
}

#define TEXT(t)      text_value("", (t))
#define NAMED(n, t)  text_value((n), (t))
#define NEW_RESULT   mark(VALUE_BEGINS_RESULT)
#define NEW_ROW      mark(VALUE_BEGINS_ROW)
#define LIST(values) ((struct value_list){(values), sizeof(values) / sizeof(values)[0]})
#define PING         "03:04:05.678901 #7    -                   0.009 ms         ok  PING\n"

static struct record ping(void)
{
        struct record r = start(EVENT_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_PING"));
        record_set_uint(&r, FIELD_DURATION_US, 9);
        return r;
}

static void the_line_is_brief(void)
{
        const struct value values[] = {
            integer("\x2a\0\0\0"),
            {.type = VALUE_LONGLONG, .is_unsigned = true, .bytes = span_str("12345678"), .true_len = 8},
            TEXT("a\nb"),
            {.type = VALUE_NULL, .is_null = true}};
        const struct value attributes[] = {NAMED("traceparent", "00-1"), NAMED("b", "2")};
        struct record r = ping();
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, PING));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, LIST(values));
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, LIST(attributes));
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE,
                              PING "    values       1  int               42\n"
                                   "                 2  bigint unsigned   4050765991979987505\n"
                                   "                 3  varchar           'a\\nb'\n"
                                   "                 4  null              NULL\n"
                                   "    attributes  traceparent = '00-1'\n"
                                   "                b = '2'\n"));
}

static void times_are_in_proportion(void)
{
        struct record r = ping();
        record_set_uint(&r, FIELD_REQUEST_US, 0);
        record_set_uint(&r, FIELD_SERVER_US, 9);
        record_set_uint(&r, FIELD_STREAM_US, 0);
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, PING "    time        █ server 0.009 ms\n"));
        record_set_uint(&r, FIELD_STREAM_US, 3);
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE,
                              PING "    time        █ server 0.009 ms  ▒ stream 0.003 ms   "
                                   "████████████████████████▒▒▒▒▒▒▒▒\n"));
        record_set_uint(&r, FIELD_REQUEST_US, UINT64_MAX);
        record_set_uint(&r, FIELD_SERVER_US, UINT64_MAX);
        record_set_uint(&r, FIELD_STREAM_US, 1);
        struct writer w = writer_over(room, sizeof room);
        format_record(&w, FORMAT_VERBOSE, &r);
        CU_ASSERT_FALSE(w.failed);
}

static void numbers_and_flags_have_names(void)
{
        struct record r = ping();
        record_set_uint(&r, FIELD_BYTES_SENT, 5);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 6);
        record_set_uint(&r, FIELD_LAST_INSERT_ID, 3);
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0); /* nothing to say */
        record_set_text(&r, FIELD_INFO, span_str("Rows matched: 1\n"));
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE,
                              PING "    bytes       5 sent, 6 received\n"
                                   "    insert id   3\n"
                                   "    info        Rows matched: 1 \n"));
        r = ping();
        const struct value changes[] = {NAMED("autocommit", "ON")};
        record_set_uint(&r, FIELD_STATUS_FLAGS, 0xfffb);
        record_set_list(&r, FIELD_SESSION_CHANGES, LIST(changes));
        CU_ASSERT_TRUE(prints(
            &r, FORMAT_VERBOSE,
            PING "    status      in_trans, autocommit, more_results, no_good_index_used, no_index_used, "
                 "cursor_exists,\n"
                 "                last_row_sent, db_dropped, no_backslash_escapes, metadata_changed, "
                 "query_was_slow,\n"
                 "                ps_out_params, in_trans_readonly, session_state_changed, ansi_quotes\n"
                 "    changes     autocommit = 'ON'\n"));
}

static void what_is_worth_a_look_is_told(void)
{
        const struct value tags[] = {NAMED("route", "/cart"), NAMED("framework", "own")};
        struct record r = ping();
        record_set_list(&r, FIELD_TAGS, LIST(tags));
        record_set_text(&r, FIELD_TRACEPARENT, span_str("00-1-2-01"));
        record_set_uint(&r, FIELD_FINDINGS, 0xf);
        record_set_uint(&r, FIELD_REPEATED, 12);
        record_set_uint(&r, FIELD_DUPLICATES, 1);
        record_set_uint(&r, FIELD_TRX_ID, 3);
        record_set_uint(&r, FIELD_STALL_US, 1500);
        record_set_uint(&r, FIELD_PROXY_US, 21);
        record_set_uint(&r, FIELD_REDACTED, 1);
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE,
                              PING "    tags        route = '/cart'\n"
                                   "                framework = 'own'\n"
                                   "    trace       00-1-2-01\n"
                                   "    findings    n_plus_one, duplicate, no_index, slow\n"
                                   "    repeated    12\n"
                                   "    duplicates  1\n"
                                   "    transaction 3\n"
                                   "    stall       1.500 ms: the client did not read\n"
                                   "    proxy       0.021 ms\n"
                                   "    redacted    password\n"));
}

static void each_result_is_told(void)
{
        struct value rows[] = {TEXT("1"), TEXT(""), TEXT("12")};
        struct value affected[] = {TEXT(""), TEXT("1"), TEXT("")};
        struct record r = ping();
        for (size_t i = 0; i < 3; i++) {
                rows[i].type = affected[i].type = VALUE_LONGLONG;
                rows[i].in_text = affected[i].in_text = true;
                rows[i].is_null = i == 1;
                affected[i].is_null = i != 1;
        }
        record_set_list(&r, FIELD_RESULT_ROWS, LIST(rows));
        record_set_list(&r, FIELD_RESULT_AFFECTED_ROWS, LIST(affected));
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, PING "    results     1 row, 1 changed, 12 rows\n"));
        record_set_uint(&r, FIELD_RESULTS_CUT, 7);
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_VERBOSE, PING "    results     1 row, 1 changed, 12 rows and 7 more\n"));
}

static void rows_are_a_table(void)
{
        const struct value names[] = {NEW_RESULT, TEXT("id"), TEXT("name"), NEW_RESULT, TEXT("n")};
        const struct value rows[] = {NEW_RESULT,
                                     NEW_ROW,
                                     integer("\x2a\0\0\0"),
                                     TEXT("t\xc3\xa9\xc3\xa9"),
                                     NEW_ROW,
                                     integer("\x01\0\0\0"),
                                     {.is_null = true},
                                     NEW_RESULT,
                                     NEW_ROW,
                                     TEXT("a text that is longer than a cell of the table")};
        struct record r = ping();
        record_set_list(&r, FIELD_COLUMN_NAMES, LIST(names));
        record_set_list(&r, FIELD_FIRST_ROWS, LIST(rows));
        record_set_uint(&r, FIELD_FIRST_ROWS_CUT, 8);
        static const char want[] = PING "    result      id  name\n"
                                        "                ──  ─────\n"
                                        "                42  't\xc3\xa9\xc3\xa9'\n"
                                        "                 1  NULL\n"
                                        "                n\n"
                                        "                ────────────────────────────────\n"
                                        "                'a text that is longer than a c…\n"
                                        "                … and 8 more that were not kept\n";
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, want));
        r = ping();
        record_set_list(&r, FIELD_BULK_ROWS, (struct value_list){rows, 4});
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, PING "    bulk rows   42  't\xc3\xa9\xc3\xa9'\n"));
        r = ping();
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 1});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){rows, 1});
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE, PING));
}

static void wide_tables_are_cut(void)
{
        struct value names[20];
        struct value rows[21];
        rows[0] = NEW_ROW;
        for (size_t i = 0; i < 20; i++) {
                names[i] = TEXT("c");
                rows[i + 1] = integer("\x05\0\0\0");
        }
        struct record r = ping();
        record_set_list(&r, FIELD_COLUMN_NAMES, LIST(names));
        record_set_list(&r, FIELD_FIRST_ROWS, LIST(rows));
        CU_ASSERT_TRUE(
            prints(&r, FORMAT_VERBOSE,
                   PING "    result      c  c  c  c  c  c  c  c  c  c  c  c  c  c  c  c  … 4 more columns\n"
                        "                ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─  ─\n"
                        "                5  5  5  5  5  5  5  5  5  5  5  5  5  5  5  5\n"));
}

/** Cells of the worst width in tables of the worst shape stay within the bound. */
static void the_size_is_a_bound(void)
{
        static const uint8_t bytes[] =
            "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98"
            "\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f"
            "\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80";
        static char big[1 << 20];
        static struct value rows[17 * 50];
        static struct value names[16];
        for (size_t i = 0; i < 16; i++) {
                names[i] = (struct value){.type = VALUE_VAR_STRING,
                                          .bytes = span_str("a name that takes all the width"),
                                          .true_len = 31};
        }
        for (int kind = 0; kind < 3; kind++) {
                for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                        rows[i] = kind == 0   ? (struct value){.is_null = true}
                                  : kind == 1 ? (struct value){.type = VALUE_VAR_STRING,
                                                               .bytes = span_of(bytes, sizeof bytes - 1),
                                                               .true_len = sizeof bytes - 1}
                                              : integer("\x05\0\0\0");
                        if (i % 17 == 0) {
                                rows[i] = NEW_ROW;
                        }
                }
                struct record r = ping();
                record_set_list(&r, FIELD_COLUMN_NAMES, LIST(names));
                record_set_list(&r, FIELD_FIRST_ROWS, LIST(rows));
                record_set_list(&r, FIELD_BULK_ROWS, LIST(rows));
                record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, LIST(names));
                for (int format = 0; format < FORMAT_COUNT; format++) {
                        struct writer w = writer_over(big, sizeof big);
                        format_record(&w, (enum format)format, &r);
                        CU_ASSERT_FALSE(w.failed);
                        CU_ASSERT_TRUE(w.at <= format_size((enum format)format, &r));
                        CU_ASSERT_TRUE(utf8_valid(writer_span(&w)));
                }
        }
}

static void a_login_has_its_capabilities(void)
{
        const struct value attributes[] = {NAMED("program_name", "shop")};
        struct record r = start(EVENT_AUTH);
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, LIST(attributes));
        record_set_uint(&r, FIELD_SERVER_CAPABILITIES, 3);
        record_set_uint(&r, FIELD_CLIENT_CAPABILITIES, 2);
        record_set_uint(&r, FIELD_CAPABILITIES, 2);
        record_set_uint(&r, FIELD_CAPABILITIES_REMOVED, 1);
        record_set_uint(&r, FIELD_CAPABILITIES_ADDED, 4);
        CU_ASSERT_TRUE(prints(&r, FORMAT_VERBOSE,
                              "03:04:05.678901 #7    -                auth        \n"
                              "    attributes  program_name = 'shop'\n"
                              "    offered     LONG_PASSWORD, FOUND_ROWS\n"
                              "    asked       FOUND_ROWS\n"
                              "    agreed      FOUND_ROWS\n"
                              "    taken out   LONG_PASSWORD\n"
                              "    added       LONG_FLAG\n"));
        r = start(EVENT_LINT);
        record_set_text(&r, FIELD_RULE, span_str("sequence"));
        record_set_text(&r, FIELD_PACKET_BYTES, span_str("\x03\xff"));
        struct writer w = writer_over(room, sizeof room);
        format_record(&w, FORMAT_VERBOSE, &r);
        CU_ASSERT_PTR_NOT_NULL(memmem(room, w.at, "\n    packet      03 ff\n", 23));
        r = start(EVENT_PACKET); /* is a dump already */
        w = writer_over(room, sizeof room);
        format_record(&w, FORMAT_VERBOSE, &r);
        struct span dump = writer_span(&w);
        struct writer other = writer_over(room + 32768, 32768);
        format_record(&other, FORMAT_TEXT, &r);
        CU_ASSERT_TRUE(span_equal(dump, writer_span(&other)));
}

static const struct tap_test tests[] = {
    {"the line is brief, values come below it", the_line_is_brief},
    {"times are in proportion", times_are_in_proportion},
    {"numbers and flags have names", numbers_and_flags_have_names},
    {"what is worth a look is told", what_is_worth_a_look_is_told},
    {"each result is told", each_result_is_told},
    {"rows are a table", rows_are_a_table},
    {"wide tables are cut", wide_tables_are_cut},
    {"the size is a bound", the_size_is_a_bound},
    {"a login has its capabilities, a packet its bytes", a_login_has_its_capabilities},
};

int main(void)
{
        return TAP_RUN("verbose", tests);
}
