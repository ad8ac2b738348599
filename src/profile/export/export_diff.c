/* Marks, and what happened between two of them. */
#include "base/clock.h"
#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/heap/thread.h"

#include <inttypes.h>
#include <stdlib.h>

/** What one record counted between the two. */
struct change {
        uint32_t id;
        uint64_t allocs;
        uint64_t frees;
        int64_t live_bytes;
};

/** What a stage's records and exact counters did. */
struct stage_change {
        uint32_t born;
        uint64_t samples;
        uint64_t allocs;
        uint64_t frees;
        int64_t live_bytes;
        int64_t live_bytes_then;
};

struct diff {
        const struct snapshot *from;
        const struct snapshot *to;
        struct change *changes; /* greatest growth first; NULL = there was no memory */
        size_t size;
        uint32_t n;
        struct stage_change stages[STAGE_COUNT + 1]; /* the last is the sum */
};

/* --- taking the difference ---------------------------------------------------------------------------------------- */

/** Greatest growth of live bytes first, then most samples, then the oldest. */
static int compare(const void *a, const void *b)
{
        const struct change *x = a;
        const struct change *y = b;
        if (x->live_bytes != y->live_bytes) {
                return x->live_bytes < y->live_bytes ? 1 : -1;
        }
        if (x->allocs != y->allocs) {
                return x->allocs < y->allocs ? 1 : -1;
        }
        return x->id < y->id ? -1 : 1;
}

static struct change change_of(const struct diff *d, uint32_t id)
{
        struct snapshot_row then = snapshot_row(d->from, id);
        struct snapshot_row now = snapshot_row(d->to, id);
        return (struct change){id, now.allocs - then.allocs, now.frees - then.frees,
                               (int64_t)(now.bytes_alloc - now.bytes_free) -
                                   (int64_t)(then.bytes_alloc - then.bytes_free)};
}

static void take_records(struct diff *d)
{
        struct prof_record r;
        for (uint32_t id = 1; id <= d->to->records; id++) {
                struct change c = change_of(d, id);
                if (!prof_record_get(id, &r)) {
                        continue;
                }
                d->stages[r.stage].samples += c.allocs;
                d->stages[r.stage].born += id > d->from->records;
                if (d->changes != NULL && (c.allocs > 0 || c.frees > 0)) {
                        d->changes[d->n++] = c;
                }
        }
        if (d->changes != NULL) {
                qsort(d->changes, d->n, sizeof d->changes[0], compare);
        }
}

static void take_stages(struct diff *d)
{
        struct stage_change *sum = &d->stages[STAGE_COUNT];
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                const struct prof_counts *then = &d->from->stages[stage];
                const struct prof_counts *now = &d->to->stages[stage];
                struct stage_change *s = &d->stages[stage];
                s->allocs = now->count_alloc - then->count_alloc;
                s->frees = now->count_free - then->count_free;
                s->live_bytes_then = now->current_bytes_used;
                s->live_bytes = now->current_bytes_used - then->current_bytes_used;
                sum->born += s->born;
                sum->samples += s->samples;
                sum->allocs += s->allocs;
                sum->frees += s->frees;
                sum->live_bytes += s->live_bytes;
                sum->live_bytes_then += s->live_bytes_then;
        }
}

static struct diff take(const struct snapshot *from, const struct snapshot *to)
{
        struct diff d = {.from = from, .to = to};
        d.size = ((size_t)to->records + 1) * sizeof(struct change);
        d.changes = thread_map(d.size);
        take_records(&d);
        take_stages(&d);
        return d;
}

static void drop(struct diff *d)
{
        if (d->changes != NULL) {
                thread_unmap(d->changes, d->size);
        }
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

static const char *name_of(const struct snapshot *s)
{
        return s->name[0] != '\0' ? s->name : "now";
}

static void put_mark_text(FILE *out, const char *word, const struct snapshot *s)
{
        char when[CLOCK_RFC3339_SIZE] = "-";
        if (s->wall_ns != 0) {
                clock_rfc3339(s->wall_ns, when);
        }
        (void)fprintf(out, "%s%-20s %-27s %11" PRIu64 " statements %7" PRIu32 " records\n", word, name_of(s),
                      when, s->statements, s->records);
}

static void put_stage_text(FILE *out, const char *name, const struct stage_change *s)
{
        (void)fprintf(out,
                      "%-10s %7" PRIu32 " %10" PRIu64 " %12" PRIu64 " %12" PRIu64 " %+14" PRId64 " %14" PRId64
                      "\n",
                      name, s->born, s->samples, s->allocs, s->frees, s->live_bytes, s->live_bytes_then);
}

static void put_stages_text(FILE *out, const struct diff *d)
{
        (void)fprintf(out, "\n%-10s %7s %10s %12s %12s %14s %14s\n", "stage", "births", "samples", "allocs",
                      "frees", "live bytes +-", "live bytes");
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                put_stage_text(out, prof_stage_name(stage), &d->stages[stage]);
        }
        put_stage_text(out, "total", &d->stages[STAGE_COUNT]);
}

