#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

static bool ends_with(char *records, const char *part)
{
        bool has = script_has(records, part) && strstr(records, "opaque") == NULL;
        free(records);
        return has;
}

/** Columns of all kinds, one row of text. */
static void text_rows(void)
{
        static const uint64_t choices[] = {0, CAP_DEPRECATE_EOF, CAP_MARIADB_EXTENDED_META};
        for (size_t i = 0; i < 3; i++) {
                script_open(&s, choices[i], 8);
                script_send(&s, SPAN("\x03SELECT"));
                script_answer(&s, SPAN("\x0b"));
                script_answer_column(&s, "i", 3, 0, 63);
                script_answer_column(&s, "z", 3, 0x40, 63);
                script_answer_column(&s, "u", 8, 0x20, 63);
                script_answer_column(&s, "d", 246, 0, 63);
                script_answer_column(&s, "f", 5, 0, 63);
                script_answer_column(&s, "t\xe9", 253, 0, 8);
                script_answer_column(&s, "r", 253, 0, 51);
                script_answer_column(&s, "b", 252, 0, 63);
                script_answer_column(&s, "bit", 16, 0, 63);
                script_answer_column(&s, "at", 12, 0, 63);
                script_answer_column(&s, "n", 3, 0, 63);
                if (choices[i] != CAP_DEPRECATE_EOF) {
                        script_answer_eof(&s);
                }
                script_answer(
                    &s, SPAN("\2-7\00200\0241844674407370955161\x35\0031.5\0041e20\1\xe9\1\xcf\2\xff\0\2\1\0"
                             "\0232026-01-02 03:04:05\xfb"));
                script_answer_eof(&s);
                CU_ASSERT_TRUE(ends_with(
                    script_play(&s, 2),
                    "\"column_names\":[\"i\",\"z\",\"u\",\"d\",\"f\",\"t\xc3\xa9\",\"r\",\"b\",\"bit\","
                    "\"at\",\"n\"],"
                    "\"first_rows\":[[-7,\"00\",18446744073709551615,\"1.5\",1e20,\"\xc3\xa9\",\"\xd0\x9f\","
                    "{\"hex\":\"ff00\"},256,\"2026-01-02 03:04:05\",null]]"));
        }
}

static void open_one_column(uint64_t capabilities, uint8_t type)
{
        script_open(&s, capabilities, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", type, 0, 63);
        script_answer_eof(&s);
}

static void only_so_many_rows(void)
{
        for (uint32_t rows = 0; rows < 5; rows++) {
                static const char *const shown[] = {NULL, "[[1]]", "[[1],[2]]", "[[1],[2],[3]]",
                                                    "[[1],[2],[3]]"};
                char part[64];
                open_one_column(0, 3);
                script_answer(&s, SPAN("\1\x31"));
                script_answer(&s, SPAN("\1\x32"));
                script_answer(&s, SPAN("\1\x33"));
                script_answer_eof(&s);
                char *records = script_play(&s, rows);
                (void)snprintf(part, sizeof part, "\"first_rows\":%s,",
                               shown[rows] != NULL ? shown[rows] : "");
                CU_ASSERT_EQUAL(strstr(records, "first_rows") != NULL, rows > 0);
                CU_ASSERT_EQUAL(strstr(records, "column_names") != NULL, rows > 0);
                CU_ASSERT_TRUE(rows == 0 || script_has(records, part));
                CU_ASSERT_TRUE(script_has(records, "\"rows\":3"));
                free(records);
        }
}

static void no_rows_and_several_results(void)
{
        open_one_column(0, 3);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 1), "\"column_names\":[\"a\"],\"first_rows\":[]"));
        open_one_column(0, 3);
        script_answer(&s, SPAN("\xfe\0\0\x0a\0"));
        script_answer(&s, SPAN("\0\0\0\x0a\0\0\0")); /* an OK between */
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "b", 253, 0, 45);
        script_answer_column(&s, "c", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1x\1y"));
        script_answer_eof(&s);
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 1),
                      "\"column_names\":[[\"a\"],[\"b\",\"c\"]],\"first_rows\":[[],[[\"x\",\"y\"]]]"));
}

