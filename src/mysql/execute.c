/* Values that travel in requests: parameters of COM_STMT_EXECUTE, attributes of COM_QUERY.
 * Source: MySQL's protocol documentation (COM_STMT_EXECUTE, COM_QUERY with query attributes). */
#include "mysql/capability.h"
#include "mysql/dissect_state.h"
#include "mysql/lenenc.h"
#include "profile/prof.h"

#define TYPE_UNSIGNED 0x8000u

enum { PARAMETER_COUNT_AVAILABLE = 0x08, EXECUTE_HEAD = 1 + 4 };

static bool is_null(struct span bitmap, size_t i)
{
        return i / 8 < bitmap.len && (bitmap.data[i / 8] >> (i % 8) & 1) != 0;
}

/** Types, and names if @p named, as the request brings them. */
static void read_types(struct reader *r, struct value *values, size_t n, bool named)
{
        for (size_t i = 0; i < n && !r->failed; i++) {
                uint16_t type = reader_u16(r);
                values[i].type = (uint8_t)type;
                values[i].is_unsigned = (type & TYPE_UNSIGNED) != 0;
                if (named) {
                        values[i].name = lenenc_span(r);
                }
        }
}

static void keep_types(struct dissect *d, struct statement *st, const struct value *values, size_t n)
{
        uint16_t *types = n <= UINT16_MAX ? statement_types(&d->statements, st, (uint16_t)n) : NULL;
        for (size_t i = 0; types != NULL && i < n; i++) {
                types[i] = (uint16_t)(values[i].type | (values[i].is_unsigned ? TYPE_UNSIGNED : 0));
        }
}

/** Types of the last execution; values whose type was never seen are told as unknown. */
static void recall_types(const struct statement *st, struct value *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                values[i].unknown = i >= st->n_types;
                values[i].type = i < st->n_types ? (uint8_t)st->types[i] : 0;
                values[i].is_unsigned = i < st->n_types && (st->types[i] & TYPE_UNSIGNED) != 0;
        }
}

/** The values behind the types. @p st may be NULL. Where a cut body ends, what is left is unknown. */
static void read_values(struct reader *r, const struct statement *st, struct span bitmap,
                        struct value *values, size_t n, size_t keep)
{
        bool lost = r->failed;
        for (size_t i = 0; i < n; i++) {
                struct value *v = &values[i];
                const struct long_data *data =
                    st != NULL && i <= UINT16_MAX ? statement_find_long_data(st, (uint16_t)i) : NULL;
                if (data != NULL) { /* sent ahead: whatever the bitmap says */
                        v->bytes = span_of(data->bytes, data->len);
                        v->true_len = data->true_len;
                        v->unknown = false;
                } else if (is_null(bitmap, i)) {
                        v->is_null = true;
                        v->unknown = false;
                } else if (!lost && !v->unknown) {
                        struct span name = v->name;
                        *v = value_read(r, v->type, v->is_unsigned, keep);
                        v->name = name;
                        lost = r->failed;
                        v->unknown = lost && v->true_len == 0; /* else cut: its head is there */
                } else {
                        lost = true; /* without its type the next value's place is unknown too */
                        v->unknown = true;
                }
        }
}

/** Split the decoded block: the statement's own parameters, then attributes with names. */
static void put_lists(struct record *record, struct value *values, size_t n, size_t n_params)
{
        size_t own = n < n_params ? n : n_params;
        record_set_list(record, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, own});
        if (n > own) {
                record_set_list(record, FIELD_QUERY_ATTRIBUTES, (struct value_list){values + own, n - own});
        }
}

void execute_decode(struct dissect *d, const struct flight *f, struct record *record)
{
        struct statement *st = f->has_stmt_id ? statements_find(&d->statements, f->stmt_id) : NULL;
        if (st == NULL) {
                return; /* never seen: neither the number of values nor their types are known */
        }
        struct reader r = reader_over(span_skip(span_of(f->body, f->body_len), EXECUTE_HEAD));
        bool attributes = (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0;
        uint8_t flags = reader_u8(&r);
        (void)reader_u32(&r); /* iterations: always 1 */
        uint64_t n = st->n_params;
        if (attributes && (n > 0 || (flags & PARAMETER_COUNT_AVAILABLE) != 0)) {
                n = lenenc_uint(&r);
        }
        if (r.failed || n == 0 || n / 8 > reader_left(&r)) {
                return;
        }
        struct value *values = dissect_values(d, (size_t)n);
        if (values == NULL) {
                return;
        }
        struct span bitmap = reader_take(&r, (n + 7) / 8);
        if (reader_u8(&r) != 0) {
                read_types(&r, values, (size_t)n, attributes);
                if (!r.failed) {
                        keep_types(d, st, values, (size_t)n);
                }
        } else {
                recall_types(st, values, (size_t)n);
        }
        read_values(&r, st, bitmap, values, (size_t)n, d->settings->value_bytes);
        put_lists(record, values, (size_t)n, st->n_params);
}

size_t execute_attributes(struct dissect *d, struct span body, struct record *record)
{
        struct reader r = reader_over(span_skip(body, 1));
        uint64_t n = lenenc_uint(&r);
        (void)lenenc_uint(&r); /* sets: always 1 */
        if (r.failed || n / 8 > reader_left(&r)) {
                return 0;
        }
        if (n > 0) {
                struct value *values = dissect_values(d, (size_t)n);
                struct span bitmap = reader_take(&r, (n + 7) / 8);
                if (values == NULL || reader_u8(&r) == 0) {
                        return 0;
                }
                read_types(&r, values, (size_t)n, true);
                read_values(&r, NULL, bitmap, values, (size_t)n, d->settings->value_bytes);
                if (record != NULL) {
                        record_set_list(record, FIELD_QUERY_ATTRIBUTES,
                                        (struct value_list){values, (size_t)n});
                }
        }
        return r.failed ? 0 : 1 + r.at;
}
