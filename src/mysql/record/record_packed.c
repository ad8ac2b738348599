#include "mysql/record/record_packed.h"

_Static_assert(sizeof(struct record_packed) % 8 == 0 && RECORD_OPTIONAL % 8 == 0 && RECORD_CARRIED % 8 == 0 &&
                   sizeof(struct record) % 8 == 0 && sizeof(struct value) % 8 == 0,
               "parts and elements are aligned");

enum { PLAIN_SIZE = sizeof(struct record_packed) + RECORD_OPTIONAL }; /* without lists and texts */

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

/* The lists and texts of the own part. Those that are absent are empty; the rare texts are absent in most records. */
#define OWN_LISTS(DO)    DO(stmt_execute_values) DO(tags)
#define COMMON_TEXTS(DO) DO(query) DO(stmt_prepare_query) DO(digest) DO(digest_text)
#define RARE_TEXTS(DO)   DO(info) DO(traceparent) DO(scope) DO(row_hashes)
#define OWN_TEXTS(DO)    COMMON_TEXTS(DO) RARE_TEXTS(DO)

static inline bool has_own_lists(const struct record *r)
{
        return (r->stmt_execute_values.n | r->tags.n) != 0;
}

/** It has only an own part. */
static inline bool is_plain(const struct record *r)
{
        return !record_has_optional(r) && !carries_session(r);
}

/** It has only texts besides, as most records. */
static inline bool has_only_texts(const struct record *r)
{
        return is_plain(r) && !has_own_lists(r);
}

/** The lists of the optional part. */
static struct field_set other_lists(const struct record *r)
{
        struct field_set lists = field_set_both(&r->present, &fields_optional);
        return field_set_both(&lists, &fields_lists);
}

/** The texts of the other parts: also those of a carried session that this record does not show. */
static struct field_set other_texts(const struct record *r)
{
        struct field_set texts = field_set_both(&r->present, &fields_optional);
        texts.words[0] |= carries_session(r) ? r->carried.fields.words[0] : 0;
        return field_set_both(&texts, &fields_spans);
}

/** The list or the text of @p f, which is no field of a session that is elsewhere. */
static struct value_list *list_at(struct record *r, enum record_field f)
{
        return (struct value_list *)(void *)((char *)r + record_offset(f));
}

static struct span *text_at(struct record *r, enum record_field f)
{
        return (struct span *)(void *)((char *)r + record_offset(f));
}

/* --- sizes --------------------------------------------------------------------------------------------------------- */

static size_t list_size(struct value_list list)
{
        size_t size = list.n * sizeof *list.at;
        for (size_t i = 0; i < list.n; i++) {
                size += list.at[i].name.len + list.at[i].bytes.len;
        }
        return size;
}

/** What the lists of the own part need. Not in line, as the functions like it: most records have none. */
static __attribute__((noinline)) size_t own_lists_size(const struct record *r)
{
        size_t size = 0;
#define ADD_LIST(member) size += list_size(r->member);
        OWN_LISTS(ADD_LIST)
#undef ADD_LIST
        return size;
}

/** What the other parts need. */
static __attribute__((noinline)) size_t others_size(const struct record *r)
{
        size_t size = parts_size(r) - PLAIN_SIZE;
        struct field_set lists = other_lists(r);
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                size += list_size(record_list(r, f));
        }
        FIELD_SET_EACH(texts, f)
        {
                size += record_text(r, f).len;
        }
        return size;
}

size_t record_pack_size(const struct record *r)
{
        size_t size = PLAIN_SIZE;
#define ADD_LENGTH(member) size += r->member.len;
        OWN_TEXTS(ADD_LENGTH)
#undef ADD_LENGTH
        size += has_own_lists(r) ? own_lists_size(r) : 0;
        return is_plain(r) ? size : size + others_size(r);
}

/* --- packing ------------------------------------------------------------------------------------------------------- */

/* All of these copy something to @p to, and return the place behind the copy. */

static uint8_t *put_elements(uint8_t *to, struct value_list list)
{
        return span_copy(to, span_of(list.at, list.n * sizeof *list.at));
}

static uint8_t *put_list_texts(uint8_t *to, struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (list.at[i].name.len > 0) { /* values of statements have none */
                        to = span_copy(to, list.at[i].name);
                }
                to = span_copy(to, list.at[i].bytes);
        }
        return to;
}

static inline __attribute__((always_inline)) uint8_t *put_own_texts(uint8_t *to, const struct record *r)
{
#define COPY(member)                                                                                         \
        if (r->member.len > 0) {                                                                             \
                to = span_copy(to, r->member);                                                               \
        }
#define OR_LENGTH(member) | r->member.len
        COMMON_TEXTS(COPY)
        if ((0 RARE_TEXTS(OR_LENGTH)) != 0) {
                RARE_TEXTS(COPY)
        }
#undef OR_LENGTH
#undef COPY
        return to;
}

static uint8_t *put_own_elements(uint8_t *to, const struct record *r)
{
#define COPY(member)                                                                                         \
        if (r->member.n > 0) {                                                                               \
                to = put_elements(to, r->member);                                                            \
        }
        OWN_LISTS(COPY)
#undef COPY
        return to;
}

