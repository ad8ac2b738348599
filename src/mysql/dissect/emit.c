/* Records that the dissector makes of its own accord: broken rules, packets that are cut off. */
#include "mysql/dissect/dissect_state.h"
#include "mysql/wire/charset.h"

void dissect_record(const struct dissect *d, enum record_event event, uint64_t mono_ns, struct record *r)
{
        struct span charset = span_str(charset_title(d->charsets.client));
        record_clear(r);
        r->event = event;
        r->mono_ns = mono_ns;
        if (d->username.len > 0) {
                record_set_text(r, FIELD_USERNAME, dissect_text(&d->username));
        }
        if (d->database.len > 0) {
                record_set_text(r, FIELD_DATABASE, dissect_text(&d->database));
        }
        if (charset.len > 0) {
                record_set_text(r, FIELD_CHARACTER_SET, charset);
        }
        r->charsets[RECORD_USERNAME] = d->charsets.username;
        r->charsets[RECORD_DATABASE] = d->charsets.database;
        if (d->server_conn_id != 0) {
                record_set_uint(r, FIELD_SERVER_CONN_ID, d->server_conn_id);
        }
}

/* --- broken rules --------------------------------------------------------------------------------------------- */

/** The record of one, but for what it says. */
static struct record record_of(const struct dissect *d, const struct broken *b)
{
        struct record r;
        dissect_record(d, EVENT_LINT, b->mono_ns, &r);
        /* a command's own packet has just been queued; the server talks of the oldest */
        const struct command *cmd = b->from == SIDE_CLIENT ? d->tail : d->head;
        if (cmd != NULL) {
                record_set_uint(&r, FIELD_CONN_SEQ_NUM, cmd->seq_num);
                record_set_text(&r, FIELD_COMMAND, span_str(cmd->type->name));
        }
        record_set_text(&r, FIELD_DIRECTION, span_str(b->from == SIDE_CLIENT ? "client" : "server"));
        record_set_uint(&r, FIELD_PACKET_SEQ, b->seq);
        record_set_uint(&r, FIELD_PACKET_LENGTH, b->length);
        record_set_text(&r, FIELD_PACKET_NAME, span_str(packet_kind_name(d->packet_kind)));
        bool hide = d->packet_secret || d->packet_is_sealed || (cmd != NULL && dissect_is_secret(d, cmd)) ||
                    secret_is_in_packet(b->bytes);
        if (!hide && b->bytes.len > 0) {
                record_set_text(&r, FIELD_PACKET_BYTES, span_head(b->bytes, DISSECT_EVIDENCE));
        }
        return r;
}

void dissect_tell_lint(struct dissect *d, const struct broken *b)
{
        for (enum lint_rule rule = 0; rule < LINT_RULES; rule++) {
                if ((d->lint.broken >> rule & 1) == 0) {
                        continue;
                }
                d->lint.count++;
                if (d->lint.told < d->settings->lint) {
                        d->lint.told++;
                        bool last = d->lint.told == d->settings->lint;
                        struct record r = record_of(d, b);
                        record_set_text(&r, FIELD_RULE, span_str(lint_name(rule)));
                        record_set_text(&r, FIELD_REASON, span_str(lint_sentence(rule)));
                        if (last) {
                                record_set_text(&r, FIELD_INFO,
                                                span_str("limits.lint was reached: further violations in "
                                                         "this session are only counted"));
                        }
                        d->sink.on_record(d->sink.arg, &r);
                }
        }
        d->lint.broken = 0;
}

/* --- the end -------------------------------------------------------------------------------------------------- */

void dissect_tell_cut_off(struct dissect *d, enum side side, uint64_t now_ns)
{
        struct packet_stream *stream = &d->streams[side];
        if (frame_idle(&stream->frame)) {
                return; /* a compressed frame that is cut off between two packets takes nothing with it */
        }
        const struct frame *frame = &stream->frame;
        char text[160];
        struct writer w = writer_over(text, sizeof text);
        const char *name = side == SIDE_CLIENT ? "client" : "server";
        if (frame->have < FRAME_HEADER_SIZE) {
                writer_format(&w, "the last packet of the %s is truncated within its header", name);
        } else {
                writer_format(&w, "the last packet of the %s is truncated: %u of %u bytes arrived", name,
                              frame->length - frame->left, frame->length);
        }
        struct record r;
        dissect_record(d, EVENT_ERROR, now_ns, &r);
        record_set_text(&r, FIELD_REASON, writer_span(&w));
        d->sink.on_record(d->sink.arg, &r);
        if (d->want_packets && frame->have == FRAME_HEADER_SIZE) {
                struct span head = span_of(stream->packet, stream->packet_len);
                bool secret = dissect_hides_part(d, side, head);
                struct packet packet = {.from = side,
                                        .seq = frame->seq,
                                        .secret = secret,
                                        .cut_off = true,
                                        .length = frame->length,
                                        .kind = PACKET_CUT_OFF,
                                        .mono_ns = now_ns};
                if (!secret && stream->packet != NULL && frame->left < frame->length) {
                        packet.head = span_of(stream->packet, stream->packet_len);
                }
                d->sink.on_packet(d->sink.arg, &packet);
        }
}
