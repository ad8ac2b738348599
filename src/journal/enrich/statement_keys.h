/** @file statement_keys.h  The values by which a statement selects rows, as hashes that can be compared with those of rows.
 *
 *      SELECT … WHERE shop = 1 AND id = 7 AND price < 5 LIMIT 9     1, 7: what is compared by = or by IN
 *      UPDATE … SET title = 'x' WHERE id = 7                        7
 *      INSERT INTO … VALUES (7, 'x')                                7, x
 *
 * Lists of several values, as in IN (1, 2, 3), select many rows at once and are therefore kept apart.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_ENRICH_STATEMENT_KEYS_H
#define JOURNAL_ENRICH_STATEMENT_KEYS_H

#include "journal/enrich/shape.h"
#include "mysql/record/record.h"

enum { STATEMENT_KEYS = 48 };

struct statement_keys {
        unsigned n;
        unsigned n_listed;
        uint32_t at[STATEMENT_KEYS];     /**< hashes as row_hash_value returns them; never 0 */
        uint32_t listed[STATEMENT_KEYS]; /**< hashes of the values in lists of several values */
        bool has_rows;                   /**< it is an INSERT of several rows */
        bool has_values;                 /**< it is an INSERT with VALUES, not INSERT … SELECT */
};

/** Find the keys of @p r, a statement with the text @p sql and the shape @p shape: at most STATEMENT_KEYS of each kind, in the first 16 KiB
 *  of the text. */
void statement_keys_read(const struct record *r, struct span sql, const struct shape *shape,
                         struct statement_keys *out);

#endif
