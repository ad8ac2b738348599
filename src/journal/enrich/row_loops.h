/** @file row_loops.h  Statements that are run once for each row of a result before them.
 *
 *      SELECT id, author FROM post LIMIT 20        a parent: hashes of its first rows are known (row_hashes.h)
 *      SELECT name FROM author WHERE id = 7           ─┐
 *      UPDATE post SET seen = 1 WHERE id = 1           │ shapes: most of their values are those of different rows
 *      SELECT name FROM author WHERE id = 3            │ of one column of the parent
 *      …                                              ─┘
 *
 * A shape is a loop once it has enough statements (`least`) whose values are in different rows of one column of one parent, and these
 * cover half of the column's values (or a fifth, with 20 statements or more). Of statements whose values are in no parent, there may be
 * one for three others. Parents with more rows than are hashed are judged by the rows that are. What a parent's own statement selected
 * by is no value of its rows: those of a batch, or of a relation that was loaded for a list, were known before.
 * A statement of a loop that returns rows is a parent, too: each time it adds rows. Statements that select all of those at once, by a list
 * of values, are a loop as well: there is one for each row of the outer parent. One that is in no loop and comes again begins its
 * loops again.
 * INSERTs are also a loop if nothing else comes between them but reads of the same table and transactions.
 * Knows: values, shapes.   Does not know: time, sessions.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; for each parent and each shape about 1 KiB, as long as they are remembered. */
#ifndef JOURNAL_ENRICH_ROW_LOOPS_H
#define JOURNAL_ENRICH_ROW_LOOPS_H

#include "journal/enrich/row_loop.h"
#include "journal/enrich/spare_blocks.h"
#include "journal/enrich/statement_keys.h"

enum {
        ROW_LOOPS_SHAPES = 32, /**< shapes that can take turns */
};

/** What statements of one digest have in common. */
struct row_statement {
        uint8_t hash[DIGEST_HASH];
        struct shape shape;
};

/** What all sessions share. */
struct row_loops_pool {
        unsigned least;
        struct spare_blocks parents;
        struct spare_blocks shapes;
};

struct row_parent;
struct row_shape;

/** What is known of a session; zeroed at first. Private to row_loops.c. */
struct row_loops {
        struct row_parent *parents[ROW_LOOPS_PARENTS]; /**< NULL: no parent is there */
        struct row_shape *shapes[ROW_LOOPS_SHAPES];    /**< NULL: no shape is there */
        struct row_shape *latest;                      /**< of the last statement, if that was in a loop */
        uint64_t steps;                                /**< statements so far */
        unsigned n_parents;
        unsigned n_shapes;
        uint64_t longest_us; /**< the longest statement of the shapes */
        enum row_use use;    /**< of the last statement */
};

/** The most loops that one statement ends. */
enum { ROW_LOOPS_ENDED = ROW_LOOPS_SHAPES + 1 };
struct row_loops_ended {
        unsigned n;
        struct row_loop at[ROW_LOOPS_ENDED];
};

/** @p least statements make a loop: 1 or more, or nothing may be seen. */
void row_loops_pool_init(struct row_loops_pool *pool, unsigned least);
void row_loops_pool_fini(struct row_loops_pool *pool);

/** Could the next statement, with the shape @p shape (NULL: none is known), go on with a loop or begin one? */
static inline bool row_loops_are_waiting(const struct row_loops *s, const struct shape *shape)
{
        return s->n_parents > 0 || s->n_shapes > 0 || (shape != NULL && shape->is_insert);
}

/** See @p r, a statement that succeeded, with the keys @p keys and a hash @p values of all of its values. Sets findings of @p r, and
 *  adds to @p ended. @return whether one of its keys is in a parent. */
bool row_loops_see(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                   const struct row_statement *stat, const struct statement_keys *keys, uint64_t values,
                   struct row_loops_ended *ended);
/** The same of a statement of another session, if one of its values is in a parent. Sets findings of @p r. @return whether it is. */
bool row_loops_see_elsewhere(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                             const struct row_statement *stat, const struct statement_keys *keys,
                             uint64_t values);
/** Is a statement with the digest @p hash in a loop that may be under way? */
bool row_loops_have(const struct row_loops *s, const uint8_t hash[DIGEST_HASH]);
/** The session of @p s has run @p r, a list, for a loop of another session: only its rows are of interest. */
void row_loops_see_list(struct row_loops_pool *pool, struct row_loops *s, const struct record *r,
                        const struct row_statement *stat, const struct statement_keys *keys,
                        struct row_loops_ended *ended) __attribute__((nonnull(4)));
/** See a command that is no statement of a loop, with the shape @p shape (NULL: none is known). */
void row_loops_see_other(struct row_loops_pool *pool, struct row_loops *s, const struct shape *shape,
                         struct row_loops_ended *ended);
/** The last statement that was seen has become a loop's first that is marked: keep @p r, which is as it is logged, as its example. */
void row_loops_keep_example(struct row_loops *s, const struct record *r);
/** End all loops, and forget everything. @p ended: NULL if nobody is to know. */
void row_loops_end(struct row_loops_pool *pool, struct row_loops *s, struct row_loops_ended *ended);

#endif
