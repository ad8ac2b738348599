#include "journal/enrich/n_plus_one.h"

#include "base/clock.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

enum {
        SEEN_MAX = 64,
        OTHERS_MAX =
            8, /* statements other than SELECT between two of a run: what a loop writes for each row */
        SPARE_MAX = 64,
        EACH_MAX = 4, /* of one shape for each row: an author and an editor */
        MANY = 20,    /* that is no chance, even if most rows had none: a fifth is enough */
        MANY_OF = 5,
};
#define PAUSE_NS                                                                                             \
        CLOCK_S_NS /* so long without a statement ends a run: a pool gave the connection to somebody else */

struct n_plus_one_shape {
        struct n_plus_one_run run;
        uint64_t values; /* the last one's */
        uint64_t distinct;
};

/* Spare blocks of one size, for shapes or for what was seen: only a session that needs one has one. */
struct free_list {
        void *first; /* each points at the next */
        unsigned n;
        size_t size;
};

struct n_plus_one {
        unsigned least;
        size_t sessions; /* that are open */
        struct free_list shapes;
        struct free_list seen;
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

/* --- spare blocks -------------------------------------------------------------------------------------------------------- */

/** @return NULL when memory is out. */
static void *take_block(struct free_list *list)
{
        void *block = list->first;
        if (block == NULL) {
                return prof_alloc(STAGE_JOURNAL, list->size);
        }
        memcpy(&list->first, block, sizeof list->first);
        list->n--;
        return block;
}

static void give_block(struct free_list *list, void *block)
{
        if (list->n == SPARE_MAX) {
                prof_free(block);
                return;
        }
        memcpy(block, &list->first, sizeof list->first);
        list->first = block;
        list->n++;
}

static void free_blocks(struct free_list *list)
{
        while (list->first != NULL) {
                prof_free(take_block(list));
        }
}

static void drop_shapes(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (s->shapes != NULL) {
                give_block(&n->shapes, s->shapes);
                s->shapes = NULL;
                s->n_shapes = 0;
        }
}

static void drop_seen(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (s->seen != NULL) {
                give_block(&n->seen, s->seen);
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
                free_blocks(&n->shapes);
                free_blocks(&n->seen);
        }
}

void n_plus_one_free(struct n_plus_one *n)
{
        if (n != NULL) {
                free_blocks(&n->shapes);
                free_blocks(&n->seen);
                prof_free(n);
        }
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

/** One for each row, as far as numbers can tell: not every row has to have one (NULLs, caches), and some loops ask twice. */
static bool fits_rows(const struct n_plus_one *n, uint64_t count, uint64_t rows)
{
        if (count > rows) {
                return rows >= n->least && count % rows == 0 && count / rows <= EACH_MAX;
        }
        return count * 2 >= rows || (count >= MANY && count * MANY_OF >= rows);
}

static bool is_n_plus_one(const struct n_plus_one *n, const struct n_plus_one_shape *shape)
{
        const struct n_plus_one_run *run = &shape->run;
        return n->least > 0 && run->count >= n->least && shape->distinct >= n->least &&
               fits_rows(n, run->count, run->parent_rows);
}

static unsigned end_runs(struct n_plus_one *n, struct n_plus_one_session *s,
                         struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        unsigned ended = 0;
        for (unsigned i = 0; i < s->n_shapes; i++) {
                if (is_n_plus_one(n, &s->shapes[i])) {
                        runs[ended++] = s->shapes[i].run;
                }
        }
        drop_shapes(n, s);
        return ended;
}

static struct n_plus_one_shape *find_shape(struct n_plus_one_session *s, const uint8_t hash[DIGEST_HASH])
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                if (memcmp(s->shapes[i].run.hash, hash, DIGEST_HASH) == 0) {
                        return &s->shapes[i];
                }
        }
        return NULL;
}

/** A shape that was not there yet may join while the first one came but once: then they take turns. */
static bool may_join(const struct n_plus_one_session *s)
{
        return s->n_shapes > 0 && s->n_shapes < N_PLUS_ONE_RUNS && s->shapes[0].run.count == 1;
}

