#include "base/metric.h"
#include "json_check.h"
#include "tap.h"

#include <stdlib.h>

struct row {
        uint32_t narrow;
        uint64_t wide;
        int64_t level;
        double share;
        uint64_t wall_ns;
        char chars[16];
        const char *text;
        struct span span;
};

static const struct row example = {
    .narrow = 7,
    .wide = UINT64_MAX,
    .level = -3,
    .share = 0.25,
    .wall_ns = 1500000000000000000,
    .chars = "a\"b",
    .text = "t\n",
    .span = {(const uint8_t *)"s\0s", 3},
};

enum { LONG = 1 << 0, SHORT = 1 << 1 };

static void put_sum(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        (void)fprintf(out, "%*d", column->width, (int)r->narrow + (int)r->level);
}

static void put_note(FILE *out, const struct column *column, const void *row)
{
        if (((const struct row *)row)->level < 0) {
                (void)fprintf(out, "%snote", column->before);
        }
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, member)

static const struct column columns[] = {
    {"chars", NULL, "…", OF(chars, COLUMN_CHARS), .heading = "WHO", .width = -6},
    {"narrow", NULL, "…", OF(narrow, COLUMN_U32), .heading = "FIRST\nLINE", .width = 6, .before = "  "},
    {"wide", "bytes", "…", OF(wide, COLUMN_U64), .metric = "wide_bytes_total"},
    {"level", NULL, "…", OF(level, COLUMN_I64), .heading = "LEVEL", .width = 6, .views = LONG,
     .metric = "level"},
    {"share", NULL, "…", OF(share, COLUMN_FIXED), .decimals = 3, .heading = "SHARE", .width = 6},
    {"time", NULL, "…", OF(wall_ns, COLUMN_TIME)},
    {"text", NULL, "…", OF(text, COLUMN_TEXT)},
    {"span", NULL, "…", OF(span, COLUMN_SPAN)},
    {.heading = "SUM", .width = 4, .put = put_sum},
    {.heading = "NOTE", .before = " ! ", .views = LONG, .put = put_note},
    {.heading = "TEXT", .views = SHORT, OF(text, COLUMN_TEXT)},
};

static const struct column_table table = {"example", columns, sizeof columns / sizeof columns[0]};

enum part { HEADINGS, TEXT, JSON };

/** Whether @p part of the table in @p view is @p want. */
static bool is(enum part part, unsigned view, const struct row *row, const char *want)
{
        char *got = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&got, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        if (part == HEADINGS) {
                column_put_headings(&table, view, out);
        } else if (part == TEXT) {
                column_put_text(&table, view, row, out);
        } else {
                struct json_writer j = json_writer_to(out);
                json_writer_object(&j, NULL);
                column_put_json(&table, row, &j);
                json_writer_end(&j);
                json_writer_finish(&j);
        }
        (void)fclose(out);
        bool same = strcmp(got, want) == 0 && (part != JSON || json_check(span_of(got, len)));
        if (!same) {
                printf("# wanted: %s# got: %s", want, got);
        }
        free(got);
        return same;
}

static void json_has_the_named_columns(void)
{
        CU_ASSERT_TRUE(is(JSON, 0, &example,
                          "{\"chars\":\"a\\\"b\",\"narrow\":7,\"wide\":18446744073709551615,\"level\":-3,"
                          "\"share\":0.250,\"time\":\"2017-07-14T02:40:00.000000Z\",\"text\":\"t\\n\","
                          "\"span\":\"s\\u0000s\"}\n"));
}

static void headings_stand_above_their_cells(void)
{
        CU_ASSERT_TRUE(is(HEADINGS, LONG, NULL,
                          "         FIRST\n"
                          "WHO       LINE  LEVEL  SHARE  SUM   NOTE\n"));
        CU_ASSERT_TRUE(is(TEXT, LONG, &example, "a\"b          7     -3  0.250    4 ! note\n"));
        CU_ASSERT_TRUE(is(HEADINGS, SHORT, NULL,
                          "         FIRST\n"
                          "WHO       LINE  SHARE  SUM TEXT\n"));
        CU_ASSERT_TRUE(is(TEXT, SHORT, &example, "a\"b          7  0.250    4 t\\x0a\n"));
}

