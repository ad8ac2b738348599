/* What others read of a journal: its statistics, and the recent records; and the scope that they declare. */
#include "journal/journal.h"

#include "base/clock.h"
#include "journal/journal_state.h"

struct digests *journal_digests(struct journal *j)
{
        return j->enrich.digests;
}

struct scope_stats *journal_scopes(struct journal *j)
{
        return j->scopes.max > 0 ? &j->scopes : NULL;
}

struct feed *journal_feed(struct journal *j)
{
        return &j->feed;
}

struct finding_table *journal_findings(struct journal *j)
{
        return &j->finding_table;
}

enum status journal_begin_scope(struct journal *j, struct span name)
{
        return scope_periods_begin(&j->enrich.periods, name, clock_mono_ns());
}

enum status journal_end_scope(struct journal *j, struct span name)
{
        return scope_periods_end(&j->enrich.periods, name, clock_mono_ns());
}

struct span journal_open_scope(const struct journal *j)
{
        return scope_periods_open(&j->enrich.periods);
}

const struct traffic *journal_traffic(const struct journal *j)
{
        return &j->traffic;
}

bool journal_recent(struct journal *j, uint64_t *cursor, struct filter *filter, enum format format,
                    struct writer *w)
{
        return recent_read(&j->recent, cursor, filter, format, w);
}

bool journal_visit(struct journal *j, uint64_t *cursor,
                   void (*visit)(void *arg, const struct recent_item *item), void *arg)
{
        return recent_visit(&j->recent, cursor, visit, arg);
}

uint64_t journal_recent_last(struct journal *j)
{
        return recent_last(&j->recent);
}

uint64_t journal_recent_first(struct journal *j)
{
        return recent_first(&j->recent);
}
