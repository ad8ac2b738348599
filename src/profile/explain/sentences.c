/* The two answers in words, with their figures. */
#include "profile/explain/print.h"

#include <inttypes.h>
#include <math.h>

/* --- bytes ------------------------------------------------------------------------------------------------------------------- */

/** "The heap (HeapAlloc)". */
static const char *subject(const struct explain_run *run)
{
        const struct explain_answer *a = &run->bytes;
        switch (a->of) {
        case OF_HEAP:
                return a->go && !a->collected ? "The heap (HeapAlloc, which includes garbage)"
                                              : "The heap (HeapAlloc)";
        case OF_STACK: return "The memory of goroutines' stacks";
        case OF_SITES: return "The memory in use by one allocation site";
        case OF_ALL_SITES: return "The memory in use by the sites that never free";
        case OF_NOTHING:
        case OF_LIVE:
        case OF_COUNT:
        default: return run->sample_bytes > 1 ? "Memory in use, as sampled," : "Memory in use";
        }
}

static void add_slope(struct print_text *p, const struct explain_answer *a)
{
        print_add_bytes(p, a->slope);
        print_add(p, " a round");
        if (a->low < a->slope || a->high > a->slope) {
                print_add(p, " (95" PRINT_TIE "%%: ");
                print_add_bytes(p, a->low);
                print_add(p, " to ");
                print_add_bytes(p, a->high);
                print_add(p, ")");
        }
}

static void add_doubt(struct print_text *p, const struct explain_run *run)
{
        const struct explain_answer *a = &run->bytes;
        switch (a->doubt) {
        case DOUBT_FEW:
                print_add(p, "%zu round%s too few; telling a leak from a store that fills takes %d.",
                          run->n_rounds, run->n_rounds == 1 ? " is" : "s are", STEADY_LEAST);
                break;
        case DOUBT_NO_GC:
                print_add(p,
                          "No collection ran between most of the rounds (NumGC stands at %" PRIu64
                          "), so live memory can't be told from garbage.",
                          run->rounds[run->n_rounds - 1].stats[STAT_NUM_GC]);
                break;
        case DOUBT_GARBAGE:
                print_add(p, "HeapAlloc includes garbage, which makes it vary by more than a leak would: its "
                             "slope is ");
                add_slope(p, a);
                print_add(p, ".");
                break;
        case DOUBT_SHORT_RISE:
                print_add(p, "%s rises by ", subject(run));
                add_slope(p, a);
                print_add(p, ", but not for as long or as steadily as a leak.");
                break;
        case DOUBT_SAMPLES:
                print_add(p, "%s does not rise, but at one sample in ", subject(run));
                print_add_bytes(p, (double)run->sample_bytes);
                print_add(p, " a leak of up to ");
                print_add_bytes(p, a->high);
                print_add(p, " a round may not have been caught yet (95" PRINT_TIE "%%).");
                break;
        case DOUBT_UNSTEADY:
        case DOUBT_NONE:
        default:
                print_add(p, "%s varies by more than a leak of ", subject(run));
                print_add_bytes(p, a->bound);
                print_add(p, " a round would: slope ");
                add_slope(p, a);
                print_add(p, ".");
        }
}

void print_bytes_sentence(struct print_text *p, const struct explain *e, const struct explain_run *run)
{
        const struct explain_answer *a = &run->bytes;
        (void)e;
        switch (a->verdict) {
        case BYTES_RISES:
                print_add(p, "%s %s by ", subject(run), a->of == OF_ALL_SITES ? "together rises" : "rises");
                add_slope(p, a);
                print_add(p, ", steadily, over the last %zu rounds: this is a leak.", a->window);
                break;
        case BYTES_FLAT:
                print_add(p, "%s rises by no more than ", subject(run));
                print_add_bytes(p, a->high > 0 ? a->high : 0);
                print_add(p, " a round (95" PRINT_TIE "%%) in the last %zu rounds: not a leak.", a->window);
                break;
        case BYTES_LEVELS_OFF:
                print_add(p, "%s rose at first, and by no more than ", subject(run));
                print_add_bytes(p, a->high > 0 ? a->high : 0);
                print_add(p, " a round (95" PRINT_TIE "%%) in the last %zu rounds: not a leak.", a->window);
                break;
        case BYTES_FILLING: print_add(p, "A bounded store fills: not a leak."); break;
        case BYTES_CANT_TELL:
        case BYTES_VERDICTS:
        default: add_doubt(p, run);
        }
}

void print_site(struct print_text *p, const struct explain *e, const struct explain_run *run, size_t i)
{
        const struct explain_site *s = &run->bytes.sites[i];
        const struct dump_set_site *site = &e->set.sites[s->site];
        print_add_span(p,
                       site->chain.len > 0      ? site->chain
                       : site->function.len > 0 ? site->function
                                                : span_str("(no name)"),
                       160);
        if (site->place.len > 0) {
                struct span place = site->caller_place.len > 0 ? site->caller_place : site->place;
                print_add(p, " (");
                print_add_span(p, span_skip(place, place.len > 60 ? place.len - 60 : 0), 60);
                print_add(p, ")");
        }
        print_add(p, ": ");
        print_add_bytes(p, s->slope);
        print_add(p, " a round (");
        print_add_bytes(p, s->low);
        print_add(p, " to ");
        print_add_bytes(p, s->high);
        print_add(p, "), first seen in round %" PRIu32 "%s", s->first_seen,
                  s->never_freed ? ", never freed" : "");
        if (site->stage.len > 0) {
                print_add(p, ", stage ");
                print_add_span(p, site->stage, 20);
        }
        if (site->statement.len > 0) {
                print_add(p, ", first made during ");
                print_add_span(p, site->statement, 60);
        }
        print_add(p, ".");
}

