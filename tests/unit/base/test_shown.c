/* What a terminal is shown of texts of others. */
#include "base/shown.h"

#include "base/json.h"
#include "base/utf8.h"
#include "tap.h"

#include <stdlib.h>

static bool shows(const char *text, const char *want)
{
        char room[256];
        struct writer w = writer_over(room, sizeof room);
        shown_put(&w, span_str(text));
        return !w.failed && span_equal(writer_span(&w), span_str(want));
}

static void what_a_terminal_obeys_is_escaped(void)
{
        static const char *const pairs[][2] = {
            {"plain", "plain"},
            {"\x1b[2J\a\b\t\r\n\x7f", "\\x1b[2J\\x07\\x08\\x09\\x0d\\x0a\\x7f"},
            {"\xc2\x80\xc2\x9b"
             "31m\xc2\x9f",
             "\\u0080\\u009b31m\\u009f"},
            {"\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9"},
            {"a\xe2\x80\xae"
             "b",
             "a\\u202eb"},
            {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
            {"\xd8\x9c\xe2\x80\x8e\xe2\x81\xa6", "\\u061c\\u200e\\u2066"},
            {"\xff\xc3", "\\xff\\xc3"},
            {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a lone surrogate */
        };
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
                CU_ASSERT_TRUE(shows(pairs[i][0], pairs[i][1]));
        }
}

static void what_nobody_sees_is_escaped(void)
{
        static const char *const pairs[][2] = {
            {"\xc2\xad", "\\u00ad"},
            {"\xcd\x8f", "\\u034f"},
            {"\xe1\xa0\x8e", "\\u180e"},
            {"\xe2\x80\x8b\xe2\x80\x8d", "\\u200b\\u200d"},
            {"\xe2\x81\xa0\xe2\x81\xaf", "\\u2060\\u206f"},
            {"\xe3\x85\xa4", "\\u3164"},
            {"\xef\xb8\x8f\xef\xbb\xbf\xef\xbf\xb9", "\\ufe0f\\ufeff\\ufff9"},
            {"\xef\xbf\xbe\xef\xb7\x90", "\\ufffe\\ufdd0"},
            {"\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf", "\\U0001fffe\\U0010ffff"},
            {"\xf3\xa0\x80\x81\xf3\xa0\x81\xa1\xf3\xa0\x84\x80", "\\U000e0001\\U000e0061\\U000e0100"},
            {"\xef\xbf\xbd\xe3\x81\x82\xf0\x9f\x98\x80", "\xef\xbf\xbd\xe3\x81\x82\xf0\x9f\x98\x80"},
        };
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
                CU_ASSERT_TRUE(shows(pairs[i][0], pairs[i][1]));
        }
}

