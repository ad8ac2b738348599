#include "mysql/dissect/rows.h"

#include "mysql/sql/secret_data.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/result_head.h"
#include "profile/heap/prof.h"

enum { COLUMNS_MAX = 65535, BINARY_NULL_OFFSET = 2, COLLATION_BINARY = 63 };

static bool is_binary(const struct command *cmd)
{
        return cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE ||
               cmd->code == COM_STMT_FETCH;
}

/* --- definitions ---------------------------------------------------------------------------------------------------------- */

/** The columns that the result under way has: its own, or those that came last for its statement. */
static const struct columns *known_columns(const struct dissect *d, const struct command *cmd)
{
        const struct columns *c = cmd->first_rows->columns;
        if (c == NULL && cmd->has_stmt_id && !cmd->first_rows->columns_lost) {
                const struct statement *st = statements_find(&d->statements, cmd->stmt_id);
                c = st != NULL ? st->columns : NULL;
        }
        return c != NULL && c->have == c->n ? c : NULL;
}

static struct row_store *get_store(struct dissect *d, struct command *cmd)
{
        if (cmd->first_rows == NULL) {
                cmd->first_rows = row_store_new(&d->budget);
        }
        return cmd->first_rows;
}

void rows_expect(struct dissect *d, struct command *cmd, uint64_t n)
{
        if (d->settings->rows > 0 && get_store(d, cmd) != NULL) {
                row_store_expect(cmd->first_rows, n);
        }
}

static bool is_servers_own(struct span schema)
{
        static const char *const names[] = {"information_schema", "performance_schema", "mysql", "sys"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                if (span_equal(schema, span_str(names[i]))) {
                        return true;
                }
        }
        return false;
}

static bool parse_definition(const struct dissect *d, struct span body, struct column *out, struct span *name)
{
        struct definition def;
        if (!definition_parse(body, d->capabilities, &def)) {
                return false;
        }
        *name = def.name;
        out->is_derived = def.table.len == 0;
        out->is_catalog = def.schema.len == 0 || is_servers_own(def.schema);
        out->is_secret =
            secret_is_column(def.name) || secret_is_column(def.column); /* before it was renamed */
        out->type = def.type;
        out->is_unsigned = (def.flags & COLUMN_UNSIGNED) != 0;
        uint8_t width = def.width < UINT8_MAX ? (uint8_t)def.width : UINT8_MAX;
        out->zerofill = (def.flags & COLUMN_ZEROFILL) == 0 ? 0 : width;
        out->decimals = def.decimals;
        out->charset =
            def.collation_id != COLLATION_BINARY ? charset_of_collation(def.collation_id) : CHARSET_UNKNOWN;
        return true;
}

void rows_definition(struct dissect *d, struct command *cmd, struct span body)
{
        struct span name;
        struct column column = {0};
        if (parse_definition(d, body, &column, &name)) {
                row_store_add_column(cmd->first_rows, column, span_head(name, d->settings->value_bytes));
        } else {
                row_store_lose_columns(cmd->first_rows);
        }
}

/** The columns of a prepared statement: for its executions whose definitions are left out, and for COM_STMT_FETCH. */
static void hand_to_statement(struct dissect *d, struct command *cmd)
{
        size_t size;
        struct statement *st = cmd->has_stmt_id ? statements_find(&d->statements, cmd->stmt_id) : NULL;
        struct columns *columns = st != NULL ? row_store_take_columns(cmd->first_rows, &size) : NULL;
        if (columns != NULL && size > budget_share_left(&d->budget, BUDGET_STATEMENTS)) {
                prof_free(columns); /* values whose definitions are left out will be unknown */
                columns = NULL;
                statement_set_columns(&d->statements, st, NULL, 0);
        }
        if (columns != NULL) {
                statement_set_columns(&d->statements, st, columns, size);
        }
}

