/* GET /digests: statistics of statements by their digest. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/digest_filter.h"
#include "admin/put.h"
#include "admin/scopes.h"
#include "admin/tables.h"
#include "base/clock.h"
#include "base/column.h"
#include "base/shown.h"
#include "journal/enrich/digests.h"
#include "journal/enrich/scope_stats.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"
#include "rules/expr.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
        NARROW = 140, /* a terminal with fewer columns gets VIEW_NARROW, which has fewer numbers */
        VIEW_WIDE = 1 << 0,
        VIEW_NARROW = 1 << 1,
        TEXT_AT = 97, /* column where digest_text begins in a line of the wide view */
        NARROW_TEXT_AT = 48,
};

/** A digest and what is shown of it. Copied, as the statistics change while the reply is made. */
struct row {
        char hex[DIGEST_HEX + 1];
        struct digest_stat stat; /* its texts are copies too */
        struct span text;
        struct span example;
        uint64_t p50_us;
        uint64_t p95_us;
        uint64_t p99_us;
        double active;
        double per_second;
        uint64_t width; /* of a line, at most; 0 = no limit */
};

struct table {
        struct row *rows;
        size_t n;
        size_t size;
        uint64_t now_ns;
        uint64_t width;
        bool failed;
};

static uint8_t *copy_text(const uint8_t *text, size_t len)
{
        uint8_t *copy = prof_alloc(STAGE_ADMIN, len + 1);
        if (copy != NULL && len > 0) {
                memcpy(copy, text, len);
        }
        return copy;
}

static bool grow_if_full(struct table *t)
{
        if (t->n < t->size) {
                return true;
        }
        size_t size = t->size > 0 ? 2 * t->size : 64;
        struct row *bigger = prof_realloc(STAGE_ADMIN, t->rows, size * sizeof *bigger);
        if (bigger == NULL) {
                return false;
        }
        t->rows = bigger;
        t->size = size;
        return true;
}

static void add_digest(void *arg, const struct digest_stat *s)
{
        struct table *t = arg;
        if (s->count == 0 || t->failed) {
                return; /* not seen since a reset */
        }
        if (!grow_if_full(t)) {
                t->failed = true;
                return;
        }
        struct row *row = &t->rows[t->n];
        struct digest_rate rate = digest_rate(s, t->now_ns);
        *row =
            (struct row){.stat = *s, .active = rate.active, .per_second = rate.per_second, .width = t->width};
        memcpy(row->hex, s->hex, DIGEST_HEX);
        row->p50_us = digest_percentile_us(s, 0.5);
        row->p95_us = digest_percentile_us(s, 0.95);
        row->p99_us = digest_percentile_us(s, 0.99);
        row->stat.text = copy_text(s->text, s->text_len);
        row->stat.example = copy_text(s->example, s->example_len);
        row->text = span_of(row->stat.text, s->text_len);
        row->example = span_of(row->stat.example, s->example_len);
        t->n++;
        t->failed = row->stat.text == NULL || row->stat.example == NULL;
}

static void free_row(const struct row *row)
{
        prof_free(row->stat.text);
        prof_free(row->stat.example);
}

/** Keep the rows that match @p e. */
static void select_rows(struct table *t, struct expr *e)
{
        size_t kept = 0;
        for (size_t i = 0; i < t->n; i++) {
                if (digest_filter_matches(e, &t->rows[i].stat, span_of(t->rows[i].hex, DIGEST_HEX))) {
                        t->rows[kept++] = t->rows[i];
                } else {
                        free_row(&t->rows[i]);
                }
        }
        t->n = kept;
}

static void free_table(struct table *t)
{
        for (size_t i = 0; i < t->n; i++) {
                free_row(&t->rows[i]);
        }
        prof_free(t->rows);
}

/* --- orders --------------------------------------------------------------------------------------------------------- */

#define ORDER(name, value)                                                                                   \
        static int by_##name(const void *a, const void *b)                                                   \
        {                                                                                                    \
                const struct row *x = a;                                                                     \
                const struct row *y = b;                                                                     \
                int by_value = (y->value > x->value) - (y->value < x->value);                                \
                return by_value != 0                                                                         \
                           ? by_value                                                                        \
                           : (y->stat.sum_us > x->stat.sum_us) - (y->stat.sum_us < x->stat.sum_us);          \
        }

ORDER(time, stat.sum_us)
ORDER(active, active)
ORDER(count, stat.count)
ORDER(errors, stat.errors)
ORDER(max, stat.max_us)
ORDER(p99, p99_us)
ORDER(rows, stat.rows)
ORDER(last, stat.last_wall_ns)

