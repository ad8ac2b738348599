#include "base/diag.h"
#include "journal/format/convert.h"
#include "journal/format/format.h"
#include "mysql/wire/charset.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdlib.h>

#define BYTES(literal) span_of("" literal, sizeof(literal) - 1)

static uint8_t set_of(const char *name)
{
        return charset_of_name(span_str(name));
}

static struct record record_with(enum record_field f, struct span text, const char *set)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_text(&r, f, text);
        r.charsets[record_charset(f)] = set_of(set);
        return r;
}

/** @p r converted, as a JSON line without what every line has; the caller frees it. */
static char *line_of(struct convert *c, struct record *r)
{
        const struct record *text = convert_record(c, r);
        size_t size = format_size(FORMAT_JSON, text) + 1;
        char *line = malloc(size);
        struct writer w = writer_over(line, size - 1);
        format_record(&w, FORMAT_JSON, text);
        CU_ASSERT_FALSE(w.failed);
        line[w.at] = '\0';
        return line;
}

static bool shows(struct record *r, const char *part)
{
        struct convert c;
        convert_init(&c);
        char *line = line_of(&c, r);
        bool has = strstr(line, part) != NULL;
        if (!has) {
                printf("# %s", line);
        }
        free(line);
        convert_fini(&c);
        return has;
}

/** A record that has fields of a session which it does not carry comes without their texts. */
static void a_session_elsewhere_is_not_read(void)
{
        struct convert c;
        convert_init(&c);
        struct record r = record_with(FIELD_QUERY, BYTES("caf\xe9"), "latin1");
        field_set_add(&r.present, FIELD_USERNAME);
        field_set_add(&r.present, FIELD_DATABASE);
        memset(r.charsets, r.charsets[RECORD_CLIENT], sizeof r.charsets);
        memset(&r.carried, 0x11, sizeof r.carried); /* no addresses of anything */
        const struct record *text = convert_record(&c, &r);
        CU_ASSERT_TRUE(span_equal(text->query, BYTES("caf\xc3\xa9")));
        CU_ASSERT_TRUE(record_has(text, FIELD_USERNAME));
        convert_fini(&c);
}

static void texts_become_utf8(void)
{
        struct record r = record_with(FIELD_QUERY, BYTES("caf\xe9"), "latin1");
        CU_ASSERT_TRUE(shows(&r, "\"query\":\"caf\xc3\xa9\"}"));
        r = record_with(FIELD_ERROR, BYTES("\xc4\xe3"), "gbk");
        CU_ASSERT_TRUE(shows(&r, "\"error\":\"\xe4\xbd\xa0\"}"));
        r = record_with(FIELD_STMT_PREPARE_QUERY, BYTES("\0a"), "utf16");
        CU_ASSERT_TRUE(shows(&r, "\"stmt_prepare_query\":\"a\"}"));
        r = record_with(FIELD_REASON, BYTES("ours"),
                        "utf16"); /* our own words are in no set of the session's */
        CU_ASSERT_TRUE(shows(&r, "\"reason\":\"ours\"}"));
}

static void nothing_to_do(void)
{
        struct convert c;
        convert_init(&c);
        struct record r = record_with(FIELD_QUERY, BYTES("SELECT 1"), "latin1");
        CU_ASSERT_PTR_EQUAL(convert_record(&c, &r), &r);
        r = record_with(FIELD_QUERY, BYTES("\xc3\xa9"), "utf8mb4");
        CU_ASSERT_PTR_EQUAL(convert_record(&c, &r), &r);
        r = record_with(FIELD_QUERY, BYTES("\xe9"), "binary");
        CU_ASSERT_PTR_EQUAL(convert_record(&c, &r), &r);
        CU_ASSERT_PTR_NULL(c.room);
        convert_fini(&c);
}

static void what_is_no_text_keeps_its_bytes(void)
{
        struct record r = record_with(FIELD_QUERY, BYTES("a\xff\xff"), "gbk");
        CU_ASSERT_TRUE(shows(&r, "\"query\":\"a\xef\xbf\xbd\xef\xbf\xbd\",\"query_hex\":\"61ffff\""));
        r = record_with(FIELD_QUERY, BYTES("\xc3\xa9\x20"),
                        "euckr"); /* UTF-8, sent as something else: both are told */
        CU_ASSERT_TRUE(shows(&r, "\"query\":"));
        r = record_with(FIELD_QUERY, BYTES("a\xc3\xa9\xc3"), "gbk");
        CU_ASSERT_TRUE(shows(&r, "\"query_hex\":\"61c3a9c3\""));
        r = record_with(FIELD_QUERY, BYTES("\xd0\x80\xd0"), "gbk");
        field_set_add(&r.cut, FIELD_QUERY); /* cut within a character: that alone makes it no binary text */
        const char *none = "query_hex";
        CU_ASSERT_FALSE(shows(&r, none));
        r = record_with(FIELD_QUERY, BYTES("\xc2\x81"),
                        "sjis"); /* valid UTF-8, but not what the client said */
        CU_ASSERT_TRUE(shows(&r, "\"query\":\"\\u0081\",\"query_hex\":\"c281\""));
}

