/* The first rows of results, decoded by the definitions of their columns.
 * Source: MySQL's protocol documentation (ColumnDefinition41, ProtocolText::ResultsetRow, Binary Protocol Resultset Row),
 * MariaDB's (Result Set Packets: extended metadata, metadata that follows or not). */
#include "mysql/dissect/dissect_state.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/lenenc.h"
#include "profile/heap/prof.h"

#define COLUMN_UNSIGNED 0x0020u

enum { COLUMNS_MAX = 65535, BINARY_NULL_OFFSET = 2, FIRST_ELEMENTS = 64, COLLATION_BINARY = 63 };

struct column {
        uint8_t type;
        uint8_t charset;
        bool is_unsigned;
        bool is_secret;  /* named as passwords are, by its table if not here */
        bool is_derived; /* no table's */
        bool is_catalog; /* of the server's own tables */
        size_t name_at;  /* behind the columns */
        size_t name_len;
};

/* One block, so that it can be handed to a statement: the columns, then their names. */
struct columns {
        size_t n;
        size_t have; /* definitions so far */
        size_t names_len;
        size_t names_size;
        struct column at[];
};

/* Bytes that the values of kept rows point to. */
struct row_block {
        struct row_block *next;
        uint8_t bytes[];
};

/* Elements of a list of the record, growing. */
struct elements {
        struct value *at;
        size_t n;
        size_t size;
};

struct rows {
        struct columns *columns; /* of the result under way; NULL: not known, or the statement has them */
        struct elements names;
        struct elements rows;
        struct row_block *blocks;
        size_t held;
        bool lost;    /* definitions came and could not be kept: the statement's older ones do not count */
        uint64_t cut; /* rows that were wanted and not kept */
};

static size_t columns_size(const struct columns *c)
{
        return sizeof *c + c->n * sizeof c->at[0] + c->names_size;
}

static struct span name_of(const struct columns *c, size_t i)
{
        return span_of((const uint8_t *)(c->at + c->n) + c->at[i].name_at, c->at[i].name_len);
}

static bool is_binary(const struct command *cmd)
{
        return cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE ||
               cmd->code == COM_STMT_FETCH;
}

/* --- memory ----------------------------------------------------------------------------------------------------------- */

static size_t room_left(const struct dissect *d)
{
        size_t held = d->held + d->statements.held;
        return d->settings->held_bytes > held ? d->settings->held_bytes - held : 0;
}

static void hold(struct dissect *d, struct rows *rows, size_t bytes)
{
        rows->held += bytes;
        d->held += bytes;
}

static void drop_columns(struct dissect *d, struct rows *rows)
{
        if (rows->columns != NULL) {
                rows->held -= columns_size(rows->columns);
                d->held -= columns_size(rows->columns);
                prof_free(rows->columns);
                rows->columns = NULL;
        }
}

/** Not known: the values are told as unknown. */
static void lose_columns(struct dissect *d, struct rows *rows)
{
        drop_columns(d, rows);
        rows->lost = true;
}

void rows_free(struct rows *rows)
{
        if (rows == NULL) {
                return;
        }
        while (rows->blocks != NULL) {
                struct row_block *first = rows->blocks;
                rows->blocks = first->next;
                prof_free(first);
        }
        prof_free(rows->columns);
        prof_free(rows->names.at);
        prof_free(rows->rows.at);
        prof_free(rows);
}

size_t rows_held(const struct rows *rows)
{
        return rows != NULL ? rows->held : 0;
}

/** Room for @p n more elements, within the session's bound. */
static bool reserve(struct dissect *d, struct rows *rows, struct elements *e, size_t n)
{
        if (e->n + n <= e->size) {
                return true;
        }
        size_t size = e->size * 2 > e->n + n ? e->size * 2 : e->n + n;
        size = size > FIRST_ELEMENTS ? size : FIRST_ELEMENTS;
        size_t more = (size - e->size) * sizeof *e->at;
        struct value *bigger =
            more <= room_left(d) ? prof_realloc(STAGE_DISSECT, e->at, size * sizeof *e->at) : NULL;
        if (bigger == NULL) {
                return false;
        }
        hold(d, rows, more);
        e->at = bigger;
        e->size = size;
        return true;
}

/** Append @p values behind a mark, with a copy of their bytes. @return false if there is no room for all of it. */
static bool append(struct dissect *d, struct rows *rows, struct elements *e, enum value_role mark,
                   const struct value *values, size_t n)
{
        size_t bytes = 0;
        for (size_t i = 0; i < n; i++) {
                bytes += values[i].bytes.len;
        }
        if (!reserve(d, rows, e, n + 1)) {
                return false;
        }
        struct row_block *block = NULL;
        if (bytes > 0) {
                size_t size = sizeof *block + bytes;
                block = size <= room_left(d) ? prof_alloc(STAGE_DISSECT, size) : NULL;
                if (block == NULL) {
                        return false;
                }
                hold(d, rows, size);
                block->next = rows->blocks;
                rows->blocks = block;
        }
        struct writer w = writer_over(block != NULL ? block->bytes : NULL, bytes);
        e->at[e->n++] = (struct value){.role = (uint8_t)mark};
        for (size_t i = 0; i < n; i++) {
                struct value v = values[i];
                size_t at = w.at;
                writer_put(&w, v.bytes);
                v.bytes = v.bytes.len > 0 ? span_of(w.data + at, v.bytes.len) : (struct span){NULL, 0};
                e->at[e->n++] = v;
        }
        return true;
}

