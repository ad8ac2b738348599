#include "journal/enrich/row_loops.h"

#include "base/clock.h"
#include "journal/enrich/example.h"
#include "journal/enrich/row_sighting.h"
#include "profile/heap/prof.h"

void row_loops_pool_init(struct row_loops_pool *pool, unsigned least)
{
        *pool = (struct row_loops_pool){.least = least,
                                        .parents.size = sizeof(struct row_parent),
                                        .shapes.size = sizeof(struct row_shape)};
}

void row_loops_pool_fini(struct row_loops_pool *pool)
{
        spare_blocks_free(&pool->parents);
        spare_blocks_free(&pool->shapes);
}

static bool is_same(const uint8_t a[DIGEST_HASH], const uint8_t b[DIGEST_HASH])
{
        return memcmp(a, b, DIGEST_HASH) == 0;
}

/* --- the end of a loop ---------------------------------------------------------------------------------------------- */

static void put_ended(const struct row_loops *s, struct row_shape *shape, struct row_loops_ended *ended)
{
        struct row_loop *loop = &ended->at[ended->n++];
        *loop = shape->loop;
        loop->first_seq_num = loop->elsewhere > 0 ? 0 : loop->first_seq_num;
        shape->loop.example = NULL;
        const struct row_parent *parent =
            shape->parent < ROW_LOOPS_PARENTS ? s->parents[shape->parent] : NULL;
        if (parent != NULL) {
                loop->count = row_shape_count(shape, parent);
                loop->parent_rows = parent->rows;
                memcpy(loop->parent, parent->hash, DIGEST_HASH);
        } else {
                loop->count = shape->chain.n > loop->count ? shape->chain.n : loop->count;
        }
}

/** Forget the shape in place @p i; if it was a loop, that has ended. */
static void drop_shape(struct row_loops_pool *pool, struct row_loops *s, unsigned i,
                       struct row_loops_ended *ended)
{
        struct row_shape *shape = s->shapes[i];
        s->n_loops -= shape->is_loop ? 1 : 0;
        if (shape->is_loop && ended != NULL && ended->n < ROW_LOOPS_ENDED) {
                unsigned best =
                    row_shape_find_loop(shape, s->parents, s->shapes, ROW_LOOPS_SHAPES, pool->least);
                bool is_chain = shape->chain.n >= pool->least && row_shape_exceeds(shape, s->parents, best);
                if (best != ROW_LOOPS_PARENTS || is_chain) {
                        shape->parent = is_chain ? ROW_LOOPS_PARENTS : best;
                }
                put_ended(s, shape, ended);
        }
        prof_free(shape->loop.example);
        spare_blocks_give(&pool->shapes, shape);
        s->latest = s->latest == shape ? NULL : s->latest;
        s->shapes[i] = NULL;
        s->n_shapes--;
}

/** End the loops over the parent in place @p i. Other shapes forget what they had to do with it. */
static void end_loops(struct row_loops_pool *pool, struct row_loops *s, unsigned i,
                      struct row_loops_ended *ended)
{
        for (unsigned k = 0; k < ROW_LOOPS_SHAPES; k++) {
                struct row_shape *shape = s->shapes[k];
                if (shape == NULL) {
                        continue;
                }
                if (shape->is_loop ? shape->parent == i : !row_shape_is_found_elsewhere(shape, i)) {
                        drop_shape(pool, s, k, ended);
                } else {
                        shape->pairs[i] = (struct row_pair){.count = 0};
                        shape->parent = shape->parent == i ? ROW_LOOPS_PARENTS : shape->parent;
                }
        }
}

void row_loops_end(struct row_loops_pool *pool, struct row_loops *s, struct row_loops_ended *ended)
{
        for (unsigned k = 0; k < ROW_LOOPS_SHAPES && s->n_shapes > 0; k++) {
                if (s->shapes[k] != NULL) {
                        drop_shape(pool, s, k, ended);
                }
        }
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS && s->n_parents > 0; i++) {
                if (s->parents[i] != NULL) {
                        spare_blocks_give(&pool->parents, s->parents[i]);
                        s->parents[i] = NULL;
                        s->n_parents--;
                }
        }
        s->longest_us = 0;
}

/* --- parents -------------------------------------------------------------------------------------------------------- */