static void put_more(FILE *out, uint32_t n, uint32_t most)
{
        if (n > most) {
                (void)fprintf(out, "%" PRIu32 " more are not shown; ?n= says how many are\n", n - most);
        }
}

static void put_changes_text(FILE *out, const struct diff *d, uint32_t most)
{
        struct prof_record r;
        (void)fprintf(out, "\n%" PRIu32 " records counted; samples, as they were drawn\n", d->n);
        (void)fprintf(out, "%7s %-9s %-8s %9s %9s %9s %13s  %s\n", "record", "stage", "lib", "size", "allocs",
                      "frees", "live bytes +-", "where");
        for (uint32_t i = 0; i < d->n && i < most; i++) {
                const struct change *c = &d->changes[i];
                if (!prof_record_get(c->id, &r)) {
                        continue;
                }
                struct export_place place = export_place_of(&r);
                (void)fprintf(
                    out, "%7" PRIu32 " %-9s %-8s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %+13" PRId64 "  ",
                    c->id, prof_stage_name(r.stage), prof_lib_name(r.lib), r.size, c->allocs, c->frees,
                    c->live_bytes);
                export_place_text(out, &place);
                (void)putc('\n', out);
        }
        put_more(out, d->n, most);
}

static void put_birth_text(FILE *out, const struct prof_record *r, bool stack)
{
        char when[CLOCK_RFC3339_SIZE];
        struct export_place place = export_place_of(r);
        clock_rfc3339(r->born_wall_ns, when);
        (void)fprintf(out, "%7" PRIu32 " %-9s %-8s %9" PRIu64 "  ", r->id, prof_stage_name(r->stage),
                      prof_lib_name(r->lib), r->size);
        export_place_text(out, &place);
        (void)fprintf(out, "\n        %s after %" PRIu64 " statements", when, r->born_statement);
        if (r->command != NULL) {
                (void)fprintf(out, "; session %" PRIu64 " %s ", r->session, r->command);
                export_quoted(out, r->text);
        }
        (void)putc('\n', out);
        for (unsigned i = 0; stack && i < r->depth; i++) {
                export_frame_text(out, r->stack[i]);
        }
}

/** The ids of the births to show: of more than @p most the newest. */
static uint32_t first_birth(const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        uint32_t n = to->records > from->records ? to->records - from->records : 0;
        return to->records - (n < most ? n : most) + 1;
}

static void put_births_text(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most,
                            bool stacks)
{
        struct prof_record r;
        uint32_t n = to->records > from->records ? to->records - from->records : 0;
        (void)fprintf(out, "%" PRIu32 " allocation record%s created between %s and %s\n", n,
                      n == 1 ? " was" : "s were", name_of(from), name_of(to));
        if (n > most) {
                (void)fprintf(out, "the newest %" PRIu32 " of them:\n", most);
        }
        if (n > 0 && most > 0) {
                (void)fprintf(out, "%7s %-9s %-8s %9s  %s\n", "record", "stage", "lib", "size",
                              "where, when");
        }
        for (uint32_t id = first_birth(from, to, most); id <= to->records; id++) {
                if (prof_record_get(id, &r)) {
                        put_birth_text(out, &r, stacks);
                }
        }
}

void export_births_text(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        put_births_text(out, from, to, most, false);
}

void export_births_stacks(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        put_births_text(out, from, to, most, true);
}

void export_diff_text(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        struct diff d = take(from, to);
        put_mark_text(out, "from ", from);
        put_mark_text(out, "to   ", to);
        put_stages_text(out, &d);
        put_changes_text(out, &d, most);
        (void)putc('\n', out);
        export_births_text(out, from, to, most);
        drop(&d);
}

