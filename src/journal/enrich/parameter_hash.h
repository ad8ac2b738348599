/** @file parameter_hash.h  A hash of the parameters with which a prepared statement was executed.
 *
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_ENRICH_PARAMETER_HASH_H
#define JOURNAL_ENRICH_PARAMETER_HASH_H

#include "base/text_hash.h"
#include "mysql/record/record.h"

/** Extend the hash *@p key by the parameters of @p r. @p seed is odd. @return whether all of them are known completely. */
static inline bool parameter_hash(const struct record *r, uint64_t *key, uint64_t seed)
{
        size_t n = record_has(r, FIELD_STMT_EXECUTE_VALUES) ? r->stmt_execute_values.n : 0;
        bool are_whole = true;
        *key += text_hash_begin(seed); /* peers may know what it was */
        for (size_t i = 0; i < n; i++) {
                const struct value *v = &r->stmt_execute_values.at[i];
                are_whole = are_whole && value_is_whole(v);
                *key = text_hash_of_kind(v->bytes, v->is_null, *key, seed);
        }
        return are_whole;
}

#endif
