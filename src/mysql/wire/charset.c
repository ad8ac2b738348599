#include "mysql/wire/charset.h"

#include <strings.h>

/* Where the servers and the C library differ, the servers are followed. */
#define FIXES(...) ((const struct transcode_fix[]){__VA_ARGS__, {0, 0}})

/* Kamenicky, which the C library does not have. */
static const uint16_t keybcs2[128] = {
    0x010c, 0x00fc, 0x00e9, 0x010f, 0x00e4, 0x010e, 0x0164, 0x010d, 0x011b, 0x011a, 0x0139, 0x00cd, 0x013e,
    0x013a, 0x00c4, 0x00c1, 0x00c9, 0x017e, 0x017d, 0x00f4, 0x00f6, 0x00d3, 0x016f, 0x00da, 0x00fd, 0x00d6,
    0x00dc, 0x0160, 0x013d, 0x00dd, 0x0158, 0x0165, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x0148, 0x0147, 0x016e,
    0x00d4, 0x0161, 0x0159, 0x0155, 0x0154, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514,
    0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c,
    0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
    0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

enum set_kind {
        KIND_CONVERTED,
        KIND_UTF8,  /* or ASCII */
        KIND_BYTES, /* no text */
};

struct set {
        const char *name;
        enum set_kind kind;
        bool hides_ascii;
        struct transcode_from from;
};

enum {
        SET_ARMSCII8 = 1,
        SET_ASCII,
        SET_BIG5,
        SET_BINARY,
        SET_CP1250,
        SET_CP1251,
        SET_CP1256,
        SET_CP1257,
        SET_CP850,
        SET_CP852,
        SET_CP866,
        SET_CP932,
        SET_DEC8,
        SET_EUCJPMS,
        SET_EUCKR,
        SET_GB18030,
        SET_GB2312,
        SET_GBK,
        SET_GEOSTD8,
        SET_GREEK,
        SET_HEBREW,
        SET_HP8,
        SET_KEYBCS2,
        SET_KOI8R,
        SET_KOI8U,
        SET_LATIN1,
        SET_LATIN2,
        SET_LATIN5,
        SET_LATIN7,
        SET_MACCE,
        SET_MACROMAN,
        SET_SJIS,
        SET_SWE7,
        SET_TIS620,
        SET_UCS2,
        SET_UJIS,
        SET_UTF16,
        SET_UTF16LE,
        SET_UTF32,
        SET_UTF8MB3,
        SET_UTF8MB4,
        SET_COUNT
};

static const struct set sets[SET_COUNT] = {
    [SET_ARMSCII8] = {"armscii8",
                      KIND_CONVERTED,
                      false,
                      {.iconv = "ARMSCII-8",
                       .single = true,
                       .ascii = true,
                       .fixes = FIXES({0xa1, 0x2741}, {0xa2, 0x00a7}, {0xad, 0x055f}, {0xfe, 0x2019},
                                      {0xff, 0x0027})}},
    [SET_ASCII] = {"ascii", KIND_UTF8, false, {0}},
    [SET_BIG5] = {"big5", KIND_CONVERTED, true, {.iconv = "BIG5", .ascii = true}},
    [SET_BINARY] = {"binary", KIND_BYTES, false, {0}},
    [SET_CP1250] = {"cp1250", KIND_CONVERTED, false, {.iconv = "CP1250", .single = true, .ascii = true}},
    [SET_CP1251] = {"cp1251", KIND_CONVERTED, false, {.iconv = "CP1251", .single = true, .ascii = true}},
    [SET_CP1256] = {"cp1256", KIND_CONVERTED, false, {.iconv = "CP1256", .single = true, .ascii = true}},
    [SET_CP1257] = {"cp1257", KIND_CONVERTED, false, {.iconv = "CP1257", .single = true, .ascii = true}},
    [SET_CP850] = {"cp850", KIND_CONVERTED, false, {.iconv = "CP850", .single = true, .ascii = true}},
    [SET_CP852] = {"cp852", KIND_CONVERTED, false, {.iconv = "CP852", .single = true, .ascii = true}},
    [SET_CP866] =
        {"cp866",
         KIND_CONVERTED,
         false,
         {.iconv = "CP866", .single = true, .ascii = true, .fixes = FIXES({0xfc, 0x207f}, {0xfd, 0x00b2})}},
    [SET_CP932] = {"cp932", KIND_CONVERTED, true, {.iconv = "CP932", .ascii = true}},
    [SET_DEC8] = {"dec8",
                  KIND_CONVERTED,
                  false,
                  {.iconv = "DEC-MCS", .single = true, .ascii = true, .fixes = FIXES({0xa0, 0x00a0})}},
    [SET_EUCJPMS] = {"eucjpms", KIND_CONVERTED, false, {.iconv = "EUC-JP-MS", .ascii = true}},
    [SET_EUCKR] = {"euckr", KIND_CONVERTED, false, {.iconv = "UHC", .ascii = true}},
    [SET_GB18030] = {"gb18030", KIND_CONVERTED, true, {.iconv = "GB18030", .ascii = true}},
    [SET_GB2312] = {"gb2312", KIND_CONVERTED, false, {.iconv = "EUC-CN", .ascii = true}},
    [SET_GBK] = {"gbk", KIND_CONVERTED, true, {.iconv = "GBK", .ascii = true}},
    [SET_GEOSTD8] = {"geostd8",
                     KIND_CONVERTED,
                     false,
                     {.iconv = "GEORGIAN-PS",
                      .single = true,
                      .ascii = true,
                      .fixes = FIXES({0x80, 0x20ac}, {0xfd, 0x2116})}},
    [SET_GREEK] = {"greek",
                   KIND_CONVERTED,
                   false,
                   {.iconv = "ISO-8859-7",
                    .single = true,
                    .ascii = true,
                    .fixes = FIXES({0xa1, 0x02bd}, {0xa2, 0x02bc})}},
    [SET_HEBREW] = {"hebrew",
                    KIND_CONVERTED,
                    false,
                    {.iconv = "ISO-8859-8", .single = true, .ascii = true, .fixes = FIXES({0xaf, 0x203e})}},
    [SET_HP8] = {"hp8", KIND_CONVERTED, false, {.iconv = "HP-ROMAN8", .single = true, .ascii = true}},
    [SET_KEYBCS2] = {"keybcs2", KIND_CONVERTED, false, {.single = true, .ascii = true, .upper = keybcs2}},
    [SET_KOI8R] = {"koi8r", KIND_CONVERTED, false, {.iconv = "KOI8-R", .single = true, .ascii = true}},
    [SET_KOI8U] = {"koi8u",
                   KIND_CONVERTED,
                   false,
                   {.iconv = "KOI8-U", .single = true, .ascii = true, .fixes = FIXES({0x95, 0x2022})}},
    [SET_LATIN1] = {"latin1",
                    KIND_CONVERTED,
                    false,
                    {.iconv = "CP1252", .single = true, .ascii = true, .c1 = true}},
    [SET_LATIN2] = {"latin2", KIND_CONVERTED, false, {.iconv = "ISO-8859-2", .single = true, .ascii = true}},
    [SET_LATIN5] = {"latin5", KIND_CONVERTED, false, {.iconv = "ISO-8859-9", .single = true, .ascii = true}},
    [SET_LATIN7] = {"latin7", KIND_CONVERTED, false, {.iconv = "ISO-8859-13", .single = true, .ascii = true}},
    [SET_MACCE] = {"macce",
                   KIND_CONVERTED,
                   false,
                   {.iconv = "MAC-CENTRALEUROPE", .single = true, .ascii = true}},
    [SET_MACROMAN] = {"macroman",
                      KIND_CONVERTED,
                      false,
                      {.iconv = "MACINTOSH",
                       .single = true,
                       .ascii = true,
                       .fixes = FIXES({0xc6, 0x2206}, {0xf0, 0xf8ff})}},
    [SET_SJIS] = {"sjis", KIND_CONVERTED, true, {.iconv = "CP932", .ascii = true}},
    [SET_SWE7] = {"swe7",
                  KIND_CONVERTED,
                  false,
                  {.iconv = "SEN_850200_C", .single = true, .fixes = FIXES({0x24, 0x0024}, {0x7f, 0x007f})}},
    [SET_TIS620] = {"tis620",
                    KIND_CONVERTED,
                    false,
                    {.iconv = "TIS-620", .single = true, .ascii = true, .c1 = true}},
    [SET_UCS2] = {"ucs2", KIND_CONVERTED, false, {.iconv = "UCS-2BE"}},
    [SET_UJIS] = {"ujis", KIND_CONVERTED, false, {.iconv = "EUC-JP", .ascii = true}},
    [SET_UTF16] = {"utf16", KIND_CONVERTED, false, {.iconv = "UTF-16BE"}},
    [SET_UTF16LE] = {"utf16le", KIND_CONVERTED, false, {.iconv = "UTF-16LE"}},
    [SET_UTF32] = {"utf32", KIND_CONVERTED, false, {.iconv = "UTF-32BE"}},
    [SET_UTF8MB3] = {"utf8mb3", KIND_UTF8, false, {0}},
    [SET_UTF8MB4] = {"utf8mb4", KIND_UTF8, false, {0}},
};

struct range {
        uint16_t first;
        uint16_t last;
        uint8_t set;
};

/* In the order of the ids. */
static const struct range ranges[] = {
    {1, 1, SET_BIG5},
    {2, 2, SET_LATIN2},
    {3, 3, SET_DEC8},
    {4, 4, SET_CP850},
    {5, 5, SET_LATIN1},
    {6, 6, SET_HP8},
    {7, 7, SET_KOI8R},
    {8, 8, SET_LATIN1},
    {9, 9, SET_LATIN2},
    {10, 10, SET_SWE7},
    {11, 11, SET_ASCII},
    {12, 12, SET_UJIS},
    {13, 13, SET_SJIS},
    {14, 14, SET_CP1251},
    {15, 15, SET_LATIN1},
    {16, 16, SET_HEBREW},
    {18, 18, SET_TIS620},
    {19, 19, SET_EUCKR},
    {20, 20, SET_LATIN7},
    {21, 21, SET_LATIN2},
    {22, 22, SET_KOI8U},
    {23, 23, SET_CP1251},
    {24, 24, SET_GB2312},
    {25, 25, SET_GREEK},
    {26, 26, SET_CP1250},
    {27, 27, SET_LATIN2},
    {28, 28, SET_GBK},
    {29, 29, SET_CP1257},
    {30, 30, SET_LATIN5},
    {31, 31, SET_LATIN1},
    {32, 32, SET_ARMSCII8},
    {33, 33, SET_UTF8MB3},
    {34, 34, SET_CP1250},
    {35, 35, SET_UCS2},
    {36, 36, SET_CP866},
    {37, 37, SET_KEYBCS2},
    {38, 38, SET_MACCE},
    {39, 39, SET_MACROMAN},
    {40, 40, SET_CP852},
    {41, 42, SET_LATIN7},
    {43, 43, SET_MACCE},
    {44, 44, SET_CP1250},
    {45, 46, SET_UTF8MB4},
    {47, 49, SET_LATIN1},
    {50, 52, SET_CP1251},
    {53, 53, SET_MACROMAN},
    {54, 55, SET_UTF16},
    {56, 56, SET_UTF16LE},
    {57, 57, SET_CP1256},
    {58, 59, SET_CP1257},
    {60, 61, SET_UTF32},
    {62, 62, SET_UTF16LE},
    {63, 63, SET_BINARY},
    {64, 64, SET_ARMSCII8},
    {65, 65, SET_ASCII},
    {66, 66, SET_CP1250},
    {67, 67, SET_CP1256},
    {68, 68, SET_CP866},
    {69, 69, SET_DEC8},
    {70, 70, SET_GREEK},
    {71, 71, SET_HEBREW},
    {72, 72, SET_HP8},
    {73, 73, SET_KEYBCS2},
    {74, 74, SET_KOI8R},
    {75, 75, SET_KOI8U},
    {76, 76, SET_UTF8MB3},
    {77, 77, SET_LATIN2},
    {78, 78, SET_LATIN5},
    {79, 79, SET_LATIN7},
    {80, 80, SET_CP850},
    {81, 81, SET_CP852},
    {82, 82, SET_SWE7},
    {83, 83, SET_UTF8MB3},
    {84, 84, SET_BIG5},
    {85, 85, SET_EUCKR},
    {86, 86, SET_GB2312},
    {87, 87, SET_GBK},
    {88, 88, SET_SJIS},
    {89, 89, SET_TIS620},
    {90, 90, SET_UCS2},
    {91, 91, SET_UJIS},
    {92, 93, SET_GEOSTD8},
    {94, 94, SET_LATIN1},
    {95, 96, SET_CP932},
    {97, 98, SET_EUCJPMS},
    {99, 99, SET_CP1250},
    {101, 124, SET_UTF16},
    {128, 151, SET_UCS2},
    {159, 159, SET_UCS2},
    {160, 183, SET_UTF32},
    {192, 215, SET_UTF8MB3},
    {223, 223, SET_UTF8MB3},
    {224, 247, SET_UTF8MB4},
    {248, 250, SET_GB18030},
    {255, 323, SET_UTF8MB4},
    {576, 578, SET_UTF8MB3},
    {608, 610, SET_UTF8MB4},
    {640, 642, SET_UCS2},
    {672, 674, SET_UTF16},
    {736, 738, SET_UTF32},
    /* MariaDB: UCA 14.0.0 collations, a block of 256 a character set */
    {2048, 2303, SET_UTF8MB3},
    {2304, 2559, SET_UTF8MB4},
    {2560, 2815, SET_UCS2},
    {2816, 3071, SET_UTF16},
    {3072, 3327, SET_UTF32},
};

/* MariaDB numbers the NO PAD variant of collation n as 1024 + n. */
#define NOPAD_BASE 1024

uint8_t charset_of_collation(uint16_t collation_id)
{
        uint16_t id = collation_id;
        if (id > NOPAD_BASE && id < 2 * NOPAD_BASE) {
                id = (uint16_t)(id - NOPAD_BASE);
        }
        for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && ranges[i].first <= id; i++) {
                if (id <= ranges[i].last) {
                        return ranges[i].set;
                }
        }
        return CHARSET_UNKNOWN;
}

