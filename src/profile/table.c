/* The table of records: fixed, open-addressed, lock-free to read; a record is written once and then only counts. */
#include "base/clock.h"
#include "profile/prof_state.h"

#include <pthread.h>

enum { SLOTS = 2 * PROF_RECORDS, RECORDS_ALL = PROF_RECORDS + STAGE_COUNT };

struct entry {
        struct prof_record fixed; /* all but the counts; published by `count` of the table */
        uint64_t hash;
        _Atomic uint64_t allocs;
        _Atomic uint64_t frees;
        _Atomic uint64_t last_wall_ns;
};

static struct table {
        struct entry entries[RECORDS_ALL]; /* index = id - 1 */
        _Atomic uint32_t slots[SLOTS];     /* id, 0 = free */
        _Atomic uint32_t count;
        uint32_t ordinary;                 /* of them, not overflow records */
        uint32_t overflow_of[STAGE_COUNT]; /* id, 0 = none yet */
        uint32_t stacks;
        _Atomic uint64_t overflowed;
        _Atomic uint64_t now_wall_ns;
} * _Atomic table;

/* Births are rare (at most PROF_RECORDS in a lifetime), so they take a lock; lookups and counts do not. */
static pthread_mutex_t birth = PTHREAD_MUTEX_INITIALIZER;

static struct table *get_table(void)
{
        struct table *t = atomic_load_explicit(&table, memory_order_acquire);
        if (t != NULL) {
                return t;
        }
        (void)pthread_mutex_lock(&birth);
        t = atomic_load_explicit(&table, memory_order_relaxed);
        if (t == NULL) {
                t = prof_own_memory(sizeof *t);
                atomic_store_explicit(&table, t, memory_order_release);
        }
        (void)pthread_mutex_unlock(&birth);
        return t;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
        hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
        return hash ^ hash >> 29;
}

static uint64_t hash_stack(const uintptr_t *stack, unsigned depth)
{
        uint64_t hash = depth + 1;
        for (unsigned i = 0; i < depth; i++) {
                hash = mix(hash, stack[i]);
        }
        return hash;
}

static bool same_stack(const struct prof_record *r, const uintptr_t *stack, unsigned depth)
{
        return r->depth == depth && memcmp(r->stack, stack, depth * sizeof *stack) == 0;
}

static bool matches(const struct entry *e, uint64_t hash, const struct prof_record *key)
{
        const struct prof_record *r = &e->fixed;
        return e->hash == hash && r->stage == key->stage && r->lib == key->lib && r->size == key->size &&
               same_stack(r, key->stack, key->depth);
}

/** The slot that holds the key's id, or the free one where it belongs. */
static _Atomic uint32_t *find_slot(struct table *t, uint64_t hash, const struct prof_record *key,
                                   uint32_t *id)
{
        for (uint64_t i = hash;; i++) {
                _Atomic uint32_t *slot = &t->slots[i & (SLOTS - 1)];
                *id = atomic_load_explicit(slot, memory_order_acquire);
                if (*id == 0 || matches(&t->entries[*id - 1], hash, key)) {
                        return slot;
                }
        }
}

static bool is_new_stack(const struct table *t, uint32_t count, const struct prof_record *key)
{
        for (uint32_t i = 0; i < count; i++) {
                if (same_stack(&t->entries[i].fixed, key->stack, key->depth)) {
                        return false;
                }
        }
        return true;
}

static uint32_t publish(struct table *t, const struct prof_record *key, uint64_t hash,
                        const struct prof_wire *wire)
{
        uint32_t index = atomic_load_explicit(&t->count, memory_order_relaxed);
        struct entry *e = &t->entries[index];
        e->fixed = *key;
        e->hash = hash;
        e->fixed.id = index + 1;
        e->fixed.born_wall_ns = clock_wall_ns();
        e->fixed.born_statement = prof_statements();
        if (wire != NULL) {
                struct span text = span_head(wire->text, PROF_TEXT_MAX - 1);
                e->fixed.session = wire->session;
                e->fixed.command = wire->command;
                if (text.len > 0) {
                        memcpy(e->fixed.text, text.data, text.len);
                }
        }
        t->stacks += !key->overflow && is_new_stack(t, index, key) ? 1 : 0;
        atomic_store_explicit(&t->count, index + 1, memory_order_release);
        return index + 1;
}