/** UTF-8 of @p point, which may be a surrogate: then it is none. */
static struct span encode(uint32_t point, uint8_t out[4])
{
        unsigned n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        for (unsigned i = n; i > 1; i--, point >>= 6) {
                out[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
        }
        out[0] = (uint8_t)(n == 1 ? point : (0xf00U >> n & 0xf0U) | point);
        return span_of(out, n);
}

static void every_character_keeps_its_bounds(void)
{
        for (uint32_t point = 0; point <= 0x10ffff; point++) {
                uint8_t bytes[4];
                struct span s = encode(point, bytes);
                struct shown c = shown_first(s);
                bool surrogate = point >= 0xd800 && point <= 0xdfff;
                CU_ASSERT_EQUAL_FATAL(c.taken, surrogate ? 1 : s.len);
                CU_ASSERT_EQUAL_FATAL(utf8_point(s), surrogate ? UTF8_NONE : point);
                CU_ASSERT_TRUE_FATAL(c.len <= SHOWN_GROWTH * c.taken && c.columns <= SHOWN_MAX);
                bool as_it_is = c.len == s.len && memcmp(c.text, s.data, s.len) == 0;
                CU_ASSERT_EQUAL_FATAL(as_it_is, !surrogate && !utf8_is_hidden(s));
                CU_ASSERT_TRUE_FATAL(!utf8_is_control(s) || utf8_is_hidden(s));
        }
}

static size_t columns(const char *text)
{
        return shown_columns(span_str(text));
}

static void columns_are_those_of_a_terminal(void)
{
        CU_ASSERT_EQUAL(columns(""), 0);
        CU_ASSERT_EQUAL(columns("abc"), 3);
        CU_ASSERT_EQUAL(columns("\xc3\xa9"), 1);
        CU_ASSERT_EQUAL(columns("e\xcc\x81"), 1); /* an accent that combines */
        CU_ASSERT_EQUAL(columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
        CU_ASSERT_EQUAL(columns("\xef\xbc\xa1"), 2); /* fullwidth A */
        CU_ASSERT_EQUAL(columns("\xf0\x9f\x98\x80"), 2);
        CU_ASSERT_EQUAL(columns("\x1b"), 4);
        CU_ASSERT_EQUAL(columns("\xe2\x80\xae"), 6);
}

static size_t head(const char *text, size_t most)
{
        return shown_head(span_str(text), most).len;
}

static void texts_are_cut_between_characters(void)
{
        CU_ASSERT_EQUAL(head("abc", 2), 2);
        CU_ASSERT_EQUAL(head("abc", 9), 3);
        CU_ASSERT_EQUAL(head("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
        CU_ASSERT_EQUAL(head("\xe6\x97\xa5", 1), 0);
        CU_ASSERT_EQUAL(head("e\xcc\x81x", 1), 3); /* the accent belongs to what is before it */
        CU_ASSERT_EQUAL(head("\x1b[", 3), 0);
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_EQUAL(shown_print_head(out, span_str("\xe6\x97\xa5\xe6\x9c\xac"), 3), 2);
        shown_print(out, span_str("\xc2\x9b"));
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(text, "\xe6\x97\xa5\\u009b");
        free(text);
}

static bool is_shortened(void (*print)(FILE *out, struct span s, size_t columns), const char *from,
                         size_t columns, const char *want)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        print(out, span_str(from), columns);
        (void)fclose(out);
        bool same = strcmp(text, want) == 0 && shown_columns(span_of(text, len)) <= columns;
        if (!same) {
                printf("# wanted: %s\n# got: %s\n", want, text);
        }
        free(text);
        return same;
}

static void what_is_left_out_is_marked(void)
{
        CU_ASSERT_TRUE(is_shortened(shown_print_cut, "abcdef", 6, "abcdef"));
        CU_ASSERT_TRUE(is_shortened(shown_print_cut, "abcdef", 5, "abcd…"));
        CU_ASSERT_TRUE(is_shortened(shown_print_cut, "abcdef", 1, "…"));
        CU_ASSERT_TRUE(is_shortened(shown_print_cut, "日本語", 4, "日…"));
        CU_ASSERT_TRUE(is_shortened(shown_print_cut, "", 1, ""));
        CU_ASSERT_TRUE(is_shortened(shown_print_middle, "abcdef", 6, "abcdef"));
        CU_ASSERT_TRUE(is_shortened(shown_print_middle, "abcdefgh", 5, "ab…gh"));
        CU_ASSERT_TRUE(is_shortened(shown_print_middle, "abcdefgh", 6, "abc…gh"));
        CU_ASSERT_TRUE(is_shortened(shown_print_middle, "abcdefgh", 1, "…"));
        CU_ASSERT_TRUE(is_shortened(shown_print_middle, "日本語日本語", 7, "日…語"));
}

static bool json_is(const char *text, const char *want)
{
        char room[256];
        struct writer w = writer_over(room, sizeof room);
        return json_quote(&w, span_str(text)) && span_equal(writer_span(&w), span_str(want));
}

/** Bytes are looked at sixteen at once: the result must be that of a look at each. */
static void plain_text_is_found(void)
{
        enum { LONGEST = 70 };
        static const uint8_t others[] = {0, 0x1f, '\n', 0x7f, 0x80, 0xc3, 0xff, '\\'};
        for (size_t len = 0; len <= LONGEST; len++) {
                for (size_t at = 0; at <= len; at++) {
                        for (size_t i = 0; i < sizeof others; i++) {
                                uint8_t *text = malloc(len + 1); /* of its own: reads behind it are found */
                                CU_ASSERT_PTR_NOT_NULL_FATAL(text);
                                for (size_t k = 0; k < len; k++) {
                                        text[k] = (uint8_t)(' ' + (at + k * 7) % ('\\' - ' '));
                                }
                                if (at < len) {
                                        text[at] = others[i];
                                        text[len - 1] = len % 2 == 0 ? text[len - 1] : others[i];
                                }
                                bool is_always_other = others[i] != '\\';
                                CU_ASSERT_EQUAL(shown_plain(span_of(text, len), '\\'), at);
                                CU_ASSERT_EQUAL(shown_plain(span_of(text, len), 0),
                                                is_always_other ? at : len);
                                free(text);
                        }
                }
        }
}

static void json_has_the_same_value_without_them(void)
{
        CU_ASSERT_TRUE(json_is("a\xc2\x9b"
                               "b",
                               "\"a\\u009bb\""));
        CU_ASSERT_TRUE(json_is("\xe2\x80\xae\xe2\x80\xa8", "\"\\u202e\\u2028\""));
        CU_ASSERT_TRUE(json_is("\xf3\xa0\x80\x81", "\"\\udb40\\udc01\""));
        CU_ASSERT_TRUE(json_is("\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""));
        CU_ASSERT_TRUE(
            json_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""));
}

static const struct tap_test tests[] = {
    {"what a terminal obeys is escaped", what_a_terminal_obeys_is_escaped},
    {"what nobody sees is escaped", what_nobody_sees_is_escaped},
    {"every character keeps its bounds", every_character_keeps_its_bounds},
    {"columns are those of a terminal", columns_are_those_of_a_terminal},
    {"texts are cut between characters", texts_are_cut_between_characters},
    {"what is left out is marked", what_is_left_out_is_marked},
    {"plain text is found many bytes at once", plain_text_is_found},
    {"JSON has the same value without them", json_has_the_same_value_without_them},
};

int main(void)
{
        return TAP_RUN("shown", tests);
}
