#include "journal/shapes.h"

#include "profile/prof.h"

static uint64_t word_at(struct span text, size_t at)
{
        uint64_t word;
        memcpy(&word, text.data + at, sizeof word);
        return word;
}

/* Few statements begin alike: those that do share a set. */
static struct shape_text **set_of(struct shapes *s, struct span sql, uint64_t mode)
{
        uint8_t head[24] = {0};
        if (sql.len < sizeof head) {
                (void)span_copy(head, sql);
                sql = span_of(head, sizeof head);
        }
        uint64_t key = (word_at(sql, 0) ^ mode) * 0x9e3779b97f4a7c15U + word_at(sql, 8);
        key = (key ^ key >> 29) * 0xbf58476d1ce4e5b9U + word_at(sql, 16);
        return s->texts[(key * 0x94d049bb133111ebU) >> 57];
}
_Static_assert(SHAPES_SETS == 1U << (64 - 57), "set_of takes the highest bits");

/** Bytes of digits at the front. */
static size_t digits_of(struct span text)
{
        size_t n = 0;
        while (n < text.len && (uint8_t)(text.data[n] - '0') <= 9) {
                n++;
        }
        return n;
}

static bool begins_with(struct span text, const uint8_t *piece, size_t n)
{
        return text.len >= n && span_same(text.data, piece, n);
}

static bool is_like(const struct shape_text *t, struct span sql)
{
        size_t from = 0;
        for (const struct digest_literal *number = t->literals; number < t->literals + t->n_literals;
             number++) {
                if (!number->is_plain) {
                        continue;
                }
                size_t same = number->at - from;
                if (!begins_with(sql, t->text + from, same)) {
                        return false;
                }
                sql = span_skip(sql, same);
                size_t digits = digits_of(sql);
                if (digits == 0) {
                        return false;
                }
                sql = span_skip(sql, digits);
                from = number->at + number->len;
        }
        return sql.len == t->len - from && begins_with(sql, t->text + from, sql.len);
}

const struct shape_text *shapes_find(struct shapes *s, struct span sql, uint64_t mode)
{
        struct shape_text **set = set_of(s, sql, mode);
        for (unsigned i = 0; i < SHAPES_WAYS && set[i] != NULL; i++) {
                struct shape_text *found = set[i];
                if (found->mode == mode && is_like(found, sql)) {
                        set[i] = set[0];
                        set[0] = found;
                        return found;
                }
        }
        return NULL;
}

void shapes_add(struct shapes *s, struct span sql, const struct digest *digest, struct shape_text known)
{
        struct shape_text **set = set_of(s, sql, known.mode);
        if (sql.len == 0 || sql.len > SHAPES_TEXT_MAX || digest->is_cut ||
            digest->n_literals > DIGEST_LITERALS) {
                return;
        }
        struct shape_text *text = prof_alloc(STAGE_DIGEST, sizeof *text + sql.len);
        if (text == NULL) {
                return;
        }
        *text = known;
        text->len = (uint16_t)sql.len;
        text->n_literals = (uint16_t)digest->n_literals;
        memcpy(text->literals, digest->literals, digest->n_literals * sizeof *digest->literals);
        memcpy(text->text, sql.data, sql.len);
        unsigned i = 0;
        while (i < SHAPES_WAYS - 1 && set[i] != NULL) {
                i++;
        }
        prof_free(set[i]);
        set[i] = set[0];
        set[0] = text;
}

uint64_t shape_values(const struct shape_text *text, struct span sql)
{
        uint64_t values = 0;
        ptrdiff_t moved = 0; /* by the numbers before, which may be longer or shorter */
        for (unsigned i = 0; i < text->n_literals; i++) {
                const struct digest_literal *literal = &text->literals[i];
                struct span rest = span_skip(sql, (size_t)((ptrdiff_t)literal->at + moved));
                struct span now = span_head(rest, literal->is_plain ? digits_of(rest) : literal->len);
                moved += (ptrdiff_t)now.len - (ptrdiff_t)literal->len;
                values = digest_value(values, now);
        }
        return values;
}

void shapes_fini(struct shapes *s)
{
        for (unsigned i = 0; i < SHAPES_SETS; i++) {
                for (unsigned k = 0; k < SHAPES_WAYS; k++) {
                        prof_free(s->texts[i][k]);
                        s->texts[i][k] = NULL;
                }
        }
}