static void values_become_utf8(void)
{
        struct value values[] = {
            {.name = BYTES("n\xe9"),
             .bytes = BYTES("v\xe9"),
             .true_len = 2,
             .type = VALUE_STRING,
             .charset = set_of("latin1")},
            {.name = BYTES("b"), .bytes = BYTES("\xe9"), .true_len = 1, .type = VALUE_BLOB},
            {.name = BYTES("c"),
             .bytes = BYTES("\xe9\xe8"),
             .true_len = 9,
             .type = VALUE_STRING,
             .charset = set_of("latin1")},
            {.name = BYTES("z"),
             .bytes = BYTES("\xe9\0"),
             .true_len = 2,
             .type = VALUE_STRING,
             .charset = set_of("latin1")},
            {.name = BYTES("x"),
             .bytes = BYTES("\xff\xff"),
             .true_len = 2,
             .type = VALUE_STRING,
             .charset = set_of("gbk")},
            {.name = BYTES("y"),
             .bytes = BYTES("\xc2\x81"),
             .true_len = 2,
             .type = VALUE_STRING,
             .charset = set_of("sjis")},
            {.name = BYTES("w"),
             .bytes = BYTES("\xc4"),
             .true_len = 3,
             .type = VALUE_STRING,
             .charset = set_of("gbk")},
        };
        struct record r = record_with(FIELD_QUERY, BYTES("x"), "latin1");
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){values, 7});
        CU_ASSERT_TRUE(shows(
            &r, "{\"n\xc3\xa9\":\"v\xc3\xa9\",\"b\":{\"hex\":\"e9\"},"
                "\"c\":{\"text\":\"\xc3\xa9\xc3\xa8\",\"length\":9},\"z\":{\"hex\":\"e900\"},"
                "\"x\":{\"hex\":\"ffff\"},\"y\":{\"hex\":\"c281\"},\"w\":{\"text\":\"\",\"length\":3}}"));
        CU_ASSERT_EQUAL(values[0].bytes.len, 2); /* the originals stand */
}

/** Growing can make a cut value longer than it was before it was cut. */
static void a_cut_value_stays_cut(void)
{
        struct value v = {
            .bytes = BYTES("\x80\x80\x80"), .true_len = 4, .type = VALUE_STRING, .charset = set_of("latin1")};
        struct record r = record_with(FIELD_QUERY, BYTES("x"), "latin1");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&v, 1});
        CU_ASSERT_TRUE(shows(&r, "[{\"text\":\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\",\"length\":4}]"));
}

static void large_records_give_their_room_back(void)
{
        struct convert c;
        convert_init(&c);
        size_t n = 300000;
        uint8_t *text = malloc(n);
        struct value *values = calloc(2000, sizeof *values);
        memset(text, 0xe9, n);
        for (size_t i = 0; i < 2000; i++) {
                values[i] = (struct value){
                    .bytes = BYTES("\xe9"), .true_len = 1, .type = VALUE_STRING, .charset = set_of("latin1")};
        }
        struct record r = record_with(FIELD_QUERY, span_of(text, n), "latin1");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 2000});
        const struct record *converted = convert_record(&c, &r);
        CU_ASSERT_EQUAL(converted->query.len, 2 * n);
        CU_ASSERT_TRUE(span_equal(converted->stmt_execute_values.at[1999].bytes, BYTES("\xc3\xa9")));
        CU_ASSERT_TRUE(c.size >= 2 * n && c.values_size >= 2000);
        convert_shrink(&c);
        CU_ASSERT_TRUE(c.size <= 65536 && c.values_size <= 256);
        r = record_with(FIELD_QUERY, BYTES("\xe9"), "latin1");
        struct value one = values[0];
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&one, 1});
        converted = convert_record(&c, &r);
        CU_ASSERT_TRUE(span_equal(converted->query, BYTES("\xc3\xa9")));
        CU_ASSERT_TRUE(c.size <= 65536 && c.values_size <= 256);
        convert_fini(&c);
        free(text);
        free(values);
}

