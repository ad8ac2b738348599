#include "journal/enrich/n_plus_one.h"

#include "base/clock.h"
#include "journal/enrich/spare_blocks.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

enum {
        SEEN_MAX = 64,
        OTHERS_MAX =
            8,        /* statements other than SELECT between two of a run: what a loop writes for each row */
        EACH_MAX = 4, /* of one shape for each row: an author and an editor */
        AGE_MAX = 8,  /* shapes after which a result is no longer looked at as a parent */
        SLOW_TIMES = 4, /* so many times as long as the longest statement of a run is no pause */
        MANY = 20,      /* that is no chance, even if most rows had none: a fifth is enough */
        MANY_OF = 5,
};
#define PAUSE_NS                                                                                             \
        CLOCK_S_NS /* so long without a statement ends a run: a pool gave the connection to somebody else */

struct n_plus_one_shape {
        struct n_plus_one_run run; /* without its parent, which is decided at the end */
        struct n_plus_one_parent parents[N_PLUS_ONE_PARENTS];
        unsigned n_parents;
        uint64_t values; /* the last one's */
        uint64_t distinct;
};

struct n_plus_one {
        unsigned least;
        size_t sessions;                   /* that are open */
        struct n_plus_one_session *newest; /* of those that have shapes */
        struct spare_blocks shapes;
        struct spare_blocks seen;
};

enum status n_plus_one_new(unsigned least, struct n_plus_one **out)
{
        *out = prof_calloc(STAGE_JOURNAL, 1, sizeof **out);
        if (*out == NULL) {
                return STATUS_NOMEM;
        }
        (*out)->least = least;
        (*out)->shapes.size = N_PLUS_ONE_RUNS * sizeof(struct n_plus_one_shape);
        (*out)->seen.size = SEEN_MAX * sizeof(uint64_t);
        return STATUS_OK;
}

/* --- what a session needs for a while ------------------------------------------------------------------------ */

static void link_session(struct n_plus_one *n, struct n_plus_one_session *s)
{
        s->newer = NULL;
        s->older = n->newest;
        if (n->newest != NULL) {
                n->newest->newer = s;
        }
        n->newest = s;
}

static void unlink_session(struct n_plus_one *n, struct n_plus_one_session *s)
{
        *(s->newer != NULL ? &s->newer->older : &n->newest) = s->older;
        if (s->older != NULL) {
                s->older->newer = s->newer;
        }
}

static void drop_shapes(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (s->shapes != NULL) {
                spare_blocks_give(&n->shapes, s->shapes);
                s->shapes = NULL;
                s->n_shapes = 0;
                s->longest_us = 0;
                unlink_session(n, s);
        }
}

static void drop_seen(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (s->seen != NULL) {
                spare_blocks_give(&n->seen, s->seen);
                s->seen = NULL;
                s->n_seen = 0;
        }
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

void n_plus_one_begin(struct n_plus_one *n, struct n_plus_one_session *s)
{
        *s = (struct n_plus_one_session){.shapes = NULL};
        n->sessions++;
}

void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s)
{
        drop_shapes(n, s);
        drop_seen(n, s);
        n->sessions--;
        if (n->sessions == 0) { /* an idle proxy keeps no spare blocks: how many there are is chance */
                spare_blocks_free(&n->shapes);
                spare_blocks_free(&n->seen);
        }
}

