#include "mysql/sql/sql_marks.h"

/* The first row of the tables below: a byte is in a class if the class is set both for its lower four bits and for its upper four bits.
 * Bytes of 0x80 or more are characters of names. */
enum {
        DIGIT = 0x01,
        LETTER = 0x02,      /* A to O, a to o */
        LAST_LETTER = 0x04, /* P to Z, p to z */
        LINE = 0x08,        /* _ */
        DOLLAR = 0x10,      /* $ */
        SIGN = 0x20,        /* " # ' - / */
        TICK = 0x40,        /* @ ` */
        BACKSLASH = 0x80,
        NAME = DIGIT | LETTER | LAST_LETTER | LINE | DOLLAR,
        MARK = SIGN | TICK | BACKSLASH,
};

static const uint8_t by_low[16] = {
    DIGIT | LAST_LETTER | TICK,
    DIGIT | LETTER | LAST_LETTER,
    DIGIT | LETTER | LAST_LETTER | SIGN,
    DIGIT | LETTER | LAST_LETTER | SIGN,
    DIGIT | LETTER | LAST_LETTER | DOLLAR,
    DIGIT | LETTER | LAST_LETTER,
    DIGIT | LETTER | LAST_LETTER,
    DIGIT | LETTER | LAST_LETTER | SIGN,
    DIGIT | LETTER | LAST_LETTER,
    DIGIT | LETTER | LAST_LETTER,
    LETTER | LAST_LETTER,
    LETTER,
    LETTER | BACKSLASH,
    LETTER | SIGN,
    LETTER,
    LETTER | LINE | SIGN,
};
static const uint8_t by_high[16] = {
    0, 0, DOLLAR | SIGN, DIGIT, LETTER | TICK, LAST_LETTER | LINE | BACKSLASH, LETTER | TICK, LAST_LETTER,
};

/* --- on any processor ------------------------------------------------------------------------------------------------ */

uint32_t sql_marks_at_narrow(const uint8_t *at, enum sql_before before, bool limits)
{
        uint32_t marks = 0;
        bool in_name = before == SQL_BEHIND_NAME;
        for (unsigned i = 0; i < SQL_MARKS_AT_ONCE; i++) {
                uint8_t c = at[i];
                unsigned class = c < 0x80 ? by_low[c & 0xf] & by_high[c >> 4] : NAME;
                bool begins = (c >= '0' && c <= '9') || (c | 0x20) == 'b' || (limits && (c | 0x20) == 'l');
                marks |= (uint32_t)((class & MARK) != 0 || (begins && !in_name)) << i;
                in_name = (class & NAME) != 0;
        }
        return marks;
}

/* --- with AVX2 ------------------------------------------------------------------------------------------------------------- */

#ifdef __x86_64__

#include <immintrin.h>

#define WIDE        __attribute__((target("avx2")))
#define WIDE_INLINE static inline __attribute__((target("avx2"), always_inline))

WIDE_INLINE __m256i twice(const uint8_t table[16])
{
        return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/** The bits of those bytes in which any of the bits of @p class is set. */
WIDE_INLINE uint32_t bits_with(__m256i classes, int class)
{
        __m256i without = _mm256_cmpeq_epi8(_mm256_and_si256(classes, _mm256_set1_epi8((char)class)),
                                            _mm256_setzero_si256());
        return ~(uint32_t)_mm256_movemask_epi8(without);
}

WIDE_INLINE uint32_t bits_equal(__m256i bytes, char c)
{
        return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

WIDE static uint32_t marks_wide(const uint8_t *at, enum sql_before before, bool limits)
{
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
        __m256i classes = _mm256_and_si256(_mm256_shuffle_epi8(twice(by_low), bytes),
                                           _mm256_shuffle_epi8(twice(by_high), upper));
        __m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
        uint32_t begins = bits_with(classes, DIGIT) | bits_equal(lower, 'b');
        begins |= limits ? bits_equal(lower, 'l') : 0;
        uint32_t names = bits_with(classes, NAME) | (uint32_t)_mm256_movemask_epi8(bytes);
        uint32_t behind_names = names << 1 | (before == SQL_BEHIND_NAME ? 1 : 0);
        return bits_with(classes, MARK) | (begins & ~behind_names);
}

uint32_t sql_marks_at(const uint8_t *at, enum sql_before before, bool limits)
{
        return __builtin_cpu_supports("avx2") ? marks_wide(at, before, limits)
                                              : sql_marks_at_narrow(at, before, limits);
}

#else

uint32_t sql_marks_at(const uint8_t *at, enum sql_before before, bool limits)
{
        return sql_marks_at_narrow(at, before, limits);
}

#endif
