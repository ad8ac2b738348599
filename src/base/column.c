#include "base/column.h"

#include "base/clock.h"
#include "base/shown.h"

#include <inttypes.h>

/* --- values ---------------------------------------------------------------------------------------------------------- */

/** Where the value of @p column begins. */
static const void *value_at(const struct column *column, const void *row)
{
        return (const char *)row + column->offset;
}

uint64_t column_uint(const struct column *column, const void *row)
{
        uint64_t wide = 0;
        uint32_t narrow;
        if (column->kind == COLUMN_U32) {
                memcpy(&narrow, value_at(column, row), sizeof narrow);
                wide = narrow;
        } else if (column->kind == COLUMN_U64 || column->kind == COLUMN_TIME) {
                memcpy(&wide, value_at(column, row), sizeof wide);
        }
        return wide;
}

int64_t column_int(const struct column *column, const void *row)
{
        int64_t value;
        memcpy(&value, value_at(column, row), sizeof value);
        return value;
}

static double real_of(const struct column *column, const void *row)
{
        double value;
        memcpy(&value, value_at(column, row), sizeof value);
        return value;
}

static const char *text_of(const struct column *column, const void *row)
{
        const char *text;
        if (column->kind == COLUMN_CHARS) {
                return value_at(column, row);
        }
        memcpy(&text, value_at(column, row), sizeof text);
        return text;
}

