#include "admin/put.h"

#include "base/shown.h"

#include <inttypes.h>

void put_plain(FILE *out, const char *text)
{
        shown_print(out, span_str(text));
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
