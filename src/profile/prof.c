#include "profile/prof.h"

#include "base/diag.h"
#include "profile/prof_state.h"

#include <stdlib.h>

/* Stands before each block; keeps the block at malloc's alignment. */
struct prefix {
        uint64_t size : 48;
        uint64_t stage : 8;
        uint64_t lib : 8;
        uint32_t record; /* id of the record that sampled it, 0 = none */
        uint32_t magic;
};

_Static_assert(sizeof(struct prefix) == 16, "malloc's alignment must be kept");

#define MAGIC_LIVE  0x51744c76u
#define MAGIC_FREED 0x51746672u
#define SIZE_MAX_48 ((1ULL << 48) - 1)

static _Atomic uint64_t bad_frees;

uint64_t prof_bad_frees(void)
{
        return atomic_load_explicit(&bad_frees, memory_order_relaxed);
}

static void charge(struct prof_thread *self, const struct prefix *p, bool freed)
{
        struct cell *cell = &self->cells[p->stage][p->lib];
        if (freed) {
                cell_add(&cell->bytes_free, p->size);
                cell_add(&cell->count_free, 1);
        } else {
                cell_add(&cell->bytes_alloc, p->size);
                cell_add(&cell->count_alloc, 1);
        }
}

/** Fill the prefix of a fresh block and count it. */
PROF_SEAM static void *adopt(struct prof_thread *self, struct prefix *p, enum prof_stage stage,
                             enum prof_lib lib, size_t size)
{
        p->size = size & SIZE_MAX_48;
        p->stage = (uint64_t)stage & 0xff;
        p->lib = (uint64_t)lib & 0xff;
        p->magic = MAGIC_LIVE;
        p->record = sample_alloc(self, stage, lib, size);
        charge(self, p, false);
        return p + 1;
}

PROF_SEAM static void *alloc(enum prof_stage stage, enum prof_lib lib, size_t size, bool zeroed)
{
        struct prof_thread *self = prof_self();
        if (self == NULL || size > SIZE_MAX_48 - sizeof(struct prefix) || fault_hits(stage)) {
                return NULL;
        }
        struct prefix *p =
            zeroed ? calloc(1, size + sizeof(struct prefix)) : malloc(size + sizeof(struct prefix));
        return p != NULL ? adopt(self, p, stage, lib, size) : NULL;
}

/** Through volatile: a compiler drops stores to memory that is about to be freed. */
static void mark(struct prefix *p, uint32_t magic)
{
        *(volatile uint32_t *)&p->magic = magic;
}

/** The prefix of @p block if it is a live block of ours; else it is said and counted, and NULL. What stands before a
 *  wrong block may be anybody's or freed: the sanitizers would stop there before it can be named. */
__attribute__((no_sanitize("address", "thread"))) static struct prefix *prefix_of(void *block,
                                                                                  const char *what)
{
        struct prefix *p = (struct prefix *)block - 1;
        uint32_t magic = *(volatile uint32_t *)&p->magic;
        if (magic == MAGIC_LIVE && p->stage < STAGE_COUNT && p->lib < LIB_COUNT) {
                return p;
        }
        atomic_fetch_add_explicit(&bad_frees, 1, memory_order_relaxed);
        diag(DIAG_ERROR, "%s of %p: %s; it was not carried out", what, block,
             magic == MAGIC_FREED ? "the block is freed already" : "no block of the profiler's heaps");
        return NULL;
}

/** Undo the counting of a block that goes. */
static void disown(struct prefix *p)
{
        struct prof_thread *self = prof_self();
        if (self != NULL) {
                charge(self, p, true);
        }
        if (p->record != 0) {
                table_count_free(p->record);
        }
}

PROF_SEAM static void *resize(enum prof_stage stage, enum prof_lib lib, void *block, size_t size)
{
        if (block == NULL) {
                return alloc(stage, lib, size, false);
        }
        struct prefix *old = prefix_of(block, "realloc");
        struct prof_thread *self = prof_self();
        if (old == NULL || self == NULL || size > SIZE_MAX_48 - sizeof *old ||
            fault_hits((enum prof_stage)old->stage)) {
                return NULL;
        }
        struct prefix before = *old;
        mark(old, MAGIC_FREED);
        struct prefix *p = realloc(old, size + sizeof *p);
        if (p == NULL) {
                mark(old, MAGIC_LIVE);
                return NULL;
        }
        disown(&before);
        return adopt(self, p, (enum prof_stage)before.stage, (enum prof_lib)before.lib, size);
}

PROF_SEAM void *prof_alloc(enum prof_stage stage, size_t size)
{
        return alloc(stage, LIB_OWN, size, false);
}

PROF_SEAM void *prof_calloc(enum prof_stage stage, size_t n, size_t size)
{
        size_t bytes;
        return __builtin_mul_overflow(n, size, &bytes) ? NULL : alloc(stage, LIB_OWN, bytes, true);
}

PROF_SEAM void *prof_realloc(enum prof_stage stage, void *block, size_t size)
{
        return resize(stage, LIB_OWN, block, size);
}

PROF_SEAM char *prof_spandup(enum prof_stage stage, struct span s)
{
        char *copy = alloc(stage, LIB_OWN, s.len + 1, false);
        if (copy != NULL) {
                if (s.len > 0) {
                        memcpy(copy, s.data, s.len);
                }
                copy[s.len] = '\0';
        }
        return copy;
}

PROF_SEAM char *prof_strdup(enum prof_stage stage, const char *text)
{
        return prof_spandup(stage, span_str(text));
}

void prof_free(void *block)
{
        struct prefix *p = block != NULL ? prefix_of(block, "free") : NULL;
        if (p != NULL) {
                disown(p);
                mark(p, MAGIC_FREED);
                free(p);
        }
}

void prof_move(void *block, enum prof_stage stage)
{
        struct prefix *p = block != NULL ? prefix_of(block, "move") : NULL;
        struct prof_thread *self = prof_self();
        if (p != NULL && self != NULL) {
                charge(self, p, true);
                p->stage = (uint64_t)stage & 0xff;
                charge(self, p, false);
        }
}

PROF_SEAM void *prof_lib_alloc(enum prof_lib lib, size_t size)
{
        struct prof_thread *self = prof_self();
        return alloc(self != NULL ? self->stage : STAGE_MAIN, lib, size, false);
}

PROF_SEAM void *prof_lib_realloc(enum prof_lib lib, void *block, size_t size)
{
        struct prof_thread *self = prof_self();
        return resize(self != NULL ? self->stage : STAGE_MAIN, lib, block, size);
}

enum prof_stage prof_enter(enum prof_stage stage)
{
        struct prof_thread *self = prof_self();
        if (self == NULL) {
                return stage;
        }
        enum prof_stage before = self->stage;
        self->stage = stage;
        return before;
}

void prof_leave(enum prof_stage before)
{
        struct prof_thread *self = prof_self();
        if (self != NULL) {
                self->stage = before;
        }
}

void prof_set_wire(const struct prof_wire *wire)
{
        struct prof_thread *self = prof_self();
        if (self != NULL) {
                self->wire = wire;
        }
}

void prof_count_statement(void)
{
        struct prof_thread *self = prof_self();
        if (self != NULL) {
                cell_add(&self->statements, 1);
        }
}
