/* Verdicts and series, for a person and as JSON. */
#include "profile/export/export.h"
#include "profile/export/series.h"
#include "profile/export/verdict.h"

#include <inttypes.h>
#include <math.h>

static const char *name_of(unsigned stage)
{
        return stage < STAGE_COUNT ? prof_stage_name((enum prof_stage)stage) : "process";
}

static bool ever_used(unsigned stage)
{
        return stage == STAGE_COUNT || prof_read((enum prof_stage)stage, LIB_COUNT).count_alloc > 0;
}

void export_verdicts_text(FILE *out)
{
        static struct verdict v[STAGE_COUNT + 1]; /* large; one thread */
        if (!verdict_all(v)) {
                (void)fputs("no memory for the verdicts\n", out);
                return;
        }
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                if (ever_used(stage)) {
                        (void)fprintf(out, "%-10s %-14s %-16s %s\n", name_of(stage),
                                      bytes_name(v[stage].bytes), records_name(v[stage].growing),
                                      v[stage].sentence);
                }
        }
}

/** JSON has no infinity. */
static void put_number(FILE *out, const char *name, double value)
{
        if (isfinite(value)) {
                (void)fprintf(out, ",\"%s\":%.9g", name, value);
        } else {
                (void)fprintf(out, ",\"%s\":null", name);
        }
}

/** The sentences are ASCII (verdict.c sees to that). */
static void put_string(FILE *out, const char *text)
{
        (void)putc('"', out);
        for (; *text != '\0'; text++) {
                (void)fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
        }
        (void)putc('"', out);
}

/** The slopes of all units that moved; those that fit are the ones that the traffic does not tell apart. */
static void put_rise(FILE *out, const struct rise *r)
{
        static const char *const names[RISE_UNITS] = {"statement", "session", "request", "second"};
        const char *comma = "";
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                char name[64];
                if (r->fits[u].known) {
                        (void)snprintf(name, sizeof name, "bytes_per_%s", names[u]);
                        put_number(out, name, r->fits[u].slope);
                        (void)snprintf(name, sizeof name, "bytes_per_%s_low", names[u]);
                        put_number(out, name, r->fits[u].low);
                        (void)snprintf(name, sizeof name, "bytes_per_%s_high", names[u]);
                        put_number(out, name, r->fits[u].high);
                }
        }
        put_number(out, "p", r->p);
        put_number(out, "growth_bytes", round(r->growth));
        (void)fputs(",\"rises_with\":[", out);
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                if (r->fits[u].told) {
                        (void)fprintf(out, "%s\"%s\"", comma, names[u]);
                        comma = ",";
                }
        }
        (void)fputs("]", out);
}

static void put_verdict(FILE *out, unsigned stage, const struct verdict *v)
{
        (void)fprintf(out,
                      "{\"stage\":\"%s\",\"verdict\":\"%s\",\"bytes\":\"%s\",\"records_verdict\":\"%s\""
                      ",\"records\":%" PRIu32 ",\"stacks\":%" PRIu32 ",\"live_records\":%" PRIu32
                      ",\"births\":%" PRIu32,
                      name_of(stage), verdict_name(v->kind), bytes_name(v->bytes), records_name(v->growing),
                      v->records, v->stacks, v->live, v->births);
        put_number(out, "births_seconds", v->seconds);
        if (v->predicted) {
                put_number(out, "births_expected", v->expected);
                put_number(out, "births_low", v->low);
                put_number(out, "births_high", v->high);
                put_number(out, "births_surprise", v->surprise);
                put_number(out, "unseen_records", v->unseen);
                put_number(out, "coverage", v->coverage);
                put_number(out, "growth_exponent", v->exponent);
        }
        if (stage < STAGE_COUNT) {
                put_rise(out, &v->rise);
        }
        if (v->store != STORE_COUNT) {
                (void)fprintf(out, ",\"store\":\"%s\",\"store_bytes\":%" PRIu64 ",\"store_bound\":%" PRIu64,
                              v->stored.name, v->stored.used, v->stored.bound);
        }
        if (v->bytes == BYTES_RISES) {
                (void)fprintf(out, ",\"place\":\"%s\"",
                              v->search.searching ? "searching"
                              : v->search.sure    ? "known"
                              : v->suspect != 0   ? "perhaps"
                                                  : "unknown");
        }
        if (v->suspect != 0) {
                (void)fprintf(out, ",\"record\":%" PRIu32, v->suspect);
        }
        (void)fputs(",\"sentence\":", out);
        put_string(out, v->sentence);
        (void)putc('}', out);
}

void export_verdicts_json(FILE *out)
{
        static struct verdict v[STAGE_COUNT + 1];
        bool known = verdict_all(v);
        (void)fputs("{\"verdicts\":[", out);
        for (unsigned stage = 0; known && stage <= STAGE_COUNT; stage++) {
                (void)fputs(stage == 0 ? "" : ",", out);
                put_verdict(out, stage, &v[stage]);
        }
        (void)fprintf(out, "],\"readings\":%" PRIu64, series_readings());
}

void export_series_json(FILE *out, unsigned stage, unsigned tier)
{
        struct series_point p;
        struct series_point before = {.records = 0};
        (void)fprintf(out, "{\"stage\":\"%s\",\"points\":[", name_of(stage));
        for (size_t i = 0; series_get(tier, stage, i, &p); i++) {
                (void)fprintf(out,
                              "%s{\"unix_ns\":%" PRIu64 ",\"statements\":%" PRIu64 ",\"records\":%" PRIu32
                              ",\"births\":%" PRIu32 ",\"samples\":%" PRIu64 ",\"f1\":%" PRIu32
                              ",\"f2\":%" PRIu32 ",\"sessions\":%" PRIu32 ",\"floor_bytes\":%" PRId64
                              ",\"average_bytes\":%.0f"
                              ",\"max_bytes\":%" PRId64 ",\"allocs\":%" PRIu64 ",\"frees\":%" PRIu64
                              ",\"rss_bytes\":%" PRIu64 "}",
                              i == 0 ? "" : ",", p.wall_ns, p.statements, p.records,
                              i > 0 && p.since == before.since ? p.records - before.records : 0, p.samples,
                              p.f[0], p.f[1], p.sessions, p.floor_bytes, p.sum_bytes / p.readings,
                              p.max_bytes, p.allocs, p.frees, p.rss);
                before = p;
        }
        (void)fputs("]}\n", out);
}

const char *export_verdict_comment(size_t i)
{
        static struct verdict v[STAGE_COUNT + 1];
        static char text[1200];
        static size_t next; /* the stage that was told last, and one */
        next = i == 0 ? 0 : next;
        if (i == 0 && !verdict_all(v)) {
                next = STAGE_COUNT + 1;
        }
        while (next <= STAGE_COUNT && !ever_used((unsigned)next)) {
                next++;
        }
        if (next > STAGE_COUNT) {
                return NULL;
        }
        (void)snprintf(text, sizeof text, "%s: %s, %s: %s", name_of((unsigned)next),
                       bytes_name(v[next].bytes), records_name(v[next].growing), v[next].sentence);
        next++;
        return text;
}