/* An order that only scopes have. */
#define BETWEEN "between"

static const struct order {
        const char *name;
        int (*compare)(const void *a, const void *b);
} orders[] = {
    {"time", by_time}, {"active", by_active}, {"count", by_count}, {"errors", by_errors},
    {"max", by_max},   {"p99", by_p99},       {"rows", by_rows},   {"last", by_last},
};

const char *digests_order(size_t i)
{
        size_t n = sizeof orders / sizeof orders[0];
        return i < n ? orders[i].name : i == n ? BETWEEN : NULL;
}

/** The order called @p name, which is one of the words of digests_order. */
static const struct order *find_order(const char *name)
{
        size_t i = 0;
        while (i + 1 < sizeof orders / sizeof orders[0] && strcmp(orders[i].name, name) != 0) {
                i++;
        }
        return &orders[i];
}

/* --- columns -------------------------------------------------------------------------------------------------------- */

/** Rows of results and changed rows: a statement has either. */
static void put_rows(FILE *out, const struct column *column, const void *row)
{
        const struct digest_stat *s = &((const struct row *)row)->stat;
        (void)fprintf(out, "%*" PRIu64, column->width, s->rows + s->affected_rows);
}

struct finding_letter {
        enum record_finding finding;
        char letter;
};

/* The column of findings has a place for each of these, and one for all that are rarer. */
static const struct finding_letter frequent[] = {
    {FINDING_SLOW, 'S'}, {FINDING_NO_INDEX, 'I'}, {FINDING_N_PLUS_ONE, 'N'}, {FINDING_DUPLICATE, 'D'}};
static const struct finding_letter rare[] = {
    {FINDING_LARGE_RESULT, 'L'},   {FINDING_TRANSACTION_IDLE, 'T'},
    {FINDING_PREPARE_ONCE, 'P'},   {FINDING_CONNECTION_PER_STATEMENT, 'C'},
    {FINDING_REPEATED_SETUP, 'R'}, {FINDING_IN_WRITE_LOOP, 'W'}};
static const char findings_legend[] =
    "S: slow, I: no index used, N: N+1, W: write loop, D: duplicate, L: large result,\n"
    "T: idle trx, P: prepared once, C: connection per statement, R: setup, +: several\n";

static void put_findings(FILE *out, const struct column *column, const void *row)
{
        const struct digest_stat *s = &((const struct row *)row)->stat;
        (void)column;
        for (size_t i = 0; i < sizeof frequent / sizeof frequent[0]; i++) {
                (void)fputc(s->findings[frequent[i].finding] > 0 ? frequent[i].letter : '-', out);
        }
        char other = '-';
        for (size_t i = 0; i < sizeof rare / sizeof rare[0]; i++) {
                if (s->findings[rare[i].finding] > 0) {
                        other = other == '-' ? rare[i].letter : '+';
                }
        }
        (void)fputc(other, out);
}

static void put_digest_text(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        uint64_t at = r->width > 0 && r->width < NARROW ? NARROW_TEXT_AT : TEXT_AT;
        size_t columns_left = r->width == 0 ? SIZE_MAX : r->width > at ? r->width - at : 1;
        (void)fputs(column->before, out);
        (void)shown_print_head(out, r->text, columns_left);
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, member)
#define OF_FINDING(name)        OF(stat.findings[FINDING_##name], COLUMN_U64)
#define OF_US(member)           OF(member, COLUMN_U64), .width = 8, .put = put_us

