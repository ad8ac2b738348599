#include "tape.h"

#include "base/reader.h"
#include "base/utf8.h"
#include "journal/format/convert.h"
#include "journal/format/format.h"
#include "mysql/dissect/annotate.h"
#include "mysql/gate/gate.h"
#include "mysql/record/record_packed.h"
#include "mysql/record/row_hashes.h"

#include <stdlib.h>

struct player {
        struct dissect *dissect;
        struct gate *gate;
        struct annotate *annotate; /* NULL: fields are not listed */
        struct convert convert;
        FILE *out;
        FILE *packets_out; /* NULL: among the records */
        size_t packets;
        uint64_t now_ns;
        const struct tape_options *options;
        bool refused; /* the session ends: nothing more is looked at */
};

static void print(struct player *p, const struct record *r)
{
        size_t size = format_size(FORMAT_JSON, r);
        uint8_t *room = malloc(size);
        struct writer w = writer_over(room, size);
        format_record(&w, FORMAT_JSON, r);
        if (w.failed || !utf8_valid(writer_span(&w))) {
                abort(); /* format_size must be an upper bound, and lines are always UTF-8 */
        }
        (void)fwrite(room, 1, w.at, p->out);
        free(room);
        size = format_size(FORMAT_TEXT, r);
        room = malloc(size);
        w = writer_over(room, size);
        format_record(&w, FORMAT_TEXT, r);
        if (w.failed || !utf8_valid(writer_span(&w))) {
                abort();
        }
        free(room);
}

static void print_hashes(const struct player *p, struct span hashes)
{
        struct row_hashes h = {.rows = 0};
        if (hashes.len == 0) {
                return;
        }
        memcpy(&h, hashes.data, hashes.len);
        (void)fprintf(p->out, "hashes");
        for (unsigned i = 0; i < h.rows * h.columns; i++) {
                (void)fprintf(p->out, "%s%x", i % h.columns == 0 ? " " : ",", h.at[i]);
        }
        (void)fputc('\n', p->out);
}

/** Through the flat copy, as records reach the journal. */
static void on_record(void *arg, struct record *r)
{
        struct player *p = arg;
        dissect_identify(p->dissect, r);
        uint8_t *packed = malloc(record_pack_size(r));
        if (packed == NULL) {
                abort();
        }
        record_pack(r, packed);
        struct record *unpacked = record_unpack((struct record_packed *)(void *)packed);
        print_hashes(p, unpacked->row_hashes);
        print(p, convert_record(&p->convert, unpacked));
        free(packed);
}

static void on_command(void *arg)
{
        const struct player *p = arg;
        (void)fputs("command\n", p->out);
}

/** The next byte of a packet that belongs to no field yet, and where the fields are listed. */
struct naming {
        size_t at;
        FILE *out;
};

static void on_field(void *arg, const struct field *field)
{
        struct naming *naming = arg;
        if (field->at != naming->at || field->len == 0 || field->name == NULL) {
                abort();
        }
        naming->at += field->len;
        (void)fprintf(naming->out, "  %zu+%zu %s%s", field->at, field->len,
                      field->is_length ? "length of " : "", field->name);
        if (field->index > 0) {
                (void)fprintf(naming->out, " %llu", (unsigned long long)field->index);
        }
        if (field->label.len > 0) {
                (void)fprintf(naming->out, " (%.*s)", (int)field->label.len, (const char *)field->label.data);
        }
        (void)fprintf(naming->out, "%s%s\n", field->is_cut ? " CUT" : "",
                      field->is_surplus ? " SURPLUS" : "");
}

static void list_fields(const struct player *p, const struct packet *packet, FILE *out)
{
        struct naming naming = {.out = out};
        annotate_packet(p->annotate, packet, on_field, &naming);
        if (naming.at != packet->head.len) {
                abort();
        }
}

static void on_packet(void *arg, const struct packet *packet)
{
        struct player *p = arg;
        FILE *out = p->packets_out != NULL ? p->packets_out : p->out;
        p->packets++;
        (void)fprintf(
            out, "%s packet seq %u length %u %s%s:", packet->from == SIDE_CLIENT ? "client" : "server",
            packet->seq, packet->length, packet_kind_name(packet->kind), packet->cut_off ? " (cut off)" : "");
        for (size_t i = 0; i < packet->head.len; i++) {
                (void)fprintf(out, " %02x", packet->head.data[i]);
        }
        (void)fputc('\n', out);
        if (p->annotate != NULL) {
                list_fields(p, packet, out);
        }
}

static void on_run(void *arg, const struct packet_run *run)
{
        const struct player *p = arg;
        struct reader r = reader_over(run->bytes);
        for (size_t i = 0; i < run->n; i++) {
                uint32_t length = (uint32_t)reader_uint(&r, 3);
                size_t most = run->redacted ? SIZE_MAX : p->options->packet_bytes;
                struct packet packet = {
                    .from = run->from, .length = length, .seq = reader_u8(&r), .agreed = run->agreed};
                packet.head = reader_take(&r, length);
                packet.kind = packet_run_kind(run, i);
                packet.redacted = run->redacted;
                packet.head = packet_run_head(run, packet.kind, packet.head);
                if (r.failed || length > most) {
                        abort();
                }
                on_packet(arg, &packet);
        }
        if (!reader_done(&r)) {
                abort();
        }
}

