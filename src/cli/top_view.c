#include "cli/top_view.h"

#include "base/shown.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_DEFAULT = 24 };

/* --- texts --------------------------------------------------------------------------------------------------------- */

static void free_text(struct top_text *t)
{
        free(t->bytes);
        free(t->lines);
        *t = (struct top_text){.bytes = NULL};
}

/** The beginning of @p text that is one line of at most @p columns, but at least one character; 0 columns = no limit. */
static struct span line_of(struct span text, size_t columns)
{
        const uint8_t *end = memchr(text.data, '\n', text.len);
        struct span line = span_head(text, end != NULL ? (size_t)(end - text.data) : text.len);
        struct span fits = columns > 0 ? shown_head(line, columns) : line;
        return fits.len == 0 && line.len > 0 ? span_head(line, shown_first(line).taken) : fits;
}

/** Take over @p bytes, divided into lines of at most @p columns. */
static bool set_text(struct top_text *t, char *bytes, size_t len, size_t columns)
{
        struct top_text new = {.bytes = bytes, .len = len};
        struct span rest = span_of(bytes, len);
        size_t size = 0;
        while (rest.len > 0) {
                if (new.n == size) {
                        size = size > 0 ? 2 * size : 64;
                        struct span *lines = realloc(new.lines, size * sizeof *lines);
                        if (lines == NULL) {
                                free_text(&new);
                                return false;
                        }
                        memset(lines + new.n, 0, (size - new.n) * sizeof *lines);
                        new.lines = lines;
                }
                struct span line = line_of(rest, columns);
                new.lines[new.n++] = line;
                rest = span_skip(rest, line.len);
                rest = rest.len > 0 && rest.data[0] == '\n' ? span_skip(rest, 1) : rest;
        }
        free_text(t);
        *t = new;
        return true;
}

/* --- rows ---------------------------------------------------------------------------------------------------------- */

/** The length of the hash with which a row begins; 0 if @p line is no row. */
static size_t id_len(struct span line)
{
        size_t n = 0;
        while (n < line.len && n < TOP_ID_MAX && strchr("0123456789abcdef", line.data[n]) != NULL &&
               line.data[n] != '\0') {
                n++;
        }
        return n >= TOP_ID_MAX / 2 && n < line.len && line.data[n] == ' ' ? n : 0;
}

static size_t count_rows(const struct top_view *v)
{
        return v->list.n - v->head;
}

/** Row @p i of the list; empty behind the last. */
static struct span row_at(const struct top_view *v, size_t i)
{
        return i < count_rows(v) ? v->list.lines[v->head + i] : (struct span){NULL, 0};
}

static void select_row(struct top_view *v, size_t i)
{
        struct span row = row_at(v, i);
        size_t len = id_len(row);
        v->at = i;
        memcpy(v->selected, row.data, len);
        v->selected[len] = '\0';
}

/** Find the digest that was selected; without it, what is now in its place. */
static void select_again(struct top_view *v)
{
        size_t n = count_rows(v);
        size_t len = strlen(v->selected);
        for (size_t i = 0; i < n && len > 0; i++) {
                struct span row = row_at(v, i);
                if (id_len(row) == len && memcmp(row.data, v->selected, len) == 0) {
                        v->at = i;
                        return;
                }
        }
        v->at = v->at < n ? v->at : n > 0 ? n - 1 : 0;
        if (n > 0 && len > 0) {
                select_row(v, v->at);
        }
}

bool top_view_set_list(struct top_view *v, char *bytes, size_t len)
{
        if (!set_text(&v->list, bytes, len, 0)) {
                return false;
        }
        v->head = 0;
        while (v->head < v->list.n && id_len(v->list.lines[v->head]) == 0) {
                v->head++;
        }
        select_again(v);
        return true;
}

/* --- moving -------------------------------------------------------------------------------------------------------- */

bool top_view_is_detail(const struct top_view *v)
{
        return v->detail.n > 0;
}

bool top_view_set_detail(struct top_view *v, char *bytes, size_t len)
{
        v->first_detail = 0;
        v->wrapped = v->columns;
        return set_text(&v->detail, bytes, len, v->columns);
}