/* Where text and JSON have columns in a different order, there is a row for each. */
static const struct column columns[] = {
    {"digest", NULL, "Hash of the digest, as records have it.", OF(hex, COLUMN_CHARS)},
    {"digest_text", NULL, "The statement without its literals.", OF(text, COLUMN_SPAN)},
    {"count", NULL, "Statements.", OF(stat.count, COLUMN_U64), .heading = "COUNT", .width = 8},
    {"errors", NULL, "Statements that failed.", OF(stat.errors, COLUMN_U64), .heading = "ERRORS", .width = 6,
     .views = VIEW_WIDE},
    {.heading = "ERR", .width = 5, .views = VIEW_NARROW, OF(stat.errors, COLUMN_U64)},
    {"warnings", NULL, "Warnings of the server.", OF(stat.warnings, COLUMN_U64)},
    {.heading = "PER_SEC", .width = 8, .views = VIEW_WIDE, .decimals = 1, OF(per_second, COLUMN_FIXED)},
    {.heading = "ACTIVE", .width = 6, .views = VIEW_WIDE, .decimals = 2, OF(active, COLUMN_FIXED)},
    {"sum_us", "microseconds", "Time of all of them.", OF_US(stat.sum_us), .heading = "TIME"},
    {"min_us", "microseconds", "Time of the fastest.", OF(stat.min_us, COLUMN_U64)},
    {"p50_us", "microseconds", "Time that half of them do not exceed.", OF_US(p50_us), .heading = "P50",
     .views = VIEW_WIDE},
    {"p95_us", "microseconds", "Time that 95 of 100 do not exceed.", OF_US(p95_us), .heading = "P95"},
    {"p99_us", "microseconds", "Time that 99 of 100 do not exceed.", OF_US(p99_us), .heading = "P99",
     .views = VIEW_WIDE},
    {"max_us", "microseconds", "Time of the slowest.", OF_US(stat.max_us), .heading = "MAX"},
    {"rows", NULL, "Rows of results.", OF(stat.rows, COLUMN_U64), .heading = "ROWS", .width = 9,
     .views = VIEW_WIDE, .put = put_rows},
    {"affected_rows", NULL, "Rows that were changed.", OF(stat.affected_rows, COLUMN_U64)},
    {"bytes_sent", "bytes", "From clients to the server.", OF(stat.bytes_sent, COLUMN_U64)},
    {"bytes_received", "bytes", "From the server to clients.", OF(stat.bytes_received, COLUMN_U64)},
    {"no_index", NULL,
     "Statements that read a table that can have an index, and for which the server used none.",
     OF_FINDING(NO_INDEX)},
    {"slow", NULL, "Statements that took at least log.slow_ms, or that the server calls slow.",
     OF_FINDING(SLOW)},
    {"n_plus_one", NULL, "Times that it was run once for each row of another result.",
     OF_FINDING(N_PLUS_ONE)},
    {"in_write_loop", NULL, "Times that it wrote, once for each row.", OF_FINDING(IN_WRITE_LOOP)},
    {"duplicates", NULL, "Statements that asked again what was just answered.", OF_FINDING(DUPLICATE)},
    {"transaction_idle", NULL, "Statements before which their transaction was held while nothing ran.",
     OF_FINDING(TRANSACTION_IDLE)},
    {"prepare_once", NULL, "Statements in runs that were prepared, executed once and closed.",
     OF_FINDING(PREPARE_ONCE)},
    {"connection_per_statement", NULL, "Sessions in series with this statement as the last of one or two.",
     OF_FINDING(CONNECTION_PER_STATEMENT)},
    {"repeated_setup", NULL, "Statements that set what their session had set already.",
     OF_FINDING(REPEATED_SETUP)},
    {"large_result", NULL, "Statements that returned more rows than log.large_result.",
     OF_FINDING(LARGE_RESULT)},
    {.heading = "", .before = "  ", .width = 5, .views = VIEW_WIDE, .put = put_findings},
    {.heading = "", .width = 5, .views = VIEW_NARROW, .put = put_findings},
    {.heading = "DIGEST_TEXT", .before = " ", .put = put_digest_text},
    {"per_second", NULL, "Statements a second, lately.", OF(per_second, COLUMN_FIXED), .decimals = 3},
    {"active", NULL, "Statements in flight, on average, lately.", OF(active, COLUMN_FIXED), .decimals = 4},
    {"first_seen", NULL, "Time of the first.", OF(stat.first_wall_ns, COLUMN_TIME)},
    {"last_seen", NULL, "Time of the last.", OF(stat.last_wall_ns, COLUMN_TIME)},
    {"example", NULL, "The slowest statement, as it was.", OF(example, COLUMN_SPAN)},
    {"example_us", "microseconds", "Its time.", OF(stat.example_us, COLUMN_U64)},
};

const struct column_table digests_table = {"/digests", columns, sizeof columns / sizeof columns[0]};

/* --- output --------------------------------------------------------------------------------------------------------- */

