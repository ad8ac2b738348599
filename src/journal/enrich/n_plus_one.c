#include "journal/enrich/n_plus_one.h"

#include "base/clock.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

enum {
        SEEN_MAX = 64,
        BUCKETS = 1024,
        OTHERS_MAX =
            8, /* statements that are no SELECT, between two of a run: what a loop writes for each row */
        SPARE_MAX = 64,
        EACH_MAX = 4, /* of one shape for each row: an author and an editor */
        MANY = 20,    /* that is no chance, even if most rows had none: a fifth is enough */
        MANY_OF = 5,
};
#define PAUSE_NS                                                                                             \
        CLOCK_S_NS /* so long without a statement ends a run: a pool gave the connection to somebody else */

struct shape {
        struct track_run run;
        uint64_t values; /* the last one's */
        uint64_t distinct;
};

/* Room for shapes, or for what was seen: only a session that needs it has it. */
struct rooms {
        void *first; /* spare ones; each points at the next */
        unsigned n;
        size_t size;
};

struct session {
        struct session *next;
        uint64_t conn_id;
        uint64_t ended_ns; /* its last statement, monotonic */
        /* the statement before, if it gave rows */
        uint64_t rows;
        uint64_t rows_trx; /* its transaction; 0 = none */
        uint8_t hash[DIGEST_HASH];
        unsigned others;   /* since then */
        uint64_t runs_trx; /* of the first shape's parent */
        unsigned n_shapes;
        unsigned n_seen;      /* in all; the last SEEN_MAX are kept */
        struct shape *shapes; /* TRACK_RUNS_MAX; NULL while there are none */
        uint64_t trx_id;      /* whose statements are in `seen` */
        uint64_t *seen;       /* SEEN_MAX; NULL while there are none */
};

struct track {
        unsigned least;
        size_t sessions;
        size_t max;
        uint64_t missed;
        struct rooms shapes;
        struct rooms seen;
        struct session *buckets[BUCKETS];
};

enum status track_new(unsigned n_plus_one, size_t sessions, struct track **out)
{
        *out = prof_calloc(STAGE_JOURNAL, 1, sizeof **out);
        if (*out == NULL) {
                return STATUS_NOMEM;
        }
        (*out)->least = n_plus_one;
        (*out)->max = sessions;
        (*out)->shapes.size = TRACK_RUNS_MAX * sizeof(struct shape);
        (*out)->seen.size = SEEN_MAX * sizeof(uint64_t);
        return STATUS_OK;
}

/* --- rooms -------------------------------------------------------------------------------------------------------- */

/** @return NULL when memory is out. */
static void *take_room(struct rooms *rooms)
{
        void *room = rooms->first;
        if (room == NULL) {
                return prof_alloc(STAGE_JOURNAL, rooms->size);
        }
        memcpy(&rooms->first, room, sizeof rooms->first);
        rooms->n--;
        return room;
}

static void give_room(struct rooms *rooms, void *room)
{
        if (rooms->n == SPARE_MAX) {
                prof_free(room);
                return;
        }
        memcpy(room, &rooms->first, sizeof rooms->first);
        rooms->first = room;
        rooms->n++;
}

static void drop_rooms(struct rooms *rooms)
{
        while (rooms->first != NULL) {
                prof_free(take_room(rooms));
        }
}

static void drop_shapes(struct track *t, struct session *s)
{
        if (s->shapes != NULL) {
                give_room(&t->shapes, s->shapes);
                s->shapes = NULL;
                s->n_shapes = 0;
        }
}

