#include "admin/put.h"

#include "base/shown.h"

#include <inttypes.h>

void put_plain(FILE *out, const char *text)
{
        shown_print(out, span_str(text));
}

void put_html(FILE *out, const char *text)
{
        struct shown c;
        for (struct span left = span_str(text); left.len > 0; left = span_skip(left, c.taken)) {
                c = shown_first(left);
                switch (left.data[0]) {
                case '<': (void)fputs("&lt;", out); break;
                case '>': (void)fputs("&gt;", out); break;
                case '&': (void)fputs("&amp;", out); break;
                case '"': (void)fputs("&quot;", out); break;
                default: (void)fwrite(c.text, 1, c.len, out); break;
                }
        }
}

void put_us(FILE *out, const struct column *column, const void *row)
{
        uint64_t us = column_uint(column, row);
        int digits = column->width - 2;
        if (us < 10000) {
                (void)fprintf(out, "%*" PRIu64 "us", digits, us);
        } else if (us < 10000000) {
                (void)fprintf(out, "%*.1fms", digits, (double)us / 1e3);
        } else {
                (void)fprintf(out, "%*.1fs", digits + 1, (double)us / 1e6);
        }
}
