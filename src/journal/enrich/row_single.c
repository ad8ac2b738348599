#include "journal/enrich/row_single.h"

void row_singles_add(struct row_singles *s, uint64_t step, const struct record *r)
{
        struct row_hashes h = {.columns = 0};
        if (r->row_hashes.len > sizeof h) {
                return;
        }
        (void)span_copy((uint8_t *)&h, r->row_hashes);
        struct row_single *single = &s->at[s->n++ % ROW_SINGLES];
        single->step = step;
        single->columns = h.columns;
        memcpy(single->at, h.at, sizeof single->at);
}

struct row_fresh row_singles_find(const struct row_singles *s, uint64_t after,
                                  const struct statement_keys *keys)
{
        struct row_fresh fresh = {.step = 0};
        for (unsigned i = 0; i < ROW_SINGLES; i++) {
                const struct row_single *single = &s->at[i];
                uint64_t found = 0;
                for (unsigned k = 0; k < keys->n && single->step > after; k++) {
                        for (unsigned column = 0; column < single->columns; column++) {
                                found |= (uint64_t)(single->at[column] == keys->at[k]) << k;
                        }
                }
                if (found != 0 && single->step > fresh.step) {
                        fresh = (struct row_fresh){.step = single->step, .keys = found};
                }
        }
        return fresh;
}
