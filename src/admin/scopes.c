/* GET /digests?by=: statistics of statements by user, database, client, session, scope, trace or tag. */
#include "admin/scopes.h"

#include "admin/put.h"
#include "admin/tables.h"
#include "base/column.h"
#include "base/shown.h"
#include "journal/enrich/scope_stats.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_AT = 59 /* column where the name begins in a line */ };

/** A scope, copied, as the statistics change while the reply is made. */
struct row {
        struct span name;
        struct scope_counts counts;
        uint64_t end_ns;
        uint64_t hash;
        uint64_t width; /* of a line, at most; 0 = no limit */
};

struct table {
        struct row *rows;
        size_t n;
        size_t size;
        uint64_t width;
        bool failed;
};

static bool grow_if_full(struct table *t)
{
        if (t->n < t->size) {
                return true;
        }
        size_t size = t->size > 0 ? 2 * t->size : 64;
        struct row *bigger = prof_realloc(STAGE_ADMIN, t->rows, size * sizeof *bigger);
        if (bigger != NULL) {
                t->rows = bigger;
                t->size = size;
        }
        return bigger != NULL;
}

static void add_row(void *arg, const struct scope_entry *e)
{
        struct table *t = arg;
        uint8_t *name = !t->failed && grow_if_full(t) ? prof_alloc(STAGE_ADMIN, e->len + 1) : NULL;
        if (name == NULL) {
                t->failed = true;
                return;
        }
        (void)span_copy(name, span_of(e->name, e->len));
        t->rows[t->n++] = (struct row){.name = span_of(name, e->len),
                                       .counts = e->counts,
                                       .end_ns = e->end_us * 1000,
                                       .hash = e->hash,
                                       .width = t->width};
}

static void free_table(struct table *t)
{
        for (size_t i = 0; i < t->n; i++) {
                prof_free((void *)(uintptr_t)t->rows[i].name.data);
        }
        prof_free(t->rows);
}

/* --- orders --------------------------------------------------------------------------------------------------------- */

#define ORDER(name, member)                                                                                  \
        static int by_##name(const void *a, const void *b)                                                   \
        {                                                                                                    \
                const struct row *x = a;                                                                     \
                const struct row *y = b;                                                                     \
                int by_value = (y->member > x->member) - (y->member < x->member);                            \
                return by_value != 0                                                                         \
                           ? by_value                                                                        \
                           : (y->counts.sum_us > x->counts.sum_us) - (y->counts.sum_us < x->counts.sum_us);  \
        }

ORDER(time, counts.sum_us)
ORDER(count, counts.count)
ORDER(errors, counts.errors)
ORDER(rows, counts.rows)
ORDER(between, counts.between_us)
ORDER(last, end_ns)

static const struct order {
        const char *name;
        int (*compare)(const void *a, const void *b);
} orders[] = {{"time", by_time}, {"count", by_count},     {"errors", by_errors},
              {"rows", by_rows}, {"between", by_between}, {"last", by_last}};

/* --- columns -------------------------------------------------------------------------------------------------------- */

static void put_rows(FILE *out, const struct column *column, const void *row)
{
        const struct scope_counts *c = &((const struct row *)row)->counts;
        column_put_level(out, (int64_t)(c->rows + c->affected_rows), column->width);
}

static void put_name(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        size_t columns_left = r->width == 0 ? SIZE_MAX : r->width > NAME_AT ? r->width - NAME_AT : 1;
        (void)fputs(column->before, out);
        shown_print_middle(out, r->name.len > 0 ? r->name : span_str("(none)"), columns_left);
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, member)
#define OF_US(member)           OF(member, COLUMN_U64), .width = 8, .put = put_us

static const struct column columns[] = {
    {"name", NULL, "The user, database, client, session, scope, trace or value; empty without one.",
     OF(name, COLUMN_SPAN)},
    {"count", NULL, "Statements: COM_QUERY, COM_STMT_EXECUTE and COM_STMT_BULK_EXECUTE.",
     OF(counts.count, COLUMN_U64), .heading = "COUNT", .width = 8},
    {"errors", NULL, "Commands that failed.", OF(counts.errors, COLUMN_U64), .heading = "ERRORS", .width = 6},
    {"sum_us", "microseconds", "Time of all commands in the database.", OF_US(counts.sum_us),
     .heading = "TIME"},
    {"between_us", "microseconds", "Time between its commands, which is the application's own.",
     OF_US(counts.between_us), .heading = "BETWEEN"},
    {"pauses", NULL, "Times between its commands longer than log.scope_pause_ms, which are not added there.",
     OF(counts.pauses, COLUMN_U64)},
    {"rows", NULL, "Rows of results.", OF(counts.rows, COLUMN_U64), .heading = "ROWS", .width = 8,
     .put = put_rows},
    {"affected_rows", NULL, "Rows that were changed.", OF(counts.affected_rows, COLUMN_U64)},
    {"duplicates", NULL, "Statements with the finding duplicate.", OF(counts.duplicates, COLUMN_U64),
     .heading = "DUP", .width = 6},
    {"n_plus_one", NULL, "Statements with the finding n_plus_one or in_write_loop.",
     OF(counts.n_plus_one, COLUMN_U64), .heading = "N+1", .width = 6},
    {"last_seen", NULL, "Time when the last of its commands ended.", OF(end_ns, COLUMN_TIME)},
    {.heading = "NAME", .before = "  ", .put = put_name},
};

const struct column_table scopes_table = {"/digests?by=", columns, sizeof columns / sizeof columns[0]};

/* --- output --------------------------------------------------------------------------------------------------------- */

