#include "profile/heap/prof.h"

#include "base/diag.h"
#include "profile/heap/fault.h"
#include "profile/heap/sample.h"
#include "profile/heap/table.h"

#include <assert.h>
#include <stdlib.h>

/** Stands before each block, in the memory that malloc gave:
 *
 *      | size 8 | record 2 | stage 1 | lib 1 | magic 4 | the block, aligned to 16 ...
 */
struct prefix {
        uint64_t size;
        uint16_t record; /**< id of the allocation record that counts this block; 0 = none */
        uint8_t stage;
        uint8_t lib;
        uint32_t magic;
};

static_assert(sizeof(struct prefix) == PROF_PREFIX_SIZE && PROF_PREFIX_SIZE % 16 == 0,
              "blocks are aligned to 16");
static_assert(offsetof(struct prefix, record) == 8 && offsetof(struct prefix, stage) == 10 &&
                  offsetof(struct prefix, lib) == 11 && offsetof(struct prefix, magic) == 12,
              "the picture above is true");
static_assert(STAGE_COUNT <= UINT8_MAX && LIB_COUNT <= UINT8_MAX, "a stage and a library fit into a byte");

#define MAGIC_LIVE  0x51544c56U /* "QTLV" */
#define MAGIC_FREED 0x51544652U /* "QTFR" */

/* --- blocks and their prefixes ------------------------------------------------------------------------------------ */

#ifndef PROFILE_OFF
static _Atomic uint64_t bad_frees;

static void mark(struct prefix *p, uint32_t magic)
{
        /* volatile: compilers drop stores to memory that is about to be freed */
        *(volatile uint32_t *)&p->magic = magic;
}

/** Count and report an operation (@p what) on a block that is not ours or was freed already. */
__attribute__((cold, noinline)) static void report_bad_free(const void *block, const char *what, bool freed)
{
        atomic_fetch_add_explicit(&bad_frees, 1, memory_order_relaxed);
        diag(DIAG_ERROR, "%s of %p in stage %s: %s", what, block, prof_stage_name(prof_here.stage),
             freed ? "already freed" : "not an allocated block, or already freed");
}

/** The prefix of @p block, or NULL (reported) if it is no live block of ours. It reads memory
 * that may not be ours or may be freed; the sanitizers would stop there before the error can be reported. */
__attribute__((no_sanitize("address", "thread"))) static struct prefix *find_prefix(void *block,
                                                                                    const char *what)
{
        struct prefix *p = (struct prefix *)block - 1;
        uint32_t magic = *(volatile uint32_t *)&p->magic;
        if (magic == MAGIC_LIVE) {
                return p;
        }
        report_bad_free(block, what, magic == MAGIC_FREED);
        return NULL;
}

static void *register_block(struct prefix *p, enum prof_stage stage, enum prof_lib lib, size_t size,
                            const struct alloc_site *site)
{
        struct prof_thread *t = thread_self();
        thread_count_alloc(t, stage, lib, size);
        p->size = size;
        p->stage = (uint8_t)stage;
        p->lib = (uint8_t)lib;
        p->record = sample_hits(t, stage, size) ? table_sample(t, stage, lib, size, site) : 0;
        p->magic = MAGIC_LIVE;
        return p + 1;
}

void *prof_alloc_at(enum prof_stage stage, enum prof_lib lib, size_t size, bool zeroed,
                    const struct alloc_site *site)
{
        assert(stage < STAGE_COUNT && lib < LIB_COUNT);
        if (size > SIZE_MAX - sizeof(struct prefix) || fault_hits(stage, lib, size, site)) {
                return NULL;
        }
        size_t whole = size + sizeof(struct prefix);
        struct prefix *p = zeroed ? calloc(1, whole) : malloc(whole);
        return p != NULL ? register_block(p, stage, lib, size, site) : NULL;
}

static void count_free(const struct prefix *p)
{
        if (p->record != 0) {
                table_free(p->record, p->size);
        }
        thread_count_free(thread_self(), p->stage, p->lib, p->size);
}