void top_view_end_detail(struct top_view *v)
{
        free_text(&v->detail);
}

size_t top_view_page(const struct top_view *v)
{
        size_t used = top_view_is_detail(v) ? 1 : v->head + 1;
        size_t rows = v->rows > 0 ? v->rows : ROWS_DEFAULT;
        return rows > used ? rows - used : 1;
}

/** @p at moved by @p lines, from 0 to @p last. */
static size_t moved(size_t at, long lines, size_t last)
{
        size_t up = lines < 0 ? (size_t) - (lines + 1) + 1 : 0;
        size_t down = lines > 0 ? (size_t)lines : 0;
        size_t to = up > at ? 0 : at - up;
        return down > last || to > last - down ? last : to + down;
}

void top_view_move(struct top_view *v, long lines)
{
        if (top_view_is_detail(v)) {
                size_t page = top_view_page(v);
                v->first_detail = moved(v->first_detail, lines, v->detail.n > page ? v->detail.n - page : 0);
        } else if (count_rows(v) > 0) {
                select_row(v, moved(v->at, lines, count_rows(v) - 1));
        }
}

/* --- drawing ------------------------------------------------------------------------------------------------------- */

/** Begin a line: it is cleared first, since clearing behind a full line would take its last character. */
static void begin_line(FILE *out, bool is_first)
{
        (void)fputs(is_first ? "\033[2K" : "\n\033[2K", out);
}

static void put_line(const struct top_view *v, struct span line, bool is_selected, FILE *out)
{
        (void)fputs(is_selected ? "\033[7m" : "", out);
        size_t used = shown_print_head(out, line, v->columns > 0 ? v->columns : SIZE_MAX);
        if (is_selected) {
                (void)fprintf(out, "%*s\033[0m", v->columns > used ? (int)(v->columns - used) : 0, "");
        }
}

/** Scroll the list so that the selected row, and no blank page, is shown. */
static void scroll(struct top_view *v, size_t page)
{
        size_t n = count_rows(v);
        size_t last = n > page ? n - page : 0;
        v->first = v->at < v->first ? v->at : v->at >= v->first + page ? v->at - page + 1 : v->first;
        v->first = v->first < last ? v->first : last;
}

/** The screen has another width now. Without memory for that, the list is shown again. */
static void wrap_again(struct top_view *v)
{
        char *bytes = v->detail.bytes;
        v->detail.bytes = NULL;
        v->wrapped = v->columns;
        if (!set_text(&v->detail, bytes, v->detail.len, v->columns)) {
                top_view_end_detail(v);
        }
}

void top_view_draw(struct top_view *v, const char *status, FILE *out)
{
        if (top_view_is_detail(v) && v->wrapped != v->columns) {
                wrap_again(v);
        }
        size_t page = top_view_page(v);
        size_t n = 0;
        (void)fputs("\033[H", out);
        if (top_view_is_detail(v)) {
                top_view_move(v, 0); /* the screen may be larger now */
                for (size_t i = v->first_detail; i < v->detail.n && n < page; i++) {
                        begin_line(out, n++ == 0);
                        put_line(v, v->detail.lines[i], false, out);
                }
        } else {
                scroll(v, page);
                page += v->head;
                for (size_t i = 0; i < v->head && n < page; i++) {
                        begin_line(out, n++ == 0);
                        put_line(v, v->list.lines[i], false, out);
                }
                for (size_t i = v->first; i < count_rows(v) && n < page; i++) {
                        struct span row = row_at(v, i);
                        begin_line(out, n++ == 0);
                        put_line(v, span_skip(row, id_len(row) + 1), v->has_selection && i == v->at, out);
                }
        }
        for (; status != NULL && n < page; n++) {
                begin_line(out, n == 0);
        }
        if (status != NULL) {
                begin_line(out, n == 0);
                put_line(v, span_str(status), false, out);
        }
        (void)fputs(status != NULL ? "\033[J" : "\n\033[J", out);
}

void top_view_free(struct top_view *v)
{
        free_text(&v->list);
        free_text(&v->detail);
}
