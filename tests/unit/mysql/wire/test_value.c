#include "json_check.h"
#include "mysql/wire/value.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES(literal) span_of("" literal, sizeof(literal) - 1)

/** Read one value that takes all of @p wire, print it, compare both styles. */
static bool reads_as(uint8_t type, bool is_unsigned, struct span wire, const char *json, const char *sql)
{
        char room[512];
        struct reader r = reader_over(wire);
        struct value v = value_read(&r, type, is_unsigned, 1024);
        struct writer as_json = writer_over(room, sizeof room / 2);
        value_print(&as_json, &v, VALUE_AS_JSON);
        struct writer as_sql = writer_over(room + sizeof room / 2, sizeof room / 2);
        value_print(&as_sql, &v, VALUE_AS_SQL);
        bool right = reader_done(&r) && span_equal(writer_span(&as_json), span_str(json)) &&
                     span_equal(writer_span(&as_sql), span_str(sql)) && json_check(writer_span(&as_json));
        if (!right) {
                printf("# type 0x%02x: %.*s | %.*s\n", type, (int)as_json.at, room, (int)as_sql.at,
                       room + sizeof room / 2);
        }
        return right;
}

static void integers(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_TINY, false, BYTES("\x80"), "-128", "-128"));
        CU_ASSERT_TRUE(reads_as(VALUE_TINY, true, BYTES("\xff"), "255", "255"));
        CU_ASSERT_TRUE(reads_as(VALUE_SHORT, false, BYTES("\xff\xff"), "-1", "-1"));
        CU_ASSERT_TRUE(reads_as(VALUE_SHORT, true, BYTES("\xff\xff"), "65535", "65535"));
        CU_ASSERT_TRUE(reads_as(VALUE_YEAR, false, BYTES("\xea\x07"), "2026", "2026"));
        CU_ASSERT_TRUE(reads_as(VALUE_INT24, false, BYTES("\x00\x00\x80\xff"), "-8388608", "-8388608"));
        CU_ASSERT_TRUE(reads_as(VALUE_LONG, false, BYTES("\x00\x00\x00\x80"), "-2147483648", "-2147483648"));
        CU_ASSERT_TRUE(reads_as(VALUE_LONG, true, BYTES("\x00\x00\x00\x80"), "2147483648", "2147483648"));
        CU_ASSERT_TRUE(reads_as(VALUE_LONGLONG, false, BYTES("\x00\x00\x00\x00\x00\x00\x00\x80"),
                                "-9223372036854775808", "-9223372036854775808"));
        CU_ASSERT_TRUE(reads_as(VALUE_LONGLONG, true, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
                                "18446744073709551615", "18446744073709551615"));
        CU_ASSERT_TRUE(reads_as(VALUE_LONGLONG, false, BYTES("\0\0\0\0\0\0\0\0"), "0", "0"));
}

static struct value real_of(const void *number, size_t size)
{
        return (struct value){
            .type = size == 4 ? VALUE_FLOAT : VALUE_DOUBLE, .bytes = span_of(number, size), .true_len = size};
}

static const char *printed(const struct value *v, enum value_style style)
{
        static char room[8192];
        struct writer w = writer_over(room, sizeof room - 1);
        value_print(&w, v, style);
        room[w.at] = '\0';
        return room;
}

static void reals_are_short_and_come_back(void)
{
        static const struct {
                double number;
                const char *text;
        } doubles[] = {
            {0.0, "0"},
            {-0.0, "-0"},
            {0.1, "0.1"},
            {1.5, "1.5"},
            {1e100, "1e100"},
            {1e-5, "0.00001"},
            {123456789, "123456789"},
            {0.1 + 0.2, "0.30000000000000004"},
            {5e-324, "5e-324"},
            {DBL_MAX, "1.7976931348623157e308"},
            {1.0 / 3, "0.3333333333333333"},
        };
        for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
                struct value v = real_of(&doubles[i].number, 8);
                CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), doubles[i].text);
        }
        static const struct {
                float number;
                const char *text;
        } floats[] = {
            {0.1F, "0.1"}, {3.4028235e38F, "3.4028235e38"}, {16777216.0F, "16777216"}, {1e-45F, "1e-45"}};
        for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
                struct value v = real_of(&floats[i].number, 4);
                CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), floats[i].text);
        }
        uint64_t bits = 1;
        for (int i = 0; i < 20000; i++) {
                double d;
                bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
                memcpy(&d, &bits, sizeof d);
                struct value v = real_of(&d, 8);
                if (isfinite(d)) {
                        double back = strtod(printed(&v, VALUE_AS_JSON), NULL);
                        CU_ASSERT_TRUE(back == d && signbit(back) == signbit(d));
                }
        }
}

