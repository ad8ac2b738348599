#include "capture/read/capture_file.h"

#include "profile/heap/prof.h"

enum {
        PCAP_HEADER = 24,
        PCAP_RECORD = 16,
        PCAP_LONG_RECORD = 24,
        BLOCK_HEAD = 8,
        BLOCK_TRAILER = 4,
        BLOCK_MIN = 12,
        SECTION_MIN = 28,
        INTERFACE_MIN = 8,
        OPTION_RESOLUTION = 9,
        OPTION_OFFSET = 14,
        OPTION_DROPS = 5,
        NS_DIGITS = 9,
        DIGITS_MAX = 18, /* of a second: more do not fit in 64 bits */
        BITS_MAX = 62,
};

#define NS_PER_S       1000000000ULL
#define US_PER_S       1000000ULL
#define MAGIC_US       0xa1b2c3d4U
#define MAGIC_NS       0xa1b23c4dU
#define MAGIC_LONG     0xa1b2cd34U
#define SECTION_HEADER 0x0a0d0d0aU
#define BYTE_ORDER     0x1a2b3c4dU
#define LINK_TYPE_MASK 0xffffU
#define PCAP_LINK_TYPE 0x03ffffffU
#define DROPS_UNKNOWN  0xffffU

enum block_type {
        BLOCK_INTERFACE = 1,
        BLOCK_OLD_PACKET = 2,
        BLOCK_SIMPLE_PACKET = 3,
        BLOCK_STATISTICS = 5,
        BLOCK_PACKET = 6,
        BLOCK_SECRETS = 10,
};

/* --- numbers ------------------------------------------------------------------------------------------------------------ */

static uint32_t u32(const struct capture_file *f, const uint8_t *at)
{
        uint32_t n;
        memcpy(&n, at, sizeof n);
        return f->is_swapped ? __builtin_bswap32(n) : n;
}

static uint16_t u16(const struct capture_file *f, const uint8_t *at)
{
        uint16_t n;
        memcpy(&n, at, sizeof n);
        return f->is_swapped ? __builtin_bswap16(n) : n;
}

static uint64_t u64(const struct capture_file *f, const uint8_t *at)
{
        uint64_t n;
        memcpy(&n, at, sizeof n);
        return f->is_swapped ? __builtin_bswap64(n) : n;
}

/** @p units since 1970, as counted by @p i, in nanoseconds; what 64 bits can't hold is cut. */
static uint64_t time_of(const struct capture_interface *i, uint64_t units)
{
        uint64_t s = units / i->units_per_second + (uint64_t)i->offset_s;
        uint64_t part = units % i->units_per_second;
        uint64_t ns = (uint64_t)((__extension__(unsigned __int128) part * NS_PER_S) / i->units_per_second);
        return s < UINT64_MAX / NS_PER_S ? s * NS_PER_S + ns : 0;
}

static enum capture_found damaged(struct capture_file *f, const char *why)
{
        f->damage = why;
        return CAPTURE_DAMAGED;
}

static void consume(struct capture_file *f, struct span *in, size_t n)
{
        f->at += n;
        *in = span_skip(*in, n);
}

/* --- pcap --------------------------------------------------------------------------------------------------------------- */

static uint32_t raw_u32(struct span in)
{
        uint32_t n;
        memcpy(&n, in.data, sizeof n);
        return n;
}

static bool is_pcap_magic(uint32_t magic)
{
        return magic == MAGIC_US || magic == MAGIC_NS || magic == MAGIC_LONG;
}

/** Do these bytes begin a capture file? */
static bool is_capture_file(struct span head)
{
        if (head.len < 4) {
                return false;
        }
        uint32_t magic = raw_u32(head);
        return magic == SECTION_HEADER || is_pcap_magic(magic) || is_pcap_magic(__builtin_bswap32(magic));
}