static void put_json(FILE *out, const struct table *t, size_t n, const struct digests_totals *totals)
{
        struct json_writer j = json_writer_to(out);
        json_writer_object(&j, NULL);
        json_writer_uint(&j, "shapes", totals->shapes);
        json_writer_uint(&j, "max", totals->max);
        json_writer_uint(&j, "evicted", totals->evicted);
        json_writer_uint(&j, "forgotten_statements", totals->forgotten);
        json_writer_lines(&j, "digests");
        for (size_t i = 0; i < n; i++) {
                json_writer_object(&j, NULL);
                column_put_json(&digests_table, &t->rows[i], &j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

/** @p ids: each row begins with the hash of its digest, for programs such as top. */
static void put_text(FILE *out, const struct table *t, size_t n, const struct digests_totals *totals,
                     bool ids)
{
        unsigned view = t->width > 0 && t->width < NARROW ? VIEW_NARROW : VIEW_WIDE;
        (void)fprintf(out, "%" PRIu64 " statement digests (limit %" PRIu64 ")", totals->shapes, totals->max);
        if (totals->evicted > 0) {
                (void)fprintf(out, "; %" PRIu64 " with %" PRIu64 " statements were discarded to make room",
                              totals->evicted, totals->forgotten);
        }
        (void)fprintf(out, "\n%s\n", findings_legend);
        column_put_headings(&digests_table, view, out);
        for (size_t i = 0; i < n; i++) {
                if (ids) {
                        (void)fprintf(out, "%s ", t->rows[i].hex);
                }
                column_put_text(&digests_table, view, &t->rows[i], out);
        }
}

static struct digests *find_digests(struct call *call)
{
        struct digests *d = journal_digests(call->admin->journal);
        if (d == NULL) {
                call_fail(call, HTTP_NOTFOUND, "digests are disabled: log.digests is 0");
        }
        return d;
}

/** Copy the digests into @p t. @return false if memory is out: then @p call was answered. */
static bool read_table(struct call *call, struct digests *d, struct table *t, struct digests_totals *totals)
{
        *totals = digests_each(d, add_digest, t);
        if (t->failed) {
                free_table(t);
                call_fail(call, HTTP_INTERNAL, "out of memory");
        }
        return !t->failed;
}

void handle_digests(struct call *call)
{
        const char *name = call_param(call, "sort");
        const struct order *order = find_order(name != NULL ? name : "time");
        uint64_t most;
        uint64_t width; /* maximum width of a line; 0 = no limit */
        uint64_t ids;
        struct digests_totals totals;
        struct digests *d = find_digests(call);
        if (d != NULL && call_param(call, "by") != NULL) {
                scopes_reply(call, call_param(call, "by"));
                return;
        }
        if (d != NULL && name != NULL && strcmp(name, BETWEEN) == 0) {
                call_fail(call, HTTP_BADREQUEST, "digests cannot be sorted by %s: add by=", BETWEEN);
                return;
        }
        if (d == NULL || !call_number(call, "n", 1000000, 20, &most) ||
            !call_number(call, "width", 1000000, 0, &width) || !call_number(call, "ids", 1, 0, &ids)) {
                return;
        }
        struct table t = {.now_ns = clock_wall_ns(), .width = width};
        struct expr *filter;
        if (!digest_filter_of(call, &filter)) {
                return;
        }
        bool is_read = read_table(call, d, &t, &totals);
        if (is_read && filter != NULL) {
                select_rows(&t, filter);
        }
        expr_free(filter);
        if (!is_read) {
                return;
        }
        if (t.n > 0) {
                qsort(t.rows, t.n, sizeof *t.rows, order->compare);
        }
        size_t n = t.n < most ? t.n : (size_t)most;
        if (call->json) {
                put_json(call->out, &t, n, &totals);
        } else {
                put_text(call->out, &t, n, &totals, ids != 0);
        }
        free_table(&t);
        call_reply(call, HTTP_OK, NULL);
}

void handle_digest_detail(struct call *call)
{
        const char *hex = call_param(call, "digest");
        struct digests_totals totals;
        struct digests *d = find_digests(call);
        if (d == NULL) {
                return;
        }
        if (hex == NULL) {
                call_fail(call, HTTP_BADREQUEST, "digest=HASH is required; GET /digests?ids=1 lists them");
                return;
        }
        struct table t = {.now_ns = clock_wall_ns()};
        if (!read_table(call, d, &t, &totals)) {
                return;
        }
        size_t i = 0;
        while (i < t.n && strcmp(t.rows[i].hex, hex) != 0) {
                i++;
        }
        if (i == t.n) {
                free_table(&t);
                call_fail(call, HTTP_NOTFOUND, "there is no digest %.64s", hex);
                return;
        }
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                column_put_json(&digests_table, &t.rows[i], &j);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                column_put_details(&digests_table, &t.rows[i], call->out);
        }
        free_table(&t);
        call_reply(call, HTTP_OK, NULL);
}

void handle_digests_reset(struct call *call)
{
        struct digests *d = find_digests(call);
        if (d != NULL) {
                struct scope_stats *scopes = journal_scopes(call->admin->journal);
                digests_reset(d);
                if (scopes != NULL) {
                        scope_stats_reset(scopes);
                }
                call_reply(call, HTTP_OK, NULL);
        }
}
