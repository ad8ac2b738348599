#include "run/judge.h"

#include "base/diag.h"
#include "run/findings.h"

enum status judge_read(struct judge *j)
{
        enum status status = STATUS_OK;
        if (*j->contract_path != '\0') {
                status = contract_read(&j->contract, j->contract_path, j->mode);
        }
        if (status == STATUS_OK && *j->baseline_path != '\0') {
                status = baseline_read(&j->baseline, j->baseline_path, j->mode != CONTRACT_CHECK);
        }
        return status;
}

/** May the files be written after this run? If not, that is reported. */
static bool may_write(const struct outcome *o)
{
        const char *why = o->signal != 0                           ? "the run was interrupted"
                          : o->exit != 0                           ? "the command failed"
                          : o->tally->lost + o->tally->omitted > 0 ? "records were lost"
                          : o->tally->total.statements == 0        ? "no statement came"
                                                                   : NULL;
        if (why != NULL) {
                diag(DIAG_WARNING, "the contract and the baseline are left as they were: %s", why);
        }
        return why == NULL;
}

static bool write_files(struct judge *j, const struct outcome *o)
{
        bool ok = true;
        if (*j->contract_path != '\0') {
                ok = contract_write(&j->contract, j->contract_path, j->mode, j->prune);
        }
        if (*j->baseline_path != '\0') {
                ok = baseline_write(&j->baseline, j->baseline_path, o->tally, j->findings) && ok;
        }
        return ok;
}

bool judge_run(struct judge *j, struct outcome *o)
{
        bool writes = j->mode != CONTRACT_CHECK && may_write(o);
        if (*j->contract_path != '\0' && contract_compare(&j->contract, o, j->mode) != STATUS_OK) {
                diag(DIAG_ERROR, "the contract can't be checked: out of memory");
                return false;
        }
        if (!writes || *j->baseline_path == '\0') {
                findings_add(o, j->findings, baseline_knows, &j->baseline);
        }
        if (!writes) {
                baseline_name_stale(&j->baseline, o);
        }
        budget_check(j->budgets, o);
        outcome_sort(o);
        return !writes || write_files(j, o);
}

void judge_fini(struct judge *j)
{
        contract_free(&j->contract);
        baseline_free(&j->baseline);
}
