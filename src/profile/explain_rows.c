/* What the saved profiles say, for programs: CSV and JSON. */
#include "base/json.h"
#include "profile/explain.h"

#include <inttypes.h>

enum { TEXT_MAX = 512 };

void explain_print_csv(const struct explain *e, FILE *out)
{
        (void)fputs(
            "round,records,births,expected,low,high,pending,live_records,live_objects,live_bytes,samples,"
            "heap_alloc,rss,statements\n",
            out);
        for (size_t i = 0; i < e->n_rounds; i++) {
                const struct explain_round *r = &e->rounds[i];
                (void)fprintf(out, "%zu,%" PRIu64 ",%" PRIu64 ",", i + 1, r->records, r->births);
                if (r->predicted.known) {
                        (void)fprintf(out, "%.3f,%.0f,%.0f", r->predicted.expected, r->predicted.low,
                                      r->predicted.high);
                } else {
                        (void)fputs(",,", out);
                }
                const uint64_t figures[] = {r->pending, r->live_records, r->live_objects, r->live_bytes,
                                            r->samples, r->heap_alloc,   r->rss,          r->statements};
                for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
                        (void)fprintf(out, ",%" PRIu64, figures[f]);
                }
                (void)putc('\n', out);
        }
}

static void print_json_round(const struct explain_round *r, FILE *out)
{
        (void)fprintf(out,
                      "{\"records\":%" PRIu64 ",\"births\":%" PRIu64 ",\"pending\":%" PRIu64
                      ",\"live_records\":%" PRIu64 ",\"live_objects\":%" PRIu64 ",\"live_bytes\":%" PRIu64
                      ",\"samples\":%" PRIu64 ",\"heap_alloc\":%" PRIu64 ",\"rss\":%" PRIu64
                      ",\"statements\":%" PRIu64,
                      r->records, r->births, r->pending, r->live_records, r->live_objects, r->live_bytes,
                      r->samples, r->heap_alloc, r->rss, r->statements);
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

static void print_json_births(const struct explain *e, FILE *out)
{
        const char *comma = "";
        for (size_t i = 0; i < e->n_births; i++) {
                const struct explain_birth *b = &e->births[i];
                if (b->round > 1) {
                        (void)fprintf(out,
                                      "%s{\"round\":%" PRIu32 ",\"size\":%" PRIu64 ",\"samples\":%" PRIu64,
                                      comma, b->round, b->size, b->allocs);
                        print_json_text("stage", b->stage, out);
                        print_json_text("function", b->function, out);
                        print_json_text("place", b->place, out);
                        print_json_text("statement", b->statement, out);
                        (void)putc('}', out);
                        comma = ",";
                }
        }
}

static void print_json_trends(const struct explain *e, FILE *out)
{
        for (size_t i = 0; i < e->n_trends; i++) {
                const struct explain_trend *t = &e->trends[i];
                (void)fprintf(
                    out,
                    "%s{\"of\":\"%s\",\"by\":\"%s\",\"slope\":%.9g,\"slope_low\":%.9g,\"slope_high\":%.9g,"
                    "\"p\":%.9g}",
                    i > 0 ? "," : "", t->exact ? "heap_alloc" : "live_bytes",
                    t->by_statements ? "statement" : "round", t->trend.slope, t->trend.slope_low,
                    t->trend.slope_high, t->trend.p);
        }
}

void explain_print_json(const struct explain *e, FILE *out)
{
        static const char *const names[] = {[EXPLAIN_TOO_SHORT] = "TOO-SHORT",
                                            [EXPLAIN_FLAT] = "FLAT",
                                            [EXPLAIN_RISING] = "LEAK",
                                            [EXPLAIN_UNSURE] = "UNSURE"};
        (void)fputs("{\"rounds\":[", out);
        for (size_t i = 0; i < e->n_rounds; i++) {
                (void)fputs(i > 0 ? "," : "", out);
                print_json_round(&e->rounds[i], out);
        }
        (void)fputs("],\"new\":[", out);
        print_json_births(e, out);
        (void)fputs("],\"trends\":[", out);
        print_json_trends(e, out);
        (void)fprintf(out,
                      "],\"stacks\":%zu,\"sizes\":%zu,\"source_lines\":%zu,\"sample_bytes\":%" PRIu64
                      ",\"unseen\":%.3f,\"coverage\":%.6f,\"unread\":%" PRIu64 ",\"cut\":%" PRIu64
                      ",\"deep\":%" PRIu64 ",\"restarts\":%" PRIu64 ",\"verdict\":\"%s\"}\n",
                      e->stacks, e->sizes, e->places, e->sample_bytes, stat_unseen(&e->caught),
                      stat_coverage(&e->caught), e->troubles.records, e->troubles.cut, e->troubles.deep,
                      e->restarts, names[e->verdict]);
}
