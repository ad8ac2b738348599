#include "mysql/wire/real.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINT_MIN = -14, POINT_MAX = 15 }; /* places of the point at which there is no exponent */

void real_put_fixed(struct writer *w, double d, unsigned decimals)
{
        char text[REAL_MAX];
        (void)snprintf(text, sizeof text, "%.*f", (int)decimals, d);
        writer_text(w, text);
}

/** Write @p d as in 1.2345e-07 with as few digits as it needs. */
static void find_digits(char *text, size_t size, double d, bool is_float)
{
        int kind = is_float ? fpclassify((float)d) : fpclassify(d);
        int least = kind == FP_SUBNORMAL ? 1
                    : is_float           ? FLT_DIG
                                         : DBL_DIG; /* so many digits always survive */
        int most = is_float ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
        for (int digits = least; digits <= most; digits++) {
                (void)snprintf(text, size, "%.*e", digits - 1, d);
                if (is_float ? strtof(text, NULL) == (float)d : strtod(text, NULL) == d) {
                        break;
                }
        }
}

static void put_zeroes(struct writer *w, int n)
{
        for (int i = 0; i < n; i++) {
                writer_char(w, '0');
        }
}

/** Write @p n digits with the point behind the first @p point of them, which may be more than there are, or before the first. */
static void put_without_exponent(struct writer *w, const char *digits, int n, int point)
{
        if (point <= 0) {
                writer_text(w, "0.");
                put_zeroes(w, -point);
                writer_bytes(w, digits, (size_t)n);
        } else if (point >= n) {
                writer_bytes(w, digits, (size_t)n);
                put_zeroes(w, point - n);
        } else {
                writer_bytes(w, digits, (size_t)point);
                writer_char(w, '.');
                writer_bytes(w, digits + point, (size_t)(n - point));
        }
}

void real_put_shortest(struct writer *w, double d, bool is_float)
{
        char text[40];
        char digits[DBL_DECIMAL_DIG];
        int n = 0;
        find_digits(text, sizeof text, d, is_float);
        if (signbit(d)) {
                writer_char(w, '-');
        }
        const char *at = text;
        for (; *at != '\0' && *at != 'e'; at++) {
                if (*at >= '0' && *at <= '9' && n < DBL_DECIMAL_DIG) {
                        digits[n++] = *at;
                }
        }
        int exponent = *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
        while (n > 1 && digits[n - 1] == '0') {
                n--;
        }
        if (exponent + 1 >= POINT_MIN && exponent + 1 <= POINT_MAX) {
                put_without_exponent(w, digits, n, exponent + 1);
                return;
        }
        put_without_exponent(w, digits, n, 1);
        writer_format(w, "e%d", exponent);
}

static size_t skip_digits(struct span s, size_t at)
{
        while (at < s.len && s.data[at] >= '0' && s.data[at] <= '9') {
                at++;
        }
        return at;
}

bool real_is_json(struct span s)
{
        size_t at = s.len > 0 && s.data[0] == '-' ? 1 : 0;
        size_t from = at;
        at = skip_digits(s, at);
        if (at == from || (s.data[from] == '0' && at > from + 1)) {
                return false;
        }
        if (at < s.len && s.data[at] == '.') {
                from = ++at;
                at = skip_digits(s, at);
                if (at == from) {
                        return false;
                }
        }
        if (at < s.len && (s.data[at] | 0x20) == 'e') {
                at++;
                at += at < s.len && (s.data[at] == '+' || s.data[at] == '-') ? 1 : 0;
                from = at;
                at = skip_digits(s, at);
                if (at == from) {
                        return false;
                }
        }
        return at == s.len;
}