static void reals_that_are_no_numbers(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_DOUBLE, false, BYTES("\0\0\0\0\0\0\xf8\x7f"), "\"NaN\"", "'NaN'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_DOUBLE, false, BYTES("\0\0\0\0\0\0\xf0\x7f"), "\"Infinity\"", "'Infinity'"));
        CU_ASSERT_TRUE(reads_as(VALUE_FLOAT, false, BYTES("\0\0\x80\xff"), "\"-Infinity\"", "'-Infinity'"));
}

static void dates_and_times(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_DATE, false, BYTES("\0"), "\"0000-00-00\"", "'0000-00-00'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_DATE, false, BYTES("\x04\xea\x07\x01\x02"), "\"2026-01-02\"", "'2026-01-02'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_DATETIME, false, BYTES("\0"), "\"0000-00-00 00:00:00\"", "'0000-00-00 00:00:00'"));
        CU_ASSERT_TRUE(reads_as(VALUE_DATETIME, false, BYTES("\x04\xea\x07\x01\x02"),
                                "\"2026-01-02 00:00:00\"", "'2026-01-02 00:00:00'"));
        CU_ASSERT_TRUE(reads_as(VALUE_TIMESTAMP, false, BYTES("\x07\xea\x07\x01\x02\x03\x04\x05"),
                                "\"2026-01-02 03:04:05\"", "'2026-01-02 03:04:05'"));
        CU_ASSERT_TRUE(reads_as(VALUE_DATETIME, false, BYTES("\x0b\xea\x07\x01\x02\x03\x04\x05\x06\0\0\0"),
                                "\"2026-01-02 03:04:05.000006\"", "'2026-01-02 03:04:05.000006'"));
        CU_ASSERT_TRUE(reads_as(VALUE_TIME, false, BYTES("\0"), "\"00:00:00\"", "'00:00:00'"));
        CU_ASSERT_TRUE(reads_as(VALUE_TIME, false, BYTES("\x08\x01\x05\0\0\0\x03\x04\x05"), "\"-123:04:05\"",
                                "'-123:04:05'"));
        CU_ASSERT_TRUE(reads_as(VALUE_TIME, false, BYTES("\x0c\0\x22\0\0\0\x16\x3b\x3b\x3f\x42\x0f\0"),
                                "\"838:59:59.999999\"", "'838:59:59.999999'"));
}

/** Print the binary form of @p wire for a column of @p decimals. */
static const char *with_decimals(uint8_t type, struct span wire, uint8_t decimals)
{
        struct reader r = reader_over(wire);
        struct value v = value_read(&r, type, false, 1024);
        value_set_column(&v, decimals, 0);
        return printed(&v, VALUE_AS_SQL);
}

/** The text protocol shows as many digits as the column has, while binary forms leave a fraction of zero out. */
static void fractions_have_the_digits_of_the_column(void)
{
        struct span half = BYTES("\x0b\xea\x07\x01\x02\x03\x04\x05\x20\xa1\x07\0"); /* 500000 microseconds */
        struct span whole = BYTES("\x07\xea\x07\x01\x02\x03\x04\x05");
        struct span day = BYTES("\x04\xea\x07\x01\x02");
        struct span empty = BYTES("\0");
        struct span time = BYTES("\x0c\x01\0\0\0\0\x03\x04\x05\x20\xa1\x07\0");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, half, 1), "'2026-01-02 03:04:05.5'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, half, 3), "'2026-01-02 03:04:05.500'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_TIMESTAMP, half, 6), "'2026-01-02 03:04:05.500000'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, half, 31), "'2026-01-02 03:04:05.500000'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, whole, 2), "'2026-01-02 03:04:05.00'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, whole, 0), "'2026-01-02 03:04:05'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, whole, 31), "'2026-01-02 03:04:05'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_TIMESTAMP, day, 6), "'2026-01-02 00:00:00.000000'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATETIME, empty, 4), "'0000-00-00 00:00:00.0000'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_TIME, empty, 3), "'00:00:00.000'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_TIME, time, 1), "'-03:04:05.5'");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DATE, day, 6), "'2026-01-02'");
        /* no server sends a million microseconds and more: nothing is left out of them */
        struct span beyond = BYTES("\x0c\0\0\0\0\0\x03\x04\x05\xff\xff\xff\xff");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_TIME, beyond, 3), "'03:04:05.4294967295'");
        CU_ASSERT_TRUE(reads_as(VALUE_YEAR, false, BYTES("\0\0"), "\"0000\"", "'0000'"));
}

