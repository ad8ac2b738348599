/** @file template_cache.h  The fast path of digests: a statement that differs only in its numbers from one that was read before need
 * not be read again, such as WHERE id = 17 and WHERE id = 4.
 *
 *      SELECT c FROM t WHERE id=17 LIMIT 5          a text that was read, and where its numbers are
 *      |------- same ----------|--|- same -|-|      the next: the same except for the digits there
 *
 * Knows: texts.   Does not know: SQL, statistics.
 * What it gives is what digest_make gives. Without fast paths (configure --disable-fastpaths) it finds nothing.
 * Threads: the journal thread.   Memory: STAGE_DIGEST; a fixed number of texts, each of at most TEMPLATE_CACHE_TEXT_MAX bytes. */
#ifndef JOURNAL_ENRICH_TEMPLATE_CACHE_H
#define JOURNAL_ENRICH_TEMPLATE_CACHE_H

#include "mysql/sql/digest.h"

enum { TEMPLATE_CACHE_SETS = 128, TEMPLATE_CACHE_WAYS = 4, TEMPLATE_CACHE_TEXT_MAX = 1024 };

struct digest_stat;
struct template;

struct template_cache {
        struct template *texts[TEMPLATE_CACHE_SETS]
                              [TEMPLATE_CACHE_WAYS]; /**< in each set the one found last is the first */
};

/** What is known of a text and is true of all that differ from it only in their numbers. */
struct template_facts {
        struct digest_stat *stat; /**< its entry in the table of digests … */
        uint32_t generation;      /**< … and whose it was then */
        bool suspected;           /**< see secret_suspected */
        bool may_have_tags;       /**< see tags_may_be_in; false if it is suspected */
};

/** Bytes of a text that stay as they are, and the plain number that follows them. */
struct template_piece {
        uint16_t same;
        uint16_t digits; /**< 0: it is the last one, without a number */
};

struct template
{
        uint64_t mode; /**< the SQL mode in which it was read: the same text in another mode is another one */
        struct template_facts facts;
        unsigned n_literals;
        unsigned len; /**< of the text */
        struct digest_literal literals[DIGEST_LITERALS];
        struct template_piece pieces[DIGEST_LITERALS + 1];
        uint8_t text[];
};

void template_cache_fini(struct template_cache *s);
/** Find a text from which @p sql differs only in plain numbers. @return NULL if there is none; valid until the next call. */
const struct template *template_cache_find(struct template_cache *s, struct span sql, uint64_t mode);
/** Store what is known of @p sql, if it is short enough and memory is available. @p digest was made of it. */
void template_cache_add(struct template_cache *s, struct span sql, const struct digest *digest,
                        struct template known);
/** What digest_make would give as the values of @p sql, for which @p text was found. */
uint64_t template_cache_values(const struct template *text, struct span sql);

#endif