static void broken_rows_are_told(void)
{
        const struct {
                struct span row;
                const char *shown;
        } cases[] = {
            {SPAN("\1"), "[[{\"text\":\"\",\"length\":1},{\"unknown\":true}]]"},
            {SPAN("\1\x31"), "[[1,{\"unknown\":true}]]"},
            {SPAN("\x09\x31\x32"), "[[{\"text\":\"12\",\"length\":9},{\"unknown\":true}]]"},
            {SPAN("\xfc\1"), "[[{\"unknown\":true},{\"unknown\":true}]]"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                script_send(&s, SPAN("\x03SELECT"));
                script_answer(&s, SPAN("\2"));
                script_answer_column(&s, "a", 3, 0, 63);
                script_answer_column(&s, "b", 3, 0, 63);
                script_answer_eof(&s);
                script_answer(&s, cases[i].row);
                script_answer_eof(&s);
                CU_ASSERT_TRUE(ends_with(script_play(&s, 1), cases[i].shown));
        }
        open_one_column(0, 3);
        s.len = 0;
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\1"));
        script_answer(&s, SPAN("\3def\2")); /* a definition that is cut off */
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1\x31"));
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 1), "\"column_names\":[],\"first_rows\":[[\"1\"]]"));
}

/* --- prepared statements ---------------------------------------------------------------------------------------------- */

static void prepare_with_columns(uint64_t capabilities, bool definitions)
{
        script_open(&s, capabilities, 45);
        script_send(&s, SPAN("\x16SELECT ?"));
        if ((capabilities & CAP_OPTIONAL_METADATA) != 0) {
                script_answer(&s, definitions ? SPAN("\0\1\0\0\0\2\0\1\0\0\0\0\1")
                                              : SPAN("\0\1\0\0\0\2\0\1\0\0\0\0\0"));
        } else {
                script_answer(&s, SPAN("\0\1\0\0\0\2\0\1\0\0\0\0"));
        }
        if (definitions) {
                script_answer_column(&s, "?", 253, 0, 63);
                script_answer_eof(&s);
                script_answer_column(&s, "a", 3, 0, 63);
                script_answer_column(&s, "b", 253, 0, 45);
                script_answer_eof(&s);
        } else {
                script_answer_eof(&s);
                script_answer_eof(&s);
        }
}

#define EXECUTE       SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\1\0\1")
#define BINARY_ROW    SPAN("\0\0\x05\0\0\0\2xy")
#define BINARY_NULLS  SPAN("\0\x0c")
#define SHOWN_OF_BOTH "\"column_names\":[\"a\",\"b\"],\"first_rows\":[[5,\"xy\"],[null,null]]"

static void binary_rows(void)
{
        prepare_with_columns(0, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer(&s, BINARY_NULLS);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), SHOWN_OF_BOTH));
}

/** MariaDB leaves definitions out that did not change since the preparation. */
static void cached_definitions(void)
{
        prepare_with_columns(CAP_MARIADB_CACHE_METADATA, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2\0"));
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer(&s, BINARY_NULLS);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), SHOWN_OF_BOTH));
}

static void rows_of_a_cursor(void)
{
        prepare_with_columns(0, true);
        script_send(&s, SPAN("\x17\1\0\0\0\1\1\0\0\0\0\1\1\0\1"));
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\x42\0")); /* cursor_exists */
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, BINARY_ROW);
        script_answer(&s, BINARY_NULLS);
        script_answer(&s, SPAN("\xfe\0\0\x42\0"));
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, SPAN("\xfe\0\0\x82\0"));
        char *records = script_play(&s, 9);
        CU_ASSERT_TRUE(script_has(records, "\"column_names\":[\"a\",\"b\"],\"first_rows\":[],\"status"));
        CU_ASSERT_TRUE(ends_with(records, SHOWN_OF_BOTH));
        /* of a statement that was never seen: nothing is known */
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, BINARY_ROW);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 9), "\"column_names\":[],\"first_rows\":[[{\"unknown\":true}]]"));
}