/** @return NULL when memory is out. */
static struct n_plus_one_shape *add_shape(struct n_plus_one *n, struct n_plus_one_session *s,
                                          const uint8_t hash[DIGEST_HASH], uint64_t values)
{
        if (s->shapes == NULL && (s->shapes = take_block(&n->shapes)) == NULL) {
                return NULL;
        }
        struct n_plus_one_shape *shape = &s->shapes[s->n_shapes];
        const struct n_plus_one_shape *first = &s->shapes[0];
        /* the rows of the statement before; behind a child, those of the parent that it has too */
        bool own = s->rows >= 2 || s->n_shapes == 0;
        *shape = (struct n_plus_one_shape){.run.parent_rows = own ? s->rows : first->run.parent_rows,
                                           .values = ~values};
        memcpy(shape->run.hash, hash, DIGEST_HASH);
        memcpy(shape->run.parent, own ? s->hash : first->run.parent, DIGEST_HASH);
        s->runs_trx = s->n_shapes == 0 ? s->rows_trx : s->runs_trx;
        s->n_shapes++;
        return shape;
}

/** One more of a shape. */
static void count(struct n_plus_one_shape *shape, const struct record *r, uint64_t values)
{
        shape->run.count++;
        shape->run.sum_us += r->duration_us;
        shape->distinct += values != shape->values ? 1 : 0;
        shape->values = values;
}

/** A statement of a run that is a parent itself: each time it brings more rows. */
static void add_rows(struct n_plus_one_session *s, const uint8_t hash[DIGEST_HASH], uint64_t rows)
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                struct n_plus_one_run *run = &s->shapes[i].run;
                if (memcmp(run->parent, hash, DIGEST_HASH) == 0 &&
                    memcmp(run->hash, hash, DIGEST_HASH) != 0) {
                        run->parent_rows += rows;
                }
        }
}

static uint64_t trx_of(const struct record *r)
{
        return record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
}

/** A run goes on, begins or ends with @p r, a SELECT. */
static unsigned see_run(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                        const struct digest_found *found, uint64_t values,
                        struct n_plus_one_run runs[N_PLUS_ONE_RUNS])
{
        unsigned ended = 0;
        const uint8_t *hash = found->stat->hash;
        struct n_plus_one_shape *shape = find_shape(s, hash);
        if (shape == NULL) {
                if (!may_join(s)) {
                        ended = end_runs(n, s, runs);
                }
                shape = s->n_shapes > 0 || s->rows >= 2 ? add_shape(n, s, hash, values) : NULL;
        }
        if (shape != NULL) {
                count(shape, r, values);
                if (is_n_plus_one(n, shape)) {
                        record_set_uint(r, FIELD_FINDINGS, r->findings | 1U << FINDING_N_PLUS_ONE);
                        record_set_uint(r, FIELD_REPEATED, shape->run.count);
                }
        }
        return ended;
}

/** @p r may be the parent of what comes. */
static void note_rows(struct n_plus_one_session *s, const struct record *r, const uint8_t hash[DIGEST_HASH])
{
        s->rows = record_has(r, FIELD_ROWS) ? r->rows : 0;
        s->rows_trx = trx_of(r);
        s->others = 0;
        add_rows(s, hash, s->rows);
        memcpy(s->hash, hash, DIGEST_HASH);
}

/* --- the same again ------------------------------------------------------------------------------------------------ */

static void see_again(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r, uint64_t key)
{
        uint64_t trx_id = trx_of(r);
        if (trx_id != s->trx_id) {
                s->trx_id = trx_id;
                drop_seen(n, s);
        }
        if (trx_id == 0 || (s->seen == NULL && (s->seen = take_block(&n->seen)) == NULL)) {
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
        uint64_t trx_id = s->n_shapes > 0 ? s->runs_trx : s->rows_trx;
        s->others += select ? 0 : 1;
        return paused || s->others > OTHERS_MAX || (trx_id != 0 && trx_of(r) != trx_id);
}

/** Nothing is under way: no run that @p r could go on, begin or end, and no transaction. So it is most of the time. */
static bool is_quiet(const struct n_plus_one_session *s, const struct record *r)
{
        return s->n_shapes == 0 && s->rows < 2 && s->trx_id == 0 && !record_has(r, FIELD_TRX_ID);
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
                s->rows = 0;
        }
        if (select) { /* where runs have just ended none is left that it could end */
                uint64_t values = hash_values(r, digests_values(found));
                see_again(n, s, r, values ^ head_of(found->stat->hash));
                ended += see_run(n, s, r, found, values, runs);
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
                note_rows(s, r, found->stat->hash);
        }
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        return ended;
}
