/* The result for programs: CSV and JSON. */
#include "base/json_writer.h"
#include "profile/explain/print.h"

#include <inttypes.h>

enum { TEXT_MAX = 512 };

/** The columns that come from the figures at the end of a dump; both forms have them. */
static const struct {
        const char *name;
        enum dump_set_stat stat;
} stats[] = {
    {"heap_alloc", STAT_HEAP_ALLOC}, {"rss", STAT_RSS},
    {"statements", STAT_STATEMENTS}, {"heap_inuse", STAT_HEAP_INUSE},
    {"stack", STAT_STACK},           {"num_gc", STAT_NUM_GC},
    {"next_gc", STAT_NEXT_GC},       {"goroutines", STAT_GOROUTINES},
};

enum { STATS = sizeof stats / sizeof stats[0] };

void explain_print_csv(const struct explain *e, FILE *out)
{
        (void)fputs(
            "round,records,births,expected,low,high,pending,live_records,live_objects,live_bytes,samples",
            out);
        for (size_t i = 0; i < STATS; i++) {
                (void)fprintf(out, ",%s", stats[i].name);
        }
        (void)putc('\n', out);
        const struct explain_run *run = e->n_run > 0 ? &e->run[e->n_run - 1] : NULL;
        for (size_t i = 0; run != NULL && i < run->n_rounds; i++) {
                const struct explain_round *r = &run->rounds[i];
                (void)fprintf(out, "%zu,%" PRIu64 ",%" PRIu64 ",", i + 1, r->records, r->births);
                if (r->predicted.known) {
                        (void)fprintf(out, "%.3f,%.0f,%.0f", r->predicted.expected, r->predicted.low,
                                      r->predicted.high);
                } else {
                        (void)fputs(",,", out);
                }
                (void)fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, r->pending,
                              r->live_records, r->live_objects, r->live_bytes, r->samples);
                for (size_t s = 0; s < STATS; s++) {
                        (void)fprintf(out, ",%" PRIu64, r->stats[stats[s].stat]);
                }
                (void)putc('\n', out);
        }
}

static void print_json_round(struct json_writer *j, const struct explain_round *r)
{
        json_writer_object(j, NULL);
        json_writer_uint(j, "records", r->records);
        json_writer_uint(j, "births", r->births);
        json_writer_uint(j, "pending", r->pending);
        json_writer_uint(j, "live_records", r->live_records);
        json_writer_uint(j, "live_objects", r->live_objects);
        json_writer_uint(j, "live_bytes", r->live_bytes);
        json_writer_uint(j, "samples", r->samples);
        for (size_t s = 0; s < STATS; s++) {
                json_writer_uint(j, stats[s].name, r->stats[stats[s].stat]);
        }
        json_writer_fixed(j, "inuse_objects", r->in_use_objects, 0);
        json_writer_fixed(j, "inuse_space", r->in_use_bytes, 0);
        json_writer_fixed(j, "alloc_objects", r->alloc_objects, 0);
        json_writer_fixed(j, "alloc_space", r->alloc_bytes, 0);
        if (r->predicted.known) {
                json_writer_fixed(j, "expected", r->predicted.expected, 3);
                json_writer_fixed(j, "low", r->predicted.low, 0);
                json_writer_fixed(j, "high", r->predicted.high, 0);
        }
        json_writer_end(j);
}

/** At most TEXT_MAX bytes of @p s. */
static void print_json_text(struct json_writer *j, const char *key, struct span s)
{
        json_writer_span(j, key, span_head(s, TEXT_MAX));
}

static void print_json_births(struct json_writer *j, const struct explain *e, const struct explain_run *run)
{
        json_writer_array(j, "new");
        for (size_t i = 0; i < run->n_births; i++) {
                const struct explain_birth *b = &run->births[i];
                const struct dump_set_site *s = &e->set.sites[b->site];
                if (b->round > 1) {
                        json_writer_object(j, NULL);
                        json_writer_uint(j, "round", b->round);
                        json_writer_uint(j, "size", s->size);
                        json_writer_uint(j, "samples", b->allocs);
                        print_json_text(j, "stage", s->stage);
                        print_json_text(j, "function", s->function);
                        print_json_text(j, "place", s->place);
                        print_json_text(j, "statement", s->statement);
                        json_writer_end(j);
                }
        }
        json_writer_end(j);
}

static void print_json_slope(struct json_writer *j, double slope, double low, double high)
{
        json_writer_real(j, "slope", slope);
        json_writer_real(j, "slope_low", low);
        json_writer_real(j, "slope_high", high);
}

