#include "tap/field_text.h"

#include "mysql/record/record.h"
#include "mysql/wire/command.h"

enum { LABEL_MAX = 64, TEXT_MAX = 200, TYPE_UNSIGNED = 0x8000, CUT_MARK = 3 };

void field_text_name(struct writer *w, const struct field *f)
{
        writer_text(w, f->is_length ? "length of " : "");
        writer_text(w, f->name);
        if (f->index > 0) {
                writer_format(w, " %llu", (unsigned long long)f->index);
        }
        if (f->label.len > 0) {
                writer_text(w, " (");
                writer_put(w, span_head(f->label, LABEL_MAX));
                writer_text(w, f->label.len > LABEL_MAX ? "...)" : ")");
        }
        writer_text(w, f->is_cut ? ", cut" : "");
}

/** A number, and the names of its bits. */
static void put_flags(struct writer *w, const struct field *f, enum record_field names)
{
        unsigned digits = f->form == AS_STATUS || f->len == 2 ? 4 : 8;
        unsigned shift = f->form == AS_CAPABILITIES && f->number > UINT32_MAX ? 32 : 0;
        if (f->form == AS_CAPABILITIES && f->len == 2 && f->number > UINT16_MAX) {
                shift = 16;
        }
        writer_format(w, "0x%0*llx", (int)digits, (unsigned long long)(f->number >> shift));
        for (unsigned bit = 0; bit < 64; bit++) {
                const char *name = (f->number >> bit & 1) != 0 ? record_flag_name(names, bit) : NULL;
                if (name != NULL) {
                        writer_char(w, ' ');
                        writer_text(w, name);
                }
        }
}

static const char *type_name(uint8_t type)
{
        static const char *const names[UINT8_MAX + 1] = {
            [VALUE_DECIMAL] = "DECIMAL",
            [VALUE_TINY] = "TINY",
            [VALUE_SHORT] = "SHORT",
            [VALUE_LONG] = "LONG",
            [VALUE_FLOAT] = "FLOAT",
            [VALUE_DOUBLE] = "DOUBLE",
            [VALUE_NULL] = "NULL",
            [VALUE_TIMESTAMP] = "TIMESTAMP",
            [VALUE_LONGLONG] = "LONGLONG",
            [VALUE_INT24] = "INT24",
            [VALUE_DATE] = "DATE",
            [VALUE_TIME] = "TIME",
            [VALUE_DATETIME] = "DATETIME",
            [VALUE_YEAR] = "YEAR",
            [VALUE_NEWDATE] = "NEWDATE",
            [VALUE_VARCHAR] = "VARCHAR",
            [VALUE_BIT] = "BIT",
            [VALUE_BOOL] = "BOOL",
            [VALUE_VECTOR] = "VECTOR",
            [VALUE_JSON] = "JSON",
            [VALUE_NEWDECIMAL] = "NEWDECIMAL",
            [VALUE_ENUM] = "ENUM",
            [VALUE_SET] = "SET",
            [VALUE_TINY_BLOB] = "TINY_BLOB",
            [VALUE_MEDIUM_BLOB] = "MEDIUM_BLOB",
            [VALUE_LONG_BLOB] = "LONG_BLOB",
            [VALUE_BLOB] = "BLOB",
            [VALUE_VAR_STRING] = "VAR_STRING",
            [VALUE_STRING] = "STRING",
            [VALUE_GEOMETRY] = "GEOMETRY",
        };
        return names[type] != NULL ? names[type] : "unknown type";
}

static void put_type(struct writer *w, uint64_t type)
{
        writer_format(w, "%s%s", type_name((uint8_t)type), (type & TYPE_UNSIGNED) != 0 ? " unsigned" : "");
}

/** A value as in a statement. What does not fit is cut. */
static void put_value(struct writer *w, const struct value *v)
{
        char room[TEXT_MAX];
        struct writer value = writer_over(room, sizeof room);
        value_print(&value, v, VALUE_AS_SQL);
        writer_put(w, writer_span(&value));
        writer_text(w, value.failed ? "..." : "");
}

void field_text_content(struct writer *w, const struct field *f)
{
        if (f->is_cut && f->form != AS_TEXT && f->form != AS_VALUE) {
                return;
        }
        switch (f->form) {
        case AS_BYTES: break;
        case AS_NUMBER: writer_decimal(w, f->number); break;
        case AS_HEX: writer_format(w, "0x%0*llx", (int)(2 * f->len), (unsigned long long)f->number); break;
        case AS_COMMAND: writer_text(w, command_type((uint8_t)f->number)->name); break;
        case AS_TYPE: put_type(w, f->number); break;
        case AS_STATUS: put_flags(w, f, FIELD_STATUS_FLAGS); break;
        case AS_CAPABILITIES: put_flags(w, f, FIELD_CAPABILITIES); break;
        case AS_TEXT:
                writer_put(w, span_head(f->text, TEXT_MAX));
                writer_text(w, f->text.len > TEXT_MAX ? "..." : "");
                break;
        case AS_VALUE: put_value(w, f->value); break;
        }
}
