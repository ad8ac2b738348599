/** @file tally.h  What a test suite sent, by scope and by shape of statement: counts, and what was found.
 *
 *      journal thread: tally_see for each record -> scopes, shapes, and uses of a shape by a scope
 *      main thread, when the journal has stopped: tally_finish, then the arrays, sorted by name and text
 *
 * The scope of a statement is that of its record (journal/enrich/scope.h), unless a comment of the statement has a tag of the name in
 * the options: tags belong to the statement itself, and go before what is known of its session. Place 0 of the scopes is for statements
 * without one, and has no name.
 * Memory grows with the number of scopes and shapes, not with that of statements; what exceeds the limits is counted in `omitted`.
 * Knows: records, without passwords.   Does not know: contracts, budgets, reports.
 * Threads: see above.   Memory: STAGE_JOURNAL. */
#ifndef RUN_TALLY_H
#define RUN_TALLY_H

#include "base/status.h"
#include "journal/enrich/digests.h"
#include "run/stable_text.h"

enum {
        TALLY_SCOPES_MAX = 200000,
        TALLY_SHAPES_MAX = 100000,
        TALLY_USES_MAX = 2000000,
        TALLY_EXAMPLE_MAX = 1000, /* bytes */
        TALLY_PLACE_MAX = 300,
};

struct tally_counts {
        uint64_t statements; /**< COM_QUERY, COM_STMT_EXECUTE and COM_STMT_BULK_EXECUTE */
        uint64_t errors;
        uint64_t writes; /**< that change data or definitions */
        uint64_t rows;   /**< that were returned or changed */
        uint64_t time_us;
        uint64_t findings[FINDING_COUNT]; /**< statements with each */
};

struct tally_scope {
        struct span name;
        bool is_cut; /**< the name was longer than a scope can be: it may stand for several */
        struct tally_counts counts;
};

struct tally_shape {
        struct span text; /**< see stable_text.h */
        char digest[DIGEST_HEX];
        struct stable_kind kind;
        struct tally_counts counts;
        uint64_t max_us;
        uint32_t classes[DIGEST_CLASSES]; /**< of times, as in digests.h */
};

/** A shape in a scope. */
struct tally_use {
        uint32_t scope;
        uint32_t shape;
        struct tally_counts counts;
        struct span example; /**< the shortest statement with a finding or an error */
        struct span
            place; /**< where in the application it was sent, by its tags; empty if they do not say it */
};

struct tally {
        struct tally_scope *scopes;
        size_t n_scopes;
        struct tally_shape *shapes;
        size_t n_shapes;
        struct tally_use *uses; /**< sorted by scope, then by the shape's text */
        size_t n_uses;
        struct tally_counts total;
        uint64_t lost; /**< records that were dropped, and commands that could not be decoded */
        uint64_t
            omitted; /**< statements that are in no scope or shape because a limit was reached or memory was out */
        uint64_t logins;
};

struct tally_state;

/** @p tag is the name of a tag that names scopes, such as "test"; it must outlive the tally. */
enum status tally_new(const char *tag, struct tally_state **out);
void tally_free(struct tally_state *t);
/** See a record; @p arg is the struct tally_state. */
void tally_see(void *arg, const struct record *r);
/** No records come any more: sort. @return the tally, valid until tally_free; NULL if memory is out. */
const struct tally *tally_finish(struct tally_state *t);

/** The time below which @p share (0 to 1) of the statements of @p shape are, in microseconds. */
uint64_t tally_percentile_us(const struct tally_shape *shape, double share);

#endif
