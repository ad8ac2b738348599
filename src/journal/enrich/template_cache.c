#include "journal/enrich/template_cache.h"

#include "profile/heap/prof.h"
#include "profile/heap/store.h"

#ifdef QT_NO_FASTPATHS
static const bool enabled = false;
#else
static const bool enabled = true;
#endif

static uint64_t word_at(const uint8_t *text, size_t at)
{
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        return word;
}

/* Few statements begin with the same bytes; those that do share a set. */
static inline struct template **set_of(struct template_cache *s, struct span sql, uint64_t mode)
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
_Static_assert(TEMPLATE_CACHE_SETS == 1U << (64 - 57), "set_of takes the highest bits");

/** @return the place after the digits at @p at. */
static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
        while (at < end && (uint8_t)(*at - '0') <= 9) {
                at++;
        }
        return at;
}

/** @return the number of digits that @p text, which is not empty, begins with. */
static size_t digits_of(struct span text)
{
        return (size_t)(skip_digits(text.data, text.data + text.len) - text.data);
}

static bool matches(const struct template *t, struct span sql)
{
        const uint8_t *at = sql.data;
        const uint8_t *end = at + sql.len;
        const uint8_t *known = t->text;
        const struct template_piece *piece = t->pieces;
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

const struct template *template_cache_find(struct template_cache *s, struct span sql, uint64_t mode)
{
        if (!enabled || sql.len == 0) {
                return NULL;
        }
        struct template **set = set_of(s, sql, mode);
        for (unsigned i = 0; i < TEMPLATE_CACHE_WAYS && set[i] != NULL; i++) {
                struct template *found = set[i];
                if (found->mode == mode && matches(found, sql)) {
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
static void cut(struct template *text, size_t len)
{
        size_t from = 0;
        struct template_piece *piece = text->pieces;
        for (unsigned i = 0; i < text->n_literals; i++) {
                const struct digest_literal *number = &text->literals[i];
                if (number->is_plain) {
                        *piece++ =
                            (struct template_piece){(uint16_t)(number->at - from), (uint16_t)number->len};
                        from = number->at + number->len;
                }
        }
        *piece = (struct template_piece){(uint16_t)(len - from), 0};
}

static size_t size_of(const struct template *text)
{
        return sizeof *text + text->len;
}

static void drop(struct template *text)
{
        if (text != NULL) {
                prof_store_add(STORE_TEMPLATES, -(int64_t)size_of(text));
                prof_free(text);
        }
}

void template_cache_add(struct template_cache *s, struct span sql, const struct digest *digest,
                        struct template known)
{
        if (!enabled || sql.len == 0 || sql.len > TEMPLATE_CACHE_TEXT_MAX || digest->is_cut ||
            digest->n_literals > DIGEST_LITERALS) {
                return;
        }
        struct template **set = set_of(s, sql, known.mode);
        struct template *text = prof_alloc(STAGE_DIGEST, sizeof *text + sql.len);
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
        while (i < TEMPLATE_CACHE_WAYS - 1 && set[i] != NULL) {
                i++;
        }
        prof_store_bound(STORE_TEMPLATES,
                         (uint64_t)TEMPLATE_CACHE_SETS * TEMPLATE_CACHE_WAYS *
                             (sizeof *text + TEMPLATE_CACHE_TEXT_MAX),
                         0);
        prof_store_add(STORE_TEMPLATES, (int64_t)size_of(text));
        drop(set[i]);
        set[i] = set[0];
        set[0] = text;
}

uint64_t template_cache_values(const struct template *text, struct span sql)
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

void template_cache_fini(struct template_cache *s)
{
        for (unsigned i = 0; i < TEMPLATE_CACHE_SETS; i++) {
                for (unsigned k = 0; k < TEMPLATE_CACHE_WAYS; k++) {
                        drop(s->texts[i][k]);
                        s->texts[i][k] = NULL;
                }
        }
}
