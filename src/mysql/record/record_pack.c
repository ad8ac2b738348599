/* One flat copy of a record with all it points at. */
#include "mysql/record/record_kinds.h"

/* --- one flat copy -------------------------------------------------------------------------------------------------
 *
 *      [struct record, maybe without the rest][elements of the lists …][names and bytes of the elements …][texts …]
 *
 * The copy points at its own parts, each in the order of the present bits; lasting texts are not copied. */

static struct field_set without(const struct field_set *a, const struct field_set *b)
{
        return (struct field_set){{a->words[0] & ~b->words[0], a->words[1] & ~b->words[1]}};
}

/** The texts that a copy takes along. */
static struct field_set own_spans(const struct record *r)
{
        struct field_set present = field_set_both(&r->present, &record_spans);
        return without(&present, &r->lasting);
}

static size_t lists_size(const struct record *r)
{
        size_t size = 0;
        struct field_set walk = field_set_both(&r->present, &record_lists);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                struct value_list list = record_list(r, f);
                size += list.n * sizeof *list.at;
                for (size_t i = 0; i < list.n; i++) {
                        size += list.at[i].name.len + list.at[i].bytes.len;
                }
        }
        return size;
}

/** No lists, nothing of the rest, no other texts than put_usual copies. So are most, and need no walk over their fields. */
static bool is_usual(const struct record *r)
{
        return !record_has_any(r, &record_unusual) && field_set_is(&r->lasting, &record_usual_lasting);
}

size_t record_pack_size(const struct record *r)
{
        if (is_usual(r)) { /* those that are absent are empty */
                return RECORD_REST + r->client_addr.len + r->proxy_client_addr.len + r->username.len +
                       r->database.len + r->query.len;
        }
        size_t size = record_body(r) + (record_has_any(r, &record_lists) ? lists_size(r) : 0);
        struct field_set own = own_spans(r);
        enum record_field f;
        FIELD_SET_EACH(own, f)
        {
                size += ((const struct span *)record_member_of(r, f))->len;
        }
        return size;
}

/** Copy what @p s points at, and point it at the copy. @return the place behind it. */
static uint8_t *put(uint8_t *to, struct span *s)
{
        uint8_t *behind = span_copy(to, *s);
        s->data = to;
        return behind;
}

/** @return the place behind them. */
static uint8_t *put_lists(struct record *copy, uint8_t *to)
{
        struct field_set walk = field_set_both(&copy->present, &record_lists);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                struct value_list *list = record_member(copy, f);
                struct span elements = span_of(list->at, list->n * sizeof *list->at);
                uint8_t *behind = put(to, &elements);
                list->at = (const struct value *)(const void *)to;
                to = behind;
        }
        walk = field_set_both(&copy->present, &record_lists);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT;) {
                const struct value_list *list = record_member(copy, f);
                uint8_t *own = (uint8_t *)copy; /* the elements are in the copy, which is ours to write */
                struct value *values = (struct value *)(void *)(own + ((const uint8_t *)list->at - own));
                for (size_t i = 0; i < list->n; i++) {
                        to = put(put(to, &values[i].name), &values[i].bytes);
                }
        }
        return to;
}

static uint8_t *put_usual(struct record *copy, uint8_t *to)
{
        to = put(to, &copy->client_addr);
        to = put(to, &copy->proxy_client_addr);
        to = put(to, &copy->username);
        to = put(to, &copy->database);
        return put(to, &copy->query);
}

static uint8_t *put_any(struct record *copy, uint8_t *to)
{
        if (record_has_any(copy, &record_lists)) {
                to = put_lists(copy, to);
        }
        struct field_set own = own_spans(copy);
        enum record_field f;
        FIELD_SET_EACH(own, f)
        {
                to = put(to, record_member(copy, f));
        }
        return to;
}

struct record *record_pack(const struct record *r, uint8_t *out)
{
        struct record *copy = (struct record *)(void *)out;
        size_t body = record_body(r);
        memcpy(copy, r, span_unknown(body));
        uint8_t *to = is_usual(r) ? put_usual(copy, out + body) : put_any(copy, out + body);
        copy->packed = (size_t)(to - out);
        copy->ends_early = body < sizeof *r;
        copy->outside = (struct field_set){{0, 0}};
        return copy;
}

