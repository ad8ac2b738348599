#include "journal/jsonl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "journal/fields.h"
#include "journal/jsonl_session.h"

/* --- values -------------------------------------------------------------------------------------------------------- */

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
                struct span name = span_str(record_flag_name(f, (unsigned)__builtin_ctzll(flags)));
                if (name.len > 0) {
                        writer_bytes(w, first ? "\"" : ",\"", first ? 1 : 2);
                        writer_put(w, name);
                        writer_char(w, '"');
                        first = false;
                }
        }
        writer_char(w, ']');
}

void jsonl_value(struct writer *w, const struct record *r, enum record_field f)
{
        switch (record_fields[f].kind) {
        case RECORD_UINT: writer_decimal(w, record_uint(r, f)); break;
        case RECORD_TEXT: (void)json_string(w, fields_text(r, f)); break;
        case RECORD_BYTES: json_hex(w, record_text(r, f)); break;
        case RECORD_LIST: put_list(w, record_list(r, f)); break;
        case RECORD_ROWS: put_rows(w, record_list(r, f)); break;
        case RECORD_MAP: put_map(w, record_list(r, f)); break;
        case RECORD_FLAGS: put_flags(w, f, record_uint(r, f)); break;
        }
}

/* --- the line ------------------------------------------------------------------------------------------------------ */

static void put_text(struct writer *w, const struct record *r, enum record_field f)
{
        bool is_valid = json_string(w, fields_text(r, f));
        if (!is_valid || fields_undecoded(r, f)) {
                writer_text(w, ",\"");
                writer_text(w, record_fields[f].name);
                writer_text(w, "_hex\":");
                json_hex(w, record_text(r, f));
        }
}

static void put_field(struct writer *w, const struct record *r, enum record_field f)
{
        writer_bytes(w, record_fields[f].key, record_fields[f].key_len);
        if (record_fields[f].kind == RECORD_TEXT) {
                put_text(w, r, f);
        } else {
                jsonl_value(w, r, f);
        }
}

/* --- the usual fields ------------------------------------------------------------------------------------------------
 *
 * Most records have the same few sets of fields: for each there is a plan, the table's rows one behind the other. */

enum { PLANS = 8 };

struct step {
        char key[RECORD_KEY_SIZE];
        uint16_t offset;
        uint16_t key_len;
        uint8_t field;
        uint8_t kind;
};

struct plan {
        struct field_set fields;
        unsigned n;
        struct step steps[FIELD_COUNT];
};

_Static_assert(FIELD_COUNT <= UINT8_MAX, "a field is a byte");

static const struct plan *plan_for(struct field_set fields)
{
        static _Thread_local struct plan plans[PLANS];
        uint64_t hash = (fields.words[0] ^ fields.words[1] << 32) * 0x9e3779b97f4a7c15U;
        struct plan *plan = &plans[hash >> 61];
        if (plan->fields.words[0] == fields.words[0] && plan->fields.words[1] == fields.words[1]) {
                return plan;
        }
        plan->fields = fields;
        plan->n = 0;
        enum record_field f;
        FIELD_SET_EACH(fields, f)
        {
                struct step *step = &plan->steps[plan->n++];
                const struct record_field_info *info = &record_fields[f];
                memcpy(step->key, info->key, sizeof step->key);
                step->offset = info->offset;
                step->key_len = info->key_len;
                step->field = (uint8_t)f;
                step->kind = (uint8_t)info->kind;
        }
        return plan;
}

/** The flags of most statements: in_trans and autocommit. */
static const struct {
        char text[30];
        uint8_t len;
} usual_flags[4] = {
    {"[]", 2}, {"[\"in_trans\"]", 12}, {"[\"autocommit\"]", 14}, {"[\"in_trans\",\"autocommit\"]", 25}};

