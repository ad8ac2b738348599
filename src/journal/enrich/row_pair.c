#include "journal/enrich/row_pair.h"

enum {
        VALUES_MIN = 3, /* different ones: the same value again and again is no loop over rows */
        EACH_MAX = 4,   /* statements of one shape for each row: an author and an editor */
        MANY = 20,      /* statements that are no chance, even if most rows have none: a fifth is enough */
        MANY_OF = 5,
        NEAR = 8, /* rows between two statements that run at the same time */
};

static void note_order(struct row_pair *pair, unsigned column, unsigned row)
{
        unsigned last = pair->last[column];
        if ((row > last ? row - last : last - row) <= NEAR) {
                pair->near[column]++;
        }
        pair->last[column] = (uint8_t)row;
}

bool row_pair_take(struct row_pair *pair, const struct row_parent *parent, uint32_t hash, bool *is_there)
{
        bool took = false;
        for (unsigned column = 0; column < parent->columns; column++) {
                uint32_t rows = row_parent_find(parent, column, hash);
                uint32_t unused = rows & ~pair->used[column];
                *is_there = *is_there || rows != 0;
                if (unused != 0) {
                        took = true;
                        if ((rows & pair->used[column]) == 0) {
                                pair->values[column]++;
                        }
                        pair->rows[column]++;
                        pair->used[column] |= unused & (~unused + 1);
                        note_order(pair, column, (unsigned)__builtin_ctz(unused));
                }
        }
        return took;
}

static bool is_covered(const struct row_pair *pair, const struct row_parent *parent, unsigned column,
                       uint64_t count)
{
        unsigned distinct = row_parent_distinct(parent, column);
        unsigned values = pair->values[column];
        return values * 2U >= distinct || (count >= MANY && values * MANY_OF >= distinct);
}

bool row_pair_is_loop(const struct row_pair *pair, const struct row_parent *parent, unsigned least,
                      uint64_t count, bool in_order)
{
        unsigned values = least < VALUES_MIN ? least : VALUES_MIN;
        if (pair->found < least || pair->found * 4 < pair->count_at * 3 ||
            (pair->found * 4 < pair->count * 3 && !row_parent_is_cut(parent)) ||
            pair->count > parent->rows * EACH_MAX) {
                return false;
        }
        for (unsigned column = 0; column < parent->columns; column++) {
                bool ordered = !in_order || pair->near[column] * 10 >= pair->rows[column] * 9;
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