static struct span span_in(const struct column *column, const void *row)
{
        struct span span;
        memcpy(&span, value_at(column, row), sizeof span);
        return span;
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void put_member(const struct column *column, const void *row, struct json_writer *j)
{
        char when[CLOCK_RFC3339_SIZE];
        switch (column->kind) {
        case COLUMN_NONE: break;
        case COLUMN_U32:
        case COLUMN_U64: json_writer_uint(j, column->name, column_uint(column, row)); break;
        case COLUMN_I64: json_writer_int(j, column->name, column_int(column, row)); break;
        case COLUMN_FIXED: json_writer_fixed(j, column->name, real_of(column, row), column->decimals); break;
        case COLUMN_TIME:
                clock_rfc3339(column_uint(column, row), when);
                json_writer_text(j, column->name, when);
                break;
        case COLUMN_CHARS:
        case COLUMN_TEXT: json_writer_text(j, column->name, text_of(column, row)); break;
        case COLUMN_SPAN: json_writer_span(j, column->name, span_in(column, row)); break;
        }
}

void column_put_json(const struct column_table *table, const void *row, struct json_writer *j)
{
        for (size_t i = 0; i < table->n; i++) {
                if (table->columns[i].name != NULL) {
                        put_member(&table->columns[i], row, j);
                }
        }
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

static bool is_shown(const struct column *column, unsigned view)
{
        return column->heading != NULL && (column->views == 0 || (column->views & view) != 0);
}

static const char *separator(const struct column *column, bool first)
{
        return first ? "" : column->before != NULL ? column->before : " ";
}

static size_t count_lines(const char *heading)
{
        size_t n = 1;
        for (const char *c = heading; *c != '\0'; c++) {
                n += *c == '\n';
        }
        return n;
}

/** Line @p i of @p heading, which ends at line @p lines - 1; "" above its first. */
static struct span heading_line(const char *heading, size_t i, size_t lines)
{
        size_t own = count_lines(heading);
        if (i + own < lines) {
                return span_str("");
        }
        for (size_t skip = i + own - lines; skip > 0; skip--) {
                heading = strchr(heading, '\n') + 1;
        }
        return span_of(heading, strcspn(heading, "\n"));
}

/** One line of the headings, without blanks at its end. */
static void put_heading_line(const struct column_table *table, unsigned view, size_t i, size_t lines,
                             FILE *out)
{
        size_t blanks = 0; /* not written yet */
        bool first = true;
        for (size_t c = 0; c < table->n; c++) {
                const struct column *column = &table->columns[c];
                if (!is_shown(column, view)) {
                        continue;
                }
                struct span text = heading_line(column->heading, i, lines);
                size_t width = (size_t)(column->width < 0 ? -column->width : column->width);
                size_t padding = width > text.len ? width - text.len : 0;
                blanks += strlen(separator(column, first)) + (column->width > 0 ? padding : 0);
                first = false;
                if (text.len > 0) {
                        (void)fprintf(out, "%*s%.*s", (int)blanks, "", (int)text.len,
                                      (const char *)text.data);
                        blanks = 0;
                }
                blanks += column->width < 0 ? padding : 0;
        }
        (void)putc('\n', out);
}

void column_put_headings(const struct column_table *table, unsigned view, FILE *out)
{
        size_t lines = 1;
        for (size_t i = 0; i < table->n; i++) {
                if (is_shown(&table->columns[i], view)) {
                        size_t n = count_lines(table->columns[i].heading);
                        lines = n > lines ? n : lines;
                }
        }
        for (size_t i = 0; i < lines; i++) {
                put_heading_line(table, view, i, lines, out);
        }
}

static void put_blanks(FILE *out, size_t n)
{
        (void)fprintf(out, "%*s", (int)n, "");
}

void column_put_padded(FILE *out, const char *text, int width)
{
        size_t wanted = (size_t)(width < 0 ? -width : width);
        size_t columns = shown_columns(span_str(text));
        size_t padding = wanted > columns ? wanted - columns : 0;
        put_blanks(out, width > 0 ? padding : 0);
        shown_print(out, span_str(text));
        put_blanks(out, width < 0 ? padding : 0);
}

void column_put_middle(FILE *out, const char *text, int width)
{
        size_t wanted = (size_t)(width < 0 ? -width : width);
        if (shown_columns(span_str(text)) <= wanted) {
                column_put_padded(out, text, width);
        } else {
                shown_print_middle(out, span_str(text), wanted);
        }
}

/** Write @p value, shortened to thousands, millions and so on until it fits into @p width. */
static void put_count(FILE *out, uint64_t value, bool negative, int width)
{
        static const char units[] = "kMGTPE";
        char text[32];
        size_t unit = 0;
        int n = snprintf(text, sizeof text, "%s%" PRIu64, negative ? "-" : "", value);
        for (; n > width && width > 1 && units[unit] != '\0'; unit++) {
                value /= 1000;
                n = snprintf(text, sizeof text, "%s%" PRIu64 "%c", negative ? "-" : "", value, units[unit]);
        }
        (void)fprintf(out, "%*s", width, text);
}

void column_put_level(FILE *out, int64_t value, int width)
{
        put_count(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, width);
}

static void put_cell(FILE *out, const struct column *column, const void *row)
{
        char when[CLOCK_RFC3339_SIZE];
        switch (column->kind) {
        case COLUMN_NONE: break;
        case COLUMN_U32:
        case COLUMN_U64: put_count(out, column_uint(column, row), false, column->width); break;
        case COLUMN_I64: column_put_level(out, column_int(column, row), column->width); break;
        case COLUMN_FIXED:
                (void)fprintf(out, "%*.*f", column->width, column->decimals, real_of(column, row));
                break;
        case COLUMN_TIME:
                clock_rfc3339(column_uint(column, row), when);
                column_put_padded(out, when, column->width);
                break;
        case COLUMN_CHARS:
        case COLUMN_TEXT: column_put_padded(out, text_of(column, row), column->width); break;
        case COLUMN_SPAN: shown_print(out, span_in(column, row)); break;
        }
}

void column_put_text(const struct column_table *table, unsigned view, const void *row, FILE *out)
{
        bool first = true;
        for (size_t i = 0; i < table->n; i++) {
                const struct column *column = &table->columns[i];
                if (!is_shown(column, view)) {
                        continue;
                }
                if (column->put == NULL || column->width != 0) {
                        (void)fputs(separator(column, first), out);
                }
                (column->put != NULL ? column->put : put_cell)(out, column, row);
                first = false;
        }
        (void)putc('\n', out);
}

/** Write a text of several lines. */
static void put_lines(FILE *out, struct span text)
{
        while (text.len > 0) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
                struct span line = span_head(text, len > 0 && text.data[len - 1] == '\r' ? len - 1 : len);
                while (line.len > 0) {
                        const uint8_t *tab = memchr(line.data, '\t', line.len);
                        size_t before = tab != NULL ? (size_t)(tab - line.data) : line.len;
                        shown_print(out, span_head(line, before));
                        (void)fputs(tab != NULL ? "    " : "", out);
                        line = span_skip(line, tab != NULL ? before + 1 : before);
                }
                (void)putc('\n', out);
                text = span_skip(text, end != NULL ? len + 1 : len);
        }
}

void column_put_details(const struct column_table *table, const void *row, FILE *out)
{
        enum { NAME_WIDTH = 16 };
        for (size_t i = 0; i < table->n; i++) {
                const struct column *c = &table->columns[i];
                if (c->name != NULL && c->kind == COLUMN_SPAN && span_in(c, row).len > 0) {
                        (void)fprintf(out, "%s\n", c->name);
                        put_lines(out, span_in(c, row));
                        (void)putc('\n', out);
                }
        }
        for (size_t i = 0; i < table->n; i++) {
                struct column c = table->columns[i];
                if (c.name == NULL || c.kind == COLUMN_SPAN) {
                        continue;
                }
                c.width = 0;
                (void)fprintf(out, "%-*s ", NAME_WIDTH, c.name);
                put_cell(out, &c, row);
                (void)fprintf(out, "%s%s\n", c.unit != NULL ? " " : "", c.unit != NULL ? c.unit : "");
        }
}
