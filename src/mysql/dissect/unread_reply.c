#include "mysql/dissect/unread_reply.h"

#include "mysql/dissect/dissector.h"
#include "mysql/wire/lenenc.h"

enum { SEQ_MAX = 255 };

/* --- where a reply begins --------------------------------------------------------------------------------------------- */

static bool begins_compressed(const struct dissect *d, uint8_t seq)
{
        const struct unread_reply *r = &d->resync.reply;
        const struct packet_stream *server = &d->streams[SIDE_SERVER];
        if (!packet_stream_begins_frame(server)) {
                return false;
        }
        bool goes_on =
            server->start_frame == 0 || (server->start_frame == 1 ? r->frame == 0 : r->last == SEQ_MAX);
        return (server->start_frame == 1 || seq == 0) && (r->has_ended || !goes_on);
}

bool unread_reply_begins(const struct dissect *d, uint8_t seq)
{
        const struct unread_reply *r = &d->resync.reply;
        if (d->streams[SIDE_SERVER].compress != NULL) {
                return begins_compressed(d, seq);
        }
        /* the numbers of a long reply start over: 255, 0, 1 */
        return seq == 1 && (r->last != 0 || r->has_ended);
}

bool unread_reply_begins_long(const struct dissect *d, uint8_t seq, uint8_t next)
{
        const struct unread_reply *r = &d->resync.reply;
        const struct packet_stream *server = &d->streams[SIDE_SERVER];
        bool is_compressed = server->compress != NULL;
        uint8_t number = is_compressed ? server->start_frame : seq;
        uint8_t before = is_compressed ? r->frame : r->last;
        return number == next && (r->has_ended || number != (uint8_t)(before + 1)) &&
               (!is_compressed || packet_stream_begins_frame(server));
}

/* --- where it ends ---------------------------------------------------------------------------------------------------- */

/** Does the OK or EOF @p m announce another result? */
static bool has_more_results(const struct dissect *d, const struct message *m)
{
        struct reader r = reader_over(span_skip(m->body, 1));
        if (m->first == REPLY_EOF && (!dissector_deprecates_eof(d) || m->len < REPLY_OK_MIN)) {
                (void)reader_u16(&r); /* warnings */
        } else {
                (void)lenenc_uint(&r); /* rows */
                (void)lenenc_uint(&r); /* the last id */
        }
        return (reader_u16(&r) & STATUS_MORE_RESULTS) != 0 && !r.failed;
}

/** Is @p m the OK in reply to a COM_STMT_PREPARE? */
static bool is_prepared(const struct message *m)
{
        enum { LENGTH = 12, LENGTH_WITH_FLAG = 13, FILLER_AT = 9 };
        return (m->len == LENGTH || m->len == LENGTH_WITH_FLAG) && m->body.len > FILLER_AT &&
               m->body.data[FILLER_AT] == 0;
}

/** How many messages follow the OK @p m, which is in reply to a COM_STMT_PREPARE? */
static uint32_t definitions_behind(const struct dissect *d, const struct message *m)
{
        struct reader r = reader_over(span_skip(m->body, 1));
        (void)reader_u32(&r); /* its id */
        uint32_t columns = reader_u16(&r);
        uint32_t params = reader_u16(&r);
        (void)reader_u8(&r);
        (void)reader_u16(&r); /* warnings */
        bool are_sent =
            (d->capabilities & CAP_OPTIONAL_METADATA) == 0 || reader_left(&r) == 0 || reader_u8(&r) != 0;
        uint32_t eofs = dissector_deprecates_eof(d) ? 0 : (columns > 0 ? 1U : 0U) + (params > 0 ? 1U : 0U);
        return r.failed ? 0 : (are_sent ? columns + params : 0) + eofs;
}

/** Is @p m, with which a reply begins, all of it? It is neither an OK nor the like; a column count is shorter than a text. */
static bool is_text(const struct message *m)
{
        enum { COUNT_MAX = 4 };
        return m->len > COUNT_MAX && m->first != REPLY_LOCAL_FILE;
}

void unread_reply_note(struct dissect *d, const struct message *m, bool is_first)
{
        struct unread_reply *r = &d->resync.reply;
        const struct packet_stream *server = &d->streams[SIDE_SERVER];
        /* where a result ends, the next one takes its number from the frames */
        bool is_result = is_first || (packet_stream_begins_frame(server) && m->seq == server->start_frame);
        r->last = m->last;
        r->frame = server->frame_seq;
        if (is_first) {
                r->definitions = 0;
        }
        if (m->len == 0) {
                r->has_ended = false;
        } else if (m->first == REPLY_ERR) {
                r->definitions = 0;
                r->has_ended = true;
        } else if (r->definitions > 0) {
                r->definitions--;
                r->has_ended = r->definitions == 0;
        } else if (m->first == REPLY_EOF) {
                r->has_ended = m->len < FRAME_MAX_PAYLOAD && !has_more_results(d, m);
        } else if (m->first == REPLY_OK && is_first && is_prepared(m)) {
                r->definitions = definitions_behind(d, m);
                r->has_ended = r->definitions == 0;
        } else if (m->first == REPLY_OK) {
                r->has_ended = is_result && !has_more_results(d, m);
        } else {
                r->has_ended = is_first && is_text(m);
        }
}