static void begin_pcap(struct capture_file *f, struct span *in)
{
        uint32_t magic = raw_u32(*in);
        f->format = CAPTURE_FORMAT_PCAP;
        f->is_swapped = !is_pcap_magic(magic);
        magic = u32(f, in->data);
        f->has_long_records = magic == MAGIC_LONG;
        f->own = (struct capture_interface){.units_per_second = magic == MAGIC_NS ? NS_PER_S : US_PER_S,
                                            .snap_length = u32(f, in->data + 16),
                                            .link_type = u32(f, in->data + 20) & PCAP_LINK_TYPE};
        f->sections++;
        consume(f, in, PCAP_HEADER);
}

static enum capture_found next_in_pcap(struct capture_file *f, struct span *in, struct captured *out)
{
        size_t head = f->has_long_records ? PCAP_LONG_RECORD : PCAP_RECORD;
        if (in->len < head) {
                return CAPTURE_MORE;
        }
        uint32_t captured = u32(f, in->data + 8);
        uint32_t length = u32(f, in->data + 12);
        if (captured > CAPTURE_FILE_RECORD_MAX - PCAP_LONG_RECORD) {
                return damaged(f, "a packet has an impossible length");
        }
        if (in->len - head < captured) {
                return CAPTURE_MORE;
        }
        uint64_t s = u32(f, in->data);
        uint64_t part = u32(f, in->data + 4);
        *out = (struct captured){.bytes = span_of(in->data + head, captured),
                                 .length = length > captured ? length : captured,
                                 .link_type = f->own.link_type,
                                 .time_ns = time_of(&f->own, s * f->own.units_per_second + part)};
        f->packets++;
        consume(f, in, head + captured);
        return CAPTURE_PACKET;
}

/* --- pcapng: sections and interfaces --------------------------------------------------------------------------------------- */

/** The first option @p code, of at least @p size bytes, in @p options. @return its value; empty if there is none. */
static struct span option(const struct capture_file *f, struct span options, uint16_t code, size_t size)
{
        while (options.len >= 4) {
                uint16_t own = u16(f, options.data);
                size_t len = u16(f, options.data + 2);
                struct span value = span_head(span_skip(options, 4), len);
                if (own == 0 || value.len < len) {
                        break;
                }
                if (own == code && len >= size) {
                        return value;
                }
                options = span_skip(options, 4 + ((len + 3) & ~(size_t)3));
        }
        return (struct span){NULL, 0};
}

static uint64_t resolution_of(struct span value)
{
        uint64_t units = 1;
        unsigned n = value.len > 0 ? value.data[0] & 0x7fU : 0;
        if (value.len == 0) {
                return US_PER_S;
        }
        if ((value.data[0] & 0x80U) != 0) {
                return n <= BITS_MAX ? 1ULL << n : 0;
        }
        for (unsigned i = 0; i < n && n <= DIGITS_MAX; i++) {
                units *= 10;
        }
        return n <= DIGITS_MAX ? units : 0;
}

static bool add_interface(struct capture_file *f, struct span body)
{
        if (f->n_interfaces == f->room) {
                uint32_t room = f->room > 0 ? 2 * f->room : 4;
                struct capture_interface *more =
                    prof_realloc(STAGE_CAPTURE, f->interfaces, room * sizeof *f->interfaces);
                if (more == NULL) {
                        f->damage = "out of memory";
                        return false;
                }
                f->interfaces = more;
                f->room = room;
        }
        struct span options = span_skip(body, INTERFACE_MIN);
        struct span offset = option(f, options, OPTION_OFFSET, 8);
        uint64_t units = resolution_of(option(f, options, OPTION_RESOLUTION, 1));
        if (units == 0) {
                f->damage = "an interface has a resolution of time that is not supported";
                return false;
        }
        f->interfaces[f->n_interfaces++] =
            (struct capture_interface){.units_per_second = units,
                                       .offset_s = offset.len > 0 ? (int64_t)u64(f, offset.data) : 0,
                                       .link_type = u16(f, body.data) & LINK_TYPE_MASK,
                                       .snap_length = u32(f, body.data + 4)};
        return true;
}