/* --- records ------------------------------------------------------------------------------------------------------------------ */

static void add_prediction(struct print_text *p, const struct explain_run *run)
{
        if (run->known > 0) {
                print_add(p,
                          " In %zu of %zu rounds the number of new records was as expected (95" PRINT_TIE
                          "%% band).",
                          run->held, run->known);
        }
}

static void add_unseen(struct print_text *p, const struct explain_run *run)
{
        const struct stat_catch *c = &run->caught;
        if (c->records > 0 && !run->clumped) {
                print_add(p,
                          " %" PRIu64
                          " of the new ones were sampled only once: at least %.0f more are still unseen.",
                          c->f[1], ceil(stat_unseen(c)));
        }
}

void print_records_sentence(struct print_text *p, const struct explain *e, const struct explain_run *run)
{
        const struct explain_round *first = &run->rounds[0];
        const struct explain_round *last = &run->rounds[run->n_rounds - 1];
        if (run->living) {
                print_add(p,
                          "These profiles list only live memory, so that new records can't be told from "
                          "those that reappear; %" PRIu64 " were seen.",
                          last->records);
                return;
        }
        print_add(p,
                  "Records grew from %" PRIu64 " to %" PRIu64
                  " in %zu rounds; a record stays when its memory is freed"
                  " (%" PRIu64 " have no live memory).",
                  first->records, last->records, run->n_rounds, last->records - last->live_records);
        if (run->sample_bytes > 1) {
                print_add(p, " About one allocation in ");
                print_add_bytes(p, (double)run->sample_bytes);
                print_add(p, " is sampled, so that each round shows another part of the same work.");
        } else {
                print_add(p, " Every allocation is sampled: a new record is one that was never made before.");
        }
        add_prediction(p, run);
        if (run->records == RECORDS_NEW_PATH && run->suspect < run->n_births) {
                const struct explain_birth *b = &run->births[run->suspect];
                print_add(
                    p, " Round %" PRIu32 " brought more new records than the same work explains: ", b->round);
                print_add_span(p, e->set.sites[b->site].function, 60);
                print_add(p, " is the first of them.");
        } else if (run->records == RECORDS_UNBOUNDED_STACKS) {
                print_add(p,
                          " Nearly every sample is a new record: there is no limit to the stacks or sizes.");
        } else {
                add_unseen(p, run);
        }
}

/* --- what to do ----------------------------------------------------------------------------------------------------------------- */

void print_advice(struct print_text *p, const struct explain *e, const struct explain_run *run)
{
        const struct explain_answer *a = &run->bytes;
        bool garbage = a->go && !a->collected;
        const char *with_gc =
            e->watching ? "watch with --gc" : "take the profiles with gc=1 (/debug/pprof/heap?gc=1&debug=1)";
        if (a->verdict == BYTES_RISES && a->of == OF_STACK) {
                print_add(p, "Look for goroutines that wait forever: /debug/pprof/goroutine?debug=1 counts "
                             "them by where they wait.");
        } else if (a->verdict == BYTES_RISES && a->n_sites == 0) {
                print_add(p,
                          "The allocation site is not among the samples: at this rate, one is expected in "
                          "about %.0f rounds. Run with GODEBUG=memprofilerate=4096 to find it sooner.",
                          ceil(a->expected));
        } else if (a->verdict == BYTES_CANT_TELL && a->doubt == DOUBT_FEW) {
                print_add(p, "Needed: at least %d rounds of the same work%s%s.", STEADY_LEAST,
                          garbage ? "; " : "", garbage ? with_gc : "");
        } else if (a->verdict == BYTES_CANT_TELL && garbage) {
                print_add(p, "Needed: %s; then HeapAlloc counts only live memory.", with_gc);
        } else if (a->verdict == BYTES_CANT_TELL && a->doubt == DOUBT_SAMPLES) {
                print_add(p, "Needed: more rounds, or a higher sampling rate. For a Go program, the text of "
                             "/debug/pprof/heap?gc=1&debug=1 has HeapAlloc, which is exact.");
        } else if (a->verdict == BYTES_CANT_TELL) {
                print_add(p, "Needed: more rounds of the same work%s.",
                          a->doubt == DOUBT_UNSTEADY ? ", each long enough to resemble the others" : "");
        }
}

static void add_trouble(struct print_text *p, uint64_t n, const char *one, const char *many)
{
        if (n > 0) {
                print_add(p, "%s%" PRIu64 " %s", p->at > 0 ? "; " : "", n, n == 1 ? one : many);
        }
}

void print_troubles(struct print_text *p, const struct explain *e)
{
        const struct dump_troubles *t = &e->set.troubles;
        add_trouble(p, t->records, "line could not be read", "lines could not be read");
        add_trouble(p, t->cut, "profile was incomplete and is omitted",
                    "profiles were incomplete and are omitted");
        add_trouble(p, t->deep, "stack was truncated", "stacks were truncated");
        add_trouble(p, t->broken, "compressed profile is damaged", "compressed profiles are damaged");
        add_trouble(p, t->large, "compressed profile is too large", "compressed profiles are too large");
        add_trouble(p, e->runs.twice, "profile was found twice and counts once",
                    "profiles were found twice and count once");
        add_trouble(p, e->runs.strays, "profile belongs to yet another process and is omitted",
                    "profiles belong to yet other processes and are omitted");
        for (size_t i = 0; i < DUMP_OTHERS; i++) {
                if (t->others[i] > 0) {
                        print_add(p, "%s%" PRIu64 " %s a %s%s, not of the heap", p->at > 0 ? "; " : "",
                                  t->others[i], t->others[i] == 1 ? "is" : "are each",
                                  dump_other_name((enum dump_other)i), "");
                }
        }
        print_add(p, p->at > 0 ? "." : "");
}
