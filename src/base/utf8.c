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

bool utf8_valid(struct span s)
{
        while (s.len > 0) {
                if (s.len >= 8) { /* eight ASCII bytes at a stride: the usual case */
                        uint64_t word;
                        memcpy(&word, s.data, sizeof word);
                        if ((word & 0x8080808080808080ULL) == 0) {
                                s = span_skip(s, 8);
                                continue;
                        }
                }
                unsigned n = utf8_sequence(s);
                if (n == 0) {
                        return false;
                }
                s = span_skip(s, n);
        }
        return true;
}

bool utf8_is_control(struct span s)
{
        return s.len > 0 && (s.data[0] < 0x20 || s.data[0] == 0x7f ||
                             (s.data[0] == 0xc2 && s.len > 1 && s.data[1] >= 0x80 && s.data[1] < 0xa0));
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
