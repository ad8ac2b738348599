#include "journal/enrich/row_pair.h"

enum {
        VALUES_MIN = 3, /* different ones: the same value again and again is no loop over rows */
        EACH_MAX = 4,   /* statements of one shape for each row: an author and an editor */
        MANY = 20,      /* statements that are no chance, even if most rows have none: a fifth is enough */
        MANY_OF = 5,
        NEAR = 8, /* rows between two statements that run at the same time */
        NEXT = 2,
        VARIED = 4, /* so many rows for each of the different values of a column, at most */
};

static void note_order(struct row_pair *pair, unsigned column, unsigned row)
{
        unsigned last = pair->last[column];
        if ((row > last ? row - last : last - row) <= NEAR) {
                pair->near[column]++;
        }
        pair->last[column] = (uint8_t)row;
}

/** Which is @p row, which was not used yet? It is the turn of a row although up to NEXT before it were not used: what is known already is
 *  not asked. Columns with few different values, such as kinds and flags, do not tell rows apart. */
static enum row_pair_took which_row(const struct row_pair *pair, struct row_parent *parent, unsigned column,
                                    unsigned row)
{
        unsigned distinct = row_parent_distinct(parent, column);
        unsigned skipped = 0;
        for (unsigned i = 0; i < row; i++) {
                bool is_used = (pair->used[column] >> i & 1) != 0;
                skipped += !is_used && parent->at[column][i] != 0 ? 1 : 0;
        }
        if (skipped <= NEXT && distinct >= VALUES_MIN) {
                return ROW_PAIR_NEXT_ROW;
        }
        return distinct * VARIED >= parent->n ? ROW_PAIR_ROW : ROW_PAIR_ANY_ROW;
}

enum row_pair_took row_pair_take(struct row_pair *pair, struct row_parent *parent, uint32_t hash)
{
        enum row_pair_took took = ROW_PAIR_NONE;
        for (unsigned column = 0; column < parent->columns; column++) {
                uint32_t rows = row_parent_find(parent, column, hash);
                uint32_t unused = rows & ~pair->used[column];
                enum row_pair_took here = rows != 0 ? ROW_PAIR_USED : ROW_PAIR_NONE;
                if (unused != 0) {
                        unsigned row = (unsigned)__builtin_ctz(unused);
                        here = which_row(pair, parent, column, row);
                        if ((rows & pair->used[column]) == 0) {
                                pair->values[column]++;
                        }
                        pair->rows[column]++;
                        pair->used[column] |= 1U << row;
                        note_order(pair, column, row);
                }
                took = here > took ? here : took;
        }
        return took;
}

static bool is_covered(const struct row_pair *pair, struct row_parent *parent, unsigned column,
                       uint64_t count)
{
        unsigned distinct = row_parent_distinct(parent, column);
        unsigned values = pair->values[column];
        return values * 2U >= distinct || (count >= MANY && values * MANY_OF >= distinct);
}

bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent, unsigned least, uint64_t count,
                      bool in_order)
{
        unsigned values = least < VALUES_MIN ? least : VALUES_MIN;
        if (pair->found < least || pair->found * 4 < pair->count_at * 3 ||
            (pair->found * 4 < pair->count * 3 && !row_parent_is_cut(parent)) ||
            pair->count > parent->rows * EACH_MAX) {
                return false;
        }
        for (unsigned column = 0; column < parent->columns; column++) {
                bool ordered = !in_order || pair->near[column] * 4 >= pair->rows[column] * 3;
                if (ordered && pair->rows[column] >= least && pair->values[column] >= values &&
                    is_covered(pair, parent, column, count)) {
                        return true;
                }
        }
        return false;
}

unsigned row_pair_rows(const struct row_pair *pair)
{
        unsigned most = 0;
        for (unsigned column = 0; column < ROW_HASHES_COLUMNS; column++) {
                most = pair->rows[column] > most ? pair->rows[column] : most;
        }
        return most;
}
