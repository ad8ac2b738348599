#include "mysql/record/record_packed.h"

#include "mysql/wire/command.h"

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
_Static_assert(sizeof(struct record_packed) % 8 == 0 && RECORD_SESSION % 8 == 0 && RECORD_OPTIONAL % 8 == 0 &&
                   sizeof(struct record) % 8 == 0 && sizeof(struct value) % 8 == 0,
               "parts and elements are aligned");

enum {
        PLAIN_SIZE = sizeof(struct record_packed) + RECORD_SESSION, /* without texts */
        SESSION_SIZE = RECORD_OPTIONAL - RECORD_SESSION,
};

static bool carries_session(const struct record *r)
{
        return r->session_source == RECORD_SESSION_CARRIED;
}

/** Bytes before the lists and texts. */
static size_t parts_size(const struct record *r)
{
        size_t size = PLAIN_SIZE;
        size += carries_session(r) ? SESSION_SIZE : 0;
        return size + (record_has_optional(r) ? sizeof *r - RECORD_OPTIONAL : 0);
}

/** Where the member at @p offset of struct record is in the packed one. */
static size_t packed_offset(const struct record *r, size_t offset)
{
        bool moved = offset >= RECORD_OPTIONAL && !carries_session(r);
        return sizeof(struct record_packed) + offset - (moved ? SESSION_SIZE : 0);
}

/* The texts of the own part, but for the command's. Those that are absent are empty. */
#define OWN_TEXTS(DO) DO(query) DO(stmt_prepare_query) DO(info) DO(digest) DO(digest_text) DO(traceparent)

/** The texts of the other parts: also those of a carried session that this record does not show. */
static struct field_set other_texts(const struct record *r)
{
        struct field_set texts = field_set_both(&r->present, &fields_optional);
        texts.words[0] |= carries_session(r) ? r->session.fields.words[0] : 0;
        return field_set_both(&texts, &fields_spans);
}

/** The name of a command is known by its code. */
static bool must_store_command(const struct record *r)
{
        return r->command.len > 0 && !record_has(r, FIELD_COMMAND_ID);
}

/** It has only an own part, as most have; maybe with lists. */
static inline bool is_plain(const struct record *r)
{
        return !record_has_optional(r) && !carries_session(r) && !must_store_command(r);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

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
static __attribute__((noinline)) uint8_t *store(uint8_t *out, uint8_t *to, struct span s, uint8_t *member)
{
        struct place place = {(uint64_t)(to - out), s.len};
        memcpy(member, &place, sizeof place);
        return span_copy(to, s);
}

static uint8_t *pack_lists(const struct record *r, uint8_t *out, uint8_t *to)
{
        struct field_set lists = field_set_both(&r->present, &fields_lists);
        uint8_t *elements = to;
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                struct value_list list = record_list(r, f);
                struct place place = {(uint64_t)(to - out), list.n};
                memcpy(out + packed_offset(r, record_offset(f)), &place, sizeof place);
                to = span_copy(to, span_of(list.at, list.n * sizeof *list.at));
        }
        FIELD_SET_EACH(lists, f)
        {
                struct value_list list = record_list(r, f);
                for (size_t i = 0; i < list.n; i++, elements += sizeof *list.at) {
                        const struct value *v = &list.at[i];
                        if (v->name.len > 0) {
                                to = store(out, to, v->name, elements + offsetof(struct value, name));
                        }
                        if (v->bytes.len > 0) {
                                to = store(out, to, v->bytes, elements + offsetof(struct value, bytes));
                        }
                }
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

/** What a record that is not plain needs besides. */
static size_t others_size(const struct record *r)
{
        size_t size = parts_size(r) - PLAIN_SIZE;
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                size += record_text(r, f).len;
        }
        return size + (must_store_command(r) ? r->command.len : 0);
}

size_t record_pack_size(const struct record *r)
{
#define ADD_LENGTH(member) size += r->member.len;
        size_t size = PLAIN_SIZE;
        OWN_TEXTS(ADD_LENGTH)
#undef ADD_LENGTH
        size += record_has_lists(r) ? lists_size(r) : 0;
        return is_plain(r) ? size : size + others_size(r);
}

static void copy_other_parts(const struct record *r, uint8_t *out)
{
        if (carries_session(r)) {
                memcpy(out + packed_offset(r, RECORD_SESSION), &r->session, sizeof r->session);
        }
        if (record_has_optional(r)) {
                memcpy(out + packed_offset(r, RECORD_OPTIONAL), (const uint8_t *)r + RECORD_OPTIONAL,
                       span_unknown(sizeof *r - RECORD_OPTIONAL));
        }
}

/** @return the place behind what was stored. */
static uint8_t *pack_other_texts(const struct record *r, uint8_t *out, uint8_t *to)
{
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                to = store(out, to, record_text(r, f), out + packed_offset(r, record_offset(f)));
        }
        if (must_store_command(r)) {
                to = store(out, to, r->command, out + packed_offset(r, offsetof(struct record, command)));
        }
        return to;
}

void record_pack(const struct record *r, uint8_t *out)
{
        struct record_packed *packed = (struct record_packed *)(void *)out;
        uint8_t *parts = (uint8_t *)packed->parts;
        memcpy(parts, r, span_unknown(RECORD_SESSION));
        bool plain = is_plain(r);
        uint8_t *to = out + PLAIN_SIZE;
        if (!plain) {
                copy_other_parts(r, out);
                to = out + parts_size(r);
        }
        if (record_has_lists(r)) { /* before the texts: elements are aligned */
                to = pack_lists(r, out, to);
        }
#define STORE(member)                                                                                        \
        if (r->member.len > 0) {                                                                             \
                to = store(out, to, r->member, parts + offsetof(struct record, member));                     \
        }
        OWN_TEXTS(STORE)
#undef STORE
        if (!plain) {
                to = pack_other_texts(r, out, to);
        }
        packed->size = (uint64_t)(to - out);
}

static void unpack_others(const struct record_packed *packed, struct record *r)
{
        const uint8_t *bytes = (const uint8_t *)packed;
        if (carries_session(r)) {
                memcpy(&r->session, bytes + packed_offset(r, RECORD_SESSION), sizeof r->session);
        }
        if (record_has_optional(r)) {
                memcpy((uint8_t *)r + RECORD_OPTIONAL, bytes + packed_offset(r, RECORD_OPTIONAL),
                       span_unknown(sizeof *r - RECORD_OPTIONAL));
        }
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                point(packed, (struct span *)(void *)((char *)r + record_offset(f)));
        }
}

void record_unpack(struct record_packed *packed, struct record *r)
{
        memcpy(r, packed->parts, span_unknown(RECORD_SESSION));
        r->prefix = NULL;
#define POINT(member) point(packed, &r->member);
        OWN_TEXTS(POINT)
#undef POINT
        if (must_store_command(r)) {
                point(packed, &r->command);
        } else if (r->command.len > 0) {
                const struct command_type *command = command_type((uint8_t)r->command_id);
                r->command = span_of(command->name, command->name_len);
        }
        if (!is_plain(r)) {
                unpack_others(packed, r);
        }
        if (record_has_lists(r)) {
                unpack_lists(packed, r);
        }
        if (!carries_session(r)) {
                r->session_source = RECORD_SESSION_NONE;
        }
}