static void drop_seen(struct track *t, struct session *s)
{
        if (s->seen != NULL) {
                give_room(&t->seen, s->seen);
                s->seen = NULL;
                s->n_seen = 0;
        }
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void forget(struct track *t, struct session **at)
{
        struct session *s = *at;
        *at = s->next;
        drop_shapes(t, s);
        drop_seen(t, s);
        prof_free(s);
        t->sessions--;
        if (t->sessions == 0) { /* how many there were at once is chance: an idle proxy keeps none */
                drop_rooms(&t->shapes);
                drop_rooms(&t->seen);
        }
}

void track_free(struct track *t)
{
        for (size_t i = 0; t != NULL && i < BUCKETS; i++) {
                while (t->buckets[i] != NULL) {
                        forget(t, &t->buckets[i]);
                }
        }
        if (t != NULL) {
                drop_rooms(&t->shapes);
                drop_rooms(&t->seen);
        }
        prof_free(t);
}

uint64_t track_missed(const struct track *t)
{
        return t->missed;
}

static struct session **find(struct track *t, uint64_t conn_id)
{
        struct session **at = &t->buckets[conn_id % BUCKETS];
        while (*at != NULL && (*at)->conn_id != conn_id) {
                at = &(*at)->next;
        }
        return at;
}

static struct session *add_session(struct track *t, struct session **at, uint64_t conn_id)
{
        struct session *s = t->sessions < t->max ? prof_calloc(STAGE_JOURNAL, 1, sizeof *s) : NULL;
        if (s == NULL) {
                t->missed++;
                return NULL;
        }
        s->conn_id = conn_id;
        *at = s;
        t->sessions++;
        return s;
}

/** @return NULL if it can't be followed. */
static struct session *get(struct track *t, uint64_t conn_id)
{
        struct session **at = find(t, conn_id);
        return *at != NULL ? *at : add_session(t, at, conn_id);
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

/** One for each row, as far as numbers can tell: not every row has to have one (NULLs, caches), and some loops ask twice. */
static bool fits_rows(const struct track *t, uint64_t count, uint64_t rows)
{
        if (count > rows) {
                return rows >= t->least && count % rows == 0 && count / rows <= EACH_MAX;
        }
        return count * 2 >= rows || (count >= MANY && count * MANY_OF >= rows);
}

static bool is_n_plus_one(const struct track *t, const struct shape *shape)
{
        const struct track_run *run = &shape->run;
        return t->least > 0 && run->count >= t->least && shape->distinct >= t->least &&
               fits_rows(t, run->count, run->parent_rows);
}

static unsigned end_runs(struct track *t, struct session *s, struct track_run runs[TRACK_RUNS_MAX])
{
        unsigned n = 0;
        for (unsigned i = 0; i < s->n_shapes; i++) {
                if (is_n_plus_one(t, &s->shapes[i])) {
                        runs[n++] = s->shapes[i].run;
                }
        }
        drop_shapes(t, s);
        return n;
}

static struct shape *find_shape(struct session *s, const uint8_t hash[DIGEST_HASH])
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                if (memcmp(s->shapes[i].run.hash, hash, DIGEST_HASH) == 0) {
                        return &s->shapes[i];
                }
        }
        return NULL;
}

/** A shape that was not there yet may join while the first one came but once: then they take turns. */
static bool may_join(const struct session *s)
{
        return s->n_shapes > 0 && s->n_shapes < TRACK_RUNS_MAX && s->shapes[0].run.count == 1;
}

/** @return NULL when memory is out. */
static struct shape *add_shape(struct track *t, struct session *s, const uint8_t hash[DIGEST_HASH],
                               uint64_t values)
{
        if (s->shapes == NULL && (s->shapes = take_room(&t->shapes)) == NULL) {
                return NULL;
        }
        struct shape *shape = &s->shapes[s->n_shapes];
        const struct shape *first = &s->shapes[0];
        /* the rows of the statement before; behind a child, those of the parent that it has too */
        bool own = s->rows >= 2 || s->n_shapes == 0;
        *shape = (struct shape){.run.parent_rows = own ? s->rows : first->run.parent_rows, .values = ~values};
        memcpy(shape->run.hash, hash, DIGEST_HASH);
        memcpy(shape->run.parent, own ? s->hash : first->run.parent, DIGEST_HASH);
        s->runs_trx = s->n_shapes == 0 ? s->rows_trx : s->runs_trx;
        s->n_shapes++;
        return shape;
}

/** One more of a shape. */
static void count(struct shape *shape, const struct record *r, uint64_t values)
{
        shape->run.count++;
        shape->run.sum_us += r->duration_us;
        shape->distinct += values != shape->values ? 1 : 0;
        shape->values = values;
}

