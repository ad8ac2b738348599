#include "journal/feed.h"

#include "base/writer.h"
#include "profile/heap/prof.h"

#include <string.h>

enum { SPACE_MIN = 8 * 1024 }; /* left in a block to which a record is added */

struct feed_block {
        uint64_t number;             /* 0 = never used; under the lock */
        uint64_t first;              /* number of its first record */
        _Atomic uint64_t filled;     /* records << 32 | bytes, so that both are of the same moment */
        _Atomic bool is_full;        /* nothing more is added */
        _Atomic uint32_t references; /* pieces that were not given back */
        uint8_t bytes[FEED_BLOCK_BYTES];
};

static uint32_t bytes_of(uint64_t filled)
{
        return (uint32_t)filled;
}

/** Number of the last record in @p b. */
static uint64_t last_of(const struct feed_block *b, uint64_t filled)
{
        return b->first + (filled >> 32) - 1;
}

enum status feed_want(struct feed *f, const char *run, bool is_wanted)
{
        if (is_wanted && f->blocks == NULL) {
                f->blocks = prof_calloc(STAGE_ADMIN, FEED_BLOCKS, sizeof *f->blocks);
                if (f->blocks == NULL) {
                        return STATUS_NOMEM;
                }
                size_t len = strnlen(run, sizeof f->run - 1);
                memcpy(f->run, run, len);
                f->run[len] = '\0';
        }
        atomic_store_explicit(&f->is_wanted, is_wanted, memory_order_release);
        return STATUS_OK;
}

void feed_fini(struct feed *f)
{
        prof_free(f->blocks);
        f->blocks = NULL;
}

/* --- adding --------------------------------------------------------------------------------------------------------- */

static void end_block(struct feed *f)
{
        if (f->current != NULL) {
                atomic_store_explicit(&f->current->is_full, true, memory_order_release);
        }
        f->current = NULL;
}

/** Begin a block with record @p number. @return false if all are in use. */
static bool begin_block(struct feed *f, uint64_t number)
{
        lock_take(&f->lock);
        struct feed_block *b = &f->blocks[(f->begun + 1) % FEED_BLOCKS];
        bool is_free = atomic_load_explicit(&b->references, memory_order_acquire) == 0;
        if (is_free) {
                b->number = ++f->begun;
                b->first = number;
                atomic_store_explicit(&b->filled, 0, memory_order_relaxed);
                atomic_store_explicit(&b->is_full, false, memory_order_relaxed);
                f->current = b;
                f->w = writer_over(b->bytes, sizeof b->bytes);
        }
        lock_give(&f->lock);
        return is_free;
}

/** Add the record that f->head is for to the current block. @return false if it does not fit; then nothing is added. */
static inline __attribute__((always_inline)) bool add(struct feed *f, const struct record *r,
                                                      struct span *line)
{
        struct feed_block *b = f->current;
        *line = jsonl_item_event(&f->w, r, &f->head, JSONL_ITEM_TEXT);
        if (f->w.failed) {
                *line = (struct span){NULL, 0};
                return false;
        }
        uint64_t filled = (f->head.number - b->first + 1) << 32 | f->w.at;
        atomic_store_explicit(&b->filled, filled, memory_order_release);
        return true;
}

/** Add a record that is not the next one, or does not fit into the current block, to the next block. */
static __attribute__((noinline)) struct span add_to_next(struct feed *f, const struct record *r,
                                                         uint64_t number)
{
        struct span line = {NULL, 0};
        end_block(f);
        if (f->head.number != number) {
                jsonl_item_head_set(&f->head, f->run, number);
        }
        if (begin_block(f, number) && !add(f, r, &line)) {
                end_block(f); /* it fits into no block: readers take it from the recent records */
        }
        return line;
}

struct span feed_add(struct feed *f, const struct record *r, uint64_t number)
{
        struct span line;
        bool fits = f->current != NULL && f->head.number == number &&
                    f->w.at <= FEED_BLOCK_BYTES - SPACE_MIN; /* else it might be formatted in vain */
        if (!fits || !add(f, r, &line)) {
                line = add_to_next(f, r, number);
        }
        jsonl_item_head_next(&f->head);
        return line;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/** The block with @p number; NULL if it is no longer there. */
static struct feed_block *find(struct feed *f, uint64_t number)
{
        struct feed_block *b = f->blocks != NULL && number > 0 ? &f->blocks[number % FEED_BLOCKS] : NULL;
        return b != NULL && b->number == number ? b : NULL;
}

bool feed_join(struct feed *f, uint64_t last, struct feed_place *place)
{
        lock_take(&f->lock);
        const struct feed_block *b = find(f, f->begun);
        bool is_there = false;
        if (b != NULL) {
                uint64_t filled = atomic_load_explicit(&b->filled, memory_order_acquire);
                is_there =
                    last_of(b, filled) == last && !atomic_load_explicit(&b->is_full, memory_order_acquire);
                if (is_there) {
                        *place = (struct feed_place){b->number, bytes_of(filled)};
                }
        }
        lock_give(&f->lock);
        return is_there;
}

/** Move @p place to the next block if its own is used up. @return the block; NULL if the feed is lost. */
static struct feed_block *next_block(struct feed *f, struct feed_place *place, uint64_t *filled)
{
        struct feed_block *b = find(f, place->block);
        if (b == NULL) {
                return NULL;
        }
        bool is_full =
            atomic_load_explicit(&b->is_full, memory_order_acquire); /* before filled: that is final then */
        *filled = atomic_load_explicit(&b->filled, memory_order_acquire);
        if (place->at < bytes_of(*filled) || !is_full) {
                return b;
        }
        uint64_t after = last_of(b, *filled) + 1;
        struct feed_block *next = find(f, place->block + 1);
        if (next == NULL) {
                return place->block == f->begun ? b : NULL; /* no record has come yet */
        }
        if (next->first != after) {
                return NULL;
        }
        *place = (struct feed_place){next->number, 0};
        *filled = atomic_load_explicit(&next->filled, memory_order_acquire);
        return next;
}

bool feed_take(struct feed *f, struct feed_place *place, struct feed_piece *piece)
{
        uint64_t filled;
        bool any = false;
        lock_take(&f->lock);
        struct feed_block *b = next_block(f, place, &filled);
        if (b == NULL) {
                *place = (struct feed_place){0, 0};
        } else if (place->at < bytes_of(filled)) {
                atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
                *piece = (struct feed_piece){span_of(b->bytes + place->at, bytes_of(filled) - place->at),
                                             last_of(b, filled), b};
                place->at = bytes_of(filled);
                any = true;
        }
        lock_give(&f->lock);
        return any;
}

void feed_give_back(struct feed_block *block)
{
        atomic_fetch_sub_explicit(&block->references, 1, memory_order_release);
}
