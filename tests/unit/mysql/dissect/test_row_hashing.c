/* Hashes of the first rows of results, in both protocols. */
#include "mysql/dissect/row_columns.h"
#include "mysql/record/row_hashes.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

#define EXECUTE      SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\1\0\1")
#define BINARY_ROW   SPAN("\0\0\x05\0\0\0\2xy")
#define BINARY_NULLS SPAN("\0\x0c")

/** Prepare a statement with one parameter and two columns, in a session in which MariaDB may leave out their definitions. */
static void prepare_two_columns(void)
{
        script_open(&s, CAP_MARIADB_CACHE_METADATA, 45);
        script_send(&s, SPAN("\x16SELECT ?"));
        script_answer(&s, SPAN("\0\1\0\0\0\2\0\1\0\0\0\0"));
        script_answer_column(&s, "?", 253, 0, 63);
        script_answer_eof(&s);
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 253, 0, 45);
        script_answer_eof(&s);
}

/** The line of hashes in what the session @p s gives, with rows as in the setting. */
static char *hashes_of_session(uint32_t hash_rows)
{
        static char line[4096];
        const struct tape_options options = {.hash_rows = hash_rows, .without_gate = true};
        char *records = tape_records(span_of(s.bytes, s.len), &options);
        const char *at = strstr(records, "hashes");
        (void)snprintf(line, sizeof line, "%.*s", at != NULL ? (int)strcspn(at, "\n") : 0,
                       at != NULL ? at : "");
        free(records);
        return line;
}

static void put_hash(char *to, size_t size, const char *before, const char *text)
{
        size_t at = strlen(to);
        (void)snprintf(to + at, size - at, "%s%x", before, row_hash_text(span_str(text)));
}

/** A value has one hash in both protocols; keys and integers come before other columns, and large objects never. */
static void hashes_of_rows(void)
{
        char expected[256] = "hashes";
        put_hash(expected, sizeof expected, " ", "7");
        put_hash(expected, sizeof expected, ",", "ab");
        put_hash(expected, sizeof expected, " ", "-2");
        (void)snprintf(expected + strlen(expected), 32, ",0");
        for (unsigned is_binary = 0; is_binary < 2; is_binary++) {
                script_open(&s, 0, 45);
                if (is_binary) {
                        script_prepare(&s, 1, "SELECT", 0);
                        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
                } else {
                        script_send(&s, SPAN("\x03SELECT"));
                }
                script_answer(&s, SPAN("\4"));
                script_answer_column(&s, "at", 12, 0, 63);
                script_answer_column(&s, "i", 8, 0, 63);
                script_answer_column(&s, "b", 252, 0, 63);
                script_answer_column(&s, "t", 253, 8, 45);
                script_answer_eof(&s);
                script_answer(&s,
                              is_binary ? SPAN("\0\0\0\7\0\0\0\0\0\0\0\1x\2ab") : SPAN("\1x\0017\1x\2ab"));
                script_answer(&s, is_binary ? SPAN("\0\x20\0\xfe\xff\xff\xff\xff\xff\xff\xff\1x")
                                            : SPAN("\xfb\2-2\1x\xfb"));
                script_answer_eof(&s);
                CU_ASSERT_STRING_EQUAL(hashes_of_session(32), expected);
                CU_ASSERT_STRING_EQUAL(hashes_of_session(0), "");
        }
}

/** MariaDB leaves definitions out that did not change: those of the preparation count, or those that came last. */
static void hashes_of_cached_definitions(void)
{
        char expected[256] = "hashes";
        put_hash(expected, sizeof expected, " ", "5");
        put_hash(expected, sizeof expected, ",", "xy");
        (void)snprintf(expected + strlen(expected), 32, " 0,0");
        prepare_two_columns();
        for (unsigned is_changed = 0; is_changed < 2; is_changed++) {
                if (is_changed) {
                        prepare_two_columns();
                        script_send(&s, EXECUTE);
                        script_answer(&s, SPAN("\2\1"));
                        script_answer_column(&s, "a", 8, 0, 63);
                        script_answer_column(&s, "b", 253, 0, 45);
                        script_answer_eof(&s);
                        script_answer(&s, SPAN("\0\0\x06\0\0\0\0\0\0\0\2xy"));
                        script_answer_eof(&s);
                }
                script_send(&s, EXECUTE);
                script_answer(&s, SPAN("\2\0"));
                script_answer_eof(&s);
                script_answer(&s, is_changed ? SPAN("\0\0\x05\0\0\0\0\0\0\0\2xy") : BINARY_ROW);
                script_answer(&s, BINARY_NULLS);
                script_answer_eof(&s);
                CU_ASSERT_STRING_EQUAL(hashes_of_session(32), expected);
        }
}

