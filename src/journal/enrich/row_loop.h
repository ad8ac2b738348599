/** @file row_loop.h  One loop: statements of one digest that were executed for the rows of one result. row_loops.h finds them.
 *
 * Threads: the journal thread.   Memory: the owner's. */
#ifndef JOURNAL_ENRICH_ROW_LOOP_H
#define JOURNAL_ENRICH_ROW_LOOP_H

#include "journal/enrich/digests.h"
#include "mysql/record/row_hashes.h"

enum {
        ROW_LOOPS_PARENTS = 10, /**< results of a session that are remembered: the most recent ones */
};

/** What all statements with one digest have in common. */
struct row_statement {
        uint8_t hash[DIGEST_HASH]; /**< of the digest */
        struct shape shape;
};

struct row_loop {
        uint64_t elsewhere;     /**< statements in it that other sessions executed */
        uint64_t conn_id;       /**< session of the last statement */
        bool writes;            /**< its statements are INSERT, UPDATE or DELETE */
        uint64_t count;         /**< statements */
        uint64_t sum_us;        /**< their durations together */
        uint64_t mono_ns;       /**< when its last statement ended, monotonic */
        uint64_t wall_ns;       /**< the same, since 1970 */
        uint64_t first_seq_num; /**< of its first statement; 0 if other sessions took part */
        uint64_t last_seq_num;
        uint64_t parent_rows;      /**< rows of the result, also those that were not hashed */
        uint8_t hash[DIGEST_HASH]; /**< digest of its statements */
        /** Digest of the statement that returned the rows; zero if no result is known. */
        uint8_t parent[DIGEST_HASH];
        /** One of its statements, as it is logged, or NULL. Whoever receives the loop frees it. */
        struct record_packed *example;
};

#endif
