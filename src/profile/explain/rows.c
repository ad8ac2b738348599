/* What the saved profiles say, for programs: CSV and JSON. */
#include "base/json.h"
#include "profile/explain/print.h"

#include <inttypes.h>
#include <math.h>

enum { TEXT_MAX = 512 };

/** The columns that are figures of a dump's tail; both forms have them. */
static const struct {
        const char *name;
        enum shelf_stat stat;
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

static void print_json_round(const struct explain_round *r, FILE *out)
{
        (void)fprintf(out,
                      "{\"records\":%" PRIu64 ",\"births\":%" PRIu64 ",\"pending\":%" PRIu64
                      ",\"live_records\":%" PRIu64 ",\"live_objects\":%" PRIu64 ",\"live_bytes\":%" PRIu64
                      ",\"samples\":%" PRIu64,
                      r->records, r->births, r->pending, r->live_records, r->live_objects, r->live_bytes,
                      r->samples);
        for (size_t s = 0; s < STATS; s++) {
                (void)fprintf(out, ",\"%s\":%" PRIu64, stats[s].name, r->stats[stats[s].stat]);
        }
        (void)fprintf(
            out, ",\"inuse_objects\":%.0f,\"inuse_space\":%.0f,\"alloc_objects\":%.0f,\"alloc_space\":%.0f",
            r->in_use_objects, r->in_use_bytes, r->alloc_objects, r->alloc_bytes);
        if (r->predicted.known) {
                (void)fprintf(out, ",\"expected\":%.3f,\"low\":%.0f,\"high\":%.0f", r->predicted.expected,
                              r->predicted.low, r->predicted.high);
        }
        (void)putc('}', out);
}

/** At most TEXT_MAX bytes of @p s. */
static void print_json_text(const char *name, struct span s, FILE *out)
{
        uint8_t text[TEXT_MAX * 6 + 2]; /* each byte may become \u00xx */
        struct writer w = writer_over(text, sizeof text);
        (void)json_string(&w, span_head(s, TEXT_MAX));
        (void)fprintf(out, ",\"%s\":%.*s", name, (int)w.at, (const char *)text);
}

static void print_json_births(const struct explain *e, const struct explain_run *run, FILE *out)
{
        const char *comma = "";
        for (size_t i = 0; i < run->n_births; i++) {
                const struct explain_birth *b = &run->births[i];
                const struct shelf_site *s = &e->shelf.sites[b->site];
                if (b->round > 1) {
                        (void)fprintf(out,
                                      "%s{\"round\":%" PRIu32 ",\"size\":%" PRIu64 ",\"samples\":%" PRIu64,
                                      comma, b->round, s->size, b->allocs);
                        print_json_text("stage", s->stage, out);
                        print_json_text("function", s->function, out);
                        print_json_text("place", s->place, out);
                        print_json_text("statement", s->statement, out);
                        (void)putc('}', out);
                        comma = ",";
                }
        }
}

static void print_json_trends(const struct explain_run *run, FILE *out)
{
        for (size_t i = 0; i < run->n_trends; i++) {
                const struct explain_trend *t = &run->trends[i];
                (void)fprintf(
                    out,
                    "%s{\"of\":\"%s\",\"by\":\"%s\",\"slope\":%.9g,\"slope_low\":%.9g,\"slope_high\":%.9g,"
                    "\"p\":%.9g}",
                    i > 0 ? "," : "", t->exact ? "heap_alloc" : "live_bytes",
                    t->by_statements ? "statement" : "round", t->trend.slope, t->trend.slope_low,
                    t->trend.slope_high, t->trend.p);
        }
}

static void print_json_sites(const struct explain *e, const struct explain_run *run, FILE *out)
{
        for (size_t i = 0; i < run->bytes.n_sites; i++) {
                const struct explain_site *s = &run->bytes.sites[i];
                const struct shelf_site *site = &e->shelf.sites[s->site];
                (void)fprintf(
                    out,
                    "%s{\"slope\":%.9g,\"slope_low\":%.9g,\"slope_high\":%.9g,\"first_seen\":%" PRIu32
                    ",\"never_freed\":%s,\"grown\":%.0f,\"objects\":%" PRIu64 ",\"sure\":%s",
                    i > 0 ? "," : "", s->slope, s->low, s->high, s->first_seen,
                    s->never_freed ? "true" : "false", s->grown, s->objects, s->sure ? "true" : "false");
                print_json_text("stage", site->stage, out);
                print_json_text("function", site->function, out);
                print_json_text("place", site->place, out);
                print_json_text("caller", site->caller, out);
                print_json_text("caller_place", site->caller_place, out);
                print_json_text("chain", site->chain, out);
                print_json_text("statement", site->statement, out);
                (void)putc('}', out);
        }
}

/** The names that there were before bytes and records had an answer each. */
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

static void print_json_sentence(const char *name, const struct print_text *p, FILE *out)
{
        uint8_t text[sizeof p->text * 6 + 2];
        char plain[sizeof p->text];
        struct writer w = writer_over(text, sizeof text);
        for (size_t i = 0; i < p->at; i++) {
                plain[i] = p->text[i];
                plain[i] = plain[i] == PRINT_TIED ? ' ' : plain[i];
        }
        (void)json_string(&w, span_of(plain, p->at));
        (void)fprintf(out, ",\"%s\":%.*s", name, (int)w.at, (const char *)text);
}

static void print_json_answers(const struct explain *e, const struct explain_run *run, FILE *out)
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
        (void)fprintf(
            out,
            ",\"bytes\":\"%s\",\"bytes_of\":\"%s\",\"slope\":%.9g,\"slope_low\":%.9g,\"slope_high\":%.9g,"
            "\"window\":%zu,\"bound\":%.9g,\"collected\":%s",
            explain_bytes_name(a->verdict), of[a->of], a->slope, a->low, a->high, a->window, a->bound,
            a->collected ? "true" : "false");
        print_json_sentence("bytes_sentence", &bytes, out);
        print_json_sentence("advice", &advice, out);
        (void)fprintf(out, ",\"sites\":[");
        print_json_sites(e, run, out);
        (void)fprintf(out, "],\"records\":\"%s\"", explain_records_name(run->records));
        print_json_sentence("records_sentence", &records, out);
        (void)fprintf(out, ",\"verdict\":\"%s\"", old_verdict(run));
}