/** Print the binary form of @p wire for an unsigned column with ZEROFILL. */
static bool zerofilled(uint8_t type, struct span wire, uint8_t decimals, uint8_t width, const char *json,
                       const char *sql)
{
        struct reader r = reader_over(wire);
        struct value v = value_read(&r, type, true, 1024);
        value_set_column(&v, decimals, width);
        bool same = strcmp(printed(&v, VALUE_AS_JSON), json) == 0;
        return same && strcmp(printed(&v, VALUE_AS_SQL), sql) == 0;
}

/** As in text rows: what begins with needless zeroes is not a JSON number. */
static void numbers_are_filled_with_zeroes(void)
{
        CU_ASSERT_TRUE(zerofilled(VALUE_LONG, BYTES("\x2a\0\0\0"), 0, 6, "\"000042\"", "'000042'"));
        CU_ASSERT_TRUE(zerofilled(VALUE_TINY, BYTES("\x2a"), 0, 2, "42", "42"));
        CU_ASSERT_TRUE(zerofilled(VALUE_TINY, BYTES("\0"), 0, 1, "0", "0"));
        CU_ASSERT_TRUE(zerofilled(VALUE_LONGLONG, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), 0, 5,
                                  "18446744073709551615", "18446744073709551615"));
        CU_ASSERT_TRUE(zerofilled(VALUE_FLOAT, BYTES("\0\0\xc0\x3f"), 2, 8, "\"00001.50\"", "'00001.50'"));
        CU_ASSERT_TRUE(zerofilled(VALUE_FLOAT, BYTES("\0\0\xc0\x3f"), 31, 8, "\"000001.5\"", "'000001.5'"));
        CU_ASSERT_TRUE(zerofilled(VALUE_YEAR, BYTES("\xea\x07"), 0, 4, "2026", "2026"));
}

/** FLOAT(m,d), DOUBLE(m,d), and expressions with a fixed number of digits. */
static void numbers_have_the_digits_of_the_column(void)
{
        struct span half = BYTES("\0\0\0\0\0\0\xf8\x3f"); /* 1.5 */
        struct span most = BYTES("\xff\xff\xff\xff\xff\xff\xef\x7f");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DOUBLE, half, 0), "2");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DOUBLE, half, 3), "1.500");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DOUBLE, half, 30), "1.500000000000000000000000000000");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_DOUBLE, half, 31), "1.5");
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_FLOAT, BYTES("\xcd\xcc\x8c\x3f"), 2), "1.10");
        CU_ASSERT_EQUAL(strlen(with_decimals(VALUE_DOUBLE, most, 30)), 309 + 1 + 30);
        CU_ASSERT_STRING_EQUAL(with_decimals(VALUE_LONG, BYTES("\x2a\0\0\0"), 2), "42");
}

static void dates_of_no_known_length_are_shown_as_bytes(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_DATE, false, BYTES("\x05\xea\x07\x01\x02\x03"),
                                "{\"hex\":\"ea07010203\"}", "X'ea07010203'"));
        CU_ASSERT_TRUE(reads_as(VALUE_TIME, false, BYTES("\x01\xff"), "{\"hex\":\"ff\"}", "X'ff'"));
        /* text that came as long data for a parameter of that type */
        struct value v = {.type = VALUE_DATETIME, .bytes = span_str("2026-01-02"), .true_len = 10};
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "\"2026-01-02\"");
        v.type = VALUE_LONG;
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_SQL), "'2026-01-02'");
}

