/** @file template_cache.h  The fast path of digests: what is known of a statement is known of all that differ from it only in their
 * constants (mysql/sql/sql_key.h), so they need not be read.
 *
 * Knows: keys.   Does not know: texts, SQL, statistics.
 * Threads: the journal thread.   Memory: STAGE_DIGEST; a fixed number of entries, allocated at the start. */
#ifndef JOURNAL_ENRICH_TEMPLATE_CACHE_H
#define JOURNAL_ENRICH_TEMPLATE_CACHE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEMPLATE_CACHE_WAYS = 4 };

struct digest_stat;

/** What is known of a text and is true of all that have the same key. */
struct template_facts {
        struct digest_stat *stat; /**< its entry in the table of digests … */
        uint32_t generation;      /**< … and whose it was then */
        bool suspected;           /**< see secret_suspected; of texts with strings it is not known */
        bool
            may_have_tags; /**< see tags_may_be_in; false if it is suspected; of texts with strings it is not known */
};

struct template
{
        uint64_t key; /**< 0 = this entry is free */
        struct template_facts facts;
};

struct template_cache {
        struct template (*sets)[TEMPLATE_CACHE_WAYS]; /**< in each set the entries found last come first */
        unsigned bits;                                /**< of the number of sets */
};

/** For at least @p max keys. */
enum status template_cache_init(struct template_cache *c, size_t max);
void template_cache_fini(struct template_cache *c);
/** @return NULL if nothing is known of texts with @p key; valid until the next call. */
const struct template_facts *template_cache_find(struct template_cache *c, uint64_t key);
/** Remember @p facts; they replace those of the same key, or of the one in its set that was found least recently. */
void template_cache_add(struct template_cache *c, uint64_t key, const struct template_facts *facts);

#endif
