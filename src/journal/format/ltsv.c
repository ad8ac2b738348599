#include "journal/format/ltsv.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "journal/format/jsonl_field.h"
#include "mysql/record/fields.h"

#ifdef QT_NO_FASTPATHS
static const bool has_fastpaths = false;
#else
static const bool has_fastpaths = true;
#endif

static void put_escape(struct writer *w, uint8_t c)
{
        switch (c) {
        case '\t': writer_text(w, "\\t"); break;
        case '\n': writer_text(w, "\\n"); break;
        case '\\': writer_text(w, "\\\\"); break;
        default: {
                static const char digits[] = "0123456789abcdef";
                const char out[] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
                writer_bytes(w, out, sizeof out);
        }
        }
}

/** Length of what goes out as it is, from the front of @p s. */
static size_t plain_len(struct span s)
{
        size_t at = shown_plain(s, '\\');
        while (at < s.len) {
                unsigned n = s.data[at] >= 0x80 ? utf8_sequence(span_skip(s, at)) : 0;
                if (n == 0 || utf8_is_hidden(span_skip(s, at))) {
                        break;
                }
                at += n;
                at += shown_plain(span_skip(s, at), '\\');
        }
        return at;
}

/** @return false if it is no UTF-8; U+FFFD stands for each byte that is none. */
static bool put_text(struct writer *w, struct span s)
{
        bool valid = true;
        while (s.len > 0 && !w->failed) {
                size_t plain = plain_len(s);
                writer_bytes(w, s.data, plain);
                s = span_skip(s, plain);
                if (s.len == 0) {
                        break;
                }
                unsigned n = utf8_sequence(s);
                for (unsigned i = 0; i < n; i++) { /* of a hidden character, each byte */
                        put_escape(w, s.data[i]);
                }
                if (n == 0) {
                        writer_text(w, "\xef\xbf\xbd");
                        valid = false;
                }
                s = span_skip(s, n > 0 ? n : 1);
        }
        return valid;
}

static void put_flags(struct writer *w, enum record_field f, uint64_t flags)
{
        bool first = true;
        for (; flags != 0; flags &= flags - 1) {
                const char *name = record_flag_name(f, (unsigned)__builtin_ctzll(flags));
                if (name != NULL) {
                        writer_text(w, first ? "" : ",");
                        writer_text(w, name);
                        first = false;
                }
        }
}

/** JSON has no control characters; only its backslashes, written from @p from on, must be doubled. */
static void double_backslashes(struct writer *w, size_t from)
{
        size_t end = w->at;
        size_t more = 0;
        for (size_t i = from; i < end; i++) {
                more += w->data[i] == '\\' ? 1 : 0;
        }
        if (w->failed || more == 0) {
                return;
        }
        w->wanted += more;
        if (more > w->size - w->at) {
                w->failed = true;
                return;
        }
        w->at += more;
        for (size_t to = w->at, i = end; to > i; i--) { /* from the back, so that nothing is overwritten */
                w->data[--to] = w->data[i - 1];
                if (w->data[i - 1] == '\\') {
                        w->data[--to] = '\\';
                }
        }
}

static void put_json(struct writer *w, const struct record *r, enum record_field f)
{
        size_t from = w->at;
        jsonl_value(w, r, f);
        double_backslashes(w, from);
}

/** The name of a field, from its key in JSON: ,"rows": */
static struct span name_of(enum record_field f)
{
        return span_of(record_fields[f].key + 2, (size_t)record_fields[f].key_len - 4);
}

static void put_label(struct writer *w, enum record_field f, const char *suffix)
{
        writer_char(w, '\t');
        writer_put(w, name_of(f));
        writer_text(w, suffix);
        writer_char(w, ':');
}

/** The usual field: a number, or a text of printable ASCII, at @p to, where there is space for it up to @p end. A name is copied as a whole, with
 *  the unused end of its key. @return the place behind it; NULL if it is another one: then nothing was written that counts. */
static inline uint8_t *put_usual(uint8_t *to, const uint8_t *end, const struct record *r, enum record_field f)
{
        enum { NAME_COPIED = RECORD_KEY_SIZE - 2, SPACE = NAME_COPIED + DECIMAL_MAX + 2 };
        if (!has_fastpaths || end - to < SPACE) {
                return NULL;
        }
        struct span name = name_of(f);
        to[0] = '\t';
        memcpy(to + 1, name.data, NAME_COPIED);
        to[1 + name.len] = ':';
        to += name.len + 2;
        if (record_fields[f].kind == RECORD_UINT) {
                return decimal_put(to, record_uint(r, f));
        }
        if (record_fields[f].kind != RECORD_TEXT) {
                return NULL;
        }
        struct span text = record_text(r, f);
        bool fits = (size_t)(end - to) > text.len;
        return fits && json_copy_plain(to, text) ? to + text.len : NULL; /* it needs no escape here, either */
}

static void put_field(struct writer *w, const struct record *r, enum record_field f)
{
        put_label(w, f, "");
        switch (record_fields[f].kind) {
        case RECORD_UINT: writer_decimal(w, record_uint(r, f)); break;
        case RECORD_BOOL: writer_text(w, record_uint(r, f) != 0 ? "true" : "false"); break;
        case RECORD_TEXT:
                if (!put_text(w, fields_text(r, f)) || fields_undecoded(r, f)) {
                        put_label(w, f, "_hex");
                        writer_hex(w, record_text(r, f));
                }
                break;
        case RECORD_BYTES: writer_hex(w, record_text(r, f)); break;
        case RECORD_FLAGS: put_flags(w, f, record_uint(r, f)); break;
        case RECORD_LIST:
        case RECORD_ROWS:
        case RECORD_OBJECTS:
        case RECORD_MAP: put_json(w, r, f); break;
        }
}

/** The record was written up to @p to. */
static void advance(struct writer *w, const uint8_t *to)
{
        size_t n = (size_t)(to - w->data) - w->at;
        w->at += n;
        w->wanted += n;
}

void ltsv_record(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->wall_ns, when);
        writer_text(w, "ts:");
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 1);
        writer_text(w, "\tevent:");
        writer_text(w, record_event_name(r->event));
        uint8_t *to = w->data + w->at;
        enum record_field f;
        FIELD_SET_EACH(r->present, f)
        {
                bool is_odd = w->failed || fields_undecoded(r, f);
                uint8_t *behind = is_odd ? NULL : put_usual(to, w->data + w->size, r, f);
                if (behind != NULL) {
                        to = behind;
                        continue;
                }
                advance(w, to);
                put_field(w, r, f);
                to = w->data + w->at;
        }
        advance(w, to);
        writer_char(w, '\n');
}
