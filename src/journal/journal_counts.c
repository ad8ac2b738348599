#include "journal/journal_counts.h"

#include "base/diag.h"
#include "journal/journal_state.h"
#include "settings/settings.h"

static uint64_t read_count(const _Atomic uint64_t *count)
{
        return atomic_load_explicit(count, memory_order_relaxed);
}

/** Records that came to no sink at all. */
static uint64_t lost_on_the_way(const struct journal *j)
{
        uint64_t n = read_count(&j->left_behind);
        for (unsigned i = 0; i < j->n_ports; i++) {
                n += ring_drops(&j->ports[i]->ring);
        }
        return n;
}

bool journal_sink_counts(const struct journal *j, unsigned i, struct journal_counts *out)
{
        if (i >= j->sinks.n) {
                return false;
        }
        const struct sink_counters *c = &j->sinks.all[i].counters;
        *out = (struct journal_counts){
            .file = j->sinks.all[i].settings->file,
            .records = read_count(&c->records),
            .dropped = read_count(&c->dropped) + lost_on_the_way(j),
            .filtered = read_count(&c->filtered),
            .undecided = read_count(&c->undecided),
            .bytes = read_count(&c->bytes),
            .sink_errors = read_count(&c->errors) + sinks_retention_errors(&j->sinks, i),
            .rotations = read_count(&c->rotations),
            .torn = read_count(&c->torn_lines),
        };
        return true;
}

struct journal_counts journal_counts(struct journal *j)
{
        struct journal_counts all = {.dropped = j->sinks.n == 0 ? lost_on_the_way(j) : 0,
                                     .sessions_lost = read_count(&j->sessions_lost),
                                     .recent_cut = recent_cut(&j->recent),
                                     .triggers_fired = read_count(&j->trigger.fired),
                                     .triggers_dropped = read_count(&j->trigger.dropped)};
        struct journal_counts one;
        for (unsigned i = 0; journal_sink_counts(j, i, &one); i++) {
                all.records += one.records;
                all.dropped += one.dropped;
                all.filtered += one.filtered;
                all.undecided += one.undecided;
                all.bytes += one.bytes;
                all.sink_errors += one.sink_errors;
                all.rotations += one.rotations;
                all.torn += one.torn;
        }
        return all;
}

void journal_report_dropped(struct journal *j)
{
        struct journal_counts counts = journal_counts(j);
        if (counts.dropped > 0) {
                diag(DIAG_WARNING, "%llu records were dropped and are missing from the log",
                     (unsigned long long)counts.dropped);
        }
        if (counts.triggers_dropped > 0) {
                diag(DIAG_WARNING, "triggers fired %llu times without saving packets",
                     (unsigned long long)counts.triggers_dropped);
        }
}
