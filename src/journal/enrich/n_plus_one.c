#include "journal/enrich/n_plus_one.h"

#include "base/clock.h"
#include "journal/enrich/spare_blocks.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

enum {
        SEEN_MAX = 64,
        SLOW_TIMES = 4, /* so many times as long as the longest statement of a loop is no pause */
};
#define PAUSE_NS                                                                                             \
        CLOCK_S_NS /* so long without a statement ends a loop: a pool gave the connection to somebody else */

struct n_plus_one {
        size_t sessions;                   /* that are open */
        struct n_plus_one_session *newest; /* of those that have parents or shapes */
        struct row_loops_pool loops;
        struct spare_blocks seen;
};

enum status n_plus_one_new(unsigned least, struct n_plus_one **out)
{
        *out = prof_calloc(STAGE_JOURNAL, 1, sizeof **out);
        if (*out == NULL) {
                return STATUS_NOMEM;
        }
        row_loops_pool_init(&(*out)->loops, least);
        (*out)->seen.size = SEEN_MAX * sizeof(uint64_t);
        return STATUS_OK;
}

/* --- what a session needs for a while ------------------------------------------------------------------------ */

static bool has_loops(const struct n_plus_one_session *s)
{
        return s->loops.n_parents > 0 || s->loops.n_shapes > 0;
}

/** Keep the list of sessions with loops: after each change of @p s. */
static void list_session(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (has_loops(s) == s->is_listed) {
                return;
        }
        s->is_listed = !s->is_listed;
        if (!s->is_listed) {
                *(s->newer != NULL ? &s->newer->older : &n->newest) = s->older;
                if (s->older != NULL) {
                        s->older->newer = s->newer;
                }
                return;
        }
        s->newer = NULL;
        s->older = n->newest;
        if (n->newest != NULL) {
                n->newest->newer = s;
        }
        n->newest = s;
}

static void end_loops(struct n_plus_one *n, struct n_plus_one_session *s, struct row_loops_ended *ended)
{
        row_loops_end(&n->loops, &s->loops, ended);
        list_session(n, s);
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
        *s = (struct n_plus_one_session){.seen = NULL};
        n->sessions++;
}

void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s)
{
        end_loops(n, s, NULL);
        drop_seen(n, s);
        n->sessions--;
        if (n->sessions == 0) { /* an idle proxy keeps no spare blocks: how many there are is chance */
                row_loops_pool_fini(&n->loops);
                spare_blocks_free(&n->seen);
        }
}

void n_plus_one_free(struct n_plus_one *n)
{
        if (n != NULL) {
                row_loops_pool_fini(&n->loops);
                spare_blocks_free(&n->seen);
                prof_free(n);
        }
}

/* --- time ----------------------------------------------------------------------------------------------------------- */

static uint64_t trx_of(const struct record *r)
{
        return record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
}

/** When a pause is long enough to end the loops of @p s. */
static uint64_t pause_end_ns(const struct n_plus_one_session *s)
{
        return s->ended_ns + PAUSE_NS + SLOW_TIMES * s->loops.longest_us * CLOCK_US_NS;
}

bool n_plus_one_is_waiting(const struct n_plus_one *n)
{
        return n->newest != NULL;
}

struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns, struct row_loops_ended *ended)
{
        /* a session that has left the list still knows which one follows */
        struct n_plus_one_session *first = after != NULL ? after->older : n->newest;
        for (struct n_plus_one_session *s = first; s != NULL; s = s->older) {
                if (now_mono_ns > pause_end_ns(s)) {
                        end_loops(n, s, ended);
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

/** Is it a statement that a loop can have, and not a whole list of its executions? What an application asks about definitions (of each
 *  of its tables, say) is none. */
static bool may_loop(const struct record *r, const struct digest_found *found)
{
        if (found->stat == NULL || record_has(r, FIELD_ERRNO) || r->command_id == COM_STMT_BULK_EXECUTE) {
                return false;
        }
        const struct shape *shape = &found->stat->shape;
        bool reads = shape->reads_qualified || shape->reads_unqualified || shape->is_opaque;
        return shape->kind == SHAPE_WRITE || (shape->kind == SHAPE_QUERY && reads);
}

/** Nothing is under way: no loop that @p r could go on with, begin or end, and no transaction. So it is most of the time. */
static bool is_quiet(const struct n_plus_one_session *s, const struct record *r, const struct shape *shape)
{
        return r->row_hashes.len == 0 && s->trx_id == 0 && !record_has(r, FIELD_TRX_ID) &&
               !row_loops_are_waiting(&s->loops, shape);
}

static bool ends_transaction(const struct record *r)
{
        return record_has(r, FIELD_STATUS_FLAGS) &&
               (r->status_flags & (STATUS_IN_TRANS | STATUS_IN_TRANS_READONLY)) == 0;
}

static bool begins_afresh(const struct record *r)
{
        return r->command_id == COM_CHANGE_USER || r->command_id == COM_RESET_CONNECTION;
}

static void see_loops(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                      const struct digest_found *found, uint64_t values, struct row_loops_ended *ended)
{
        const struct shape *shape = found->stat != NULL ? &found->stat->shape : NULL;
        if (r->mono_ns > pause_end_ns(s) || begins_afresh(r)) {
                end_loops(n, s, ended);
        }
        if (!may_loop(r, found)) {
                row_loops_see_other(&n->loops, &s->loops, shape, ended);
        } else if (row_loops_are_waiting(&s->loops, shape) || r->row_hashes.len > 0) {
                struct statement_keys keys;
                statement_keys_read(r, found->sql, shape, &keys);
                row_loops_see(&n->loops, &s->loops, r, found->stat, &keys, values, ended);
        }
        list_session(n, s);
}

/** Apart from n_plus_one_see, which most records leave at once: it needs many registers. */
static __attribute__((noinline)) void see_order(struct n_plus_one *n, struct n_plus_one_session *s,
                                                struct record *r, const struct digest_found *found,
                                                struct row_loops_ended *ended)
{
        uint64_t values = found->stat != NULL ? hash_values(r, digests_values(found)) : 0;
        if (is_select(r, found)) {
                see_again(n, s, r, values ^ head_of(found->stat->hash));
        }
        if (n->loops.least > 0) {
                see_loops(n, s, r, found, values, ended);
        }
        if (ends_transaction(r)) {
                drop_seen(n, s);
        }
}

void n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                    const struct digest_found *found, struct row_loops_ended *ended)
{
        if (r->event == EVENT_DISCONNECT) {
                end_loops(n, s, ended);
        }
        if (r->event != EVENT_QUERY || is_upkeep(r)) {
                return;
        }
        if (!is_quiet(s, r, found->stat != NULL ? &found->stat->shape : NULL)) {
                see_order(n, s, r, found, ended);
        }
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
}