/* --- pcapng: packets ------------------------------------------------------------------------------------------------------- */

/** A packet of interface @p number, captured at @p units. @return false if the block is damaged. */
static bool set_packet(struct capture_file *f, struct captured *out, uint32_t number, const uint64_t *units,
                       struct span bytes, uint32_t length)
{
        if (number >= f->n_interfaces) {
                f->damage = "a packet of an interface that is not described";
                return false;
        }
        const struct capture_interface *i = &f->interfaces[number];
        *out = (struct captured){.bytes = bytes,
                                 .length = length > bytes.len ? length : (uint32_t)bytes.len,
                                 .link_type = i->link_type,
                                 .time_ns = units != NULL ? time_of(i, *units) : 0};
        f->packets++;
        f->untimed += units == NULL ? 1 : 0;
        return true;
}

/** The block with packets of interface @p number has times at @p at of @p body, then both lengths, then the bytes. */
static bool take_packet(struct capture_file *f, struct captured *out, uint32_t number, struct span body)
{
        enum { PACKET_MIN = 20 };
        if (body.len < PACKET_MIN) {
                f->damage = "a block is too short for a packet";
                return false;
        }
        uint64_t units = (uint64_t)u32(f, body.data + 4) << 32 | u32(f, body.data + 8);
        uint32_t captured = u32(f, body.data + 12);
        if (captured > body.len - PACKET_MIN) {
                f->damage = "a packet is longer than its block";
                return false;
        }
        return set_packet(f, out, number, &units, span_of(body.data + PACKET_MIN, captured),
                          u32(f, body.data + 16));
}

static bool take_simple_packet(struct capture_file *f, struct captured *out, struct span body)
{
        if (body.len < 4 || f->n_interfaces == 0) {
                f->damage = "a simple packet block without an interface";
                return false;
        }
        uint32_t length = u32(f, body.data);
        uint32_t snap = f->interfaces[0].snap_length;
        size_t captured = snap > 0 && snap < length ? snap : length;
        struct span bytes = span_head(span_skip(body, 4), captured);
        return set_packet(f, out, 0, NULL, bytes, length);
}

static void count_drops(struct capture_file *f, struct span body)
{
        enum { STATISTICS_MIN = 12 };
        struct span drops = option(f, span_skip(body, STATISTICS_MIN), OPTION_DROPS, 8);
        if (drops.len > 0) {
                f->dropped += u64(f, drops.data);
        }
}

/** @return CAPTURE_MORE: the block is taken, and there is no packet in it. */
static enum capture_found take_block(struct capture_file *f, uint32_t type, struct span body,
                                     struct captured *out)
{
        bool is_packet = true;
        bool ok = true;
        switch (type) {
        case BLOCK_INTERFACE:
                is_packet = false;
                ok = body.len >= INTERFACE_MIN && f->n_interfaces < CAPTURE_FILE_INTERFACES &&
                     add_interface(f, body);
                break;
        case BLOCK_OLD_PACKET:
                ok = body.len >= 4 && take_packet(f, out, u16(f, body.data), body);
                if (ok && u16(f, body.data + 2) != DROPS_UNKNOWN) {
                        f->dropped += u16(f, body.data + 2);
                }
                break;
        case BLOCK_PACKET: ok = body.len >= 4 && take_packet(f, out, u32(f, body.data), body); break;
        case BLOCK_SIMPLE_PACKET: ok = take_simple_packet(f, out, body); break;
        default:
                is_packet = false;
                count_drops(f, body);
                break;
        }
        if (!ok) {
                return damaged(f,
                               f->damage != NULL ? f->damage : "a block is too short, or there are too many");
        }
        return is_packet ? CAPTURE_PACKET : CAPTURE_MORE;
}