static void put_json(FILE *out, const char *by, const struct table *t, size_t n,
                     const struct scope_totals *totals)
{
        struct json_writer j = json_writer_to(out);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "by", by);
        json_writer_uint(&j, "scopes", totals->scopes);
        json_writer_uint(&j, "max", totals->max);
        json_writer_uint(&j, "bytes", totals->bytes);
        json_writer_uint(&j, "max_bytes", totals->max_bytes);
        json_writer_uint(&j, "without_statements", totals->without);
        json_writer_uint(&j, "evicted", totals->n_gone);
        json_writer_uint(&j, "tags_left_out", totals->tags_left_out);
        const struct row gone = {.counts = totals->gone};
        json_writer_object(&j, "forgotten");
        column_put_json(&scopes_table, &gone, &j);
        json_writer_end(&j);
        json_writer_lines(&j, "rows");
        for (size_t i = 0; i < n; i++) {
                json_writer_object(&j, NULL);
                column_put_json(&scopes_table, &t->rows[i], &j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

/** The lines above the table. */
static void put_head(FILE *out, const char *by, const struct scope_totals *totals)
{
        (void)fputs("statements by ", out);
        put_plain(out, by);
        (void)fprintf(out, ": %" PRIu64 " (limit %" PRIu64 ", %" PRIu64 " of %" PRIu64 " bytes)",
                      totals->scopes, totals->max, totals->bytes, totals->max_bytes);
        if (totals->without > 0) {
                (void)fprintf(out, "; %" PRIu64 " statements without", totals->without);
        }
        (void)fputs("\n", out);
        if (totals->n_gone > 0) {
                (void)fprintf(out, "%" PRIu64 " with %" PRIu64 " statements were discarded to make room\n",
                              totals->n_gone, totals->gone.count);
        }
        if (totals->tags_left_out > 0) {
                (void)fprintf(out, "%" PRIu64 " tags were left out: only %d names of tags are followed\n",
                              totals->tags_left_out, SCOPE_TAGS);
        }
        (void)fputs("\n", out);
}

/** @p ids: each row begins with a number of its own in hexadecimal digits, for programs such as top. */
static void put_text(FILE *out, const char *by, const struct table *t, size_t n,
                     const struct scope_totals *totals, bool ids)
{
        put_head(out, by, totals);
        column_put_headings(&scopes_table, 0, out);
        for (size_t i = 0; i < n; i++) {
                if (ids) {
                        (void)fprintf(out, "%016" PRIx64 "%016" PRIx64 " ", t->rows[i].hash, t->rows[i].hash);
                }
                column_put_text(&scopes_table, 0, &t->rows[i], out);
        }
}

/** What the parameter by= says: the kind, and the name of a tag. @return false if it is wrong. */
static bool read_kind(const char *by, enum scope_kind *kind, struct span *tag)
{
        static const char *const names[] = {
            [SCOPE_USER] = "user",       [SCOPE_DATABASE] = "db", [SCOPE_CLIENT] = "client",
            [SCOPE_SESSION] = "session", [SCOPE_SCOPE] = "scope", [SCOPE_TRACE] = "trace"};
        *tag = span_str("");
        for (*kind = SCOPE_USER; *kind < SCOPE_TAG; (*kind)++) {
                if (strcmp(by, names[*kind]) == 0) {
                        return true;
                }
        }
        *tag = strncmp(by, "tag.", 4) == 0 ? span_str(by + 4) : *tag;
        return tag->len > 0;
}

static bool read_order(const char *sort, const struct order **order)
{
        *order = &orders[0];
        for (size_t i = 0; i < sizeof orders / sizeof orders[0] && sort != NULL; i++) {
                if (strcmp(orders[i].name, sort) == 0) {
                        *order = &orders[i];
                        return true;
                }
        }
        return sort == NULL;
}

void scopes_reply(struct call *call, const char *by)
{
        struct scope_stats *stats = journal_scopes(call->admin->journal);
        enum scope_kind kind;
        struct span tag;
        const struct order *order;
        uint64_t most;
        uint64_t width;
        uint64_t ids;
        if (stats == NULL) {
                call_fail(call, HTTP_NOTFOUND,
                          "these statistics are disabled: log.scopes or log.digests is 0");
                return;
        }
        if (!read_kind(by, &kind, &tag)) {
                call_fail(call, HTTP_BADREQUEST,
                          "by must be user, db, client, session, scope, trace or tag.NAME, not '%.40s'", by);
                return;
        }
        if (!read_order(call_param(call, "sort"), &order)) {
                call_fail(call, HTTP_BADREQUEST,
                          "with by, sort must be one of time, count, errors, rows, between, last");
                return;
        }
        if (call_param(call, "q") != NULL) {
                call_fail(call, HTTP_BADREQUEST, "q selects digests: omit it with by");
                return;
        }
        if (!call_number(call, "n", 1000000, 20, &most) || !call_number(call, "width", 1000000, 0, &width) ||
            !call_number(call, "ids", 1, 0, &ids)) {
                return;
        }
        struct table t = {.width = width};
        struct scope_totals totals = scope_stats_each(stats, kind, tag, add_row, &t);
        if (t.failed) {
                free_table(&t);
                call_fail(call, HTTP_INTERNAL, "out of memory");
                return;
        }
        if (t.n > 0) {
                qsort(t.rows, t.n, sizeof *t.rows, order->compare);
        }
        size_t n = t.n < most ? t.n : (size_t)most;
        if (call->json) {
                put_json(call->out, by, &t, n, &totals);
        } else {
                put_text(call->out, by, &t, n, &totals, ids != 0);
        }
        free_table(&t);
        call_reply(call, HTTP_OK, NULL);
}