static void without_memory_the_bytes_are_shown(void)
{
        for (uint64_t nth = 1; nth <= 2; nth++) {
                struct convert c;
                struct value v = {.bytes = BYTES("\xc3\xa9"),
                                  .true_len = 2,
                                  .type = VALUE_STRING,
                                  .charset = set_of("latin1")};
                struct record r = record_with(FIELD_QUERY, BYTES("\xc3\xa9"), "latin1");
                record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&v, 1});
                convert_init(&c);
                prof_fail_nth(nth);
                char *line = line_of(&c, &r);
                prof_fail_nth(0);
                CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"query\":\"\xc3\xa9\",\"query_hex\":\"c3a9\""));
                CU_ASSERT_PTR_NOT_NULL(strstr(line, "[{\"hex\":\"c3a9\"}]"));
                free(line);
                line = line_of(&c, &r); /* the next one has it */
                CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"query\":\"\xc3\x83\xc2\xa9\""));
                free(line);
                convert_fini(&c);
        }
}

/** Rows and names, of one result and of several, as JSON and as a line. */
static void rows_are_lists_of_lists(void)
{
        struct value names[] = {
            {.role = VALUE_BEGINS_RESULT},
            {.bytes = BYTES("a\xe9"), .true_len = 2, .type = VALUE_STRING, .charset = set_of("latin1")},
            {.bytes = BYTES("b"), .true_len = 1, .type = VALUE_STRING},
            {.role = VALUE_BEGINS_RESULT}};
        struct value rows[] = {{.role = VALUE_BEGINS_RESULT},
                               {.role = VALUE_BEGINS_ROW},
                               {.bytes = BYTES("1"), .true_len = 1, .type = VALUE_LONG, .in_text = true},
                               {.is_null = true},
                               {.role = VALUE_BEGINS_ROW},
                               {.role = VALUE_IS_DEFAULT},
                               {.role = VALUE_IS_IGNORED},
                               {.role = VALUE_BEGINS_RESULT},
                               {.role = VALUE_BEGINS_ROW},
                               {.bytes = BYTES("x"), .true_len = 1, .type = VALUE_STRING}};
        struct record r = record_with(FIELD_QUERY, BYTES("x"), "latin1");
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){rows, 7});
        record_set_list(&r, FIELD_BULK_ROWS, (struct value_list){rows, 4});
        CU_ASSERT_TRUE(shows(&r, "\"bulk_rows\":[[1,null]],\"column_names\":[\"a\xc3\xa9\",\"b\"],"
                                 "\"first_rows\":[[1,null],[{\"default\":true},{\"ignore\":true}]]"));
        char line[1024];
        struct writer w = writer_over(line, sizeof line - 1);
        record_set_uint(&r, FIELD_BULK_COUNT, 7);
        format_record(&w, FORMAT_TEXT, &r);
        line[w.at] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "x  VALUES (1, NULL) of 7  => (1, NULL) (DEFAULT, IGNORE)\n"));
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 4});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){rows, 10});
        CU_ASSERT_TRUE(shows(&r,
                             "\"column_names\":[[\"a\xc3\xa9\",\"b\"],[]],"
                             "\"first_rows\":[[[1,null],[{\"default\":true},{\"ignore\":true}]],[[\"x\"]]]"));
        field_set_remove(&r.present, FIELD_BULK_COUNT);
        w = writer_over(line, sizeof line - 1);
        format_record(&w, FORMAT_TEXT_COLOR, &r);
        line[w.at] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "(DEFAULT, IGNORE) ; ('x')"));
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){rows, 1});
        CU_ASSERT_TRUE(shows(&r, "\"first_rows\":[]"));
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){rows, 0});
        CU_ASSERT_TRUE(shows(&r, "\"first_rows\":[]"));
}

/** As if the C library lacked the set: that is said once, and the bytes are shown. */
static void sets_that_the_library_lacks(void)
{
        struct convert c;
        struct record r = record_with(FIELD_QUERY, BYTES("\xc3\xa9"), "latin1");
        convert_init(&c);
        c.transcode.slots[0].from = charset_from(set_of("latin1"));
        c.transcode.slots[0].cd = (iconv_t)-1;
        c.transcode.slots[0].refused = true;
        uint64_t before = diag_count(DIAG_WARNING);
        for (int i = 0; i < 3; i++) {
                char *line = line_of(&c, &r);
                CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"query\":\"\xc3\xa9\",\"query_hex\":\"c3a9\""));
                free(line);
        }
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), before + 1);
        convert_fini(&c);
}

static const struct tap_test tests[] = {
    {"a session elsewhere is not read", a_session_elsewhere_is_not_read},
    {"sets that the C library lacks", sets_that_the_library_lacks},
    {"texts become UTF-8", texts_become_utf8},
    {"nothing to do", nothing_to_do},
    {"what is no text keeps its bytes", what_is_no_text_keeps_its_bytes},
    {"values become UTF-8", values_become_utf8},
    {"a cut value stays cut", a_cut_value_stays_cut},
    {"large records give their room back", large_records_give_their_room_back},
    {"without memory the bytes are shown", without_memory_the_bytes_are_shown},
    {"rows are lists of lists", rows_are_lists_of_lists},
};

int main(void)
{
        return TAP_RUN("convert", tests);
}
