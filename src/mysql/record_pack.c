/* One flat copy of a record with all it points at. */
#include "mysql/record_kinds.h"

/* --- one flat copy -------------------------------------------------------------------------------------------------
 *
 *      [struct record][elements of the lists …][names and bytes of the elements …][texts …]
 *
 * The copy points at its own parts, each in the order of the present bits; lasting texts are not copied. */

void record_clear(struct record *r)
{
        memset(r, 0, span_unknown(sizeof *r));
}

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

size_t record_pack_size(const struct record *r)
{
        size_t size = sizeof *r + (record_has_lists(r) ? lists_size(r) : 0);
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

struct record *record_pack(const struct record *r, uint8_t *out)
{
        struct record *copy = (struct record *)(void *)out;
        uint8_t *to = out + sizeof *r;
        memcpy(copy, r, span_unknown(sizeof *r));
        if (record_has_lists(copy)) {
                to = put_lists(copy, to);
        }
        struct field_set own = own_spans(copy);
        enum record_field f;
        FIELD_SET_EACH(own, f)
        {
                to = put(to, record_member(copy, f));
        }
        copy->packed = (size_t)(to - out);
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

size_t record_copy_size(const struct record *r)
{
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

const uint8_t *record_copy(const struct record *r, uint8_t *out)
{
        const uint8_t *was = (const uint8_t *)r;
        struct record *copy = (struct record *)(void *)out;
        if (!is_flat(r)) {
                return (const uint8_t *)record_pack(r, out);
        }
        memcpy(copy, r, span_unknown(r->packed));
        uint8_t *to = out + r->packed;
        struct field_set outside = outside_spans(r);
        enum record_field f;
        FIELD_SET_EACH(outside, f)
        {
                struct span *s = record_member(copy, f);
                to = put(to, s);
                s->data = was + (s->data - out); /* as if it stood there, too */
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
        if (len < sizeof *r || r->event >= EVENT_COUNT) {
                return NULL;
        }
        r->present = field_set_both(&r->present, &record_all);
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