/** Answer a query with @p n rows. */
static void answer_rows(unsigned n)
{
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_eof(&s);
        for (unsigned i = 0; i < n; i++) {
                script_answer(&s, SPAN("\1\x31"));
        }
        script_answer_eof(&s);
}

/** Of one row there are hashes only after a result of several. */
static void hashes_of_single_rows(void)
{
        script_open(&s, 0, 45);
        answer_rows(1);
        CU_ASSERT_STRING_EQUAL(hashes_of_session(32), "");
        answer_rows(3);
        char expected[256] = "hashes";
        put_hash(expected, sizeof expected, " ", "1");
        put_hash(expected, sizeof expected, " ", "1");
        CU_ASSERT_STRING_EQUAL(hashes_of_session(2), expected);
        put_hash(expected, sizeof expected, " ", "1");
        CU_ASSERT_STRING_EQUAL(hashes_of_session(32), expected);
        script_open(&s, 0, 45);
        answer_rows(2);
        answer_rows(1);
        char *records = tape_records(span_of(s.bytes, s.len),
                                     &(struct tape_options){.hash_rows = 32, .without_gate = true});
        const char *first = strstr(records, "hashes");
        CU_ASSERT_TRUE(first != NULL && strstr(first + 1, "hashes") != NULL);
        free(records);
}

/** Of many columns the likeliest are hashed. */
static void hashes_of_many_columns(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\12"));
        for (unsigned i = 0; i < 10; i++) {
                script_answer_column(&s, "a", i == 9 ? 3 : 253, i == 9 ? 2 : 0, 45);
        }
        script_answer_eof(&s);
        for (unsigned i = 0; i < 2; i++) {
                script_answer(&s, SPAN("\1a\1b\1c\1d\1e\1f\1g\1h\1i\0019"));
        }
        script_answer_eof(&s);
        char expected[256] = "hashes";
        for (unsigned i = 0; i < 2; i++) {
                static const char *const kept[] = {"a", "b", "c", "d", "e", "f", "g", "9"};
                for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) {
                        put_hash(expected, sizeof expected, k == 0 ? " " : ",", kept[k]);
                }
        }
        CU_ASSERT_STRING_EQUAL(hashes_of_session(32), expected);
}

/** Before a value that is hashed there may be long ones and NULL, and a row may end before it. */
static void hashes_behind_long_values(void)
{
        enum { LONG = 300 };
        uint8_t row[LONG + 6] = {0xfc, LONG % 256, LONG / 256};
        memset(row + 3, 'x', LONG);
        memcpy(row + 3 + LONG, "\xfb\1\x37", 3);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\3"));
        script_answer_column(&s, "a", 252, 0, 63);
        script_answer_column(&s, "b", 252, 0, 63);
        script_answer_column(&s, "c", 3, 0, 63);
        script_answer_eof(&s);
        script_answer(&s, span_of(row, sizeof row));
        script_answer(&s, SPAN("\1x\1y\1\x38"));
        script_answer(&s, SPAN("\1x\xfb\2\x38"));
        script_answer_eof(&s);
        char expected[256] = "hashes";
        put_hash(expected, sizeof expected, " ", "7");
        put_hash(expected, sizeof expected, " ", "8");
        (void)snprintf(expected + strlen(expected), 32, " 0");
        CU_ASSERT_STRING_EQUAL(hashes_of_session(32), expected);
}

static struct value value_of(uint8_t type, const void *bytes, size_t n)
{
        return (struct value){.type = type, .bytes = span_of(bytes, n), .true_len = n};
}

/** The server announces a number of columns that no result has: the bitmap of NULLs is not read beyond the row. */
static void more_columns_than_there_can_be(void)
{
        static const uint64_t numbers[] = {UINT64_MAX, UINT64_MAX - 8, UINT64_MAX / 8, 300};
        uint8_t definition[] = {0, 12, 45, 0, 0, 0, 0, 0, VALUE_DOUBLE, 0, 0, 0, 0, 0};
        struct row_columns columns = {.seen = 0};
        for (int i = 1; i < ROW_COLUMNS_SEEN; i++) {
                row_columns_add(&columns, span_of(definition, sizeof definition));
        }
        definition[8] = VALUE_LONG;
        row_columns_add(&columns, span_of(definition, sizeof definition));
        CU_ASSERT_EQUAL_FATAL(columns.n, 1);
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                uint8_t *row = malloc(2); /* on the heap: ASan sees what is read behind it */
                uint32_t out[ROW_HASHES_COLUMNS] = {1};
                CU_ASSERT_PTR_NOT_NULL_FATAL(row);
                row[0] = 0;
                row[1] = 0xff;
                row_columns_hash_binary(&columns, numbers[i], span_of(row, 2), out);
                CU_ASSERT_EQUAL(out[0], 0);
                free(row);
        }
}

