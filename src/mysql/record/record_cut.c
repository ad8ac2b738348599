#include "mysql/record/record_cut.h"

#include "base/writer.h"
#include "mysql/record/record_packed.h"

/* In the order in which they are shortened. Column names come last: they say which values may be passwords, so the rows go with them. */
static const enum record_field lists[] = {FIELD_FIRST_ROWS, FIELD_BULK_ROWS, FIELD_STMT_EXECUTE_VALUES,
                                          FIELD_QUERY_ATTRIBUTES, FIELD_CONNECT_ATTRIBUTES};

static size_t element_size(const struct value *v)
{
        return sizeof *v + v->name.len + v->bytes.len;
}

static bool is_mark(const struct value *v)
{
        return v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW;
}

/** What was left out of a list. */
struct missing {
        uint64_t rows;
        uint64_t values;
};

/** Leave out elements at the end of @p f, until they amount to @p excess bytes or nothing is left; of rows only whole ones. */
static struct missing cut_list(struct record *r, enum record_field f, size_t excess)
{
        struct value_list list = record_list(r, f);
        bool has_rows = record_fields[f].kind == RECORD_ROWS;
        struct missing missing = {0, 0};
        size_t bytes = 0;
        bool is_whole = true;
        while (list.n > 0 && (bytes < excess || !is_whole)) {
                const struct value *v = &list.at[--list.n];
                bytes += element_size(v);
                missing.rows += v->role == VALUE_BEGINS_ROW;
                missing.values += !is_mark(v);
                is_whole = !has_rows || is_mark(v);
        }
        record_set_list(r, f, list);
        return missing;
}

/** Leave out the end of the statement's text. */
static void cut_text(struct record *r, enum record_field f, enum record_field length, size_t excess)
{
        struct span text = record_text(r, f);
        if (!record_has(r, length)) {
                record_set_uint(r, length, text.len);
        }
        record_set_text(r, f, span_head(text, text.len > excess ? text.len - excess : 0));
        field_set_add(&r->cut, f);
        r->secret_behind = true; /* nobody searches what is missing */
        r->is_cleared = false;   /* the new end may look like that of a URL */
}

static size_t excess_of(const struct record *r, size_t most)
{
        size_t size = record_pack_size(r);
        return size > most ? size - most : 0;
}

static void put_missing(struct writer *w, uint64_t n, const char *what)
{
        if (n > 0) {
                writer_format(w, ", %llu %s%s missing", (unsigned long long)n, what,
                              n == 1 ? " is" : "s are");
        }
}

/** Shorten lists. */
static struct missing cut_lists(struct record *r, size_t most)
{
        struct missing all = {0, 0};
        for (size_t i = 0; i < sizeof lists / sizeof lists[0] && excess_of(r, most) > 0; i++) {
                if (!record_has(r, lists[i])) {
                        continue;
                }
                struct missing one = cut_list(r, lists[i], excess_of(r, most));
                all.rows += one.rows;
                all.values += one.rows > 0 ? 0 : one.values;
                if (lists[i] == FIELD_FIRST_ROWS && one.rows > 0) {
                        uint64_t before = record_has(r, FIELD_FIRST_ROWS_CUT) ? r->first_rows_cut : 0;
                        record_set_uint(r, FIELD_FIRST_ROWS_CUT, before + one.rows);
                }
        }
        return all;
}

bool record_cut(struct record *r, size_t most, const char *setting, char reason[RECORD_CUT_REASON])
{
        struct writer w = writer_over((uint8_t *)reason, RECORD_CUT_REASON);
        if (record_has(r, FIELD_REASON)) {
                writer_put(&w, span_head(record_text(r, FIELD_REASON), RECORD_CUT_REASON / 2));
                writer_text(&w, "; ");
        }
        /* the reason, and the optional part that it may need */
        size_t whole = most;
        most = most > RECORD_CUT_REASON + sizeof *r ? most - RECORD_CUT_REASON - sizeof *r : 0;
        r->row_hashes = (struct span){NULL, 0};
        struct missing all = cut_lists(r, most);
        bool names = excess_of(r, most) > 0 && record_has(r, FIELD_COLUMN_NAMES);
        if (names) {
                record_remove(r, FIELD_COLUMN_NAMES);
                record_remove(r, FIELD_FIRST_ROWS);
        }
        bool text = excess_of(r, most) > 0;
        if (record_has(r, FIELD_QUERY) && excess_of(r, most) > 0) {
                cut_text(r, FIELD_QUERY, FIELD_QUERY_LENGTH, excess_of(r, most));
        }
        if (record_has(r, FIELD_STMT_PREPARE_QUERY) && excess_of(r, most) > 0) {
                cut_text(r, FIELD_STMT_PREPARE_QUERY, FIELD_STMT_PREPARE_QUERY_LENGTH, excess_of(r, most));
        }
        writer_format(&w, "cut, because %s was reached", setting);
        put_missing(&w, all.rows, "row");
        put_missing(&w, all.values, "value");
        writer_text(&w, names ? ", the column names are missing" : "");
        writer_text(&w, text ? ", the text is truncated" : "");
        record_set_text(r, FIELD_REASON, writer_span(&w));
        return excess_of(r, whole) == 0;
}
