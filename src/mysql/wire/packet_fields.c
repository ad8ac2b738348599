#include "mysql/wire/packet_fields.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/lenenc.h"
#include "mysql/wire/reply.h"
#include "mysql/wire/result_head.h"

/* --- commands ------------------------------------------------------------------------------------------------------ */

enum shape {
        NO_ITEM,
        NUMBER_1, /* numbers of that many bytes */
        NUMBER_2,
        NUMBER_4,
        NUMBER_8,
        BITS_2,    /* the same, shown as hex */
        TEXT_BY_1, /* texts behind their length, which is a number of that many bytes */
        TEXT_BY_4,
        DATA_BY_4,
        TEXT_TO_NUL,
        TEXT_TO_END,
        DATA_TO_END
};

struct item {
        const char *name;
        enum shape shape;
};

enum { ITEMS_MAX = 7 };

struct layout {
        uint8_t code;
        struct item items[ITEMS_MAX];
};

/* What stands behind the code of each command. */
static const struct layout layouts[] = {
    {COM_INIT_DB, {{"database", TEXT_TO_END}}},
    {COM_FIELD_LIST, {{"table", TEXT_TO_NUL}, {"pattern of columns", TEXT_TO_END}}},
    {COM_CREATE_DB, {{"database", TEXT_TO_END}}},
    {COM_DROP_DB, {{"database", TEXT_TO_END}}},
    {COM_REFRESH, {{"what is refreshed", NUMBER_1}}},
    {COM_SHUTDOWN, {{"level", NUMBER_1}}},
    {COM_PROCESS_KILL, {{"connection ID", NUMBER_4}}},
    {COM_BINLOG_DUMP,
     {{"position", NUMBER_4}, {"flags", BITS_2}, {"server ID", NUMBER_4}, {"file", TEXT_TO_END}}},
    {COM_TABLE_DUMP, {{"database", TEXT_BY_1}, {"table", TEXT_BY_1}}},
    {COM_REGISTER_SLAVE,
     {{"server ID", NUMBER_4},
      {"host", TEXT_BY_1},
      {"user", TEXT_BY_1},
      {"password", TEXT_BY_1},
      {"port", NUMBER_2},
      {"rank", NUMBER_4},
      {"server ID of the source", NUMBER_4}}},
    {COM_STMT_PREPARE, {{"statement", TEXT_TO_END}}},
    {COM_STMT_EXECUTE, {{"statement ID", NUMBER_4}}},
    {COM_STMT_SEND_LONG_DATA,
     {{"statement ID", NUMBER_4}, {"parameter's number, from 0", NUMBER_2}, {"data", DATA_TO_END}}},
    {COM_STMT_CLOSE, {{"statement ID", NUMBER_4}}},
    {COM_STMT_RESET, {{"statement ID", NUMBER_4}}},
    {COM_SET_OPTION, {{"option", NUMBER_2}}},
    {COM_STMT_FETCH, {{"statement ID", NUMBER_4}, {"rows", NUMBER_4}}},
    {COM_BINLOG_DUMP_GTID,
     {{"flags", BITS_2},
      {"server ID", NUMBER_4},
      {"file", TEXT_BY_4},
      {"position", NUMBER_8},
      {"set of GTIDs", DATA_BY_4}}},
    {COM_STMT_BULK_EXECUTE, {{"statement ID", NUMBER_4}}},
};

static const struct layout *layout_of(uint8_t code)
{
        static const struct layout other = {0, {{"argument", DATA_TO_END}}};
        for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
                if (layouts[i].code == code) {
                        return &layouts[i];
                }
        }
        return &other;
}

static void number_item(struct field_trace *f, struct reader *r, const struct item *item, unsigned bytes)
{
        uint64_t number = reader_uint(r, bytes);
        field_form(f, r, item->name, item->shape == BITS_2 ? AS_HEX : AS_NUMBER, number);
}

/** The fields of @p item, which stands at the front of @p r. */
static void report_item(struct field_trace *f, struct reader *r, const struct item *item)
{
        switch (item->shape) {
        case NUMBER_1: number_item(f, r, item, 1); break;
        case NUMBER_2:
        case BITS_2: number_item(f, r, item, 2); break;
        case NUMBER_4: number_item(f, r, item, 4); break;
        case NUMBER_8: number_item(f, r, item, 8); break;
        case TEXT_BY_1: field_text(f, r, item->name, reader_take(r, reader_u8(r))); break;
        case TEXT_BY_4: field_text(f, r, item->name, reader_take(r, reader_u32(r))); break;
        case DATA_BY_4: {
                struct span data = reader_take(r, reader_u32(r));
                field_length(f, r, item->name, data.len);
                field_bytes(f, r, item->name);
                break;
        }
        case TEXT_TO_NUL: field_string(f, r, item->name, reader_nul(r)); break;
        case TEXT_TO_END: field_string(f, r, item->name, reader_rest(r)); break;
        case DATA_TO_END:
                (void)reader_rest(r);
                field_bytes(f, r, item->name);
                break;
        case NO_ITEM: break;
        }
}

