#include "journal/format/table.h"

#include "base/shown.h"
#include "base/utf8.h"

enum { CELL_MAX = 32, CELL_BYTES = 256, COLUMNS_MAX = 16 };

/** A part of a list: the elements of one result, or of one row. */
struct part {
        const struct value *at;
        size_t n;
};

struct table {
        const struct line *l;
        struct part names;
        struct part rows; /**< with a mark before each row */
        size_t columns;   /**< shown */
        size_t all_columns;
        size_t width[COLUMNS_MAX];
        bool is_begun; /**< a line is out */
};

/* --- cells --------------------------------------------------------------------------------------------------------- */

/** The text of a cell in @p room, and whether it is all of it. */
static struct span cell_text(const struct value *v, bool is_name, char room[CELL_BYTES], bool *is_whole)
{
        struct writer w = writer_over(room, CELL_BYTES);
        if (is_name) {
                line_flat(&w, v->bytes);
        } else {
                value_print(&w, v, VALUE_AS_SQL);
        }
        struct span text = utf8_trim(writer_span(&w));
        struct span head = shown_head(text, CELL_MAX);
        *is_whole = !w.failed && head.len == text.len;
        return *is_whole ? head : shown_head(head, CELL_MAX - 1);
}

static size_t cell_width(const struct value *v, bool is_name)
{
        char room[CELL_BYTES];
        bool is_whole;
        return shown_columns(cell_text(v, is_name, room, &is_whole)) + (is_whole ? 0 : 1);
}

static void put_spaces(struct writer *w, size_t n)
{
        for (; n > 0 && !w->failed; n--) {
                writer_char(w, ' ');
        }
}

static bool is_number(struct span text)
{
        return text.len > 0 && (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9'));
}

static void put_cell(const struct table *t, size_t column, const struct value *v, bool is_name)
{
        char room[CELL_BYTES];
        bool is_whole;
        struct writer *w = t->l->w;
        struct span text = cell_text(v, is_name, room, &is_whole);
        size_t width = shown_columns(text) + (is_whole ? 0 : 1);
        size_t pad = width < t->width[column] ? t->width[column] - width : 0;
        bool to_the_right = !is_name && is_number(text);
        put_spaces(w, to_the_right ? pad : 0);
        if (is_name) {
                line_paint(t->l, BOLD);
        } else if (v->is_null) {
                line_paint(t->l, DIM);
        }
        writer_put(w, text);
        writer_text(w, is_whole ? "" : "…");
        if (is_name || v->is_null) {
                line_paint(t->l, PLAIN);
        }
        if (column + 1 < t->columns) { /* nothing trails a line */
                put_spaces(w, (to_the_right ? 0 : pad) + 2);
        }
}

/* --- one result ---------------------------------------------------------------------------------------------------- */

static void begin_line(struct table *t)
{
        put_spaces(t->l->w, t->is_begun ? TABLE_INDENT : 0);
        t->is_begun = true;
}

static void measure(struct table *t, struct part row, bool is_name)
{
        t->all_columns = row.n > t->all_columns ? row.n : t->all_columns;
        t->columns = t->all_columns < COLUMNS_MAX ? t->all_columns : COLUMNS_MAX;
        for (size_t i = 0; i < row.n && i < t->columns; i++) {
                size_t width = cell_width(&row.at[i], is_name);
                t->width[i] = width > t->width[i] ? width : t->width[i];
        }
}

static void put_row(struct table *t, struct part row, bool is_name)
{
        begin_line(t);
        for (size_t i = 0; i < row.n && i < t->columns; i++) {
                put_cell(t, i, &row.at[i], is_name);
        }
        if (t->all_columns > t->columns && is_name) {
                writer_format(t->l->w, "  … %zu more columns", t->all_columns - t->columns);
        }
        writer_char(t->l->w, '\n');
}

static void put_rule(struct table *t)
{
        begin_line(t);
        line_paint(t->l, DIM);
        for (size_t i = 0; i < t->columns; i++) {
                writer_text(t->l->w, i > 0 ? "  " : "");
                for (size_t n = 0; n < t->width[i]; n++) {
                        writer_text(t->l->w, "─");
                }
        }
        line_paint(t->l, PLAIN);
        writer_char(t->l->w, '\n');
}

/** The values from @p *at on up to the next mark. @p *at moves behind them. */
static struct part next_part(struct part in, size_t *at)
{
        struct part out = {*at < in.n ? &in.at[*at] : NULL, 0};
        while (*at < in.n && in.at[*at].role != VALUE_BEGINS_RESULT && in.at[*at].role != VALUE_BEGINS_ROW) {
                ++*at;
                out.n++;
        }
        return out;
}

/** Call @p take with each row. */
static void each_row(struct table *t, void (*take)(struct table *t, struct part row, bool is_name))
{
        size_t at = 0;
        while (at < t->rows.n) {
                at += t->rows.at[at].role == VALUE_BEGINS_ROW ? 1 : 0;
                take(t, next_part(t->rows, &at), false);
        }
}

static void put_result(struct table *t)
{
        t->columns = 0;
        t->all_columns = 0;
        memset(t->width, 0, sizeof t->width);
        measure(t, t->names, true);
        each_row(t, measure);
        if (t->names.n > 0) {
                put_row(t, t->names, true);
                put_rule(t);
        }
        each_row(t, put_row);
}

/* --- all of them --------------------------------------------------------------------------------------------------- */

/** The elements of the result that begins at *@p at. */
static struct part next_result(struct value_list list, size_t *at)
{
        *at += *at < list.n && list.at[*at].role == VALUE_BEGINS_RESULT ? 1 : 0;
        struct part out = {*at < list.n ? &list.at[*at] : NULL, 0};
        while (*at < list.n && list.at[*at].role != VALUE_BEGINS_RESULT) {
                ++*at;
                out.n++;
        }
        return out;
}

void table_put(const struct line *l, struct value_list names, struct value_list rows)
{
        struct table t = {.l = l};
        size_t name_at = 0;
        size_t row_at = 0;
        while ((name_at < names.n || row_at < rows.n) && !l->w->failed) {
                t.names = next_result(names, &name_at);
                t.rows = next_result(rows, &row_at);
                put_result(&t);
        }
}
