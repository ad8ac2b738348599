#include "capture/read/packet_text.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum {
        LINE_MAX_BYTES = 8192, /* what is longer is no line of tcpdump's */
        LINE_BYTES = 16,       /* of a packet */
        TIME_MAX = 40,
        LINK_ETHERNET = 1,
        LINK_RAW = 101,
        ETHERNET_HEADER = 14,
        IPV6_HEADER = 40,
};

/* --- lines ------------------------------------------------------------------------------------------------------------------ */

static int digit(uint8_t c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/** Skip blanks, and 0x with the offset behind it and a colon. @return false if it is no line of bytes. */
static bool take_offset(struct span *line, size_t *offset)
{
        while (line->len > 0 && (line->data[0] == ' ' || line->data[0] == '\t')) {
                *line = span_skip(*line, 1);
        }
        if (line->len < 2 || line->data[0] != '0' || line->data[1] != 'x') {
                return false;
        }
        *line = span_skip(*line, 2);
        *offset = 0;
        while (line->len > 0 && digit(line->data[0]) >= 0 && *offset < PACKET_TEXT_MAX) {
                *offset = *offset * 16 + (size_t)digit(line->data[0]);
                *line = span_skip(*line, 1);
        }
        return line->len > 0 && line->data[0] == ':';
}

/** Add the bytes of @p line, behind its offset; the text beside them begins behind two blanks. */
static void add_bytes(struct packet_text *t, struct span line)
{
        size_t n = 0;
        line = span_skip(line, 1);
        while (line.len > 0 && line.data[0] == ' ') {
                line = span_skip(line, 1);
        }
        while (line.len >= 2 && n < LINE_BYTES && t->len < PACKET_TEXT_MAX) {
                int high = digit(line.data[0]);
                int low = digit(line.data[1]);
                if (high < 0 || low < 0) {
                        break;
                }
                t->bytes[t->len++] = (uint8_t)(high << 4 | low);
                n++;
                line = span_skip(line, 2);
                if (line.len > 0 && line.data[0] == ' ') {
                        line = span_skip(line, 1);
                }
        }
}

static void take_bytes(struct packet_text *t, struct span line, size_t offset)
{
        if (offset == t->len && !t->is_broken) {
                add_bytes(t, line);
        } else if (!t->is_broken) {
                t->is_broken = true;
                t->broken++;
        }
}

/* --- times ------------------------------------------------------------------------------------------------------------------- */

/** The digits behind a point as nanoseconds. */
static uint64_t fraction_of(const char *text)
{
        uint64_t ns = 0;
        uint64_t unit = CLOCK_S_NS / 10;
        for (; *text >= '0' && *text <= '9' && unit > 0; text++, unit /= 10) {
                ns += (uint64_t)(*text - '0') * unit;
        }
        return ns;
}

enum { TIME_PARTS = 6, DIGITS_MAX = 10 };

/** Read numbers from *@p at, each followed by the next character of @p behind. @return false if they are not there; *@p at is unchanged
 *  then. */
static bool take_parts(const char **at, const char *behind, uint64_t parts[TIME_PARTS])
{
        const char *from = *at;
        for (; *behind != '\0'; behind++, parts++) {
                int digits = 0;
                for (*parts = 0; *from >= '0' && *from <= '9'; from++, digits++) {
                        *parts = *parts * 10 + (uint64_t)(*from - '0');
                }
                if (digits == 0 || digits > DIGITS_MAX || *from++ != *behind) {
                        return false;
                }
        }
        *at = from;
        return true;
}

/** The time at the front of @p line. @return false if there is none. */
static bool take_time(struct packet_text *t, struct span line)
{
        char text[TIME_MAX + 1];
        const char *at = text;
        uint64_t part[TIME_PARTS] = {0};
        uint64_t s;
        struct span head = span_head(line, TIME_MAX);
        memcpy(text, head.data, head.len);
        text[head.len] = '\0';
        if (take_parts(&at, "-- ::.", part)) {
                struct tm tm = {.tm_year = (int)part[0] - 1900,
                                .tm_mon = (int)part[1] - 1,
                                .tm_mday = (int)part[2],
                                .tm_hour = (int)part[3],
                                .tm_min = (int)part[4],
                                .tm_sec = (int)part[5]};
                time_t local = mktime(&tm); /* tcpdump prints local time */
                s = local > 0 ? (uint64_t)local : 0;
        } else if (take_parts(&at, "::.", part)) {
                s = part[0] * 3600 + part[1] * 60 + part[2];
                t->undated++;
        } else if (take_parts(&at, ".", part)) {
                s = part[0];
        } else {
                return false;
        }
        t->time_ns = s * CLOCK_S_NS + fraction_of(at);
        return true;
}

/* --- packets ------------------------------------------------------------------------------------------------------------------ */

/** The length that the IP header at @p at tells; 0 if it is none. */
static size_t ip_length(const struct packet_text *t, size_t at)
{
        const uint8_t *ip = t->bytes + at;
        if (t->len < at + 6) {
                return 0;
        }
        return ip[0] >> 4 == 4   ? (size_t)ip[2] << 8 | ip[3]
               : ip[0] >> 4 == 6 ? ((size_t)ip[4] << 8 | ip[5]) + IPV6_HEADER
                                 : 0;
}

static void hand_over(struct packet_text *t, struct captured *out)
{
        bool is_raw = t->len > 0 && (t->bytes[0] >> 4 == 4 || t->bytes[0] >> 4 == 6) &&
                      ip_length(t, 0) + ETHERNET_HEADER >= t->len;
        size_t length = is_raw ? ip_length(t, 0) : ip_length(t, ETHERNET_HEADER) + ETHERNET_HEADER;
        *out = (struct captured){.bytes = span_of(t->bytes, t->len),
                                 .length = (uint32_t)(length > t->len ? length : t->len),
                                 .link_type = is_raw ? LINK_RAW : LINK_ETHERNET,
                                 .time_ns = t->time_ns};
        t->packets++;
        t->is_done = true;
}

/** Take one line. @return false: it begins another packet, and the current one is to be handed over first. */
static bool take_line(struct packet_text *t, struct span line)
{
        size_t offset;
        struct span rest = line;
        if (take_offset(&rest, &offset)) {
                take_bytes(t, rest, offset);
                return true;
        }
        if (line.len == 0 || line.data[0] < '0' || line.data[0] > '9') {
                return true; /* more about the packet, or a comment */
        }
        if (t->len > 0) {
                return false;
        }
        t->is_broken = false;
        (void)take_time(t, line);
        return true;
}

enum capture_found packet_text_next(struct packet_text *t, struct span *in, struct captured *out)
{
        if (t->is_done) {
                t->len = 0;
                t->is_done = false;
        }
        while (in->len > 0) {
                const uint8_t *end =
                    memchr(in->data, '\n', in->len < LINE_MAX_BYTES ? in->len : LINE_MAX_BYTES);
                if (end == NULL && in->len < LINE_MAX_BYTES) {
                        return CAPTURE_MORE;
                }
                size_t size = end != NULL ? (size_t)(end - in->data) : LINE_MAX_BYTES;
                if (!take_line(t, span_head(*in, size))) {
                        hand_over(t, out);
                        return CAPTURE_PACKET;
                }
                *in = span_skip(*in, size + (end != NULL ? 1 : 0));
        }
        return CAPTURE_MORE;
}

bool packet_text_last(struct packet_text *t, struct captured *out)
{
        if (t->is_done || t->len == 0) {
                return false;
        }
        hand_over(t, out);
        return true;
}

bool packet_text_is_one(struct span head)
{
        for (size_t i = 0; i < head.len; i++) {
                bool is_text = (head.data[i] >= ' ' && head.data[i] < 0x7f) || head.data[i] == '\t' ||
                               head.data[i] == '\n' || head.data[i] == '\r';
                if (!is_text) {
                        return false;
                }
        }
        return head.len > 0;
}

void packet_text_init(struct packet_text *t)
{
        t->len = 0;
        t->time_ns = 0;
        t->is_done = false;
        t->is_broken = false;
        t->packets = 0;
        t->undated = 0;
        t->broken = 0;
}
