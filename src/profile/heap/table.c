#include "profile/heap/table.h"

#include "base/clock.h"
#include "profile/heap/sample.h"
#include "profile/heap/store.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>

#define SLOTS        (2U * TABLE_RECORDS)
#define CHUNK        256U
#define IDS          (TABLE_RECORDS + STAGE_COUNT)
#define SLOT_PENDING 0xffffffffU /* a thread is writing the entry */
#define SLOT_DEAD    0xfffffffeU /* there was no memory for the entry, so the slot stays without one */

static_assert(IDS <= UINT16_MAX, "ids fit into a block's prefix");
static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are a power of two");
static_assert(TABLE_RECORDS % CHUNK == 0, "chunks fill the table");

struct table {
        _Atomic uint64_t slots[SLOTS];  /**< upper half of the hash, then the id or SLOT_x; 0 = empty */
        _Atomic uint64_t stacks[SLOTS]; /**< a set of hashes of stacks */
        struct table_entry *_Atomic by_id[IDS + 1];
        struct table_entry *_Atomic chunks[TABLE_RECORDS / CHUNK];
        struct table_entry overflow[STAGE_COUNT];
        _Atomic uint32_t overflow_state[STAGE_COUNT]; /**< 0, SLOT_PENDING, or 1 when ready */
        _Atomic uint32_t placed;                      /**< entries taken from the chunks */
        _Atomic uint32_t created;                     /**< ids given out */
        _Atomic uint32_t created_of[STAGE_COUNT];
        _Atomic uint32_t stack_count;
};

static struct table *_Atomic the_table;
static _Atomic uint32_t records_max = TABLE_RECORDS;
static _Atomic uint64_t overflowed;
static _Atomic uint64_t coarse_wall_ns;
static _Atomic uint64_t coarse_statement;

void table_set_limit(uint32_t most)
{
        assert(most >= 1 && most <= TABLE_RECORDS);
        atomic_store_explicit(&records_max, most, memory_order_relaxed);
}

static uint32_t limit(void)
{
        return atomic_load_explicit(&records_max, memory_order_relaxed);
}

uint64_t table_size_class(uint64_t size)
{
        if (size <= 128) {
                return size <= 8 ? 8 : (size + 15) / 16 * 16;
        }
        unsigned top = 63 - (unsigned)__builtin_clzll(size - 1);
        uint64_t step = 1ULL << (top - 2);
        return (size + step - 1) / step * step;
}

static uint64_t mix(uint64_t h, uint64_t value)
{
        h = (h ^ value) * 0x9e3779b97f4a7c15ULL;
        return h ^ h >> 29;
}

/** The place that a library gave counts as the innermost frame. */
static uint64_t hash_stack(const struct table_key *key)
{
        uint64_t h = key->file != NULL ? mix((uintptr_t)key->file, (uint64_t)key->line) : 0;
        h = mix(h, key->depth);
        for (unsigned i = 0; i < key->depth; i++) {
                h = mix(h, key->stack[i]);
        }
        return mix(h, 0) | 1; /* 0 marks an empty place in the set */
}

static bool same_key(const struct table_key *a, const struct table_key *b)
{
        return a->stage == b->stage && a->lib == b->lib && a->size == b->size &&
               a->sample_bytes == b->sample_bytes && a->file == b->file && a->line == b->line &&
               a->depth == b->depth && memcmp(a->stack, b->stack, a->depth * sizeof a->stack[0]) == 0;
}

static uint64_t wall_now(void)
{
        uint64_t coarse = atomic_load_explicit(&coarse_wall_ns, memory_order_relaxed);
        return coarse != 0 ? coarse : clock_wall_ns();
}

void table_set_time(uint64_t wall_ns)
{
        atomic_store_explicit(&coarse_statement, thread_statements(), memory_order_relaxed);
        atomic_store_explicit(&coarse_wall_ns, wall_ns, memory_order_relaxed);
}

/* --- growing ---------------------------------------------------------------------------------------------------- */

static struct table *get_table(void)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        if (t == NULL) {
                struct table *fresh = thread_map(sizeof *fresh);
                if (fresh != NULL && !atomic_compare_exchange_strong(&the_table, &t, fresh)) {
                        thread_unmap(fresh, sizeof *fresh);
                } else {
                        t = fresh;
                }
        }
        return t;
}

