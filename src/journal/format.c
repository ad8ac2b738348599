#include "journal/format.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "journal/text.h"

/* --- JSON Lines -------------------------------------------------------------------------------------------------- */

static void put_key(struct writer *w, const struct record_field_info *info)
{
        if (w->size - w->at >= RECORD_KEY_SIZE && !w->failed) {
                memcpy(w->data + w->at, info->key,
                       RECORD_KEY_SIZE); /* more than is meant; the rest is written over */
                w->at += info->key_len;
                w->wanted += info->key_len;
        } else {
                writer_bytes(w, info->key, info->key_len);
        }
}

static void put_list(struct writer *w, struct value_list list)
{
        writer_char(w, '[');
        for (size_t i = 0; i < list.n; i++) {
                if (i > 0) {
                        writer_char(w, ',');
                }
                value_print(w, &list.at[i], VALUE_AS_JSON);
        }
        writer_char(w, ']');
}

/** Begin a new element where one stands before it. */
static void put_comma(struct writer *w, bool *is_first)
{
        if (!*is_first) {
                writer_char(w, ',');
        }
        *is_first = false;
}

/** Rows between marks: an array of arrays; of values without rows (names): an array. Several results: one each. */
static void put_rows(struct writer *w, struct value_list list)
{
        size_t results = 0;
        bool first_result = true;
        bool first_row = true;
        bool first_value = true;
        bool in_row = false;
        for (size_t i = 0; i < list.n; i++) {
                results += list.at[i].role == VALUE_BEGINS_RESULT ? 1 : 0;
        }
        writer_char(w, '[');
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                if (v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW) {
                        writer_text(w, in_row ? "]" : "");
                        in_row = v->role == VALUE_BEGINS_ROW;
                        first_value = true;
                }
                if (v->role == VALUE_BEGINS_RESULT) {
                        first_row = true;
                        if (results > 1) {
                                writer_text(w, first_result ? "[" : "],[");
                        }
                        first_result = false;
                } else if (v->role == VALUE_BEGINS_ROW) {
                        put_comma(w, &first_row);
                        writer_char(w, '[');
                } else {
                        put_comma(w, &first_value);
                        value_print(w, v, VALUE_AS_JSON);
                }
        }
        writer_text(w, in_row ? "]" : "");
        writer_text(w, results > 1 ? "]]" : "]");
}

/** A name that is no UTF-8 is told by its bytes. */
static void put_name(struct writer *w, struct span name)
{
        if (utf8_valid(name)) {
                (void)json_string(w, name);
                return;
        }
        writer_text(w, "\"hex:");
        for (size_t i = 0; i < name.len; i++) {
                writer_format(w, "%02x", name.data[i]);
        }
        writer_char(w, '"');
}

static void put_map(struct writer *w, struct value_list list)
{
        writer_char(w, '{');
        for (size_t i = 0; i < list.n; i++) {
                if (i > 0) {
                        writer_char(w, ',');
                }
                put_name(w, list.at[i].name);
                writer_char(w, ':');
                value_print(w, &list.at[i], VALUE_AS_JSON);
        }
        writer_char(w, '}');
}

static void put_flags(struct writer *w, enum record_field f, uint64_t flags)
{
        bool first = true;
        writer_char(w, '[');
        for (; flags != 0; flags &= flags - 1) {
                const char *name = record_flag_name(f, (unsigned)__builtin_ctzll(flags));
                if (name != NULL) {
                        writer_text(w, first ? "\"" : ",\"");
                        writer_text(w, name);
                        writer_char(w, '"');
                        first = false;
                }
        }
        writer_char(w, ']');
}

static void put_text(struct writer *w, const struct record *r, enum record_field f)
{
        struct span text = record_text(r, f);
        /* a cut statement may end within a character: that alone makes it no binary text */
        bool is_cut = field_set_has(&r->cut, f) || (f == FIELD_QUERY && record_has(r, FIELD_QUERY_LENGTH));
        bool is_valid = json_string(w, is_cut ? utf8_trim(text) : text);
        if (!is_valid || field_set_has(&r->undecoded, f)) {
                writer_text(w, ",\"");
                writer_text(w, record_fields[f].name);
                writer_text(w, "_hex\":");
                json_hex(w, text);
        }
}

static void put_field(struct writer *w, const struct record *r, enum record_field f)
{
        const struct record_field_info *info = &record_fields[f];
        put_key(w, info);
        switch (info->kind) {
        case RECORD_UINT: writer_decimal(w, record_uint(r, f)); break;
        case RECORD_TEXT: put_text(w, r, f); break;
        case RECORD_BYTES: json_hex(w, record_text(r, f)); break;
        case RECORD_LIST: put_list(w, record_list(r, f)); break;
        case RECORD_ROWS: put_rows(w, record_list(r, f)); break;
        case RECORD_MAP: put_map(w, record_list(r, f)); break;
        case RECORD_FLAGS: put_flags(w, f, record_uint(r, f)); break;
        }
}

static void put_json(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->wall_ns, when);
        writer_text(w, "{\"ts\":\"");
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 1);
        writer_text(w, "\",\"event\":\"");
        writer_text(w, record_event_name(r->event));
        writer_char(w, '"');
        struct field_set walk = r->present;
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                put_field(w, r, f);
        }
        writer_text(w, "}\n");
}

/* --- both -------------------------------------------------------------------------------------------------------- */

void format_record(struct writer *w, enum format format, const struct record *r)
{
        if (format == FORMAT_JSON) {
                put_json(w, r);
        } else {
                text_record(w, r, format == FORMAT_TEXT_COLOR);
        }
}

size_t format_size(enum format format, const struct record *r)
{
        /* The worst byte: a control byte is six in JSON, and what is no UTF-8 comes a second time in hex; a hex dump
         * takes five a byte and less than 80 a line. */
        size_t content = record_pack_size(r);
        size_t names = format == FORMAT_JSON ? FIELD_COUNT * 32 : 512;
        if (r->event == EVENT_AUTH) {
                names += 8 * 1024; /* five sets of up to 38 capabilities */
        }
        return names + 8 * content;
}