static void command_fields(struct field_trace *f)
{
        struct reader r = reader_over(f->payload);
        uint8_t code = reader_u8(&r);
        field_form(f, &r, "command", AS_COMMAND, code);
        const struct layout *layout = layout_of(code);
        for (size_t i = 0; i < ITEMS_MAX && code != COM_QUERY && reader_left(&r) > 0; i++) {
                report_item(f, &r, &layout->items[i]);
        }
}

/* --- replication ----------------------------------------------------------------------------------------------------- */

enum { EVENT_STATUS = 1, EVENT_SIZE_AT = 9, EVENT_HEADER = 19, SEMISYNC_MARK = 0xef };

/** Does an event that has the right size begin at the offset @p at of the payload? */
static bool is_event_at(struct span payload, size_t at, size_t length)
{
        struct reader r = reader_over(span_skip(payload, at + EVENT_SIZE_AT));
        uint32_t size = reader_u32(&r);
        return !r.failed && size == length - at;
}

static void event_fields(struct field_trace *f)
{
        struct reader r = reader_over(f->payload);
        size_t length = f->length;
        field_form(f, &r, "header", AS_HEX, reader_u8(&r));
        if (reader_peek(&r) == SEMISYNC_MARK && !is_event_at(f->payload, EVENT_STATUS, length)) {
                field_form(f, &r, "mark of semi-synchronous replication", AS_HEX, reader_u8(&r));
                field_number(f, &r, "acknowledgement wanted", reader_u8(&r));
        }
        field_number(f, &r, "time of the event", reader_u32(&r));
        field_number(f, &r, "type of event", reader_u8(&r));
        field_number(f, &r, "server ID", reader_u32(&r));
        field_number(f, &r, "size of the event", reader_u32(&r));
        field_number(f, &r, "position behind the event", reader_u32(&r));
        field_form(f, &r, "flags", AS_HEX, reader_u16(&r));
        (void)reader_rest(&r);
        field_bytes(f, &r, "content of the event");
}

static void acknowledgement_fields(struct field_trace *f)
{
        struct reader r = reader_over(f->payload);
        field_form(f, &r, "mark of semi-synchronous replication", AS_HEX, reader_u8(&r));
        field_number(f, &r, "position", reader_uint(&r, 8));
        field_string(f, &r, "file", reader_rest(&r));
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

/** A header of one byte, and a text or bytes behind it. */
static void headed_fields(struct field_trace *f, const char *name, bool is_text)
{
        struct reader r = reader_over(f->payload);
        field_form(f, &r, "header", AS_HEX, reader_u8(&r));
        struct span rest = reader_rest(&r);
        if (is_text) {
                field_string(f, &r, name, rest);
        } else {
                field_bytes(f, &r, name);
        }
}

/** The payload is one field. */
static void single_field(struct field_trace *f, const char *name, bool is_text)
{
        struct reader r = reader_over(f->payload);
        struct span all = reader_rest(&r);
        if (is_text) {
                field_string(f, &r, name, all);
        } else {
                field_bytes(f, &r, name);
        }
}

void packet_fields(struct field_trace *f, enum packet_kind kind, uint64_t agreed)
{
        if (kind < PACKET_UNKNOWN) {
                command_fields(f);
                return;
        }
        switch (kind) {
        case PACKET_UNKNOWN: single_field(f, "bytes that were not understood", false); break;
        case PACKET_PART: single_field(f, "part of a longer payload", false); break;
        case PACKET_CUT_OFF: single_field(f, "part of a packet", false); break;
        case PACKET_GREETING: greeting_fields(f); break;
        case PACKET_SSL_REQUEST:
        case PACKET_LOGIN: login_fields(f); break;
        case PACKET_AUTH_DATA: single_field(f, "data of the plugin", false); break;
        case PACKET_AUTH_SWITCH:
        case PACKET_AUTH_NEXT_FACTOR: auth_switch_fields(f); break;
        case PACKET_AUTH_MORE_DATA: headed_fields(f, "data of the plugin", false); break;
        case PACKET_PLUGIN_DATA: single_field(f, "data of the plugin", false); break;
        case PACKET_OK: ok_fields(f, agreed); break;
        case PACKET_EOF: eof_fields(f); break;
        case PACKET_ERR: err_fields(f); break;
        case PACKET_PROGRESS_REPORT: progress_fields(f); break;
        case PACKET_STRING: single_field(f, "text", true); break;
        case PACKET_COLUMN_COUNT: column_count_fields(f, agreed); break;
        case PACKET_COLUMN_DEFINITION:
        case PACKET_PARAMETER_DEFINITION: definition_fields(f, agreed); break;
        case PACKET_ROW:
        case PACKET_BINARY_ROW: break;
        case PACKET_PREPARED: prepared_fields(f, agreed); break;
        case PACKET_LOCAL_INFILE_REQUEST: headed_fields(f, "file", true); break;
        case PACKET_LOCAL_INFILE_DATA: single_field(f, "data of the file", false); break;
        case PACKET_LOCAL_INFILE_END:
        case PACKET_KINDS: break;
        case PACKET_EVENT: event_fields(f); break;
        case PACKET_REPLICATION_ACK: acknowledgement_fields(f); break;
        case PACKET_WITHIN_STREAM: single_field(f, "packet within a stream", false); break;
        }
}
