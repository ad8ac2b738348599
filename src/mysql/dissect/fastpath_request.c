/* Shortcuts for requests. */
#include "mysql/dissect/fastpath.h"

#include "mysql/wire/capability.h"

enum {
        CODE_SIZE = 1,
        EXECUTE_MIN = CODE_SIZE + 4 + 1 + 4, /* statement id, flags, iterations */
};

static uint32_t stmt_id_of(struct span packet)
{
        uint32_t id;
        memcpy(&id, packet.data + FRAME_HEADER_SIZE + CODE_SIZE, sizeof id);
        return le32toh(id);
}

/** The length of the payload at the front of @p bytes, if it is complete, not empty, at most @p most bytes and in a packet that begins
 *  an exchange (its sequence number is 0, which stands above the length); else 0. */
static inline uint32_t request_length(struct span bytes, size_t most)
{
        if (bytes.len < FRAME_HEADER_SIZE) {
                return 0;
        }
        uint32_t header = frame_header(bytes.data);
        return header < FRAME_MAX_PAYLOAD && header <= most && header <= bytes.len - FRAME_HEADER_SIZE
                   ? header
                   : 0;
}

/** May a request go to the dissector without a closer look at what it is in? */
static inline bool is_request_awaited(const struct dissect *d)
{
        return d->phase == PHASE_READY && d->queue.head == NULL && !d->draining && !d->skips_rest &&
               d->lint.broken == 0 && d->streams[SIDE_CLIENT].compress == NULL;
}

/** Is @p packet, complete with its header, a command that needs no closer look? */
static inline bool is_request_eligible(const struct dissect *d, struct span packet)
{
        uint8_t code = packet.data[FRAME_HEADER_SIZE];
        if (code == COM_QUERY) {
                return (d->capabilities & (CAP_QUERY_ATTRIBUTES | CAP_ATTRIBUTES_UNDECIDED)) == 0;
        }
        return code == COM_STMT_EXECUTE && packet.len >= FRAME_HEADER_SIZE + EXECUTE_MIN &&
               stmt_id_of(packet) != LAST_PREPARED;
}

static void begin_execute(const struct dissect *d, struct command *cmd, struct span packet)
{
        cmd->stmt_id = stmt_id_of(packet);
        cmd->has_stmt_id = true;
        const struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        cmd->is_plain = st != NULL && st->is_plain;
}

/** @return the command, which is at the head of the queue; NULL: memory is out, and nothing was done. */
static inline struct command *take_request(struct dissect *d, struct span packet, uint64_t now_ns)
{
        struct command *cmd = command_queue_new(&d->queue);
        struct span body = span_of(packet.data + FRAME_HEADER_SIZE, packet.len - FRAME_HEADER_SIZE);
        if (cmd == NULL || !command_queue_keep_body(&d->queue, cmd, body)) {
                command_free(cmd);
                return NULL;
        }
        cmd->code = body.data[0];
        cmd->type = command_type(cmd->code);
        cmd->seq_num = ++d->seq_num;
        cmd->start_ns = now_ns;
        cmd->sent_ns = now_ns;
        cmd->last_ns = now_ns;
        cmd->bytes_sent = packet.len;
        cmd->true_len = body.len;
        cmd->text_at = CODE_SIZE;
        cmd->next_seq = 1;
        cmd->seq_known = true;
        cmd->begun = true; /* it is at the head */
        if (cmd->code == COM_QUERY) {
                cmd->is_plain = session_vars_is_plain(span_skip(body, CODE_SIZE));
        } else {
                begin_execute(d, cmd, packet);
        }
        if (d->secrets.is_on) {
                secret_watch_on_command(&d->secrets, &d->statements, cmd, body);
        }
        command_queue_put_head(&d->queue, cmd);
        return cmd;
}

/** Show @p packet, which is @p cmd: by itself at once, as nearly all requests come. */
static inline void show_request(struct parse_context *ctx, const struct command *cmd, struct span packet)
{
        struct dissect *d = ctx->d;
        d->packet_kind = packet_kind_of(cmd->code);
        bool is_plain = !cmd->is_secret && packet.len - FRAME_HEADER_SIZE <= d->settings->packet_bytes;
        d->packet_secret = cmd->is_secret || d->redact_packets;
        if (!d->batch_packets || ctx->n > 0 || !(is_plain || d->redact_packets)) {
                ctx->is_cleared = secret_watch_has_cleared(&d->secrets, cmd);
                parse_context_show(ctx, packet);
                ctx->is_cleared = false;
                return;
        }
        const struct packet_run run = {.from = SIDE_CLIENT,
                                       .n = 1,
                                       .kind = d->packet_kind,
                                       .agreed = d->agreed,
                                       .redacted = d->redact_packets,
                                       .bytes = packet,
                                       .mono_ns = ctx->now_ns};
        d->sink.on_run(d->sink.arg, &run);
}

struct span fastpath_take_request(struct parse_context *ctx, struct span bytes)
{
        struct dissect *d = ctx->d;
        uint32_t length = request_length(bytes, d->settings->query_bytes);
        struct span packet = span_of(bytes.data, FRAME_HEADER_SIZE + length);
        if (!FASTPATHS || length == 0 || !is_request_awaited(d) || !is_request_eligible(d, packet)) {
                return bytes;
        }
        const struct command *cmd = take_request(d, packet, ctx->now_ns);
        if (cmd == NULL) {
                return bytes;
        }
        if (d->want_packets) {
                show_request(ctx, cmd, packet);
        }
        return span_of(packet.data + packet.len, bytes.len - packet.len);
}
