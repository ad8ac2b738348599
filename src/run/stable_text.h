/** @file stable_text.h  The shape of a statement as contracts and baselines have it: the same in each run of a test suite.
 *
 *      VALUES (?), (?), (?)            VALUES (?)
 *      SELECT * FROM `tmp_8f3a2b9c`    SELECT * FROM `tmp_*`
 *      SAVEPOINT `any name`            SAVEPOINT `*`
 *
 * It begins with the digest's text (mysql/sql/digest.h), which has no constants. The number of rows of an INSERT does not count, names of
 * savepoints do not either, and what looks random in other names becomes an asterisk: at least five digits in a row, at least
 * eight hexadecimal digits with letters and digits among them, and words of eight and more letters and digits that change at least
 * three times between the two.
 * Threads: any.   Memory: none. */
#ifndef RUN_STABLE_TEXT_H
#define RUN_STABLE_TEXT_H

#include "base/writer.h"

/** Append the shape of the statement whose digest has the text @p digest. It is never longer than that text. */
void stable_text_write(struct writer *w, struct span digest);

/** What a statement does, for budgets and contracts. */
struct stable_kind {
        bool writes; /**< it changes data or definitions */
        /** Drivers, pools and frameworks send it when they connect or when they see a table for the first time: SET, SHOW, SELECT
         *  without a table or from information_schema. In which test that happens depends on the order of the tests, so contracts do
         *  not count it. */
        bool is_setup;
};
struct stable_kind stable_kind_of(struct span digest);

#endif
