#include "cli/run_options.h"

#include "base/diag.h"
#include "cli/flags.h"
#include "run/findings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool take_template(void *into, const char *value)
{
        struct handover *h = into;
        const char *equals = strchr(value, '=');
        if (equals == NULL || equals == value || h->n_templates == HANDOVER_TEMPLATES_MAX) {
                diag(DIAG_ERROR, "--env: NAME=TEXT is expected, at most %d times", HANDOVER_TEMPLATES_MAX);
                return false;
        }
        h->templates[h->n_templates++] = value;
        return true;
}

/** --budget LIST[@SCOPE] */
static bool take_budget(void *into, const char *value)
{
        char list[RUN_CONFIG_TEXT];
        const char *scope = strchr(value, '@');
        int n = snprintf(list, sizeof list, "%.*s", (int)strcspn(value, "@"), value);
        if (n >= (int)sizeof list) {
                diag(DIAG_ERROR, "--budget: the list is too long");
                return false;
        }
        return budget_parse(into, scope != NULL ? scope + 1 : "*", list, "--budget") == STATUS_OK;
}

static bool take_total(void *into, const char *value)
{
        return budget_parse(into, NULL, value, "--total") == STATUS_OK;
}

/** Split argv at "--": what follows is the command. @return false if there is none, which is reported. */
static bool take_command(struct run_options *o, int *argc, char **argv)
{
        for (int i = 1; i < *argc; i++) {
                if (strcmp(argv[i], "--") == 0 && i + 1 < *argc) {
                        o->arguments = argv + i + 1;
                        o->n_arguments = *argc - i - 1;
                        *argc = i;
                        argv[i] = NULL;
                        return true;
                }
        }
        diag(DIAG_ERROR, "which command? It follows two dashes, as in querytap run -- pytest");
        return false;
}

/** Read the file that --config names, or the one that is found. */
static bool read_config(struct run_options *o)
{
        char folder[RUN_CONFIG_PATH];
        char path[RUN_CONFIG_PATH];
        if (o->config_file != NULL) {
                return strcmp(o->config_file, "none") == 0 ||
                       run_config_read(&o->config, o->config_file) == STATUS_OK;
        }
        return getcwd(folder, sizeof folder) == NULL || !run_config_find(folder, path) ||
               run_config_read(&o->config, path) == STATUS_OK;
}

/** What options give in place of the file's settings. */
struct given {
        const char *contract;
        const char *baseline;
        const char *findings;
        const char *scope_tag;
        bool allow_empty;
        struct budgets budgets;
        bool update;
        bool learn;
};

static bool replace(char *out, size_t size, const char *text, const char *otherwise)
{
        text = text == NULL && *out == '\0' ? otherwise : text;
        int n = text != NULL ? snprintf(out, size, "%s", text) : 0;
        if (n >= (int)size) {
                diag(DIAG_ERROR, "an option is too long: %.40s ...", text);
        }
        return n < (int)size;
}

/** Append the budgets of the options to those of the file: the last ones count. */
static bool add_budgets(struct budgets *to, const struct budgets *from)
{
        bool ok = true;
        for (size_t i = 0; ok && i < from->n; i++) {
                const struct budget *b = &from->at[i];
                ok = budget_add(to, b->scope, span_str(budget_metric(b->metric)), b->most, "--budget") ==
                     STATUS_OK;
        }
        return ok;
}

static bool merge(struct run_options *o, const struct given *g)
{
        struct run_config *c = &o->config;
        struct span unknown;
        c->allow_empty |= g->allow_empty;
        o->mode = g->learn ? CONTRACT_LEARN : g->update ? CONTRACT_UPDATE : CONTRACT_CHECK;
        if (!replace(c->contract, sizeof c->contract, g->contract, NULL) ||
            !replace(c->baseline, sizeof c->baseline, g->baseline, NULL) ||
            !replace(c->findings, sizeof c->findings, g->findings, FINDINGS_DEFAULT) ||
            !replace(c->scope_tag, sizeof c->scope_tag, g->scope_tag, "test") ||
            !add_budgets(&c->budgets, &g->budgets)) {
                return false;
        }
        if (!findings_parse(c->findings, &o->findings, &unknown)) {
                diag(DIAG_ERROR, "findings: there is no finding %.*s; querytap-record(5) lists them",
                     (int)unknown.len, (const char *)unknown.data);
                return false;
        }
        if ((g->learn || g->update || o->prune) && *c->contract == '\0' && *c->baseline == '\0') {
                diag(DIAG_ERROR, "which file? --contract or --baseline names it, or %s", RUN_CONFIG_NAME);
                return false;
        }
        if (o->prune && !g->learn && !g->update) {
                diag(DIAG_ERROR, "--prune is for --update and --learn");
                return false;
        }
        return true;
}

bool run_options_parse(struct run_options *o, int argc, char **argv)
{
        struct given g = {.update = false};
        const struct flag flags[] = {
            {"remote", 'r', FLAG_VALUE, flags_take_text, &o->remote},
            {"config", 'c', FLAG_VALUE, flags_take_text, &o->config_file},
            {"settings", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->settings_file},
            {"env", .value = FLAG_VALUE, .take = take_template, .into = &o->handover},
            {"scope-tag", .value = FLAG_VALUE, .take = flags_take_text, .into = &g.scope_tag},
            {"findings", .value = FLAG_VALUE, .take = flags_take_text, .into = &g.findings},
            {"allow-empty", .take = flags_take_switch, .into = &g.allow_empty},
            {"budget", .value = FLAG_VALUE, .take = take_budget, .into = &g.budgets},
            {"total", .value = FLAG_VALUE, .take = take_total, .into = &g.budgets},
            {"contract", .value = FLAG_VALUE, .take = flags_take_text, .into = &g.contract},
            {"baseline", .value = FLAG_VALUE, .take = flags_take_text, .into = &g.baseline},
            {"update", .take = flags_take_switch, .into = &g.update},
            {"learn", .take = flags_take_switch, .into = &g.learn},
            {"prune", .take = flags_take_switch, .into = &o->prune},
            {"report", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->reports[REPORT_TEXT]},
            {"json", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->reports[REPORT_JSON]},
            {"junit", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->reports[REPORT_JUNIT]},
            {"sarif", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->reports[REPORT_SARIF]},
            {"markdown", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->reports[REPORT_MARKDOWN]},
            {"github", .take = flags_take_switch, .into = &o->github},
            {"compare", .value = FLAG_VALUE, .take = flags_take_text, .into = &o->compare},
        };
        bool ok = take_command(o, &argc, argv) &&
                  flags_parse(flags, sizeof flags / sizeof flags[0], FLAGS_FIRST, NULL, &argc, argv);
        if (ok && argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s; the command follows two dashes", argv[1]);
                ok = false;
        }
        ok = ok && read_config(o) && merge(o, &g);
        budget_free(&g.budgets);
        return ok;
}

void run_options_fini(struct run_options *o)
{
        budget_free(&o->config.budgets);
}
