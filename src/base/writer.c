#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

/* clang-format off */
#define TEN(d) d "0", d "1", d "2", d "3", d "4", d "5", d "6", d "7", d "8", d "9"

const char decimal_pairs[100][3] = {TEN("0"), TEN("1"), TEN("2"), TEN("3"), TEN("4"),
                                    TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9")};

#define NUMBERS(d, end)                                                                                      \
        d "0" end d "1" end d "2" end d "3" end d "4" end d "5" end d "6" end d "7" end d "8" end d "9" end
#define TENS(d, end)                                                                                         \
        NUMBERS(d "1", end) NUMBERS(d "2", end) NUMBERS(d "3", end) NUMBERS(d "4", end) NUMBERS(d "5", end)  \
        NUMBERS(d "6", end) NUMBERS(d "7", end) NUMBERS(d "8", end) NUMBERS(d "9", end)
#define HUNDRED(d) NUMBERS(d "0", "\3") TENS(d, "\3")

const char decimal_small[DECIMAL_SMALL * 4 + 1] =
        NUMBERS("", "\0\0\1") TENS("", "\0\2")
        HUNDRED("1") HUNDRED("2") HUNDRED("3") HUNDRED("4") HUNDRED("5")
        HUNDRED("6") HUNDRED("7") HUNDRED("8") HUNDRED("9");
/* clang-format on */

void writer_uint(struct writer *w, uint64_t value, unsigned n)
{
        uint8_t bytes[8];
        for (unsigned i = 0; i < n && i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)(value >> (8 * i));
        }
        writer_bytes(w, bytes, n < sizeof bytes ? n : sizeof bytes);
}

uint8_t *decimal_put_long(uint8_t *to, uint64_t value)
{
        uint8_t *last = decimal_put(to, value / 100);
        memcpy(last, decimal_pairs[value % 100], 2);
        return last + 2;
}

/** Put @p value where there may be too little space for it. */
static __attribute__((noinline)) void decimal_put_checked(struct writer *w, uint64_t value)
{
        uint8_t digits[DECIMAL_MAX];
        writer_bytes(w, digits, (size_t)(decimal_put(digits, value) - digits));
}

void writer_decimal(struct writer *w, uint64_t value)
{
        if (w->failed || w->size - w->at < DECIMAL_MAX) {
                decimal_put_checked(w, value);
                return;
        }
        uint8_t *to = w->data + w->at;
        size_t n = (size_t)(decimal_put(to, value) - to);
        w->at += n;
        w->wanted += n;
}

void writer_repeat(struct writer *w, char c, size_t n)
{
        w->wanted += n;
        if (w->failed || n > w->size - w->at) {
                w->failed = true;
        } else if (n > 0) {
                memset(w->data + w->at, c, n);
                w->at += n;
        }
}

void writer_padded(struct writer *w, uint64_t value, unsigned width, char pad)
{
        uint8_t digits[DECIMAL_MAX];
        size_t n = (size_t)(decimal_put(digits, value) - digits);
        writer_repeat(w, pad, width > n ? width - n : 0);
        writer_bytes(w, digits, n);
}

void writer_hex(struct writer *w, struct span s)
{
        static const char hex[] = "0123456789abcdef";
        while (s.len > 0 && !w->failed) {
                const char digits[] = {hex[s.data[0] >> 4], hex[s.data[0] & 15]};
                writer_bytes(w, digits, sizeof digits);
                s = span_skip(s, 1);
        }
        w->wanted += 2 * s.len;
}

void writer_format(struct writer *w, const char *format, ...)
{
        char small[256];
        va_list args;
        va_start(args, format);
        /* vsnprintf always writes a NUL: use the free space only if the text and one byte more fit */
        size_t room = w->failed ? 0 : w->size - w->at;
        char *to = room > sizeof small ? (char *)w->data + w->at : small;
        size_t to_size = room > sizeof small ? room : sizeof small;
        int n = vsnprintf(to, to_size, format, args);
        va_end(args);
        if (n < 0 || (size_t)n >= to_size) {
                w->wanted += n > 0 ? (size_t)n : 0;
                w->failed = true;
        } else if (to == small) {
                writer_bytes(w, small, (size_t)n);
        } else {
                w->wanted += (size_t)n;
                w->at += (size_t)n;
        }
}
