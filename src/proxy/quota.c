#include "proxy/quota.h"

#include "base/lock.h"
#include "base/seed.h"
#include "base/text_hash.h"
#include "profile/heap/prof.h"

enum { BITS_LEAST = 6, BITS_MOST = 24 };

struct quota_entry {
        struct quota_entry *next;
        uint64_t hash;
        uint64_t sessions;
        enum quota_kind kind;
        size_t len;
        uint8_t key[];
};

struct quota {
        struct lock lock;
        uint64_t seed;
        struct quota_entry **buckets; /* NULL = there are no entries */
        unsigned bits;
        uint64_t n;
};

struct quota *quota_new(void)
{
        struct quota *q = prof_calloc(STAGE_LISTENER, 1, sizeof *q);
        if (q != NULL) {
                q->seed = seed_of_process();
        }
        return q;
}

void quota_free(struct quota *q)
{
        if (q != NULL) {
                prof_free(q->buckets);
                prof_free(q);
        }
}

static struct quota_entry **bucket_of(const struct quota *q, uint64_t hash)
{
        return &q->buckets[seed_bucket(q->seed, hash, q->bits)];
}

/** Have at least one bucket for each entry and the next one. @return false when memory is out; then the table is as it was. */
static bool grow(struct quota *q)
{
        if (q->buckets != NULL && (q->n < 1ULL << q->bits || q->bits == BITS_MOST)) {
                return true;
        }
        struct quota old = *q;
        unsigned bits = old.buckets != NULL ? old.bits + 1 : BITS_LEAST;
        struct quota_entry **buckets =
            prof_calloc(STAGE_LISTENER, (size_t)1 << bits, sizeof(struct quota_entry *));
        if (buckets == NULL) {
                return false;
        }
        q->buckets = buckets;
        q->bits = bits;
        for (size_t i = 0; old.buckets != NULL && i < (size_t)1 << old.bits; i++) {
                for (struct quota_entry *e = old.buckets[i], *next; e != NULL; e = next) {
                        struct quota_entry **bucket = bucket_of(q, e->hash);
                        next = e->next;
                        e->next = *bucket;
                        *bucket = e;
                }
        }
        prof_free(old.buckets);
        return true;
}

static struct quota_entry *find(const struct quota *q, enum quota_kind kind, struct span key, uint64_t hash)
{
        struct quota_entry *e = q->buckets != NULL ? *bucket_of(q, hash) : NULL;
        while (e != NULL && (e->kind != kind || !span_equal(span_of(e->key, e->len), key))) {
                e = e->next;
        }
        return e;
}

/** @return NULL when memory is out. */
static struct quota_entry *add(struct quota *q, enum quota_kind kind, struct span key, uint64_t hash)
{
        struct quota_entry *e = grow(q) ? prof_calloc(STAGE_LISTENER, 1, sizeof *e + key.len) : NULL;
        if (e == NULL) {
                return NULL;
        }
        struct quota_entry **bucket = bucket_of(q, hash);
        e->hash = hash;
        e->kind = kind;
        e->len = key.len;
        (void)span_copy(e->key, key);
        e->next = *bucket;
        *bucket = e;
        q->n++;
        return e;
}

struct quota_entry *quota_take(struct quota *q, enum quota_kind kind, struct span key, uint64_t max,
                               bool *no_memory)
{
        uint64_t hash = text_hash_of_kind(key, kind, text_hash_begin(q->seed), q->seed);
        *no_memory = false;
        lock_take(&q->lock);
        struct quota_entry *e = find(q, kind, key, hash);
        if (e == NULL) {
                e = add(q, kind, key, hash);
                *no_memory = e == NULL;
        } else if (e->sessions >= max) {
                e = NULL;
        }
        if (e != NULL) {
                e->sessions++;
        }
        lock_give(&q->lock);
        return e;
}

void quota_return(struct quota *q, struct quota_entry *entry)
{
        if (entry == NULL) {
                return;
        }
        lock_take(&q->lock);
        if (--entry->sessions == 0) {
                struct quota_entry **at = bucket_of(q, entry->hash);
                while (*at != entry) {
                        at = &(*at)->next;
                }
                *at = entry->next;
                prof_free(entry);
                if (--q->n == 0) {
                        prof_free(q->buckets);
                        q->buckets = NULL;
                }
        }
        lock_give(&q->lock);
}