/** A section begins. @return false: the block is incomplete or damaged. */
static bool begin_section(struct capture_file *f, struct span in)
{
        if (in.len < SECTION_MIN) {
                return false;
        }
        uint32_t order;
        memcpy(&order, in.data + BLOCK_HEAD, sizeof order);
        if (order != BYTE_ORDER && order != __builtin_bswap32(BYTE_ORDER)) {
                f->damage = "a section has no known byte order";
                return false;
        }
        f->format = CAPTURE_FORMAT_PCAPNG;
        f->is_swapped = order != BYTE_ORDER;
        f->n_interfaces = 0;
        return true;
}

static bool is_read(uint32_t type)
{
        return type == BLOCK_INTERFACE || type == BLOCK_OLD_PACKET || type == BLOCK_SIMPLE_PACKET ||
               type == BLOCK_PACKET || type == BLOCK_STATISTICS;
}

/** Take a block. @return CAPTURE_MORE with *@p in as it was if it is incomplete, and otherwise shorter. */
static enum capture_found next_block(struct capture_file *f, struct span *in, struct captured *out)
{
        if (in->len < BLOCK_HEAD) {
                return CAPTURE_MORE;
        }
        bool is_section = raw_u32(*in) == SECTION_HEADER;
        if (is_section && !begin_section(f, *in)) {
                return f->damage != NULL ? CAPTURE_DAMAGED : CAPTURE_MORE;
        }
        uint32_t type = u32(f, in->data);
        uint32_t size = u32(f, in->data + 4);
        if (size < BLOCK_MIN || size % 4 != 0 || (is_section && size < SECTION_MIN)) {
                return damaged(f, "a block has an impossible length");
        }
        if (!is_read(type)) {
                f->sections += is_section ? 1 : 0;
                f->secrets += type == BLOCK_SECRETS ? 1 : 0;
                f->unknown_blocks += !is_section && type != BLOCK_SECRETS ? 1 : 0;
                f->skip = size;
                return CAPTURE_MORE;
        }
        if (size > CAPTURE_FILE_RECORD_MAX) {
                return damaged(f, "a block has an impossible length");
        }
        if (in->len < size) {
                return CAPTURE_MORE;
        }
        if (u32(f, in->data + size - BLOCK_TRAILER) != size) {
                return damaged(f, "the two lengths of a block differ");
        }
        struct span body = span_of(in->data + BLOCK_HEAD, size - BLOCK_MIN);
        enum capture_found found = take_block(f, type, body, out);
        if (found != CAPTURE_DAMAGED) {
                consume(f, in, size);
        }
        return found;
}

/* --- both ------------------------------------------------------------------------------------------------------------------- */

enum capture_found capture_file_next(struct capture_file *f, struct span *in, struct captured *out)
{
        if (f->format == CAPTURE_FORMAT_UNKNOWN) {
                if (in->len < PCAP_HEADER) {
                        return CAPTURE_MORE;
                }
                if (!is_capture_file(*in)) {
                        return damaged(f, "it is no capture file");
                }
                if (raw_u32(*in) != SECTION_HEADER) {
                        begin_pcap(f, in);
                }
        }
        if (f->format == CAPTURE_FORMAT_PCAP) {
                return next_in_pcap(f, in, out);
        }
        for (;;) {
                size_t skipped = f->skip < in->len ? (size_t)f->skip : in->len;
                f->skip -= skipped;
                consume(f, in, skipped);
                size_t before = in->len;
                enum capture_found found = f->skip == 0 ? next_block(f, in, out) : CAPTURE_MORE;
                bool is_moving = in->len < before || (f->skip > 0 && in->len > 0);
                if (found != CAPTURE_MORE || !is_moving) {
                        return found;
                }
        }
}

void capture_file_init(struct capture_file *f)
{
        *f = (struct capture_file){.format = CAPTURE_FORMAT_UNKNOWN};
}

void capture_file_fini(struct capture_file *f)
{
        prof_free(f->interfaces);
        f->interfaces = NULL;
}
