#include "journal/format/line.h"

#include "base/shown.h"

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
                if (is_break || (at_break && c == ' ')) {
                        if (!at_break) {
                                writer_char(w, ' ');
                        }
                        at_break = true;
                        s = span_skip(s, 1);
                        continue;
                }
                at_break = false;
                size_t n = 0;
                while (n < s.len && s.data[n] >= ' ' && s.data[n] < 0x7f) {
                        n++;
                }
                if (n > 0) {
                        writer_bytes(w, s.data, n);
                } else {
                        struct shown shown = shown_first(s);
                        writer_bytes(w, shown.text, shown.len);
                        n = shown.taken;
                }
                s = span_skip(s, n);
        }
}

size_t line_width(const struct writer *w, size_t from)
{
        return shown_columns(span_of(w->data + from, w->at - from));
}