void n_plus_one_free(struct n_plus_one *n)
{
        if (n != NULL) {
                spare_blocks_free(&n->shapes);
                spare_blocks_free(&n->seen);
                prof_free(n);
        }
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

enum fit { FIT_NONE, FIT_LOOSE, FIT_MULTIPLE, FIT_EXACT };

/** How well do @p count statements fit @p rows? Not every row has to have one (NULLs, caches), and some loops ask twice. */
static enum fit fit_of(const struct n_plus_one *n, uint64_t count, uint64_t rows)
{
        if (count == rows) {
                return FIT_EXACT;
        }
        if (count > rows) { /* two for each row, or a second one for some */
                bool enough = rows >= n->least && count <= rows * EACH_MAX;
                enum fit fit = count % rows == 0 ? FIT_MULTIPLE : count >= MANY ? FIT_LOOSE : FIT_NONE;
                return enough ? fit : FIT_NONE;
        }
        bool some = count * 2 >= rows || (count >= MANY && count * MANY_OF >= rows);
        return some ? FIT_LOOSE : FIT_NONE;
}

/** The result for whose rows @p shape was run: of those that fit equally well, the newest. @return NULL if it is no run. */
static const struct n_plus_one_parent *parent_of(const struct n_plus_one *n,
                                                 const struct n_plus_one_shape *shape)
{
        if (n->least == 0 || shape->run.count < n->least || shape->distinct < n->least) {
                return NULL;
        }
        const struct n_plus_one_parent *best = NULL;
        enum fit best_fit = FIT_NONE;
        for (unsigned i = 0; i < shape->n_parents; i++) {
                enum fit fit = fit_of(n, shape->run.count, shape->parents[i].rows);
                if (fit > best_fit) {
                        best = &shape->parents[i];
                        best_fit = fit;
                }
        }
        return best;
}

static unsigned end_runs(struct n_plus_one *n, struct n_plus_one_session *s,
                         struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        unsigned ended = 0;
        for (unsigned i = 0; i < s->n_shapes; i++) {
                const struct n_plus_one_parent *parent = parent_of(n, &s->shapes[i]);
                if (parent != NULL) {
                        runs[ended] = s->shapes[i].run;
                        runs[ended].parent_rows = parent->rows;
                        memcpy(runs[ended++].parent, parent->hash, DIGEST_HASH);
                }
        }
        drop_shapes(n, s);
        return ended;
}

static bool is_same(const uint8_t a[DIGEST_HASH], const uint8_t b[DIGEST_HASH])
{
        return memcmp(a, b, DIGEST_HASH) == 0;
}

static struct n_plus_one_shape *find_shape(struct n_plus_one_session *s, const uint8_t hash[DIGEST_HASH])
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                if (is_same(s->shapes[i].run.hash, hash)) {
                        return &s->shapes[i];
                }
        }
        return NULL;
}

/** Is one of the shapes a run? With @p hash, a run after the rows of that. */
static bool has_run(const struct n_plus_one *n, const struct n_plus_one_session *s,
                    const uint8_t hash[DIGEST_HASH])
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                const struct n_plus_one_parent *parent = parent_of(n, &s->shapes[i]);
                if (parent != NULL && (hash == NULL || is_same(parent->hash, hash))) {
                        return true;
                }
        }
        return false;
}

/** @return s->n_parents if it is none. */
static unsigned find_parent(const struct n_plus_one_session *s, const uint8_t hash[DIGEST_HASH])
{
        unsigned i = 0;
        while (i < s->n_parents && !is_same(s->parents[i].hash, hash)) {
                i++;
        }
        return i;
}

/** Is @p stat with @p values, which is no shape of a run, a list that was read before? Then everything begins again. Directly after
 *  itself, but with other values, it can be a step down a tree. */
static bool begins_again(const struct n_plus_one_session *s, const struct digest_stat *stat, uint64_t values)
{
        unsigned i = find_parent(s, stat->hash);
        return i < s->n_parents &&
               (s->n_shapes > 0 || stat->shape.is_range || s->parents[i].values == values);
}

/** Does @p stat with @p values, whose shape is @p shape if it has one, end the runs?
 *  - The parent of a run comes again. If it is in a loop itself, its values differ from row to row; with the same values, or as another
 *    part of a larger result, it begins the next page.
 *  - Another statement follows a run. While there is none, it can be one more shape of a loop. */
static bool is_end(const struct n_plus_one *n, const struct n_plus_one_session *s,
                   const struct n_plus_one_shape *shape, const struct digest_stat *stat, uint64_t values)
{
        if (shape != NULL) {
                return (shape->values == values || stat->shape.is_page) && has_run(n, s, stat->hash);
        }
        return s->n_shapes == N_PLUS_ONE_RUNS || has_run(n, s, NULL);
}

/** One more shape follows the parents: forget those that are too old. */
static void age_parents(struct n_plus_one_session *s)
{
        unsigned kept = 0;
        for (unsigned i = 0; i < s->n_parents; i++) {
                if (s->parents[i].age++ < AGE_MAX) {
                        s->parents[kept++] = s->parents[i];
                }
        }
        s->n_parents = kept;
}

/** @return NULL when memory is out. */
static struct n_plus_one_shape *add_shape(struct n_plus_one *n, struct n_plus_one_session *s,
                                          const struct record *r, const struct digest_stat *stat)
{
        if (s->shapes == NULL) {
                s->shapes = spare_blocks_take(&n->shapes);
                if (s->shapes == NULL) {
                        return NULL;
                }
                s->runs_trx = s->parents_trx;
                link_session(n, s);
        }
        struct n_plus_one_shape *shape = &s->shapes[s->n_shapes++];
        *shape = (struct n_plus_one_shape){
            .run.mono_ns = r->mono_ns, .run.wall_ns = r->wall_ns, .n_parents = s->n_parents};
        memcpy(shape->run.hash, stat->hash, DIGEST_HASH);
        memcpy(shape->parents, s->parents, sizeof s->parents);
        return shape;
}

