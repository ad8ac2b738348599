#include "tap/tap_fields.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "capture/capture.h"
#include "capture/hex.h"
#include "mysql/dissect/annotate.h"
#include "tap/field_text.h"

#include <stdio.h>
#include <stdlib.h>

enum {
        SHOWN_MAX = 128 * 1024, /* bytes of packets that are shown of a session */
        WIDTH = 80,
        HEX_BYTES = 8, /* in a line */
        HEX_AT = 10,   /* columns */
        NAME_AT = 35,
        CONTENT_AT = 57,
        TABLE_NAME_AT = 18,
        TABLE_CONTENT_AT = 46,
        GAP = 2,
        TITLE_SIZE = 512
};

struct dump {
        const struct tap_fields *fields;
        struct annotate *annotate;
        FILE *out;
        struct json_writer json;
        size_t skip; /* bytes of packets before those that are shown */
        const struct packet *packet;
};

/* --- lines ------------------------------------------------------------------------------------------------------------ */

struct line {
        char text[WIDTH + 1];
        size_t at;
};

/** Continue at column @p column, or two columns behind what is there. */
static void move_to(struct line *l, size_t column)
{
        size_t to = l->at + GAP > column && l->at > 0 ? l->at + GAP : column;
        for (; l->at < to && l->at < WIDTH; l->at++) {
                l->text[l->at] = ' ';
        }
}

static void put_char(struct line *l, char c)
{
        if (l->at < WIDTH) {
                l->text[l->at++] = c;
        }
}

/** Append @p text in ASCII, with escapes for other bytes. If it does not fit before column @p end, it is cut and ends with dots. */
static void put_ascii(struct line *l, struct span text, size_t end)
{
        enum { ESCAPE = 4, DOTS = 3 };
        static const char digits[] = "0123456789abcdef";
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];
                bool is_plain = c >= 0x20 && c < 0x7f;
                size_t need = is_plain ? 1 : ESCAPE;
                bool is_last = i + 1 == text.len;
                if (l->at + need + (is_last ? 0 : DOTS) > end) {
                        for (int dots = 0; dots < DOTS && l->at < end; dots++) {
                                put_char(l, '.');
                        }
                        return;
                }
                if (is_plain) {
                        put_char(l, (char)c);
                } else {
                        put_char(l, '\\');
                        put_char(l, 'x');
                        put_char(l, digits[c >> 4]);
                        put_char(l, digits[c & 0xf]);
                }
        }
}

static void put_line(const struct dump *d, const struct line *l)
{
        (void)fprintf(d->out, "%.*s\n", (int)l->at, l->text);
}

/** Append the name and the content of @p f. */
static void describe(struct line *l, const struct field *f, size_t name_at, size_t content_at)
{
        char room[FIELD_TEXT_SIZE];
        struct writer w = writer_over(room, sizeof room);
        field_text_name(&w, f);
        move_to(l, name_at);
        put_ascii(l, writer_span(&w), WIDTH);
        w = writer_over(room, sizeof room);
        field_text_content(&w, f);
        if (w.at > 0 && l->at + GAP < WIDTH) {
                move_to(l, content_at);
                put_ascii(l, writer_span(&w), WIDTH);
        }
}

/** @p bytes, at most HEX_BYTES, which begin at the offset @p at of the packet. */
static void begin_hex(struct line *l, size_t at, struct span bytes)
{
        l->at = (size_t)snprintf(l->text, sizeof l->text, "  %06zx  ", at);
        for (size_t i = 0; i < bytes.len; i++) {
                l->at += (size_t)snprintf(l->text + l->at, sizeof l->text - l->at, "%02x ", bytes.data[i]);
        }
        l->at--;
}

/** The bytes of a field: the first ones stand beside its name, the others beside their text. */
static void put_hex(const struct dump *d, const struct field *f)
{
        struct span bytes = span_head(span_skip(d->packet->head, f->at), f->len);
        for (size_t at = 0; at < bytes.len; at += HEX_BYTES) {
                struct line l;
                struct span part = span_head(span_skip(bytes, at), HEX_BYTES);
                begin_hex(&l, f->at + at, part);
                if (at == 0) {
                        describe(&l, f, NAME_AT, CONTENT_AT);
                } else {
                        move_to(&l, CONTENT_AT);
                        for (size_t i = 0; i < part.len; i++) {
                                uint8_t c = part.data[i];
                                put_char(&l, c >= 0x20 && c < 0x7f ? (char)c : '.');
                        }
                }
                put_line(d, &l);
        }
}

