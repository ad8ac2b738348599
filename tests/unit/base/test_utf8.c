#include "base/evicting_ring.h"
#include "base/json.h"
#include "base/utf8.h"
#include "json_check.h"
#include "tap.h"

#include <stdio.h>

/* --- UTF-8 ----------------------------------------------------------------------------------------------------------- */

static unsigned sequence(const char *text)
{
        return utf8_sequence(span_str(text));
}

static void utf8_knows_the_borders(void)
{
        CU_ASSERT_EQUAL(utf8_sequence(span_of("", 0)), 0);
        CU_ASSERT_EQUAL(utf8_sequence(span_of("\0", 1)), 1);
        CU_ASSERT_EQUAL(sequence("a"), 1);
        CU_ASSERT_EQUAL(sequence("\x7f"), 1);
        CU_ASSERT_EQUAL(sequence("\xc2\x80"), 2);
        CU_ASSERT_EQUAL(sequence("\xdf\xbf"), 2);
        CU_ASSERT_EQUAL(sequence("\xe0\xa0\x80"), 3);
        CU_ASSERT_EQUAL(sequence("\xed\x9f\xbf"), 3);
        CU_ASSERT_EQUAL(sequence("\xee\x80\x80"), 3);
        CU_ASSERT_EQUAL(sequence("\xef\xbf\xbf"), 3);
        CU_ASSERT_EQUAL(sequence("\xf0\x90\x80\x80"), 4);
        CU_ASSERT_EQUAL(sequence("\xf4\x8f\xbf\xbf"), 4);
}

static void utf8_refuses_what_rfc_3629_refuses(void)
{
        static const char *const wrong[] = {
            "\x80",             /* a tail alone */
            "\xc0\x80",         /* NUL overlong */
            "\xc1\xbf",         /* overlong */
            "\xe0\x9f\xbf",     /* overlong */
            "\xf0\x8f\xbf\xbf", /* overlong */
            "\xed\xa0\x80",     /* a surrogate */
            "\xed\xbf\xbf",     /* a surrogate */
            "\xf4\x90\x80\x80", /* above U+10FFFF */
            "\xf5\x80\x80\x80",
            "\xff",
            "\xc2",
            "\xc2z",
            "\xe2\x82",
            "\xe2\x82z",
            "\xf0\x9f\x98",
            "\xf0\x9f\x98z",
        };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                CU_ASSERT_EQUAL(sequence(wrong[i]), 0);
                CU_ASSERT_FALSE(utf8_valid(span_str(wrong[i])));
        }
}

static void utf8_finds_one_bad_byte_anywhere(void)
{
        char text[64];
        for (size_t len = 1; len < sizeof text; len++) {
                memset(text, 'a', len);
                CU_ASSERT_TRUE(utf8_valid(span_of(text, len)));
                for (size_t i = 0; i < len; i++) {
                        text[i] = (char)0xff;
                        CU_ASSERT_FALSE(utf8_valid(span_of(text, len)));
                        text[i] = 'a';
                }
        }
        CU_ASSERT_TRUE(utf8_valid(span_of(NULL, 0)));
        CU_ASSERT_TRUE(utf8_valid(span_str("1234567\xf0\x9f\x98\x80 8 \xc3\xa9")));
}

static size_t trimmed(const char *text)
{
        return utf8_trim(span_str(text)).len;
}

static void utf8_trims_half_characters_only(void)
{
        CU_ASSERT_EQUAL(utf8_trim(span_of(NULL, 0)).len, 0);
        CU_ASSERT_EQUAL(trimmed("ab"), 2);
        CU_ASSERT_EQUAL(trimmed("ab\xc3"), 2);
        CU_ASSERT_EQUAL(trimmed("ab\xc3\xa9"), 4);
        CU_ASSERT_EQUAL(trimmed("ab\xe2\x82"), 2);
        CU_ASSERT_EQUAL(trimmed("ab\xe2\x82\xac"), 5);
        CU_ASSERT_EQUAL(trimmed("ab\xf0\x9f\x98"), 2);
        CU_ASSERT_EQUAL(trimmed("ab\xf0\x9f\x98\x80"), 6);
        CU_ASSERT_EQUAL(trimmed("\xf0\x9f"), 0);
        CU_ASSERT_EQUAL(trimmed("\x80"), 1); /* never was a character */
        CU_ASSERT_EQUAL(trimmed("\x80\x80\x80\x80\x80"), 5);
        CU_ASSERT_EQUAL(trimmed("ab\xff"), 3);
}

