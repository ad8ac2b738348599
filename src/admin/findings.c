/* GET /findings: what deserves attention, a line for each kind and digest, with what took most time first. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "admin/tables.h"
#include "base/column.h"
#include "journal/enrich/finding_table.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_DEFAULT = 50, TIME_WIDTH = 10 };

/** A finding and what is shown of it; a copy, as the table changes meanwhile. */
struct row {
        struct finding_row own; /* first: the columns refer to it */
        const char *kind;
        const char *text;
        const char *info;
        char id[64];
};

struct table {
        struct row rows[FINDING_TABLE_ROWS];
        size_t n;
        const char *run;
        const char *kind; /* NULL: all */
};

const char *findings_kind(size_t i)
{
        return i < FINDING_COUNT ? record_flag_name(FIELD_FINDINGS, (unsigned)i) : NULL;
}

static void add_row(void *arg, const struct finding_row *found)
{
        struct table *t = arg;
        const char *kind = record_flag_name(FIELD_FINDINGS, found->kind);
        if (t->kind != NULL && strcmp(t->kind, kind) != 0) {
                return;
        }
        struct row *row = &t->rows[t->n++];
        row->own = *found;
        row->kind = kind;
        (void)snprintf(row->id, sizeof row->id, "%s:%" PRIu64, t->run, found->number);
}

static int by_time(const void *a, const void *b)
{
        const struct finding_row *x = &((const struct row *)a)->own;
        const struct finding_row *y = &((const struct row *)b)->own;
        if (x->time_us != y->time_us) {
                return x->time_us < y->time_us ? 1 : -1;
        }
        return x->count != y->count ? (x->count < y->count ? 1 : -1) : 0;
}

static void put_time(FILE *out, const struct column *column, const void *row)
{
        (void)fprintf(out, "%*.1f", column->width, (double)column_uint(column, row) / 1e3);
}

/** The tags, which say where in the application the statement comes from, and the digest's text behind them. */
static void put_where(FILE *out, const struct column *column, const void *row)
{
        const struct finding_row *own = row;
        (void)fputs(column->before, out);
        for (size_t at = 0; at < own->tags_len;) {
                const char *name = own->tags + at;
                const char *value = name + strlen(name) + 1;
                put_plain(out, name);
                (void)fputc('=', out);
                put_plain(out, value);
                (void)fputs("  ", out);
                at = (size_t)(value + strlen(value) + 1 - own->tags);
        }
        put_plain(out, own->text);
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, member)

static const struct column columns[] = {
    {"kind", NULL, "The finding, as records name it.", OF(kind, COLUMN_TEXT), .heading = "FINDING",
     .width = -24},
    {"digest", NULL, "Hash of the digest; empty if it concerns no statement.", OF(own.digest, COLUMN_CHARS)},
    {"digest_text", NULL, "The statement without its literals, up to 512 bytes.", OF(text, COLUMN_TEXT)},
    {"info", NULL, "Of a loop: the result whose rows it follows, as the record of the last one says it.",
     OF(info, COLUMN_TEXT)},
    {"count", NULL, "How often it was found: statements, or sessions.", OF(own.count, COLUMN_U64),
     .heading = "COUNT", .width = 8},
    {"time_us", "microseconds",
     "Time of these statements; of transaction_idle, the time in which nothing ran.",
     OF(own.time_us, COLUMN_U64), .heading = "TIME ms", .width = TIME_WIDTH, .put = put_time},
    {"first_seen", NULL, "Time of the first.", OF(own.first_wall_ns, COLUMN_TIME)},
    {"last_seen", NULL, "Time of the last.", OF(own.last_wall_ns, COLUMN_TIME)},
    {"example", NULL, "ID of the last record that shows it.", OF(id, COLUMN_CHARS), .heading = "EXAMPLE",
     .before = "  ", .width = -22},
    {"conn_id", NULL, "Session of that record; 0 if it has none.", OF(own.conn_id, COLUMN_U64)},
    {.heading = "WHERE", .before = " ", .put = put_where},
};

const struct column_table findings_table = {"/findings", columns, sizeof columns / sizeof columns[0]};

static void put_row_json(struct json_writer *j, const struct row *row)
{
        json_writer_object(j, NULL);
        column_put_json(&findings_table, row, j);
        json_writer_array(j, "tags");
        for (size_t at = 0; at < row->own.tags_len;) {
                const char *name = row->own.tags + at;
                const char *value = name + strlen(name) + 1;
                json_writer_object(j, NULL);
                json_writer_text(j, "name", name);
                json_writer_text(j, "value", value);
                json_writer_end(j);
                at = (size_t)(value + strlen(value) + 1 - row->own.tags);
        }
        json_writer_end(j);
        json_writer_end(j);
}

static void put_json(struct call *call, const struct table *t, size_t n, uint64_t evicted)
{
        struct json_writer j = json_writer_to(call->out);
        json_writer_object(&j, NULL);
        json_writer_uint(&j, "evicted", evicted);
        json_writer_lines(&j, "findings");
        for (size_t i = 0; i < n; i++) {
                put_row_json(&j, &t->rows[i]);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_text(struct call *call, const struct table *t, size_t n, uint64_t evicted)
{
        column_put_headings(&findings_table, 0, call->out);
        for (size_t i = 0; i < n; i++) {
                column_put_text(&findings_table, 0, &t->rows[i], call->out);
        }
        (void)fprintf(call->out, "%zu of %zu findings", n, t->n);
        if (evicted > 0) {
                (void)fprintf(call->out, "; %" PRIu64 " older ones were replaced", evicted);
        }
        (void)fputc('\n', call->out);
}

void handle_findings(struct call *call)
{
        uint64_t most;
        if (!call_number(call, "n", FINDING_TABLE_ROWS, ROWS_DEFAULT, &most)) {
                return;
        }
        struct table *t = prof_calloc(STAGE_ADMIN, 1, sizeof *t);
        if (t == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        t->run = call->admin->run;
        t->kind = call_param(call, "kind");
        uint64_t evicted = finding_table_each(journal_findings(call->admin->journal), add_row, t);
        qsort(t->rows, t->n, sizeof *t->rows, by_time);
        for (size_t i = 0; i < t->n; i++) {
                t->rows[i].text = t->rows[i].own.text; /* where they are now */
                t->rows[i].info = t->rows[i].own.info;
        }
        (call->json ? put_json : put_text)(call, t, t->n < most ? t->n : (size_t)most, evicted);
        prof_free(t);
        call_reply(call, HTTP_OK, NULL);
}