/* --- a copy of a copy --------------------------------------------------------------------------------------------- */

/** A list that came later: such a copy is made anew. */
static bool is_flat(const struct record *r)
{
        return r->packed > 0 && ((r->outside.words[0] & record_lists.words[0]) |
                                 (r->outside.words[1] & record_lists.words[1])) == 0;
}

static struct field_set outside_spans(const struct record *r)
{
        struct field_set own = own_spans(r);
        return field_set_both(&own, &r->outside);
}

/** The journal added what it adds to most commands, and nothing else. */
static bool has_usual_outside(const struct record *r)
{
        return r->packed > 0 && field_set_is(&r->outside, &record_digests);
}

size_t record_copy_size(const struct record *r)
{
        if (has_usual_outside(r)) {
                return r->packed + r->digest.len + r->digest_text.len;
        }
        if (!is_flat(r)) {
                return record_pack_size(r);
        }
        size_t size = r->packed;
        struct field_set outside = outside_spans(r);
        enum record_field f;
        FIELD_SET_EACH(outside, f)
        {
                size += ((const struct span *)record_member_of(r, f))->len;
        }
        return size;
}

/** As put, but pointing at where it would be at @p was, where all else seems to be. */
static uint8_t *put_behind(struct record *copy, uint8_t *to, struct span *s, const uint8_t *was)
{
        uint8_t *behind = put(to, s);
        s->data = was + (to - (const uint8_t *)copy);
        return behind;
}

const uint8_t *record_copy(const struct record *r, uint8_t *out)
{
        const uint8_t *was = (const uint8_t *)r;
        struct record *copy = (struct record *)(void *)out;
        if (!is_flat(r)) {
                return (const uint8_t *)record_pack(r, out);
        }
        uint8_t *to = out + r->packed;
        memcpy(copy, r, span_unknown(r->packed));
        if (has_usual_outside(r)) {
                to = put_behind(copy, to, &copy->digest, was);
                to = put_behind(copy, to, &copy->digest_text, was);
        } else {
                struct field_set outside = outside_spans(r);
                enum record_field f;
                FIELD_SET_EACH(outside, f)
                {
                        to = put_behind(copy, to, record_member(copy, f), was);
                }
        }
        copy->packed = (size_t)(to - out);
        copy->outside = (struct field_set){{0, 0}};
        return was;
}

/* --- a copy that was moved ---------------------------------------------------------------------------------------- */

struct move {
        uint8_t *bytes;
        size_t len;
        const uint8_t *was;
        bool failed;
};

/** @return where @p n bytes that were at @p old are now. */
static uint8_t *now_at(struct move *m, const void *old, uint64_t n)
{
        uintptr_t offset = (uintptr_t)old - (uintptr_t)m->was;
        if (offset > m->len || n > m->len - offset) {
                m->failed = true;
                return m->bytes;
        }
        return m->bytes + offset;
}

static void move_span(struct move *m, struct span *s)
{
        s->data = now_at(m, s->data, s->len);
        s->len = m->failed ? 0 : s->len;
}

static void move_list(struct move *m, struct value_list *list)
{
        uint64_t size;
        if (__builtin_mul_overflow((uint64_t)list->n, sizeof *list->at, &size)) {
                m->failed = true;
                return;
        }
        struct value *values = (struct value *)(void *)now_at(m, list->at, size);
        list->at = values;
        for (size_t i = 0; i < list->n && !m->failed; i++) {
                move_span(m, &values[i].name);
                move_span(m, &values[i].bytes);
        }
}

struct record *record_moved(uint8_t *bytes, size_t len, const uint8_t *was)
{
        struct record *r = (struct record *)(void *)bytes;
        struct move m = {bytes, len, was, false};
        if (len < RECORD_REST || r->event >= EVENT_COUNT) {
                return NULL;
        }
        r->present = field_set_both(&r->present, &record_all);
        if (len < record_body(r)) {
                return NULL;
        }
        struct field_set walk = field_set_both(&r->present, &record_lists);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT && !m.failed;) {
                move_list(&m, record_member(r, f));
        }
        walk = own_spans(r);
        for (enum record_field f; (f = field_set_take(&walk)) != FIELD_COUNT && !m.failed;) {
                move_span(&m, record_member(r, f));
        }
        return m.failed ? NULL : r;
}
