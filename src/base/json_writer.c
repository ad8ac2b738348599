#include "base/json_writer.h"

#include "base/json.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>

enum { PIECE = 512, ESCAPED_MAX = 6 /* bytes that one byte may become */ };

struct json_writer json_writer_to(FILE *out)
{
        return (struct json_writer){.out = out, .layout = JSON_COMPACT};
}

struct json_writer json_writer_indented(FILE *out)
{
        return (struct json_writer){.out = out, .layout = JSON_INDENTED};
}

static void new_line(const struct json_writer *j)
{
        (void)fprintf(j->out, "\n%*s", 2 * (int)j->depth, "");
}

/** What stands before an item of the innermost array or object. */
static void separate(const struct json_writer *j, struct json_writer_level *level)
{
        (void)fputs(level->started ? "," : "", j->out);
        switch (level->layout) {
        case JSON_COMPACT: break;
        case JSON_LINES: (void)putc('\n', j->out); break;
        case JSON_SPACED: (void)fputs(level->started ? " " : "", j->out); break;
        case JSON_INDENTED: new_line(j); break;
        }
        level->started = true;
}

/** Begin a value, with the key if it has one. @return false if none may stand here, or the key is wrong. */
static bool begin(struct json_writer *j, const char *key)
{
        if (j->depth == 0) {
                j->failed = j->failed || j->started || key != NULL;
                j->started = true;
                return !j->failed;
        }
        struct json_writer_level *level = &j->levels[j->depth - 1];
        j->failed = j->failed || (key != NULL) != (level->end == '}');
        if (j->failed) {
                return false;
        }
        separate(j, level);
        if (key != NULL) {
                bool is_tight = level->layout == JSON_COMPACT || level->layout == JSON_LINES;
                (void)fprintf(j->out, "\"%s\"%s", key, is_tight ? ":" : ": ");
        }
        return true;
}

/* --- arrays and objects ---------------------------------------------------------------------------------------------- */

static enum json_layout inherited(const struct json_writer *j)
{
        enum json_layout layout = j->depth > 0 ? j->levels[j->depth - 1].layout : j->layout;
        return layout == JSON_LINES ? JSON_COMPACT : layout;
}

static void nest(struct json_writer *j, const char *key, char end, enum json_layout layout)
{
        j->failed = j->failed || j->depth == JSON_WRITER_DEPTH;
        if (begin(j, key)) {
                (void)putc(end == '}' ? '{' : '[', j->out);
                j->levels[j->depth++] = (struct json_writer_level){.layout = layout, .end = end};
        }
}

void json_writer_object(struct json_writer *j, const char *key)
{
        nest(j, key, '}', inherited(j));
}

void json_writer_array(struct json_writer *j, const char *key)
{
        nest(j, key, ']', inherited(j));
}

void json_writer_lines(struct json_writer *j, const char *key)
{
        nest(j, key, ']', JSON_LINES);
}

void json_writer_object_inline(struct json_writer *j, const char *key)
{
        nest(j, key, '}', JSON_SPACED);
}

void json_writer_array_inline(struct json_writer *j, const char *key)
{
        nest(j, key, ']', JSON_SPACED);
}

void json_writer_end(struct json_writer *j)
{
        j->failed = j->failed || j->depth == 0;
        if (!j->failed) {
                const struct json_writer_level level = j->levels[--j->depth];
                if (level.layout == JSON_INDENTED && level.started) {
                        new_line(j);
                }
                (void)putc(level.end, j->out);
        }
}

void json_writer_finish(struct json_writer *j)
{
        j->failed = j->failed || j->depth > 0 || !j->started;
        if (!j->failed) {
                (void)putc('\n', j->out);
        }
}

/* --- values ---------------------------------------------------------------------------------------------------------- */

void json_writer_span(struct json_writer *j, const char *key, struct span text)
{
        uint8_t room[ESCAPED_MAX * PIECE + 2];
        if (!begin(j, key)) {
                return;
        }
        (void)putc('"', j->out);
        while (text.len > 0) {
                struct span piece = text.len > PIECE ? utf8_trim(span_head(text, PIECE)) : text;
                struct writer w = writer_over(room, sizeof room);
                (void)json_quote(&w, piece);
                (void)fwrite(room + 1, 1, w.at - 2, j->out); /* without its quotes */
                text = span_skip(text, piece.len);
        }
        (void)putc('"', j->out);
}

void json_writer_text(struct json_writer *j, const char *key, const char *text)
{
        json_writer_span(j, key, span_str(text));
}

void json_writer_uint(struct json_writer *j, const char *key, uint64_t value)
{
        if (begin(j, key)) {
                (void)fprintf(j->out, "%" PRIu64, value);
        }
}

void json_writer_int(struct json_writer *j, const char *key, int64_t value)
{
        if (begin(j, key)) {
                (void)fprintf(j->out, "%" PRId64, value);
        }
}

void json_writer_bool(struct json_writer *j, const char *key, bool value)
{
        if (begin(j, key)) {
                (void)fputs(value ? "true" : "false", j->out);
        }
}

void json_writer_fixed(struct json_writer *j, const char *key, double value, int decimals)
{
        if (!begin(j, key)) {
                return;
        }
        if (isfinite(value)) {
                (void)fprintf(j->out, "%.*f", decimals, value);
        } else {
                (void)fputs("null", j->out);
        }
}

void json_writer_real(struct json_writer *j, const char *key, double value)
{
        if (!begin(j, key)) {
                return;
        }
        if (isfinite(value)) {
                (void)fprintf(j->out, "%.9g", value);
        } else {
                (void)fputs("null", j->out);
        }
}
