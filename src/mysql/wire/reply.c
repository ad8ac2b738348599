#include "mysql/wire/reply.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/lenenc.h"

/* SESSION_TRACK_* of both servers. */
enum {
        TRACK_SYSTEM_VARIABLES = 0,
        TRACK_SCHEMA = 1,
        TRACK_STATE_CHANGE = 2,
        TRACK_GTIDS = 3,
        TRACK_TRANSACTION_CHARACTERISTICS = 4,
        TRACK_TRANSACTION_STATE = 5,
};

FIELD_READER bool next_variable(struct session_changes *at, struct session_change *out, struct field_trace *f)
{
        out->name = lenenc_span(&at->variables);
        field_text(f, &at->variables, "variable", out->name);
        out->value = lenenc_span(&at->variables);
        field_text(f, &at->variables, "value of variable", out->value);
        at->entries.failed = at->entries.failed || at->variables.failed;
        return !at->entries.failed;
}

FIELD_READER bool next_change(struct session_changes *at, struct session_change *out, struct field_trace *f)
{
        static const char *const names[] = {
            [TRACK_SCHEMA] = "schema",
            [TRACK_STATE_CHANGE] = "state_change",
            [TRACK_GTIDS] = "gtids",
            [TRACK_TRANSACTION_CHARACTERISTICS] = "transaction_characteristics",
            [TRACK_TRANSACTION_STATE] = "transaction_state",
        };
        if (reader_left(&at->variables) > 0) {
                return next_variable(at, out, f);
        }
        while (reader_left(&at->entries) > 0) {
                uint8_t type = reader_u8(&at->entries);
                field_number(f, &at->entries, "kind of change", type);
                struct reader data = reader_over(lenenc_span(&at->entries));
                field_length(f, &at->entries, "change", data.len);
                if (at->entries.failed) {
                        return false;
                }
                if (type == TRACK_SYSTEM_VARIABLES && reader_left(&data) > 0) {
                        at->variables = data;
                        return next_variable(at, out, f);
                }
                if (type == TRACK_SYSTEM_VARIABLES || type >= sizeof names / sizeof names[0]) {
                        field_bytes(f, &at->entries, "change of an unknown kind");
                        continue; /* empty, or of a later version: its length is known */
                }
                if (type == TRACK_GTIDS) {
                        field_number(f, &data, "encoding", reader_u8(&data)); /* of which there is one */
                }
                out->name = span_str(names[type]);
                out->value = type == TRACK_STATE_CHANGE ? reader_rest(&data) : lenenc_span(&data);
                if (type == TRACK_STATE_CHANGE) {
                        field_string(f, &data, names[type], out->value);
                } else {
                        field_text(f, &data, names[type], out->value);
                }
                field_bytes(f, &at->entries, "rest of the change");
                at->entries.failed = data.failed;
                return !data.failed;
        }
        return false;
}

bool session_change_next(struct session_changes *at, struct session_change *out)
{
        return next_change(at, out, NULL);
}

/** Take what the dissector itself needs. */
FIELD_READER void parse_tracking(struct span block, struct ok *out, struct field_trace *f)
{
        struct session_changes at = session_changes_of(block);
        struct session_change change;
        out->changes = block;
        while (next_change(&at, &change, f)) {
                out->odd_length = out->odd_length || at.entries.odd_length || at.variables.odd_length;
                if (span_equal(change.name, span_str("character_set_client"))) {
                        out->character_set = change.value;
                } else if (span_equal(change.name, span_str("character_set_results"))) {
                        out->results_set = change.value;
                        out->has_results_set = true;
                } else if (span_equal(change.name, span_str("schema"))) {
                        out->schema = change.value;
                        out->has_schema = true;
                }
        }
}

/** MariaDB writes the length as a character of the database's character set: ucs2, utf16 and utf32 put zeros before it. */
FIELD_READER struct span session_changes_block(struct reader *r, bool *is_wide)
{
        enum { ZEROS_MAX = 3 };
        struct span block = lenenc_span(r);
        for (int i = 1; i <= ZEROS_MAX && block.len == 0 && reader_left(r) > 0; i++) {
                *is_wide = true;
                block = lenenc_span(r);
        }
        return block;
}