/** MariaDB sets the cursor's bit in results of a procedure that has a cursor of its own open. */
static void rows_within_a_cursor_of_the_server(void)
{
        for (char flags = 0; flags <= 1; flags++) {
                const uint8_t call[] = {0x17, 1, 0, 0, 0, (uint8_t)flags, 1, 0, 0, 0};
                script_open(&s, CAP_PS_MULTI_RESULTS, 45);
                script_prepare(&s, 1, "CALL p()", 0);
                script_send(&s, span_of(call, sizeof call));
                script_answer(&s, SPAN("\1"));
                script_answer_column(&s, "a", 3, 0, 63);
                script_answer(&s, SPAN("\xfe\0\0\x6a\0")); /* more_results, cursor_exists */
                script_answer(&s, SPAN("\0\0\1\0\0\0"));
                script_answer(&s, SPAN("\xfe\0\0\x6a\0"));
                script_answer_ok(&s);
                script_send(&s, SPAN("\x03SELECT 1"));
                script_answer_ok(&s);
                char *records = script_play(&s, 9);
                CU_ASSERT_TRUE(script_has(records, "\"rows\":1,"));
                CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 1\""));
                CU_ASSERT_FALSE(script_has(records, "opaque"));
                CU_ASSERT_FALSE(script_has(records, "lint"));
                free(records);
        }
        /* without being asked, even in the only result */
        prepare_with_columns(0, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\x42\0"));
        script_answer(&s, BINARY_ROW);
        script_answer(&s, BINARY_NULLS);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), SHOWN_OF_BOTH));
}

/** MySQL's resultset_metadata = NONE: no definitions at all. */
static void without_definitions(void)
{
        prepare_with_columns(CAP_MYSQL | CAP_OPTIONAL_METADATA, false);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2\0"));
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 9),
                      "\"column_names\":[],\"first_rows\":[[{\"unknown\":true},{\"unknown\":true}]]"));
        prepare_with_columns(CAP_MYSQL | CAP_OPTIONAL_METADATA, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2\0"));
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer(&s, BINARY_NULLS);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), SHOWN_OF_BOTH));
        script_open(&s, CAP_MYSQL | CAP_OPTIONAL_METADATA, 51);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\2\0"));
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1\x31\1\xcf"));
        script_answer_eof(&s);
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 9), "\"column_names\":[],\"first_rows\":[[\"1\",\"\xd0\x9f\"]]"));
}

static void broken_binary_rows(void)
{
        const struct {
                struct span row;
                const char *shown;
        } cases[] = {
            {SPAN("\0"), "[[{\"unknown\":true},{\"unknown\":true}]]"},
            {SPAN("\0\0\5\0"), "[[{\"unknown\":true},{\"unknown\":true}]]"},
            {SPAN("\0\0\5\0\0\0\x09xy"), "[[5,{\"text\":\"xy\",\"length\":9}]]"},
            {SPAN("\0\0\5\0\0\0\xfc\1"), "[[5,{\"unknown\":true}]]"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                prepare_with_columns(CAP_MARIADB_CACHE_METADATA, true);
                script_send(&s, EXECUTE);
                script_answer(&s, SPAN("\2\0"));
                script_answer_eof(&s);
                script_answer(&s, cases[i].row);
                script_answer_eof(&s);
                CU_ASSERT_TRUE(ends_with(script_play(&s, 9), cases[i].shown));
        }
        /* definitions of this result came and are broken: the older ones do not count */
        prepare_with_columns(0, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer(&s, SPAN("\3def"));
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), "[[{\"unknown\":true},{\"unknown\":true}]]"));
        /* other columns than those that are known */
        prepare_with_columns(CAP_MARIADB_CACHE_METADATA, true);
        script_send(&s, EXECUTE);
        script_answer(&s, SPAN("\1\0"));
        script_answer_eof(&s);
        script_answer(&s, BINARY_ROW);
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), "\"first_rows\":[[{\"unknown\":true}]]"));
}

