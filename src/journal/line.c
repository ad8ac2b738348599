#include "journal/line.h"

#include "base/utf8.h"

void line_paint(const struct line *l, const char *color)
{
        if (l->color) {
                writer_text(l->w, color);
        }
}

void line_flat(struct writer *w, struct span s)
{
        bool at_break = false;
        while (s.len > 0 && !w->failed) {
                uint8_t c = s.data[0];
                bool is_break = c == '\n' || c == '\r' || c == '\t';
                unsigned n = utf8_sequence(s);
                if (is_break || (at_break && c == ' ')) {
                        if (!at_break) {
                                writer_char(w, ' ');
                        }
                        at_break = true;
                        s = span_skip(s, 1);
                        continue;
                }
                at_break = false;
                if (n == 0 || utf8_is_control(s)) {
                        writer_format(w, n > 1 ? "\\u%04x" : "\\x%02x", n > 1 ? s.data[1] : c);
                        n = n > 1 ? n : 1;
                } else {
                        writer_bytes(w, s.data, n);
                }
                s = span_skip(s, n);
        }
}

size_t line_width(const struct writer *w, size_t from)
{
        size_t width = 0;
        for (size_t i = from; i < w->at; i++) {
                width += (w->data[i] & 0xc0) != 0x80 ? 1 : 0;
        }
        return width;
}
