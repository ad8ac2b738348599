#include "journal/enrich/pool_statements.h"

#include "mysql/record/client_host.h"

#include <xxhash.h>

uint64_t pool_scope(const struct record *r)
{
        struct span client = client_host(record_text_if_any(r, FIELD_CLIENT_ADDR));
        struct span user = record_text_if_any(r, FIELD_USERNAME);
        struct span database = record_text_if_any(r, FIELD_DATABASE);
        uint64_t scope = XXH3_64bits(client.data, client.len);
        scope = XXH3_64bits_withSeed(user.data, user.len, scope);
        scope = XXH3_64bits_withSeed(database.data, database.len, scope);
        return scope != 0 ? scope : 1;
}

void pool_statements_add(struct pool_statements *p, const struct record *r, uint64_t scope,
                         const struct row_statement *statement, const struct statement_keys *keys,
                         uint64_t values)
{
        if (keys->n == 0 || keys->n > POOL_KEYS) {
                return;
        }
        struct pool_statement *s = &p->at[p->next++ % POOL_STATEMENTS];
        *s = (struct pool_statement){.scope = scope,
                                     .conn_id = r->conn_id,
                                     .mono_ns = r->mono_ns,
                                     .wall_ns = r->wall_ns,
                                     .duration_us = r->duration_us,
                                     .values = values,
                                     .statement = *statement,
                                     .n = keys->n};
        memcpy(s->keys, keys->at, keys->n * sizeof keys->at[0]);
}