static void put_row(const struct dump *d, const struct field *f)
{
        struct line l;
        l.at = (size_t)snprintf(l.text, sizeof l.text, "  %6zu  %6zu", f->at, f->len);
        describe(&l, f, TABLE_NAME_AT, TABLE_CONTENT_AT);
        put_line(d, &l);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static void put_object(struct dump *d, const struct field *f)
{
        char room[FIELD_TEXT_SIZE];
        struct writer w = writer_over(room, sizeof room);
        json_writer_object(&d->json, NULL);
        json_writer_uint(&d->json, "at", f->at);
        json_writer_uint(&d->json, "length", f->len);
        field_text_name(&w, f);
        json_writer_span(&d->json, "name", writer_span(&w));
        w = writer_over(room, sizeof room);
        field_text_content(&w, f);
        if (w.at > 0) {
                json_writer_span(&d->json, "content", writer_span(&w));
        }
        json_writer_end(&d->json);
}

static void put_bytes(struct dump *d, struct span bytes)
{
        char *digits = prof_alloc(STAGE_CAPTURE, 2 * bytes.len + 1);
        if (digits != NULL) {
                struct writer w = writer_over(digits, 2 * bytes.len);
                writer_hex(&w, bytes);
                json_writer_span(&d->json, "bytes", writer_span(&w));
        }
        prof_free(digits);
}

static void begin_object(struct dump *d, const struct capture_packet *p)
{
        char when[CLOCK_RFC3339_SIZE];
        struct json_writer *j = &d->json;
        clock_rfc3339(p->wall_ns, when);
        json_writer_object(j, NULL);
        json_writer_text(j, "ts", when);
        json_writer_text(j, "direction", p->packet.from == SIDE_CLIENT ? "client" : "server");
        json_writer_uint(j, "packet_seq", p->packet.seq);
        json_writer_uint(j, "packet_length", p->packet.length);
        json_writer_text(j, "packet_name", packet_kind_name(p->packet.kind));
        json_writer_bool(j, "secret", p->packet.secret);
        json_writer_bool(j, "redacted", p->packet.redacted);
        json_writer_bool(j, "cut_off", p->packet.cut_off);
        put_bytes(d, p->packet.head);
        json_writer_array(j, "fields");
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

static void on_field(void *arg, const struct field *f)
{
        struct dump *d = arg;
        if (d->fields->form == TAP_DUMP_JSON) {
                put_object(d, f);
        } else if (d->fields->form == TAP_DUMP_TABLE) {
                put_row(d, f);
        } else {
                put_hex(d, f);
        }
}

static void flush(const struct dump *d, struct writer *w)
{
        (void)fwrite(w->data, 1, w->at, d->out);
        w->at = 0;
}

static void put_text(struct dump *d, const struct capture_packet *p)
{
        char room[TITLE_SIZE];
        struct writer w = writer_over(room, sizeof room);
        hex_title(&w, d->fields->conn_id, p->wall_ns, &p->packet, packet_kind_name(p->packet.kind));
        flush(d, &w);
        annotate_packet(d->annotate, &p->packet, on_field, d);
        hex_missing(&w, &p->packet);
        flush(d, &w);
}

/** In the form that text2pcap reads. */
static void put_plain(struct dump *d, const struct capture_packet *p)
{
        char room[TITLE_SIZE];
        char when[CLOCK_RFC3339_SIZE];
        struct writer w = writer_over(room, sizeof room);
        writer_text(&w, "# ");
        hex_title(&w, d->fields->conn_id, p->wall_ns, &p->packet, packet_kind_name(p->packet.kind));
        flush(d, &w);
        clock_rfc3339(p->wall_ns, when);
        if (p->packet.head.len > 0) {
                (void)fprintf(d->out, "%c %s\n", p->packet.from == SIDE_CLIENT ? 'O' : 'I', when);
        }
        for (size_t at = 0; at < p->packet.head.len; at += HEX_LINE_BYTES) {
                hex_line(&w, at, span_head(span_skip(p->packet.head, at), HEX_LINE_BYTES));
                flush(d, &w);
        }
        writer_text(&w, "# ");
        hex_missing(&w, &p->packet);
        if (w.at > 2) {
                flush(d, &w);
        }
}

static void measure(void *arg, const struct capture_packet *p)
{
        size_t *bytes = arg;
        *bytes += p->packet.head.len;
}

static void on_packet(void *arg, const struct capture_packet *p)
{
        struct dump *d = arg;
        size_t len = p->packet.head.len;
        if (d->skip > 0) {
                d->skip -= len < d->skip ? len : d->skip;
                annotate_packet(d->annotate, &p->packet, NULL, NULL);
                return;
        }
        d->packet = &p->packet;
        if (d->fields->form == TAP_DUMP_JSON) {
                begin_object(d, p);
                annotate_packet(d->annotate, &p->packet, on_field, d);
                json_writer_end(&d->json);
                json_writer_end(&d->json);
        } else if (d->fields->form == TAP_DUMP_PLAIN) {
                put_plain(d, p);
        } else {
                put_text(d, p);
        }
}

/** Write what comes before the packets, and say if some are left out. */
static void begin(struct dump *d)
{
        static const char left_out[] =
            "(earlier packets are not annotated; the dump without annotations has them)\n";
        const char *second = d->skip > 0 ? left_out : "";
        if (d->fields->form != TAP_DUMP_JSON) {
                const char *mark = d->fields->form == TAP_DUMP_PLAIN ? "# " : "";
                const char *first = d->fields->intro;
                (void)fprintf(d->out, "%s%s%s%s", *first != '\0' ? mark : "", first,
                              *second != '\0' ? mark : "", second);
                return;
        }
        char note[TITLE_SIZE];
        int n = snprintf(note, sizeof note, "%s%s", d->fields->intro, second);
        d->json = json_writer_to(d->out);
        json_writer_object(&d->json, NULL);
        json_writer_uint(&d->json, "conn_id", d->fields->conn_id);
        json_writer_span(&d->json, "note",
                         span_of(note, n > 0 ? (size_t)n - 1 : 0)); /* without the last line's end */
        json_writer_lines(&d->json, "packets");
}

static void end(struct dump *d)
{
        if (d->fields->form == TAP_DUMP_JSON) {
                json_writer_end(&d->json);
                json_writer_end(&d->json);
                json_writer_finish(&d->json);
        }
}

/** Let @p d write all packets to its stream. */
static void write_all(struct dump *d, const struct capture_copy *copy)
{
        size_t bytes = 0;
        if (copy != NULL) {
                (void)capture_walk(copy, measure, &bytes);
        }
        bool is_limited = d->fields->form != TAP_DUMP_PLAIN && !d->fields->is_whole && bytes > SHOWN_MAX;
        d->skip = is_limited ? bytes - SHOWN_MAX : 0;
        begin(d);
        if (copy != NULL) {
                (void)capture_walk(copy, on_packet, d);
        }
        end(d);
}

bool tap_fields_write(const struct capture_copy *packets, const struct tap_fields *fields, FILE *out)
{
        struct dump d = {.fields = fields, .annotate = annotate_new(fields->live), .out = out};
        if (d.annotate != NULL) {
                write_all(&d, packets);
        }
        annotate_free(d.annotate);
        return d.annotate != NULL;
}

char *tap_fields_dump(const struct capture_copy *packets, const struct tap_fields *fields, size_t *len)
{
        char *text = NULL;
        char *copy = NULL;
        FILE *out = open_memstream(&text, len);
        if (out != NULL) {
                bool is_whole = tap_fields_write(packets, fields, out) && ferror(out) == 0;
                is_whole = fclose(out) == 0 && is_whole;
                copy = is_whole ? prof_alloc(STAGE_CAPTURE, *len + 1) : NULL;
        }
        if (copy != NULL) {
                memcpy(copy, text, *len + 1);
        } else {
                *len = 0;
        }
        free(text);
        return copy;
}
