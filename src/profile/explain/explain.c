#include "profile/explain/explain.h"

#include "profile/explain/births.h"
#include "profile/explain/judge.h"
#include "profile/heap/prof.h"

void explain_init(struct explain *e)
{
        *e = (struct explain){.n_run = 0};
        shelf_init(&e->shelf);
}

/** What explain_finish made. */
static void forget(struct explain *e)
{
        for (size_t i = 0; i < e->n_run; i++) {
                prof_free(e->run[i].rounds);
                prof_free(e->run[i].births);
        }
        prof_free(e->run);
        e->run = NULL;
        e->n_run = 0;
        runs_fini(&e->runs);
}

void explain_fini(struct explain *e)
{
        forget(e);
        shelf_fini(&e->shelf);
        explain_init(e);
}

enum status explain_add(struct explain *e, struct span file)
{
        enum status status = shelf_add(&e->shelf, file);
        e->failed = e->failed || status == STATUS_NOMEM;
        return status;
}

enum status explain_finish(struct explain *e)
{
        forget(e);
        e->failed = e->failed || runs_find(&e->runs, &e->shelf) != STATUS_OK;
        if (!e->failed && e->runs.n > 0) {
                e->run = prof_calloc(STAGE_MAIN, e->runs.n, sizeof *e->run);
                e->failed = e->run == NULL;
        }
        for (size_t i = 0; i < e->runs.n && !e->failed; i++) {
                struct explain_run *run = &e->run[e->n_run++];
                const struct run *dumps = &e->runs.runs[i];
                e->failed = !births_find(run, &e->shelf, dumps) || !judge_bytes(run, &e->shelf, dumps) ||
                            !judge_trends(run);
        }
        return e->failed ? STATUS_NOMEM : STATUS_OK;
}

bool explain_rises(const struct explain *e)
{
        for (size_t i = 0; i < e->n_run; i++) {
                if (e->run[i].bytes.verdict == BYTES_RISES) {
                        return true;
                }
        }
        return false;
}
