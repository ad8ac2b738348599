#include "journal/enrich/row_pair.h"

#include "base/clock.h"

enum {
        VALUES_MIN = 3, /* different ones: the same value again and again is no loop over rows */
        EACH_MAX = 4,   /* statements of one shape for each row: an author and an editor */
        MANY = 20,      /* statements that are no chance, even if most rows have none: a fifth is enough */
        MANY_OF = 5,
        NEAR = 8,    /* rows between two statements that run at the same time, … */
        NEAR_OF = 4, /* … at most this part of the rows */
        SHORT = 16,  /* in so few rows, those that run at the same time may be for any of them */
        NEXT = 2,
        EACH_ONCE = 12,  /* values, each of which is asked once: so many are no chance */
        MORE = 2,        /* statements than usual make a loop over several sessions, or columns */
        VARIED = 4,      /* so many rows for each of the different values of a column, at most */
        VARIED_NEXT = 8, /* the same of rows one behind the other */
};

/* Statements that begin at almost the same time have no order that the proxy could see. */
#define MEANWHILE_NS (200 * CLOCK_US_NS)

#define NO_ROW ROW_HASHES_ROWS

/** What one statement has of the rows of a result. */
struct match {
        enum row_pair_took took; /* the best of all */
        uint32_t hits;           /* the columns that have one of its values, a bit for each */
        uint32_t near;           /* those where it is for one of the next rows */
        unsigned next;  /* the place of the statement before, or the next one behind it, or NO_ROW; */
        unsigned ahead; /* any place behind it, or NO_ROW; */
        unsigned first; /* the first of all places */
        /* the same for each column: */
        uint8_t column_ahead[ROW_HASHES_COLUMNS];
        uint8_t column_first[ROW_HASHES_COLUMNS];
};

/** The number of rows from @p from to the one before @p to that have a value and are not among @p known. */
static unsigned count_rows(const struct row_parent *parent, unsigned column, unsigned from, unsigned to,
                           uint32_t known)
{
        unsigned n = 0;
        for (unsigned i = from; i < to; i++) {
                n += (known >> i & 1) == 0 && parent->at[column][i] != 0 ? 1 : 0;
        }
        return n;
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
        unsigned skipped = count_rows(parent, column, 0, row, pair->used[column]);
        if (skipped <= NEXT && distinct >= VALUES_MIN) {
                bool is_same = distinct * VARIED_NEXT >= parent->n &&
                               is_same_next(pair, parent, column, row, parent->at[column][row]);
                return is_same ? ROW_PAIR_SAME_NEXT : ROW_PAIR_NEXT_ROW;
        }
        return distinct * VARIED >= parent->n ? ROW_PAIR_ROW : ROW_PAIR_ANY_ROW;
}

/** Is @p row one of the next ones, from the first one that was used on? @p known rows are not passed over. Statements that began at almost
 *  the same time have no order: any row of a short list may be next then. */
static bool is_near(const struct row_pair *pair, struct row_parent *parent, unsigned column, unsigned row,
                    uint32_t known, uint64_t mono_ns)
{
        unsigned near = row_parent_distinct(parent, column) / NEAR_OF;
        unsigned first = pair->used[column] != 0 ? (unsigned)__builtin_ctz(pair->used[column]) : row;
        unsigned skipped = row > first ? count_rows(parent, column, first, row, known)
                                       : count_rows(parent, column, row, first, known);
        bool is_meanwhile = mono_ns - pair->last_ns[column] < MEANWHILE_NS;
        return skipped <= (near < NEAR ? near : NEAR) || (parent->n <= SHORT && is_meanwhile);
}

/** Use @p row, which has a value of the statement. An application that knows a value already does not ask for it: if the value @p is_new,
 *  rows with other values that were asked are not passed over. */
static void use_row(struct row_pair *pair, struct row_parent *parent, unsigned column, unsigned row,
                    bool is_new, uint64_t mono_ns, struct match *m)
{
        enum row_pair_took took = which_row(pair, parent, column, row);
        uint32_t known = is_new ? pair->asked[column] : pair->used[column];
        m->took = took > m->took ? took : m->took;
        m->near |= (uint32_t)is_near(pair, parent, column, row, known, mono_ns) << column;
        if (is_new) {
                pair->values[column]++;
        }
        pair->rows[column]++;
        pair->used[column] |= 1U << row;
        pair->last[column] = (uint8_t)row;
        pair->last_ns[column] = mono_ns;
}

/** The first of @p rows from @p from on; NO_ROW if there is none. */
static unsigned first_from(uint32_t rows, unsigned from)
{
        uint64_t left = (uint64_t)rows >> from << from;
        return left != 0 ? (unsigned)__builtin_ctzll(left) : NO_ROW;
}

