#include "journal/format/convert.h"

#include "base/diag.h"
#include "mysql/wire/charset.h"
#include "profile/heap/prof.h"

enum {
        GROWTH = 4, /* a byte becomes at most so many */
        ROOM_SMALL = 64 * 1024,
        VALUES_SMALL = 256,
};

void convert_init(struct convert *c)
{
        *c = (struct convert){.room = NULL};
        transcode_init(&c->transcode);
}

void convert_fini(struct convert *c)
{
        transcode_fini(&c->transcode);
        prof_free(c->room);
        prof_free(c->values);
        c->room = NULL;
        c->values = NULL;
        c->size = 0;
        c->values_size = 0;
}

/* --- what is to be done ------------------------------------------------------------------------------------------------ */

static bool is_foreign(uint8_t charset, struct span text)
{
        const struct transcode_from *from = charset != CHARSET_UNKNOWN ? charset_from(charset) : NULL;
        return from != NULL && !transcode_is_plain(from, text);
}

struct need {
        size_t bytes;
        size_t values;
};

static uint8_t charset_of(const struct record *r, enum record_field f)
{
        return r->charsets[record_charset(f)];
}

static void add_list(struct need *need, const struct record *r, enum record_field f)
{
        struct value_list list = record_list(r, f);
        size_t before = need->bytes;
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                need->bytes += is_foreign(v->charset, v->bytes) ? v->bytes.len : 0;
                need->bytes += is_foreign(charset_of(r, f), v->name) ? v->name.len : 0;
        }
        need->values += need->bytes > before ? list.n : 0;
}

/** Can a text of @p r be in another set than UTF-8? Nearly always not: then nobody looks at each. Rows bring sets of their
 *  own; other values are in the client's. */
static bool may_be_foreign(const struct record *r)
{
        bool may = record_has(r, FIELD_FIRST_ROWS);
        for (size_t i = 0; i < RECORD_CHARSETS && !may; i++) {
                may = r->charsets[i] != CHARSET_UNKNOWN && charset_from(r->charsets[i]) != NULL;
        }
        return may;
}

/** The fields whose texts are at hand: those of a session that the record does not carry were converted before. */
static struct field_set fields_of(const struct record *r)
{
        struct field_set fields = r->present;
        if (r->session_source != RECORD_SESSION_CARRIED) {
                fields.words[0] &= ~fields_session.words[0];
        }
        return fields;
}

static struct need look(const struct record *r)
{
        struct need need = {0, 0};
        if (!may_be_foreign(r)) {
                return need;
        }
        struct field_set walk = fields_of(r);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                if (record_is_list(f)) {
                        add_list(&need, r, f);
                } else if (record_charset(f) != RECORD_UTF8 &&
                           is_foreign(charset_of(r, f), record_text(r, f))) {
                        need.bytes += record_text(r, f).len;
                }
        }
        return need;
}

/* --- doing it -------------------------------------------------------------------------------------------------------------- */

static void say_missing(struct convert *c, uint8_t charset, const struct transcode_from *from)
{
        if ((c->missing >> (charset & 63) & 1) == 0) {
                c->missing |= (uint64_t)1 << (charset & 63);
                diag(DIAG_WARNING,
                     "the C library can't convert %s (character set %s): texts in it are logged as bytes; a "
                     "package with gconv modules may be missing",
                     from->iconv, charset_title(charset));
        }
}

/** @return false if @p text stays as it is. */
static bool convert(struct convert *c, struct writer *w, uint8_t charset, struct span *text, bool is_cut)
{
        const struct transcode_from *from = charset_from(charset);
        size_t at = w->at;
        enum transcode_end end = transcode_put(&c->transcode, from, *text, is_cut, w);
        if (end == TRANSCODE_DONE) {
                *text = span_of(w->data + at, w->at - at);
                return true;
        }
        w->at = at;
        w->failed = false;
        if (end == TRANSCODE_UNKNOWN) {
                say_missing(c, charset, from);
        }
        return false;
}

