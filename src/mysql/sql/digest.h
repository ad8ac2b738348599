/** @file digest.h  The shape of a statement: its text without constants, and a short name for it.
 *
 *      select * from t where id in (1,2,3) -- x        SELECT * FROM `t` WHERE `id` IN (...)
 *
 * As MySQL's STATEMENT_DIGEST_TEXT, for both servers: words of the language in upper case (synonyms as one), names in
 * backticks, constants as ?, lists of them as "?, ..." and (...), rows of them as one, comments left out but for optimizer
 * hints. Where the two differ: doc/querytap-record.5, digest_text.
 * Source: the MySQL 9 manual, "Performance Schema Statement Digests and Sampling"; checked against the server.
 * Threads: any.   Memory: the caller's. */
#ifndef MYSQL_SQL_DIGEST_H
#define MYSQL_SQL_DIGEST_H

#include "mysql/sql/sql.h"

enum {
        DIGEST_TEXT_MAX = 4096, /**< of the normalised text; further tokens are not looked at */
        DIGEST_HASH = 16,
        DIGEST_HEX = 2 * DIGEST_HASH,
        DIGEST_LITERALS = 16,
};

/** Where a constant stands in the statement. */
struct digest_literal {
        uint32_t at;
        uint32_t len;
        bool is_plain; /**< decimal digits, and any others in their place would give the same shape */
};

struct digest {
        uint8_t hash[DIGEST_HASH];   /**< of the text: the same in each run and on each machine */
        uint64_t values;             /**< hash of the constants, in their order: differs where they do */
        const struct sql_word *verb; /**< the first word, such as SELECT; NULL if it is none */
        bool is_cut;
        size_t n_literals; /**< all that there are; the first DIGEST_LITERALS are told */
        struct digest_literal literals[DIGEST_LITERALS];
        size_t len;
        uint8_t text[DIGEST_TEXT_MAX];
};

void digest_make(struct span sql, struct sql_mode mode, struct digest *out);
/** The values of a statement go on with one more constant. */
uint64_t digest_value(uint64_t values, struct span literal);
/** The hash as hex digits, without a NUL. */
void digest_hex(const uint8_t hash[DIGEST_HASH], char out[DIGEST_HEX]);

#endif
