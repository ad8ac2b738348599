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
                size_t n = shown_plain(s, 0);
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

/** The value of the first of @p names that is a tag; empty if none is. */
static struct span tag_of(struct value_list tags, const char *const *names)
{
        for (; *names != NULL; names++) {
                for (size_t i = 0; i < tags.n; i++) {
                        if (span_equal_nocase(tags.at[i].name, *names)) {
                                return tags.at[i].bytes;
                        }
                }
        }
        return (struct span){NULL, 0};
}

void line_code(const struct line *l)
{
        /* The names of OpenTelemetry's conventions, old and new, and of libraries that write comments. */
        static const char *const files[] = {"code.filepath",   "code.file.path", "file",
                                            "source_location", "line",           NULL};
        static const char *const lines[] = {"code.lineno", "code.line.number", "lineno", NULL};
        if (!record_has(l->r, FIELD_TAGS)) {
                return;
        }
        struct span file = tag_of(l->r->tags, files);
        struct span line = tag_of(l->r->tags, lines);
        if (file.len > 0) {
                writer_text(l->w, "  at ");
                line_flat(l->w, file);
        }
        if (file.len > 0 && line.len > 0) {
                writer_char(l->w, ':');
                line_flat(l->w, line);
        }
}

void line_pad(struct writer *w, uint64_t used, size_t width)
{
        writer_repeat(w, ' ', (used < width ? width - used : 0) + 1);
}

void line_number(const struct line *l, const char *before, uint64_t value, const char *behind)
{
        writer_text(l->w, before);
        writer_decimal(l->w, value);
        writer_text(l->w, behind);
}

size_t line_width(const struct writer *w, size_t from)
{
        return shown_columns(span_of(w->data + from, w->at - from));
}