/* --- bounds -------------------------------------------------------------------------------------------------------------- */

static void values_are_cut(void)
{
        static uint8_t row[1000];
        struct writer w = writer_over(row, sizeof row);
        writer_bytes(&w, "\xfc\x20\3", 3);
        memset(row + 3, 'x', 800);
        open_one_column(0, 253);
        script_answer(&s, span_of(row, 803));
        script_answer_eof(&s);
        char *records = script_play(&s, 1); /* a tape keeps 256 bytes of a value */
        CU_ASSERT_TRUE(ends_with(records, "xxx\",\"length\":800}]]"));
}

static void what_is_held_is_bounded(void)
{
        struct tape_options options = {.rows = 1000, .without_gate = true, .held_bytes = 20000};
        open_one_column(0, 3);
        for (int i = 0; i < 400; i++) {
                script_answer(&s, SPAN("\1\x35"));
        }
        script_answer_eof(&s);
        script_send(&s, SPAN("\x03SELECT 2"));
        script_answer_ok(&s);
        char *records = tape_records(span_of(s.bytes, s.len), &options);
        CU_ASSERT_TRUE(script_has(records, "\"rows\":400"));
        CU_ASSERT_TRUE(script_has(records, "\"first_rows_cut\":"));
        CU_ASSERT_TRUE(script_has(records, "[5],[5]"));
        CU_ASSERT_TRUE(ends_with(records, "\"query\":\"SELECT 2\"")); /* what was held is given back */
        for (size_t held = 1; held < 4000; held += 50) {              /* any bound, and at any place */
                options.held_bytes = held;
                prepare_with_columns(0, true);
                script_send(&s, EXECUTE);
                script_answer(&s, SPAN("\2"));
                script_answer_column(&s, "a", 3, 0, 63);
                script_answer_column(&s, "a longer name", 253, 0, 45);
                script_answer_eof(&s);
                script_answer(&s, BINARY_ROW);
                script_answer_eof(&s);
                records = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_TRUE(ends_with(records, "\"rows\":1"));
        }
}

static void absurd_numbers_of_columns(void)
{
        script_open(&s, CAP_DEPRECATE_EOF | CAP_MARIADB_CACHE_METADATA, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\xfd\xff\xff\xff\0")); /* without definitions */
        script_answer(&s, SPAN("\1x"));
        script_answer_eof(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 9), "\"first_rows\":[],\"first_rows_cut\":1"));
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\xfd\xff\xff\xff"));
        script_answer_column(&s, "a", 3, 0, 63);
        char *records = script_play(&s, 9);
        CU_ASSERT_TRUE(ends_with(records, "\"columns\":16777215"));
}

static const struct tap_test tests[] = {
    {"rows of text, typed", text_rows},
    {"only so many rows", only_so_many_rows},
    {"no rows, and several results", no_rows_and_several_results},
    {"broken rows are told", broken_rows_are_told},
    {"binary rows", binary_rows},
    {"cached definitions", cached_definitions},
    {"rows of a cursor", rows_of_a_cursor},
    {"rows within a cursor of the server", rows_within_a_cursor_of_the_server},
    {"without definitions", without_definitions},
    {"broken binary rows are told", broken_binary_rows},
    {"values are cut", values_are_cut},
    {"what is held is bounded", what_is_held_is_bounded},
    {"absurd numbers of columns", absurd_numbers_of_columns},
};

int main(void)
{
        return TAP_RUN("rows", tests);
}
