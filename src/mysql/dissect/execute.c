#include "mysql/dissect/execute.h"

#include "mysql/dissect/parameter.h"
#include "mysql/dissect/value_filter.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/lenenc.h"

#define TYPE_UNSIGNED 0x8000u

enum {
        PARAMETER_COUNT_AVAILABLE = 0x08,
        EXECUTE_HEAD = 1 + 4,
        BULK_TYPES = 0x80, /* flag: types follow */
        BULK_ROWS_SHOWN = 16,
        BULK_VALUES_SHOWN = 4096,
        FEW_PARAMETERS = 64, /* scratch for so many is cheap */
        ATTRIBUTE_MIN = 3,   /* bytes of an attribute: its type, and the length of its name */
};

static const struct span no_label = {NULL, 0};

enum bulk_indicator { BULK_VALUE, BULK_NULL, BULK_DEFAULT, BULK_IGNORE };

static bool is_null(struct span bitmap, size_t i)
{
        return i / 8 < bitmap.len && (bitmap.data[i / 8] >> (i % 8) & 1) != 0;
}

/** Read the types, and the names if @p named. */
FIELD_READER void read_types(struct reader *r, struct value *values, size_t n, bool named,
                             struct field_trace *f)
{
        for (size_t i = 0; i < n && !r->failed; i++) {
                uint16_t type = reader_u16(r);
                field_item(f, i, no_label);
                field_form(f, r, "type of parameter", AS_TYPE, type);
                values[i].type = (uint8_t)type;
                values[i].is_unsigned = (type & TYPE_UNSIGNED) != 0;
                if (named) {
                        values[i].name = lenenc_span(r);
                        field_text(f, r, "name of parameter", values[i].name);
                }
        }
        field_no_item(f);
}

static void keep_types(struct dissect *d, struct statement *st, const struct value *values, size_t n)
{
        uint16_t own = (uint16_t)(n < st->n_params ? n : st->n_params);
        uint16_t *types = own > 0 ? statement_types(&d->statements, st, own) : NULL;
        for (size_t i = 0; types != NULL && i < own; i++) {
                types[i] = (uint16_t)(values[i].type | (values[i].is_unsigned ? TYPE_UNSIGNED : 0));
        }
}

/** Use the types of the last execution; a value whose type was never seen is unknown. */
static void recall_types(const struct statement *st, struct value *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                values[i].unknown = i >= st->n_types;
                values[i].type = i < st->n_types ? (uint8_t)st->types[i] : 0;
                values[i].is_unsigned = i < st->n_types && (st->types[i] & TYPE_UNSIGNED) != 0;
        }
}

/** @return how many bytes at most the kept request has of each value. */
static size_t bytes_there(const struct dissect *d, const struct command *cmd)
{
        return cmd->dropped > 0 ? value_filter_kept_of(d->settings) : SIZE_MAX;
}

/** Read a parameter as the server does. @p there: see bytes_there. */
static struct value read_parameter(const struct dissect *d, struct reader *r, const struct value *like,
                                   size_t there)
{
        uint8_t type = parameter_sent_as(like->type, dissector_is_mariadb(d));
        struct value v = value_read_part(r, type, type == like->type && like->is_unsigned,
                                         d->settings->value_bytes, there);
        if (type == VALUE_NULL) {
                v.type = like->type;
        }
        v.name = like->name;
        v.charset = value_is_text(v.type) ? d->vars.charsets.client : CHARSET_UNKNOWN;
        return v;
}

static void take_long_data(const struct dissect *d, struct value *v, const struct long_data *data)
{
        v->bytes = span_of(data->bytes, data->len);
        v->true_len = data->true_len;
        v->charset = value_is_text(v->type) ? d->vars.charsets.client : CHARSET_UNKNOWN;
        v->unknown = false;
}

/** Read the values behind the types. @p st may be NULL. The values behind the end of a cut body are unknown. */
FIELD_READER void read_values(const struct dissect *d, struct reader *r, const struct statement *st,
                              struct span bitmap, struct value *values, size_t n, size_t there,
                              struct field_trace *f)
{
        bool lost = r->failed;
        size_t may_be_long = st != NULL && st->long_data.n > 0 ? st->n_params : 0;
        for (size_t i = 0; i < n; i++) {
                struct value *v = &values[i];
                const struct long_data *data =
                    i < may_be_long ? statement_find_long_data(st, (uint16_t)i) : NULL;
                if (data != NULL) {
                        take_long_data(d, v, data); /* whatever the bitmap says */
                } else if (is_null(bitmap, i)) {
                        v->is_null = true;
                        v->unknown = false;
                } else if (!lost && !v->unknown) {
                        *v = read_parameter(d, r, v, there);
                        field_item(f, i, v->name);
                        field_value(f, r, "parameter", v);
                        lost = r->failed;
                        v->unknown =
                            lost && v->true_len == 0; /* else it is cut, and its beginning is there */
                } else {
                        lost = true; /* without its type, the position of the next value is unknown too */
                        v->unknown = true;
                }
        }
}

