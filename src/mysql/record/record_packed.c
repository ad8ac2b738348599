#include "mysql/record/record_packed.h"

/* What stands in place of a struct span or a struct value_list. */
struct place {
        uint64_t offset; /* from the beginning of the packed record */
        uint64_t n;      /* bytes, or elements */
};

_Static_assert(sizeof(struct place) == sizeof(struct span) &&
                   offsetof(struct place, n) == offsetof(struct span, len),
               "a place takes the room of a span");
_Static_assert(sizeof(struct place) == sizeof(struct value_list) &&
                   offsetof(struct place, n) == offsetof(struct value_list, n),
               "a place takes the room of a list");
_Static_assert(sizeof(struct record_packed) % 8 == 0 && RECORD_OPTIONAL % 8 == 0 && RECORD_CARRIED % 8 == 0 &&
                   sizeof(struct record) % 8 == 0 && sizeof(struct value) % 8 == 0,
               "parts and elements are aligned");

enum { PLAIN_SIZE = sizeof(struct record_packed) + RECORD_OPTIONAL }; /* without texts */

static bool carries_session(const struct record *r)
{
        return r->session_source == RECORD_SESSION_CARRIED;
}

/** Bytes before the elements of lists and the texts. */
static size_t parts_size(const struct record *r)
{
        return sizeof(struct record_packed) + (carries_session(r)       ? sizeof *r
                                               : record_has_optional(r) ? RECORD_CARRIED
                                                                        : RECORD_OPTIONAL);
}

/** Where the member at @p offset of struct record is in the packed one. */
static size_t packed_offset(size_t offset)
{
        return sizeof(struct record_packed) + offset;
}

/* The texts of the own part. Those that are absent are empty. They follow one another, so that no place needs to be stored. */
#define OWN_TEXTS(DO) DO(query) DO(stmt_prepare_query) DO(info) DO(digest) DO(digest_text) DO(traceparent)

/** The texts of the other parts: also those of a carried session that this record does not show. */
static struct field_set other_texts(const struct record *r)
{
        struct field_set texts = field_set_both(&r->present, &fields_optional);
        texts.words[0] |= carries_session(r) ? r->carried.fields.words[0] : 0;
        return field_set_both(&texts, &fields_spans);
}

/** It has only an own part, without lists: most records do. */
static inline bool is_plain(const struct record *r)
{
        uint64_t others = (r->present.words[0] & (fields_optional.words[0] | fields_lists.words[0])) |
                          (r->present.words[1] & (fields_optional.words[1] | fields_lists.words[1]));
        return others == 0 && !carries_session(r);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/** Bytes of the elements of all lists. */
static size_t elements_size(const struct record *r)
{
        size_t size = 0;
        struct field_set lists = field_set_both(&r->present, &fields_lists);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                size += record_list(r, f).n * sizeof(struct value);
        }
        return size;
}

static size_t lists_size(const struct record *r)
{
        size_t size = 0;
        struct field_set lists = field_set_both(&r->present, &fields_lists);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                struct value_list list = record_list(r, f);
                size += list.n * sizeof *list.at;
                for (size_t i = 0; i < list.n; i++) {
                        size += list.at[i].name.len + list.at[i].bytes.len;
                }
        }
        return size;
}

/** Copy @p s to @p to, and its place over the span at @p member. @return the place behind the copy. */
static uint8_t *store(uint8_t *out, uint8_t *to, struct span s, uint8_t *member)
{
        struct place place = {(uint64_t)(to - out), s.len};
        memcpy(member, &place, sizeof place);
        return span_copy(to, s);
}

/** Copy the elements to @p elements, and what they point at to @p to. @return the place behind the latter. */
static uint8_t *pack_lists(const struct record *r, uint8_t *out, uint8_t *elements, uint8_t *to)
{
        struct field_set lists = field_set_both(&r->present, &fields_lists);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                struct value_list list = record_list(r, f);
                struct place place = {(uint64_t)(elements - out), list.n};
                memcpy(out + packed_offset(record_offset(f)), &place, sizeof place);
                uint8_t *next = span_copy(elements, span_of(list.at, list.n * sizeof *list.at));
                for (size_t i = 0; i < list.n; i++, elements += sizeof *list.at) {
                        const struct value *v = &list.at[i];
                        if (v->name.len > 0) {
                                to = store(out, to, v->name, elements + offsetof(struct value, name));
                        }
                        if (v->bytes.len > 0) {
                                to = store(out, to, v->bytes, elements + offsetof(struct value, bytes));
                        }
                }
                elements = next;
        }
        return to;
}

