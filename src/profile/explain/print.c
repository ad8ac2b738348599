#include "profile/explain/print.h"

#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>

void print_add(struct print_text *p, const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        int n = vsnprintf(p->text + p->at, sizeof p->text - p->at, format, arguments);
        va_end(arguments);
        size_t left = sizeof p->text - p->at - 1;
        p->at += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left;
}

/** Characters that change the direction of text or are invisible: U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF. */
static bool is_hidden(struct span s)
{
        if (s.len < 3) {
                return false;
        }
        unsigned code = (s.data[0] & 0x0fU) << 12 | (s.data[1] & 0x3fU) << 6 | (s.data[2] & 0x3fU);
        return (s.data[0] & 0xf0) == 0xe0 &&
               ((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                (code >= 0x2060 && code <= 0x206f) || code == 0xfeff);
}

void print_add_span(struct print_text *p, struct span s, size_t max)
{
        for (size_t n = 0; s.len > 0 && n < max; n++) {
                unsigned len = utf8_sequence(s);
                if (len == 0 || utf8_is_control(s) || is_hidden(s)) {
                        print_add(p, "\\x%02x", s.data[0]);
                        len = 1;
                } else {
                        print_add(p, "%.*s", (int)len, (const char *)s.data);
                }
                s = span_skip(s, len);
        }
}

void print_span(FILE *out, struct span s, size_t max)
{
        struct print_text p = {.at = 0};
        print_add_span(&p, s, max);
        (void)fwrite(p.text, 1, p.at, out);
}

void print_add_bytes(struct print_text *p, double bytes)
{
        static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
        size_t unit = 0;
        while (fabs(bytes) >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
                bytes /= 1024;
                unit++;
        }
        bool whole = unit == 0 ? fabs(bytes) >= 10 || bytes == floor(bytes) : fabs(bytes) >= 100;
        print_add(p, whole ? "%.0f" PRINT_TIE "%s" : "%.3g" PRINT_TIE "%s", bytes, units[unit]);
}

/** Columns of the first @p len bytes. */
static size_t columns_of(const char *text, size_t len)
{
        size_t n = 0;
        for (size_t i = 0; i < len; i++) {
                n += ((unsigned char)text[i] & 0xc0) != 0x80;
        }
        return n;
}

size_t print_lines(const struct print_text *p, const char *first, size_t indent, FILE *out)
{
        const char *at = p->text;
        const char *end = p->text + p->at;
        size_t column = strlen(first);
        size_t lines = 1;
        bool begun = false;
        (void)fputs(first, out);
        while (at < end) {
                const char *blank = memchr(at, ' ', (size_t)(end - at));
                size_t len = blank != NULL ? (size_t)(blank - at) : (size_t)(end - at);
                size_t width = columns_of(at, len);
                if (begun && column + 1 + width > PRINT_COLUMNS) {
                        (void)fprintf(out, "\n%*s", (int)indent, "");
                        column = indent;
                        lines++;
                        begun = false;
                }
                (void)fputs(begun ? " " : "", out);
                for (size_t i = 0; i < len; i++) {
                        (void)putc(at[i] == PRINT_TIED ? ' ' : at[i], out);
                }
                column += width + begun;
                begun = true;
                at += len + (blank != NULL);
        }
        (void)putc('\n', out);
        return lines;
}