/** Under the lock: where the table is full, the stage's overflow record. */
static uint32_t overflow_record(struct table *t, const struct prof_record *key)
{
        uint32_t *id = &t->overflow_of[key->stage];
        if (*id == 0) {
                struct prof_record sum = {.stage = key->stage, .size = 1, .overflow = true};
                *id = publish(t, &sum, 0, NULL);
        }
        return *id;
}

static uint32_t bear(struct table *t, const struct prof_record *key, uint64_t hash,
                     const struct prof_wire *wire)
{
        uint32_t id;
        (void)pthread_mutex_lock(&birth);
        _Atomic uint32_t *slot = find_slot(t, hash, key, &id); /* another thread may have been first */
        if (id == 0 && t->ordinary < PROF_RECORDS) {
                id = publish(t, key, hash, wire);
                t->ordinary++;
                atomic_store_explicit(slot, id, memory_order_release);
        } else if (id == 0) {
                id = overflow_record(t, key);
                atomic_fetch_add_explicit(&t->overflowed, 1, memory_order_relaxed);
        }
        (void)pthread_mutex_unlock(&birth);
        return id;
}

uint32_t table_count_alloc(enum prof_stage stage, enum prof_lib lib, size_t size, const uintptr_t *stack,
                           unsigned depth, const struct prof_wire *wire)
{
        struct table *t = get_table();
        if (t == NULL) {
                return 0;
        }
        struct prof_record key = {.stage = stage, .lib = lib, .size = size, .depth = (uint16_t)depth};
        memcpy(key.stack, stack, depth * sizeof *stack);
        uint64_t hash = mix(mix(hash_stack(stack, depth), size), (uint64_t)stage << 8 | (uint64_t)lib);
        uint32_t id;
        (void)find_slot(t, hash, &key, &id);
        if (id == 0) {
                id = bear(t, &key, hash, wire);
        }
        struct entry *e = &t->entries[id - 1];
        atomic_fetch_add_explicit(&e->allocs, 1, memory_order_relaxed);
        atomic_store_explicit(&e->last_wall_ns, atomic_load_explicit(&t->now_wall_ns, memory_order_relaxed),
                              memory_order_relaxed);
        return id;
}

void table_count_free(uint32_t id)
{
        struct table *t = atomic_load_explicit(&table, memory_order_relaxed);
        atomic_fetch_add_explicit(&t->entries[id - 1].frees, 1, memory_order_release);
}

void table_tick(uint64_t wall_ns)
{
        struct table *t = atomic_load_explicit(&table, memory_order_relaxed);
        if (t != NULL) {
                atomic_store_explicit(&t->now_wall_ns, wall_ns, memory_order_relaxed);
        }
}

uint32_t prof_record_count(void)
{
        struct table *t = atomic_load_explicit(&table, memory_order_acquire);
        return t != NULL ? atomic_load_explicit(&t->count, memory_order_acquire) : 0;
}

bool prof_record_get(uint32_t id, struct prof_record *out)
{
        if (id == 0 || id > prof_record_count()) {
                return false;
        }
        struct entry *e = &atomic_load_explicit(&table, memory_order_acquire)->entries[id - 1];
        *out = e->fixed;
        out->frees = atomic_load_explicit(&e->frees, memory_order_acquire);
        out->allocs = atomic_load_explicit(&e->allocs, memory_order_acquire);
        uint64_t last = atomic_load_explicit(&e->last_wall_ns, memory_order_relaxed);
        out->last_wall_ns = last > out->born_wall_ns ? last : out->born_wall_ns;
        return true;
}

uint64_t prof_record_overflowed(void)
{
        struct table *t = atomic_load_explicit(&table, memory_order_acquire);
        return t != NULL ? atomic_load_explicit(&t->overflowed, memory_order_relaxed) : 0;
}

uint32_t prof_record_stacks(void)
{
        uint32_t stacks = 0;
        (void)pthread_mutex_lock(&birth);
        struct table *t = atomic_load_explicit(&table, memory_order_relaxed);
        stacks = t != NULL ? t->stacks : 0;
        (void)pthread_mutex_unlock(&birth);
        return stacks;
}
