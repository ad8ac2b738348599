/** @file run_options.h  The options of `querytap run`, and those in the file .querytap.cfg.
 * Threads: main.   Memory: static texts, arguments, and the budgets. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "run/contract.h"
#include "run/handover.h"
#include "run/run_config.h"

/** The forms of the report. */
enum run_report { RUN_REPORT_TEXT, RUN_REPORTS };

struct run_options {
        struct handover handover;
        struct run_config config; /**< .querytap.cfg, with what options say instead */
        const char *config_file;  /**< NULL = look for it */
        const char *remote;
        const char *settings_file;
        const char *reports[RUN_REPORTS]; /**< files; NULL = not wanted, or standard error for the text */
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
