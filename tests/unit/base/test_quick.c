/* The quick ways of the journal, against the slow ones that they stand for. */
#include "base/clock.h"
#include "base/json.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- texts for JSON -------------------------------------------------------------------------------------------------- */

enum { LENGTH_MAX = 70 };

static bool goes_out_as_it_is(uint8_t c)
{
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/** Copy it from a block of its own to another: a sanitizer sees a step too far. */
static void expect_copy(const uint8_t *text, size_t len, bool plain)
{
        uint8_t *from = malloc(len + 1);
        uint8_t *to = malloc(len + 1);
        bool same = from != NULL && to != NULL;
        CU_ASSERT_TRUE_FATAL(same);
        memcpy(from + 1, text, len);
        memset(to, 0xee, len + 1);
        bool is_plain = json_copy_plain(to, span_of(from + 1, len));
        if (is_plain != plain || (plain && memcmp(to, text, len) != 0) || to[len] != 0xee) {
                CU_FAIL("not copied as it should be");
                printf("# of %zu bytes\n", len);
        }
        free(from);
        free(to);
}

static void json_copies_every_byte_at_every_place(void)
{
        uint8_t text[LENGTH_MAX] = {0};
        for (size_t len = 0; len <= LENGTH_MAX; len++) {
                for (size_t i = 0; i < len; i++) {
                        text[i] = (uint8_t)(' ' + 3 + i); /* behind the quote, before the backslash */
                        text[i] = goes_out_as_it_is(text[i]) ? text[i] : 'x';
                }
                expect_copy(text, len, true);
                for (size_t at = 0; at < len; at++) {
                        uint8_t was = text[at];
                        for (unsigned c = 0; c < 256; c++) {
                                text[at] = (uint8_t)c;
                                expect_copy(text, len, goes_out_as_it_is(text[at]));
                        }
                        text[at] = was;
                }
        }
}

/** As RFC 8259 has it, a byte at a time. @p s is ASCII. */
static size_t escaped(char *out, const uint8_t *s, size_t len)
{
        size_t at = 0;
        out[at++] = '"';
        for (size_t i = 0; i < len; i++) {
                static const char shorts[] = "\"\"\\\\b\bf\fn\nr\rt\t";
                const char *two = NULL;
                for (size_t k = 0; k + 1 < sizeof shorts; k += 2) {
                        two = (uint8_t)shorts[k + 1] == s[i] ? &shorts[k] : two;
                }
                if (two != NULL) {
                        out[at++] = '\\';
                        out[at++] = *two;
                } else if (goes_out_as_it_is(s[i])) {
                        out[at++] = (char)s[i];
                } else {
                        at += (size_t)snprintf(out + at, 7, "\\u%04x", s[i]);
                }
        }
        out[at++] = '"';
        return at;
}

static void json_strings_of_any_length(void)
{
        uint8_t text[LENGTH_MAX] = {0};
        char slow[6 * LENGTH_MAX + 8];
        uint8_t quick[sizeof slow];
        for (unsigned round = 0; round < 20000; round++) {
                size_t len = tap_random() % (LENGTH_MAX + 1);
                uint64_t odd = tap_random() % 8; /* so many in 64 are any ASCII */
                for (size_t i = 0; i < len; i++) {
                        text[i] = (uint8_t)(tap_random() % 64 < odd ? tap_random() % 128 : 'a' + i % 26);
                }
                size_t wanted = escaped(slow, text, len);
                for (size_t room = wanted; room + 3 > wanted; room--) { /* enough, and too little */
                        struct writer w = writer_over(quick, room);
                        CU_ASSERT_TRUE(json_quote(&w, span_of(text, len)));
                        CU_ASSERT_EQUAL(w.failed, room < wanted);
                        CU_ASSERT_EQUAL(w.wanted, wanted);
                        CU_ASSERT_TRUE(w.failed || (w.at == wanted && memcmp(quick, slow, wanted) == 0));
                }
        }
}

/* --- numbers --------------------------------------------------------------------------------------------------------- */

static void expect_decimal(uint64_t value)
{
        char slow[32];
        uint8_t quick[DECIMAL_MAX + 1];
        int n = snprintf(slow, sizeof slow, "%llu", (unsigned long long)value);
        memset(quick, 0xee, sizeof quick);
        size_t len = (size_t)(decimal_put(quick, value) - quick);
        if (len != (size_t)n || memcmp(quick, slow, len) != 0 || quick[DECIMAL_MAX] != 0xee) {
                CU_FAIL("another number");
                printf("# %s became %.*s\n", slow, (int)len, (const char *)quick);
        }
}

static void decimals_of_every_length(void)
{
        uint64_t power = 1;
        for (unsigned digits = 1; digits <= DECIMAL_MAX; digits++, power *= 10) {
                for (uint64_t i = 0; i < 300; i++) {
                        expect_decimal(power + i);
                        expect_decimal(power - i); /* of 1, also the largest ones */
                        expect_decimal(power * (i % 9 + 1) + i);
                }
        }
        for (unsigned round = 0; round < 100000; round++) {
                expect_decimal(tap_random() >> (round % 64));
        }
}

/* --- times ------------------------------------------------------------------------------------------------------------ */

static void expect_time(uint64_t wall_ns)
{
        char slow[64];
        char quick[CLOCK_RFC3339_SIZE];
        time_t second = (time_t)(wall_ns / CLOCK_S_NS);
        struct tm tm;
        CU_ASSERT_PTR_NOT_NULL_FATAL(gmtime_r(&second, &tm));
        size_t n = strftime(slow, sizeof slow, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(slow + n, sizeof slow - n, ".%06uZ", (unsigned)(wall_ns % CLOCK_S_NS / 1000));
        clock_rfc3339(wall_ns, quick);
        if (strcmp(slow, quick) != 0) {
                CU_FAIL("another time");
                printf("# %s became %s\n", slow, quick);
        }
}

static void times_one_after_another(void)
{
        static const uint64_t days[] = {0, 59, 789, 11016, 11017, 19782, 19783, 20000, 47540, 47541, 213503};
        for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
                uint64_t begin = days[i] * 86400 * CLOCK_S_NS;
                expect_time(begin);
                expect_time(begin + 999); /* the same second again … */
                expect_time(begin + CLOCK_S_NS - 1);
                expect_time(begin + CLOCK_S_NS); /* … and the next */
                expect_time(begin + 86400 * CLOCK_S_NS - 1);
                expect_time(begin); /* back */
        }
        uint64_t now = 1700000000 * CLOCK_S_NS;
        for (unsigned round = 0; round < 100000; round++) {
                uint64_t step = tap_random() >> (24 + round % 40);
                now = round % 5 == 0 && step < now ? now - step : now + step;
                now = now > 1ULL << 63 ? now >> 1 : now;
                expect_time(now);
        }
}

/* --- bytes ------------------------------------------------------------------------------------------------------------ */

static void spans_of_every_length_are_copied(void)
{
        for (size_t len = 0; len <= 100; len++) {
                uint8_t *from = malloc(len + 1);
                uint8_t *to = malloc(len + 1);
                bool made = from != NULL && to != NULL;
                CU_ASSERT_TRUE_FATAL(made);
                for (size_t i = 0; i < len; i++) {
                        from[i] = (uint8_t)tap_random();
                }
                to[len] = 0xee;
                CU_ASSERT_PTR_EQUAL(span_copy(to, span_of(from, len)), to + len);
                CU_ASSERT_TRUE(memcmp(from, to, len) == 0 && to[len] == 0xee);
                free(from);
                free(to);
        }
}

/* As records use them: with sizes that are known when this is compiled, in blocks that end with the bytes. */
#define COPY_AND_CLEAR(n)                                                                                    \
        do {                                                                                                 \
                uint8_t *to = malloc(n);                                                                     \
                CU_ASSERT_PTR_NOT_NULL_FATAL(to);                                                            \
                memset(to, 0xee, n);                                                                         \
                span_copy_fixed(to, from + 1, n);                                                            \
                CU_ASSERT_EQUAL(memcmp(to, from + 1, n), 0);                                                 \
                span_zero_fixed(to, n);                                                                      \
                CU_ASSERT_EQUAL(memcmp(to, zero, n), 0);                                                     \
                free(to);                                                                                    \
        } while (0)

static void blocks_of_known_size_are_copied_and_cleared(void)
{
        static const uint8_t zero[448];
        uint8_t from[1 + 448];
        for (size_t i = 0; i < sizeof from; i++) {
                from[i] = (uint8_t)tap_random();
        }
        COPY_AND_CLEAR(8);
        COPY_AND_CLEAR(16);
        COPY_AND_CLEAR(24);
        COPY_AND_CLEAR(440);
        COPY_AND_CLEAR(448);
}

static void bytes_of_every_length_are_compared(void)
{
        for (size_t len = 0; len <= 100; len++) {
                uint8_t *a = malloc(len + 1);
                uint8_t *b = malloc(len > 0 ? len : 1);
                bool made = a != NULL && b != NULL;
                CU_ASSERT_TRUE_FATAL(made);
                for (size_t i = 0; i <= len; i++) {
                        a[i] = (uint8_t)tap_random();
                }
                /* in blocks that end with them: a sanitizer sees a step too far */
                memcpy(b, a + 1, len);
                CU_ASSERT_TRUE(span_same(a + 1, b, len));
                for (size_t at = 0; at < len; at++) {
                        b[at] ^= (uint8_t)(1U << at % 8);
                        CU_ASSERT_FALSE(span_same(a + 1, b, len));
                        b[at] = a[1 + at];
                }
                free(a);
                free(b);
        }
        CU_ASSERT_TRUE(span_same(NULL, NULL, 0));
}

static const struct tap_test tests[] = {
    {"JSON copies every byte at every place", json_copies_every_byte_at_every_place},
    {"JSON strings of any length", json_strings_of_any_length},
    {"decimals of every length", decimals_of_every_length},
    {"times one after another", times_one_after_another},
    {"spans of every length are copied", spans_of_every_length_are_copied},
    {"blocks of known size are copied and cleared", blocks_of_known_size_are_copied_and_cleared},
    {"bytes of every length are compared", bytes_of_every_length_are_compared},
};

int main(void)
{
        return TAP_RUN("quick", tests);
}
