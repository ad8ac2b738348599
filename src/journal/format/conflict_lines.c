#include "journal/format/conflict_lines.h"

#include "base/utf8.h"
#include "journal/format/sql_line.h"

enum { ROLE_WIDTH = 15, TIME_AT = 11, TIME_LEN = 15 };

/* An object of a list: its elements from at to end. */
struct object {
        const struct value *at;
        const struct value *end;
};

static bool begins(const struct value *v)
{
        return v->role == VALUE_BEGINS_ROW || v->role == VALUE_BEGINS_RESULT;
}

/** Take the next object from @p list. @return false if there is none. */
static bool take_object(struct value_list *list, struct object *o)
{
        if (list->n == 0) {
                return false;
        }
        size_t n = 1;
        while (n < list->n && !begins(&list->at[n])) {
                n++;
        }
        *o = (struct object){list->at, list->at + n};
        *list = (struct value_list){list->at + n, list->n - n};
        return true;
}

/** The element of that name; NULL if there is none. */
static const struct value *member(const struct object *o, const char *name)
{
        struct span wanted = span_str(name);
        unsigned depth = 0; /* a list or map in the object has names of its own */
        for (const struct value *v = o->at; v < o->end; v++) {
                depth -= v->role == VALUE_CLOSES && depth > 0 ? 1 : 0;
                if (depth == 0 && span_equal(v->name, wanted)) {
                        return v;
                }
                depth += v->role == VALUE_OPENS_LIST || v->role == VALUE_OPENS_MAP ? 1 : 0;
        }
        return NULL;
}

static struct span text_of(const struct object *o, const char *name)
{
        const struct value *v = member(o, name);
        return v != NULL ? v->bytes : (struct span){NULL, 0};
}

/** Append a member as a value, with what stands before and behind it, if there is one. */
static void put_member(const struct line *l, const struct object *o, const char *before, const char *name,
                       const char *after)
{
        const struct value *v = member(o, name);
        if (v != NULL) {
                writer_text(l->w, before);
                value_print(l->w, v, VALUE_AS_SQL);
                writer_text(l->w, after);
        }
}

static void put_flat(const struct line *l, const char *before, struct span text)
{
        if (text.data != NULL) {
                writer_text(l->w, before);
                line_flat(l->w, text);
        }
}

/** "    12:00:00.000001 #7    victim           " */
static void put_begin(const struct line *l, const struct object *o)
{
        struct span when = text_of(o, "ts");
        struct span role = span_head(text_of(o, "role"), ROLE_WIDTH);
        writer_text(l->w, "\n    ");
        line_paint(l, DIM);
        if (when.len >= TIME_AT + TIME_LEN) {
                line_flat(l->w, span_head(span_skip(when, TIME_AT), TIME_LEN));
        } else {
                writer_format(l->w, "%*s", (int)TIME_LEN, "");
        }
        line_paint(l, PLAIN);
        size_t at = l->w->at;
        put_member(l, o, " #", "conn_id", "");
        for (size_t width = line_width(l->w, at); width < 7; width++) {
                writer_char(l->w, ' ');
        }
        line_paint(l, YELLOW);
        line_flat(l->w, role);
        line_paint(l, PLAIN);
        for (size_t width = role.len; width <= ROLE_WIDTH; width++) {
                writer_char(l->w, ' ');
        }
}

static void put_transaction(const struct line *l, const struct object *o)
{
        put_begin(l, o);
        put_flat(l, "", text_of(o, "username"));
        put_flat(l, "@", text_of(o, "database"));
        put_flat(l, " from ", text_of(o, "client_addr"));
        put_member(l, o, ", transaction ", "trx_id", "");
        put_member(l, o, ": ", "statements", " statements");
        put_member(l, o, ", ", "statements_omitted", " omitted");
        put_member(l, o, ", ", "statements_overwritten", " overwritten");
}

static struct sql_mode mode_of(const struct line *l, const struct object *o)
{
        struct sql_mode mode = l->r->sql_mode;
        struct span text = text_of(o, "sql_mode");
        mode.ansi_quotes = text.len > 0 && text.data[0] == 'A';
        mode.no_backslash_escapes =
            span_equal(span_skip(text, text.len > 7 ? text.len - 7 : 0), span_str("ESCAPES"));
        return mode;
}

/** The values of the list that begins with @p from, in brackets. */
static void put_list(const struct line *l, const struct object *o, const struct value *from)
{
        bool is_first = true;
        unsigned depth = 1;
        writer_text(l->w, "  [");
        for (const struct value *v = from + 1; v < o->end && depth > 0 && !l->w->failed; v++) {
                if (v->role == VALUE_CLOSES) {
                        depth--;
                        writer_char(l->w, depth > 0 ? ')' : ']');
                        is_first = false;
                        continue;
                }
                writer_text(l->w, is_first ? "" : ", ");
                is_first = v->role == VALUE_OPENS_LIST;
                depth += is_first ? 1 : 0;
                if (is_first) {
                        writer_char(l->w, '(');
                } else {
                        value_print(l->w, v, VALUE_AS_SQL);
                }
        }
}

static void put_statement(const struct line *l, const struct object *o)
{
        const struct value *text = member(o, "query");
        const struct value *values = member(o, "stmt_execute_values");
        text = text != NULL ? text : member(o, "stmt_prepare_query");
        values = values != NULL ? values : member(o, "bulk_rows");
        put_begin(l, o);
        if (text != NULL) {
                bool is_cut = text->true_len > text->bytes.len;
                sql_line(l->w, is_cut ? utf8_trim(text->bytes) : text->bytes, mode_of(l, o), !is_cut);
                if (is_cut) {
                        writer_format(l->w, "… (%llu bytes)", (unsigned long long)text->true_len);
                }
        }
        if (values != NULL) {
                put_list(l, o, values);
        }
        put_member(l, o, "  ERROR ", "errno", "");
        if (span_equal(text_of(o, "state"), span_str("running"))) {
                writer_text(l->w, "  (running)");
        }
}

void conflict_lines(const struct line *l)
{
        struct object o;
        struct value_list list = {NULL, 0};
        if (record_has(l->r, FIELD_TRANSACTIONS)) {
                list = l->r->transactions;
        }
        while (!l->w->failed && take_object(&list, &o)) {
                put_transaction(l, &o);
        }
        if (record_has(l->r, FIELD_STATEMENTS)) {
                list = l->r->statements;
        }
        while (!l->w->failed && take_object(&list, &o)) {
                put_statement(l, &o);
        }
}