static void texts_and_blobs(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_VAR_STRING, false, BYTES("\0"), "\"\"", "''"));
        CU_ASSERT_TRUE(reads_as(VALUE_VAR_STRING, false,
                                BYTES("\x03"
                                      "abc"),
                                "\"abc\"", "'abc'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_STRING, false, BYTES("\x06it's\"\\"), "\"it's\\\"\\\\\"", "'it''s\"\\\\'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_BLOB, false, BYTES("\x03\n\t\x1b"), "\"\\n\\t\\u001b\"", "'\\n\\t\\x1b'"));
        CU_ASSERT_TRUE(reads_as(VALUE_BLOB, false, BYTES("\x02\xc2\x9b"), "\"\\u009b\"", "'\\u009b'"));
        CU_ASSERT_TRUE(reads_as(VALUE_JSON, false, BYTES("\x04\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"",
                                "'\xf0\x9f\x98\x80'"));
        CU_ASSERT_TRUE(reads_as(VALUE_BLOB, false, BYTES("\x02\xff\x00"), "{\"hex\":\"ff00\"}", "X'ff00'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_VAR_STRING, false, BYTES("\x02\xe9t"), "{\"hex\":\"e974\"}", "X'e974'"));
        CU_ASSERT_TRUE(reads_as(VALUE_BIT, false, BYTES("\x01\x00"), "0", "0"));
        CU_ASSERT_TRUE(reads_as(0x42, false, BYTES("\x02ok"), "\"ok\"", "'ok'")); /* a type of the future */
}

static void decimals_are_as_sent(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_NEWDECIMAL, false, BYTES("\x07-12.500"), "\"-12.500\"", "-12.500"));
        CU_ASSERT_TRUE(reads_as(VALUE_DECIMAL, false, BYTES("\x02+1"), "\"+1\"", "+1"));
        CU_ASSERT_TRUE(reads_as(VALUE_NEWDECIMAL, false,
                                BYTES("\x07"
                                      "1;DROP "),
                                "\"1;DROP \"", "'1;DROP '"));
        CU_ASSERT_TRUE(reads_as(VALUE_NEWDECIMAL, false, BYTES("\0"), "\"\"", "''"));
}

/** Read one value of text form and print it as JSON. */
static const char *text_form(uint8_t type, struct span wire)
{
        struct reader r = reader_over(wire);
        struct value v = value_read_text(&r, type, false, 1024);
        CU_ASSERT_TRUE(reader_done(&r));
        return printed(&v, VALUE_AS_JSON);
}

