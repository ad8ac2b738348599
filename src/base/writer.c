#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

void writer_uint(struct writer *w, uint64_t value, unsigned n)
{
        uint8_t bytes[8];
        for (unsigned i = 0; i < n && i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)(value >> (8 * i));
        }
        writer_bytes(w, bytes, n < sizeof bytes ? n : sizeof bytes);
}

void writer_decimal(struct writer *w, uint64_t value)
{
        char digits[20];
        size_t at = sizeof digits;
        do {
                digits[--at] = (char)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        writer_bytes(w, digits + at, sizeof digits - at);
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
