/** @file baseline.h  Findings that are known, in a file that is committed: they pass, new ones fail, and those that are gone are named.
 *
 *      shop/orders::lists <tab> n_plus_one <tab> SELECT `name` FROM `item` WHERE `id` = ?
 *
 * Scopes that did not run keep their lines.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_BASELINE_H
#define RUN_BASELINE_H

#include "run/outcome.h"
#include "run/text_file.h"

struct baseline {
        struct text_file file;
        bool *is_seen; /**< for each line: the finding is still there */
};

/** Read the file, whose lines are sorted then. It need not exist if it @p may_be_new. @return STATUS_INVALID or the like (reported). */
enum status baseline_read(struct baseline *b, const char *path, bool may_be_new);
/** Is the finding in the file? For findings_add; @p arg is the struct baseline. */
bool baseline_knows(void *arg, struct span scope, const char *finding, struct span shape);
/** Name the findings of the file that are gone, of scopes that ran, as notes. After all were looked for. */
void baseline_name_stale(const struct baseline *b, struct outcome *o);
/** Write the findings @p set of the tally, and what the file has of other scopes. @return false if that fails, which is reported. */
bool baseline_write(const struct baseline *b, const char *path, const struct tally *t, uint64_t set);
void baseline_free(struct baseline *b);

#endif
