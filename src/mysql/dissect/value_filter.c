#include "mysql/dissect/value_filter.h"

#include "mysql/dissect/dissector.h"
#include "mysql/dissect/parameter.h"
#include "mysql/sql/sql.h"
#include "mysql/wire/lenenc.h"

enum {
        EXECUTE_HEAD = 1 + 4 + 1 + 4, /* code, id, flags, iterations */
        BULK_HEAD = 1 + 4 + 2,
        FLAGS_AT = 1 + 4,
        COUNT_FOLLOWS = 0x08,
        BULK_TYPES = 0x80,
        TYPE_SIZE = 2,
        KEPT_AT_LEAST = DISSECT_EVIDENCE, /* the beginning of a packet may be shown */
};

size_t value_filter_kept_of(const struct dissect_settings *settings)
{
        return settings->value_bytes > KEPT_AT_LEAST ? settings->value_bytes : KEPT_AT_LEAST;
}

void value_filter_begin(struct dissect *d, struct packet_stream *stream, uint8_t seq)
{
        struct value_filter *f = &d->filter;
        bool is_execute = stream->first == COM_STMT_EXECUTE || stream->first == COM_STMT_BULK_EXECUTE;
        *f = (struct value_filter){.step = FILTER_OFF};
        if (is_execute && seq == 0 && d->phase == PHASE_READY && stream->limit > d->settings->query_bytes) {
                f->step = FILTER_HEAD;
                f->is_bulk = stream->first == COM_STMT_BULK_EXECUTE;
                f->keep = f->is_bulk ? BULK_HEAD : EXECUTE_HEAD;
        }
}

/** Keep @p keep bytes, then take @p step. */
static void go_on(struct value_filter *f, enum value_filter_step step, uint64_t keep)
{
        f->step = step;
        f->keep = keep;
}

/** Read the length at token_at, as far as it is kept. @return false: it goes on. */
static bool read_length(struct value_filter *f, const struct packet_stream *stream, uint64_t *length)
{
        struct reader r = reader_over(span_of(stream->kept + f->token_at, stream->kept_len - f->token_at));
        uint8_t first = reader_peek(&r);
        size_t size = first == 0xfc ? 3 : first == 0xfd ? 4 : first == 0xfe ? 9 : 1;
        if (reader_left(&r) < size) {
                f->keep = size - reader_left(&r);
                return false;
        }
        *length = lenenc_length(&r);
        if (r.failed) {
                f->step = FILTER_OFF;
        }
        return !r.failed;
}

/** The types begin here. */
static void begin_types(struct value_filter *f, const struct packet_stream *stream)
{
        f->types_at = stream->kept_len;
        f->type_at = f->types_at;
        f->i = 0;
        if (f->has_types && f->has_names) {
                f->token_at = stream->kept_len + TYPE_SIZE;
                go_on(f, FILTER_TYPE, TYPE_SIZE + 1);
        } else {
                go_on(f, FILTER_VALUE, f->has_types ? f->n * TYPE_SIZE : 0);
        }
}

static void begin_bitmap(struct value_filter *f, const struct packet_stream *stream)
{
        if (f->n == 0) {
                f->step = FILTER_OFF;
                return;
        }
        f->bitmap_at = stream->kept_len;
        go_on(f, FILTER_BITMAP, f->n / 8 + (f->n % 8 != 0) + 1);
}

/* --- commands in flight ----------------------------------------------------------------------------------------------- */

/** Is the command @p seq_num, which has arrived, still in flight? */
static bool is_in_flight(const struct dissect *d, uint64_t seq_num)
{
        return d->queue.head != NULL && d->queue.head->seq_num <= seq_num;
}

/** Is a command in flight that refers to a statement? The shortcut for requests takes executions without noting them, but only while no
 *  command is in flight: such an execution is the head. */
static bool is_statement_in_use(const struct dissect *d)
{
        return is_in_flight(d, d->pending.any) || (d->queue.head != NULL && d->queue.head->has_stmt_id);
}

static uint64_t count_params(struct span text, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(text, mode);
        uint64_t n = 0;
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                n += t.kind == SQL_PARAMETER ? 1 : 0;
        }
        return n;
}

/** If the newest command is the COM_STMT_PREPARE that counts, count its parameters, once. Later it is no longer found so easily. */
static void count_pending(struct dissect *d)
{
        struct pending_commands *p = &d->pending;
        struct command scratch;
        if (p->counted == p->prepare || !is_in_flight(d, p->prepare)) {
                return;
        }
        const struct command *newest = command_queue_newest(&d->queue, &scratch);
        if (newest->seq_num == p->prepare && newest->body_len == newest->true_len) {
                p->params = count_params(command_text(newest), d->transaction.mode);
                p->counted = p->prepare;
        }
}

