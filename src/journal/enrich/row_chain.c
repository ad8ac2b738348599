#include "journal/enrich/row_chain.h"

enum { GAP_MAX = 8 /* commands between two INSERTs */ };

bool row_chain_fits(const struct shape *shape, const struct statement_keys *keys)
{
        return shape->is_insert && keys->has_values && !keys->has_rows && shape->tables != 0;
}

bool row_chain_ends_before(const struct row_chain *chain, const struct record *r, unsigned least)
{
        uint64_t trx_id = record_uint_if_any(r, FIELD_TRX_ID);
        if (chain->n == 0 || trx_id == chain->trx_id) {
                return false;
        }
        bool enters_or_leaves = trx_id == 0 || chain->trx_id == 0;
        return enters_or_leaves || chain->n_in_trx >= least;
}

bool row_chain_ends_at(struct row_chain *chain, const struct shape *shape)
{
        if (chain->n == 0) {
                return false;
        }
        uint64_t tables = shape != NULL ? shape->tables : 0;
        return ++chain->gap > GAP_MAX || (tables & ~chain->tables) != 0;
}

void row_chain_add(struct row_chain *chain, const struct record *r, const struct shape *shape)
{
        uint64_t trx_id = record_uint_if_any(r, FIELD_TRX_ID);
        chain->n_in_trx = chain->n > 0 && trx_id == chain->trx_id ? chain->n_in_trx + 1 : 1;
        chain->trx_id = trx_id;
        chain->tables = shape->tables;
        chain->gap = 0;
        chain->n++;
}
