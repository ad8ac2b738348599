#include "base/json.h"
#include "base/json_writer.h"
#include "json_check.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>

static char *text;
static size_t text_len;
static FILE *out;

static struct json_writer begin(void)
{
        out = open_memstream(&text, &text_len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        return json_writer_to(out);
}

/** Finish @p j. @return whether it wrote @p want, and no mistake was found. */
static bool ends_as(struct json_writer *j, const char *want)
{
        json_writer_finish(j);
        (void)fclose(out);
        bool same = strcmp(text, want) == 0;
        if (!same) {
                printf("# wanted: %s\n# got: %s\n", want, text);
        }
        bool valid = json_check(span_of(text, text_len));
        free(text);
        return same && valid && !j->failed;
}

/** Finish @p j, in which a mistake was made. @return whether that was found, and the text is not JSON. */
static bool is_refused(struct json_writer *j)
{
        json_writer_finish(j);
        (void)fclose(out);
        bool valid = json_check(span_of(text, text_len));
        free(text);
        return j->failed && !valid;
}

static void put_all_kinds(struct json_writer *j)
{
        json_writer_text(j, "text", "a\"b\n");
        json_writer_span(j, "span", span_of("a\0b", 3));
        json_writer_uint(j, "uint", UINT64_MAX);
        json_writer_int(j, "int", INT64_MIN);
        json_writer_bool(j, "yes", true);
        json_writer_bool(j, "no", false);
        json_writer_fixed(j, "fixed", 2.5, 3);
        json_writer_real(j, "real", 1e-9);
        json_writer_real(j, "infinity", INFINITY);
        json_writer_fixed(j, "no_number", NAN, 1);
}

static void values_are_written(void)
{
        struct json_writer j = begin();
        json_writer_object(&j, NULL);
        put_all_kinds(&j);
        json_writer_end(&j);
        CU_ASSERT_TRUE(ends_as(&j,
                               "{\"text\":\"a\\\"b\\n\",\"span\":\"a\\u0000b\",\"uint\":18446744073709551615,"
                               "\"int\":-9223372036854775808,\"yes\":true,\"no\":false,\"fixed\":2.500,"
                               "\"real\":1e-09,\"infinity\":null,\"no_number\":null}\n"));
        j = begin();
        json_writer_array(&j, NULL);
        json_writer_text(&j, NULL, "one");
        json_writer_uint(&j, NULL, 2);
        json_writer_array(&j, NULL);
        json_writer_end(&j);
        json_writer_object(&j, NULL);
        json_writer_end(&j);
        json_writer_end(&j);
        CU_ASSERT_TRUE(ends_as(&j, "[\"one\",2,[],{}]\n"));
        j = begin();
        json_writer_text(&j, NULL, NULL);
        CU_ASSERT_TRUE(ends_as(&j, "\"\"\n"));
}

static void put_nested(struct json_writer *j)
{
        json_writer_object(j, NULL);
        json_writer_uint(j, "n", 1);
        json_writer_array(j, "none");
        json_writer_end(j);
        json_writer_lines(j, "rows");
        for (unsigned i = 0; i < 2; i++) {
                json_writer_object(j, NULL);
                json_writer_uint(j, "a", i);
                json_writer_uint(j, "b", i);
                json_writer_end(j);
        }
        json_writer_end(j);
        json_writer_object_inline(j, "inline");
        json_writer_uint(j, "a", 1);
        json_writer_array_inline(j, "list");
        json_writer_uint(j, NULL, 1);
        json_writer_uint(j, NULL, 2);
        json_writer_end(j);
        json_writer_end(j);
        json_writer_array(j, "last");
        json_writer_uint(j, NULL, 3);
        json_writer_end(j);
        json_writer_end(j);
}

static void layouts_differ_in_white_space(void)
{
        struct json_writer j = begin();
        put_nested(&j);
        CU_ASSERT_TRUE(ends_as(&j, "{\"n\":1,\"none\":[],\"rows\":[\n{\"a\":0,\"b\":0},\n{\"a\":1,\"b\":1}],"
                                   "\"inline\":{\"a\": 1, \"list\": [1, 2]},\"last\":[3]}\n"));
        j = begin();
        j = json_writer_indented(out);
        put_nested(&j);
        CU_ASSERT_TRUE(ends_as(
            &j, "{\n  \"n\": 1,\n  \"none\": [],\n  \"rows\": [\n{\"a\":0,\"b\":0},\n{\"a\":1,\"b\":1}],\n"
                "  \"inline\": {\"a\": 1, \"list\": [1, 2]},\n  \"last\": [\n    3\n  ]\n}\n"));
}

static void mistakes_are_found(void)
{
        struct json_writer j = begin();
        CU_ASSERT_TRUE(is_refused(&j)); /* nothing was written */
        j = begin();
        json_writer_uint(&j, "key", 1);
        CU_ASSERT_TRUE(is_refused(&j));
        j = begin();
        json_writer_uint(&j, NULL, 1);
        json_writer_uint(&j, NULL, 2);
        CU_ASSERT_TRUE(j.failed);
        (void)is_refused(&j);
        j = begin();
        json_writer_object(&j, NULL);
        json_writer_uint(&j, NULL, 1);
        json_writer_end(&j);
        CU_ASSERT_TRUE(is_refused(&j));
        j = begin();
        json_writer_array(&j, NULL);
        json_writer_object(&j, "key");
        json_writer_end(&j);
        json_writer_end(&j);
        CU_ASSERT_TRUE(is_refused(&j));
        j = begin();
        json_writer_array(&j, NULL);
        CU_ASSERT_TRUE(is_refused(&j)); /* it is still open */
        j = begin();
        json_writer_end(&j);
        CU_ASSERT_TRUE(is_refused(&j));
        j = begin();
        for (unsigned i = 0; i <= JSON_WRITER_DEPTH; i++) {
                CU_ASSERT_FALSE(j.failed);
                json_writer_array(&j, NULL);
        }
        CU_ASSERT_TRUE(is_refused(&j));
}

/** Long texts are written in pieces: a character on a border must come through whole. */
static void texts_of_any_length_and_bytes(void)
{
        enum { MOST = 1100 };
        static const char *const parts[] = {"a",    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                            "\xff", "\xf0\x9f"};
        static uint8_t escaped[6 * MOST + 8];
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
                for (size_t first = 0; first < 4; first++) {
                        char in[MOST + 8];
                        size_t len = first;
                        memset(in, 'x', first);
                        while (len + strlen(parts[p]) <= MOST) {
                                memcpy(in + len, parts[p], strlen(parts[p]));
                                len += strlen(parts[p]);
                        }
                        struct writer w = writer_over(escaped, sizeof escaped - 2);
                        (void)json_quote(&w, span_of(in, len));
                        writer_text(&w, "\n");
                        CU_ASSERT_FALSE_FATAL(w.failed);
                        escaped[w.at] = '\0';
                        struct json_writer j = begin();
                        json_writer_span(&j, NULL, span_of(in, len));
                        CU_ASSERT_TRUE(ends_as(&j, (const char *)escaped));
                }
        }
}

static const struct tap_test tests[] = {
    {"values are written", values_are_written},
    {"layouts differ in white space", layouts_differ_in_white_space},
    {"mistakes are found", mistakes_are_found},
    {"texts of any length and bytes", texts_of_any_length_and_bytes},
};

int main(void)
{
        return TAP_RUN("json_writer", tests);
}