void export_marks_text(FILE *out)
{
        const struct snapshot *s;
        put_mark_text(out, "", snapshot_find(SNAPSHOT_START));
        for (size_t i = 0; (s = snapshot_at(i)) != NULL; i++) {
                put_mark_text(out, "", s);
        }
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void put_mark_json(FILE *out, const struct snapshot *s)
{
        (void)fputs("{\"name\":", out);
        export_json_string(out, name_of(s));
        if (s->wall_ns != 0) {
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339(s->wall_ns, when);
                (void)fprintf(out, ",\"ts\":\"%s\"", when);
        }
        (void)fprintf(out, ",\"statements\":%" PRIu64 ",\"records\":%" PRIu32 "}", s->statements, s->records);
}

static void put_stage_json(FILE *out, enum prof_stage stage, const struct stage_change *s)
{
        (void)fprintf(out,
                      "%s{\"stage\":\"%s\",\"births\":%" PRIu32 ",\"samples\":%" PRIu64 ",\"allocs\":%" PRIu64
                      ",\"frees\":%" PRIu64 ",\"live_bytes_change\":%" PRId64 ",\"live_bytes\":%" PRId64 "}",
                      stage == STAGE_MAIN ? "" : ",", prof_stage_name(stage), s->born, s->samples, s->allocs,
                      s->frees, s->live_bytes, s->live_bytes_then);
}

/** Without the closing brace. */
static void put_record_json(FILE *out, const struct prof_record *r)
{
        struct export_place place = export_place_of(r);
        (void)fprintf(out,
                      "{\"record\":%" PRIu32 ",\"stage\":\"%s\",\"lib\":\"%s\",\"size\":%" PRIu64
                      ",\"sample_bytes\":%" PRIu64 ",",
                      r->id, prof_stage_name(r->stage), prof_lib_name(r->lib), r->size, r->sample_bytes);
        export_place_json(out, &place);
}

static void put_birth_json(FILE *out, const struct prof_record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->born_wall_ns, when);
        put_record_json(out, r);
        (void)fprintf(out, ",\"ts\":\"%s\",\"statements\":%" PRIu64, when, r->born_statement);
        clock_rfc3339(r->last_wall_ns, when);
        (void)fprintf(out, ",\"last_ts\":\"%s\",\"last_statements\":%" PRIu64, when, r->last_statement);
        if (r->command != NULL) {
                (void)fprintf(out, ",\"session\":%" PRIu64 ",\"command\":\"%s\",\"query\":", r->session,
                              r->command);
                export_json_string(out, r->text);
        }
        (void)fprintf(out,
                      ",\"allocs\":%" PRIu64 ",\"frees\":%" PRIu64 ",\"bytes_alloc\":%" PRIu64
                      ",\"bytes_free\":%" PRIu64 ",\"stack\":",
                      r->allocs, r->frees, r->bytes_alloc, r->bytes_free);
        export_stack_json(out, r);
        (void)putc('}', out);
}

static void put_births_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        struct prof_record r;
        bool first = true;
        (void)fputs("\"births\":[", out);
        for (uint32_t id = first_birth(from, to, most); id <= to->records; id++) {
                if (prof_record_get(id, &r)) {
                        (void)fputs(first ? "\n" : ",\n", out);
                        put_birth_json(out, &r);
                        first = false;
                }
        }
        (void)putc(']', out);
}

static void put_range_json(FILE *out, const struct snapshot *from, const struct snapshot *to)
{
        (void)fputs("{\"from\":", out);
        put_mark_json(out, from);
        (void)fputs(",\"to\":", out);
        put_mark_json(out, to);
        (void)putc(',', out);
}

void export_births_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        put_range_json(out, from, to);
        put_births_json(out, from, to, most);
        (void)fputs("}\n", out);
}

void export_diff_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        struct diff d = take(from, to);
        struct prof_record r;
        bool first = true;
        put_range_json(out, from, to);
        (void)fputs("\"stages\":[", out);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                put_stage_json(out, stage, &d.stages[stage]);
        }
        (void)fprintf(out, "],\"changed\":%" PRIu32 ",\"records\":[", d.n);
        for (uint32_t i = 0; i < d.n && i < most; i++) {
                const struct change *c = &d.changes[i];
                if (prof_record_get(c->id, &r)) {
                        (void)fputs(first ? "\n" : ",\n", out);
                        put_record_json(out, &r);
                        (void)fprintf(out,
                                      ",\"allocs\":%" PRIu64 ",\"frees\":%" PRIu64
                                      ",\"live_bytes_change\":%" PRId64 "}",
                                      c->allocs, c->frees, c->live_bytes);
                        first = false;
                }
        }
        (void)fputs("],", out);
        put_births_json(out, from, to, most);
        (void)fputs("}\n", out);
        drop(&d);
}

void export_marks_json(FILE *out)
{
        const struct snapshot *s;
        (void)fputs("{\"marks\":[\n", out);
        put_mark_json(out, snapshot_find(SNAPSHOT_START));
        for (size_t i = 0; (s = snapshot_at(i)) != NULL; i++) {
                (void)fputs(",\n", out);
                put_mark_json(out, s);
        }
        (void)fputs("]}\n", out);
}