static void cells_may_be_empty_or_too_wide(void)
{
        struct row row = example;
        row.level = 0;
        (void)snprintf(row.chars, sizeof row.chars, "much longer");
        CU_ASSERT_TRUE(is(TEXT, LONG, &row, "much longer       7      0  0.250    7\n"));
        (void)snprintf(row.chars, sizeof row.chars, "\xc3\xa9\x1b"); /* five columns on a terminal: é\x1b */
        CU_ASSERT_TRUE(is(TEXT, SHORT, &row, "\xc3\xa9\\x1b        7  0.250    7 t\\x0a\n"));
}

static void large_counts_are_shortened(void)
{
        struct row row = example;
        row.narrow = 1234567;
        row.level = -1234567;
        CU_ASSERT_TRUE(is(TEXT, LONG, &row, "a\"b      1234k -1234k  0.250    0 ! note\n"));
        row.narrow = 999999;
        row.level = INT64_C(1) << 52;
        CU_ASSERT_TRUE(is(TEXT, LONG, &row, "a\"b     999999  4503T  0.250 999999\n"));
        row.level = INT64_MIN;
        CU_ASSERT_TRUE(is(TEXT, LONG, &row, "a\"b     999999 -9223P  0.250 999999 ! note\n"));
}

static void numbers_are_read(void)
{
        CU_ASSERT_EQUAL(column_uint(&columns[1], &example), 7);
        CU_ASSERT_EQUAL(column_uint(&columns[2], &example), UINT64_MAX);
        CU_ASSERT_EQUAL(column_uint(&columns[6], &example), 0);
        CU_ASSERT_EQUAL(column_int(&columns[3], &example), -3);
}

static void expect_written(FILE *out, char **text, const char *wanted)
{
        (void)fclose(out);
        if (strcmp(*text, wanted) != 0) {
                printf("# got: %s", *text);
        }
        CU_ASSERT_STRING_EQUAL(*text, wanted);
        free(*text);
}

static void metrics_are_one_below_each_head(void)
{
        const struct metric_row rows[] = {{&example, {{"a", "q\"\\\n"}, {"b", "\xff\xc3\xa9"}}},
                                          {&example, {{"a", "2"}}}};
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        metric_table(out, &table, rows, 2);
        metric_table(out, &table, rows, 0);
        metric_head(out, "alone", "H.");
        metric_seconds(out, "alone", NULL, 61000001);
        expect_written(out, &text,
                       "# HELP wide_bytes_total …\n# TYPE wide_bytes_total counter\n"
                       "wide_bytes_total{a=\"q\\\"\\\\\\\\x0a\",b=\"\\\\xff\xc3\xa9\"} 18446744073709551615\n"
                       "wide_bytes_total{a=\"2\"} 18446744073709551615\n"
                       "# HELP level …\n# TYPE level gauge\n"
                       "level{a=\"q\\\"\\\\\\\\x0a\",b=\"\\\\xff\xc3\xa9\"} -3\nlevel{a=\"2\"} -3\n"
                       "# HELP alone H.\n# TYPE alone gauge\nalone 61.000001\n");
}

static void a_histogram_is_cumulative(void)
{
        static const uint64_t bounds[] = {250, 1000000};
        static const uint64_t counts[] = {3, 0, 2};
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        metric_histogram(out, "t", "H.", bounds, counts, 2, 3500000);
        expect_written(
            out, &text,
            "# HELP t H.\n# TYPE t histogram\nt_bucket{le=\"0.000250\"} 3\nt_bucket{le=\"1.000000\"} 3\n"
            "t_bucket{le=\"+Inf\"} 5\nt_sum 3.500000\nt_count 5\n");
}

static const struct tap_test tests[] = {
    {"JSON has the named columns", json_has_the_named_columns},
    {"headings stand above their cells", headings_stand_above_their_cells},
    {"cells may be empty or too wide", cells_may_be_empty_or_too_wide},
    {"large counts are shortened", large_counts_are_shortened},
    {"numbers are read", numbers_are_read},
    {"metrics are one below each head", metrics_are_one_below_each_head},
    {"a histogram is cumulative", a_histogram_is_cumulative},
};

int main(void)
{
        return TAP_RUN("column", tests);
}