FIELD_READER bool read_ok(struct span payload, uint64_t capabilities, struct ok *out, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        *out = (struct ok){0};
        uint8_t header = reader_u8(&r);
        field_form(f, &r, "header", AS_HEX, header);
        out->affected_rows = lenenc_uint(&r);
        field_number(f, &r, "affected rows", out->affected_rows);
        out->last_insert_id = lenenc_uint(&r);
        field_number(f, &r, "last insert ID", out->last_insert_id);
        out->status = reader_u16(&r);
        field_form(f, &r, "status", AS_STATUS, out->status);
        out->warnings = reader_u16(&r);
        field_number(f, &r, "warnings", out->warnings);
        if (r.failed) {
                return false;
        }
        if ((capabilities & CAP_SESSION_TRACK) == 0 || reader_left(&r) == 0) {
                /* Documented as the rest of the packet, but servers send it with its length. */
                struct reader counted = r;
                out->info = lenenc_span(&counted);
                if (counted.failed || reader_left(&counted) > 0) {
                        out->info = reader_rest(&r);
                        field_string(f, &r, "info", out->info);
                } else {
                        field_text(f, &counted, "info", out->info);
                }
                return true;
        }
        out->info = lenenc_span(&r);
        field_text(f, &r, "info", out->info);
        /* MariaDB may set the flag and send nothing */
        if ((out->status & STATUS_SESSION_STATE_CHANGED) != 0 && reader_left(&r) > 0) {
                struct span block = session_changes_block(&r, &out->wide_length);
                field_length(f, &r, "session changes", block.len);
                parse_tracking(block, out, f);
                field_bytes(f, &r, "changes that cannot be read");
        }
        out->behind = reader_left(&r);
        out->odd_length = out->odd_length || r.odd_length;
        return !r.failed;
}

bool ok_parse(struct span payload, uint64_t capabilities, struct ok *out)
{
        return read_ok(payload, capabilities, out, NULL);
}

void ok_fields(struct field_trace *f, uint64_t capabilities)
{
        struct ok ok;
        (void)read_ok(f->payload, capabilities, &ok, f);
}

FIELD_READER bool read_eof(struct span payload, struct ok *out, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        *out = (struct ok){0};
        uint8_t header = reader_u8(&r);
        field_form(f, &r, "header", AS_HEX, header);
        if (reader_left(&r) == 0) {
                return true; /* the form before 4.1 */
        }
        out->warnings = reader_u16(&r);
        field_number(f, &r, "warnings", out->warnings);
        out->status = reader_u16(&r);
        field_form(f, &r, "status", AS_STATUS, out->status);
        return !r.failed;
}

bool eof_parse(struct span payload, struct ok *out)
{
        return read_eof(payload, out, NULL);
}

void eof_fields(struct field_trace *f)
{
        struct ok eof;
        (void)read_eof(f->payload, &eof, f);
}

FIELD_READER bool read_err(struct span payload, struct err *out, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        *out = (struct err){0};
        uint8_t header = reader_u8(&r);
        field_form(f, &r, "header", AS_HEX, header);
        out->errnum = reader_u16(&r);
        field_number(f, &r, "error number", out->errnum);
        if (reader_peek(&r) == '#' && reader_left(&r) >= 6) {
                (void)reader_u8(&r);
                field_bytes(f, &r, "mark of the SQLSTATE");
                out->sqlstate = reader_take(&r, 5);
                field_string(f, &r, "SQLSTATE", out->sqlstate);
        }
        out->message = reader_rest(&r);
        field_string(f, &r, "message", out->message);
        return !r.failed;
}

bool err_parse(struct span payload, struct err *out)
{
        return read_err(payload, out, NULL);
}

void err_fields(struct field_trace *f)
{
        struct err err;
        (void)read_err(f->payload, &err, f);
}

void progress_fields(struct field_trace *f)
{
        struct reader r = reader_over(f->payload);
        field_form(f, &r, "header", AS_HEX, reader_u8(&r));
        field_number(f, &r, "error number", reader_u16(&r));
        field_number(f, &r, "number of texts", reader_u8(&r));
        field_number(f, &r, "stage", reader_u8(&r));
        field_number(f, &r, "stages", reader_u8(&r));
        field_number(f, &r, "progress in 1/1000 %", reader_uint(&r, 3));
        field_text(f, &r, "stage's name", lenenc_span(&r));
}

bool err_is_pushed(const struct err *err)
{
        static const uint16_t numbers[] = {1053, 1156, 1158, 1159, 1160, 1161, 1927, 3169, 4031};
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                if (err->errnum == numbers[i]) {
                        return true;
                }
        }
        return false;
}
