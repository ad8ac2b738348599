#include "profile/dump.h"

#include <string.h>

/* --- lines and words ----------------------------------------------------------------------------------------------------- */

static struct span take_line(struct span *text)
{
        const uint8_t *end = memchr(text->data, '\n', text->len);
        size_t len = end != NULL ? (size_t)(end - text->data) : text->len;
        struct span line = span_head(*text, len);
        *text = span_skip(*text, end != NULL ? len + 1 : len);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
                line.len--;
        }
        return line;
}

static bool starts_with(struct span s, const char *prefix)
{
        size_t len = strlen(prefix);
        return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

static void skip_blanks(struct span *s)
{
        while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
                *s = span_skip(*s, 1);
        }
}

/** @p c, with blanks before it. */
static bool take_char(struct span *s, char c)
{
        skip_blanks(s);
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

/** A number of base 10 or 16, with blanks before it. @return false if there is none, or it does not fit. */
static bool take_number(struct span *s, unsigned base, uint64_t *out)
{
        size_t digits = 0;
        *out = 0;
        skip_blanks(s);
        for (; s->len > 0 && (unsigned)digit_of(s->data[0]) < base; digits++) {
                if (__builtin_mul_overflow(*out, base, out) ||
                    __builtin_add_overflow(*out, (uint64_t)digit_of(s->data[0]), out)) {
                        return false;
                }
                *s = span_skip(*s, 1);
        }
        return digits > 0;
}

/** Up to the next tab. */
static struct span take_field(struct span *s)
{
        const uint8_t *tab = s->len > 0 ? memchr(s->data, '\t', s->len) : NULL;
        size_t len = tab != NULL ? (size_t)(tab - s->data) : s->len;
        struct span field = span_head(*s, len);
        *s = span_skip(*s, tab != NULL ? len + 1 : len);
        return field;
}

/* --- a dump -------------------------------------------------------------------------------------------------------------- */

struct reading {
        const struct dump_sink *sink;
        struct dump_troubles troubles;
        bool within;  /**< a dump has begun */
        bool listing; /**< its records are under way: not its tail yet */
        bool has_record;
        struct dump_header header;
        struct dump_header sum;    /**< of the records; wraps where the header's own sum does */
        uint64_t unread;           /**< troubles.records when the dump began */
        struct dump_record record; /**< that the lines belong to */
};

static void finish_record(struct reading *r)
{
        if (r->has_record) {
                r->has_record = false;
                r->sum.live += r->record.live;
                r->sum.live_bytes += r->record.live_bytes;
                r->sum.allocs += r->record.allocs;
                r->sum.alloc_bytes += r->record.alloc_bytes;
                r->sink->on_record(r->sink->arg, &r->record);
        }
}

static void finish_dump(struct reading *r)
{
        bool torn = r->has_record; /* behind each record is an empty line, or the next one, or the tail */
        finish_record(r);
        if (r->within) {
                const struct dump_header *h = &r->header;
                const struct dump_header *s = &r->sum;
                bool whole = h->live == s->live && h->live_bytes == s->live_bytes && h->allocs == s->allocs &&
                             h->alloc_bytes == s->alloc_bytes && r->troubles.records == r->unread && !torn;
                r->within = false;
                r->troubles.cut += !whole;
                r->sink->on_end(r->sink->arg, whole);
        }
}

/** "1: 16 [2: 32] @" with the figures of a header or a record. */
static bool take_figures(struct span *s, uint64_t figures[4])
{
        return take_number(s, 10, &figures[0]) && take_char(s, ':') && take_number(s, 10, &figures[1]) &&
               take_char(s, '[') && take_number(s, 10, &figures[2]) && take_char(s, ':') &&
               take_number(s, 10, &figures[3]) && take_char(s, ']') && take_char(s, '@');
}

/** @return false if it is no header. */
static bool begin_dump(struct reading *r, struct span line)
{
        uint64_t f[4];
        struct dump_header h = {0};
        struct span rest = span_skip(line, strlen("heap profile:"));
        if (!take_figures(&rest, f)) {
                return false;
        }
        skip_blanks(&rest);
        if (!starts_with(rest, "heap/") && !starts_with(rest, "heap_v2/")) {
                return false;
        }
        bool doubled = rest.data[4] == '/';
        rest = span_skip(rest, doubled ? 5 : 8);
        if (!take_number(&rest, 10, &h.sample_bytes)) {
                return false;
        }
        h.sample_bytes /= doubled ? 2 : 1;
        h.live = f[0];
        h.live_bytes = f[1];
        h.allocs = f[2];
        h.alloc_bytes = f[3];
        r->within = true;
        r->listing = true;
        r->header = h;
        r->sum = (struct dump_header){.live = 0};
        r->unread = r->troubles.records;
        r->sink->on_dump(r->sink->arg, &h);
        return true;
}

static void begin_record(struct reading *r, struct span line)
{
        uint64_t f[4];
        finish_record(r);
        if (!take_figures(&line, f) || f[0] > f[2] || f[1] > f[3] || (f[2] == 0) != (f[3] == 0)) {
                r->troubles.records++;
                return;
        }
        r->record =
            (struct dump_record){.live = f[0], .live_bytes = f[1], .allocs = f[2], .alloc_bytes = f[3]};
        r->has_record = true;
        for (skip_blanks(&line); starts_with(line, "0x"); skip_blanks(&line)) {
                uint64_t pc;
                line = span_skip(line, 2);
                if (!take_number(&line, 16, &pc)) {
                        break;
                }
                if (r->record.depth < DUMP_STACK_MAX) {
                        r->record.stack[r->record.depth++] = pc;
                } else {
                        r->troubles.deep++;
                        break;
                }
        }
}

/** "#\t0x1234\tfunction+0x12\tfile:line": the first frame with a name is the record's. */
static void read_frame(struct reading *r, struct span line)
{
        struct span address = take_field(&line);
        struct span function = take_field(&line);
        skip_blanks(&line); /* Go aligns its columns by tabs */
        struct span place = take_field(&line);
        (void)address;
        if (!r->has_record || r->record.function.len > 0 || place.len == 0) {
                return;
        }
        for (size_t i = function.len; i > 1; i--) { /* the offset goes */
                if (function.data[i - 1] == '+') {
                        function.len = i - 1;
                        break;
                }
        }
        r->record.function = function;
        r->record.place = r->record.site.len > 0 ? r->record.site : place;
}

/** The word behind @p name, such as "stage=". */
static struct span word_of(struct span line, const char *name)
{
        const uint8_t *at = memmem(line.data, line.len, name, strlen(name));
        if (at == NULL) {
                return (struct span){NULL, 0};
        }
        struct span word = span_skip(line, (size_t)(at - line.data) + strlen(name));
        const uint8_t *end = word.len > 0 ? memchr(word.data, ' ', word.len) : NULL;
        return span_head(word, end != NULL ? (size_t)(end - word.data) : word.len);
}

/** "# record 7 stage=… … session=3 COM_QUERY "SELECT 1"": this proxy's own. */
static void read_birth(struct reading *r, struct span line)
{
        if (!r->has_record) {
                return;
        }
        const uint8_t *command = memmem(line.data, line.len, " COM_", 5);
        struct span words = span_head(line, command != NULL ? (size_t)(command - line.data) : line.len);
        r->record.stage = word_of(words, " stage=");
        r->record.lib = word_of(words, " lib=");
        r->record.sample = word_of(words, " sample=");
        r->record.site = word_of(words, " site=");
        r->record.place = r->record.site;
        r->record.overflow = span_equal(word_of(words, " overflow="), span_str("true"));
        if (command != NULL) {
                r->record.birth = span_skip(line, (size_t)(command - line.data) + 1);
        }
}

/** "# HeapAlloc = 1234". */
static void read_figure(struct reading *r, struct span line)
{
        struct dump_figure figure;
        struct span rest = span_skip(line, 2);
        const uint8_t *end = rest.len > 0 ? memchr(rest.data, ' ', rest.len) : NULL;
        if (end == NULL) {
                return;
        }
        figure.name = span_head(rest, (size_t)(end - rest.data));
        rest = span_skip(rest, figure.name.len);
        if (take_char(&rest, '=') && take_number(&rest, 10, &figure.value)) {
                skip_blanks(&rest);
                if (rest.len == 0) {
                        r->sink->on_figure(r->sink->arg, &figure);
                }
        }
}

static void read_line(struct reading *r, struct span line)
{
        if (starts_with(line, "heap profile:")) {
                finish_dump(r);
                if (!begin_dump(r, line)) { /* then what follows belongs to no dump */
                        r->troubles.records++;
                }
        } else if (!r->within) {
                return;
        } else if (line.len == 0) {
                finish_record(r);
        } else if (starts_with(line, "#\t0x")) {
                read_frame(r, span_skip(line, 2));
        } else if (starts_with(line, "# record ")) {
                read_birth(r, line);
        } else if (starts_with(line, "# runtime.MemStats")) {
                finish_record(r);
                r->listing = false;
        } else if (starts_with(line, "# ")) {
                read_figure(r, line);
        } else if (r->listing && line.data[0] >= '0' && line.data[0] <= '9' &&
                   memchr(line.data, '[', line.len) != NULL && memchr(line.data, '@', line.len) != NULL) {
                begin_record(r, line);
        } else if (starts_with(line, "MAPPED_LIBRARIES:")) {
                finish_record(r);
                finish_dump(r);
        }
}

struct dump_troubles dump_read(struct span text, const struct dump_sink *sink)
{
        struct reading r = {.sink = sink};
        while (text.len > 0) {
                read_line(&r, take_line(&text));
        }
        finish_dump(&r);
        return r.troubles;
}
