#include "mysql/sql/secret_pairs.h"

#include "base/stride.h"

/* --- sixteen bytes at once, on any processor ------------------------------------------------------------------------- */

#define EACH(c) ((stride)STRIDE_OF(c))

/** Sixteen bytes in lower case. Characters that are not letters may change, too, which only costs a closer look. */
static inline stride load(const uint8_t *at)
{
        return stride_at(at) | EACH(0x20);
}

/** Which of the sixteen bytes at @p at begin one of the pairs? */
static inline stride pairs_of(const uint8_t *at)
{
        stride first = load(at);
        stride next = load(at + 1);
        stride line = first == EACH('_' | 0x20);
        /* r and s, k and o differ by one bit each */
        stride of_s = (line | (first == EACH('s'))) & ((next | EACH('r' ^ 's')) == EACH('s'));
        stride of_d = ((first | EACH('k' ^ 'o')) == EACH('o')) & (next == EACH('d'));
        stride of_m = (line | (first == EACH('m'))) & (next == EACH('m'));
        stride of_p = (first == EACH('p')) & ((next == EACH('w')) | (next == EACH('t')));
        return (stride)(of_s | of_m | of_d | of_p | ((first == EACH('i')) & (next == EACH('f'))) |
                        ((first == EACH(':')) & (next == EACH('/'))));
}

static uint32_t bits_of(stride found)
{
        uint32_t bits = 0;
        if (stride_any(found)) {
                for (unsigned i = 0; i < STRIDE; i++) {
                        bits |= (uint32_t)(found[i] & 1) << i;
                }
        }
        return bits;
}

uint32_t secret_pairs_at_narrow(const uint8_t *at)
{
        return bits_of(pairs_of(at)) | bits_of(pairs_of(at + STRIDE)) << STRIDE;
}

/** Copy @p text, which is shorter than that, with zeros behind it. */
static void pad(uint8_t padded[SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AHEAD], struct span text)
{
        memset(padded, 0, SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AHEAD);
        (void)span_copy(padded, text);
}

bool secret_pairs_any_narrow(struct span text)
{
        if (text.len < STRIDE + SECRET_PAIRS_AHEAD) {
                uint8_t padded[SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AHEAD];
                pad(padded, text);
                return stride_any(pairs_of(padded));
        }
        const uint8_t *last = text.data + (text.len - STRIDE - SECRET_PAIRS_AHEAD);
        stride found = pairs_of(last); /* some bytes are looked at twice */
        for (const uint8_t *at = text.data; at < last; at += STRIDE) {
                found |= pairs_of(at);
        }
        return stride_any(found);
}

/* --- thirty-two bytes at once, with AVX2 --------------------------------------------------------------------------------- */

#ifdef __x86_64__

#include <immintrin.h>

#define WIDE        __attribute__((target("avx2")))
#define WIDE_INLINE static inline __attribute__((target("avx2"), always_inline))

/* Each pair is a bit. A byte can be the first (or the second) of those pairs whose bits are set both for its lower four bits and for
 * its upper four bits; so letters count in either case, and no other characters do.
 *
 *      0x01 _r _s   0x02 ss   0x04 _m   0x08 mm   0x10 kd od   0x20 pw pt   0x40 if   0x80 :/ */

/* by the lower four bits:                     0     1  2     3     4     5  6     7     8  9     a     b     c  d     e  f */
static const int8_t first_low[16] = {0x20, 0, 0, 0x02, 0, 0, 0, 0, 0, 0x40, -0x80, 0x10, 0, 0x08, 0, 0x15};
static const int8_t next_low[16] = {0, 0, 0x01, 0x03, 0x30, 0, 0x40, 0x20, 0, 0, 0, 0, 0, 0x0c, 0, -0x80};
/* by the upper four */
static const int8_t first_high[16] = {0, 0, 0, -0x80, 0x58, 0x27, 0x58, 0x22, 0, 0, 0, 0, 0, 0, 0, 0};
static const int8_t next_high[16] = {0, 0, -0x80, 0, 0x5c, 0x23, 0x5c, 0x23, 0, 0, 0, 0, 0, 0, 0, 0};

struct tables {
        __m256i first_low;
        __m256i first_high;
        __m256i next_low;
        __m256i next_high;
};

WIDE_INLINE __m256i twice(const int8_t table[16])
{
        return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

WIDE_INLINE struct tables load_tables(void)
{
        return (struct tables){twice(first_low), twice(first_high), twice(next_low), twice(next_high)};
}

WIDE_INLINE __m256i classes_of(__m256i bytes, __m256i low, __m256i high)
{
        const __m256i four = _mm256_set1_epi8(0x0f);
        __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
        /* a byte of 0x80 or more looks up nothing */
        return _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, upper));
}

/** Non-zero bytes are those where a pair begins. */
WIDE_INLINE __m256i wide_pairs_of(const struct tables *t, const uint8_t *at)
{
        __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(at + 1));
        return _mm256_and_si256(classes_of(first, t->first_low, t->first_high),
                                classes_of(next, t->next_low, t->next_high));
}

WIDE static uint32_t pairs_at_wide(const uint8_t *at)
{
        const struct tables t = load_tables();
        __m256i none = _mm256_cmpeq_epi8(wide_pairs_of(&t, at), _mm256_setzero_si256());
        return ~(uint32_t)_mm256_movemask_epi8(none);
}

/** @p text is longer than 32 bytes. */
WIDE static bool any_wide(struct span text)
{
        const struct tables t = load_tables();
        const uint8_t *last = text.data + (text.len - SECRET_PAIRS_AT_ONCE - SECRET_PAIRS_AHEAD);
        __m256i found = wide_pairs_of(&t, last); /* some bytes are looked at twice */
        for (const uint8_t *at = text.data; at < last; at += SECRET_PAIRS_AT_ONCE) {
                found = _mm256_or_si256(found, wide_pairs_of(&t, at));
        }
        return !_mm256_testz_si256(found, found);
}

static inline bool is_wide(void)
{
        return __builtin_cpu_supports("avx2") != 0;
}

#else

static uint32_t pairs_at_wide(const uint8_t *at)
{
        return secret_pairs_at_narrow(at);
}

static bool any_wide(struct span text)
{
        return secret_pairs_any_narrow(text);
}

static inline bool is_wide(void)
{
        return false;
}

#endif

uint32_t secret_pairs_at(const uint8_t *at)
{
        return is_wide() ? pairs_at_wide(at) : secret_pairs_at_narrow(at);
}

bool secret_pairs_any(struct span text)
{
        return is_wide() && text.len > SECRET_PAIRS_AT_ONCE ? any_wide(text) : secret_pairs_any_narrow(text);
}
