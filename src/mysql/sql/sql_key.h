/** @file sql_key.h  The key of a statement's text without its constants: texts with the same key have the same digest.
 *
 *      SELECT c FROM t WHERE id = 17 AND name = 'x'        SELECT c FROM t WHERE id = 4 AND name = 'y'        the same key
 *      SELECT c FROM t WHERE id IN (1, 2)                  SELECT c FROM t WHERE id IN (5, 6, 7, 8)           the same key
 *
 * The text is not split into tokens. Only the bytes at which a constant, a name in quotes or a comment may begin are looked at, and these
 * are found 32 at a time, so that a key takes about an instruction a byte where a processor has AVX2. Not all texts have a key: those with
 * variables, comments that are code, hints, or constants of rare forms have none. Statements of different digests have different keys,
 * except by chance (1 in 2^64); statements of the same digest may have different ones.
 * Source: the lexer of sql.h and the reductions of digest.h, which a test and a fuzz target compare with it.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SQL_KEY_H
#define MYSQL_SQL_SQL_KEY_H

#include "base/text_hash.h"
#include "mysql/wire/sql_mode.h"

struct sql_key {
        bool is_known; /**< the text has a key; otherwise the rest is undefined */
        bool has_strings;
        bool is_plain;       /**< the constants are decimal digits only, and none of them are in lists */
        uint32_t n_literals; /**< lists of constants count as one */
        uint32_t number_at;  /**< offset of the last of the plain numbers that are not part of the key … */
        uint32_t number_len; /**< … and its length; 0 = there is none */
        uint64_t hash;
        uint64_t values; /**< a hash of the constants, in their order */
};

/** Texts in which both hashes are the same are the same. @p seed is odd, and known to no peer: keys with different seeds can't be
 *  compared. */
void sql_key_make(struct span sql, struct sql_mode mode, uint64_t seed, struct sql_key *key);
/** The hash of the constants of a text whose only constant is @p literal. */
static inline uint64_t sql_key_value(struct span literal, uint64_t seed)
{
        return text_hash(literal, text_hash_begin(seed), seed);
}

#endif