static void texts_of_numbers_are_numbers(void)
{
        static const struct {
                const char *wire;
                bool is_number;
        } cases[] = {
            {"\1"
             "0",
             true},
            {"\2-1", true},
            {"\3"
             "1.5",
             true},
            {"\5-0.25", true},
            {"\4"
             "1e20",
             true},
            {"\6"
             "1.5e+2",
             true},
            {"\4"
             "1E-7",
             true},
            {"\2"
             "00",
             false},
            {"\4"
             "0042",
             false},
            {"\1-", false},
            {"\2"
             "1.",
             false},
            {"\2"
             "1e",
             false},
            {"\3"
             "1e+",
             false},
            {"\2"
             "1x",
             false},
            {"\3inf", false},
            {"\2.5", false},
            {"\2+1", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char quoted[32];
                (void)snprintf(quoted, sizeof quoted, "\"%s\"", cases[i].wire + 1);
                CU_ASSERT_STRING_EQUAL(text_form(VALUE_DOUBLE, span_str(cases[i].wire)),
                                       cases[i].is_number ? cases[i].wire + 1 : quoted);
                CU_ASSERT_STRING_EQUAL(text_form(VALUE_VAR_STRING, span_str(cases[i].wire)), quoted);
        }
        CU_ASSERT_STRING_EQUAL(text_form(VALUE_LONG, BYTES("\0")), "\"\"");
        CU_ASSERT_STRING_EQUAL(text_form(VALUE_LONG, BYTES("\xfb")), "null");
        CU_ASSERT_STRING_EQUAL(text_form(VALUE_NEWDECIMAL, BYTES("\0031.0")), "\"1.0\"");
        CU_ASSERT_STRING_EQUAL(text_form(VALUE_DATE, BYTES("\x0a"
                                                           "2026-01-02")),
                               "\"2026-01-02\"");
}

static void bits_shapes_and_vectors(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_BIT, false, BYTES("\x01\x41"), "65", "65"));
        CU_ASSERT_TRUE(reads_as(VALUE_BIT, false, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff"),
                                "18446744073709551615", "18446744073709551615"));
        CU_ASSERT_TRUE(reads_as(VALUE_BIT, false, BYTES("\x09\1\1\1\1\1\1\1\1\1"),
                                "{\"hex\":\"010101010101010101\"}", "X'010101010101010101'"));
        CU_ASSERT_TRUE(reads_as(VALUE_BIT, false, BYTES("\0"), "{\"hex\":\"\"}", "X''"));
        CU_ASSERT_STRING_EQUAL(text_form(VALUE_BIT, BYTES("\2\1\0")), "256");
        CU_ASSERT_TRUE(reads_as(VALUE_GEOMETRY, false, BYTES("\2ab"), "{\"hex\":\"6162\"}", "X'6162'"));
        CU_ASSERT_TRUE(reads_as(VALUE_VECTOR, false, BYTES("\x08\0\0\xc0\x3f\xcd\xcc\xcc\x3d"), "[1.5,0.1]",
                                "'[1.5,0.1]'"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_VECTOR, false, BYTES("\4\0\0\x80\x7f"), "[\"Infinity\"]", "'[\"Infinity\"]'"));
        CU_ASSERT_TRUE(reads_as(VALUE_VECTOR, false, BYTES("\0"), "[]", "'[]'"));
        CU_ASSERT_TRUE(reads_as(VALUE_VECTOR, false, BYTES("\3abc"), "{\"hex\":\"616263\"}", "X'616263'"));
        CU_ASSERT_TRUE(reads_as(VALUE_BOOL, false, BYTES("\1"), "1", "1"));
        CU_ASSERT_TRUE(
            reads_as(VALUE_NEWDATE, false, BYTES("\4\xea\x07\1\2"), "\"2026-01-02\"", "'2026-01-02'"));
}

static void nothing_and_unknown(void)
{
        CU_ASSERT_TRUE(reads_as(VALUE_NULL, false, BYTES(""), "null", "NULL"));
        struct value v = {.type = VALUE_LONG, .unknown = true};
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"unknown\":true}");
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_SQL), "?");
        v = (struct value){.type = VALUE_LONG, .is_null = true};
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "null");
}

static void cut_values_tell_their_length(void)
{
        char wire[1 + 100];
        memset(wire, 'x', sizeof wire);
        wire[0] = 100;
        struct reader r = reader_over(span_of(wire, sizeof wire));
        struct value v = value_read(&r, VALUE_BLOB, false, 5);
        CU_ASSERT_TRUE(reader_done(&r));
        CU_ASSERT_EQUAL(v.bytes.len, 5);
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"text\":\"xxxxx\",\"length\":100}");
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_SQL), "'xxxxx'… (100 bytes)");
        v = (struct value){.type = VALUE_BLOB, .bytes = span_str("ab\xe2\x82"), .true_len = 9};
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"text\":\"ab\",\"length\":9}");
        v.bytes = span_str("ab\xff");
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"hex\":\"6162ff\",\"length\":9}");
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_SQL), "X'6162ff'… (9 bytes)");
        v = (struct value){.type = VALUE_NEWDECIMAL, .bytes = span_str("12"), .true_len = 9};
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_SQL), "'12'… (9 bytes)");
        v = (struct value){.type = VALUE_LONG, .bytes = span_str("1234"), .true_len = 9}; /* long data, cut */
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"text\":\"1234\",\"length\":9}");
        r = reader_over(BYTES("\x04\xea\x07\x01\x02"));
        v = value_read(&r, VALUE_DATE, false, 1); /* what has a fixed form is never cut */
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "\"2026-01-02\"");
}