static struct table_entry *get_chunk(struct table *t, uint32_t number)
{
        struct table_entry *chunk = atomic_load_explicit(&t->chunks[number], memory_order_acquire);
        if (chunk == NULL) {
                struct table_entry *fresh = thread_map(CHUNK * sizeof *fresh);
                if (fresh != NULL && !atomic_compare_exchange_strong(&t->chunks[number], &chunk, fresh)) {
                        thread_unmap(fresh, CHUNK * sizeof *fresh);
                } else {
                        chunk = fresh;
                        prof_store_bound(STORE_RECORDS, TABLE_RECORDS * sizeof *chunk, 0);
                        prof_store_add(STORE_RECORDS, chunk != NULL ? (int64_t)(CHUNK * sizeof *chunk) : 0);
                }
        }
        return chunk;
}

static struct table_entry *place_entry(struct table *t)
{
        uint32_t place = atomic_load(&t->placed);
        do {
                if (place >= limit()) {
                        return NULL;
                }
        } while (!atomic_compare_exchange_weak(&t->placed, &place, place + 1));
        struct table_entry *chunk = get_chunk(t, place / CHUNK);
        return chunk != NULL ? &chunk[place % CHUNK] : NULL;
}

/** Fill in a new entry, give it its id and publish it. */
static void create_entry(struct table *t, struct table_entry *e, const struct table_key *key)
{
        const struct prof_wire *wire = prof_here.wire;
        e->key = *key;
        e->born_wall_ns = clock_wall_ns();
        e->born_statement = thread_statements();
        atomic_init(&e->last_wall_ns, e->born_wall_ns);
        atomic_init(&e->last_statement, e->born_statement);
        if (key->file != NULL) {
                (void)snprintf(e->site, sizeof e->site, "%s:%d", key->file, key->line);
        }
        if (wire != NULL) {
                struct prof_wire now = wire->describe != NULL ? wire->describe(wire) : *wire;
                struct span head = span_head(now.text, sizeof e->text - 1);
                e->session = now.session;
                e->command = now.command;
                if (head.len > 0) {
                        memcpy(e->text, head.data, head.len);
                }
        }
        e->id = atomic_fetch_add(&t->created, 1) + 1;
        atomic_fetch_add(&t->created_of[key->stage], 1);
        atomic_store_explicit(&t->by_id[e->id], e, memory_order_release);
}

static void count_stack(struct table *t, uint64_t hash)
{
        for (uint32_t i = 0, at = (uint32_t)hash % SLOTS; i < SLOTS; i++, at = (at + 1) % SLOTS) {
                uint64_t there = 0;
                if (atomic_compare_exchange_strong(&t->stacks[at], &there, hash)) {
                        atomic_fetch_add(&t->stack_count, 1);
                        return;
                }
                if (there == hash) {
                        return;
                }
        }
}

/** The stage's entry for all samples that find the table full; it is created when first needed. */
static struct table_entry *get_overflow(struct table *t, enum prof_stage stage)
{
        _Atomic uint32_t *state = &t->overflow_state[stage];
        uint32_t now = 0;
        if (atomic_compare_exchange_strong(state, &now, SLOT_PENDING)) {
                t->overflow[stage].overflow = true;
                create_entry(t, &t->overflow[stage], &(struct table_key){.stage = stage, .lib = LIB_OWN});
                atomic_store_explicit(state, 1, memory_order_release);
        }
        while (atomic_load_explicit(state, memory_order_acquire) == SLOT_PENDING) {
                sched_yield();
        }
        return &t->overflow[stage];
}

/* --- finding --------------------------------------------------------------------------------------------------- */

/** The entry of @p key in the slot that has @p value, or NULL. If another thread is creating that entry, wait for it; this
 * happens at most once in the life of an entry. */
static struct table_entry *match(struct table *t, const _Atomic uint64_t *slot, uint64_t value, uint64_t hash,
                                 const struct table_key *key)
{
        if (value >> 32 != hash >> 32) {
                return NULL;
        }
        while ((uint32_t)value == SLOT_PENDING) {
                sched_yield();
                value = atomic_load_explicit(slot, memory_order_acquire);
        }
        if ((uint32_t)value == SLOT_DEAD) {
                return NULL;
        }
        struct table_entry *e = atomic_load_explicit(&t->by_id[(uint32_t)value], memory_order_acquire);
        return same_key(&e->key, key) ? e : NULL;
}

/** Put a new entry into a slot that this thread has marked pending. @return NULL if the table is full or memory is out. */
static struct table_entry *fill_slot(struct table *t, _Atomic uint64_t *slot, uint64_t hash,
                                     const struct table_key *key)
{
        uint64_t tag = hash >> 32 << 32;
        struct table_entry *e = place_entry(t);
        if (e == NULL) {
                atomic_store_explicit(slot, tag | SLOT_DEAD, memory_order_release);
                return NULL;
        }
        create_entry(t, e, key);
        atomic_store_explicit(slot, tag | e->id, memory_order_release);
        return e;
}

