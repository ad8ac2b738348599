#include "admin/put.h"

#include "base/json.h"
#include "base/utf8.h"

static const char replacement[] = "\xef\xbf\xbd";

void put_plain(FILE *out, const char *text)
{
        struct span left = span_str(text);
        while (left.len > 0) {
                unsigned n = utf8_sequence(left);
                if (n == 0) {
                        (void)fputs(replacement, out);
                        n = 1;
                } else if (n == 1 && (left.data[0] < 0x20 || left.data[0] == 0x7f)) {
                        (void)fprintf(out, "\\x%02x", left.data[0]);
                } else if (n == 2 && left.data[0] == 0xc2 && left.data[1] < 0xa0) {
                        (void)fprintf(out, "\\u%04x", left.data[1]); /* a terminal may obey C1 controls */
                } else {
                        (void)fwrite(left.data, 1, n, out);
                }
                left = span_skip(left, n);
        }
}

void put_json(FILE *out, const char *text)
{
        uint8_t room[6 * 255 + 2];
        struct writer w = writer_over(room, sizeof room);
        json_string(&w, span_head(span_str(text), 255));
        (void)fwrite(room, 1, w.at, out);
}

void put_html(FILE *out, const char *text)
{
        for (const char *p = text; *p != '\0'; p++) {
                switch (*p) {
                case '<': (void)fputs("&lt;", out); break;
                case '>': (void)fputs("&gt;", out); break;
                case '&': (void)fputs("&amp;", out); break;
                case '"': (void)fputs("&quot;", out); break;
                default: (void)fputc(*p, out); break;
                }
        }
}
