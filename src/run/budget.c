#include "run/budget.h"

#include "base/diag.h"
#include "profile/heap/prof.h"
#include "run/lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define COUNT(member)  offsetof(struct tally_counts, member)
#define FOUND(finding) offsetof(struct tally_counts, findings[finding])
enum { NONE = -1, US_PER_MS = 1000 };

/** The metrics; some are the sum of two counts. */
static const struct {
        const char *name;
        long first;
        long second;
        uint64_t unit;
} metrics[BUDGET_METRICS] = {
    {"statements", COUNT(statements), NONE, 1},
    {"writes", COUNT(writes), NONE, 1},
    {"errors", COUNT(errors), NONE, 1},
    {"rows", COUNT(rows), NONE, 1},
    {"time_ms", COUNT(time_us), NONE, US_PER_MS},
    {"n_plus_one", FOUND(FINDING_N_PLUS_ONE), FOUND(FINDING_IN_WRITE_LOOP), 1},
    {"duplicates", FOUND(FINDING_DUPLICATE), NONE, 1},
    {"no_index", FOUND(FINDING_NO_INDEX), NONE, 1},
    {"slow", FOUND(FINDING_SLOW), NONE, 1},
    {"large_results", FOUND(FINDING_LARGE_RESULT), NONE, 1},
};

const char *budget_metric(unsigned metric)
{
        return metric < BUDGET_METRICS ? metrics[metric].name : NULL;
}

enum status budget_add(struct budgets *b, const char *scope, struct span metric, uint64_t most,
                       const char *where)
{
        unsigned m = 0;
        while (m < BUDGET_METRICS && !span_equal(metric, span_str(metrics[m].name))) {
                m++;
        }
        if (m == BUDGET_METRICS) {
                diag(DIAG_ERROR, "%s: %.*s can't be limited; querytap-run(1) lists what can", where,
                     (int)metric.len, (const char *)metric.data);
                return STATUS_INVALID;
        }
        char *copy = scope != NULL ? prof_strdup(STAGE_MAIN, scope) : NULL;
        if (b->n >= BUDGETS_MAX || (scope != NULL && copy == NULL) ||
            !lookup_grow((void **)&b->at, sizeof *b->at, b->n, &b->room)) {
                prof_free(copy);
                diag(DIAG_ERROR, "%s: there are too many budgets", where);
                return STATUS_INVALID;
        }
        b->at[b->n++] = (struct budget){.scope = copy, .metric = m, .most = most};
        return STATUS_OK;
}

enum status budget_parse(struct budgets *b, const char *scope, const char *text, const char *where)
{
        do {
                const char *comma = text + strcspn(text, ",");
                const char *equals = memchr(text, '=', (size_t)(comma - text));
                char *end = NULL;
                errno = 0;
                uint64_t most = equals != NULL && equals[1] >= '0' && equals[1] <= '9'
                                    ? strtoull(equals + 1, &end, 10)
                                    : 0;
                if (end != comma || errno != 0) {
                        diag(DIAG_ERROR, "%s: '%.*s' must be like statements=50", where, (int)(comma - text),
                             text);
                        return STATUS_INVALID;
                }
                enum status status =
                    budget_add(b, scope, span_of(text, (size_t)(equals - text)), most, where);
                if (status != STATUS_OK) {
                        return status;
                }
                text = *comma == ',' ? comma + 1 : NULL;
        } while (text != NULL);
        return STATUS_OK;
}

void budget_free(struct budgets *b)
{
        for (size_t i = 0; i < b->n; i++) {
                prof_free(b->at[i].scope);
        }
        prof_free(b->at);
        *b = (struct budgets){.at = NULL};
}

/** Does @p pattern, in which * stands for any characters and ? for one, fit @p text? A backslash is a backslash: names of classes have
 *  them. */
static bool fits(const char *pattern, struct span text)
{
        const char *star = NULL;
        size_t behind = 0; /* where the text goes on behind what the last * stands for */
        size_t at = 0;
        while (at < text.len) {
                if (*pattern == '*') {
                        star = pattern++;
                        behind = at;
                } else if (*pattern == '?' || (*pattern != '\0' && *pattern == (char)text.data[at])) {
                        pattern++;
                        at++;
                } else if (star != NULL) {
                        pattern = star + 1;
                        at = ++behind;
                } else {
                        return false;
                }
        }
        pattern += strspn(pattern, "*");
        return *pattern == '\0';
}

static uint64_t value_of(const struct tally_counts *c, unsigned metric)
{
        uint64_t first = *(const uint64_t *)(const void *)((const char *)c + metrics[metric].first);
        uint64_t second = metrics[metric].second == NONE
                              ? 0
                              : *(const uint64_t *)(const void *)((const char *)c + metrics[metric].second);
        return (first + second) / metrics[metric].unit;
}

static void check(struct outcome *o, const struct budget *b, const struct tally_counts *c, struct span scope)
{
        uint64_t value = value_of(c, b->metric);
        if (value > b->most) {
                outcome_add(
                    o,
                    (struct outcome_item){
                        .level = OUTCOME_FAIL, .rule = "budget", .scope = scope, .count = c->statements},
                    "budget: %s %" PRIu64 ", at most %" PRIu64 "%s", metrics[b->metric].name, value, b->most,
                    b->scope == NULL ? " in the whole run" : "");
        }
}

void budget_check(const struct budgets *b, struct outcome *o)
{
        const struct tally *t = o->tally;
        for (size_t s = 0; s < t->n_scopes; s++) {
                const struct budget *of[BUDGET_METRICS] = {NULL};
                for (size_t i = 0; i < b->n && s > 0; i++) {
                        if (b->at[i].scope != NULL && fits(b->at[i].scope, t->scopes[s].name)) {
                                of[b->at[i].metric] = &b->at[i];
                        }
                }
                for (unsigned m = 0; m < BUDGET_METRICS; m++) {
                        if (of[m] != NULL) {
                                check(o, of[m], &t->scopes[s].counts, t->scopes[s].name);
                        }
                }
        }
        for (size_t i = 0; i < b->n; i++) {
                if (b->at[i].scope == NULL) {
                        check(o, &b->at[i], &t->total, span_str(""));
                }
        }
}