void value_filter_note(struct dissect *d, const struct command *cmd)
{
        struct pending_commands *p = &d->pending;
        if (cmd->code == COM_STMT_PREPARE) {
                p->prepare = cmd->seq_num;
        } else if (cmd->has_stmt_id) {
                p->any = cmd->seq_num;
                if (cmd->code == COM_STMT_SEND_LONG_DATA) {
                        p->long_data = cmd->seq_num;
                }
                if (cmd->stmt_id == LAST_PREPARED) {
                        count_pending(d);
                }
        }
}

uint16_t value_filter_counted(const struct dissect *d)
{
        return d->filter.is_pending ? (uint16_t)d->filter.n_own : 0;
}

/** Find out how many parameters the statement has. @return false: that is not known. */
static bool find_params(struct dissect *d)
{
        struct value_filter *f = &d->filter;
        const struct pending_commands *p = &d->pending;
        if (is_in_flight(d, p->long_data)) {
                return false; /* it takes the place of values */
        }
        if (f->stmt_id == LAST_PREPARED && is_in_flight(d, p->prepare)) {
                count_pending(d);
                f->is_pending = p->counted == p->prepare && p->params <= UINT16_MAX;
                f->n_own = p->params;
                return f->is_pending;
        }
        f->stmt_id = f->stmt_id == LAST_PREPARED ? d->statements.last_prepared : f->stmt_id;
        const struct statement *st = statements_find(&d->statements, f->stmt_id);
        f->n_own = st != NULL ? st->n_params : 0;
        /* what is in flight may drop the long data that has come before */
        return st != NULL && (st->long_data.n == 0 || !is_statement_in_use(d));
}

