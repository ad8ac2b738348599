/** @file run_config.h  The file .querytap.cfg: settings of `querytap run` that a project commits.
 *
 *      contract = "tests/queries.contract";
 *      baseline = "tests/queries.baseline";
 *      budgets = ( { scope = "api.*"; statements = 50; n_plus_one = 0; } );
 *      total = { statements = 5000; };
 *
 * It is looked for in the folder and its parents up to the root of the repository (a folder with .git, .hg or .svn); without a
 * repository, in the folder only. A checkout may be hostile: the file can't name programs, logs, servers or other files than contract
 * and baseline, which must be below its own folder, and it can't include others.
 * Source of its syntax: libconfig.
 * Threads: main.   Memory: the caller's, and that of budgets. */
#ifndef RUN_RUN_CONFIG_H
#define RUN_RUN_CONFIG_H

#include "run/budget.h"

#define RUN_CONFIG_NAME ".querytap.cfg"
enum { RUN_CONFIG_PATH = 4096, RUN_CONFIG_TEXT = 512, RUN_CONFIG_MAX = 1 << 20 /**< bytes of a file */ };

struct run_config {
        char contract[RUN_CONFIG_PATH]; /**< "" = not given */
        char baseline[RUN_CONFIG_PATH];
        char findings[RUN_CONFIG_TEXT];
        char scope_tag[RUN_CONFIG_TEXT];
        bool allow_empty;
        struct budgets budgets;
};

/** Find the file, from the folder @p from on (absolute). @return false if there is none. */
bool run_config_find(const char *from, char path[RUN_CONFIG_PATH]);
/** Read @p path. @return STATUS_INVALID or STATUS_IO (reported, with the line). */
enum status run_config_read(struct run_config *c, const char *path);

#endif
