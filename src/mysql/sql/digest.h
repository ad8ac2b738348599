/** @file digest.h  The digest of a statement: its text without constants, and a hash of that text.
 *
 *      select * from t where id in (1,2,3) -- x        SELECT * FROM `t` WHERE `id` IN (...)
 *
 * The text is that of MySQL's STATEMENT_DIGEST_TEXT, for both servers: keywords in upper case (one for all synonyms), names in
 * backticks, constants as ?, lists of constants as "?, ..." and (...), several rows as one, no comments except optimizer
 * hints. doc/querytap-record.5 says under digest_text where the two differ.
 * Source: the MySQL 9 manual, "Performance Schema Statement Digests and Sampling"; checked against the server.
 * Threads: any.   Memory: the caller's. */
#ifndef MYSQL_SQL_DIGEST_H
#define MYSQL_SQL_DIGEST_H

#include "mysql/sql/sql.h"

enum {
        DIGEST_TEXT_MAX = 4096, /**< bytes of the normalised text; tokens that do not fit are ignored */
        DIGEST_HASH = 16,
        DIGEST_HEX = 2 * DIGEST_HASH,
};

struct digest {
        uint8_t hash[DIGEST_HASH];   /**< of the text: the same in every run and on every machine */
        uint64_t values;             /**< a hash of the constants in their order */
        const struct sql_word *verb; /**< the first word, such as SELECT; NULL if it is not a keyword */
        bool is_cut;                 /**< the text was longer than DIGEST_TEXT_MAX */
        size_t n_literals;           /**< the number of constants */
        size_t len;
        uint8_t text[DIGEST_TEXT_MAX];
};

void digest_make(struct span sql, struct sql_mode mode, struct digest *out);
/** The hash as hex digits, without a NUL. */
void digest_hex(const uint8_t hash[DIGEST_HASH], char out[DIGEST_HEX]);

#endif
