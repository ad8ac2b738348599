#include "journal/format/jsonl_item.h"

#include "base/json.h"
#include "journal/format/jsonl.h"
#include "mysql/record/fields.h"

enum { HEAD_ROOM = 64 }; /* of an event, for all but the run, which is there twice */

/** What was left out of a record. */
struct omission {
        uint64_t statement; /* bytes of the whole statement, if it was cut; else 0 */
        struct field_set lists;
        bool any_list;
};

static size_t list_size(struct value_list list, size_t most)
{
        size_t size = 0;
        for (size_t i = 0; i < list.n && size <= most; i++) {
                size += 1 + list.at[i].name.len + list.at[i].bytes.len;
        }
        return size;
}

/** Is all of it small? Most records are. */
static bool is_small(const struct record *r, size_t most)
{
        size_t lists = 0;
        struct field_set walk = fields_begin(r);
        for (enum record_field f = fields_next(&walk); f != FIELD_COUNT; f = fields_next(&walk)) {
                if (record_is_list(f)) {
                        lists += list_size(record_list(r, f), JSONL_ITEM_LISTS);
                } else if (record_is_span(f) && record_text(r, f).len > most) {
                        return false;
                }
        }
        return lists <= JSONL_ITEM_LISTS;
}

static void cut_text(struct record *r, enum record_field f, size_t most, struct omission *o)
{
        struct span text = record_text(r, f);
        if (text.len <= most) {
                return;
        }
        if (f == FIELD_QUERY) {
                o->statement = record_has(r, FIELD_QUERY_LENGTH) ? r->query_length : text.len;
        } else if (f == FIELD_STMT_PREPARE_QUERY && o->statement == 0) {
                o->statement =
                    record_has(r, FIELD_STMT_PREPARE_QUERY_LENGTH) ? r->stmt_prepare_query_length : text.len;
        } else if (f == FIELD_DIGEST_TEXT) {
                r->digest_json = NULL; /* which has all of it */
        }
        record_set_text(r, f, span_head(text, most));
        field_set_add(&r->cut, f);
}

/** Cut @p r, a copy, to texts of @p most bytes. The texts of its session stay: they are short, and many records share them. */
static struct omission cut(struct record *r, size_t most)
{
        struct omission o = {0};
        size_t lists = 0;
        struct field_set walk = fields_begin(r);
        for (enum record_field f = fields_next(&walk); f != FIELD_COUNT; f = fields_next(&walk)) {
                if (!record_is_list(f)) {
                        if (record_is_span(f) && record_fields[f].offset < RECORD_CARRIED) {
                                cut_text(r, f, most, &o);
                        }
                        continue;
                }
                size_t size = list_size(record_list(r, f), JSONL_ITEM_LISTS);
                if (lists + size <= JSONL_ITEM_LISTS) {
                        lists += size;
                        continue;
                }
                record_remove(r, f);
                field_set_add(&o.lists, f);
                o.any_list = true;
        }
        return o;
}

static void put_omission(struct writer *w, const struct omission *o)
{
        if (o->statement > 0) {
                writer_text(w, ",\"truncated\":");
                writer_decimal(w, o->statement);
        }
        if (!o->any_list) {
                return;
        }
        const char *before = ",\"omitted\":[";
        struct field_set walk = o->lists;
        for (enum record_field f = fields_next(&walk); f != FIELD_COUNT; f = fields_next(&walk)) {
                writer_text(w, before);
                (void)json_string(w, span_str(record_fields[f].name));
                before = ",";
        }
        writer_char(w, ']');
}

static void put_id(struct writer *w, const struct jsonl_item *item)
{
        writer_text(w, item->run);
        writer_char(w, ':');
        writer_decimal(w, item->number);
}

void jsonl_item(struct writer *w, const struct record *r, const struct jsonl_item *item)
{
        struct record small;
        struct omission o = {0};
        if (item->most > 0 && !is_small(r, item->most)) {
                record_assign(&small, r);
                o = cut(&small, item->most);
                r = &small;
        }
        writer_text(w, "{\"id\":\"");
        put_id(w, item);
        writer_char(w, '"');
        size_t at = w->at;
        jsonl_record(w, r);
        if (w->failed) {
                return;
        }
        w->data[at] = ','; /* instead of the opening brace */
        w->at -= 2;        /* the closing brace and the newline are written again behind the rest */
        put_omission(w, &o);
        writer_bytes(w, "}\n", 2);
}

static inline uint8_t *copy(uint8_t *to, const char *text, size_t len)
{
        memcpy(to, text, len);
        return to + len;
}

/** Write the ID, and the beginning of the data up to the end of the ID in it, where HEAD_ROOM bytes are free. This is done for each record:
 *  the number is converted once. @return the end. */
static inline uint8_t *put_head(uint8_t *to, const struct jsonl_item *item, size_t run_len, uint8_t **data)
{
        static const char id[] = "id: ";
        static const char between[] = "\ndata: ";
        static const char member[] = "{\"id\":\"";
        to = copy(to, id, sizeof id - 1);
        uint8_t *own = to;
        to = copy(to, item->run, run_len);
        *to++ = ':';
        to = decimal_put(to, item->number);
        size_t own_len = (size_t)(to - own);
        *data = to + sizeof between - 1;
        to = copy(to, between, sizeof between - 1);
        to = copy(to, member, sizeof member - 1);
        memcpy(to, own, own_len);
        to += own_len;
        *to++ = '"';
        return to;
}

struct span jsonl_item_event(struct writer *w, const struct record *r, const struct jsonl_item *item)
{
        struct span line = {NULL, 0};
        size_t run_len = strlen(item->run);
        if (w->failed || w->size - w->at < HEAD_ROOM + 2 * run_len) {
                w->failed = true;
                return line;
        }
        uint8_t *data;
        const uint8_t *end = put_head(w->data + w->at, item, run_len, &data);
        size_t at = (size_t)(end - w->data);
        struct writer whole = *w;
        whole.at = at;
        jsonl_record(&whole, r);
        if (!whole.failed &&
            whole.at - at <= item->most) { /* then no text can be longer, nor the lists together */
                w->at = whole.at;
                w->data[at] = ',';
                line = span_of(w->data + at + 1, w->at - at - 1);
        } else {
                w->at = (size_t)(data - w->data);
                jsonl_item(w, r, item);
        }
        writer_char(w, '\n');
        return line;
}

static void put_run(struct writer *w, const char *run)
{
        writer_text(w, "{\"run\":\"");
        writer_text(w, run);
        writer_char(w, '"');
}

static void put_number(struct writer *w, const char *key, uint64_t number)
{
        writer_text(w, key);
        writer_decimal(w, number);
}

void jsonl_item_gap(struct writer *w, const char *run, uint64_t from, uint64_t to)
{
        put_run(w, run);
        put_number(w, ",\"from\":", from);
        if (to > 0) {
                put_number(w, ",\"to\":", to);
                put_number(w, ",\"count\":", to + 1 - from);
        }
        writer_bytes(w, "}\n", 2);
}

void jsonl_item_run(struct writer *w, const char *run, uint64_t first, uint64_t last)
{
        put_run(w, run);
        put_number(w, ",\"first\":", first);
        put_number(w, ",\"last\":", last);
        writer_bytes(w, "}\n", 2);
}
