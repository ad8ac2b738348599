#include "mysql/wire/charset.h"
#include "tap.h"

#define BYTES(literal) span_of("" literal, sizeof(literal) - 1)

static void collations_have_sets(void)
{
        static const struct {
                uint16_t id;
                const char *name;
        } some[] = {
            {8, "latin1"},     {45, "utf8mb4"},   {255, "utf8mb4"},  {33, "utf8mb3"},   {63, "binary"},
            {1070, "utf8mb4"}, {2304, "utf8mb4"}, {2048, "utf8mb3"}, {2503, "utf8mb4"}, {3271, "utf32"},
            {576, "utf8mb3"},  {608, "utf8mb4"},  {640, "ucs2"},     {672, "utf16"},    {736, "utf32"},
            {250, "gb18030"},  {1147, "utf16"},   {323, "utf8mb4"},  {76, "utf8mb3"},   {1, "big5"},
            {98, "eucjpms"},   {1025, "big5"},
        };
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                CU_ASSERT_STRING_EQUAL(charset_name(some[i].id), some[i].name);
        }
        static const uint16_t none[] = {0, 17, 100, 125, 324, 575, 1024, 1041, 2047, 3328, 60000};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                CU_ASSERT_PTR_NULL(charset_name(none[i]));
        }
}

static void ids_stand_in_order(void)
{
        size_t known = 0;
        for (uint32_t id = 0; id <= UINT16_MAX; id++) {
                known += charset_of_collation((uint16_t)id) != CHARSET_UNKNOWN ? 1 : 0;
        }
        CU_ASSERT_TRUE(known > 1500); /* a range out of order would hide those behind it */
}

static void names_find_sets(void)
{
        size_t n = 0;
        for (uint8_t i = 1; charset_title(i) != NULL; i++) {
                n++;
                CU_ASSERT_EQUAL(charset_of_name(span_str(charset_title(i))), i);
        }
        CU_ASSERT_EQUAL(n, 41);
        CU_ASSERT_EQUAL(charset_of_name(BYTES("LATIN1")), charset_of_collation(8));
        CU_ASSERT_EQUAL(charset_of_name(BYTES("utf8")), charset_of_collation(33));
        CU_ASSERT_EQUAL(charset_of_name(BYTES("latin")), CHARSET_UNKNOWN);
        CU_ASSERT_EQUAL(charset_of_name(BYTES("")), CHARSET_UNKNOWN);
        CU_ASSERT_PTR_NULL(charset_title(CHARSET_UNKNOWN));
        CU_ASSERT_PTR_NULL(charset_title(255));
}

static void kinds(void)
{
        uint8_t utf8 = charset_of_name(BYTES("utf8mb4"));
        uint8_t binary = charset_of_name(BYTES("binary"));
        uint8_t gbk = charset_of_name(BYTES("gbk"));
        CU_ASSERT_TRUE(charset_is_utf8(utf8));
        CU_ASSERT_FALSE(charset_is_utf8(gbk));
        CU_ASSERT_FALSE(charset_is_utf8(CHARSET_UNKNOWN));
        CU_ASSERT_FALSE(charset_is_utf8(255));
        CU_ASSERT_PTR_NULL(charset_from(utf8));
        CU_ASSERT_PTR_NULL(charset_from(binary));
        CU_ASSERT_PTR_NULL(charset_from(CHARSET_UNKNOWN));
        CU_ASSERT_PTR_NULL(charset_from(255));
        CU_ASSERT_PTR_NOT_NULL(charset_from(gbk));
        CU_ASSERT_TRUE(charset_hides_ascii(gbk));
        CU_ASSERT_FALSE(charset_hides_ascii(utf8));
        CU_ASSERT_FALSE(charset_hides_ascii(255));
}

/** Every set that is converted can be, here. */
static void all_sets_convert(void)
{
        struct transcode t;
        char room[64];
        transcode_init(&t);
        for (uint8_t i = 1; charset_title(i) != NULL; i++) {
                const struct transcode_from *from = charset_from(i);
                struct writer w = writer_over(room, sizeof room);
                if (from != NULL) {
                        CU_ASSERT_EQUAL(transcode_put(&t, from, BYTES("\0\0\0A"), false, &w), TRANSCODE_DONE);
                }
        }
        transcode_fini(&t);
}

