#include "base/json.h"

#include "base/stride.h"
#include "base/utf8.h"

static const char hex_digits[] = "0123456789abcdef";

/** Append \uHHHH, or a surrogate pair of them for a character above U+FFFF. */
static void escape_point(struct writer *w, uint32_t point)
{
        uint32_t high = point > 0xffff ? 0xd800 + ((point - 0x10000) >> 10) : 0;
        uint32_t low = point > 0xffff ? 0xdc00 + ((point - 0x10000) & 0x3ff) : point;
        for (uint32_t unit = high != 0 ? high : low;; unit = low) {
                uint8_t out[6] = {'\\', 'u'};
                for (unsigned i = 0; i < 4; i++) {
                        out[2 + i] = (uint8_t)hex_digits[unit >> (12 - 4 * i) & 0xf];
                }
                writer_bytes(w, out, sizeof out);
                if (unit == low) {
                        return;
                }
        }
}

/** Append the escape of @p byte, which is ASCII. */
static void escape(struct writer *w, uint8_t byte)
{
        static const uint8_t shorts[0x80] = {
            ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
        uint8_t out[6] = {
            '\\', 'u', '0', '0', (uint8_t)hex_digits[byte >> 4], (uint8_t)hex_digits[byte & 0xf]};
        if (shorts[byte] != 0) {
                out[1] = shorts[byte];
                writer_bytes(w, out, 2);
        } else {
                writer_bytes(w, out, sizeof out);
        }
}

/* Eight bytes at once. The top bit of a byte is set for that byte, or because of a borrow from a lower one: such a false positive only
 * leads to the slow path. */
#define EACH(byte)     (0x0101010101010101ULL * (byte))
#define BELOW(word, n) (((word)-EACH(n)) & ~(word))
#define EQUAL(word, c) BELOW((word) ^ EACH((uint64_t)(c)), 1)

/** Whether eight bytes are ASCII and need no escape. */
static bool is_plain(const uint8_t *bytes)
{
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        uint64_t special =
            word | BELOW(word, 0x20) | EQUAL(word, '"') | EQUAL(word, '\\') | EQUAL(word, 0x7f);
        return (special & EACH(0x80)) == 0;
}

static bool is_plain_ascii(uint8_t byte)
{
        return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/** The length of the part at the front of @p s that needs no escape. */
static size_t plain_len(struct span s)
{
        size_t at = 0;
        bool at_once =
            true; /* false until the next multi-byte character, once eight bytes had a special one */
        while (at < s.len) {
                if (at_once && s.len - at >= 8 && is_plain(s.data + at)) {
                        at += 8;
                        if (s.len - at < 8 && is_plain(s.data + s.len - 8)) {
                                return s.len; /* checked the last eight bytes, some of them twice */
                        }
                        continue;
                }
                uint8_t byte = s.data[at];
                unsigned n = is_plain_ascii(byte) ? 1 : byte < 0x80 ? 0 : utf8_sequence(span_skip(s, at));
                if (n == 0 || (n > 1 && utf8_is_hidden(span_skip(s, at)))) {
                        break;
                }
                at += n;
                at_once = n > 1;
        }
        return at;
}

/* --- sixteen bytes at once ------------------------------------------------------------------------------------------- */

typedef int8_t truths __attribute__((vector_size(16))); /* -1 = true, for each byte */

/* What was found so far. Two sets, as adding to each is one instruction. */
struct seen {
        truths printable; /* bytes that are printable ASCII */
        truths special;   /* printable bytes that must be escaped */
};

static inline void look_at(struct seen *seen, stride bytes)
{
        const truths space = STRIDE_OF(0x20);
        seen->printable &= (truths)(bytes + 1) > space; /* signed: bytes from 0x7f on are less */
        seen->special |= (truths)((bytes == (stride)STRIDE_OF('"')) | (bytes == (stride)STRIDE_OF('\\')));
}

static inline void copy_stride(struct seen *seen, uint8_t *to, const uint8_t *from)
{
        stride bytes = stride_at(from);
        memcpy(to, &bytes, sizeof bytes);
        look_at(seen, bytes);
}

static inline bool is_all_plain(const struct seen *seen)
{
        return !stride_any((stride)(~seen->printable | seen->special));
}

#define NOTHING_SEEN                                                                                         \
        {                                                                                                    \
                .printable = STRIDE_OF(-1)                                                                   \
        }

static bool are_plain(uint64_t a, uint64_t b)
{
        typedef uint64_t pair __attribute__((vector_size(16)));
        struct seen seen = NOTHING_SEEN;
        look_at(&seen, (stride)(pair){a, b});
        return is_all_plain(&seen);
}

/** For fewer than 16 bytes: copy the first and the last ones, which may overlap. */
static bool copy_short(uint8_t *to, struct span s)
{
        uint64_t first = 0;
        uint64_t last = 0;
        if (s.len >= 8) {
                memcpy(&first, s.data, 8);
                memcpy(&last, s.data + s.len - 8, 8);
                memcpy(to, &first, 8);
                memcpy(to + s.len - 8, &last, 8);
                return are_plain(first, last);
        }
        if (s.len >= 4) {
                uint32_t head;
                uint32_t tail;
                memcpy(&head, s.data, 4);
                memcpy(&tail, s.data + s.len - 4, 4);
                memcpy(to, &head, 4);
                memcpy(to + s.len - 4, &tail, 4);
                first = head | (uint64_t)tail << 32;
                return are_plain(first, first);
        }
        bool plain = true;
        for (size_t i = 0; i < s.len; i++) {
                to[i] = s.data[i];
                plain = plain && is_plain_ascii(to[i]);
        }
        return plain;
}

bool json_copy_plain(uint8_t *to, struct span s)
{
        if (s.len < STRIDE) {
                return copy_short(to, s);
        }
        struct seen seen = NOTHING_SEEN;
        copy_stride(&seen, to + s.len - STRIDE, s.data + s.len - STRIDE);
        for (size_t i = 0; i + STRIDE < s.len; i += STRIDE) {
                copy_stride(&seen, to + i, s.data + i);
        }
        return is_all_plain(&seen);
}

/* --- strings ------------------------------------------------------------------------------------------------------- */

bool json_string_plain(struct writer *w, struct span s)
{
        if (w->failed || w->size - w->at <= s.len + 2 || !json_copy_plain(w->data + w->at + 1, s)) {
                return false;
        }
        w->data[w->at] = '"';
        w->data[w->at + s.len + 1] = '"';
        w->at += s.len + 2;
        w->wanted += s.len + 2;
        return true;
}

bool json_quote(struct writer *w, struct span s)
{
        if (json_string_plain(w, s)) {
                return true;
        }
        bool valid = true;
        writer_char(w, '"');
        while (s.len > 0) {
                size_t plain = plain_len(s);
                writer_bytes(w, s.data, plain);
                if (plain == s.len) {
                        break;
                }
                s = span_skip(s, plain);
                unsigned n = utf8_sequence(s);
                if (n == 1) {
                        escape(w, (uint8_t)utf8_point(s));
                } else if (n > 1) {
                        escape_point(w, utf8_point(s));
                } else {
                        writer_text(w, "\xef\xbf\xbd");
                        valid = false;
                }
                s = span_skip(s, n > 0 ? n : 1);
        }
        writer_char(w, '"');
        return valid;
}

void json_hex(struct writer *w, struct span s)
{
        char digits[128];
        writer_char(w, '"');
        while (s.len > 0) {
                struct span piece = span_head(s, sizeof digits / 2);
                for (size_t i = 0; i < piece.len; i++) {
                        digits[2 * i] = hex_digits[piece.data[i] >> 4];
                        digits[2 * i + 1] = hex_digits[piece.data[i] & 0xf];
                }
                writer_bytes(w, digits, 2 * piece.len);
                s = span_skip(s, piece.len);
        }
        writer_char(w, '"');
}