static void short_input_fails_and_reads_nothing_beyond(void)
{
        const struct {
                uint8_t type;
                struct span wire;
        } cases[] = {
            {VALUE_LONG, BYTES("\1\2\3")},   {VALUE_DOUBLE, BYTES("")},
            {VALUE_DATE, BYTES("")},         {VALUE_DATETIME, BYTES("\x0b\1")},
            {VALUE_TIME, BYTES("\xff\1\2")}, {VALUE_BLOB, BYTES("\xfd\xff\xff")},
            {VALUE_BLOB, BYTES("\xfb")},     {VALUE_BLOB, BYTES("\xff")},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct reader r = reader_over(cases[i].wire);
                struct value v = value_read(&r, cases[i].type, false, 100);
                CU_ASSERT_TRUE(r.failed);
                CU_ASSERT_EQUAL(v.bytes.len, 0);
                CU_ASSERT_TRUE(json_check(span_str(printed(&v, VALUE_AS_JSON))));
        }
}

/** Of a text that goes on past the end, what is there is shown, with its true length. */
static void texts_past_the_end_are_cut(void)
{
        struct reader r = reader_over(BYTES("\5abc"));
        struct value v = value_read(&r, VALUE_BLOB, false, 100);
        CU_ASSERT_TRUE(r.failed);
        CU_ASSERT_STRING_EQUAL(printed(&v, VALUE_AS_JSON), "{\"text\":\"abc\",\"length\":5}");
        r = reader_over(BYTES("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
                              "ab"));
        v = value_read(&r, VALUE_BLOB, false, 1);
        CU_ASSERT_TRUE(r.failed);
        CU_ASSERT_EQUAL(v.bytes.len, 1);
        CU_ASSERT_EQUAL(v.true_len, UINT32_MAX); /* the lower half of the length */
        CU_ASSERT_TRUE(r.odd_length);
        CU_ASSERT_TRUE(json_check(span_str(printed(&v, VALUE_AS_JSON))));
}

/** Every type, any bytes, any length: JSON stays JSON. */
static void any_bytes_of_any_type_are_json(void)
{
        uint8_t bytes[40];
        uint32_t seed = 3;
        for (int round = 0; round < 100000; round++) {
                seed = seed * 1664525U + 1013904223U;
                struct value v = {.type = (uint8_t)(seed >> 24), .is_unsigned = (seed >> 23 & 1) != 0};
                v.bytes = span_of(bytes, seed >> 8 & 0x1f);
                v.true_len = v.bytes.len + ((seed >> 15 & 3) == 0 ? 10 : 0);
                for (size_t i = 0; i < v.bytes.len; i++) {
                        seed = seed * 1664525U + 1013904223U;
                        bytes[i] = (uint8_t)(seed >> (round % 2 == 0 ? 24 : 25));
                }
                CU_ASSERT_TRUE_FATAL(json_check(span_str(printed(&v, VALUE_AS_JSON))));
                CU_ASSERT_PTR_NULL(strpbrk(printed(&v, VALUE_AS_SQL), "\n\r\t\x1b"));
        }
}

static const struct tap_test tests[] = {
    {"integers of all sizes and signs", integers},
    {"reals are short and come back", reals_are_short_and_come_back},
    {"reals that are no numbers", reals_that_are_no_numbers},
    {"dates and times of all lengths", dates_and_times},
    {"fractions have the digits of the column", fractions_have_the_digits_of_the_column},
    {"numbers are filled with zeroes", numbers_are_filled_with_zeroes},
    {"numbers have the digits of the column", numbers_have_the_digits_of_the_column},
    {"dates of no known length are shown as bytes", dates_of_no_known_length_are_shown_as_bytes},
    {"texts and blobs", texts_and_blobs},
    {"decimals are as sent", decimals_are_as_sent},
    {"texts of numbers are numbers", texts_of_numbers_are_numbers},
    {"bits, shapes and vectors", bits_shapes_and_vectors},
    {"nothing, and unknown", nothing_and_unknown},
    {"cut values tell their length", cut_values_tell_their_length},
    {"texts past the end are cut, with their true length", texts_past_the_end_are_cut},
    {"short input fails and reads nothing beyond", short_input_fails_and_reads_nothing_beyond},
    {"any bytes of any type are JSON", any_bytes_of_any_type_are_json},
};

int main(void)
{
        return TAP_RUN("value", tests);
}