/* --- definitions ---------------------------------------------------------------------------------------------------------- */

/** The columns that the result under way has: its own, or those that came last for its statement. */
static const struct columns *known_columns(const struct dissect *d, const struct command *cmd)
{
        const struct columns *c = cmd->first_rows->columns;
        if (c == NULL && cmd->has_stmt_id && !cmd->first_rows->lost) {
                const struct statement *st = statements_find(&d->statements, cmd->stmt_id);
                c = st != NULL ? st->columns : NULL;
        }
        return c != NULL && c->have == c->n ? c : NULL;
}

static struct rows *get_rows(struct command *cmd)
{
        if (cmd->first_rows == NULL) {
                cmd->first_rows = prof_calloc(STAGE_DISSECT, 1, sizeof *cmd->first_rows);
        }
        return cmd->first_rows;
}

void rows_expect(struct dissect *d, struct command *cmd, uint64_t n)
{
        if (d->settings->rows == 0) {
                return;
        }
        struct rows *rows = get_rows(cmd);
        if (rows == NULL) {
                return;
        }
        drop_columns(d, rows);
        rows->lost = n > 0;
        size_t size =
            sizeof *rows->columns + (size_t)(n <= COLUMNS_MAX ? n : 0) * sizeof rows->columns->at[0];
        if (n > 0 && n <= COLUMNS_MAX && size <= room_left(d)) {
                rows->columns = prof_calloc(STAGE_DISSECT, 1, size);
        }
        if (rows->columns != NULL) {
                rows->columns->n = (size_t)n;
                rows->lost = false;
                hold(d, rows, size);
        }
}

/** Keep a column's name behind the columns. */
static bool keep_name(struct dissect *d, struct rows *rows, struct span name)
{
        struct columns *c = rows->columns;
        size_t need = c->names_len + name.len;
        if (need > c->names_size) {
                size_t more = (c->names_size * 2 > need ? c->names_size * 2 : need) - c->names_size;
                c = more <= room_left(d) ? prof_realloc(STAGE_DISSECT, c, columns_size(c) + more) : NULL;
                if (c == NULL) {
                        return false;
                }
                c->names_size += more;
                rows->columns = c;
                hold(d, rows, more);
        }
        if (name.len > 0) {
                memcpy((uint8_t *)(c->at + c->n) + c->names_len, name.data, name.len);
        }
        c->at[c->have].name_at = c->names_len;
        c->at[c->have].name_len = name.len;
        c->names_len = need;
        return true;
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
        struct reader r = reader_over(body);
        (void)lenenc_span(&r); /* catalog */
        struct span schema = lenenc_span(&r);
        (void)lenenc_span(&r); /* table, as the statement calls it */
        out->is_derived = lenenc_span(&r).len == 0;
        out->is_catalog = schema.len == 0 || is_servers_own(schema);
        *name = lenenc_span(&r);
        out->is_secret = secret_is_column(*name);
        out->is_secret = secret_is_column(lenenc_span(&r)) || out->is_secret; /* before it was renamed */
        if ((d->capabilities & CAP_MARIADB_EXTENDED_META) != 0) {
                (void)lenenc_span(&r); /* "json", "uuid", "inet6" …: how the client may show it */
        }
        (void)lenenc_uint(&r); /* length of what follows */
        uint16_t collation = reader_u16(&r);
        (void)reader_u32(&r); /* width */
        out->type = reader_u8(&r);
        uint16_t flags = reader_u16(&r);
        out->is_unsigned = (flags & COLUMN_UNSIGNED) != 0;
        out->charset = collation != COLLATION_BINARY ? charset_of_collation(collation) : CHARSET_UNKNOWN;
        return !r.failed;
}

void rows_definition(struct dissect *d, struct command *cmd, struct span body)
{
        struct rows *rows = cmd->first_rows;
        if (rows->columns == NULL || rows->columns->have >= rows->columns->n) {
                return;
        }
        struct span name;
        struct column column = {0};
        if (!parse_definition(d, body, &column, &name)) {
                lose_columns(d, rows);
                return;
        }
        rows->columns->at[rows->columns->have] = column;
        if (!keep_name(d, rows, span_head(name, d->settings->value_bytes))) {
                lose_columns(d, rows);
                return;
        }
        rows->columns->have++;
}