/** @return ROW_LOOPS_PARENTS if there is none. */
static unsigned find_parent(const struct row_loops *s, const uint8_t hash[DIGEST_HASH])
{
        unsigned i = 0;
        while (i < ROW_LOOPS_PARENTS && (s->parents[i] == NULL || !is_same(s->parents[i]->hash, hash))) {
                i++;
        }
        return i;
}

/** A place for a new parent: the loops over the one that had it end. @return ROW_LOOPS_PARENTS if memory is out. */
static unsigned take_parent(struct row_loops_pool *pool, struct row_loops *s, struct row_loops_ended *ended)
{
        unsigned oldest = ROW_LOOPS_PARENTS;
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                if (s->parents[i] == NULL) {
                        s->parents[i] = spare_blocks_take(&pool->parents);
                        s->n_parents += s->parents[i] != NULL ? 1 : 0;
                        return s->parents[i] != NULL ? i : ROW_LOOPS_PARENTS;
                }
                oldest = oldest == ROW_LOOPS_PARENTS || s->parents[i]->used < s->parents[oldest]->used
                             ? i
                             : oldest;
        }
        end_loops(pool, s, oldest, ended);
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                s->parents[i]->outer =
                    s->parents[i]->outer == oldest ? ROW_LOOPS_PARENTS : s->parents[i]->outer;
        }
        return oldest;
}

/** Forget the parent in place @p i: the loops over it end. */
static void drop_parent(struct row_loops_pool *pool, struct row_loops *s, unsigned i,
                        struct row_loops_ended *ended)
{
        end_loops(pool, s, i, ended);
        spare_blocks_give(&pool->parents, s->parents[i]);
        s->parents[i] = NULL;
        s->n_parents--;
}

/** The loops over the parent in place @p outer end, and so do the lists that were read for its rows, the lists for theirs, and so on. */
static void end_loops_below(struct row_loops_pool *pool, struct row_loops *s, unsigned outer,
                            struct row_loops_ended *ended)
{
        end_loops(pool, s, outer, ended);
        uint32_t gone = 1U << outer;
        uint32_t before = 0;
        while (gone != before) {
                before = gone;
                for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                        const struct row_parent *parent = s->parents[i];
                        if (parent != NULL && i != outer && parent->is_nested &&
                            (gone >> parent->outer & 1) != 0) {
                                drop_parent(pool, s, i, ended);
                                gone |= 1U << i;
                        }
                }
        }
}

/** End the loops that began after step @p step, and forget the lists that were read for rows since then. */
static void end_loops_since(struct row_loops_pool *pool, struct row_loops *s, uint64_t step,
                            struct row_loops_ended *ended)
{
        for (unsigned k = 0; k < ROW_LOOPS_SHAPES && s->n_shapes > 0; k++) {
                if (s->shapes[k] != NULL && s->shapes[k]->is_loop && s->shapes[k]->began > step) {
                        drop_shape(pool, s, k, ended);
                }
        }
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                if (s->parents[i] != NULL && s->parents[i]->is_nested && s->parents[i]->began > step) {
                        drop_parent(pool, s, i, ended);
                }
        }
}

/** Is a value of the statement in any parent? @p lists: also one that is in a list of several values; so it is always if the parent is
 * nested. */
static bool is_in_any(const struct row_loops *s, const struct statement_keys *keys, bool lists)
{
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                const struct row_parent *parent = s->parents[i];
                if (parent != NULL && (row_parent_has_any(parent, keys->at, keys->n) ||
                                       ((lists || parent->is_nested) &&
                                        row_parent_has_any(parent, keys->listed, keys->n_listed)))) {
                        return true;
                }
        }
        return false;
}