/** One more of a shape. */
static void count(struct n_plus_one_session *s, struct n_plus_one_shape *shape, const struct record *r,
                  uint64_t values)
{
        bool differs = shape->run.count == 0 || values != shape->values;
        shape->run.count++;
        shape->run.sum_us += r->duration_us;
        shape->distinct += differs ? 1 : 0;
        shape->values = values;
        s->longest_us = r->duration_us > s->longest_us ? r->duration_us : s->longest_us;
}

/** A statement of a run that is a parent itself: each time it brings more rows. */
static void add_rows(struct n_plus_one_session *s, const uint8_t hash[DIGEST_HASH], uint64_t rows)
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                struct n_plus_one_shape *shape = &s->shapes[i];
                for (unsigned k = 0; k < shape->n_parents && !is_same(shape->run.hash, hash); k++) {
                        shape->parents[k].rows += is_same(shape->parents[k].hash, hash) ? rows : 0;
                }
        }
}

static uint64_t trx_of(const struct record *r)
{
        return record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
}

/** A run goes on, begins or ends with @p r, a SELECT. */
static unsigned see_run(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                        const struct digest_stat *stat, uint64_t values,
                        struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        unsigned ended = 0;
        struct n_plus_one_shape *shape = find_shape(s, stat->hash);
        bool again = shape == NULL && begins_again(s, stat, values);
        if (again || is_end(n, s, shape, stat, values)) {
                again = again || shape != NULL;
                ended = end_runs(n, s, runs);
                s->n_parents = again ? 0 : s->n_parents;
                shape = NULL;
        }
        if (shape == NULL) {
                age_parents(s);
                shape = s->n_parents > 0 && !stat->shape.is_batch ? add_shape(n, s, r, stat) : NULL;
        }
        if (shape != NULL) {
                count(s, shape, r, values);
                if (parent_of(n, shape) != NULL) {
                        record_set_uint(r, FIELD_FINDINGS, r->findings | 1U << FINDING_N_PLUS_ONE);
                        record_set_uint(r, FIELD_REPEATED, shape->run.count);
                }
        }
        return ended;
}

/** The rows of @p r, a SELECT with the shape @p hash, may be gone through by what comes. */
static __attribute__((noinline)) void note_parent(struct n_plus_one_session *s, const struct record *r,
                                                  const uint8_t hash[DIGEST_HASH], uint64_t values)
{
        unsigned at = find_parent(s, hash);
        const struct n_plus_one_shape *shape = find_shape(s, hash);
        bool is_known = at < s->n_parents;
        bool in_loop = is_known && shape != NULL && !is_same(shape->parents[0].hash, hash);
        uint64_t before = in_loop ? s->parents[at].rows : 0;
        if (!is_known) {
                s->n_parents += s->n_parents < N_PLUS_ONE_PARENTS ? 1 : 0;
                at = s->n_parents - 1;
        }
        memmove(&s->parents[1], &s->parents[0], at * sizeof s->parents[0]);
        s->parents[0] = (struct n_plus_one_parent){.rows = before + r->rows, .values = values};
        memcpy(s->parents[0].hash, hash, DIGEST_HASH);
        s->parents_trx = trx_of(r);
        add_rows(s, hash, r->rows);
}

bool n_plus_one_is_waiting(const struct n_plus_one *n)
{
        return n->newest != NULL;
}

struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns,
                                             struct n_plus_one_run runs[N_PLUS_ONE_RUNS], unsigned *ended)
{
        /* a session that has left the list still knows which one follows */
        struct n_plus_one_session *first = after != NULL ? after->older : n->newest;
        for (struct n_plus_one_session *s = first; s != NULL; s = s->older) {
                uint64_t pause_ns = PAUSE_NS + SLOW_TIMES * s->longest_us * CLOCK_US_NS;
                if (now_mono_ns > s->ended_ns + pause_ns) {
                        *ended = end_runs(n, s, runs);
                        s->n_parents = 0;
                        return s;
                }
        }
        return NULL;
}

/* --- the same again ------------------------------------------------------------------------------------------------ */