FIELD_READER void decode_execute(struct dissect *d, const struct command *cmd, struct execution *out,
                                 struct field_trace *f)
{
        struct reader r = reader_over(span_skip(command_body(cmd), EXECUTE_HEAD));
        bool attributes = (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0;
        uint8_t flags = reader_u8(&r);
        field_form(f, &r, "flags", AS_HEX, flags);
        uint32_t iterations = reader_u32(&r); /* always 1 */
        field_number(f, &r, "iterations", iterations);
        struct statement *st = out->st;
        uint64_t n = st->n_params;
        if (attributes && (n > 0 || (flags & PARAMETER_COUNT_AVAILABLE) != 0)) {
                n = lenenc_uint(&r);
                field_number(f, &r, "number of parameters", n);
        }
        if (!r.failed && n == 0) {
                return;
        }
        bool fits = !r.failed && n / 8 <= reader_left(&r);
        struct value *values = fits ? value_buffer_take(&d->values, (size_t)n) : NULL;
        if (values == NULL) {
                out->are_unknown = true;
                return;
        }
        struct span bitmap = reader_take(&r, (n + 7) / 8);
        field_bytes(f, &r, "NULL bitmap");
        uint8_t types_follow = reader_u8(&r);
        field_number(f, &r, "types follow", types_follow);
        if (types_follow != 0) {
                read_types(&r, values, (size_t)n, attributes, f);
                if (!r.failed) {
                        keep_types(d, st, values, (size_t)n);
                }
        } else {
                recall_types(st, values, (size_t)n);
        }
        read_values(d, &r, st, bitmap, values, (size_t)n, bytes_there(d, cmd), f);
        out->values = values;
        out->n = (size_t)n;
        out->odd_length = r.odd_length;
}

/* --- COM_STMT_BULK_EXECUTE ------------------------------------------------------------------------------------------ */

/** Read one row of parameters, each behind its indicator. */
FIELD_READER void read_bulk_row(const struct dissect *d, struct reader *r, const struct value *types,
                                struct value *row, size_t n, size_t there, struct field_trace *f)
{
        for (size_t i = 0; i < n; i++) {
                uint8_t indicator = reader_u8(r);
                field_item(f, i, no_label);
                field_number(f, r, "indicator of parameter", indicator);
                row[i] = (struct value){.type = types[i].type, .unknown = r->failed || types[i].unknown};
                if (row[i].unknown) {
                        r->failed = true;
                } else if (indicator == BULK_VALUE) {
                        row[i] = read_parameter(d, r, &types[i], there);
                        field_value(f, r, "parameter", &row[i]);
                        row[i].unknown = r->failed && row[i].true_len == 0;
                } else if (indicator == BULK_NULL) {
                        row[i].is_null = true;
                } else if (indicator == BULK_DEFAULT || indicator == BULK_IGNORE) {
                        row[i].role = indicator == BULK_DEFAULT ? VALUE_IS_DEFAULT : VALUE_IS_IGNORED;
                } else {
                        r->failed = true;
                        row[i].unknown = true;
                }
        }
        field_no_item(f);
}

FIELD_READER void decode_bulk(struct dissect *d, const struct command *cmd, struct execution *out,
                              struct field_trace *f)
{
        struct reader r = reader_over(span_skip(command_body(cmd), EXECUTE_HEAD));
        struct statement *st = out->st;
        size_t n = st->n_params;
        size_t shown = n > 0 ? BULK_VALUES_SHOWN / n : 0;
        shown = shown > BULK_ROWS_SHOWN ? BULK_ROWS_SHOWN : shown < 1 ? 1 : shown;
        uint16_t flags = reader_u16(&r);
        field_form(f, &r, "flags", AS_HEX, flags);
        /* Types, then a row that is not shown, then the mark and the rows that are: much room, which a packet must be worth. A row
         * has a byte for each parameter at the least. */
        bool fits = !r.failed && (n <= FEW_PARAMETERS || n <= reader_left(&r));
        struct value *types =
            n > 0 && fits ? value_buffer_take(&d->values, 2 * n + 1 + shown * (n + 1)) : NULL;
        if (types == NULL) {
                out->are_unknown = true;
                return;
        }
        if ((flags & BULK_TYPES) != 0) {
                read_types(&r, types, n, false, f);
                if (!r.failed) {
                        keep_types(d, st, types, n);
                }
        } else {
                recall_types(st, types, n);
        }
        struct value *list = types + 2 * n;
        uint64_t count = 0;
        size_t used = 0;
        list[used++].role = VALUE_BEGINS_RESULT;
        while (!reader_done(&r) && (!r.failed || count == 0)) {
                struct value *row = types + n;
                if (count < shown) {
                        list[used++].role = VALUE_BEGINS_ROW;
                        row = list + used;
                        used += n;
                }
                read_bulk_row(d, &r, types, row, n, bytes_there(d, cmd), f);
                count++;
        }
        out->values = list;
        out->n = used;
        out->count = count;
        out->odd_length = r.odd_length;
        out->count_known = !r.failed && cmd->body_len + cmd->dropped == cmd->true_len;
}

FIELD_READER void decode(struct dissect *d, const struct command *cmd, struct execution *out,
                         struct field_trace *f)
{
        *out =
            (struct execution){.st = cmd->has_stmt_id ? statements_find(&d->statements, cmd->stmt_id) : NULL};
        if (out->st == NULL) {
                return;
        }
        if (cmd->dropped > 0 && cmd->counted_params > 0 && cmd->counted_params != out->st->n_params) {
                out->are_unknown = true; /* what was dropped were not the values */
                return;
        }
        if (cmd->code == COM_STMT_EXECUTE) {
                decode_execute(d, cmd, out, f);
        } else {
                decode_bulk(d, cmd, out, f);
        }
}

void execute_decode(struct dissect *d, const struct command *cmd, struct execution *out)
{
        decode(d, cmd, out, NULL);
}

bool execute_fields(struct dissect *d, const struct command *cmd, struct field_trace *f)
{
        struct execution execution;
        decode(d, cmd, &execution, f);
        field_no_item(f);
        bool is_known = !execution.are_unknown;
        for (size_t i = 0; i < execution.n; i++) {
                is_known = is_known && !execution.values[i].unknown;
        }
        return is_known;
}

static void put_unknown(const struct command *cmd, struct record *r)
{
        static const struct value unknown = {.unknown = true};
        bool is_bulk = cmd->code == COM_STMT_BULK_EXECUTE;
        record_set_list(r, is_bulk ? FIELD_BULK_ROWS : FIELD_STMT_EXECUTE_VALUES,
                        (struct value_list){&unknown, 1});
}

static void put_bulk(const struct execution *execution, struct record *r)
{
        record_set_list(r, FIELD_BULK_ROWS, (struct value_list){execution->values, execution->n});
        if (execution->count_known) {
                record_set_uint(r, FIELD_BULK_COUNT, execution->count);
        }
}

void execute_put(const struct execution *execution, const struct command *cmd, struct record *r)
{
        struct value *values = execution->values;
        if (values == NULL) {
                if (execution->are_unknown) {
                        put_unknown(cmd, r);
                }
        } else if (cmd->code == COM_STMT_BULK_EXECUTE) {
                put_bulk(execution, r);
        } else {
                size_t n = execution->n;
                size_t own = n < execution->st->n_params ? n : execution->st->n_params;
                record_set_list(r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, own});
                if (n > own) { /* behind the statement's own parameters come attributes, with names */
                        record_set_list(r, FIELD_QUERY_ATTRIBUTES,
                                        (struct value_list){values + own, n - own});
                }
        }
}