/** What has a NUL is no text to anybody: it stays the bytes that it is, and they are what is shown. */
static void convert_value(struct convert *c, struct writer *w, struct value *v)
{
        if (!is_foreign(v->charset, v->bytes)) {
                return;
        }
        struct span text = v->bytes;
        bool is_cut = v->cut || v->true_len > v->bytes.len;
        if (convert(c, w, v->charset, &text, is_cut) &&
            (text.len == 0 || memchr(text.data, 0, text.len) == NULL)) {
                v->bytes = text;
                v->charset = CHARSET_UNKNOWN;
                v->cut = is_cut;
                v->true_len = is_cut ? v->true_len : v->bytes.len;
        }
}

static void convert_list(struct convert *c, struct writer *w, enum record_field f)
{
        struct value_list list = record_list(&c->record, f);
        uint8_t names = charset_of(&c->record, f);
        struct value *values = c->values + c->values_used;
        memcpy(values, list.at, list.n * sizeof *values);
        c->values_used += list.n;
        for (size_t i = 0; i < list.n; i++) {
                convert_value(c, w, &values[i]);
                if (is_foreign(names, values[i].name)) {
                        (void)convert(c, w, names, &values[i].name, false);
                }
        }
        record_set_list(&c->record, f, (struct value_list){values, list.n});
}

static void convert_text(struct convert *c, struct writer *w, enum record_field f)
{
        struct span text = record_text(&c->record, f);
        if (is_foreign(charset_of(&c->record, f), text)) {
                if (convert(c, w, charset_of(&c->record, f), &text, field_set_has(&c->record.cut, f))) {
                        record_set_text(&c->record, f, text);
                } else {
                        field_set_add(&c->record.undecoded, f);
                }
        }
}

void convert_shrink(struct convert *c)
{
        if (c->size > ROOM_SMALL) {
                prof_free(c->room);
                c->room = NULL;
                c->size = 0;
        }
        if (c->values_size > VALUES_SMALL) {
                prof_free(c->values);
                c->values = NULL;
                c->values_size = 0;
        }
}

/** Make room. @return false when memory is out. */
static bool prepare(struct convert *c, struct need need)
{
        size_t bytes = need.bytes * GROWTH;
        if (bytes > c->size) {
                prof_free(c->room);
                c->size = bytes > ROOM_SMALL ? bytes : ROOM_SMALL;
                c->room = prof_alloc(STAGE_JOURNAL, c->size);
                c->size = c->room != NULL ? c->size : 0;
        }
        if (need.values > c->values_size) {
                prof_free(c->values);
                c->values_size = need.values > VALUES_SMALL ? need.values : VALUES_SMALL;
                c->values = prof_alloc(STAGE_JOURNAL, c->values_size * sizeof *c->values);
                c->values_size = c->values != NULL ? c->values_size : 0;
        }
        c->values_used = 0;
        return c->room != NULL && (need.values == 0 || c->values != NULL);
}

/** Without memory: the texts are shown as they are, and the bytes of the foreign ones too. */
static void mark_all(struct record *r)
{
        struct field_set walk = fields_of(r);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                if (!record_is_list(f) && record_charset(f) != RECORD_UTF8 &&
                    is_foreign(charset_of(r, f), record_text(r, f))) {
                        field_set_add(&r->undecoded, f);
                }
        }
}

/** Apart from convert_record, which most records leave at once: it needs many registers. */
static __attribute__((noinline)) struct record *look_and_convert(struct convert *c, struct record *r)
{
        struct need need = look(r);
        if (need.bytes == 0) {
                if (!may_be_foreign(r)) {
                        memcpy(c->plain, r->charsets, sizeof c->plain);
                }
                return r;
        }
        record_assign(&c->record, r);
        if (!prepare(c, need)) {
                mark_all(&c->record);
                return &c->record;
        }
        struct writer w = writer_over(c->room, c->size);
        struct field_set walk = fields_of(r);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                if (!record_is_list(f)) {
                        if (record_charset(f) != RECORD_UTF8) {
                                convert_text(c, &w, f);
                        }
                        continue;
                }
                struct need own = {0, 0};
                add_list(&own, &c->record, f);
                if (own.values > 0) {
                        convert_list(c, &w, f);
                }
        }
        memset(c->record.charsets, 0, sizeof c->record.charsets);
        return &c->record;
}

struct record *convert_record(struct convert *c, struct record *r)
{
        bool plain = !record_has(r, FIELD_FIRST_ROWS) && memcmp(r->charsets, c->plain, sizeof c->plain) == 0;
        return plain ? r : look_and_convert(c, r);
}