static void utf8_knows_control_characters(void)
{
        CU_ASSERT_FALSE(utf8_is_control(span_of(NULL, 0)));
        CU_ASSERT_TRUE(utf8_is_control(span_of("\0", 1)));
        CU_ASSERT_TRUE(utf8_is_control(span_str("\x1b[0m")));
        CU_ASSERT_FALSE(utf8_is_control(span_str(" ")));
        CU_ASSERT_TRUE(utf8_is_control(span_str("\x7f")));
        CU_ASSERT_TRUE(utf8_is_control(span_str("\xc2\x80")));
        CU_ASSERT_TRUE(utf8_is_control(span_str("\xc2\x9b"))); /* CSI in eight bits */
        CU_ASSERT_FALSE(utf8_is_control(span_str("\xc2\xa0")));
        CU_ASSERT_FALSE(utf8_is_control(span_str("\xc3\x9b")));
        CU_ASSERT_FALSE(utf8_is_control(span_of("\xc2", 1)));
}

/* --- JSON ----------------------------------------------------------------------------------------------------------- */

static bool json_is(struct span text, const char *want, bool want_valid)
{
        char room[256];
        struct writer w = writer_over(room, sizeof room);
        bool valid = json_quote(&w, text);
        return !w.failed && valid == want_valid && span_equal(writer_span(&w), span_str(want));
}

