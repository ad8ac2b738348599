/** @file row_loops.h  Finds loops: statements that are executed once for each row of an earlier result.
 *
 *      SELECT id, author FROM post LIMIT 20        the parent: its first rows are hashed (row_hashes.h)
 *      SELECT name FROM author WHERE id = 7           ─┐
 *      UPDATE post SET seen = 1 WHERE id = 1           │ two shapes: most of their values are those of different rows
 *      SELECT name FROM author WHERE id = 3            │ of one column of the parent
 *      …                                              ─┘
 *
 * A shape is a loop once `least` of its statements have values of different rows of one column of one parent, and these rows have at
 * least half of the column's values (or a fifth, if there are 20 statements or more). For three such statements there may be one whose
 * value is in no parent. If a parent has more rows than are hashed, the hashed rows decide.
 * The values by which a parent's own statement selected do not count as values of its rows, because the application knew them before: for
 * example the keys of a batch, or of a relation that is loaded for a list.
 * A statement of a loop that returns rows is a parent, too, and each execution adds rows to it. A statement that selects all of these rows
 * at once, by a list of values, is also a loop: it is executed once for each row of the outer parent. If the statement of a parent is
 * executed again and is not in a loop itself, the loops over its rows end, and new ones begin.
 * If most values are also those of single rows that were read after the parent, one after the other and for no row of it, the statements are
 * no loop: somebody looks at one object after another, each with what belongs to it.
 * INSERTs are a loop without a parent if only reads of the same table and statements of transactions come between them (row_chain.h).
 * Knows: values, shapes.   Does not know: time, sessions.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; about 1 KiB for each parent and each shape that is remembered. */
#ifndef JOURNAL_ENRICH_ROW_LOOPS_H
#define JOURNAL_ENRICH_ROW_LOOPS_H

#include "journal/enrich/row_loop.h"
#include "journal/enrich/row_single.h"
#include "journal/enrich/spare_blocks.h"
#include "journal/enrich/statement_keys.h"

enum {
        ROW_LOOPS_SHAPES = 32, /**< shapes that can take turns */
};

/** What all sessions share. */
struct row_loops_pool {
        unsigned least; /**< statements that make a loop */
        struct spare_blocks parents;
        struct spare_blocks shapes;
};

struct row_parent;
struct row_shape;

/** What is known of a session. Zeroed initially. Private to row_loops.c. */
struct row_loops {
        struct row_parent *parents[ROW_LOOPS_PARENTS]; /**< NULL: the place is free */
        struct row_shape *shapes[ROW_LOOPS_SHAPES];    /**< NULL: the place is free */
        struct row_shape *latest;                      /**< the shape of the last statement, if it has one */
        uint64_t steps;                                /**< statements so far */
        struct row_singles singles;
        unsigned n_parents;
        unsigned n_shapes;
        unsigned n_loops;    /**< of these, the ones that were recognized as loops */
        uint64_t longest_us; /**< duration of the longest statement of the shapes */
        enum row_use use;    /**< why the last statement was executed */
};

/** The most loops that one statement can end. */
enum { ROW_LOOPS_ENDED = ROW_LOOPS_SHAPES + 1 };
struct row_loops_ended {
        unsigned n;
        struct row_loop at[ROW_LOOPS_ENDED];
};

/** @p least statements make a loop. With 0, no statement may be passed to the functions below. */
void row_loops_pool_init(struct row_loops_pool *pool, unsigned least);
void row_loops_pool_fini(struct row_loops_pool *pool);

/** Could the next statement, of the shape @p shape (NULL: unknown), continue or begin a loop? */
static inline bool row_loops_are_waiting(const struct row_loops *s, const struct shape *shape)
{
        return s->n_parents > 0 || s->n_shapes > 0 || (shape != NULL && shape->is_insert);
}

/** Add @p r, a statement that succeeded, with the keys @p keys. @p values is a hash of all its values. Sets findings of @p r, and adds the
 *  loops that it ends to @p ended. @return whether a parent has one of its keys. */
bool row_loops_see(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                   const struct row_statement *stat, const struct statement_keys *keys, uint64_t values,
                   struct row_loops_ended *ended);
/** The same for a statement that another session executed: it is added only if a parent has one of its keys. Sets findings of @p r.
 *  @return whether it was added. */
bool row_loops_see_elsewhere(struct row_loops_pool *pool, struct row_loops *s, struct record *r,
                             const struct row_statement *stat, const struct statement_keys *keys,
                             uint64_t values);
/** May a loop of statements with the digest @p hash be under way? */
bool row_loops_have(const struct row_loops *s, const uint8_t hash[DIGEST_HASH]);
/** Has a result a value of @p keys in a row for which no statement with the digest @p hash was executed? */
bool row_loops_have_row(const struct row_loops *s, const uint8_t hash[DIGEST_HASH],
                        const struct statement_keys *keys);
/** A statement with the digest @p hash was executed, maybe for that loop, and no row has its values: the others may have values of rows by
 *  chance. */
void row_loops_miss(struct row_loops *s, const uint8_t hash[DIGEST_HASH]);
/** The session has executed @p r, which returned rows, for a loop of another session: these rows are a parent, but @p r is not added to a
 *  shape. */
void row_loops_see_list(struct row_loops_pool *pool, struct row_loops *s, const struct record *r,
                        const struct row_statement *stat, const struct statement_keys *keys,
                        struct row_loops_ended *ended) __attribute__((nonnull(4)));
/** A command that cannot be part of a loop was executed. @p shape is that of its statement; NULL: unknown. */
void row_loops_see_other(struct row_loops_pool *pool, struct row_loops *s, const struct shape *shape,
                         struct row_loops_ended *ended);
/** If the last statement was the first that was marked in its loop, keep @p r, its record as it is logged, as the example of the loop. */
void row_loops_keep_example(struct row_loops *s, const struct record *r);
/** End all loops, and forget everything. @p ended receives the loops; NULL: they are not reported. */
void row_loops_end(struct row_loops_pool *pool, struct row_loops *s, struct row_loops_ended *ended);

#endif
