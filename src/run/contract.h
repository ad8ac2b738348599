/** @file contract.h  Which shapes of statements each scope sends, and how often: compared with a file that is committed.
 *
 *      shop/orders::lists <tab> 2    <tab> SELECT `id` , `name` FROM `order` WHERE ...
 *      shop/orders::lists <tab> 1..3 <tab> INSERT INTO `audit` ...
 *
 * A line for each scope and shape, sorted, so that a diff reads well. Statements without a scope are not in it, and neither are those that
 * drivers and frameworks send on their own account (stable_text.h). Scopes that did not run are not compared.
 *
 * PASS:         each shape is sent as often as the file has it.
 * FAIL:         a shape is sent more or less often, or is not in the file.
 * INCONCLUSIVE: the same, but it may be due to the order of the tests, or to what was not seen:
 *               - all scopes together send the shape as often as the file has it: another scope sends it instead
 *               - the file has a range, learnt from several runs, and the number is outside by no more than the width of the range
 *               - records were lost, or the run was interrupted
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_CONTRACT_H
#define RUN_CONTRACT_H

#include "run/outcome.h"
#include "run/text_file.h"

/** What is done with the file after the comparison. */
enum contract_mode {
        CONTRACT_CHECK,
        CONTRACT_UPDATE, /**< the scopes that ran get the numbers of this run */
        CONTRACT_LEARN,  /**< ranges are widened so that the numbers of this run are in them */
};

/** A scope and shape, of the file or of the run. */
struct contract_entry {
        struct span scope;
        struct span shape;
        uint64_t least; /**< of the file */
        uint64_t most;
        uint64_t count; /**< of this run */
        uint32_t use;   /**< its place among the tally's uses; LOOKUP_NONE = it was not sent */
        bool is_in_file;
        bool has_run; /**< the scope has */
        bool scope_in_file;
        bool is_moved; /**< all scopes together send the shape as often as the file has it */
};

struct contract {
        struct text_file file;
        struct contract_entry *entries; /**< sorted by scope and shape */
        size_t n;
        size_t room;
        size_t not_run; /**< scopes of the file that did not run */
        size_t changed; /**< lines that differ from the file */
        bool is_new;    /**< there was no file */
};

/** Read the file at @p path, which need not exist if it is to be written. @return STATUS_INVALID or the like (reported). */
enum status contract_read(struct contract *c, const char *path, enum contract_mode mode);
/** Compare the tally of @p o with the file. In the mode CONTRACT_CHECK, differences become items. @return STATUS_NOMEM */
enum status contract_compare(struct contract *c, struct outcome *o, enum contract_mode mode);
/** Write the file. @p prune leaves out scopes that did not run. @return false if it can't be written, which is reported. */
bool contract_write(const struct contract *c, const char *path, enum contract_mode mode, bool prune);
void contract_free(struct contract *c);

#endif