/** A statement of a run that is a parent itself: each time it brings more rows. */
static void add_rows(struct session *s, const uint8_t hash[DIGEST_HASH], uint64_t rows)
{
        for (unsigned i = 0; i < s->n_shapes; i++) {
                struct track_run *run = &s->shapes[i].run;
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
static unsigned see_run(struct track *t, struct session *s, struct record *r,
                        const struct digest_found *found, uint64_t values,
                        struct track_run runs[TRACK_RUNS_MAX])
{
        unsigned ended = 0;
        const uint8_t *hash = found->stat->hash;
        struct shape *shape = find_shape(s, hash);
        if (shape == NULL) {
                if (!may_join(s)) {
                        ended = end_runs(t, s, runs);
                }
                shape = s->n_shapes > 0 || s->rows >= 2 ? add_shape(t, s, hash, values) : NULL;
        }
        if (shape != NULL) {
                count(shape, r, values);
                if (is_n_plus_one(t, shape)) {
                        r->findings |= 1U << FINDING_N_PLUS_ONE;
                        record_set_uint(r, FIELD_REPEATED, shape->run.count);
                }
        }
        return ended;
}

/** @p r may be the parent of what comes. */
static void note_rows(struct session *s, const struct record *r, const uint8_t hash[DIGEST_HASH])
{
        s->rows = record_has(r, FIELD_ROWS) ? r->rows : 0;
        s->rows_trx = trx_of(r);
        s->others = 0;
        add_rows(s, hash, s->rows);
        memcpy(s->hash, hash, DIGEST_HASH);
}

/* --- the same again ------------------------------------------------------------------------------------------------ */

static void see_again(struct track *t, struct session *s, struct record *r, uint64_t key)
{
        uint64_t trx_id = trx_of(r);
        if (trx_id != s->trx_id) {
                s->trx_id = trx_id;
                drop_seen(t, s);
        }
        if (trx_id == 0 || (s->seen == NULL && (s->seen = take_room(&t->seen)) == NULL)) {
                return;
        }
        uint64_t duplicates = 0;
        unsigned kept = s->n_seen < SEEN_MAX ? s->n_seen : SEEN_MAX;
        for (unsigned i = 0; i < kept; i++) {
                duplicates += s->seen[i] == key ? 1 : 0;
        }
        s->seen[s->n_seen++ % SEEN_MAX] = key;
        if (duplicates > 0) {
                r->findings |= 1U << FINDING_DUPLICATE;
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
        return found->stat != NULL && found->stat->is_select && !record_has(r, FIELD_ERRNO);
}

/** Does @p r belong to something else than what was before it? Writes do not: loops have them. Nor do the transactions that
 * a loop makes for each row; but those of a whole loop end with it. */
static bool is_another_matter(struct session *s, const struct record *r, bool select)
{
        bool paused = r->mono_ns > s->ended_ns + PAUSE_NS;
        uint64_t trx_id = s->n_shapes > 0 ? s->runs_trx : s->rows_trx;
        s->others += select ? 0 : 1;
        return paused || s->others > OTHERS_MAX || (trx_id != 0 && trx_of(r) != trx_id);
}

/** Nothing is under way: no run that @p r could go on, begin or end, and no transaction. So it is most of the time. */
static bool is_quiet(const struct session *s, const struct record *r)
{
        return s->n_shapes == 0 && s->rows < 2 && s->trx_id == 0 && !record_has(r, FIELD_TRX_ID);
}

static bool ends_transaction(const struct record *r)
{
        return record_has(r, FIELD_STATUS_FLAGS) &&
               (r->status_flags & (STATUS_IN_TRANS | STATUS_IN_TRANS_READONLY)) == 0;
}

/** Apart from track_see, which most records leave at once: it needs many registers. */
static __attribute__((noinline)) unsigned see_order(struct track *t, struct session *s, struct record *r,
                                                    const struct digest_found *found, bool select,
                                                    struct track_run runs[TRACK_RUNS_MAX])
{
        unsigned ended = 0;
        if (is_another_matter(s, r, select)) {
                ended = end_runs(t, s, runs);
                s->rows = 0;
        }
        if (select) { /* where runs have just ended none is left that it could end */
                uint64_t values = hash_values(r, digests_values(found));
                see_again(t, s, r, values ^ head_of(found->stat->hash));
                ended += see_run(t, s, r, found, values, runs);
        }
        if (ends_transaction(r)) {
                drop_seen(t, s);
        }
        return ended;
}

static unsigned end_session(struct track *t, uint64_t conn_id, struct track_run runs[TRACK_RUNS_MAX])
{
        struct session **at = find(t, conn_id);
        if (*at == NULL) {
                return 0;
        }
        unsigned ended = end_runs(t, *at, runs);
        forget(t, at);
        return ended;
}

unsigned track_see(struct track *t, struct record *r, const struct digest_found *found,
                   struct track_run runs[TRACK_RUNS_MAX])
{
        if (r->event != EVENT_QUERY) {
                return r->event == EVENT_DISCONNECT ? end_session(t, r->conn_id, runs) : 0;
        }
        struct session *s = is_upkeep(r) ? NULL : get(t, r->conn_id);
        if (s == NULL) {
                return 0;
        }
        bool select = is_select(r, found);
        unsigned ended = is_quiet(s, r) ? 0 : see_order(t, s, r, found, select, runs);
        if (select) {
                note_rows(s, r, found->stat->hash);
        }
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        return ended;
}
