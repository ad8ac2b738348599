#include "mysql/sql/secret_pairs.h"

#include "base/stride.h"

/* --- sixteen bytes at once, on any processor ------------------------------------------------------------------------- */

#define EACH(c) ((stride)STRIDE_OF(c))

/** Sixteen bytes in lower case. Characters that are not letters may change, too, which only costs a closer look. */
static inline stride load(const uint8_t *at)
{
        return stride_at(at) | EACH(0x20);
}

/** Which of the sixteen bytes at @p at begin one of the pairs, behind the byte that must precede it? */
static inline stride pairs_of(const uint8_t *at)
{
        stride before = load(at - 1);
        stride first = load(at);
        stride next = load(at + 1);
        /* r and s differ by one bit */
        stride of_line =
            (first == EACH('_' | 0x20)) & (((next | EACH('r' ^ 's')) == EACH('s')) | (next == EACH('m')));
        stride of_s = (first == EACH('s')) & (((before == EACH('a')) & (next == EACH('s'))) |
                                              ((before == EACH('s')) & (next == EACH('t'))));
        stride of_y = (before == EACH('y')) & (((first == EACH('m')) & (next == EACH('m'))) |
                                               ((first == EACH('p')) & (next == EACH('t'))));
        stride of_d = (before == EACH('c')) & (first == EACH('o')) & (next == EACH('d'));
        stride of_f = (next == EACH('f')) & (((before == EACH('t')) & (first == EACH('i'))) |
                                             ((before == EACH('k')) & (first == EACH('d'))));
        stride of_w = (first == EACH('p')) & (next == EACH('w'));
        return (stride)(of_line | of_s | of_y | of_d | of_f | of_w |
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

/** Copy @p text, which is shorter than that, with zeros around it. */
static void pad(uint8_t padded[SECRET_PAIRS_BLOCK], struct span text)
{
        memset(padded, 0, SECRET_PAIRS_BLOCK);
        (void)span_copy(padded + SECRET_PAIRS_AROUND, text);
}

bool secret_pairs_any_narrow(struct span text)
{
        uint8_t padded[SECRET_PAIRS_BLOCK];
        if (text.len < STRIDE + SECRET_PAIRS_AROUND) {
                pad(padded, text);
                return stride_any(pairs_of(padded + SECRET_PAIRS_AROUND));
        }
        pad(padded, span_head(text, STRIDE + SECRET_PAIRS_AROUND));
        stride found = pairs_of(padded + SECRET_PAIRS_AROUND);
        size_t last = text.len - STRIDE - SECRET_PAIRS_AROUND; /* some bytes are looked at twice */
        for (size_t at = STRIDE; at < last; at += STRIDE) {
                found |= pairs_of(text.data + at);
        }
        if (last > 0) {
                found |= pairs_of(text.data + last);
        }
        return stride_any(found);
}

uint32_t secret_pairs_next_narrow(struct span text, size_t *at)
{
        uint32_t bits = 0;
        while (text.len - *at >= SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AROUND &&
               (bits = secret_pairs_at_narrow(text.data + *at)) == 0) {
                *at += SECRET_PAIRS_AT_ONCE;
        }
        return bits;
}

/* --- thirty-two bytes at once, with AVX2 --------------------------------------------------------------------------------- */

#ifdef __x86_64__

#include <immintrin.h>

#define WIDE        __attribute__((target("avx2")))
#define WIDE_INLINE static inline __attribute__((target("avx2"), always_inline))

/* Each kind of pair is a bit. A byte can be the first one, the next one, or the one before those, of those kinds whose bits are set both
 * for its lower four bits and for its upper four bits; so letters count in either case, and few other characters do.
 *
 *      0x01 _r _s _m behind e n 3 p y   0x02 ss behind a   0x04 st behind s   0x08 mm pt behind y
 *      0x10 od behind c                 0x20 pw            0x40 if behind t, df behind k   0x80 :/ */

/* by the lower and by the upper four bits */
/* clang-format off */
static const int8_t before_low[16] = {0x01, 0x02, 0, 0x15, 0x40, 0x01, 0, 0, 0, 0x09, 0, 0x40, 0, 0, 0x01, 0};
static const int8_t before_high[16] = {0, 0, 0, 0x01, 0x53, 0x4d, 0x53, 0x4d, 0, 0, 0, 0, 0, 0, 0, 0};
static const int8_t first_low[16] = {0x28, 0, 0, 0x06, 0x40, 0, 0, 0, 0, 0x40, -0x80, 0, 0, 0x08, 0, 0x11};
static const int8_t first_high[16] = {0, 0, 0, -0x80, 0x58, 0x2f, 0x58, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0};
static const int8_t next_low[16] = {0, 0, 0x01, 0x03, 0x1c, 0, 0x40, 0x20, 0, 0, 0, 0, 0, 0x09, 0, -0x80};
static const int8_t next_high[16] = {0, 0, -0x80, 0, 0x59, 0x2f, 0x59, 0x2f, 0, 0, 0, 0, 0, 0, 0, 0};
/* clang-format on */
/* These may stand behind any byte, also at the beginning. */
enum { BEHIND_ANY = -0x80 | 0x20 };
/* st is common; behind s it follows ss, which is a pair, too. */
enum { ONLY_BEHIND_S = 0x04 };

struct tables {
        __m256i before_low;
        __m256i before_high;
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
        return (struct tables){twice(before_low), twice(before_high), twice(first_low),
                               twice(first_high), twice(next_low),    twice(next_high)};
}

WIDE_INLINE __m256i classes_of(__m256i bytes, __m256i low, __m256i high)
{
        const __m256i four = _mm256_set1_epi8(0x0f);
        __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
        /* a byte of 0x80 or more looks up nothing */
        return _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, upper));
}