/** The rows of @p r may be gone through by what comes. @p seen is what was found of its values; NULL: it was not looked for. */
static void note_parent(struct row_loops_pool *pool, struct row_loops *s, const struct record *r,
                        const struct row_statement *stat, const struct statement_keys *keys,
                        const struct row_sighting *seen, struct row_loops_ended *ended)
{
        bool is_behind = seen != NULL && row_shape_may_be_behind(s->latest, s->parents);
        unsigned i = find_parent(s, stat->hash);
        bool is_known = i != ROW_LOOPS_PARENTS;
        bool is_nested = (seen != NULL && seen->outer != ROW_LOOPS_PARENTS) ||
                         (is_behind && is_known && s->parents[i]->is_nested);
        if (!is_behind && !is_in_any(s, keys, true)) {
                /* the next matter begins, unless the list is read in each round of a loop */
                end_loops_since(pool, s, is_known ? s->parents[i]->step : 0, ended);
        }
        if (!is_known) {
                i = take_parent(pool, s, ended);
                if (i == ROW_LOOPS_PARENTS) {
                        return;
                }
        }
        struct row_parent *parent = s->parents[i];
        bool begins =
            !is_known || !is_nested || (parent->is_nested && !row_sighting_goes_on(seen, s->parents, i));
        if (begins && is_known) {
                end_loops_below(pool, s, i, ended);
        }
        if (begins) {
                memset(parent, 0, sizeof *parent);
                memcpy(parent->hash, stat->hash, DIGEST_HASH);
                parent->began = s->steps;
                parent->outer = is_nested ? seen->outer : ROW_LOOPS_PARENTS;
        }
        parent->is_nested = is_nested;
        parent->step = s->steps;
        parent->used = s->steps;
        row_parent_add(parent, r->row_hashes, r->rows, keys);
}

/* --- shapes --------------------------------------------------------------------------------------------------------- */

/** @return ROW_LOOPS_SHAPES if there is none. */
static unsigned find_place(const struct row_loops *s, const uint8_t hash[DIGEST_HASH])
{
        unsigned i = 0;
        while (i < ROW_LOOPS_SHAPES && (s->shapes[i] == NULL || !is_same(s->shapes[i]->loop.hash, hash))) {
                i++;
        }
        return i;
}

/** @return NULL if there is none. */
static struct row_shape *find_shape(const struct row_loops *s, const uint8_t hash[DIGEST_HASH])
{
        unsigned i = find_place(s, hash);
        return i < ROW_LOOPS_SHAPES ? s->shapes[i] : NULL;
}

/** A free place, or that of the shape that has not been seen for the longest time: those that are no loop first. */
static unsigned take_shape_place(struct row_loops_pool *pool, struct row_loops *s,
                                 struct row_loops_ended *ended)
{
        unsigned best = 0;
        for (unsigned i = 0; i < ROW_LOOPS_SHAPES; i++) {
                if (s->shapes[i] == NULL) {
                        return i;
                }
                const struct row_shape *a = s->shapes[i];
                const struct row_shape *b = s->shapes[best];
                bool older = a->is_loop != b->is_loop ? b->is_loop : a->step < b->step;
                best = older ? i : best;
        }
        drop_shape(pool, s, best, ended);
        return best;
}

/** @return NULL if memory is out. */
static struct row_shape *add_shape(struct row_loops_pool *pool, struct row_loops *s, const struct record *r,
                                   const struct row_statement *stat, struct row_loops_ended *ended)
{
        unsigned i = take_shape_place(pool, s, ended);
        struct row_shape *shape = spare_blocks_take(&pool->shapes);
        if (shape == NULL) {
                return NULL;
        }
        memset(shape, 0, sizeof *shape);
        shape->loop = (struct row_loop){.writes = stat->shape.kind == SHAPE_WRITE,
                                        .first_seq_num = record_uint_if_any(r, FIELD_CONN_SEQ_NUM)};
        memcpy(shape->loop.hash, stat->hash, DIGEST_HASH);
        shape->parent = ROW_LOOPS_PARENTS;
        shape->began = s->steps;
        s->shapes[i] = shape;
        s->n_shapes++;
        return shape;
}

static void mark(const struct row_shape *shape, struct record *r, uint64_t count)
{
        record_add_finding(r, shape->loop.writes ? FINDING_IN_WRITE_LOOP : FINDING_N_PLUS_ONE);
        record_set_uint(r, FIELD_REPEATED, count);
}

