#include "journal/enrich/row_sighting.h"

enum {
        TURNS_MIN = 3,  /* so many values that were asked again are a habit of the application */
        AGAIN_KEYS = 4, /* of more values of one statement, one is in some row by chance */
};

/** Is @p parent a result of the statement @p stat itself? */
static bool is_of(const struct row_parent *parent, const struct row_statement *stat)
{
        return memcmp(parent->hash, stat->hash, DIGEST_HASH) == 0;
}

/** Can a statement with the shape @p shape go through the rows that it returned itself? Those that read on by a range can't. */
static bool may_be_parent(const struct row_parent *parent, const struct row_statement *stat)
{
        return !(stat->shape.is_range && is_of(parent, stat));
}

/** Has a single row that was read after @p parent all of the values of @p keys that are in rows of @p parent? */
static bool is_fresh(const struct row_fresh *fresh, const struct row_parent *parent,
                     const struct statement_keys *keys)
{
        bool has_all = fresh->step > parent->step;
        for (unsigned i = 0; i < keys->n && has_all; i++) {
                has_all = (fresh->keys >> i & 1) != 0 || !row_parent_has_any(parent, &keys->at[i], 1);
        }
        return has_all;
}

struct row_sighting row_sighting_see(struct row_parent *const parents[ROW_LOOPS_PARENTS], uint64_t step,
                                     struct row_shape *shape, const struct row_statement *stat,
                                     const struct statement_keys *keys, uint64_t mono_ns, unsigned repeats,
                                     const struct row_fresh *fresh)
{
        struct row_sighting seen = {.outer = ROW_LOOPS_PARENTS};
        enum row_pair_took outer = ROW_PAIR_USED;
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                struct row_parent *parent = parents[i];
                struct row_pair *pair = &shape->pairs[i];
                if (parent == NULL || !may_be_parent(parent, stat)) {
                        continue;
                }
                enum row_pair_took took = row_pair_take_any(pair, parent, keys, mono_ns, repeats > 0);
                seen.may_be_behind = seen.may_be_behind || row_pair_is_behind(pair, parent);
                if (repeats > 1 && took < ROW_PAIR_ANY_ROW) { /* two rows may have one value */
                        continue;                             /* it was asked again: that is no further row */
                }
                pair->count++;
                if (took != ROW_PAIR_NONE) {
                        pair->found++;
                        pair->took += took > ROW_PAIR_USED ? 1 : 0;
                        pair->fresh += is_fresh(fresh, parent, keys) ? 1 : 0;
                        pair->count_at = pair->count;
                        parent->used = step;
                        seen.parents |= 1U << i;
                        seen.best = took > seen.best ? took : seen.best;
                        seen.is_news = seen.is_news || (took >= ROW_PAIR_ROW && parent->step > shape->step);
                        seen.further |= (uint32_t)(took > ROW_PAIR_USED) << i;
                        if (took > outer && !is_of(parent, stat)) {
                                outer = took;
                                seen.outer = i;
                        }
                }
        }
        return seen;
}

/** Have all statements of @p shape been executed again, whichever row they were for? */
static bool asks_again(const struct row_shape *shape)
{
        return shape != NULL && shape->turns > TURNS_MIN && shape->turns_again + 1 == shape->turns;
}

enum row_use row_sighting_use(const struct row_sighting *seen, const struct row_shape *shape, bool again,
                              bool follows, unsigned n)
{
        bool is_habit = again && asks_again(shape);
        bool is_same_next = seen->best == ROW_PAIR_SAME_NEXT && !is_habit;
        if (again && !is_same_next && !seen->is_news) {
                return follows && (!seen->may_be_behind || is_habit) ? ROW_USE_AGAIN : ROW_USE_NONE;
        }
        bool by_chance = again && n > AGAIN_KEYS;
        return !by_chance && seen->best >= ROW_PAIR_ROW ? ROW_USE_ROW : ROW_USE_NONE;
}

bool row_sighting_goes_on(const struct row_sighting *seen,
                          struct row_parent *const parents[ROW_LOOPS_PARENTS], unsigned i)
{
        const struct row_parent *parent = parents[i];
        const struct row_parent *outer = seen->outer < ROW_LOOPS_PARENTS ? parents[seen->outer] : NULL;
        bool is_next = outer != NULL && !outer->is_nested && outer->began > parent->began;
        return !is_next || (parent->outer < ROW_LOOPS_PARENTS && (seen->further >> parent->outer & 1) != 0);
}
