#include "cli/observe_digests.h"

#include "base/shown.h"
#include "journal/enrich/digests.h"
#include "journal/journal.h"

#include <inttypes.h>
#include <stdio.h>

enum { ROWS = 20, TEXT_COLUMNS = 100 };

/** Those with the most time, in order; the table of digests does not change any more. */
struct most {
        const struct digest_stat *rows[ROWS];
        size_t n;
};

static void see(void *arg, const struct digest_stat *s)
{
        struct most *m = arg;
        size_t at = m->n < ROWS ? m->n++ : ROWS - 1;
        if (m->rows[at] != NULL && m->rows[at]->sum_us >= s->sum_us) {
                return;
        }
        for (; at > 0 && m->rows[at - 1]->sum_us < s->sum_us; at--) {
                m->rows[at] = m->rows[at - 1];
        }
        m->rows[at] = s;
}

static double ms(uint64_t us)
{
        return (double)us / 1000;
}

void observe_print_digests(struct observer *o)
{
        enum { PERCENTILE = 95 };
        struct digests *digests = journal_digests(observer_journal(o));
        struct most most = {.n = 0};
        if (digests == NULL) {
                return; /* log.digests = 0 */
        }
        const struct digests_totals totals = digests_each(digests, see, &most);
        (void)printf("\n%zu of %" PRIu64 " statement digests, by time\n", most.n,
                     totals.shapes + totals.evicted);
        (void)printf("%8s %7s %11s %10s %10s %10s  %s\n", "COUNT", "ERRORS", "TIME ms", "P95 ms", "MAX ms",
                     "ROWS", "STATEMENT");
        for (size_t i = 0; i < most.n; i++) {
                const struct digest_stat *s = most.rows[i];
                (void)printf("%8" PRIu64 " %7" PRIu64 " %11.3f %10.3f %10.3f %10" PRIu64 "  ", s->count,
                             s->errors, ms(s->sum_us), ms(digest_percentile_us(s, PERCENTILE / 100.0)),
                             ms(s->max_us), s->rows + s->affected_rows);
                shown_print_cut(stdout, span_of(s->text, s->text_len), TEXT_COLUMNS);
                (void)fputc('\n', stdout);
        }
}
