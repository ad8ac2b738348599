#include "profile/explain/explain.h"

#include "profile/explain/births.h"
#include "profile/explain/judge.h"
#include "profile/heap/prof.h"

void explain_init(struct explain *e)
{
        *e = (struct explain){.n_run = 0};
        dump_set_init(&e->set);
}

/** Free what explain_finish made. */
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
        dump_set_fini(&e->set);
        explain_init(e);
}

enum status explain_add(struct explain *e, struct span file)
{
        enum status status = dump_set_add(&e->set, file);
        e->failed = e->failed || status == STATUS_NOMEM;
        return status;
}

enum status explain_finish(struct explain *e)
{
        forget(e);
        e->failed = e->failed || runs_find(&e->runs, &e->set) != STATUS_OK;
        if (!e->failed && e->runs.n > 0) {
                e->run = prof_calloc(STAGE_MAIN, e->runs.n, sizeof *e->run);
                e->failed = e->run == NULL;
        }
        for (size_t i = 0; i < e->runs.n && !e->failed; i++) {
                struct explain_run *run = &e->run[e->n_run++];
                const struct run *dumps = &e->runs.runs[i];
                e->failed = !births_find(run, &e->set, dumps) || !judge_bytes(run, &e->set, dumps) ||
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
