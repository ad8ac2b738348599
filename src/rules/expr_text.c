#include "rules/expr_state.h"

#include <strings.h>

/** Copy @p n bytes in lower case, eight at a time. */
static void copy_lower(uint8_t *to, const uint8_t *from, size_t n)
{
        enum { WORD = sizeof(uint64_t) };
        const uint64_t ones = 0x0101010101010101;
        size_t i = 0;
        for (; i + WORD <= n; i += WORD) {
                uint64_t word;
                memcpy(&word, from + i, WORD);
                /* the upper bit of each byte: is it from A on, is it behind Z, is it no ASCII? */
                uint64_t low = word & 0x7f * ones;
                uint64_t is_upper =
                    (low + (0x80 - 'A') * ones) & ~(low + (0x80 - 'Z' - 1) * ones) & ~word & 0x80 * ones;
                word |= is_upper >> 2; /* 0x20 */
                memcpy(to + i, &word, WORD);
        }
        for (; i < n; i++) {
                to[i] = expr_lower(from[i]);
        }
}

static bool same(uint8_t a, uint8_t b, bool any_case)
{
        return a == b || (any_case && expr_lower(a) == expr_lower(b));
}

/** Is the pattern's next element, at @p p, a character that matches @p c? Sets *@p size to the element's length. */
static bool matches_one(struct span pattern, size_t p, uint8_t c, bool any_case, size_t *size)
{
        if (p >= pattern.len) {
                return false;
        }
        bool is_escaped = pattern.data[p] == '\\' && p + 1 < pattern.len;
        *size = is_escaped ? 2 : 1;
        return (!is_escaped && pattern.data[p] == '?') || same(pattern.data[p + *size - 1], c, any_case);
}

bool expr_glob(struct span pattern, struct span text, bool any_case)
{
        size_t star = SIZE_MAX; /* the last * seen, and where what it matches ends */
        size_t eaten = 0;
        size_t p = 0;
        size_t t = 0;
        while (t < text.len) {
                size_t size = 1;
                if (p < pattern.len && pattern.data[p] == '*') {
                        star = p++;
                        eaten = t;
                } else if (matches_one(pattern, p, text.data[t], any_case, &size)) {
                        p += size;
                        t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++eaten;
                } else {
                        return false;
                }
        }
        while (p < pattern.len && pattern.data[p] == '*') {
                p++;
        }
        return p == pattern.len;
}

bool expr_begins(struct span text, struct span part)
{
        if (part.len > 0 && (text.len < part.len || expr_lower(text.data[0]) != expr_lower(part.data[0]))) {
                return false;
        }
        return text.len >= part.len && (part.len == 0 || strncasecmp((const char *)part.data,
                                                                     (const char *)text.data, part.len) == 0);
}

bool expr_contains(struct span text, struct span part)
{
        enum { PIECE = 4 * EXPR_VALUE_MAX };
        uint8_t piece[PIECE];
        if (part.len == 0 || part.len > text.len) {
                return part.len == 0;
        }
        for (size_t at = 0; at + part.len <= text.len; at += PIECE - part.len + 1) {
                size_t n = text.len - at < PIECE ? text.len - at : PIECE;
                copy_lower(piece, text.data + at, n);
                if (memmem(piece, n, part.data, part.len) != NULL) {
                        return true;
                }
        }
        return false;
}

bool expr_names_command(struct span word, struct span command)
{
        while (command.len >= word.len && word.len > 0) {
                if (command.len == word.len && expr_begins(command, word)) {
                        return true;
                }
                const uint8_t *bar = memchr(command.data, '_', command.len);
                if (bar == NULL) {
                        return false;
                }
                command = span_skip(command, (size_t)(bar - command.data) + 1);
        }
        return false;
}
