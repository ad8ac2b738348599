#include "mysql/sql/secret_behind.h"

static void add_all(struct secret_behind *b, uint32_t from)
{
        b->all_from = from < b->all_from ? from : b->all_from;
}

void secret_behind_range(struct secret_finder *f, uint32_t begin, uint32_t end)
{
        struct secret_behind *b = &f->behind;
        if (f->pass != SECRET_PASS_COLLECT || f->literal_end <= begin || begin >= end ||
            begin >= b->all_from) {
                return; /* there are no constants */
        }
        unsigned i = b->n_ranges;
        while (i > 0 && b->ranges[i - 1].begin > begin) {
                i--;
        }
        if (i > 0 && b->ranges[i - 1].end >= begin) { /* they touch */
                b->ranges[i - 1].end = b->ranges[i - 1].end > end ? b->ranges[i - 1].end : end;
        } else if (b->n_ranges == SECRET_BEHIND) {
                add_all(b, begin);
        } else {
                memmove(&b->ranges[i + 1], &b->ranges[i], (b->n_ranges - i) * sizeof b->ranges[0]);
                b->ranges[i].begin = begin;
                b->ranges[i].end = end;
                b->n_ranges++;
        }
}

void secret_behind_list(struct secret_finder *f, uint32_t at, uint64_t given)
{
        struct secret_behind *b = &f->behind;
        if (f->pass != SECRET_PASS_COLLECT || at == SECRET_NOWHERE || given == 0 || at >= b->all_from) {
                return;
        }
        unsigned i = b->n_lists;
        while (i > 0 && b->lists[i - 1].at > at) {
                i--;
        }
        if (i > 0 && b->lists[i - 1].at == at) {
                b->lists[i - 1].given |= given;
        } else if (b->n_lists == SECRET_BEHIND) {
                add_all(b, at);
        } else {
                memmove(&b->lists[i + 1], &b->lists[i], (b->n_lists - i) * sizeof b->lists[0]);
                b->lists[i].at = at;
                b->lists[i].given = given;
                b->n_lists++;
        }
}

uint64_t secret_behind_of_list(struct secret_finder *f, uint32_t at)
{
        const struct secret_behind *b = &f->behind;
        if (f->pass == SECRET_PASS_COLLECT) {
                return 0;
        }
        while (f->next_list < b->n_lists && b->lists[f->next_list].at < at) {
                f->next_list++;
        }
        return f->next_list < b->n_lists && b->lists[f->next_list].at == at ? b->lists[f->next_list].given
                                                                            : 0;
}

bool secret_behind_covers(struct secret_finder *f, uint32_t at)
{
        const struct secret_behind *b = &f->behind;
        if (f->pass == SECRET_PASS_COLLECT) {
                return false;
        }
        while (f->next_range < b->n_ranges && b->ranges[f->next_range].begin <= at) {
                uint32_t end = b->ranges[f->next_range++].end;
                f->hidden_to = end > f->hidden_to ? end : f->hidden_to;
        }
        return at < f->hidden_to || at >= b->all_from;
}
