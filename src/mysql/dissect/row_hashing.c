#include "mysql/dissect/row_hashing.h"

#include "mysql/wire/capability.h"
#include "profile/heap/prof.h"

enum { SPARE_MAX = 16, SINGLE_ROWS = 256 };

/* A block: while it is spare, it begins with a pointer to the next one. */
_Static_assert(sizeof(struct row_hashes) >= sizeof(void *), "a spare block has space for a pointer");

struct row_hashes *row_hashing_take(struct dissect_pool *pool)
{
        struct row_hashes *block = pool->spare_hashes;
        if (block == NULL) {
                return prof_alloc(STAGE_DISSECT, sizeof *block);
        }
        void *next;
        memcpy(&next, (const void *)block, sizeof next);
        pool->spare_hashes = next;
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
        void *next = pool->spare_hashes;
        memcpy((void *)block, &next, sizeof next);
        pool->spare_hashes = block;
        pool->n_spare_hashes++;
}

void row_hashing_definition(struct dissect *d, const struct command *cmd, struct span body)
{
        bool is_column = cmd->type->shape == SHAPE_RESULT ||
                         (cmd->type->shape == SHAPE_PREPARE && cmd->columns > 0 && cmd->defs_next == 0);
        if (d->settings->hash_rows > 0 && is_column) {
                row_columns_add(&d->row_columns, body);
        }
}

/** May the server leave the definitions out of a result because the client has them from before? */
static bool may_lack_definitions(const struct dissect *d)
{
        return (d->capabilities & (CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA)) != 0;
}

void row_hashing_keep_columns(struct dissect *d, const struct command *cmd)
{
        if (d->settings->hash_rows == 0 || !cmd->has_stmt_id || !may_lack_definitions(d)) {
                return;
        }
        struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        if (st == NULL) {
                return;
        }
        bool fits = st->row_columns != NULL ||
                    sizeof d->row_columns <= budget_share_left(&d->budget, BUDGET_STATEMENTS);
        if (d->row_columns.seen > 0 && fits) {
                statement_set_row_columns(&d->statements, st, &d->row_columns);
        } else if (d->row_columns.seen == 0 && st->row_columns != NULL) {
                d->row_columns = *st->row_columns;
        }
}

void row_hashing_add(struct dissect *d, const struct command *cmd, uint64_t row, struct span body)
{
        const struct row_columns *columns = &d->row_columns;
        if (row == 0 && cmd->code == COM_STMT_EXECUTE) {
                row_hashing_keep_columns(d, cmd);
        }
        if (columns->n == 0) {
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