static uint8_t *put_own_list_texts(uint8_t *to, const struct record *r)
{
#define COPY(member) to = put_list_texts(to, r->member);
        OWN_LISTS(COPY)
#undef COPY
        return to;
}

/** The other parts, and the elements of the lists in them. */
static __attribute__((noinline)) uint8_t *put_other_parts(uint8_t *to, const struct record *r)
{
        size_t size = span_unknown(RECORD_CARRIED - RECORD_OPTIONAL);
        if (record_has_optional(r)) {
                memcpy(to, (const uint8_t *)r + RECORD_OPTIONAL, size);
        } else {
                memset(to, 0, size);
        }
        to += size;
        if (carries_session(r)) {
                memcpy(to, &r->carried, sizeof r->carried);
                to += sizeof r->carried;
        }
        struct field_set lists = other_lists(r);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                to = put_elements(to, record_list(r, f));
        }
        return to;
}

/** What the other parts point at. */
static __attribute__((noinline)) uint8_t *put_other_texts(uint8_t *to, const struct record *r)
{
        struct field_set lists = other_lists(r);
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                to = put_list_texts(to, record_list(r, f));
        }
        FIELD_SET_EACH(texts, f)
        {
                to = span_copy(to, record_text(r, f));
        }
        return to;
}

/** All that follows the own part. */
static __attribute__((noinline)) uint8_t *put_others(uint8_t *to, const struct record *r)
{
        bool has_others = !is_plain(r);
        to = has_others ? put_other_parts(to, r) : to;
        to = put_own_elements(to, r);
        to = put_own_texts(to, r);
        to = put_own_list_texts(to, r);
        return has_others ? put_other_texts(to, r) : to;
}

void record_pack(const struct record *r, uint8_t *out)
{
        struct record_packed *packed = (struct record_packed *)(void *)out;
        span_copy_fixed(packed->parts, r, RECORD_OPTIONAL);
        uint8_t *to = out + PLAIN_SIZE;
        to = has_only_texts(r) ? put_own_texts(to, r) : put_others(to, r);
        packed->size = (uint64_t)(to - out);
}

/* --- unpacking: the same in the same order -------------------------------------------------------------------------- */

static uint8_t *point_at_elements(uint8_t *at, struct value_list *list)
{
        list->at = (struct value *)(void *)at;
        return at + list->n * sizeof *list->at;
}

static uint8_t *point_list_at_texts(uint8_t *at, const struct value_list *list)
{
        /* point_at_elements found them before this, in the same bytes, which may be changed */
        struct value *values = (struct value *)(void *)(at - (at - (const uint8_t *)list->at));
        for (size_t i = 0; i < list->n; i++) {
                values[i].name.data = at;
                at += values[i].name.len;
                values[i].bytes.data = at;
                at += values[i].bytes.len;
        }
        return at;
}

static uint8_t *point_at_other_elements(uint8_t *at, struct record *r)
{
        struct field_set lists = other_lists(r);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                at = point_at_elements(at, list_at(r, f));
        }
        return at;
}

static uint8_t *point_at_other_texts(uint8_t *at, struct record *r)
{
        struct field_set lists = other_lists(r);
        struct field_set texts = other_texts(r);
        enum record_field f;
        FIELD_SET_EACH(lists, f)
        {
                at = point_list_at_texts(at, list_at(r, f));
        }
        FIELD_SET_EACH(texts, f)
        {
                text_at(r, f)->data = at;
                at += text_at(r, f)->len;
        }
        return at;
}

static inline uint8_t *point_at_own_texts(uint8_t *at, struct record *r)
{
#define POINT(member)                                                                                        \
        r->member.data = at;                                                                                 \
        at += r->member.len;
        OWN_TEXTS(POINT)
#undef POINT
        return at;
}

/** All that follows the own part. */
static __attribute__((noinline)) void point_at_others(uint8_t *at, struct record *r)
{
        bool has_others = !is_plain(r);
        at = has_others ? point_at_other_elements(at + (parts_size(r) - PLAIN_SIZE), r) : at;
#define POINT(member) at = point_at_elements(at, &r->member);
        OWN_LISTS(POINT)
#undef POINT
        at = point_at_own_texts(at, r);
#define POINT(member) at = point_list_at_texts(at, &r->member);
        OWN_LISTS(POINT)
#undef POINT
        if (has_others) {
                (void)point_at_other_texts(at, r);
        }
}

struct record *record_unpack(struct record_packed *packed)
{
        struct record *r = (struct record *)(void *)packed->parts;
        uint8_t *at = (uint8_t *)packed + PLAIN_SIZE;
        if (has_only_texts(r)) {
                (void)point_at_own_texts(at, r);
        } else {
                point_at_others(at, r);
        }
        r->prefix = NULL;
        r->digest_json = NULL;
        r->is_in_place = true;
        if (!carries_session(r)) {
                r->session_source = RECORD_SESSION_NONE;
        }
        return r;
}
