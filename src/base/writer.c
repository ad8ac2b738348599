#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

#define TEN(d) d "0", d "1", d "2", d "3", d "4", d "5", d "6", d "7", d "8", d "9"

const char decimal_pairs[100][3] = {TEN("0"), TEN("1"), TEN("2"), TEN("3"), TEN("4"),
                                    TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9")};

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
        size_t n = 1;
        for (uint64_t rest = value; rest >= 10; rest /= 100) {
                if (rest < 100) {
                        n++;
                        break;
                }
                n += 2;
        }
        for (size_t at = n; at > 1; value /= 100) {
                at -= 2;
                memcpy(to + at, decimal_pairs[value % 100], 2);
        }
        if (n % 2 != 0) {
                to[0] = (uint8_t)('0' + value);
        }
        return to + n;
}

void writer_decimal(struct writer *w, uint64_t value)
{
        uint8_t digits[DECIMAL_MAX];
        writer_bytes(w, digits, (size_t)(decimal_put(digits, value) - digits));
}

void writer_format(struct writer *w, const char *format, ...)
{
        char small[256];
        va_list args;
        va_start(args, format);
        /* vsnprintf always leaves a NUL: into the free space only if one byte more than the text fits there */
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