/** What has the same text has the same hash; what is no value, or no key, has none. */
static void hashes_of_values(void)
{
        uint32_t seven = row_hash_text(span_str("7"));
        static const double real = 7;
        static const double fraction = 7.5;
        static const float half = 7;
        struct value v = value_of(VALUE_TINY, "\7", 1);
        CU_ASSERT_TRUE(row_hash_value(&v) == seven && seven != 0);
        v = value_of(VALUE_DOUBLE, &real, sizeof real);
        CU_ASSERT_EQUAL(row_hash_value(&v), seven);
        v = value_of(VALUE_FLOAT, &half, sizeof half);
        CU_ASSERT_EQUAL(row_hash_value(&v), seven);
        static const double below = -7;
        static const double zero = -0.0; /* servers write its sign */
        v = value_of(VALUE_DOUBLE, &below, sizeof below);
        CU_ASSERT_EQUAL(row_hash_value(&v), row_hash_text(span_str("-7")));
        v = value_of(VALUE_DOUBLE, &zero, sizeof zero);
        CU_ASSERT_EQUAL(row_hash_value(&v), row_hash_text(span_str("-0")));
        v = value_of(VALUE_DOUBLE, &fraction, sizeof fraction);
        CU_ASSERT_EQUAL(row_hash_value(&v), 0);
        v = value_of(VALUE_VAR_STRING, "7", 1);
        CU_ASSERT_EQUAL(row_hash_value(&v), seven);
        v.true_len = 9; /* cut */
        CU_ASSERT_EQUAL(row_hash_value(&v), 0);
        v = value_of(VALUE_SHORT, "\xff\xff", 2);
        CU_ASSERT_EQUAL(row_hash_value(&v), row_hash_text(span_str("-1")));
        v.is_unsigned = true;
        CU_ASSERT_EQUAL(row_hash_value(&v), row_hash_text(span_str("65535")));
        v = value_of(VALUE_DATETIME, "\xea\7\1\2", 4);
        CU_ASSERT_EQUAL(row_hash_value(&v), 0);
        /* long data of a parameter, whatever its type */
        static const uint8_t numbers[] = {VALUE_TINY, VALUE_LONG, VALUE_LONGLONG, VALUE_FLOAT, VALUE_DOUBLE};
        for (size_t i = 0; i < sizeof numbers; i++) {
                v = value_of(numbers[i], "12345678901234567890", 20);
                CU_ASSERT_EQUAL(row_hash_value(&v), row_hash_text(span_str("12345678901234567890")));
        }
        v = (struct value){.is_null = true};
        CU_ASSERT_EQUAL(row_hash_value(&v), 0);
        char text[ROW_HASH_MAX + 1] = {0};
        CU_ASSERT_EQUAL(row_hash_text(span_of(text, sizeof text)), 0);
        CU_ASSERT_EQUAL(row_hash_text(span_of(text, 0)), 0);
        static const char *const named[] = {"tt:7", "Post:7", "blog_post:7"};
        for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
                CU_ASSERT_EQUAL(row_hash_text(span_str(named[i])), seven);
        }
        static const char *const others[] = {"tt7",   ":7",    "7:7",  "tt:", "a:b:7",
                                             "tt::7", "tt:7a", "t7:7", "t :7"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                CU_ASSERT_NOT_EQUAL(row_hash_text(span_str(others[i])), seven);
        }
}

static const struct tap_test tests[] = {
    {"hashes of rows", hashes_of_rows},
    {"hashes of cached definitions", hashes_of_cached_definitions},
    {"hashes of single rows", hashes_of_single_rows},
    {"hashes of many columns", hashes_of_many_columns},
    {"hashes behind long values", hashes_behind_long_values},
    {"more columns than there can be", more_columns_than_there_can_be},
    {"hashes of values", hashes_of_values},
};

int main(void)
{
        return TAP_RUN("row_hashing", tests);
}
