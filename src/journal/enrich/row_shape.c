#include "journal/enrich/row_shape.h"

uint64_t row_shape_count(const struct row_shape *shape, const struct row_parent *parent)
{
        return shape->loop.count + (row_parent_is_cut(parent) ? shape->loose : 0);
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
        return share != than ? share > than : parents[a]->step > parents[b]->step;
}

unsigned row_shape_find_loop(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS], unsigned least)
{
        unsigned best = ROW_LOOPS_PARENTS;
        for (unsigned i = 0; i < ROW_LOOPS_PARENTS; i++) {
                struct row_parent *parent = parents[i];
                if (parent != NULL &&
                    row_pair_is_loop(&shape->pairs[i], parent, least, row_shape_count(shape, parent),
                                     shape->loop.elsewhere > 0) &&
                    (best == ROW_LOOPS_PARENTS || is_better(shape, parents, i, best))) {
                        best = i;
                }
        }
        return best;
}
