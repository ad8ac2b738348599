#include "journal/enrich/prepare_once.h"

#include "base/clock.h"
#include "profile/heap/prof.h"

#define PAUSE_NS CLOCK_S_NS /* so long without a further statement ends a run */

/* A prepared statement that was executed at most once. */
struct open_statement {
        uint64_t stmt_id;
        uint64_t us; /* of preparing and executing it */
        bool was_executed;
};

struct prepare_once_work {
        unsigned n_open;
        unsigned n_runs;
        struct open_statement open[PREPARE_ONCE_OPEN]; /* the oldest first */
        struct prepare_once_run runs[PREPARE_ONCE_RUNS];
};

/* --- what a session needs for a while ------------------------------------------------------------------------ */

static void link_session(struct prepare_once *p, struct prepare_once_session *s)
{
        s->next = p->first;
        s->link = &p->first;
        p->first = s;
        if (s->next != NULL) {
                s->next->link = &s->next;
        }
}

static void unlink_session(struct prepare_once_session *s)
{
        *s->link = s->next;
        if (s->next != NULL) {
                s->next->link = s->link;
        }
        s->link = NULL;
}

/** Its statements or runs have changed: the session is in the list while it has runs, and needs memory while it has any of these. */
static void settle(struct prepare_once *p, struct prepare_once_session *s)
{
        if (s->work->n_runs > 0 && s->link == NULL) {
                link_session(p, s);
        } else if (s->work->n_runs == 0 && s->link != NULL) {
                unlink_session(s);
        }
        if (s->work->n_runs == 0 && s->work->n_open == 0) {
                prof_free(s->work);
                s->work = NULL;
        }
}

void prepare_once_fini(struct prepare_once_session *s)
{
        if (s->link != NULL) {
                unlink_session(s);
        }
        prof_free(s->work);
        s->work = NULL;
}

/* --- open statements -------------------------------------------------------------------------------------------- */

static void drop_open(struct prepare_once_work *w, unsigned i)
{
        w->n_open--;
        memmove(&w->open[i], &w->open[i + 1], (w->n_open - i) * sizeof w->open[0]);
}

static void add_open(struct prepare_once_work *w, const struct record *r)
{
        if (w->n_open == PREPARE_ONCE_OPEN) {
                drop_open(w, 0);
        }
        w->open[w->n_open++] = (struct open_statement){.stmt_id = r->stmt_id, .us = r->duration_us};
}

/** @return w->n_open if there is none. */
static unsigned find_open(const struct prepare_once_work *w, uint64_t stmt_id)
{
        unsigned i = 0;
        while (i < w->n_open && w->open[i].stmt_id != stmt_id) {
                i++;
        }
        return i;
}

/* --- runs ----------------------------------------------------------------------------------------------------------- */

/** End run @p i. @return 1 if it is reported, in *@p out. */
static unsigned end_run(const struct prepare_once *p, struct prepare_once_work *w, unsigned i,
                        struct prepare_once_run *out)
{
        *out = w->runs[i];
        w->n_runs--;
        memmove(&w->runs[i], &w->runs[i + 1], (w->n_runs - i) * sizeof w->runs[0]);
        return out->count >= p->least ? 1 : 0;
}

/** End the runs to which nothing was added for a while. */
static unsigned end_old_runs(const struct prepare_once *p, struct prepare_once_work *w, uint64_t now_ns,
                             struct prepare_once_run *out)
{
        unsigned ended = 0;
        unsigned i = 0;
        while (i < w->n_runs) {
                if (now_ns > w->runs[i].mono_ns + PAUSE_NS) {
                        ended += end_run(p, w, i, &out[ended]);
                } else {
                        i++;
                }
        }
        return ended;
}

/** @return w->n_runs if there is none. */
static unsigned find_run(const struct prepare_once_work *w, const uint8_t *hash)
{
        unsigned i = 0;
        while (i < w->n_runs && memcmp(w->runs[i].hash, hash, DIGEST_HASH) != 0) {
                i++;
        }
        return i;
}