/** One more statement of @p shape. */
static void count(struct row_loops_pool *pool, struct row_loops *s, struct row_shape *shape, struct record *r,
                  const struct row_statement *stat, const struct statement_keys *keys, uint64_t values,
                  const struct row_sighting *seen)
{
        bool chain = false;
        if (row_chain_fits(&stat->shape, keys)) {
                row_chain_add(&shape->chain, r, &stat->shape);
                chain = shape->chain.n >= pool->least;
        }
        bool is_found = seen->parents != 0;
        shape->step = s->steps;
        shape->values = values;
        shape->loop.count += is_found ? 1 : 0;
        shape->loose += is_found ? 0 : 1;
        shape->loop.sum_us += r->duration_us;
        shape->loop.conn_id = r->conn_id;
        shape->loop.mono_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        shape->loop.wall_ns = r->wall_ns + r->duration_us * CLOCK_US_NS;
        shape->loop.last_seq_num = record_uint_if_any(r, FIELD_CONN_SEQ_NUM);
        s->longest_us = r->duration_us > s->longest_us ? r->duration_us : s->longest_us;
        if (!shape->is_loop) {
                row_timeline_add(&shape->timeline, r->conn_id, r->mono_ns, keys);
                shape->parent =
                    row_shape_find_loop(shape, s->parents, s->shapes, ROW_LOOPS_SHAPES, pool->least);
                shape->is_loop = shape->parent != ROW_LOOPS_PARENTS || chain;
                shape->wants_example = shape->is_loop;
                s->n_loops += shape->is_loop ? 1 : 0;
        }
        const struct row_parent *parent =
            shape->parent < ROW_LOOPS_PARENTS ? s->parents[shape->parent] : NULL;
        bool follows = parent != NULL && row_parent_is_cut(parent);
        if (shape->is_loop && (is_found || chain || follows)) {
                uint64_t n = parent != NULL ? row_shape_count(shape, parent) : shape->chain.n;
                mark(shape, r, n);
        }
}

/** The chain of INSERTs of the shape in place @p i has ended. What is known of the shape is kept only if it may be a loop over rows, which
 *  @p goes_on. */
static void end_chain(struct row_loops_pool *pool, struct row_loops *s, unsigned i, bool goes_on,
                      struct row_loops_ended *ended)
{
        struct row_shape *shape = s->shapes[i];
        bool exceeds = row_shape_exceeds(shape, s->parents, shape->parent);
        bool is_over = shape->is_loop && (exceeds || !goes_on);
        if (!is_over) {
                shape->chain = (struct row_chain){.n = 0};
        }
        if (is_over || !row_shape_is_found_elsewhere(shape, ROW_LOOPS_PARENTS)) {
                drop_shape(pool, s, i, ended);
        }
}

/** @p r is an INSERT that fits in a chain: end the one before if that belongs to another transaction. @return the shape of @p r; NULL if
 *  there is none. */
static struct row_shape *enter_transaction(struct row_loops_pool *pool, struct row_loops *s,
                                           const struct record *r, const struct row_statement *stat,
                                           struct row_loops_ended *ended)
{
        unsigned i = find_place(s, stat->hash);
        if (i < ROW_LOOPS_SHAPES && row_chain_ends_before(&s->shapes[i]->chain, r, pool->least)) {
                end_chain(pool, s, i, false, ended);
        }
        return i < ROW_LOOPS_SHAPES ? s->shapes[i] : NULL;
}

/** What the newest single row has of the values of @p keys, if it came after the one that the last statement of @p shape had a value of: each
 *  explains one statement of a shape. */
static struct row_fresh take_single(const struct row_loops *s, struct row_shape *shape,
                                    const struct statement_keys *keys)
{
        struct row_fresh fresh = row_singles_find(&s->singles, shape->fresh, keys);
        shape->fresh = fresh.step > 0 ? fresh.step : shape->fresh;
        return fresh;
}

