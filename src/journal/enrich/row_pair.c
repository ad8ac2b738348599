#include "journal/enrich/row_pair.h"

#include "base/clock.h"

enum {
        VALUES_MIN = 3, /* different ones: the same value again and again is no loop over rows */
        EACH_MAX = 4,   /* statements of one shape for each row: an author and an editor */
        MANY = 20,      /* statements that are no chance, even if most rows have none: a fifth is enough */
        MANY_OF = 5,
        NEAR = 8, /* rows between two statements that run at the same time */
        NEXT = 2,
        ELSEWHERE = 2,   /* more statements than usual make a loop over several sessions */
        VARIED = 4,      /* so many rows for each of the different values of a column, at most */
        VARIED_NEXT = 8, /* the same of rows one behind the other */
};

/* Statements that begin at almost the same time have no order that the proxy could see. */
#define MEANWHILE_NS (200 * CLOCK_US_NS)

/** Workers may be at different places of a list, a few rows apart. In a short list everything is near: there, statements have to begin in
 *  the order of the rows (they are seen when they end). */
static void note_order(struct row_pair *pair, const struct row_parent *parent, unsigned column, unsigned row,
                       uint64_t mono_ns)
{
        unsigned last = pair->last[column];
        uint64_t last_ns = pair->last_ns[column];
        bool is_later = mono_ns > last_ns;
        bool is_meanwhile = (is_later ? mono_ns - last_ns : last_ns - mono_ns) < MEANWHILE_NS;
        bool in_order = parent->n > 2 * NEAR || is_meanwhile || (row > last) == is_later;
        if ((row > last ? row - last : last - row) <= NEAR && in_order) {
                pair->near[column]++;
        }
        pair->last[column] = (uint8_t)row;
        pair->last_ns[column] = mono_ns;
}

/** Is @p row the next one behind the row that was used last, both with the value @p hash? */
static bool is_same_next(const struct row_pair *pair, const struct row_parent *parent, unsigned column,
                         unsigned row, uint32_t hash)
{
        unsigned next = pair->last[column] + 1U;
        while (next < row && parent->at[column][next] == 0) {
                next++;
        }
        return next == row && pair->rows[column] > 0 && parent->at[column][pair->last[column]] == hash;
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
                bool is_same = distinct * VARIED_NEXT >= parent->n &&
                               is_same_next(pair, parent, column, row, parent->at[column][row]);
                return is_same ? ROW_PAIR_SAME_NEXT : ROW_PAIR_NEXT_ROW;
        }
        return distinct * VARIED >= parent->n ? ROW_PAIR_ROW : ROW_PAIR_ANY_ROW;
}

/** Mark a row of @p parent with the value @p hash as used, in each column that has the value. @return the best match of all columns. */
static enum row_pair_took take(struct row_pair *pair, struct row_parent *parent, uint32_t hash,
                               uint64_t mono_ns)
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
                        note_order(pair, parent, column, row, mono_ns);
                }
                took = here > took ? here : took;
        }
        return took;
}

enum row_pair_took row_pair_take_any(struct row_pair *pair, struct row_parent *parent, const uint32_t *hashes,
                                     unsigned n, uint64_t mono_ns)
{
        enum row_pair_took best = ROW_PAIR_NONE;
        for (unsigned i = 0; i < n; i++) {
                if (row_parent_may_have(parent, hashes[i])) {
                        enum row_pair_took took = take(pair, parent, hashes[i], mono_ns);
                        best = took > best ? took : best;
                }
        }
        return best;
}

/** Rows of one column that this shape and others use in turn, such as objects of several kinds, are those of all of them. */
static bool is_covered(const struct row_pair *pair, struct row_parent *parent, unsigned column,
                       const struct row_pair_case *what)
{
        unsigned distinct = row_parent_distinct(parent, column);
        unsigned values = pair->values[column];
        if (values * 2U >= distinct || (what->count >= MANY && values * MANY_OF >= distinct)) {
                return true;
        }
        unsigned shared = what->shared != NULL ? (unsigned)__builtin_popcount(what->shared[column]) : 0;
        return shared > 0 && (pair->rows[column] + shared) * 2U >= parent->n;
}

/** Were rows of a list used by statements of several sessions as a loop does it, and not as chance? */
static bool is_in_turn(const struct row_pair *pair, unsigned column, unsigned least)
{
        return pair->near[column] * 4U >= pair->rows[column] * 3U &&
               pair->rows[column] >= least + ELSEWHERE && pair->took * 4 >= pair->found * 3;
}

bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent,
                      const struct row_pair_case *what)
{
        unsigned least = what->least;
        unsigned values = least < VALUES_MIN ? least : VALUES_MIN;
        if (pair->fresh * 2 > pair->found) {
                return false; /* the values are from these rows, and in the result by chance */
        }
        if (pair->found < least || pair->found * 4 < pair->count_at * 3 ||
            (pair->found * 4 < pair->count * 3 && !row_parent_is_cut(parent)) ||
            pair->count > parent->rows * EACH_MAX) {
                return false;
        }
        for (unsigned column = 0; column < parent->columns; column++) {
                if (pair->rows[column] >= least && pair->values[column] >= values &&
                    (!what->elsewhere || is_in_turn(pair, column, least)) &&
                    is_covered(pair, parent, column, what)) {
                        return true;
                }
        }
        return false;
}

bool row_pair_is_behind(const struct row_pair *pair, const struct row_parent *parent)
{
        bool is_behind = false;
        for (unsigned column = 0; column < parent->columns && row_parent_is_cut(parent); column++) {
                is_behind =
                    is_behind || (pair->rows[column] > 0 && pair->last[column] + NEXT + 1U >= parent->n);
        }
        return is_behind;
}

unsigned row_pair_column(const struct row_pair *pair)
{
        unsigned best = 0;
        for (unsigned column = 1; column < ROW_HASHES_COLUMNS; column++) {
                best = pair->rows[column] > pair->rows[best] ? column : best;
        }
        return best;
}

unsigned row_pair_rows(const struct row_pair *pair)
{
        return pair->rows[row_pair_column(pair)];
}
