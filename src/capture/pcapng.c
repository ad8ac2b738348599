#include "capture/pcapng.h"

#include "base/utf8.h"
#include "base/writer.h"

enum {
        BLOCK_INTERFACE = 1,
        BLOCK_STATISTICS = 5,
        BLOCK_PACKET = 6,
        LINKTYPE_RAW = 101,
        OPTION_END = 0,
        OPTION_COMMENT = 1,
        OPTION_IF_NAME = 2,
        OPTION_IF_DESCRIPTION = 3,
        OPTION_IF_RESOLUTION = 9,
        OPTION_IF_DROPPED = 5,
        OPTION_APPLICATION = 4,
        BLOCK_HEADER = 8, /* type and length, which is repeated at the end in 4 bytes */
        BLOCK_FRAME = 12,
        PACKET_FIELDS = 20,
        SMALL_BLOCK = 2 * PCAPNG_TEXT_MAX + 128,
};
#define BLOCK_SECTION    0x0a0d0d0aU
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define LENGTH_UNKNOWN   UINT64_MAX /* of a section */

static void put(struct pcapng *out, struct span bytes)
{
        if (bytes.len > 0 && !out->failed) {
                out->failed = !out->put(out->arg, bytes);
        }
}

static void put_u16(struct writer *w, unsigned value)
{
        uint16_t n = (uint16_t)value;
        writer_bytes(w, &n, sizeof n);
}

static void put_u32(struct writer *w, uint32_t value)
{
        writer_bytes(w, &value, sizeof value);
}

/** A time, whose halves have an order of their own. */
static void put_time(struct writer *w, uint64_t ns)
{
        put_u32(w, (uint32_t)(ns >> 32));
        put_u32(w, (uint32_t)ns);
}

static size_t padding(size_t len)
{
        return -len & 3;
}

static void put_padding(struct writer *w, size_t len)
{
        writer_bytes(w, "\0\0\0", padding(len));
}

static void put_option(struct writer *w, unsigned code, struct span value)
{
        put_u16(w, code);
        put_u16(w, (unsigned)value.len);
        writer_put(w, value);
        put_padding(w, value.len);
}

static void put_text(struct writer *w, unsigned code, struct span text)
{
        if (text.len > PCAPNG_TEXT_MAX) {
                text = utf8_trim(span_head(text, PCAPNG_TEXT_MAX));
        }
        if (text.len > 0) {
                put_option(w, code, text);
        }
}

/** Pass on a block of @p type with the fields and options in @p body. */
static void put_block(struct pcapng *out, uint32_t type, const struct writer *body)
{
        uint8_t bytes[BLOCK_HEADER];
        uint32_t length = (uint32_t)body->at + BLOCK_FRAME;
        struct writer w = writer_over(bytes, sizeof bytes);
        put_u32(&w, type);
        put_u32(&w, length);
        put(out, writer_span(&w));
        put(out, writer_span(body));
        put(out, span_of(&length, sizeof length));
}

void pcapng_section(struct pcapng *out, struct span application)
{
        uint8_t bytes[SMALL_BLOCK];
        struct writer w = writer_over(bytes, sizeof bytes);
        uint64_t length = LENGTH_UNKNOWN;
        put_u32(&w, BYTE_ORDER_MAGIC);
        put_u16(&w, 1); /* version 1.0 */
        put_u16(&w, 0);
        writer_bytes(&w, &length, sizeof length);
        put_text(&w, OPTION_APPLICATION, application);
        put_u32(&w, OPTION_END);
        put_block(out, BLOCK_SECTION, &w);
}

void pcapng_interface(struct pcapng *out, struct span name, struct span description)
{
        static const uint8_t nanoseconds = 9;
        uint8_t bytes[SMALL_BLOCK];
        struct writer w = writer_over(bytes, sizeof bytes);
        put_u16(&w, LINKTYPE_RAW);
        put_u16(&w, 0);
        put_u32(&w, 0); /* packets may have any length */
        put_text(&w, OPTION_IF_NAME, name);
        put_text(&w, OPTION_IF_DESCRIPTION, description);
        put_option(&w, OPTION_IF_RESOLUTION, span_of(&nanoseconds, 1));
        put_u32(&w, OPTION_END);
        put_block(out, BLOCK_INTERFACE, &w);
}

void pcapng_packet(struct pcapng *out, const struct pcapng_packet *p)
{
        uint8_t before[BLOCK_HEADER + PACKET_FIELDS];
        uint8_t behind[SMALL_BLOCK];
        size_t captured = p->headers.len + p->payload.len;
        struct writer w = writer_over(behind, sizeof behind);
        put_padding(&w, captured);
        if (p->comment.len > 0) {
                put_text(&w, OPTION_COMMENT, p->comment);
                put_u32(&w, OPTION_END);
        }
        uint32_t length = (uint32_t)(sizeof before + captured + w.at + sizeof length);
        put_u32(&w, length);

        struct writer head = writer_over(before, sizeof before);
        put_u32(&head, BLOCK_PACKET);
        put_u32(&head, length);
        put_u32(&head, p->interface);
        put_time(&head, p->wall_ns);
        put_u32(&head, (uint32_t)captured);
        put_u32(&head, p->length);
        put(out, writer_span(&head));
        put(out, p->headers);
        put(out, p->payload);
        put(out, writer_span(&w));
}

void pcapng_dropped(struct pcapng *out, uint32_t interface, uint64_t wall_ns, uint64_t dropped)
{
        uint8_t bytes[SMALL_BLOCK];
        struct writer w = writer_over(bytes, sizeof bytes);
        put_u32(&w, interface);
        put_time(&w, wall_ns);
        put_option(&w, OPTION_IF_DROPPED, span_of(&dropped, sizeof dropped));
        put_u32(&w, OPTION_END);
        put_block(out, BLOCK_STATISTICS, &w);
}
