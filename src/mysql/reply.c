#include "mysql/reply.h"

#include "mysql/capability.h"
#include "mysql/lenenc.h"

enum { TRACK_SYSTEM_VARIABLES = 0, TRACK_SCHEMA = 1 };

static void parse_variables(struct span block, struct ok *out)
{
        struct reader r = reader_over(block);
        while (reader_left(&r) > 0) {
                struct span name = lenenc_span(&r);
                struct span value = lenenc_span(&r);
                if (!r.failed && span_equal(name, span_str("character_set_client"))) {
                        out->character_set = value;
                }
        }
}

/** Session tracking: entries of type and length. What is not of interest is skipped by its length. */
static void parse_tracking(struct span block, struct ok *out)
{
        struct reader r = reader_over(block);
        while (reader_left(&r) > 0) {
                uint8_t type = reader_u8(&r);
                struct span data = lenenc_span(&r);
                if (r.failed) {
                        return;
                }
                if (type == TRACK_SCHEMA) {
                        struct reader inner = reader_over(data);
                        out->schema = lenenc_span(&inner);
                        out->has_schema = !inner.failed;
                } else if (type == TRACK_SYSTEM_VARIABLES) {
                        parse_variables(data, out);
                }
        }
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
                parse_tracking(lenenc_span(&r), out);
        }
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
