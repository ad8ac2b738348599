#include "mysql/wire/result_head.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/lenenc.h"
#include "mysql/wire/reply.h"

FIELD_READER bool read_column_count(struct span payload, uint64_t capabilities, struct column_count *out,
                                    struct field_trace *f)
{
        struct reader r = reader_over(payload);
        out->columns = lenenc_uint(&r);
        field_number(f, &r, "number of columns", out->columns);
        /* MySQL's documentation puts the flag before the count; the server sends it behind, as MariaDB does */
        bool has_flag = (capabilities & (CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA)) != 0;
        out->has_definitions = true;
        if (has_flag && reader_left(&r) > 0) {
                uint8_t flag = reader_u8(&r);
                field_number(f, &r, "definitions follow", flag);
                out->has_definitions = flag != 0;
        }
        return reader_done(&r);
}

bool column_count_parse(struct span payload, uint64_t capabilities, struct column_count *out)
{
        return read_column_count(payload, capabilities, out, NULL);
}

void column_count_fields(struct field_trace *f, uint64_t capabilities)
{
        struct column_count count;
        (void)read_column_count(f->payload, capabilities, &count, f);
}

/** MariaDB says how the client may show the column: "json", "uuid", "inet6" … */
FIELD_READER void read_extended(struct reader *r, struct field_trace *f)
{
        struct reader items = reader_over(lenenc_span(r));
        field_length(f, r, "extended metadata", items.len);
        while (f != NULL && reader_left(&items) > 0) {
                field_number(f, &items, "kind of metadata", reader_u8(&items));
                field_text(f, &items, "metadata", lenenc_span(&items));
        }
}

/** What has a length of its own behind the names. */
FIELD_READER void read_fixed(struct reader *r, struct definition *out, struct field_trace *f)
{
        uint64_t length = lenenc_uint(r);
        field_number(f, r, "length of the fixed fields", length);
        out->collation_id = reader_u16(r);
        field_number(f, r, "collation", out->collation_id);
        out->width = reader_u32(r);
        field_number(f, r, "width", out->width);
        out->type = reader_u8(r);
        field_form(f, r, "type", AS_TYPE, out->type);
        out->flags = reader_u16(r);
        field_form(f, r, "flags", AS_HEX, out->flags);
        out->decimals = reader_u8(r);
        field_number(f, r, "decimals", out->decimals);
}

/** Read the rest of the fixed fields, and the default value that COM_FIELD_LIST asks for; only their names are of interest. */
static void name_end(struct reader *r, struct field_trace *f)
{
        enum { FILLER = 2 };
        (void)reader_take(r, FILLER);
        field_bytes(f, r, "filler");
        if (reader_left(r) > 0) {
                struct value v = value_read_text(r, VALUE_VAR_STRING, false, SIZE_MAX);
                field_value(f, r, "default value", &v);
        }
}

FIELD_READER bool read_definition(struct span payload, uint64_t capabilities, struct definition *out,
                                  struct field_trace *f)
{
        struct reader r = reader_over(payload);
        struct span catalog = lenenc_span(&r);
        field_text(f, &r, "catalog", catalog);
        out->schema = lenenc_span(&r);
        field_text(f, &r, "schema", out->schema);
        struct span alias = lenenc_span(&r);
        field_text(f, &r, "table", alias); /* as the statement calls it */
        out->table = lenenc_span(&r);
        field_text(f, &r, "original table", out->table);
        out->name = lenenc_span(&r);
        field_text(f, &r, "name", out->name);
        out->column = lenenc_span(&r);
        field_text(f, &r, "original name", out->column);
        if ((capabilities & CAP_MARIADB_EXTENDED_META) != 0) {
                read_extended(&r, f);
        }
        read_fixed(&r, out, f);
        if (f != NULL) {
                name_end(&r, f);
        }
        return !r.failed;
}

bool definition_parse(struct span payload, uint64_t capabilities, struct definition *out)
{
        return read_definition(payload, capabilities, out, NULL);
}

void definition_fields(struct field_trace *f, uint64_t capabilities)
{
        struct definition definition;
        (void)read_definition(f->payload, capabilities, &definition, f);
}

FIELD_READER bool read_prepared(struct span payload, uint64_t capabilities, struct prepared *out,
                                struct field_trace *f)
{
        struct reader r = reader_over(payload);
        uint8_t header = reader_u8(&r);
        field_form(f, &r, "header", AS_HEX, header);
        out->stmt_id = reader_u32(&r);
        field_number(f, &r, "statement ID", out->stmt_id);
        out->columns = reader_u16(&r);
        field_number(f, &r, "number of columns", out->columns);
        out->params = reader_u16(&r);
        field_number(f, &r, "number of parameters", out->params);
        (void)reader_u8(&r);
        field_bytes(f, &r, "filler");
        out->warnings = 0;
        if (reader_left(&r) >= 2) {
                out->warnings = reader_u16(&r);
                field_number(f, &r, "warnings", out->warnings);
        }
        out->has_definitions = true;
        if ((capabilities & CAP_OPTIONAL_METADATA) != 0 && reader_left(&r) > 0) {
                uint8_t flag = reader_u8(&r);
                field_number(f, &r, "definitions follow", flag);
                out->has_definitions = flag != 0;
        }
        return header == REPLY_OK && !r.failed;
}

bool prepared_parse(struct span payload, uint64_t capabilities, struct prepared *out)
{
        return read_prepared(payload, capabilities, out, NULL);
}

void prepared_fields(struct field_trace *f, uint64_t capabilities)
{
        struct prepared prepared;
        (void)read_prepared(f->payload, capabilities, &prepared, f);
}
