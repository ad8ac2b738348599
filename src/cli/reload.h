/** @file reload.h  Read the settings of a running proxy again: the same options and files as at its start.
 * They are checked as a whole. If anything is wrong, nothing changes. Otherwise new sessions have the settings that are reloadable
 * (settings/rows.h); changes of others are reported until the next start.
 * Threads: main.   Memory: STAGE_MAIN, while a reload is under way. */
#ifndef CLI_RELOAD_H
#define CLI_RELOAD_H

#include "admin/control.h"
#include "proxy/proxy.h"

struct reload {
        int argc;
        char **argv;           /**< the command line, of which nothing may have been removed */
        struct settings given; /**< as the user gave them last */
        struct settings
            current;         /**< in force: the open files that the system allows may have lowered limits */
        struct proxy *proxy; /**< set by the caller */
        unsigned workers;    /**< threads that forward traffic; set by the caller */
};

/** Remember the command line, before settings_args removes the options from it. @return STATUS_NOMEM */
enum status reload_init(struct reload *r, int argc, char **argv);
void reload_fini(struct reload *r);
/** Start to reload; the outcome is logged. @p done (NULL: nobody) is called at once or later, before the proxy is freed. */
void reload_run(struct reload *r, control_on_reloaded *done, void *done_arg);
/** Was there a settings file, which may have changed? */
bool reload_has_file(const struct reload *r);

#endif
