#include "journal/enrich/template_cache.h"

#include "profile/heap/prof.h"
#include "profile/heap/store.h"

static uint64_t word_at(const uint8_t *text, size_t at)
{
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        return word;
}

/* Few statements begin alike: those that do share a set. */
static inline struct shape_text **set_of(struct shapes *s, struct span sql, uint64_t mode)
{
        uint8_t padded[24];
        const uint8_t *head = sql.data;
        if (sql.len < sizeof padded) {
                memset(padded, 0, sizeof padded);
                (void)span_copy(padded, sql);
                head = padded;
        }
        uint64_t key = (word_at(head, 0) ^ mode) * 0x9e3779b97f4a7c15U + word_at(head, 8);
        key = (key ^ key >> 29) * 0xbf58476d1ce4e5b9U + word_at(head, 16);
        return s->texts[(key * 0x94d049bb133111ebU) >> 57];
}
_Static_assert(SHAPES_SETS == 1U << (64 - 57), "set_of takes the highest bits");

/** Behind the digits at @p at. */
static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
        while (at < end && (uint8_t)(*at - '0') <= 9) {
                at++;
        }
        return at;
}

/** Bytes of digits at the front of @p text, which is not empty. */
static size_t digits_of(struct span text)
{
        return (size_t)(skip_digits(text.data, text.data + text.len) - text.data);
}

static bool is_like(const struct shape_text *t, struct span sql)
{
        const uint8_t *at = sql.data;
        const uint8_t *end = at + sql.len;
        const uint8_t *known = t->text;
        const struct shape_piece *piece = t->pieces;
        for (; piece->digits > 0; piece++) {
                if ((size_t)(end - at) <= piece->same || !span_same(at, known, piece->same)) {
                        return false;
                }
                const uint8_t *digits = at + piece->same;
                at = skip_digits(digits, end);
                if (at == digits) {
                        return false;
                }
                known += piece->same + piece->digits;
        }
        return (size_t)(end - at) == piece->same && span_same(at, known, piece->same);
}

const struct shape_text *shapes_find(struct shapes *s, struct span sql, uint64_t mode)
{
        if (sql.len == 0) {
                return NULL;
        }
        struct shape_text **set = set_of(s, sql, mode);
        for (unsigned i = 0; i < SHAPES_WAYS && set[i] != NULL; i++) {
                struct shape_text *found = set[i];
                if (found->mode == mode && is_like(found, sql)) {
                        if (i > 0) {
                                set[i] = set[0];
                                set[0] = found;
                        }
                        return found;
                }
        }
        return NULL;
}

/** Cut @p text, of @p len bytes, into its pieces. */
static void cut(struct shape_text *text, size_t len)
{
        size_t from = 0;
        struct shape_piece *piece = text->pieces;
        for (unsigned i = 0; i < text->n_literals; i++) {
                const struct digest_literal *number = &text->literals[i];
                if (number->is_plain) {
                        *piece++ = (struct shape_piece){(uint16_t)(number->at - from), (uint16_t)number->len};
                        from = number->at + number->len;
                }
        }
        *piece = (struct shape_piece){(uint16_t)(len - from), 0};
}

static size_t size_of(const struct shape_text *text)
{
        return sizeof *text + text->len;
}

static void drop(struct shape_text *text)
{
        if (text != NULL) {
                prof_store_add(STORE_SHAPES, -(int64_t)size_of(text));
                prof_free(text);
        }
}

void shapes_add(struct shapes *s, struct span sql, const struct digest *digest, struct shape_text known)
{
        if (sql.len == 0 || sql.len > SHAPES_TEXT_MAX || digest->is_cut ||
            digest->n_literals > DIGEST_LITERALS) {
                return;
        }
        struct shape_text **set = set_of(s, sql, known.mode);
        struct shape_text *text = prof_alloc(STAGE_DIGEST, sizeof *text + sql.len);
        if (text == NULL) {
                return;
        }
        *text = known;
        text->n_literals = (unsigned)digest->n_literals;
        memcpy(text->literals, digest->literals, digest->n_literals * sizeof *digest->literals);
        memcpy(text->text, sql.data, sql.len);
        text->len = (unsigned)sql.len;
        cut(text, sql.len);
        unsigned i = 0;
        while (i < SHAPES_WAYS - 1 && set[i] != NULL) {
                i++;
        }
        prof_store_bound(STORE_SHAPES, (uint64_t)SHAPES_SETS * SHAPES_WAYS * (sizeof *text + SHAPES_TEXT_MAX),
                         0);
        prof_store_add(STORE_SHAPES, (int64_t)size_of(text));
        drop(set[i]);
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
                        drop(s->texts[i][k]);
                        s->texts[i][k] = NULL;
                }
        }
}
