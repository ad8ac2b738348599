#include "journal/enrich/template_cache.h"

#include "profile/heap/prof.h"

enum status template_cache_init(struct template_cache *c, size_t max)
{
        c->bits = 1;
        while (((size_t)TEMPLATE_CACHE_WAYS << c->bits) < max) {
                c->bits++;
        }
        c->sets = prof_calloc(STAGE_DIGEST, (size_t)1 << c->bits, sizeof *c->sets);
        return c->sets != NULL ? STATUS_OK : STATUS_NOMEM;
}

void template_cache_fini(struct template_cache *c)
{
        prof_free(c->sets);
        c->sets = NULL;
}

/** Keys are hashes that peers can't choose: their highest bits name the set. */
static inline struct template *set_of(struct template_cache *c, uint64_t key)
{
        return c->sets[key >> (64 - c->bits)];
}

/** The entry of @p key, or the last one of its set, is moved to the front. */
static struct template *to_front(struct template *set, unsigned i)
{
        struct template found = set[i];
        for (; i > 0; i--) {
                set[i] = set[i - 1];
        }
        set[0] = found;
        return &set[0];
}

const struct template_facts *template_cache_find(struct template_cache *c, uint64_t key)
{
        struct template *set = set_of(c, key);
        if (set[0].key == key) { /* mostly */
                return &set[0].facts;
        }
        for (unsigned i = 1; i < TEMPLATE_CACHE_WAYS; i++) {
                if (set[i].key == key) {
                        return &to_front(set, i)->facts;
                }
        }
        return NULL;
}

void template_cache_add(struct template_cache *c, uint64_t key, const struct template_facts *facts)
{
        struct template *set = set_of(c, key);
        unsigned i = 0;
        while (i < TEMPLATE_CACHE_WAYS - 1 && set[i].key != key) {
                i++;
        }
        *to_front(set, i) = (struct template){.key = key, .facts = *facts};
}