void *prof_realloc_at(enum prof_stage stage, enum prof_lib lib, void *block, size_t size,
                      const struct alloc_site *site)
{
        if (block == NULL) {
                return prof_alloc_at(stage, lib, size, false, site);
        }
        struct prefix *p = find_prefix(block, "realloc");
        if (p == NULL || size > SIZE_MAX - sizeof *p || fault_hits(p->stage, p->lib, size, site)) {
                return NULL;
        }
        struct prefix old = *p;
        mark(p, MAGIC_FREED); /* realloc may leave the old memory behind */
        struct prefix *moved = realloc(p, size + sizeof *p);
        if (moved == NULL) {
                mark(p, MAGIC_LIVE);
                return NULL;
        }
        count_free(&old);
        return register_block(moved, old.stage, old.lib, size, site);
}

void prof_free(void *block)
{
        struct prefix *p = block != NULL ? find_prefix(block, "free") : NULL;
        if (p == NULL) {
                return;
        }
        count_free(p);
        mark(p, MAGIC_FREED);
        free(p);
}

uint64_t prof_bad_frees(void)
{
        return atomic_load_explicit(&bad_frees, memory_order_relaxed);
}

#else

void *prof_alloc_at(enum prof_stage stage, enum prof_lib lib, size_t size, bool zeroed,
                    const struct alloc_site *site)
{
        (void)stage;
        (void)lib;
        (void)site;
        return zeroed ? calloc(1, size) : malloc(size);
}

void *prof_realloc_at(enum prof_stage stage, enum prof_lib lib, void *block, size_t size,
                      const struct alloc_site *site)
{
        (void)stage;
        (void)lib;
        (void)site;
        return realloc(block, size);
}

void prof_free(void *block)
{
        free(block);
}

uint64_t prof_bad_frees(void)
{
        return 0;
}

#endif

/* --- public forms -------------------------------------------------------------------------------------------------- */

/* Their frame identifies the caller, so each needs a frame of its own. */
#define OWN_FRAME __attribute__((noinline))
#define SITE_HERE (&(const struct alloc_site){.frame = __builtin_frame_address(0)})

OWN_FRAME void *prof_alloc(enum prof_stage stage, size_t size)
{
        return prof_alloc_at(stage, LIB_OWN, size, false, SITE_HERE);
}

OWN_FRAME void *prof_calloc(enum prof_stage stage, size_t n, size_t size)
{
        size_t whole;
        if (__builtin_mul_overflow(n, size, &whole)) {
                return NULL;
        }
        return prof_alloc_at(stage, LIB_OWN, whole, true, SITE_HERE);
}

OWN_FRAME void *prof_realloc(enum prof_stage stage, void *block, size_t size)
{
        return prof_realloc_at(stage, LIB_OWN, block, size, SITE_HERE);
}

static char *copy_text(char *to, const void *text, size_t len)
{
        if (to != NULL) {
                if (len > 0) {
                        memcpy(to, text, len);
                }
                to[len] = '\0';
        }
        return to;
}

OWN_FRAME char *prof_strdup(enum prof_stage stage, const char *text)
{
        size_t len = strlen(text);
        return copy_text(prof_alloc_at(stage, LIB_OWN, len + 1, false, SITE_HERE), text, len);
}

OWN_FRAME char *prof_spandup(enum prof_stage stage, struct span s)
{
        if (s.len == SIZE_MAX) {
                return NULL;
        }
        return copy_text(prof_alloc_at(stage, LIB_OWN, s.len + 1, false, SITE_HERE), s.data, s.len);
}

OWN_FRAME void *prof_lib_alloc(enum prof_lib lib, size_t size)
{
        return prof_alloc_at(prof_here.stage, lib, size, false, SITE_HERE);
}

OWN_FRAME void *prof_lib_calloc(enum prof_lib lib, size_t n, size_t size)
{
        size_t whole;
        if (__builtin_mul_overflow(n, size, &whole)) {
                return NULL;
        }
        return prof_alloc_at(prof_here.stage, lib, whole, true, SITE_HERE);
}