static void on_head(struct dissect *d, const struct packet_stream *stream)
{
        struct value_filter *f = &d->filter;
        struct reader r = reader_over(span_skip(span_of(stream->kept, stream->kept_len), 1));
        f->stmt_id = reader_u32(&r);
        unsigned flags = stream->kept[FLAGS_AT];
        if (!find_params(d) || (f->is_bulk && f->n_own == 0)) {
                f->step = FILTER_OFF;
                return;
        }
        f->n = f->n_own;
        if (f->is_bulk) {
                f->has_types = (flags & BULK_TYPES) != 0;
                begin_types(f, stream);
                return;
        }
        f->has_names = (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0;
        if (f->has_names && (f->n > 0 || (flags & COUNT_FOLLOWS) != 0)) {
                f->token_at = stream->kept_len;
                go_on(f, FILTER_COUNT, 1);
        } else {
                begin_bitmap(f, stream);
        }
}

/** The length of the name of type i is kept, at least in part. */
static void on_name(struct value_filter *f, const struct packet_stream *stream)
{
        uint64_t length;
        f->step = FILTER_NAME;
        if (!read_length(f, stream, &length)) {
                return;
        }
        f->i++;
        if (f->i < f->n) {
                f->token_at = stream->kept_len + (size_t)length + TYPE_SIZE;
                go_on(f, FILTER_TYPE, length + TYPE_SIZE + 1);
        } else {
                f->i = 0;
                go_on(f, FILTER_VALUE, length);
        }
}

/** Find the type of value i, and go on to the next one's. @return false: it was never seen, or what is in flight may change it. */
static bool take_type(struct dissect *d, const struct packet_stream *stream, const struct statement *st,
                      uint8_t *type)
{
        struct value_filter *f = &d->filter;
        if (!f->has_types) {
                if (st == NULL || is_statement_in_use(d)) {
                        return false;
                }
                *type = f->i < st->n_types ? (uint8_t)st->types[f->i] : 0;
                return f->i < st->n_types;
        }
        struct reader r = reader_over(span_skip(span_of(stream->kept, stream->kept_len), f->type_at));
        *type = (uint8_t)reader_u16(&r);
        if (f->has_names) {
                (void)lenenc_span(&r);
        }
        f->type_at += r.at;
        return !r.failed;
}

/** The value with the type @p type begins. */
static void begin_value(struct value_filter *f, const struct packet_stream *stream, uint8_t type)
{
        int size = value_binary_size(type);
        f->token_at = stream->kept_len;
        if (size >= 0) {
                go_on(f, FILTER_VALUE, (uint64_t)size);
        } else {
                go_on(f, size == VALUE_BEHIND_BYTE ? FILTER_TEMPORAL : FILTER_COUNTED, 1);
        }
}

/** Is value i of an execution, not of a bulk, not in the request, because it is NULL or came by COM_STMT_SEND_LONG_DATA? */
static bool is_absent(const struct value_filter *f, const struct packet_stream *stream,
                      const struct statement *st)
{
        if ((stream->kept[f->bitmap_at + f->i / 8] >> (f->i % 8) & 1) != 0) {
                return true;
        }
        return st != NULL && f->i < st->n_params && st->long_data.n > 0 &&
               statement_find_long_data(st, (uint16_t)f->i) != NULL;
}

static void on_value(struct dissect *d, const struct packet_stream *stream, const struct statement *st,
                     bool has_indicator)
{
        struct value_filter *f = &d->filter;
        uint8_t type;
        if (f->i == f->n && f->is_bulk) {
                f->i = 0;
                f->type_at = f->types_at;
        }
        if (f->i == f->n) {
                f->step = FILTER_OFF;
        } else if (f->is_bulk && !has_indicator) {
                go_on(f, FILTER_INDICATOR, 1);
        } else if (!take_type(d, stream, st, &type)) {
                f->step = FILTER_OFF;
        } else {
                bool absent =
                    has_indicator ? stream->kept[stream->kept_len - 1] != 0 : is_absent(f, stream, st);
                f->i++;
                if (absent) {
                        go_on(f, FILTER_VALUE, 0);
                } else {
                        begin_value(f, stream, parameter_sent_as(type, dissector_is_mariadb(d)));
                }
        }
}

/** What the last step asked for is kept. */
static void take_step(struct dissect *d, const struct packet_stream *stream, const struct statement *st)
{
        struct value_filter *f = &d->filter;
        uint64_t length;
        switch (f->step) {
        case FILTER_OFF: /* no step is taken then */
        case FILTER_HEAD: on_head(d, stream); break;
        case FILTER_COUNT:
                if (read_length(f, stream, &length)) {
                        f->n = length;
                        begin_bitmap(f, stream);
                }
                break;
        case FILTER_BITMAP:
                f->has_types = stream->kept[stream->kept_len - 1] != 0;
                begin_types(f, stream);
                break;
        case FILTER_TYPE:
        case FILTER_NAME: on_name(f, stream); break;
        case FILTER_VALUE: on_value(d, stream, st, false); break;
        case FILTER_INDICATOR: on_value(d, stream, st, true); break;
        case FILTER_TEMPORAL: go_on(f, FILTER_VALUE, stream->kept[stream->kept_len - 1]); break;
        case FILTER_COUNTED:
                if (read_length(f, stream, &length)) {
                        size_t most = value_filter_kept_of(d->settings);
                        f->drop = length > most ? length - most : 0;
                        go_on(f, FILTER_VALUE, length - f->drop);
                }
                break;
        }
}

/** Take steps until one asks for bytes. */
static void take_steps(struct dissect *d, const struct packet_stream *stream)
{
        struct value_filter *f = &d->filter;
        /* the server may have closed it while the request arrives */
        const struct statement *st =
            f->step > FILTER_HEAD ? statements_find(&d->statements, f->stmt_id) : NULL;
        if (f->step > FILTER_HEAD && st == NULL && !f->is_pending) {
                f->step = FILTER_OFF;
        }
        while (f->step != FILTER_OFF && f->keep == 0 && f->drop == 0) {
                bool is_head = f->step == FILTER_HEAD;
                take_step(d, stream, st);
                st = is_head && f->step != FILTER_OFF ? statements_find(&d->statements, f->stmt_id) : st;
        }
}

bool value_filter_keep(struct dissect *d, struct packet_stream *stream, struct span bytes)
{
        struct value_filter *f = &d->filter;
        while (bytes.len > 0 && f->step != FILTER_OFF && stream->kept_len < stream->limit) {
                size_t n = f->keep < bytes.len ? (size_t)f->keep : bytes.len;
                if (n > 0) {
                        size_t before = stream->kept_len;
                        if (!packet_stream_keep(stream, span_head(bytes, n))) {
                                return false;
                        }
                        n = stream->kept_len - before;
                        f->keep -= n;
                } else {
                        n = f->drop < bytes.len ? (size_t)f->drop : bytes.len;
                        f->drop -= n;
                        f->dropped += n;
                }
                bytes = span_skip(bytes, n);
                if (f->keep == 0 && f->drop == 0) {
                        take_steps(d, stream);
                }
        }
        return packet_stream_keep(stream, bytes);
}
