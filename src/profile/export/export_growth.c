/* Verdicts and series, for a person and as JSON. */
#include "profile/export/export.h"
#include "profile/export/series.h"
#include "profile/export/verdict_all.h"
#include "profile/heap/counts.h"

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

/** The slopes of all units that changed, and which of them are plausible. */
static void put_rise(struct json_writer *j, const struct rise *r)
{
        static const char *const names[RISE_UNITS] = {"statement", "session", "request", "second"};
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                char name[64];
                if (r->fits[u].known) {
                        (void)snprintf(name, sizeof name, "bytes_per_%s", names[u]);
                        json_writer_real(j, name, r->fits[u].slope);
                        (void)snprintf(name, sizeof name, "bytes_per_%s_low", names[u]);
                        json_writer_real(j, name, r->fits[u].low);
                        (void)snprintf(name, sizeof name, "bytes_per_%s_high", names[u]);
                        json_writer_real(j, name, r->fits[u].high);
                }
        }
        json_writer_real(j, "p", r->p);
        json_writer_real(j, "growth_bytes", round(r->growth));
        json_writer_array(j, "rises_with");
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                if (r->fits[u].plausible) {
                        json_writer_text(j, NULL, names[u]);
                }
        }
        json_writer_end(j);
}

/** The place of the memory that rises. */
static const char *place_name(const struct verdict *v)
{
        return v->search.searching ? "searching"
               : v->search.sure    ? "known"
               : v->suspect != 0   ? "perhaps"
                                   : "unknown";
}

static void put_births(struct json_writer *j, const struct verdict *v)
{
        json_writer_uint(j, "births", v->births);
        json_writer_real(j, "births_seconds", v->seconds);
        if (v->predicted) {
                json_writer_real(j, "births_expected", v->expected);
                json_writer_real(j, "births_low", v->low);
                json_writer_real(j, "births_high", v->high);
                json_writer_real(j, "births_surprise", v->surprise);
                json_writer_real(j, "unseen_records", v->unseen);
                json_writer_real(j, "coverage", v->coverage);
                json_writer_real(j, "growth_exponent", v->exponent);
        }
}

static void put_verdict(struct json_writer *j, unsigned stage, const struct verdict *v)
{
        json_writer_object(j, NULL);
        json_writer_text(j, "stage", name_of(stage));
        json_writer_text(j, "verdict", verdict_name(v->kind));
        json_writer_text(j, "bytes", bytes_name(v->bytes));
        json_writer_text(j, "records_verdict", records_name(v->growing));
        json_writer_uint(j, "records", v->records);
        json_writer_uint(j, "stacks", v->stacks);
        json_writer_uint(j, "live_records", v->live);
        put_births(j, v);
        if (stage < STAGE_COUNT) {
                put_rise(j, &v->rise);
        }
        if (v->store != STORE_COUNT) {
                json_writer_text(j, "store", v->stored.name);
                json_writer_uint(j, "store_bytes", v->stored.used);
                json_writer_uint(j, "store_bound", v->stored.bound);
        }
        if (v->bytes == BYTES_RISES) {
                json_writer_text(j, "place", place_name(v));
        }
        if (v->suspect != 0) {
                json_writer_uint(j, "record", v->suspect);
        }
        json_writer_text(j, "sentence", v->sentence);
        json_writer_end(j);
}

void export_verdicts_json(struct json_writer *j)
{
        static struct verdict v[STAGE_COUNT + 1];
        bool known = verdict_all(v);
        json_writer_array(j, "verdicts");
        for (unsigned stage = 0; known && stage <= STAGE_COUNT; stage++) {
                put_verdict(j, stage, &v[stage]);
        }
        json_writer_end(j);
        json_writer_uint(j, "readings", series_readings());
}

static void put_point(struct json_writer *j, const struct series_point *p, uint32_t births)
{
        json_writer_object(j, NULL);
        json_writer_uint(j, "unix_ns", p->wall_ns);
        json_writer_uint(j, "statements", p->statements);
        json_writer_uint(j, "records", p->records);
        json_writer_uint(j, "births", births);
        json_writer_uint(j, "samples", p->samples);
        json_writer_uint(j, "f1", p->f[0]);
        json_writer_uint(j, "f2", p->f[1]);
        json_writer_uint(j, "sessions", p->sessions);
        json_writer_int(j, "floor_bytes", p->floor_bytes);
        json_writer_fixed(j, "average_bytes", p->sum_bytes / p->readings, 0);
        json_writer_int(j, "max_bytes", p->max_bytes);
        json_writer_uint(j, "allocs", p->allocs);
        json_writer_uint(j, "frees", p->frees);
        json_writer_uint(j, "rss_bytes", p->rss);
        json_writer_end(j);
}

void export_series_json(FILE *out, unsigned stage, unsigned tier)
{
        struct json_writer j = json_writer_to(out);
        struct series_point p;
        struct series_point before = {.records = 0};
        json_writer_object(&j, NULL);
        json_writer_text(&j, "stage", name_of(stage));
        json_writer_array(&j, "points");
        for (size_t i = 0; series_get(tier, stage, i, &p); i++) {
                put_point(&j, &p, i > 0 && p.since == before.since ? p.records - before.records : 0);
                before = p;
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

const char *export_verdict_comment(size_t i)
{
        static struct verdict v[STAGE_COUNT + 1];
        static char text[1200];
        static size_t next; /* the stage after the one that was given last */
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
