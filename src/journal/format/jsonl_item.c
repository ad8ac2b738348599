#include "journal/format/jsonl_item.h"

#include "base/json.h"
#include "mysql/record/fields.h"

#include <string.h>

_Static_assert(JSONL_ITEM_HEAD_SIZE >= sizeof "id: :\ndata: {\"id\":\":\"" - 1 + 2 * (16 + DECIMAL_MAX),
               "a head has space");

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
                (void)json_quote(w, span_str(record_fields[f].name));
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

void jsonl_item_head_set(struct jsonl_item_head *head, const char *run, uint64_t number)
{
        struct writer w = writer_over(head->text, sizeof head->text);
        const struct jsonl_item item = {run, number, 0};
        writer_text(&w, "id: ");
        put_id(&w, &item);
        head->id_end = (uint8_t)w.at;
        writer_text(&w, "\ndata: ");
        head->data = (uint8_t)w.at;
        writer_text(&w, "{\"id\":\"");
        put_id(&w, &item);
        writer_char(&w, '"');
        head->len = (uint8_t)w.at;
        head->run = run;
        head->number = number;
        head->limit = 10;
        while (head->limit <= number && head->limit <= UINT64_MAX / 10) {
                head->limit *= 10;
        }
}

void jsonl_item_event_cut(struct writer *w, const struct record *r, const struct jsonl_item_head *head,
                          size_t most, size_t start)
{
        const struct jsonl_item item = {head->run, head->number, most};
        w->failed = false;
        w->at = start + head->data;
        jsonl_item(w, r, &item);
        writer_char(w, '\n');
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