/** Put @p s, which holds a place in @p packed unless it is empty, right. */
static inline void point(const struct record_packed *packed, struct span *s)
{
        struct place place;
        memcpy(&place, s, sizeof place);
        s->data = place.n > 0 ? (const uint8_t *)packed + place.offset : NULL;
}

static void unpack_lists(struct record_packed *packed, struct record *r)
{
        struct field_set lists = field_set_both(&r->present, &fields_lists);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                struct place place;
                void *member = (char *)r + record_offset(f);
                memcpy(&place, member, sizeof place);
                struct value *values = (struct value *)(void *)((uint8_t *)packed + place.offset);
                for (size_t i = 0; i < place.n; i++) {
                        point(packed, &values[i].name);
                        point(packed, &values[i].bytes);
                }
                *(struct value_list *)member = (struct value_list){values, place.n};
        }
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/** What a record that is not plain needs besides. Not in line, as the next ones: most records need none of it. */
static __attribute__((noinline)) size_t others_size(const struct record *r)
{
        size_t size = parts_size(r) - PLAIN_SIZE + lists_size(r);
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                size += record_text(r, f).len;
        }
        return size;
}

size_t record_pack_size(const struct record *r)
{
#define ADD_LENGTH(member) size += r->member.len;
        size_t size = PLAIN_SIZE;
        OWN_TEXTS(ADD_LENGTH)
#undef ADD_LENGTH
        return is_plain(r) ? size : size + others_size(r);
}

static void pack_other_parts(const struct record *r, uint8_t *out)
{
        uint8_t *optional = out + packed_offset(RECORD_OPTIONAL);
        size_t size = span_unknown(RECORD_CARRIED - RECORD_OPTIONAL);
        if (record_has_optional(r)) {
                memcpy(optional, (const uint8_t *)r + RECORD_OPTIONAL, size);
        } else if (carries_session(r)) {
                memset(optional, 0, size);
        }
        if (carries_session(r)) {
                memcpy(out + packed_offset(RECORD_CARRIED), &r->carried, sizeof r->carried);
        }
}

static uint8_t *pack_own_texts(const struct record *r, uint8_t *to)
{
#define COPY(member)                                                                                         \
        if (r->member.len > 0) {                                                                             \
                to = span_copy(to, r->member);                                                               \
        }
        OWN_TEXTS(COPY)
#undef COPY
        return to;
}

/** All but the own part, of a record that is not plain. @return the place behind it. */
static __attribute__((noinline)) uint8_t *pack_others(const struct record *r, uint8_t *out)
{
        uint8_t *elements = out + parts_size(r); /* before the texts: elements are aligned */
        pack_other_parts(r, out);
        uint8_t *to = pack_own_texts(r, elements + elements_size(r));
        to = pack_lists(r, out, elements, to);
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                to = store(out, to, record_text(r, f), out + packed_offset(record_offset(f)));
        }
        return to;
}

void record_pack(const struct record *r, uint8_t *out)
{
        struct record_packed *packed = (struct record_packed *)(void *)out;
        memcpy(packed->parts, r, span_unknown(RECORD_OPTIONAL));
        const uint8_t *end = is_plain(r) ? pack_own_texts(r, out + PLAIN_SIZE) : pack_others(r, out);
        packed->size = (uint64_t)(end - out);
}

/** Decode all but the own texts of a record that is not plain. @return where those begin. */
static __attribute__((noinline)) const uint8_t *unpack_others(struct record_packed *packed, struct record *r)
{
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                point(packed, (struct span *)(void *)((char *)r + record_offset(f)));
        }
        unpack_lists(packed, r);
        return (const uint8_t *)packed + parts_size(r) + elements_size(r);
}

struct record *record_unpack(struct record_packed *packed)
{
        struct record *r = (struct record *)(void *)packed->parts;
        const uint8_t *at = (const uint8_t *)packed + PLAIN_SIZE;
        if (!is_plain(r)) {
                at = unpack_others(packed, r);
        }
#define POINT(member)                                                                                        \
        r->member.data = at;                                                                                 \
        at += r->member.len;
        OWN_TEXTS(POINT)
#undef POINT
        r->prefix = NULL;
        r->digest_json = NULL;
        r->is_in_place = true;
        if (!carries_session(r)) {
                r->session_source = RECORD_SESSION_NONE;
        }
        return r;
}
