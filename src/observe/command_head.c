#include "observe/command_head.h"

#include "base/reader.h"
#include "mysql/wire/command.h"
#include "mysql/wire/frame.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/reply.h"

enum {
        COMPRESSED_HEADER = 7,
        LONG_SEGMENT = 512, /* bytes of a segment that may be the beginning of a longer command */
        GREETING_MIN = 12,
        GREETING_ID = 4,
        GREETING_CHALLENGE = 8, /* bytes of its first part */
        LOGIN_FILLER_AT = 9,
        LOGIN_FILLER = 19,
        LOGIN_MIN = 32,
};

/** The length of the packet at the front of @p segment, header included, if its sequence number is @p seq; 0 otherwise. */
static uint64_t packet_length(struct span segment, uint8_t seq)
{
        if (segment.len <= FRAME_HEADER_SIZE) {
                return 0;
        }
        uint32_t header = frame_header(segment.data);
        uint32_t length = frame_length(header);
        return frame_seq(header) == seq && length > 0 ? (uint64_t)length + FRAME_HEADER_SIZE : 0;
}

/** Is @p body the beginning of a greeting, at least up to the zero behind the first part of the challenge? */
static bool begins_greeting(struct span body)
{
        struct reader r = reader_over(body);
        uint8_t protocol = reader_u8(&r);
        struct span version = reader_nul(&r);
        (void)reader_take(&r, GREETING_ID + GREETING_CHALLENGE);
        uint8_t zero = reader_u8(&r);
        return !r.failed && protocol == HANDSHAKE_VERSION && zero == 0 && version.len > 0 &&
               version.data[0] >= '0' && version.data[0] <= '9';
}

bool head_is_greeting(struct span segment, uint64_t length)
{
        struct greeting greeting;
        struct err err;
        uint64_t packet = packet_length(segment, 0);
        struct span body = span_head(span_skip(segment, FRAME_HEADER_SIZE), packet - FRAME_HEADER_SIZE);
        if (packet == 0 || segment.len < GREETING_MIN) {
                return false;
        }
        if (segment.len < length) {
                return packet == length && begins_greeting(body);
        }
        return greeting_parse(body, &greeting) ||
               (body.data[0] == REPLY_ERR && packet == segment.len && err_parse(body, &err));
}

bool head_is_login(struct span segment)
{
        static const uint8_t zeros[LOGIN_FILLER];
        uint64_t length = packet_length(segment, 1);
        struct span body = span_skip(segment, FRAME_HEADER_SIZE);
        return length == segment.len && body.len >= LOGIN_MIN &&
               memcmp(body.data + LOGIN_FILLER_AT, zeros, sizeof zeros) == 0;
}

/* --- commands -------------------------------------------------------------------------------------------------------------- */

/** Can @p c begin a statement, or the attributes before one? */
static bool is_text(uint8_t c)
{
        return c == 0 || c == '\t' || c == '\n' || c == '\r' || c >= ' ';
}

/** Is @p body, the beginning of a packet of @p length bytes, a command? */
static bool is_command_body(struct span body, uint64_t length)
{
        const struct command_type *type = command_type(body.data[0]);
        if (type == &command_unknown || body.data[0] == COM_SLEEP || length < type->min_bytes ||
            (type->max_bytes != 0 && length > type->max_bytes)) {
                return false;
        }
        return !type->has_text || length == 1 || (body.len > 1 && is_text(body.data[1]));
}

/** Is @p segment a command, maybe with others behind it? */
static bool is_plain_command(struct span segment, uint64_t wire_length)
{
        while (segment.len > FRAME_HEADER_SIZE) {
                uint64_t length = packet_length(segment, 0);
                if (length == 0 ||
                    !is_command_body(span_skip(segment, FRAME_HEADER_SIZE), length - FRAME_HEADER_SIZE)) {
                        return false;
                }
                if (length == wire_length) {
                        return true;
                }
                if (length > wire_length) {
                        return wire_length >= LONG_SEGMENT;
                }
                wire_length -= length;
                segment = span_skip(segment, length);
        }
        return segment.len == 0; /* the rest was not captured */
}

static bool is_compressed_command(struct span segment, uint64_t wire_length, enum dissect_packing *packing)
{
        static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
        enum { ZLIB_MAGIC = 0x78 };
        if (segment.len < COMPRESSED_HEADER + FRAME_HEADER_SIZE + 1) {
                return false;
        }
        uint32_t header = frame_header(segment.data);
        uint32_t plain = frame_header(segment.data + FRAME_HEADER_SIZE) & FRAME_MAX_PAYLOAD;
        struct span body = span_skip(segment, COMPRESSED_HEADER);
        if (frame_seq(header) != 0 || frame_length(header) + COMPRESSED_HEADER != wire_length) {
                return false;
        }
        *packing = memcmp(body.data, zstd_magic, sizeof zstd_magic) == 0 ? DISSECT_ZSTD : DISSECT_ZLIB;
        if (plain > 0) {
                return *packing == DISSECT_ZSTD || body.data[0] == ZLIB_MAGIC;
        }
        *packing = DISSECT_ZLIB; /* the frame does not show the algorithm, as it is not compressed */
        return is_plain_command(body, frame_length(header));
}

bool head_is_command(struct span segment, uint64_t length, enum dissect_packing *packing)
{
        *packing = DISSECT_PLAIN;
        return is_plain_command(segment, length) || is_compressed_command(segment, length, packing);
}

bool head_is_reply(struct span segment, enum dissect_packing packing)
{
        if (packing != DISSECT_PLAIN) {
                return segment.len > COMPRESSED_HEADER && frame_seq(frame_header(segment.data)) == 1;
        }
        return packet_length(segment, 1) > 0;
}

/* --- other protocols ---------------------------------------------------------------------------------------------------------- */

bool head_is_tls(struct span segment)
{
        enum { HANDSHAKE = 22, APPLICATION_DATA = 23, VERSION_MAJOR = 3, VERSION_MINOR_MAX = 4 };
        return segment.len >= 5 && (segment.data[0] == HANDSHAKE || segment.data[0] == APPLICATION_DATA) &&
               segment.data[1] == VERSION_MAJOR && segment.data[2] <= VERSION_MINOR_MAX;
}

bool head_is_x_protocol(struct span segment)
{
        enum { NOTICE = 11, CAPABILITIES = 2 };
        if (segment.len < 5 || segment.data[3] != 0) {
                return false;
        }
        uint32_t length = frame_header(segment.data);
        return length > 0 && (uint64_t)length + 4 <= segment.len &&
               (segment.data[4] == NOTICE || segment.data[4] == CAPABILITIES);
}