/* --- COM_QUERY's attributes ------------------------------------------------------------------------------------------ */

FIELD_READER size_t read_attributes(struct dissect *d, struct span body, struct record *record,
                                    struct field_trace *f)
{
        struct reader r = reader_over(span_skip(body, 1));
        uint64_t n = lenenc_uint(&r);
        field_number(f, &r, "number of attributes", n);
        uint64_t sets = lenenc_uint(&r); /* always 1 */
        field_number(f, &r, "sets of attributes", sets);
        if (r.failed || n / 8 > reader_left(&r) ||
            (n > FEW_PARAMETERS && n > reader_left(&r) / ATTRIBUTE_MIN)) {
                return 0; /* they are incomplete: nothing is allocated for them */
        }
        if (n > 0) {
                struct value *values = value_buffer_take(&d->values, (size_t)n);
                struct span bitmap = reader_take(&r, (n + 7) / 8);
                field_bytes(f, &r, "NULL bitmap");
                if (values == NULL || reader_u8(&r) == 0) {
                        return 0;
                }
                field_bytes(f, &r, "types follow");
                read_types(&r, values, (size_t)n, true, f);
                read_values(d, &r, NULL, bitmap, values, (size_t)n, SIZE_MAX, f);
                field_no_item(f);
                if (record != NULL) {
                        record_set_list(record, FIELD_QUERY_ATTRIBUTES,
                                        (struct value_list){values, (size_t)n});
                }
        }
        if (r.odd_length && record == NULL && f == NULL) {
                lint_break(&d->lint, LINT_ODD_LENGTH);
        }
        return r.failed ? 0 : 1 + r.at;
}

size_t execute_attributes(struct dissect *d, struct span body, struct record *record)
{
        return read_attributes(d, body, record, NULL);
}

bool execute_attribute_fields(struct dissect *d, struct field_trace *f)
{
        return read_attributes(d, f->payload, NULL, f) > 0;
}