static unsigned least_of(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/** A value of the statement, which @p is_new, is in @p rows of @p column: where is that in the order of the rows? */
static void note_order(const struct row_pair *pair, const struct row_parent *parent, unsigned column,
                       uint32_t rows, bool is_new, struct match *m)
{
        unsigned first = first_from(rows, 0);
        unsigned ahead = first_from(rows, pair->passed[column]);
        m->column_ahead[column] = (uint8_t)least_of(m->column_ahead[column], ahead);
        m->column_first[column] = (uint8_t)least_of(m->column_first[column], first);
        m->first = least_of(m->first, first);
        unsigned row = first_from(rows, pair->place);
        uint32_t known = is_new ? pair->asked[column] : 0;
        if (row != NO_ROW && count_rows(parent, column, pair->place + 1U, row, known) == 0) {
                m->next = least_of(m->next, row);
        }
        m->ahead = least_of(m->ahead, row);
}

/** A row is used in each column that has the value @p hash. */
static void take(struct row_pair *pair, struct row_parent *parent, uint32_t hash, uint64_t mono_ns,
                 struct match *m)
{
        for (unsigned column = 0; column < parent->columns; column++) {
                uint32_t rows = row_parent_find(parent, column, hash);
                uint32_t unused = rows & ~pair->used[column];
                if (rows == 0) {
                        continue;
                }
                bool is_new = (rows & pair->asked[column]) == 0;
                m->hits |= 1U << column;
                m->took = m->took == ROW_PAIR_NONE ? ROW_PAIR_USED : m->took;
                note_order(pair, parent, column, rows, is_new, m);
                if (unused != 0) {
                        use_row(pair, parent, column, (unsigned)__builtin_ctz(unused), is_new, mono_ns, m);
                }
                pair->asked[column] |= rows;
        }
}

/** Count what a statement that is found has of the rows. What is not in order is where the order begins again. */
static void count_turn(struct row_pair *pair, const struct match *m)
{
        bool is_next = pair->turns == 0 || m->next != NO_ROW;
        unsigned place = m->next != NO_ROW ? m->next : m->ahead;
        pair->place = (uint8_t)(pair->turns == 0 || place == NO_ROW ? m->first : place);
        pair->turns++;
        pair->next += is_next ? 1 : 0;
        for (uint32_t left = m->hits; left != 0; left &= left - 1) {
                unsigned column = (unsigned)__builtin_ctz(left);
                bool ascends = m->column_ahead[column] != NO_ROW;
                if (pair->hits[column] < UINT16_MAX) {
                        pair->hits[column]++;
                        pair->ascend[column] = (uint16_t)(pair->ascend[column] + (ascends ? 1 : 0));
                }
                if ((m->near >> column & 1) != 0) {
                        pair->near[column]++;
                }
                unsigned row = ascends ? m->column_ahead[column] : m->column_first[column];
                pair->passed[column] = (uint8_t)(row + 1);
        }
}

enum row_pair_took row_pair_take_any(struct row_pair *pair, struct row_parent *parent,
                                     const struct statement_keys *keys, uint64_t mono_ns, bool repeats)
{
        struct match m = {.took = ROW_PAIR_NONE, .next = NO_ROW, .ahead = NO_ROW, .first = NO_ROW};
        memset(m.column_ahead, NO_ROW, sizeof m.column_ahead);
        memset(m.column_first, NO_ROW, sizeof m.column_first);
        for (unsigned i = 0; i < keys->n; i++) {
                if (row_parent_may_have(parent, keys->at[i])) {
                        take(pair, parent, keys->at[i], mono_ns, &m);
                }
        }
        /* all rows of one round at once: still a statement for each round */
        for (unsigned i = 0; i < keys->n_listed && parent->is_nested; i++) {
                if (row_parent_may_have(parent, keys->listed[i])) {
                        take(pair, parent, keys->listed[i], mono_ns, &m);
                }
        }
        if (m.took != ROW_PAIR_NONE && !repeats) {
                count_turn(pair, &m);
        }
        return m.took;
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

/** Are @p n of @p all nearly all? Of a few, all have to be. */
static bool are_nearly_all(uint64_t n, uint64_t all)
{
        return n * 8 >= all * 7;
}

/** The statements that have values of columns, at least @p least of each, whose rows were used in ascending order. */
static unsigned count_ascending(const struct row_pair *pair, const struct row_parent *parent, unsigned least)
{
        unsigned n = 0;
        for (unsigned column = 0; column < parent->columns; column++) {
                unsigned hits = pair->hits[column];
                n += hits >= least && are_nearly_all(pair->ascend[column], hits) ? hits : 0;
        }
        return n;
}

/** Were the rows used as a loop does it, most of them by values of @p column or of several columns, and not as chance? */
static bool is_in_turn(const struct row_pair *pair, struct row_parent *parent, unsigned column,
                       unsigned least)
{
        unsigned hits = pair->hits[column];
        bool has_most = hits * 4U >= pair->turns * 3;
        unsigned values = pair->values[column];
        bool are_most = has_most && values * 6 >= row_parent_distinct(parent, column) * 5;
        return (are_nearly_all(pair->next, pair->turns) && pair->turns >= least + MORE) ||
               count_ascending(pair, parent, least) * 4U >= pair->turns * 3 ||
               (are_most && are_nearly_all(values, hits));
}

static void take_moment(struct row_pair *pair, struct row_parent *parent, const struct row_moment *moment)
{
        struct statement_keys keys;
        keys.n = moment->n;
        keys.n_listed = 0;
        memcpy(keys.at, moment->keys, moment->n * sizeof keys.at[0]);
        (void)row_pair_take_any(pair, parent, &keys, moment->mono_ns, false);
}

/** What the statements of @p line have to do with the rows of @p parent. */
static struct row_pair sort(struct row_parent *parent, const struct row_timeline *line)
{
        struct row_pair sorted = {.count = 0};
        for (unsigned i = 0; i < line->n; i++) {
                take_moment(&sorted, parent, &line->at[i]);
        }
        return sorted;
}

/** The statements of @p line for a row of @p column behind that of the one before in their own session. */
static unsigned count_ascending_apart(struct row_parent *parent, const struct row_timeline *line,
                                      unsigned column)
{
        bool is_taken[ROW_TIMELINE] = {false};
        unsigned n = 0;
        for (unsigned i = 0; i < line->n; i++) {
                struct row_pair part = {.count = 0};
                for (unsigned k = i; k < line->n && !is_taken[i]; k++) {
                        if (line->at[k].conn_id == line->at[i].conn_id) {
                                take_moment(&part, parent, &line->at[k]);
                                is_taken[k] = k > i;
                        }
                }
                n += part.ascend[column];
        }
        return n;
}

/** Does each session go through a part of the rows at its own speed, so that they ask each value once together? */
static bool are_parts(const struct row_pair *sorted, struct row_parent *parent,
                      const struct row_timeline *line, unsigned column)
{
        unsigned hits = sorted->hits[column];
        unsigned values = sorted->values[column];
        return values >= EACH_ONCE && values * 6 >= row_parent_distinct(parent, column) * 5 &&
               are_nearly_all(values, hits) &&
               are_nearly_all(count_ascending_apart(parent, line, column), hits);
}

/** The same as is_in_turn of the statements of several sessions, @p sorted by time: they run at the same time, a few rows apart or each in a
 *  part of them. */
static bool is_almost_in_turn(const struct row_pair *sorted, struct row_parent *parent,
                              const struct row_timeline *line, unsigned column, unsigned least)
{
        unsigned hits = sorted->hits[column];
        bool has_most = hits * 4U >= sorted->turns * 3;
        return sorted->rows[column] >= least + MORE &&
               (are_nearly_all(sorted->next, sorted->turns) ||
                (has_most &&
                 (are_nearly_all(sorted->near[column], hits) || are_parts(sorted, parent, line, column))));
}

/** Is there a column whose rows were used by enough different values, which cover it, and in turn? */
static bool has_column(const struct row_pair *pair, struct row_parent *parent,
                       const struct row_pair_case *what)
{
        unsigned least = what->least;
        unsigned values = least < VALUES_MIN ? least : VALUES_MIN;
        struct row_pair sorted = {.turns = 0};
        for (unsigned column = 0; column < parent->columns; column++) {
                if (pair->rows[column] < least || pair->values[column] < values ||
                    !is_covered(pair, parent, column, what)) {
                        continue;
                }
                if (what->elsewhere != NULL && sorted.turns == 0) {
                        sorted = sort(parent, what->elsewhere);
                }
                if (what->elsewhere != NULL
                        ? is_almost_in_turn(&sorted, parent, what->elsewhere, column, least)
                        : is_in_turn(pair, parent, column, least)) {
                        return true;
                }
        }
        return false;
}

bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent,
                      const struct row_pair_case *what)
{
        if (pair->fresh * 2 > pair->found) {
                return false; /* the values are from these rows, and in the result by chance */
        }
        if (pair->found < what->least || pair->found * 4 < pair->count_at * 3 ||
            (pair->found * 4 < pair->count * 3 && !row_parent_is_cut(parent)) ||
            pair->count > parent->rows * EACH_MAX) {
                return false;
        }
        return has_column(pair, parent, what);
}

bool row_pair_has_row(const struct row_pair *pair, const struct row_parent *parent,
                      const struct statement_keys *keys)
{
        for (unsigned i = 0; i < keys->n; i++) {
                bool may_have = row_parent_may_have(parent, keys->at[i]);
                for (unsigned column = 0; column < parent->columns && may_have; column++) {
                        uint32_t used = pair != NULL ? pair->used[column] : 0;
                        if ((row_parent_find(parent, column, keys->at[i]) & ~used) != 0) {
                                return true;
                        }
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