static void texts_of_many_sets(void)
{
        static const struct {
                const char *set;
                const char *in;
                const char *out;
        } some[] = {
            {"latin1", "\x80\xe9\x81", "\xe2\x82\xac\xc3\xa9\xc2\x81"},
            {"cp1251", "\xcf\xf0\xe8", "\xd0\x9f\xd1\x80\xd0\xb8"},
            {"koi8r", "\xf0\xd2\xc9", "\xd0\x9f\xd1\x80\xd0\xb8"},
            {"latin2", "\xb1", "\xc4\x85"},
            {"tis620", "\xa1", "\xe0\xb8\x81"},
            {"gbk", "\xc4\xe3", "\xe4\xbd\xa0"},
            {"gb2312", "\xc4\xe3", "\xe4\xbd\xa0"},
            {"gb18030", "\x81\x30\x81\x30", "\xc2\x80"},
            {"big5", "\xa7\x41", "\xe4\xbd\xa0"},
            {"sjis", "\x83\x65\\~", "\xe3\x83\x86\\~"},
            {"cp932", "\x87\x40", "\xe2\x91\xa0"},
            {"ujis", "\xa5\xc6", "\xe3\x83\x86"},
            {"eucjpms", "\xad\xa1", "\xe2\x91\xa0"},
            {"euckr", "\x81\x41\xb0\xa1", "\xea\xb0\x82\xea\xb0\x80"},
            {"utf16le", "A\0" /* and a NUL */, NULL},
            {"keybcs2", "\x80", "\xc4\x8c"},
            {"swe7", "[$", "\xc3\x84$"},
            {"armscii8", "\xff\xa2", "'\xc2\xa7"},
            {"cp866", "\xfc", "\xe2\x81\xbf"},
            {"macroman", "\xc6", "\xe2\x88\x86"},
            {"geostd8", "\x80", "\xe2\x82\xac"},
            {"greek", "\xa1", "\xca\xbd"},
            {"hebrew", "\xaf", "\xe2\x80\xbe"},
            {"koi8u", "\x95", "\xe2\x80\xa2"},
        };
        struct transcode t;
        char room[64];
        transcode_init(&t);
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                if (some[i].out == NULL) {
                        continue;
                }
                struct writer w = writer_over(room, sizeof room - 1);
                enum transcode_end end =
                    transcode_put(&t, charset_from(charset_of_name(span_str(some[i].set))),
                                  span_str(some[i].in), false, &w);
                room[w.at] = '\0';
                CU_ASSERT_EQUAL(end, TRANSCODE_DONE);
                CU_ASSERT_STRING_EQUAL(room, some[i].out);
        }
        static const struct {
                const char *set;
                struct span in;
        } wide[] = {{"utf16le", {(const uint8_t *)"\x60\x4f", 2}},
                    {"utf16", {(const uint8_t *)"\x4f\x60", 2}},
                    {"ucs2", {(const uint8_t *)"\x4f\x60", 2}},
                    {"utf32", {(const uint8_t *)"\0\0\x4f\x60", 4}}};
        for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
                struct writer w = writer_over(room, sizeof room);
                (void)transcode_put(&t, charset_from(charset_of_name(span_str(wide[i].set))), wide[i].in,
                                    false, &w);
                CU_ASSERT_TRUE(span_equal(writer_span(&w), BYTES("\xe4\xbd\xa0")));
        }
        transcode_fini(&t);
}

static const struct tap_test tests[] = {
    {"collations have sets", collations_have_sets}, {"ids stand in order", ids_stand_in_order},
    {"names find sets", names_find_sets},           {"kinds of sets", kinds},
    {"all sets convert", all_sets_convert},         {"texts of many sets", texts_of_many_sets},
};

int main(void)
{
        return TAP_RUN("charset", tests);
}
