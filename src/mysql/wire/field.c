#include "mysql/wire/field.h"

/** Offset in the payload up to which @p r has taken bytes; all that it has if it failed. */
static size_t end_of(const struct field_trace *f, const struct reader *r, size_t at)
{
        if (r->len == 0) {
                return f->named; /* it may point to nowhere */
        }
        return (size_t)(r->data - f->payload.data) + at;
}

/** Report @p field, which ends at the offset @p end, unless it has no bytes. */
static void report(struct field_trace *f, struct field field, size_t end)
{
        if (end <= f->named) {
                return;
        }
        field.at = f->named;
        field.len = end - f->named;
        field.index = f->index;
        field.label = f->label;
        f->named = end;
        f->on_field(f->arg, &field);
}

void field_report_number(struct field_trace *f, const struct reader *r, const char *name,
                         enum field_form form, uint64_t number)
{
        struct field field = {.name = name, .form = form, .number = number, .is_cut = r->failed};
        report(f, field, end_of(f, r, r->failed ? r->len : r->at));
}

/** Report the length, @p length, that stands before @p content, the bytes of the field @p name. If the reader failed, the bytes may be
 *  missing. */
static void report_length(struct field_trace *f, const struct reader *r, const char *name,
                          struct span content, uint64_t length)
{
        struct field field = {.name = name, .form = AS_NUMBER, .is_length = true, .number = length};
        size_t begin = end_of(f, r, r->at);
        if (content.len > 0) {
                begin = (size_t)(content.data - f->payload.data);
        } else if (r->failed) {
                field.form = AS_BYTES;
        }
        report(f, field, begin);
}

void field_report_length(struct field_trace *f, const struct reader *r, const char *name, uint64_t length)
{
        struct field field = {.name = name, .form = AS_NUMBER, .is_length = true, .number = length};
        if (!r->failed) {
                report(f, field, end_of(f, r, r->at) - (size_t)length);
                return;
        }
        field.form = AS_BYTES;
        report(f, field, end_of(f, r, r->at));
        report(f, (struct field){.name = name, .is_cut = true}, end_of(f, r, r->len));
}

void field_report_text(struct field_trace *f, const struct reader *r, const char *name, struct span text,
                       bool has_length)
{
        struct field field = {.name = name, .form = AS_TEXT, .text = text, .is_cut = r->failed};
        if (has_length) {
                report_length(f, r, name, text, text.len);
        }
        size_t end = end_of(f, r, r->failed ? r->len : r->at);
        if (r->failed && end > f->named) { /* its beginning is there */
                field.text = span_of(f->payload.data + f->named, end - f->named);
        }
        report(f, field, end);
}

void field_report_value(struct field_trace *f, const struct reader *r, const char *name,
                        const struct value *v)
{
        struct field field = {.name = name, .form = AS_VALUE, .value = v, .is_cut = r->failed};
        if (!v->is_null) {
                report_length(f, r, name, v->bytes, v->true_len);
        }
        report(f, field, end_of(f, r, r->failed ? r->len : r->at));
}

void field_report_rest(struct field_trace *f, const char *name, bool is_surplus)
{
        f->index = 0;
        f->label = (struct span){NULL, 0};
        report(f, (struct field){.name = name, .form = AS_BYTES, .is_surplus = is_surplus}, f->payload.len);
}
