#include "cli/reload.h"

#include "base/diag.h"
#include "cli/config_check.h"
#include "cli/descriptors.h"
#include "journal/sink/sink_check.h"
#include "profile/heap/prof.h"

#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 8192, NAMES_MAX = 1024 };

/** A reload that is under way. */
struct attempt {
        struct reload *reload;
        control_on_reloaded *done;
        void *done_arg;
        struct settings_changes changes;
        struct settings given;
        struct settings current;
        size_t n_errors; /* bytes */
        char errors[ERRORS_MAX];
};

enum status reload_init(struct reload *r, int argc, char **argv)
{
        r->argc = argc;
        r->argv = prof_calloc(STAGE_MAIN, (size_t)argc + 1, sizeof *r->argv);
        if (r->argv == NULL) {
                diag(DIAG_ERROR, "the command line can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        memcpy(r->argv, argv, (size_t)argc * sizeof *argv);
        return STATUS_OK;
}

void reload_fini(struct reload *r)
{
        prof_free(r->argv);
        r->argv = NULL;
}

bool reload_has_file(const struct reload *r)
{
        return r->given.files[0][0] != '\0';
}

/** Add an error to those that the reply shows, as far as they fit. */
static void on_line(void *arg, enum diag_level level, const char *text)
{
        struct attempt *a = arg;
        size_t left = sizeof a->errors - a->n_errors;
        if (level != DIAG_ERROR) {
                return;
        }
        int n = snprintf(a->errors + a->n_errors, left, "%s%s", a->n_errors > 0 ? "\n" : "", text);
        if (n > 0 && (size_t)n < left) {
                a->n_errors += (size_t)n;
        }
        a->errors[a->n_errors] = '\0';
}

/** Read the settings into @p s, as at the start. */
static enum status read_settings(const struct reload *r, struct settings *s)
{
        int argc = r->argc;
        char **argv = prof_calloc(STAGE_MAIN, (size_t)argc + 1, sizeof *argv);
        if (argv == NULL) {
                diag(DIAG_ERROR, "the settings can't be reloaded: out of memory");
                return STATUS_NOMEM;
        }
        memcpy(argv, r->argv, (size_t)argc * sizeof *argv);
        settings_defaults(s);
        enum status status = settings_args(s, &argc, argv);
        prof_free(argv);
        if (status == STATUS_OK) {
                status = sink_check(s);
        }
        return status == STATUS_OK ? config_check_start(s) : status;
}

static void put_names(char out[NAMES_MAX], const char *label, const char *const *names, size_t n)
{
        size_t at = (size_t)snprintf(out, NAMES_MAX, "%s", n > 0 ? label : "");
        for (size_t i = 0; i < n && at < NAMES_MAX; i++) {
                at += (size_t)snprintf(out + at, NAMES_MAX - at, "%s%s", i > 0 ? ", " : "", names[i]);
        }
}

/** All workers have the new settings. */
static void on_taken(void *arg)
{
        struct attempt *a = arg;
        char taken[NAMES_MAX];
        char others[NAMES_MAX];
        const struct control_reloaded result = {.changes = &a->changes};
        put_names(taken, "; new sessions have: ", a->changes.reloadable, a->changes.n_reloadable);
        put_names(others, "; need a restart: ", a->changes.others, a->changes.n_others);
        diag(DIAG_INFO, "the settings were reloaded%s%s", taken, others);
        if (a->done != NULL) {
                a->done(a->done_arg, &result);
        }
        prof_free(a);
}

static enum status begin(struct attempt *a)
{
        struct reload *r = a->reload;
        enum status status = read_settings(r, &a->given);
        if (status != STATUS_OK) {
                return status;
        }
        settings_compare(&r->given, &a->given, &a->changes);
        a->current = r->current;
        settings_take_reloadable(&a->current, &a->given);
        if (!descriptors_fit(&a->current, r->workers)) {
                return STATUS_INVALID;
        }
        a->current.limits.admin_connections = r->current.limits.admin_connections;
        return proxy_reload(r->proxy, &a->current, on_taken, a);
}

void reload_run(struct reload *r, control_on_reloaded *done, void *done_arg)
{
        struct attempt *a = prof_calloc(STAGE_MAIN, 1, sizeof *a);
        if (a == NULL) {
                diag(DIAG_ERROR, "the settings can't be reloaded: out of memory");
                if (done != NULL) {
                        done(done_arg, &(struct control_reloaded){.errors = "out of memory"});
                }
                return;
        }
        a->reload = r;
        a->done = done;
        a->done_arg = done_arg;
        diag_tee(on_line, a);
        enum status status = begin(a);
        diag_tee(NULL, NULL);
        if (status == STATUS_OK) {
                r->current = a->current;
                settings_take_reloadable(&r->given, &a->given);
                diag_set_level((enum diag_level)r->current.log_level);
                return;
        }
        diag(DIAG_ERROR, "the settings were not reloaded, and nothing has changed");
        if (done != NULL) {
                const char *errors = a->n_errors > 0 ? a->errors : status_text(status);
                done(done_arg, &(struct control_reloaded){.errors = errors});
        }
        prof_free(a);
}
