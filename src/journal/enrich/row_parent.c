#include "journal/enrich/row_parent.h"

static uint32_t value_at(const struct row_hashes *h, unsigned row, unsigned column)
{
        return h->at[row * h->columns + column];
}

static bool is_among(const uint32_t *hashes, unsigned n, uint32_t hash)
{
        for (unsigned i = 0; i < n; i++) {
                if (hashes[i] == hash) {
                        return true;
                }
        }
        return false;
}

/** The columns that have nothing but values of the @p n ones at @p own, a bit for each. */
static uint32_t columns_of(const struct row_hashes *h, const uint32_t *own, unsigned n)
{
        uint32_t columns = 0;
        for (unsigned column = 0; column < h->columns && n > 0; column++) {
                unsigned row = 0;
                while (row < h->rows && is_among(own, n, value_at(h, row, column))) {
                        row++;
                }
                columns |= (uint32_t)(row == h->rows) << column;
        }
        return columns;
}

/** Of the columns @p maybe, the first one that was selected by before, or else the first one. */
static uint32_t select_one(const struct row_parent *p, uint32_t maybe)
{
        uint32_t best = (maybe & p->own) != 0 ? maybe & p->own : maybe;
        return best & (~best + 1);
}

/** The columns by which the statement selected, a bit for each: one for each value, and one for its lists. */
static uint32_t own_columns(const struct row_parent *p, const struct row_hashes *h,
                            const struct statement_keys *own)
{
        uint32_t columns = select_one(p, columns_of(h, own->listed, own->n_listed));
        for (unsigned i = 0; i < own->n; i++) {
                columns |= select_one(p, columns_of(h, &own->at[i], 1));
        }
        return columns;
}

static void add_value(struct row_parent *p, unsigned column, uint32_t hash)
{
        p->at[column][p->n] = hash;
        if (hash != 0) {
                p->filter[hash % ROW_PARENT_FILTER] |= 1ULL << (hash >> 26);
        }
}

void row_parent_add(struct row_parent *p, struct span hashes, uint64_t rows, const struct statement_keys *own)
{
        struct row_hashes h = {.rows = 0};
        p->rows += rows;
        if (hashes.len > sizeof h) {
                return;
        }
        (void)span_copy((uint8_t *)&h, hashes);
        uint32_t left_out = own_columns(p, &h, own);
        p->own = p->own != 0 && (p->own & left_out) != 0 ? p->own & left_out : left_out;
        p->columns = h.columns;
        memset(p->distinct, 0, sizeof p->distinct);
        for (unsigned row = 0; row < h.rows && p->n < ROW_HASHES_ROWS; row++, p->n++) {
                for (unsigned column = 0; column < h.columns; column++) {
                        add_value(p, column, (left_out >> column & 1) != 0 ? 0 : value_at(&h, row, column));
                }
        }
}

uint32_t row_parent_find(const struct row_parent *p, unsigned column, uint32_t hash)
{
        uint32_t found = 0;
        for (unsigned row = 0; row < ROW_HASHES_ROWS; row++) {
                found |= (uint32_t)(p->at[column][row] == hash) << row;
        }
        return found & (uint32_t)((1ULL << p->n) - 1);
}

unsigned row_parent_distinct(struct row_parent *p, unsigned column)
{
        unsigned distinct = p->distinct[column];
        for (unsigned row = 0; row < p->n && p->distinct[column] == 0; row++) {
                uint32_t hash = p->at[column][row];
                uint32_t same = row_parent_find(p, column, hash);
                distinct += hash != 0 && (unsigned)__builtin_ctz(same) == row ? 1 : 0;
        }
        p->distinct[column] = (uint8_t)distinct;
        return distinct;
}

bool row_parent_has_any(const struct row_parent *parent, const uint32_t *hashes, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                for (unsigned column = 0; column < parent->columns && row_parent_may_have(parent, hashes[i]);
                     column++) {
                        if (row_parent_find(parent, column, hashes[i]) != 0) {
                                return true;
                        }
                }
        }
        return false;
}