static void put_names(struct dissect *d, struct command *cmd, const struct columns *c)
{
        size_t n = c != NULL ? c->n : 0;
        struct value *values = value_buffer_take(&d->values, n);
        if (values == NULL) {
                n = 0;
        }
        for (size_t i = 0; i < n; i++) {
                values[i].bytes = columns_name(c, i);
                values[i].true_len = c->at[i].name_len;
                values[i].type = VALUE_VAR_STRING;
                values[i].charset = session_vars_results_charset(&d->vars);
                values[i].secret = c->at[i].is_secret;
                values[i].derived = c->at[i].is_derived;
                values[i].catalog = c->at[i].is_catalog;
        }
        struct row_store *store = cmd->first_rows;
        if (!row_store_append(store, &store->names, VALUE_BEGINS_RESULT, values, n)) {
                (void)row_store_append(store, &store->names, VALUE_BEGINS_RESULT, NULL, 0);
        }
}

void rows_begin(struct dissect *d, struct command *cmd)
{
        if (d->settings->rows == 0 || get_store(d, cmd) == NULL) {
                return;
        }
        struct row_store *store = cmd->first_rows;
        hand_to_statement(d, cmd);
        put_names(d, cmd, known_columns(d, cmd));
        if (row_store_append(store, &store->rows, VALUE_BEGINS_RESULT, NULL, 0)) {
                cmd->rows_wanted = d->settings->rows;
        }
}

void rows_prepared(struct dissect *d, struct command *cmd)
{
        if (cmd->first_rows != NULL) {
                hand_to_statement(d, cmd);
        }
}

/* --- rows ---------------------------------------------------------------------------------------------------------------------- */

static void mark_unknown(struct value *values, size_t from, size_t n)
{
        for (size_t i = from; i < n; i++) {
                values[i] = (struct value){.unknown = true};
        }
}

static struct value finish(struct value v, const struct column *column)
{
        v.charset = CHARSET_UNKNOWN;
        if (column != NULL) {
                v.charset = column->charset;
                value_set_column(&v, column->decimals, column->zerofill);
        }
        return v;
}

/** The row is read: check the lengths of its values. */
static void note_lengths(struct dissect *d, const struct reader *r)
{
        if (r->odd_length) {
                lint_break(&d->lint, LINT_ODD_LENGTH);
        }
}

/** The name of a column, for those who report fields. */
static struct span name_of(const struct columns *c, size_t i)
{
        return c != NULL ? columns_name(c, i) : (struct span){NULL, 0};
}

FIELD_READER void read_text_row(struct dissect *d, struct span body, const struct columns *c,
                                struct value *values, size_t n, struct field_trace *f)
{
        struct reader r = reader_over(body);
        for (size_t i = 0; i < n; i++) {
                const struct column *column = c != NULL ? &c->at[i] : NULL;
                struct value v =
                    value_read_text(&r, column != NULL ? column->type : VALUE_VAR_STRING,
                                    column != NULL && column->is_unsigned, d->settings->value_bytes);
                values[i] = finish(v, column);
                if (column == NULL) {
                        values[i].charset = session_vars_results_charset(&d->vars);
                }
                if (f != NULL) {
                        field_item(f, i, name_of(c, i));
                        field_value(f, &r, "value", &values[i]);
                }
                if (r.failed) {
                        mark_unknown(values, v.true_len > 0 ? i + 1 : i,
                                     n); /* the beginning of the failing value may be there */
                        break;
                }
        }
        note_lengths(d, &r);
}

