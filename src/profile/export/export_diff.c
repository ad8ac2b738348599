/* Marks, and what happened between two of them. */
#include "base/clock.h"
#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/heap/counts.h"
#include "profile/heap/thread.h"

#include <inttypes.h>
#include <stdlib.h>

/** The change of one record between the two. */
struct change {
        uint32_t id;
        uint64_t allocs;
        uint64_t frees;
        int64_t live_bytes;
};

/** The changes of a stage's records and exact counters. */
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

/** The ids of the births to show: the newest @p most. */
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

static void put_time(struct json_writer *j, const char *key, uint64_t wall_ns)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(wall_ns, when);
        json_writer_text(j, key, when);
}

static void put_mark_json(struct json_writer *j, const char *key, const struct snapshot *s)
{
        json_writer_object(j, key);
        json_writer_text(j, "name", name_of(s));
        if (s->wall_ns != 0) {
                put_time(j, "ts", s->wall_ns);
        }
        json_writer_uint(j, "statements", s->statements);
        json_writer_uint(j, "records", s->records);
        json_writer_end(j);
}

static void put_stage_json(struct json_writer *j, enum prof_stage stage, const struct stage_change *s)
{
        json_writer_object(j, NULL);
        json_writer_text(j, "stage", prof_stage_name(stage));
        json_writer_uint(j, "births", s->born);
        json_writer_uint(j, "samples", s->samples);
        json_writer_uint(j, "allocs", s->allocs);
        json_writer_uint(j, "frees", s->frees);
        json_writer_int(j, "live_bytes_change", s->live_bytes);
        json_writer_int(j, "live_bytes", s->live_bytes_then);
        json_writer_end(j);
}

/** What is known of a record, as members of the open object. */
static void put_record_json(struct json_writer *j, const struct prof_record *r)
{
        struct export_place place = export_place_of(r);
        json_writer_uint(j, "record", r->id);
        json_writer_text(j, "stage", prof_stage_name(r->stage));
        json_writer_text(j, "lib", prof_lib_name(r->lib));
        json_writer_uint(j, "size", r->size);
        json_writer_uint(j, "sample_bytes", r->sample_bytes);
        export_place_json(j, &place);
}

static void put_birth_json(struct json_writer *j, const struct prof_record *r)
{
        json_writer_object(j, NULL);
        put_record_json(j, r);
        put_time(j, "ts", r->born_wall_ns);
        json_writer_uint(j, "statements", r->born_statement);
        put_time(j, "last_ts", r->last_wall_ns);
        json_writer_uint(j, "last_statements", r->last_statement);
        if (r->command != NULL) {
                json_writer_uint(j, "session", r->session);
                json_writer_text(j, "command", r->command);
                json_writer_text(j, "query", r->text);
        }
        json_writer_uint(j, "allocs", r->allocs);
        json_writer_uint(j, "frees", r->frees);
        json_writer_uint(j, "bytes_alloc", r->bytes_alloc);
        json_writer_uint(j, "bytes_free", r->bytes_free);
        export_stack_json(j, "stack", r);
        json_writer_end(j);
}

static void put_births_json(struct json_writer *j, const struct snapshot *from, const struct snapshot *to,
                            uint32_t most)
{
        struct prof_record r;
        json_writer_lines(j, "births");
        for (uint32_t id = first_birth(from, to, most); id <= to->records; id++) {
                if (prof_record_get(id, &r)) {
                        put_birth_json(j, &r);
                }
        }
        json_writer_end(j);
}

void export_births_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        struct json_writer j = json_writer_to(out);
        json_writer_object(&j, NULL);
        put_mark_json(&j, "from", from);
        put_mark_json(&j, "to", to);
        put_births_json(&j, from, to, most);
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_changes_json(struct json_writer *j, const struct diff *d, uint32_t most)
{
        struct prof_record r;
        json_writer_uint(j, "changed", d->n);
        json_writer_lines(j, "records");
        for (uint32_t i = 0; i < d->n && i < most; i++) {
                const struct change *c = &d->changes[i];
                if (prof_record_get(c->id, &r)) {
                        json_writer_object(j, NULL);
                        put_record_json(j, &r);
                        json_writer_uint(j, "allocs", c->allocs);
                        json_writer_uint(j, "frees", c->frees);
                        json_writer_int(j, "live_bytes_change", c->live_bytes);
                        json_writer_end(j);
                }
        }
        json_writer_end(j);
}

void export_diff_json(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        struct json_writer j = json_writer_to(out);
        struct diff d = take(from, to);
        json_writer_object(&j, NULL);
        put_mark_json(&j, "from", from);
        put_mark_json(&j, "to", to);
        json_writer_array(&j, "stages");
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                put_stage_json(&j, stage, &d.stages[stage]);
        }
        json_writer_end(&j);
        put_changes_json(&j, &d, most);
        put_births_json(&j, from, to, most);
        json_writer_end(&j);
        json_writer_finish(&j);
        drop(&d);
}

void export_marks_json(struct json_writer *j)
{
        const struct snapshot *s;
        json_writer_lines(j, "marks");
        put_mark_json(j, NULL, snapshot_find(SNAPSHOT_START));
        for (size_t i = 0; (s = snapshot_at(i)) != NULL; i++) {
                put_mark_json(j, NULL, s);
        }
        json_writer_end(j);
}
