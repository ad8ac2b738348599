#include "mysql/dissect/row_hashing.h"

#include "profile/heap/prof.h"

enum { SPARE_MAX = 16, SINGLE_ROWS = 64 };

/* A block: while it is spare, it begins with a pointer to the next one. */
_Static_assert(sizeof(struct row_hashes) >= sizeof(void *), "a spare block has space for a pointer");

struct row_hashes *row_hashing_take(struct dissect_pool *pool)
{
        struct row_hashes *block = pool->spare_hashes;
        if (block == NULL) {
                return prof_alloc(STAGE_DISSECT, sizeof *block);
        }
        memcpy((void *)&pool->spare_hashes, (const void *)block, sizeof pool->spare_hashes);
        pool->n_spare_hashes--;
        return block;
}

void row_hashing_drop(struct dissect *d)
{
        struct dissect_pool *pool = d->settings->pool;
        struct row_hashes *block = d->row_hashes;
        d->row_hashes = NULL;
        if (block == NULL || pool->n_spare_hashes == SPARE_MAX) {
                prof_free(block);
                return;
        }
        memcpy((void *)block, (const void *)&pool->spare_hashes, sizeof pool->spare_hashes);
        pool->spare_hashes = block;
        pool->n_spare_hashes++;
}

void row_hashing_definition(struct dissect *d, const struct command *cmd, struct span body)
{
        if (d->settings->hash_rows > 0 && cmd->type->shape == SHAPE_RESULT) {
                row_columns_add(&d->row_columns, body);
        }
}

void row_hashing_add(struct dissect *d, const struct command *cmd, uint64_t row, struct span body)
{
        const struct row_columns *columns = &d->row_columns;
        if (!row_hashing_wants(d, cmd, row) || columns->n == 0) {
                return;
        }
        if (row == 0 && d->row_hashes == NULL) {
                d->row_hashes = row_hashing_take(d->settings->pool);
                if (d->row_hashes != NULL) {
                        d->row_hashes->rows = 0;
                        d->row_hashes->columns = columns->n;
                }
        }
        struct row_hashes *hashes = d->row_hashes;
        if (hashes == NULL || hashes->rows != row || hashes->columns != columns->n) {
                return; /* memory was out, or definitions are missing */
        }
        uint32_t *out = &hashes->at[row * hashes->columns];
        if (cmd->code == COM_QUERY) {
                row_columns_hash_text(columns, body, out);
        } else {
                row_columns_hash_binary(columns, cmd->columns, body, out);
        }
        hashes->rows++;
}

void row_hashing_put(struct dissect *d, const struct command *cmd, struct record *r)
{
        if (cmd != d->queue.head || cmd->failed) {
                return;
        }
        if (cmd->rows >= 2) {
                d->single_rows = SINGLE_ROWS;
        } else if (d->single_rows > 0) {
                d->single_rows--;
        } else {
                return;
        }
        r->row_hashes = span_of(d->row_hashes, row_hashes_size(d->row_hashes));
}