/** A whole text without anything to be escaped, the usual flags. @return as put_usual. */
static uint8_t *put_usual_text(uint8_t *at, const uint8_t *end, const void *member, const struct step *step)
{
        if (step->kind == RECORD_TEXT) {
                struct span text = *(const struct span *)member;
                if ((size_t)(end - at) < text.len + 2 || !json_copy_plain(at + 1, text)) {
                        return NULL;
                }
                at[0] = '"';
                at[text.len + 1] = '"';
                return at + text.len + 2;
        }
        if (step->field == FIELD_STATUS_FLAGS && *(const uint64_t *)member < 4) {
                uint64_t flags = *(const uint64_t *)member;
                memcpy(at, usual_flags[flags].text, sizeof usual_flags[flags].text);
                return at + usual_flags[flags].len;
        }
        return NULL;
}

/** A number or another usual field at @p at, with its name.
 *  @return the place behind it; NULL if it is none, or there is no room before @p end. */
static inline uint8_t *put_usual(uint8_t *at, const uint8_t *end, const struct record *r,
                                 const struct step *step)
{
        enum { LEAST_ROOM = RECORD_KEY_SIZE + 32 };
        const void *member = (const char *)r + step->offset;
        if (end - at < LEAST_ROOM) {
                return NULL;
        }
        memcpy(at, step->key, RECORD_KEY_SIZE); /* more than is meant; the rest is written over */
        at += step->key_len;
        return step->kind == RECORD_UINT ? decimal_put(at, *(const uint64_t *)member)
                                         : put_usual_text(at, end, member, step);
}

static void advance(struct writer *w, const uint8_t *at)
{
        size_t n = (size_t)(at - w->data) - w->at;
        w->at += n;
        w->wanted += n;
}

/** None of the texts is cut or could not be decoded. */
static void put_usual_fields(struct writer *w, const struct record *r, struct field_set fields)
{
        const struct plan *plan = plan_for(fields);
        uint8_t *at = w->data + w->at;
        const uint8_t *end = w->failed ? at : w->data + w->size;
        for (unsigned i = 0; i < plan->n; i++) {
                const struct step *step = &plan->steps[i];
                uint8_t *next = put_usual(at, end, r, step);
                if (next == NULL) {
                        advance(w, at);
                        put_field(w, r, (enum record_field)step->field);
                        next = w->data + w->at;
                        end = w->failed ? next : end;
                }
                at = next;
        }
        advance(w, at);
}

static void put_fields(struct writer *w, const struct record *r, struct field_set fields)
{
        enum record_field f;
        FIELD_SET_EACH(fields, f)
        {
                put_field(w, r, f);
        }
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static void put_head(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        struct span event = span_str(record_event_name(r->event));
        clock_rfc3339(r->wall_ns, when);
        writer_bytes(w, "{\"ts\":\"", 7);
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 1);
        writer_bytes(w, "\",\"event\":\"", 11);
        writer_put(w, event);
        writer_char(w, '"');
}

static void put_session(struct writer *w, const struct record *r, struct field_set fields)
{
        size_t begin = w->at;
        if (!jsonl_session_put(w, r, fields)) {
                put_usual_fields(w, r, fields);
                if (!w->failed) {
                        jsonl_session_keep(r, fields, span_of(w->data + begin, w->at - begin));
                }
        }
}

void jsonl_record(struct writer *w, const struct record *r)
{
        struct field_set odd = {
            {r->cut.words[0] | r->undecoded.words[0], r->cut.words[1] | r->undecoded.words[1]}};
        struct field_set walk = fields_begin(r);
        put_head(w, r);
        if (record_has(r, FIELD_QUERY_LENGTH) || (odd.words[0] | odd.words[1]) != 0) {
                put_fields(w, r, walk);
        } else {
                struct field_set session = jsonl_session_fields(r);
                struct field_set before = {{walk.words[0] & ((1ULL << FIELD_CLIENT_ADDR) - 1), 0}};
                put_usual_fields(w, r, before);
                put_session(w, r, session);
                walk.words[0] &= ~(before.words[0] | session.words[0]);
                put_usual_fields(w, r, walk);
        }
        writer_bytes(w, "}\n", 2);
}