/** The entry of @p key, created if it is new; the stage's overflow entry if the table is full. */
static struct table_entry *find(struct table *t, const struct table_key *key)
{
        uint64_t stack = hash_stack(key);
        uint64_t hash = mix(mix(stack, key->size), (uint64_t)key->stage << 8 | (uint64_t)key->lib);
        hash = mix(hash, key->sample_bytes);
        for (uint32_t i = 0, at = (uint32_t)hash % SLOTS; i < SLOTS; i++, at = (at + 1) % SLOTS) {
                _Atomic uint64_t *slot = &t->slots[at];
                uint64_t value = atomic_load_explicit(slot, memory_order_acquire);
                if (value == 0) {
                        if (atomic_load(&t->placed) >= limit()) {
                                break;
                        }
                        uint64_t pending = hash >> 32 << 32 | SLOT_PENDING;
                        if (atomic_compare_exchange_strong(slot, &value, pending)) {
                                struct table_entry *e = fill_slot(t, slot, hash, key);
                                if (e == NULL) {
                                        break;
                                }
                                count_stack(t, stack);
                                return e;
                        }
                }
                struct table_entry *e = match(t, slot, value, hash, key);
                if (e != NULL) {
                        return e;
                }
        }
        atomic_fetch_add_explicit(&overflowed, 1, memory_order_relaxed);
        return get_overflow(t, key->stage);
}

static uint16_t count_sample(struct table_entry *e, uint64_t class_bytes)
{
        if (e->overflow) {
                atomic_fetch_add_explicit(&e->bytes_alloc, class_bytes, memory_order_relaxed);
        }
        atomic_fetch_add_explicit(&e->allocs, 1, memory_order_relaxed);
        atomic_store_explicit(&e->last_wall_ns, wall_now(), memory_order_relaxed);
        atomic_store_explicit(&e->last_statement,
                              atomic_load_explicit(&coarse_statement, memory_order_relaxed),
                              memory_order_relaxed);
        return (uint16_t)e->id;
}

static struct table_key make_key(struct prof_thread *thread, enum prof_stage stage, enum prof_lib lib,
                                 uint64_t size, const struct alloc_site *site)
{
        struct table_key key = {.stage = stage,
                                .lib = lib,
                                .size = table_size_class(size),
                                .file = site->file,
                                .line = site->line};
        key.depth = (uint16_t)stack_walk(thread, site->frame, prof_here.scope, key.stack, PROF_STACK_MAX);
        return key;
}

uint16_t table_sample(struct prof_thread *thread, enum prof_stage stage, enum prof_lib lib, uint64_t size,
                      const struct alloc_site *site)
{
        struct table *t = get_table();
        if (t == NULL) {
                atomic_fetch_add_explicit(&overflowed, 1, memory_order_relaxed);
                return 0;
        }
        struct table_key key = make_key(thread, stage, lib, size, site);
        key.sample_bytes = sample_mean_of(thread, stage);
        return count_sample(find(t, &key), key.size);
}

bool table_matches(struct prof_thread *thread, uint32_t id, enum prof_stage stage, enum prof_lib lib,
                   uint64_t size, const struct alloc_site *site)
{
        const struct table_entry *e = table_entry(id);
        if (e == NULL || thread->shared || e->key.stage != stage || e->key.lib != lib ||
            e->key.size != table_size_class(size)) {
                return false; /* without walking the stack */
        }
        struct table_key key = make_key(thread, stage, lib, size, site);
        key.sample_bytes = e->key.sample_bytes;
        return same_key(&e->key, &key);
}

void table_free(uint16_t id, uint64_t size)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        struct table_entry *e = atomic_load_explicit(&t->by_id[id], memory_order_acquire);
        if (e->overflow) {
                atomic_fetch_add_explicit(&e->bytes_free, table_size_class(size), memory_order_release);
        }
        /* released, so that a reader that sees the free also sees the allocation */
        atomic_fetch_add_explicit(&e->frees, 1, memory_order_release);
}

/* --- reading --------------------------------------------------------------------------------------------------- */

const struct table_entry *table_entry(uint32_t id)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        return t != NULL && id <= IDS ? atomic_load_explicit(&t->by_id[id], memory_order_acquire) : NULL;
}

uint32_t table_count(void)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        return t != NULL ? atomic_load(&t->created) : 0;
}

uint32_t table_count_of(enum prof_stage stage)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        return t != NULL ? atomic_load(&t->created_of[stage]) : 0;
}

uint32_t table_stacks(void)
{
        struct table *t = atomic_load_explicit(&the_table, memory_order_acquire);
        return t != NULL ? atomic_load(&t->stack_count) : 0;
}

uint64_t table_overflowed(void)
{
        return atomic_load_explicit(&overflowed, memory_order_relaxed);
}