/** Non-zero bytes are those where a pair begins, whatever is before it. */
WIDE_INLINE __m256i wide_pairs_alone(const struct tables *t, const uint8_t *at)
{
        __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(at + 1));
        return _mm256_and_si256(classes_of(first, t->first_low, t->first_high),
                                classes_of(next, t->next_low, t->next_high));
}

/** Non-zero bytes are those where a pair begins, behind the byte that must precede it. */
WIDE_INLINE __m256i wide_pairs_of(const struct tables *t, const uint8_t *at)
{
        __m256i before = _mm256_loadu_si256((const __m256i *)(const void *)(at - 1));
        __m256i allowed =
            _mm256_or_si256(classes_of(before, t->before_low, t->before_high), _mm256_set1_epi8(BEHIND_ANY));
        return _mm256_and_si256(allowed, wide_pairs_alone(t, at));
}

WIDE static uint32_t pairs_at_wide(const uint8_t *at)
{
        const struct tables t = load_tables();
        __m256i none = _mm256_cmpeq_epi8(wide_pairs_of(&t, at), _mm256_setzero_si256());
        return ~(uint32_t)_mm256_movemask_epi8(none);
}

/** @p text is longer than 32 bytes. It is shorter than a few hundred, mostly: the bytes before the pairs are not worth a look. */
WIDE static bool any_wide(struct span text)
{
        const struct tables t = load_tables();
        const uint8_t *last = text.data + (text.len - SECRET_PAIRS_AT_ONCE - SECRET_PAIRS_AROUND);
        __m256i found = wide_pairs_alone(&t, last); /* some bytes are looked at twice */
        for (const uint8_t *at = text.data; at < last; at += SECRET_PAIRS_AT_ONCE) {
                found = _mm256_or_si256(found, wide_pairs_alone(&t, at));
        }
        const __m256i wanted = _mm256_set1_epi8(~ONLY_BEHIND_S);
        return !_mm256_testz_si256(found, wanted);
}

/** As next_narrow. */
WIDE static uint32_t next_wide(struct span text, size_t *at)
{
        const struct tables t = load_tables();
        const __m256i zero = _mm256_setzero_si256();
        while (text.len - *at >= SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AROUND) {
                __m256i found = wide_pairs_of(&t, text.data + *at);
                if (!_mm256_testz_si256(found, found)) {
                        return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, zero));
                }
                *at += SECRET_PAIRS_AT_ONCE;
        }
        return 0;
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

static uint32_t next_wide(struct span text, size_t *at)
{
        return next_narrow(text, at);
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

/** The bits of the 32 bytes at @p at, which is the beginning of @p text, or near to its end: without reading outside it. */
static uint32_t pairs_at_edge(struct span text, size_t at)
{
        size_t before = at > 0 ? SECRET_PAIRS_AROUND : 0;
        struct span rest = span_of(text.data + at - before, text.len - at + before);
        uint8_t block[SECRET_PAIRS_BLOCK] = {0};
        (void)span_copy(block + SECRET_PAIRS_AROUND - before,
                        span_head(rest, sizeof block - SECRET_PAIRS_AROUND + before));
        return secret_pairs_at(block + SECRET_PAIRS_AROUND);
}

uint32_t secret_pairs_next(struct span text, size_t *at)
{
        uint32_t found = 0;
        while (found == 0 && *at + SECRET_PAIRS_AROUND < text.len) {
                if (*at > 0 && text.len - *at >= SECRET_PAIRS_AT_ONCE + SECRET_PAIRS_AROUND) {
                        found = is_wide() ? next_wide(text, at) : secret_pairs_next_narrow(text, at);
                }
                if (found == 0 && *at + SECRET_PAIRS_AROUND < text.len) {
                        found = pairs_at_edge(text, *at);
                }
                *at += SECRET_PAIRS_AT_ONCE;
        }
        return found;
}

bool secret_pairs_any(struct span text)
{
        return is_wide() && text.len > SECRET_PAIRS_AT_ONCE ? any_wide(text) : secret_pairs_any_narrow(text);
}