static void json_strings_are_escaped(void)
{
        CU_ASSERT_TRUE(json_is(span_of(NULL, 0), "\"\"", true));
        CU_ASSERT_TRUE(json_is(span_str("SELECT 1"), "\"SELECT 1\"", true));
        CU_ASSERT_TRUE(json_is(span_str("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"", true));
        CU_ASSERT_TRUE(json_is(span_str("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"", true));
        CU_ASSERT_TRUE(json_is(span_of("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\\u007f\"", true));
        CU_ASSERT_TRUE(json_is(span_str("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"", true));
        CU_ASSERT_TRUE(json_is(span_str("a\xffz"), "\"a\xef\xbf\xbdz\"", false));
        CU_ASSERT_TRUE(json_is(span_str("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false));
}

static void json_strings_are_escaped_at_every_place(void)
{
        static const char special[] = {'"', '\\', '\n', '\x01', '\x1f', '\x7f', (char)0x80, (char)0xff};
        char text[40];
        char room[400];
        for (size_t len = 1; len < sizeof text; len++) {
                for (size_t i = 0; i < len * sizeof special; i++) {
                        memset(text, i % 2 == 0 ? ' ' : '~', len); /* the neighbours of what is special */
                        text[i % len] = special[i / len];
                        struct writer w = writer_over(room, sizeof room);
                        (void)json_quote(&w, span_of(text, len));
                        CU_ASSERT_TRUE(json_check(writer_span(&w)));
                        CU_ASSERT_TRUE(w.at > len + 2);
                }
        }
}

static uint32_t next_random(uint32_t *state)
{
        *state = *state * 1664525U + 1013904223U;
        return *state >> 8;
}

static void json_strings_of_any_bytes_are_json(void)
{
        uint32_t seed = 1;
        uint8_t text[96];
        char room[6 * sizeof text + 2];
        for (int round = 0; round < 20000; round++) {
                size_t len = next_random(&seed) % sizeof text;
                uint32_t mask = round % 3 == 0 ? 0xff : round % 3 == 1 ? 0x7f : 0x3f;
                for (size_t i = 0; i < len; i++) {
                        text[i] = (uint8_t)(next_random(&seed) & mask);
                }
                struct writer w = writer_over(room, sizeof room);
                bool valid = json_quote(&w, span_of(text, len));
                CU_ASSERT_EQUAL(valid, utf8_valid(span_of(text, len)));
                CU_ASSERT_FALSE_FATAL(w.failed);
                CU_ASSERT_TRUE_FATAL(json_check(writer_span(&w)));
        }
}

static void json_hex_is_whole(void)
{
        char room[600];
        uint8_t bytes[256];
        for (size_t i = 0; i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)i;
        }
        struct writer w = writer_over(room, sizeof room);
        json_hex(&w, span_of(bytes, sizeof bytes));
        CU_ASSERT_EQUAL(w.at, 2 * sizeof bytes + 2);
        for (size_t i = 0; i < sizeof bytes; i++) {
                char two[3];
                (void)snprintf(two, sizeof two, "%02zx", i);
                CU_ASSERT_EQUAL(memcmp(room + 1 + 2 * i, two, 2), 0);
        }
        struct writer small = writer_over(room, 100);
        json_hex(&small, span_of(bytes, sizeof bytes));
        CU_ASSERT_TRUE(small.failed);
        CU_ASSERT_EQUAL(small.wanted, 2 * sizeof bytes + 2);
}

static void the_json_check_can_fail(void)
{
        static const char *const wrong[] = {
            "",   "{", "{}x", "[1,]", "{\"a\"}", "\"a",   "\"\xff\"", "\"\n\"",  "\"\\x\"",     "01",
            "1.", "-", "1e",  "nul",  "{a:1}",   "[1 2]", "{,}",      "\"\\u12", "\"\\u12g4\"", "{\"a\":}"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                CU_ASSERT_FALSE(json_check(span_str(wrong[i])));
        }
        CU_ASSERT_TRUE(json_check(span_str(" {\"a\":[1,-0.5e+3,\"\\u00e9\\n\",{}],\"b\":null} \n")));
}

/* --- the newest entries ---------------------------------------------------------------------------------------------- */

static void evicting_ring_holds_the_newest(void)
{
        static _Alignas(8) uint8_t memory[1024];
        struct evicting_ring k;
        evicting_ring_init(&k, memory, sizeof memory);
        uint32_t seed = 7;
        static size_t lens[5001];
        for (uint64_t i = 1; i <= 5000; i++) {
                lens[i] = next_random(&seed) % 200;
                uint8_t *to = evicting_ring_add(&k, lens[i]);
                if (to == NULL) {
                        CU_FAIL("there is room");
                        return;
                }
                memset(to, (int)(i & 0xff), lens[i]);
                CU_ASSERT_EQUAL(k.added, i);
                uint64_t from = i % 2 == 0 ? k.oldest : i; /* forward from the oldest, and the newest alone */
                for (uint64_t n = from; n <= i; n++) {
                        struct span s = evicting_ring_get(&k, n);
                        bool right =
                            s.data != NULL && s.len == lens[n] &&
                            (s.len == 0 || (s.data[0] == (n & 0xff) && s.data[s.len - 1] == (n & 0xff)));
                        CU_ASSERT_TRUE_FATAL(right);
                }
                CU_ASSERT_PTR_NULL(evicting_ring_get(&k, k.oldest - 1).data);
                CU_ASSERT_PTR_NULL(evicting_ring_get(&k, i + 1).data);
                CU_ASSERT_TRUE_FATAL(i - k.oldest < 128 && i >= k.oldest);
        }
}

static void evicting_ring_uses_its_memory(void)
{
        static _Alignas(8) uint8_t memory[1024];
        struct evicting_ring k;
        evicting_ring_init(&k, memory, sizeof memory);
        for (int i = 0; i < 1000; i++) {
                CU_ASSERT_PTR_NOT_NULL(evicting_ring_add(&k, 56)); /* 64 with its head */
                CU_ASSERT_TRUE(i < 16 || k.added - k.oldest + 1 >= 15);
        }
        CU_ASSERT_PTR_NOT_NULL(evicting_ring_add(&k, sizeof memory - 8)); /* exactly all of it */
        CU_ASSERT_EQUAL(k.oldest, k.added);
        CU_ASSERT_PTR_NULL(evicting_ring_add(&k, sizeof memory - 7));
        CU_ASSERT_EQUAL(k.added, 1002);
        CU_ASSERT_EQUAL(k.oldest, 1003);
        CU_ASSERT_PTR_NULL(evicting_ring_get(&k, 1002).data);
        CU_ASSERT_PTR_NOT_NULL(evicting_ring_add(&k, 0));
        CU_ASSERT_PTR_NOT_NULL(evicting_ring_get(&k, 1003).data);
}

static void evicting_ring_without_memory_only_counts(void)
{
        struct evicting_ring k;
        evicting_ring_init(&k, NULL, 7);
        CU_ASSERT_PTR_NULL(evicting_ring_add(&k, 0));
        CU_ASSERT_PTR_NULL(evicting_ring_add(&k, 1));
        CU_ASSERT_EQUAL(k.added, 2);
        CU_ASSERT_PTR_NULL(evicting_ring_get(&k, 1).data);
        CU_ASSERT_PTR_NULL(evicting_ring_get(&k, 2).data);
}

static const struct tap_test tests[] = {
    {"UTF-8: the borders of each length", utf8_knows_the_borders},
    {"UTF-8: overlong forms, surrogates and stumps are refused", utf8_refuses_what_rfc_3629_refuses},
    {"UTF-8: one bad byte is found anywhere", utf8_finds_one_bad_byte_anywhere},
    {"UTF-8: trimming takes half characters only", utf8_trims_half_characters_only},
    {"UTF-8: control characters, those beyond ASCII too", utf8_knows_control_characters},
    {"JSON: strings are escaped", json_strings_are_escaped},
    {"JSON: strings are escaped at every place", json_strings_are_escaped_at_every_place},
    {"JSON: strings of any bytes are JSON", json_strings_of_any_bytes_are_json},
    {"JSON: hex is whole, and counted when it does not fit", json_hex_is_whole},
    {"JSON: the check of these tests can fail", the_json_check_can_fail},
    {"evicting ring: holds the newest entries, whole and in order", evicting_ring_holds_the_newest},
    {"evicting ring: uses all of its memory", evicting_ring_uses_its_memory},
    {"evicting ring: without memory, entries are only counted", evicting_ring_without_memory_only_counts},
};

int main(void)
{
        return TAP_RUN("utf8", tests);
}
