#include "mysql/dissect/parse_context.h"

#include "mysql/sql/secret_data.h"

void parse_context_flush(struct parse_context *ctx)
{
        if (ctx->n > 0) {
                const struct packet_run run = {.from = ctx->from,
                                               .n = ctx->n,
                                               .kinds = ctx->kinds,
                                               .agreed = ctx->d->agreed,
                                               .redacted = ctx->redacted,
                                               .bytes = ctx->batch,
                                               .mono_ns = ctx->now_ns};
                ctx->n = 0;
                ctx->d->sink.on_run(ctx->d->sink.arg, &run);
        }
}

/** Leave only what makes it a packet of its kind. */
static void hide_rest(struct packet *p, struct span head)
{
        p->secret = false;
        p->redacted = true;
        p->head = span_head(head, packet_kind_shown_bytes(p->kind));
}

void parse_context_show_kept(struct parse_context *ctx, uint8_t seq, uint32_t length, struct span bytes)
{
        struct dissect *d = ctx->d;
        struct packet packet = {
            .from = ctx->from,
            .seq = seq,
            .secret = d->packet_secret,
            .length = length,
            .kind = d->packet_kind,
            .agreed = d->agreed,
            .mono_ns = ctx->now_ns,
        };
        struct span head = span_head(bytes, d->settings->packet_bytes);
        if (bytes.len > head.len && !ctx->is_cleared && d->phase == PHASE_READY &&
            secret_is_in_packet(bytes)) {
                packet.secret = true;
        }
        if (!packet.secret) {
                packet.head = d->packet_is_sealed ? span_head(head, DISSECT_EVENT_HEAD) : head;
        } else if (d->redact_packets && d->phase == PHASE_READY) {
                hide_rest(&packet, head);
        }
        d->packet_is_sealed = false;
        d->sink.on_packet(d->sink.arg, &packet);
}

void parse_context_show(struct parse_context *ctx, struct span packet)
{
        const struct dissect *d = ctx->d;
        size_t length = packet.len - FRAME_HEADER_SIZE;
        if (d->batch_packets && !d->packet_secret && !d->packet_is_sealed &&
            length <= d->settings->packet_bytes) {
                parse_context_add(ctx, packet, d->packet_kind, false);
        } else {
                parse_context_flush(ctx);
                parse_context_show_kept(ctx, packet.data[3], (uint32_t)length,
                                        span_skip(packet, FRAME_HEADER_SIZE));
        }
}
