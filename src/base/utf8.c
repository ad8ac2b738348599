#include "base/utf8.h"

static bool is_tail(uint8_t byte)
{
        return (byte & 0xc0) == 0x80;
}

unsigned utf8_sequence(struct span s)
{
        if (s.len == 0) {
                return 0;
        }
        uint8_t a = s.data[0];
        if (a < 0x80) {
                return 1;
        }
        unsigned n = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
        if (a < 0xc2 || a > 0xf4 || s.len < n) {
                return 0;
        }
        for (unsigned i = 1; i < n; i++) {
                if (!is_tail(s.data[i])) {
                        return 0;
                }
        }
        uint8_t b = s.data[1];
        bool bad = (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) || (a == 0xf0 && b < 0x90) ||
                   (a == 0xf4 && b > 0x8f);
        return bad ? 0 : n;
}

/** Is there a character of two bytes? */
static inline bool is_pair(const uint8_t *at)
{
        return at[0] >= 0xc2 && at[0] <= 0xdf && is_tail(at[1]);
}

/** Is there a character of three bytes whose first byte allows any others? */
static inline bool is_usual_triple(const uint8_t *at)
{
        return at[0] > 0xe0 && at[0] < 0xed && is_tail(at[1]) && is_tail(at[2]);
}

bool utf8_valid(struct span s)
{
        while (s.len > 0) {
                if (s.len >= 8) { /* eight ASCII bytes at once: the usual case */
                        uint64_t word;
                        memcpy(&word, s.data, sizeof word);
                        if ((word & 0x8080808080808080ULL) == 0) {
                                s = span_skip(s, 8);
                                continue;
                        }
                }
                unsigned n = s.data[0] < 0x80                       ? 1
                             : s.len > 1 && is_pair(s.data)         ? 2
                             : s.len > 2 && is_usual_triple(s.data) ? 3
                                                                    : utf8_sequence(s);
                if (n == 0) {
                        return false;
                }
                s = span_of(s.data + n, s.len - n);
        }
        return true;
}

uint32_t utf8_point(struct span s)
{
        static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        unsigned n = utf8_sequence(s);
        if (n == 0) {
                return UTF8_NONE;
        }
        uint32_t point = s.data[0] & first_bits[n];
        for (unsigned i = 1; i < n; i++) {
                point = point << 6 | (s.data[i] & 0x3f);
        }
        return point;
}

struct range {
        uint32_t first;
        uint32_t last;
};

/** Is the character in one of @p ranges? The last one must be beyond all characters. */
static bool is_among(const struct range *ranges, uint32_t point)
{
        while (point > ranges->last) {
                ranges++;
        }
        return point >= ranges->first;
}

bool utf8_is_control(struct span s)
{
        static const struct range controls[] = {
            {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},         {0x200e, 0x200f},
            {0x2028, 0x202e}, {0x2066, 0x2069}, {UTF8_NONE, UTF8_NONE},
        };
        if (s.len == 0 || (s.data[0] >= 0x20 && s.data[0] < 0x7f)) {
                return false;
        }
        uint32_t point = utf8_point(s);
        return point != UTF8_NONE && is_among(controls, point);
}

/** May a hidden character beyond ASCII begin with this byte? */
static bool may_be_hidden(uint8_t first)
{
        switch (first) {
        case 0xc2:
        case 0xcd:
        case 0xd8:
        case 0xdb:
        case 0xdc: return true;
        default: return (first >= 0xe0 && first <= 0xe3) || first >= 0xef;
        }
}

bool utf8_is_hidden(struct span s)
{
        /* Cf, Default_Ignorable_Code_Point, the separators, the block of noncharacters */
        static const struct range hidden[] = {
            {0x80, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
            {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
            {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
            {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
            {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
            {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
            {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {UTF8_NONE, UTF8_NONE},
        };
        if (s.len == 0) {
                return false;
        }
        if (s.data[0] < 0x80) {
                return s.data[0] < 0x20 || s.data[0] == 0x7f;
        }
        if (!may_be_hidden(s.data[0])) {
                return false;
        }
        uint32_t point = utf8_point(s);
        return point != UTF8_NONE && ((point & 0xfffe) == 0xfffe || is_among(hidden, point));
}

struct span utf8_trim(struct span s)
{
        size_t back = 1;
        while (back < s.len && back < 4 && is_tail(s.data[s.len - back])) {
                back++;
        }
        if (back > s.len || s.data[s.len - back] < 0xc2 || s.data[s.len - back] > 0xf4) {
                return s;
        }
        uint8_t first = s.data[s.len - back];
        size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        return back < n ? span_head(s, s.len - back) : s;
}
