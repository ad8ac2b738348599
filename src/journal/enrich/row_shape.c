#include "journal/enrich/row_shape.h"

uint64_t row_shape_count(const struct row_shape *shape, const struct row_parent *parent)
{
        return shape->loop.count + (row_parent_is_cut(parent) ? shape->loose : 0);
}

bool row_shape_is_found_elsewhere(const struct row_shape *shape, unsigned i)
{
        bool found = shape->chain.n > 0;
        for (unsigned k = 0; k < ROW_LOOPS_PARENTS; k++) {
                found = found || (k != i && shape->pairs[k].found > 0);
        }
        return found;
}

static bool is_much_more(uint64_t a, uint64_t b)
{
        return a * 8 > b * 9;
}

/** Is the loop over @p a a better explanation than the one over @p b: more statements with a value, or many more with one of a further row,
 *  or more of its rows (of those that are known), or a more recent one? */
static bool is_better(const struct row_shape *shape, struct row_parent *const parents[ROW_LOOPS_PARENTS],
                      unsigned a, unsigned b)
{
        const struct row_pair *one = &shape->pairs[a];
        const struct row_pair *other = &shape->pairs[b];
        if (one->found != other->found) {
                return one->found > other->found;
        }
        if (is_much_more(one->took, other->took) || is_much_more(other->took, one->took)) {
                return one->took > other->took;
        }
        unsigned share = row_pair_rows(one) * parents[b]->n;
        unsigned than = row_pair_rows(other) * parents[a]->n;
        if (share != than) {
                return share > than;
        }
        if (parents[a]->is_nested &&
            parents[b]->is_nested) { /* they come in turn: what identifies a row is in front */
                return row_pair_column(one) < row_pair_column(other);
        }
        return parents[a]->step > parents[b]->step;
}

/** For each column, the rows of parent @p i that others of @p n_others shapes used and @p shape did not. Shapes that also used rows of
 *  @p shape do not count: they are loops over the list themselves. */
static void find_shared(const struct row_shape *shape, struct row_shape *const *others, unsigned n_others,
                        unsigned i, uint32_t shared[ROW_HASHES_COLUMNS])
{
        memset(shared, 0, ROW_HASHES_COLUMNS * sizeof shared[0]);
        for (unsigned k = 0; k < n_others; k++) {
                const struct row_shape *other = others[k];
                for (unsigned column = 0; column < ROW_HASHES_COLUMNS && other != NULL && other != shape;
                     column++) {
                        uint32_t used = other->pairs[i].used[column];
                        shared[column] |= (used & shape->pairs[i].used[column]) == 0 ? used : 0;
                }
        }
}

/** Was the result @p parent read for each row of another one? Not if most executions of its statement were for no row of that, and some had
 *  values of its rows by chance. */
static bool is_for_each_row(const struct row_parent *parent,
                            struct row_parent *const parents[ROW_LOOPS_PARENTS],
                            struct row_shape *const *shapes, unsigned n_shapes)
{
        if (!parent->is_nested || parent->outer == ROW_LOOPS_PARENTS ||
            row_parent_is_cut(parents[parent->outer])) {
                return true;
        }
        for (unsigned k = 0; k < n_shapes; k++) {
                if (shapes[k] != NULL && memcmp(shapes[k]->loop.hash, parent->hash, DIGEST_HASH) == 0) {
                        const struct row_pair *pair = &shapes[k]->pairs[parent->outer];
                        return pair->found * 4 >= pair->count * 3;
                }
        }
        return true;
}

unsigned row_shape_find_loop(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS],
                             struct row_shape *const *others, unsigned n_others, unsigned least)
{
        unsigned best = ROW_LOOPS_PARENTS;
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                if (parents[i] == NULL || !is_for_each_row(parents[i], parents, others, n_others)) {
                        continue;
                }
                struct row_pair_case what = {.least = least,
                                             .count = row_shape_count(shape, parents[i]),
                                             .elsewhere =
                                                 shape->loop.elsewhere > 0 ? &shape->timeline : NULL};
                bool is_loop = row_pair_is_loop(&shape->pairs[i], parents[i], &what);
                uint32_t shared[ROW_HASHES_COLUMNS];
                if (!is_loop && shape->pairs[i].found >= least && what.elsewhere == NULL) {
                        find_shared(shape, others, n_others, i, shared);
                        what.shared = shared;
                        is_loop = row_pair_is_loop(&shape->pairs[i], parents[i], &what);
                }
                if (is_loop && (best == ROW_LOOPS_PARENTS || is_better(shape, parents, i, best))) {
                        best = i;
                }
        }
        return best;
}

bool row_shape_exceeds(const struct row_shape *shape, struct row_parent *const parents[ROW_LOOPS_PARENTS],
                       unsigned best)
{
        return best == ROW_LOOPS_PARENTS ||
               (shape->pairs[best].found < shape->chain.n && !row_parent_is_cut(parents[best]));
}

bool row_shape_may_be_behind(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS])
{
        bool has_result = shape != NULL && shape->is_loop && shape->parent < ROW_LOOPS_PARENTS;
        return has_result && row_parent_is_cut(parents[shape->parent]);
}
