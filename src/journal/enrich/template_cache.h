/** @file template_cache.h  Texts of statements whose shape is known, so that the next one that differs in its numbers only need not
 * be read again: WHERE id = 17, WHERE id = 4.
 *
 *      SELECT c FROM t WHERE id=17 LIMIT 5          a text that was read, and where its numbers are
 *      |------- same ----------|--|- same -|-|      the next: the same but for digits there
 *
 * Knows: texts.   Does not know: SQL, statistics.
 * Threads: the writer.   Memory: STAGE_DIGEST; a fixed number of texts, each of SHAPES_TEXT_MAX bytes at the most. */
#ifndef JOURNAL_ENRICH_TEMPLATE_CACHE_H
#define JOURNAL_ENRICH_TEMPLATE_CACHE_H

#include "mysql/sql/digest.h"

enum { SHAPES_SETS = 128, SHAPES_WAYS = 4, SHAPES_TEXT_MAX = 1024 };

struct digest_stat;
struct shape_text;

struct shapes {
        struct shape_text *texts[SHAPES_SETS][SHAPES_WAYS]; /**< of a set, the one found last first */
};

/** What is known of a text, and holds for those that differ from it in their numbers only. */
struct shape_facts {
        struct digest_stat *stat; /**< the shape's entry in the table of digests … */
        uint32_t generation;      /**< … and who had it then */
        bool suspected;           /**< see secret_suspected */
        bool may_have_tags;       /**< see tags_may_be_in; false if it is suspected */
};

/** Bytes of a text that stay as they are, and a plain number behind them. */
struct shape_piece {
        uint16_t same;
        uint16_t digits; /**< 0: it is the last, and has no number */
};

struct shape_text {
        uint64_t mode; /**< how it was read: another mode is another text */
        struct shape_facts facts;
        unsigned n_literals;
        unsigned len; /**< of the text */
        struct digest_literal literals[DIGEST_LITERALS];
        struct shape_piece pieces[DIGEST_LITERALS + 1];
        uint8_t text[];
};

void shapes_fini(struct shapes *s);
/** A text that @p sql differs from in plain numbers only. @return NULL if there is none; valid until the next call. */
const struct shape_text *shapes_find(struct shapes *s, struct span sql, uint64_t mode);
/** Keep what is known of @p sql, if it is short enough and memory is to be had. @p digest was made of it. */
void shapes_add(struct shapes *s, struct span sql, const struct digest *digest, struct shape_text known);
/** What digest_make would give as the values of @p sql, which @p text was found for. */
uint64_t shape_values(const struct shape_text *text, struct span sql);

#endif
