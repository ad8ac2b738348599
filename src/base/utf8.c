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
