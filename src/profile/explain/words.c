#include "profile/explain/words.h"

struct span words_line(struct span *text, bool *ended)
{
        const uint8_t *end = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
        size_t len = end != NULL ? (size_t)(end - text->data) : text->len;
        struct span line = span_head(*text, len);
        *text = span_skip(*text, end != NULL ? len + 1 : len);
        *ended = end != NULL;
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
                line.len--;
        }
        return line;
}

bool words_start(struct span s, const char *prefix)
{
        size_t len = strlen(prefix);
        return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

void words_skip_blanks(struct span *s)
{
        while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
                *s = span_skip(*s, 1);
        }
}

bool words_char(struct span *s, char c)
{
        words_skip_blanks(s);
        bool is = s->len > 0 && s->data[0] == (uint8_t)c;
        *s = is ? span_skip(*s, 1) : *s;
        return is;
}

static int digit_of(uint8_t c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : 99;
}

bool words_number(struct span *s, unsigned base, uint64_t *out)
{
        size_t digits = 0;
        *out = 0;
        words_skip_blanks(s);
        for (; s->len > 0 && (unsigned)digit_of(s->data[0]) < base; digits++) {
                if (__builtin_mul_overflow(*out, base, out) ||
                    __builtin_add_overflow(*out, (uint64_t)digit_of(s->data[0]), out)) {
                        return false;
                }
                *s = span_skip(*s, 1);
        }
        return digits > 0;
}

struct span words_field(struct span *s)
{
        const uint8_t *tab = s->len > 0 ? memchr(s->data, '\t', s->len) : NULL;
        size_t len = tab != NULL ? (size_t)(tab - s->data) : s->len;
        struct span field = span_head(*s, len);
        *s = span_skip(*s, tab != NULL ? len + 1 : len);
        return field;
}

bool words_after(struct span line, const char *name, struct span *rest)
{
        const uint8_t *at = line.len > 0 ? memmem(line.data, line.len, name, strlen(name)) : NULL;
        if (at != NULL) {
                *rest = span_skip(line, (size_t)(at - line.data) + strlen(name));
        }
        return at != NULL;
}

struct span words_behind(struct span line, const char *name)
{
        struct span word;
        if (!words_after(line, name, &word)) {
                return (struct span){NULL, 0};
        }
        const uint8_t *end = word.len > 0 ? memchr(word.data, ' ', word.len) : NULL;
        return span_head(word, end != NULL ? (size_t)(end - word.data) : word.len);
}