static void print_json_trends(struct json_writer *j, const struct explain_run *run)
{
        json_writer_array(j, "trends");
        for (size_t i = 0; i < run->n_trends; i++) {
                const struct explain_trend *t = &run->trends[i];
                json_writer_object(j, NULL);
                json_writer_text(j, "of", t->exact ? "heap_alloc" : "live_bytes");
                json_writer_text(j, "by", t->by_statements ? "statement" : "round");
                print_json_slope(j, t->trend.slope, t->trend.slope_low, t->trend.slope_high);
                json_writer_real(j, "p", t->trend.p);
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void print_json_sites(struct json_writer *j, const struct explain *e, const struct explain_run *run)
{
        json_writer_array(j, "sites");
        for (size_t i = 0; i < run->bytes.n_sites; i++) {
                const struct explain_site *s = &run->bytes.sites[i];
                const struct dump_set_site *site = &e->set.sites[s->site];
                json_writer_object(j, NULL);
                print_json_slope(j, s->slope, s->low, s->high);
                json_writer_uint(j, "first_seen", s->first_seen);
                json_writer_bool(j, "never_freed", s->never_freed);
                json_writer_fixed(j, "grown", s->grown, 0);
                json_writer_uint(j, "objects", s->objects);
                json_writer_bool(j, "sure", s->sure);
                print_json_text(j, "stage", site->stage);
                print_json_text(j, "function", site->function);
                print_json_text(j, "place", site->place);
                print_json_text(j, "caller", site->caller);
                print_json_text(j, "caller_place", site->caller_place);
                print_json_text(j, "chain", site->chain);
                print_json_text(j, "statement", site->statement);
                json_writer_end(j);
        }
        json_writer_end(j);
}

/** The names from before there were two answers, for bytes and for records. */
static const char *old_verdict(const struct explain_run *run)
{
        switch (run->bytes.verdict) {
        case BYTES_RISES: return "LEAK";
        case BYTES_FLAT:
        case BYTES_LEVELS_OFF: return "FLAT";
        case BYTES_CANT_TELL:
        case BYTES_FILLING:
        case BYTES_VERDICTS:
        default: return run->n_rounds < 8 ? "TOO-SHORT" : "UNSURE";
        }
}

static void print_json_sentence(struct json_writer *j, const char *key, const struct print_text *p)
{
        char plain[sizeof p->text];
        for (size_t i = 0; i < p->at; i++) {
                plain[i] = p->text[i];
                plain[i] = plain[i] == PRINT_TIED ? ' ' : plain[i];
        }
        json_writer_span(j, key, span_of(plain, p->at));
}

static void print_json_answers(struct json_writer *j, const struct explain *e, const struct explain_run *run)
{
        static const char *const of[OF_COUNT] = {
            [OF_NOTHING] = "",    [OF_HEAP] = "heap_alloc",       [OF_STACK] = "stack",
            [OF_LIVE] = "in_use", [OF_SITES] = "allocation_site", [OF_ALL_SITES] = "allocation_sites",
        };
        const struct explain_answer *a = &run->bytes;
        struct print_text bytes = {.at = 0};
        struct print_text records = {.at = 0};
        struct print_text advice = {.at = 0};
        print_bytes_sentence(&bytes, e, run);
        print_records_sentence(&records, e, run);
        print_advice(&advice, e, run);
        json_writer_text(j, "bytes", explain_bytes_name(a->verdict));
        json_writer_text(j, "bytes_of", of[a->of]);
        print_json_slope(j, a->slope, a->low, a->high);
        json_writer_uint(j, "window", a->window);
        json_writer_real(j, "bound", a->bound);
        json_writer_bool(j, "collected", a->collected);
        print_json_sentence(j, "bytes_sentence", &bytes);
        print_json_sentence(j, "advice", &advice);
        print_json_sites(j, e, run);
        json_writer_text(j, "records", explain_records_name(run->records));
        print_json_sentence(j, "records_sentence", &records);
        json_writer_text(j, "verdict", old_verdict(run));
}

/** A run as members of the open object. */
static void print_json_run(struct json_writer *j, const struct explain *e, const struct explain_run *run)
{
        json_writer_array(j, "rounds");
        for (size_t i = 0; i < run->n_rounds; i++) {
                print_json_round(j, &run->rounds[i]);
        }
        json_writer_end(j);
        print_json_births(j, e, run);
        print_json_trends(j, run);
        json_writer_uint(j, "stacks", run->stacks);
        json_writer_uint(j, "sizes", run->sizes);
        json_writer_uint(j, "source_lines", run->places);
        json_writer_uint(j, "sample_bytes", run->sample_bytes);
        json_writer_fixed(j, "unseen", stat_unseen(&run->caught), 3);
        json_writer_fixed(j, "coverage", stat_coverage(&run->caught), 6);
        print_json_answers(j, e, run);
}

/** The same where there is no run. */
static void print_json_nothing(struct json_writer *j)
{
        static const char *const lists[] = {"rounds", "new", "trends", "sites"};
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
                json_writer_array(j, lists[i]);
                json_writer_end(j);
        }
        json_writer_text(j, "bytes", "CAN'T TELL YET");
        json_writer_text(j, "records", "WARMING");
        json_writer_text(j, "verdict", "TOO-SHORT");
}

static void print_json_troubles(struct json_writer *j, const struct explain *e)
{
        const struct dump_troubles *t = &e->set.troubles;
        uint64_t others = 0;
        for (size_t i = 0; i < DUMP_OTHERS; i++) {
                others += t->others[i];
        }
        json_writer_uint(j, "unread", t->records);
        json_writer_uint(j, "cut", t->cut);
        json_writer_uint(j, "deep", t->deep);
        json_writer_uint(j, "damaged", t->broken);
        json_writer_uint(j, "too_large", t->large);
        json_writer_uint(j, "twice", e->runs.twice);
        json_writer_uint(j, "other_profiles", others);
}

void explain_print_json(const struct explain *e, FILE *out)
{
        struct json_writer j = json_writer_to(out);
        json_writer_object(&j, NULL);
        if (e->n_run > 0) {
                print_json_run(&j, e, &e->run[e->n_run - 1]);
        } else {
                print_json_nothing(&j);
        }
        print_json_troubles(&j, e);
        json_writer_uint(&j, "restarts", e->n_run > 0 ? e->n_run - 1 : 0);
        json_writer_array(&j, "earlier");
        for (size_t i = 0; i + 1 < e->n_run; i++) {
                json_writer_object(&j, NULL);
                json_writer_bool(&j, "same_program", e->runs.runs[i + 1].same_program);
                print_json_run(&j, e, &e->run[i]);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}