/** @p st, with the digest @p hash, was closed by @p r after it was executed once. @return how many runs ended to make room. */
static unsigned add_to_run(const struct prepare_once *p, struct prepare_once_work *w,
                           const struct open_statement *st, const uint8_t *hash, const struct record *r,
                           struct prepare_once_run *out)
{
        unsigned ended = 0;
        unsigned i = find_run(w, hash);
        if (i == w->n_runs) {
                if (w->n_runs == PREPARE_ONCE_RUNS) {
                        ended = end_run(p, w, 0, out);
                        i--;
                }
                w->runs[i] = (struct prepare_once_run){.count = 0};
                memcpy(w->runs[i].hash, hash, DIGEST_HASH);
                w->n_runs++;
        }
        w->runs[i].count++;
        w->runs[i].sum_us += st->us;
        w->runs[i].mono_ns = r->mono_ns;
        w->runs[i].wall_ns = r->wall_ns;
        return ended;
}

/* --- records -------------------------------------------------------------------------------------------------------- */

/** A statement with the digest @p hash was executed. @return how many runs ended. */
static unsigned on_execute(const struct prepare_once *p, struct prepare_once_work *w, const struct record *r,
                           const uint8_t *hash, struct prepare_once_run *out)
{
        unsigned i = find_open(w, r->stmt_id);
        if (i == w->n_open) {
                return 0;
        }
        if (!w->open[i].was_executed) {
                w->open[i].was_executed = true;
                w->open[i].us += r->duration_us;
                return 0;
        }
        drop_open(w, i); /* it is not of the kind */
        unsigned run = hash != NULL ? find_run(w, hash) : w->n_runs;
        return run < w->n_runs ? end_run(p, w, run, out) : 0;
}

static unsigned on_close(const struct prepare_once *p, struct prepare_once_work *w, const struct record *r,
                         const uint8_t *hash, struct prepare_once_run *out)
{
        unsigned i = find_open(w, r->stmt_id);
        if (i == w->n_open) {
                return 0;
        }
        struct open_statement closed = w->open[i];
        drop_open(w, i);
        return closed.was_executed && hash != NULL ? add_to_run(p, w, &closed, hash, r, out) : 0;
}

unsigned prepare_once_see(struct prepare_once *p, struct prepare_once_session *s, const struct record *r,
                          const uint8_t *hash, struct prepare_once_run runs[PREPARE_ONCE_RUNS])
{
        bool prepares =
            r->command_id == COM_STMT_PREPARE && record_has(r, FIELD_STMT_ID) && !record_has(r, FIELD_ERRNO);
        if (s->work == NULL && prepares && p->least > 0) {
                s->work = prof_calloc(STAGE_JOURNAL, 1, sizeof *s->work);
        }
        struct prepare_once_work *w = s->work;
        if (w == NULL) {
                return 0;
        }
        unsigned ended = end_old_runs(p, w, r->mono_ns, runs);
        switch (r->command_id) {
        case COM_STMT_PREPARE:
                if (prepares) {
                        add_open(w, r);
                }
                break;
        case COM_STMT_EXECUTE:
        case COM_STMT_BULK_EXECUTE: ended += on_execute(p, w, r, hash, &runs[ended]); break;
        case COM_STMT_CLOSE: ended += on_close(p, w, r, hash, &runs[ended]); break;
        case COM_CHANGE_USER:
        case COM_RESET_CONNECTION: w->n_open = 0; break;
        default: break;
        }
        settle(p, s);
        return ended;
}

unsigned prepare_once_end(const struct prepare_once *p, struct prepare_once_session *s,
                          struct prepare_once_run runs[PREPARE_ONCE_RUNS])
{
        unsigned ended = s->work != NULL ? end_old_runs(p, s->work, UINT64_MAX, runs) : 0;
        prepare_once_fini(s);
        return ended;
}

struct prepare_once_session *
prepare_once_expire(struct prepare_once *p, const struct prepare_once_session *after, uint64_t now_mono_ns,
                    struct prepare_once_run runs[PREPARE_ONCE_RUNS], unsigned *ended)
{
        /* a session that has left the list still knows which one follows */
        struct prepare_once_session *s = after != NULL ? after->next : p->first;
        for (*ended = 0; s != NULL; s = s->next) {
                *ended = end_old_runs(p, s->work, now_mono_ns, runs);
                settle(p, s);
                if (*ended > 0) {
                        return s;
                }
        }
        return NULL;
}