static void see_again(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r, uint64_t key)
{
        uint64_t trx_id = trx_of(r);
        if (trx_id != s->trx_id) {
                s->trx_id = trx_id;
                drop_seen(n, s);
        }
        if (trx_id == 0 || (s->seen == NULL && (s->seen = spare_blocks_take(&n->seen)) == NULL)) {
                return;
        }
        uint64_t duplicates = 0;
        unsigned kept = s->n_seen < SEEN_MAX ? s->n_seen : SEEN_MAX;
        for (unsigned i = 0; i < kept; i++) {
                duplicates += s->seen[i] == key ? 1 : 0;
        }
        s->seen[s->n_seen++ % SEEN_MAX] = key;
        if (duplicates > 0) {
                record_set_uint(r, FIELD_FINDINGS, r->findings | 1U << FINDING_DUPLICATE);
                record_set_uint(r, FIELD_DUPLICATES, duplicates);
        }
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/** Of a statement's parameters, so that those with others differ. */
static uint64_t hash_values(const struct record *r, uint64_t values)
{
        struct value_list list = {NULL, 0};
        if (record_has(r, FIELD_STMT_EXECUTE_VALUES)) {
                list = r->stmt_execute_values;
        }
        for (size_t i = 0; i < list.n; i++) {
                values = XXH3_64bits_withSeed(list.at[i].bytes.data, list.at[i].bytes.len,
                                              values + list.at[i].is_null);
        }
        return values;
}

/** Preparing and closing belong to the statement that they are about. */
static bool is_upkeep(const struct record *r)
{
        switch (r->command_id) {
        case COM_STMT_PREPARE:
        case COM_STMT_CLOSE:
        case COM_STMT_RESET:
        case COM_STMT_SEND_LONG_DATA:
        case COM_PING: return true;
        default: return false;
        }
}

static uint64_t head_of(const uint8_t hash[DIGEST_HASH])
{
        uint64_t head;
        memcpy(&head, hash, sizeof head);
        return head;
}

static bool is_select(const struct record *r, const struct digest_found *found)
{
        return found->stat != NULL && found->stat->shape.kind == SHAPE_QUERY && !record_has(r, FIELD_ERRNO);
}

/** Does @p r belong to something else than what was before it? Writes do not: loops have them. Nor do the transactions that
 * a loop makes for each row; but those of a whole loop end with it. */
static bool is_another_matter(struct n_plus_one_session *s, const struct record *r, bool select)
{
        bool paused = r->mono_ns > s->ended_ns + PAUSE_NS;
        uint64_t trx_id = s->n_shapes > 0 ? s->runs_trx : s->parents_trx;
        s->others += select ? 0 : 1;
        return paused || s->others > OTHERS_MAX || (trx_id != 0 && trx_of(r) != trx_id);
}

/** Nothing is under way: no run that @p r could go on, begin or end, and no transaction. So it is most of the time. */
static bool is_quiet(const struct n_plus_one_session *s, const struct record *r)
{
        return s->n_parents == 0 && s->n_shapes == 0 && s->trx_id == 0 && !record_has(r, FIELD_TRX_ID);
}

static bool ends_transaction(const struct record *r)
{
        return record_has(r, FIELD_STATUS_FLAGS) &&
               (r->status_flags & (STATUS_IN_TRANS | STATUS_IN_TRANS_READONLY)) == 0;
}

/** Apart from n_plus_one_see, which most records leave at once: it needs many registers. */
static __attribute__((noinline)) unsigned see_order(struct n_plus_one *n, struct n_plus_one_session *s,
                                                    struct record *r, const struct digest_found *found,
                                                    bool select, struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        unsigned ended = 0;
        if (is_another_matter(s, r, select)) {
                ended = end_runs(n, s, runs);
                s->n_parents = 0;
                s->parents_trx = 0;
        }
        if (select) { /* where runs have just ended none is left that it could end */
                uint64_t values = hash_values(r, digests_values(found));
                see_again(n, s, r, values ^ head_of(found->stat->hash));
                ended += see_run(n, s, r, found->stat, values, runs);
        }
        if (ends_transaction(r)) {
                drop_seen(n, s);
        }
        return ended;
}

unsigned n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                        const struct digest_found *found, struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        if (r->event == EVENT_DISCONNECT) {
                return end_runs(n, s, runs);
        }
        if (r->event != EVENT_QUERY || is_upkeep(r)) {
                return 0;
        }
        bool select = is_select(r, found);
        unsigned ended = is_quiet(s, r) ? 0 : see_order(n, s, r, found, select, runs);
        if (select) {
                s->others = 0;
                if (record_has(r, FIELD_ROWS) && r->rows >= 2) {
                        note_parent(s, r, found->stat->hash, hash_values(r, digests_values(found)));
                }
        }
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        return ended;
}