static void print_json_run(const struct explain *e, const struct explain_run *run, FILE *out)
{
        (void)fputs("\"rounds\":[", out);
        for (size_t i = 0; i < run->n_rounds; i++) {
                (void)fputs(i > 0 ? "," : "", out);
                print_json_round(&run->rounds[i], out);
        }
        (void)fputs("],\"new\":[", out);
        print_json_births(e, run, out);
        (void)fputs("],\"trends\":[", out);
        print_json_trends(run, out);
        (void)fprintf(out,
                      "],\"stacks\":%zu,\"sizes\":%zu,\"source_lines\":%zu,\"sample_bytes\":%" PRIu64
                      ",\"unseen\":%.3f,\"coverage\":%.6f",
                      run->stacks, run->sizes, run->places, run->sample_bytes, stat_unseen(&run->caught),
                      stat_coverage(&run->caught));
        print_json_answers(e, run, out);
}

void explain_print_json(const struct explain *e, FILE *out)
{
        static const struct explain_run none = {.n_rounds = 0};
        const struct explain_run *newest = e->n_run > 0 ? &e->run[e->n_run - 1] : &none;
        const struct dump_troubles *t = &e->shelf.troubles;
        uint64_t others = 0;
        for (size_t i = 0; i < DUMP_OTHERS; i++) {
                others += t->others[i];
        }
        (void)putc('{', out);
        if (e->n_run > 0) {
                print_json_run(e, newest, out);
        } else {
                (void)fputs(
                    "\"rounds\":[],\"new\":[],\"trends\":[],\"sites\":[],\"bytes\":\"CAN'T TELL YET\","
                    "\"records\":\"WARMING\",\"verdict\":\"TOO-SHORT\"",
                    out);
        }
        (void)fprintf(out,
                      ",\"unread\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"deep\":%" PRIu64 ",\"damaged\":%" PRIu64
                      ",\"too_large\":%" PRIu64 ",\"twice\":%" PRIu64 ",\"other_profiles\":%" PRIu64
                      ",\"restarts\":%zu,\"earlier\":[",
                      t->records, t->cut, t->deep, t->broken, t->large, e->runs.twice, others,
                      e->n_run > 0 ? e->n_run - 1 : 0);
        for (size_t i = 0; i + 1 < e->n_run; i++) {
                (void)fprintf(out, "%s{\"same_program\":%s,", i > 0 ? "," : "",
                              e->runs.runs[i + 1].same_program ? "true" : "false");
                print_json_run(e, &e->run[i], out);
                (void)putc('}', out);
        }
        (void)fputs("]}\n", out);
}
