#include "base/transcode.h"
#include "tap.h"

#define BYTES(literal) span_of("" literal, sizeof(literal) - 1)

static const struct transcode_fix fixes[] = {{0xfc, 0x207f}, {0x24, 0x24}, {0, 0}};
static const uint16_t upper[128] = {[0] = 0x10c, [1] = 0x7ff, [2] = 0x800, [127] = 0xa0};

static const struct transcode_from cp866 = {.iconv = "CP866", .single = true, .ascii = true, .fixes = fixes};
static const struct transcode_from cp1252 = {.iconv = "CP1252", .single = true, .ascii = true, .c1 = true};
static const struct transcode_from own = {.single = true, .ascii = true, .upper = upper};
static const struct transcode_from gbk = {.iconv = "GBK", .ascii = true};
static const struct transcode_from utf16 = {.iconv = "UTF-16BE"};
static const struct transcode_from unheard = {.iconv = "NO-SUCH-SET", .single = true};

/** "!" in front of what ended otherwise than well. */
static const char *converted(struct transcode *t, const struct transcode_from *from, struct span in,
                             bool is_cut)
{
        static char room[128];
        struct writer w = writer_over(room + 1, sizeof room - 2);
        enum transcode_end end = transcode_put(t, from, in, is_cut, &w);
        room[0] = end == TRANSCODE_ILLEGAL ? '!' : '?';
        room[1 + w.at] = '\0';
        return end == TRANSCODE_DONE ? room + 1 : end == TRANSCODE_ILLEGAL ? "!" : "?";
}

static void single_bytes(void)
{
        struct transcode t;
        transcode_init(&t);
        CU_ASSERT_STRING_EQUAL(converted(&t, &cp866, BYTES("\x8f\xe0-\xfc$"), false),
                               "\xd0\x9f\xd1\x80-\xe2\x81\xbf$");
        CU_ASSERT_STRING_EQUAL(converted(&t, &cp1252, BYTES("a\xe9\x80\x81"), false),
                               "a\xc3\xa9\xe2\x82\xac\xc2\x81"); /* 0x81: a control character */
        CU_ASSERT_STRING_EQUAL(converted(&t, &own, BYTES("x\x80\x81\x82\xff"), false),
                               "x\xc4\x8c\xdf\xbf\xe0\xa0\x80\xc2\xa0");
        CU_ASSERT_STRING_EQUAL(converted(&t, &own, BYTES("\x83"), false), "!");
        CU_ASSERT_STRING_EQUAL(converted(&t, &own, BYTES(""), false), "");
        transcode_fini(&t);
}

static void several_bytes(void)
{
        struct transcode t;
        transcode_init(&t);
        CU_ASSERT_STRING_EQUAL(converted(&t, &gbk, BYTES("a\xc4\xe3"), false), "a\xe4\xbd\xa0");
        CU_ASSERT_STRING_EQUAL(converted(&t, &gbk, BYTES("a\xc4"), false), "!");
        CU_ASSERT_STRING_EQUAL(converted(&t, &gbk, BYTES("a\xc4"), true), "a"); /* cut within a character */
        CU_ASSERT_STRING_EQUAL(converted(&t, &gbk, BYTES("\xff\xff"), true), "!");
        CU_ASSERT_STRING_EQUAL(converted(&t, &utf16, BYTES("\0a\xd8\x3d\xde\x00"), false),
                               "a\xf0\x9f\x98\x80");
        CU_ASSERT_STRING_EQUAL(converted(&t, &utf16, BYTES(""), false), "");
        CU_ASSERT_STRING_EQUAL(converted(&t, &gbk, BYTES("\xc4\xe3"), false),
                               "\xe4\xbd\xa0"); /* no state stays */
        transcode_fini(&t);
}

static void sets_that_are_none(void)
{
        struct transcode t;
        transcode_init(&t);
        CU_ASSERT_STRING_EQUAL(converted(&t, &unheard, BYTES("a"), false), "?");
        CU_ASSERT_STRING_EQUAL(converted(&t, &unheard, BYTES("a"), false), "?");
        transcode_fini(&t);
}

static void what_does_not_fit(void)
{
        struct transcode t;
        uint8_t room[3];
        transcode_init(&t);
        struct writer w = writer_over(room, sizeof room);
        CU_ASSERT_EQUAL(transcode_put(&t, &gbk, BYTES("\xc4\xe3\xc4\xe3"), false, &w), TRANSCODE_ILLEGAL);
        w = writer_over(room, sizeof room);
        CU_ASSERT_EQUAL(transcode_put(&t, &cp866, BYTES("\x8f\xe0"), false, &w), TRANSCODE_ILLEGAL);
        transcode_fini(&t);
}

/** More sets than may be open at once: each still works. */
static void many_sets(void)
{
        static const char *const names[] = {"ISO-8859-1",  "ISO-8859-2",  "ISO-8859-4",  "ISO-8859-9",
                                            "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15",
                                            "ISO-8859-16", "CP1250"};
        struct transcode_from sets[10];
        struct transcode t;
        transcode_init(&t);
        for (size_t i = 0; i < 10; i++) {
                sets[i] = (struct transcode_from){.iconv = names[i], .single = i % 2 == 0, .ascii = true};
        }
        for (size_t round = 0; round < 3; round++) {
                for (size_t i = 0; i < 10; i++) {
                        CU_ASSERT_STRING_EQUAL(converted(&t, &sets[i], BYTES("\xe9"), false), "\xc3\xa9");
                        CU_ASSERT_STRING_EQUAL(converted(&t, &sets[0], BYTES("\xe8"), false), "\xc3\xa8");
                }
        }
        size_t open = 0;
        bool newest = false;
        for (size_t i = 0; i < TRANSCODE_OPEN; i++) {
                open += t.slots[i].from != NULL ? 1 : 0;
                newest = newest || t.slots[i].from == &sets[9];
        }
        CU_ASSERT_EQUAL(open, TRANSCODE_OPEN);
        CU_ASSERT_TRUE(newest);
        transcode_fini(&t);
}

static void plain_texts(void)
{
        char text[] = "0123456789abcdefghi";
        CU_ASSERT_TRUE(transcode_is_plain(&gbk, span_str(text)));
        CU_ASSERT_FALSE(transcode_is_plain(&utf16, span_str(text)));
        CU_ASSERT_TRUE(transcode_is_plain(&utf16, BYTES("")));
        for (size_t i = 0; i < sizeof text - 1; i++) {
                char c = text[i];
                text[i] = '\x80';
                CU_ASSERT_FALSE(transcode_is_plain(&gbk, span_str(text)));
                text[i] = c;
        }
}

static const struct tap_test tests[] = {
    {"sets in which a byte is a character", single_bytes},
    {"sets of several bytes a character", several_bytes},
    {"sets that are none", sets_that_are_none},
    {"what does not fit is no text", what_does_not_fit},
    {"more sets than may be open", many_sets},
    {"plain texts are seen", plain_texts},
};

int main(void)
{
        return TAP_RUN("transcode", tests);
}