/* The lengths of the shortest and longest name of a set; callers ask about many other words. */
enum { NAME_MIN = sizeof "hp8" - 1, NAME_MAX = sizeof "armscii8" - 1 };

uint8_t charset_of_name(struct span name)
{
        if (name.len == 4 && strncasecmp((const char *)name.data, "utf8", 4) == 0) {
                return SET_UTF8MB3;
        }
        if (name.len < NAME_MIN || name.len > NAME_MAX) {
                return CHARSET_UNKNOWN;
        }
        for (unsigned i = 1; i < SET_COUNT; i++) {
                bool may_be = ((name.data[0] ^ (uint8_t)sets[i].name[0]) & 0xdf) == 0;
                if (may_be && name.len == strlen(sets[i].name) &&
                    strncasecmp((const char *)name.data, sets[i].name, name.len) == 0) {
                        return (uint8_t)i;
                }
        }
        return CHARSET_UNKNOWN;
}

const char *charset_title(uint8_t charset)
{
        return charset < SET_COUNT ? sets[charset].name : NULL;
}

const struct transcode_from *charset_from(uint8_t charset)
{
        bool converted =
            charset != CHARSET_UNKNOWN && charset < SET_COUNT && sets[charset].kind == KIND_CONVERTED;
        return converted ? &sets[charset].from : NULL;
}

bool charset_is_utf8(uint8_t charset)
{
        return charset != CHARSET_UNKNOWN && charset < SET_COUNT && sets[charset].kind == KIND_UTF8;
}

bool charset_hides_ascii(uint8_t charset)
{
        return charset < SET_COUNT && sets[charset].hides_ascii;
}

const char *charset_name(uint16_t collation_id)
{
        return charset_title(charset_of_collation(collation_id));
}
