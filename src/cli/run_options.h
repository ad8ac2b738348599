/** @file run_options.h  The options of `querytap run`, and those in the file .querytap.cfg.
 * Threads: main.   Memory: static texts, arguments, and the budgets. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "run/contract.h"
#include "run/handover.h"
#include "run/report.h"
#include "run/run_config.h"

struct run_options {
        struct handover handover;
        struct run_config config; /**< .querytap.cfg, with what options say instead */
        const char *config_file;  /**< NULL = look for it */
        const char *remote;
        const char *settings_file;
        const char *reports[REPORT_FORMS]; /**< files; NULL = not wanted, or standard error for the text */
        bool github;                       /**< annotations, to standard error */
        const char *compare;               /**< a report as JSON; NULL = none */
        enum contract_mode mode;
        bool prune;
        uint64_t findings; /**< bits by enum record_finding */
        int n_arguments;   /**< the command and its arguments */
        char **arguments;
};

/** Read the options of argv and the file. @return false if something is wrong, which is reported. */
bool run_options_parse(struct run_options *o, int argc, char **argv);
void run_options_fini(struct run_options *o);

#endif
