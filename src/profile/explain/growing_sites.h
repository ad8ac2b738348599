/** @file growing_sites.h  Finds the allocation sites whose memory grows: what was sampled there and is never freed.
 *
 * A leak of b bytes per round is sampled about every R / b rounds, and each sample stays. So its steps are spread over all
 * rounds and are never undone. What warms up has its steps early, a single step has them at once, and what comes and goes undoes
 * them. Garbage does not matter: a sample is in use until a collection has found that it is not.
 * Memory: its own. Threads: one. */
#ifndef PROFILE_EXPLAIN_GROWING_SITES_H
#define PROFILE_EXPLAIN_GROWING_SITES_H

#include "profile/explain/explain_types.h"
#include "profile/explain/runs.h"

struct growing_sites {
        struct explain_site worst[EXPLAIN_SITES]; /**< by their growth */
        size_t n_worst;
        bool site_rises; /**< worst[0] rises by itself */
        bool all_rise;   /**< all sites that never free rise together */
        size_t steps;    /**< rounds in which the sites that never free grew */
        size_t newest;   /**< the last such round, from 1 */
        double grown;    /**< bytes of the site that rises, or of all */
};

/** @p since: the rounds after this one, from 0, are judged. @return false when memory is out. */
bool growing_sites_find(struct growing_sites *h, const struct explain_run *run, const struct dump_set *set,
                        const struct run *dumps, size_t since);

#endif
