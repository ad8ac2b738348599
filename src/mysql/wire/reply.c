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

static bool next_variable(struct session_changes *at, struct session_change *out)
{
        out->name = lenenc_span(&at->variables);
        out->value = lenenc_span(&at->variables);
        at->entries.failed = at->entries.failed || at->variables.failed;
        return !at->entries.failed;
}

bool session_change_next(struct session_changes *at, struct session_change *out)
{
        static const char *const names[] = {
            [TRACK_SCHEMA] = "schema",
            [TRACK_STATE_CHANGE] = "state_change",
            [TRACK_GTIDS] = "gtids",
            [TRACK_TRANSACTION_CHARACTERISTICS] = "transaction_characteristics",
            [TRACK_TRANSACTION_STATE] = "transaction_state",
        };
        if (reader_left(&at->variables) > 0) {
                return next_variable(at, out);
        }
        while (reader_left(&at->entries) > 0) {
                uint8_t type = reader_u8(&at->entries);
                struct reader data = reader_over(lenenc_span(&at->entries));
                if (at->entries.failed) {
                        return false;
                }
                if (type == TRACK_SYSTEM_VARIABLES && reader_left(&data) > 0) {
                        at->variables = data;
                        return next_variable(at, out);
                }
                if (type == TRACK_SYSTEM_VARIABLES || type >= sizeof names / sizeof names[0]) {
                        continue; /* empty, or of a later version: its length is known */
                }
                if (type == TRACK_GTIDS) {
                        (void)reader_u8(&data); /* the encoding, of which there is one */
                }
                out->name = span_str(names[type]);
                out->value = type == TRACK_STATE_CHANGE ? reader_rest(&data) : lenenc_span(&data);
                at->entries.failed = data.failed;
                return !data.failed;
        }
        return false;
}

/** Take what the dissector itself needs. */
static void parse_tracking(struct span block, struct ok *out)
{
        struct session_changes at = session_changes_of(block);
        struct session_change change;
        out->changes = block;
        while (session_change_next(&at, &change)) {
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
static struct span session_changes_block(struct reader *r, bool *is_wide)
{
        enum { ZEROS_MAX = 3 };
        struct span block = lenenc_span(r);
        for (int i = 1; i <= ZEROS_MAX && block.len == 0 && reader_left(r) > 0; i++) {
                *is_wide = true;
                block = lenenc_span(r);
        }
        return block;
}

bool ok_parse(struct span payload, uint64_t capabilities, struct ok *out)
{
        struct reader r = reader_over(payload);
        *out = (struct ok){0};
        (void)reader_u8(&r);
        out->affected_rows = lenenc_uint(&r);
        out->last_insert_id = lenenc_uint(&r);
        out->status = reader_u16(&r);
        out->warnings = reader_u16(&r);
        if (r.failed) {
                return false;
        }
        if ((capabilities & CAP_SESSION_TRACK) == 0 || reader_left(&r) == 0) {
                /* Documented as the rest of the packet, but servers send it with its length. */
                struct reader counted = r;
                out->info = lenenc_span(&counted);
                if (counted.failed || reader_left(&counted) > 0) {
                        out->info = reader_rest(&r);
                }
                return true;
        }
        out->info = lenenc_span(&r);
        /* MariaDB may set the flag and send nothing */
        if ((out->status & STATUS_SESSION_STATE_CHANGED) != 0 && reader_left(&r) > 0) {
                parse_tracking(session_changes_block(&r, &out->wide_length), out);
        }
        out->behind = reader_left(&r);
        out->odd_length = out->odd_length || r.odd_length;
        return !r.failed;
}

bool eof_parse(struct span payload, struct ok *out)
{
        struct reader r = reader_over(payload);
        *out = (struct ok){0};
        (void)reader_u8(&r);
        if (reader_left(&r) == 0) {
                return true; /* the form before 4.1 */
        }
        out->warnings = reader_u16(&r);
        out->status = reader_u16(&r);
        return !r.failed;
}

bool err_parse(struct span payload, struct err *out)
{
        struct reader r = reader_over(payload);
        *out = (struct err){0};
        (void)reader_u8(&r);
        out->errnum = reader_u16(&r);
        if (reader_peek(&r) == '#' && reader_left(&r) >= 6) {
                (void)reader_u8(&r);
                out->sqlstate = reader_take(&r, 5);
        }
        out->message = reader_rest(&r);
        return !r.failed;
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
