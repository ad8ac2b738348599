#include "journal/format/jsonl_field.h"

#include "base/json.h"
#include "journal/format/jsonl_map.h"
#include "journal/format/jsonl_objects.h"
#include "mysql/record/fields.h"

/* --- values -------------------------------------------------------------------------------------------------------- */

static void put_list(struct writer *w, struct value_list list)
{
        writer_char(w, '[');
        for (size_t i = 0; i < list.n; i++) {
                if (i > 0) {
                        writer_char(w, ',');
                }
                value_print(w, &list.at[i], VALUE_AS_JSON);
        }
        writer_char(w, ']');
}

/** Begin a new element where one stands before it. */
static void put_comma(struct writer *w, bool *is_first)
{
        if (!*is_first) {
                writer_char(w, ',');
        }
        *is_first = false;
}

/** Rows between marks: an array of arrays; of values without rows (names): an array. Several results: one each. */
static void put_rows(struct writer *w, struct value_list list)
{
        size_t results = 0;
        bool first_result = true;
        bool first_row = true;
        bool first_value = true;
        bool in_row = false;
        for (size_t i = 0; i < list.n; i++) {
                results += list.at[i].role == VALUE_BEGINS_RESULT ? 1 : 0;
        }
        writer_char(w, '[');
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                if (v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW) {
                        writer_text(w, in_row ? "]" : "");
                        in_row = v->role == VALUE_BEGINS_ROW;
                        first_value = true;
                }
                if (v->role == VALUE_BEGINS_RESULT) {
                        first_row = true;
                        if (results > 1) {
                                writer_text(w, first_result ? "[" : "],[");
                        }
                        first_result = false;
                } else if (v->role == VALUE_BEGINS_ROW) {
                        put_comma(w, &first_row);
                        writer_char(w, '[');
                } else {
                        put_comma(w, &first_value);
                        value_print(w, v, VALUE_AS_JSON);
                }
        }
        writer_text(w, in_row ? "]" : "");
        writer_text(w, results > 1 ? "]]" : "]");
}

static void list_flags(struct writer *w, enum record_field f, uint64_t flags)
{
        bool first = true;
        writer_char(w, '[');
        for (; flags != 0; flags &= flags - 1) {
                struct span name = span_str(record_flag_name(f, (unsigned)__builtin_ctzll(flags)));
                if (name.len > 0) {
                        writer_bytes(w, first ? "\"" : ",\"", first ? 1 : 2);
                        writer_put(w, name);
                        writer_char(w, '"');
                        first = false;
                }
        }
        writer_char(w, ']');
}

/** Clients of one kind have the same capabilities: what was listed last stands ready. */
static void put_flags(struct writer *w, enum record_field f, uint64_t flags)
{
        enum { LISTS = 8, LIST_MAX = 1024 };
        static _Thread_local struct {
                uint64_t flags;
                enum record_field field;
                size_t len; /* 0 = none */
                uint8_t text[LIST_MAX];
        } lists[LISTS], *list;
        list = &lists[(flags * 0x9e3779b97f4a7c15U >> 32 ^ f) % LISTS]; /* 2^64 by the golden ratio */
        if (list->len == 0 || list->flags != flags || list->field != f) {
                struct writer own = writer_over(list->text, LIST_MAX);
                list_flags(&own, f, flags);
                list->flags = flags;
                list->field = f;
                list->len = own.failed ? 0 : own.at;
        }
        if (list->len > 0) {
                writer_bytes(w, list->text, list->len);
        } else {
                list_flags(w, f, flags);
        }
}

void jsonl_value(struct writer *w, const struct record *r, enum record_field f)
{
        switch (record_fields[f].kind) {
        case RECORD_UINT: writer_decimal(w, record_uint(r, f)); break;
        case RECORD_BOOL: writer_text(w, record_uint(r, f) != 0 ? "true" : "false"); break;
        case RECORD_TEXT: (void)json_quote(w, fields_text(r, f)); break;
        case RECORD_BYTES: json_hex(w, record_text(r, f)); break;
        case RECORD_LIST: put_list(w, record_list(r, f)); break;
        case RECORD_ROWS: put_rows(w, record_list(r, f)); break;
        case RECORD_MAP: jsonl_map(w, record_list(r, f)); break;
        case RECORD_OBJECTS: jsonl_objects(w, record_list(r, f)); break;
        case RECORD_FLAGS: put_flags(w, f, record_uint(r, f)); break;
        }
}

/* --- fields ----------------------------------------------------------------------------------------------------- */

static void put_text(struct writer *w, const struct record *r, enum record_field f)
{
        bool is_valid = json_quote(w, fields_text(r, f));
        if (!is_valid || fields_undecoded(r, f)) {
                writer_text(w, ",\"");
                writer_text(w, record_fields[f].name);
                writer_text(w, "_hex\":");
                json_hex(w, record_text(r, f));
        }
}

void jsonl_value_and_hex(struct writer *w, const struct record *r, enum record_field f)
{
        if (record_fields[f].kind == RECORD_TEXT) {
                put_text(w, r, f);
        } else {
                jsonl_value(w, r, f);
        }
}

void jsonl_field(struct writer *w, const struct record *r, enum record_field f)
{
        writer_bytes(w, record_fields[f].key, record_fields[f].key_len);
        jsonl_value_and_hex(w, r, f);
}

void jsonl_fields(struct writer *w, const struct record *r, struct field_set fields)
{
        enum record_field f;
        FIELD_SET_EACH(fields, f)
        {
                jsonl_field(w, r, f);
        }
}