FIELD_READER void read_binary_row(struct dissect *d, struct span body, const struct columns *c,
                                  struct value *values, size_t n, struct field_trace *f)
{
        struct reader r = reader_over(body);
        (void)reader_u8(&r);
        field_bytes(f, &r, "header");
        struct span nulls = reader_take(&r, (n + 7 + BINARY_NULL_OFFSET) / 8);
        field_bytes(f, &r, "NULL bitmap");
        if (nulls.data == NULL || c == NULL) {
                mark_unknown(values, 0, n);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                const struct column *column = &c->at[i];
                size_t bit = i + BINARY_NULL_OFFSET;
                struct value v = {.type = column->type, .is_null = true};
                if ((nulls.data[bit / 8] >> (bit % 8) & 1) == 0) {
                        v = value_read(&r, column->type, column->is_unsigned, d->settings->value_bytes);
                }
                values[i] = finish(v, column);
                if (f != NULL) {
                        field_item(f, i, name_of(c, i));
                        field_value(f, &r, "value", &values[i]);
                }
                if (r.failed) {
                        mark_unknown(values, v.true_len > 0 ? i + 1 : i, n);
                        break;
                }
        }
        note_lengths(d, &r);
}

/** A password may stand behind the place where a value is cut: search the whole value. */
static void look_behind_cuts(struct span body, struct value *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct value *v = &values[i];
                if (v->true_len > v->bytes.len && v->bytes.len > 0) {
                        size_t left = (size_t)(body.data + body.len - v->bytes.data);
                        struct span whole = {v->bytes.data, v->true_len < left ? (size_t)v->true_len : left};
                        v->secret = secret_is_in_value(whole);
                }
        }
}

void rows_add(struct dissect *d, struct command *cmd, struct span body)
{
        struct row_store *store = cmd->first_rows;
        const struct columns *c = known_columns(d, cmd);
        uint64_t n = cmd->columns;
        cmd->rows_wanted--;
        if (cmd->code == COM_STMT_FETCH) { /* the reply has no number of columns */
                n = c != NULL ? c->n : 1;
        }
        if (c != NULL && c->n != n) {
                c = NULL;
        }
        struct value *values = n <= COLUMNS_MAX ? value_buffer_take(&d->values, (size_t)n) : NULL;
        if (values == NULL) {
                store->cut++;
                return;
        }
        if (is_binary(cmd)) {
                read_binary_row(d, body, c, values, (size_t)n, NULL);
        } else {
                read_text_row(d, body, c, values, (size_t)n, NULL);
        }
        look_behind_cuts(body, values, (size_t)n);
        if (!row_store_append(store, &store->rows, VALUE_BEGINS_ROW, values, (size_t)n)) {
                store->cut++;
        }
}

/** How many values the row in text form has. */
static size_t count_values(struct span body)
{
        struct reader r = reader_over(body);
        size_t n = 0;
        for (; reader_left(&r) > 0; n++) {
                (void)value_read_text(&r, VALUE_VAR_STRING, false, 0);
        }
        return n;
}

void rows_fields(struct dissect *d, struct command *cmd, bool is_binary_row, struct field_trace *f)
{
        const struct columns *c = get_store(d, cmd) != NULL ? known_columns(d, cmd) : NULL;
        size_t n = c != NULL ? c->n : 0;
        if (!is_binary_row) {
                size_t there = count_values(f->payload);
                c = there > n ? NULL : c; /* these are not its columns */
                n = there;
        }
        struct value *values = n <= COLUMNS_MAX ? value_buffer_take(&d->values, n) : NULL;
        if (values == NULL) {
                return;
        }
        if (!is_binary_row) {
                read_text_row(d, f->payload, c, values, n, f);
        } else if (c != NULL) {
                read_binary_row(d, f->payload, c, values, n, f);
        }
        field_no_item(f);
}

void rows_put(const struct command *cmd, struct record *r)
{
        const struct row_store *store = cmd->first_rows;
        if (store->rows.n == 0) {
                return;
        }
        record_set_list(r, FIELD_COLUMN_NAMES, (struct value_list){store->names.at, store->names.n});
        record_set_list(r, FIELD_FIRST_ROWS, (struct value_list){store->rows.at, store->rows.n});
        if (store->cut > 0) {
                record_set_uint(r, FIELD_FIRST_ROWS_CUT, store->cut);
        }
}