/** Of a prepared statement's: for its executions whose definitions are left out, and for COM_STMT_FETCH. */
static void hand_to_statement(struct dissect *d, struct command *cmd)
{
        struct rows *rows = cmd->first_rows;
        struct statement *st = cmd->has_stmt_id ? statements_find(&d->statements, cmd->stmt_id) : NULL;
        if (st == NULL || rows->columns == NULL || rows->columns->have < rows->columns->n) {
                return;
        }
        size_t size = columns_size(rows->columns);
        rows->held -= size;
        d->held -= size;
        statement_set_columns(&d->statements, st, rows->columns, size);
        rows->columns = NULL;
}

static void put_names(struct dissect *d, struct command *cmd, const struct columns *c)
{
        size_t n = c != NULL ? c->n : 0;
        struct value *values = dissect_values(d, n);
        if (values == NULL) {
                n = 0;
        }
        for (size_t i = 0; i < n; i++) {
                values[i].bytes = name_of(c, i);
                values[i].true_len = c->at[i].name_len;
                values[i].type = VALUE_VAR_STRING;
                values[i].charset = session_vars_results_charset(d);
                values[i].secret = c->at[i].is_secret;
                values[i].derived = c->at[i].is_derived;
                values[i].catalog = c->at[i].is_catalog;
        }
        struct rows *rows = cmd->first_rows;
        if (!append(d, rows, &rows->names, VALUE_BEGINS_RESULT, values, n)) {
                (void)append(d, rows, &rows->names, VALUE_BEGINS_RESULT, NULL, 0);
        }
}

void rows_begin(struct dissect *d, struct command *cmd)
{
        if (d->settings->rows == 0 || get_rows(cmd) == NULL) {
                return;
        }
        struct rows *rows = cmd->first_rows;
        hand_to_statement(d, cmd);
        put_names(d, cmd, known_columns(d, cmd));
        if (append(d, rows, &rows->rows, VALUE_BEGINS_RESULT, NULL, 0)) {
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

static void say_unknown(struct value *values, size_t from, size_t n)
{
        for (size_t i = from; i < n; i++) {
                values[i] = (struct value){.unknown = true};
        }
}

static struct value finish(struct value v, const struct column *column)
{
        v.charset = column != NULL ? column->charset : CHARSET_UNKNOWN;
        return v;
}

static void read_text_row(const struct dissect *d, struct span body, const struct columns *c,
                          struct value *values, size_t n)
{
        struct reader r = reader_over(body);
        for (size_t i = 0; i < n; i++) {
                const struct column *column = c != NULL ? &c->at[i] : NULL;
                struct value v =
                    value_read_text(&r, column != NULL ? column->type : VALUE_VAR_STRING,
                                    column != NULL && column->is_unsigned, d->settings->value_bytes);
                values[i] = finish(v, column);
                if (column == NULL) {
                        values[i].charset = session_vars_results_charset(d);
                }
                if (r.failed) {
                        say_unknown(values, v.true_len > 0 ? i + 1 : i, n); /* a head may be there */
                        return;
                }
        }
}

static void read_binary_row(const struct dissect *d, struct span body, const struct columns *c,
                            struct value *values, size_t n)
{
        struct reader r = reader_over(body);
        (void)reader_u8(&r);
        struct span nulls = reader_take(&r, (n + 7 + BINARY_NULL_OFFSET) / 8);
        if (r.failed || c == NULL) {
                say_unknown(values, 0, n);
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
                if (r.failed) {
                        say_unknown(values, v.true_len > 0 ? i + 1 : i, n);
                        return;
                }
        }
}

/** What a value tells may stand behind where it is cut. */
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

void rows_take(struct dissect *d, struct command *cmd, struct span body)
{
        struct rows *rows = cmd->first_rows;
        const struct columns *c = known_columns(d, cmd);
        uint64_t n = cmd->columns;
        cmd->rows_wanted--;
        if (cmd->code == COM_STMT_FETCH) { /* its reply tells no number of columns */
                n = c != NULL ? c->n : 1;
        }
        if (c != NULL && c->n != n) {
                c = NULL;
        }
        struct value *values = n <= COLUMNS_MAX ? dissect_values(d, (size_t)n) : NULL;
        if (values == NULL) {
                rows->cut++;
                return;
        }
        if (is_binary(cmd)) {
                read_binary_row(d, body, c, values, (size_t)n);
        } else {
                read_text_row(d, body, c, values, (size_t)n);
        }
        look_behind_cuts(body, values, (size_t)n);
        if (!append(d, rows, &rows->rows, VALUE_BEGINS_ROW, values, (size_t)n)) {
                rows->cut++;
        }
}

void rows_put(const struct command *cmd, struct record *r)
{
        const struct rows *rows = cmd->first_rows;
        if (rows->rows.n == 0) {
                return;
        }
        record_set_list(r, FIELD_COLUMN_NAMES, (struct value_list){rows->names.at, rows->names.n});
        record_set_list(r, FIELD_FIRST_ROWS, (struct value_list){rows->rows.at, rows->rows.n});
        if (rows->cut > 0) {
                record_set_uint(r, FIELD_FIRST_ROWS_CUT, rows->cut);
        }
}