static const struct gate_policy no_tls = {
    GATE_CLIENT_DISABLED, GATE_SERVER_DISABLED, false, false, NULL, NULL, NULL, NULL};

static void feed(struct player *p, enum side side, struct span bytes)
{
        if (p->refused) {
                return;
        }
        p->now_ns += p->options->tick_ns;
        if (p->gate == NULL) {
                dissect_feed(p->dissect, side, bytes, p->now_ns);
                if (p->options->look != NULL) {
                        p->options->look(p->dissect);
                }
                return;
        }
        struct gate_out out;
        enum gate_step step = gate_feed(p->gate, side, bytes, &out);
        p->refused = step != GATE_GO;
        if (step == GATE_REFUSE && side == SIDE_CLIENT) { /* what came behind it is not read */
                size_t unread = gate_held(p->gate);
                bytes = span_head(bytes, bytes.len > unread ? bytes.len - unread : 0);
        }
        if (gate_is_open(p->gate) && gate_reason(p->gate) != NULL) {
                dissect_give_up(p->dissect, gate_reason(p->gate), p->now_ns);
        }
        if (side == SIDE_CLIENT) {
                dissect_feed(p->dissect, SIDE_CLIENT, bytes, p->now_ns);
        }
        dissect_feed(p->dissect, SIDE_SERVER, out.to[SIDE_CLIENT], p->now_ns);
        if (gate_is_open(p->gate)) {
                gate_free(p->gate);
                p->gate = NULL;
        }
}

static void feed_split(struct player *p, enum side side, struct span bytes, size_t split)
{
        while (bytes.len > 0) {
                size_t n = split > 0 && split < bytes.len ? split : bytes.len;
                feed(p, side, span_head(bytes, n));
                bytes = span_skip(bytes, n);
        }
}

struct span tape_load(const char *name)
{
        static uint8_t tape[1 << 16];
        char path[4096];
        const char *top = getenv("top_srcdir");
        (void)snprintf(path, sizeof path, "%s/tests/data/tapes/%s", top != NULL ? top : ".", name);
        FILE *in = fopen(path, "rb");
        if (in == NULL) {
                (void)fprintf(stderr, "%s can't be read\n", path);
                abort();
        }
        size_t n = fread(tape, 1, sizeof tape, in);
        (void)fclose(in);
        return span_of(tape, n);
}

void tape_play(struct span tape, const struct tape_options *options, FILE *out)
{
        struct dissect_pool pool = {.first = NULL};
        const struct dissect_settings settings = {
            .pool = &pool,
            .query_bytes = options->query_bytes > 0 ? options->query_bytes : 65536,
            .value_bytes = 256,
            .packet_bytes = options->packet_bytes,
            .held_bytes = options->held_bytes > 0 ? options->held_bytes : 4 << 20,
            .pipeline = options->pipeline > 0 ? options->pipeline : 256,
            .statements = options->statements > 0 ? options->statements : 256,
            .rows = options->rows,
            .hash_rows = options->hash_rows,
            .lint = 16,
            .hide_packets = options->hide_packets,
            .count_only = options->count_only,
        };
        struct player player = {.out = out, .options = options};
        char *packets = NULL;
        size_t packets_len = 0;
        const struct dissect_sink sink = {.arg = &player,
                                          .on_record = on_record,
                                          .on_command = on_command,
                                          .on_packet = options->packet_bytes > 0 ? on_packet : NULL,
                                          .on_run = options->runs ? on_run : NULL};
        if (options->runs || options->apart) {
                player.packets_out = open_memstream(&packets, &packets_len);
        }
        player.dissect = dissect_new(&settings, sink);
        player.gate = options->without_gate ? NULL : gate_new(&no_tls);
        player.annotate = options->fields ? annotate_new(NULL) : NULL;
        convert_init(&player.convert);
        if (player.dissect == NULL) {
                abort();
        }
        struct reader r = reader_over(tape);
        size_t offset = 0;
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                uint32_t n = reader_u32(&r);
                struct span bytes = reader_take(&r, n < reader_left(&r) ? n : reader_left(&r));
                if (options->cut > offset && options->cut < offset + bytes.len) {
                        feed(&player, side, span_head(bytes, options->cut - offset));
                        feed(&player, side, span_skip(bytes, options->cut - offset));
                } else {
                        feed_split(&player, side, bytes, options->split);
                }
                offset += bytes.len;
        }
        dissect_end(player.dissect, player.now_ns);
        dissect_free(player.dissect);
        dissect_pool_drain(&pool);
        gate_free(player.gate);
        annotate_free(player.annotate);
        convert_fini(&player.convert);
        if (player.packets_out != NULL) {
                (void)fclose(player.packets_out);
                (void)fputs(packets, out);
                free(packets);
        }
}

char *tape_records(struct span tape, const struct tape_options *options)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        if (out == NULL) {
                abort();
        }
        tape_play(tape, options, out);
        (void)fclose(out);
        return text;
}