bool row_loops_see(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                   const struct row_statement *stat, const struct statement_keys *keys, uint64_t values,
                   struct row_loops_ended *ended)
{
        s->steps++;
        row_loops_see_other(pool, s, &stat->shape, ended);
        bool may_chain = row_chain_fits(&stat->shape, keys);
        struct row_shape *shape =
            may_chain ? enter_transaction(pool, s, r, stat, ended) : find_shape(s, stat->hash);
        struct row_sighting seen = {.outer = ROW_LOOPS_PARENTS};
        bool again = false, follows = false;
        if (shape == NULL && (is_in_any(s, keys, false) || may_chain)) {
                shape = add_shape(pool, s, r, stat, ended);
        }
        if (shape != NULL) {
                again = shape->step > 0 && shape->values == values;
                follows = again && shape->step + 1 == s->steps;
                shape->repeats = again ? shape->repeats + 1 : 0;
                shape->turns += again ? 0 : 1;
                struct row_fresh fresh = take_single(s, shape, keys);
                seen = row_sighting_see(s->parents, s->steps, shape, stat, keys, r->mono_ns, shape->repeats,
                                        &fresh);
                count(pool, s, shape, r, stat, keys, values, &seen);
        }
        s->latest = shape; /* before note_parent, which may drop it */
        s->use = row_sighting_use(&seen, shape, again, follows, keys->n);
        if (follows && s->use != ROW_USE_ROW && shape->repeats == 1) {
                shape->turns_again++;
        }
        if (r->row_hashes.len > 0 && stat->shape.kind == SHAPE_QUERY &&
            (r->rows >= 2 || seen.outer != ROW_LOOPS_PARENTS)) {
                note_parent(pool, s, r, stat, keys, &seen, ended);
        } else if (r->row_hashes.len > 0 && stat->shape.kind == SHAPE_QUERY && seen.parents == 0) {
                row_singles_add(&s->singles, s->steps, r);
        }
        return seen.parents != 0;
}

bool row_loops_see_elsewhere(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                             const struct row_statement *stat, const struct statement_keys *keys,
                             uint64_t values)
{
        if (s->n_parents == 0 || !is_in_any(s, keys, false)) {
                return false;
        }
        struct row_shape *shape = find_shape(s, stat->hash);
        if (shape == NULL) {
                shape = s->n_shapes < ROW_LOOPS_SHAPES ? add_shape(pool, s, r, stat, NULL) : NULL;
        }
        if (shape == NULL) {
                return false;
        }
        s->steps++;
        shape->loop.elsewhere++;
        static const struct row_fresh none = {.step = 0};
        struct row_sighting seen =
            row_sighting_see(s->parents, s->steps, shape, stat, keys, r->mono_ns, 0, &none);
        count(pool, s, shape, r, stat, keys, values, &seen);
        s->latest = shape;
        s->use = row_sighting_use(&seen, shape, false, false, keys->n);
        return true;
}

bool row_loops_have(const struct row_loops *s, const uint8_t hash[DIGEST_HASH])
{
        const struct row_shape *shape = s->n_shapes > 0 ? find_shape(s, hash) : NULL;
        return shape != NULL && shape->loop.count > 0;
}

bool row_loops_have_row(const struct row_loops *s, const uint8_t hash[DIGEST_HASH],
                        const struct statement_keys *keys)
{
        const struct row_shape *shape = s->n_shapes > 0 ? find_shape(s, hash) : NULL;
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                if (s->parents[i] != NULL &&
                    row_pair_has_row(shape != NULL ? &shape->pairs[i] : NULL, s->parents[i], keys)) {
                        return true;
                }
        }
        return false;
}

void row_loops_miss(struct row_loops *s, const uint8_t hash[DIGEST_HASH])
{
        struct row_shape *shape = find_shape(s, hash);
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS && shape != NULL; i++) {
                shape->pairs[i].count += shape->pairs[i].count > 0 ? 1 : 0;
        }
}

void row_loops_see_list(struct row_loops_pool *pool, struct row_loops *s, const struct record *r,
                        const struct row_statement *stat, const struct statement_keys *keys,
                        struct row_loops_ended *ended)
{
        s->steps++;
        row_loops_see_other(pool, s, &stat->shape, ended);
        note_parent(pool, s, r, stat, keys, NULL, ended);
}

void row_loops_see_other(struct row_loops_pool *pool, struct row_loops *s, const struct shape *shape,
                         struct row_loops_ended *ended)
{
        for (unsigned i = 0; i < ROW_LOOPS_SHAPES && s->n_shapes > 0; i++) {
                struct row_shape *insert = s->shapes[i];
                if (insert != NULL && row_chain_ends_at(&insert->chain, shape)) {
                        end_chain(pool, s, i, true, ended);
                }
        }
}

/* --- examples ------------------------------------------------------------------------------------------------------- */

void row_loops_keep_example(struct row_loops *s, const struct record *r)
{
        struct row_shape *shape = s->latest;
        if (shape != NULL && shape->wants_example) {
                shape->wants_example = false;
                shape->loop.example = example_of(r);
        }
}
