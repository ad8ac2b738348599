/* GET /transactions: the transactions of the recent records, with their statements and the times between them. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
        MOST = 200, /* transactions in one reply */
        DEFAULT = 20,
        STATEMENTS = 200,   /* that are listed of each */
        TEXT = 160,         /* bytes of each statement */
        SCAN_MAX = 20000,   /* records that are searched, the newest ones */
        STATEMENTS_MIN = 8, /* for which there is room at first */
};

struct statement {
        uint64_t number; /* of its record */
        uint64_t wall_ns;
        uint64_t duration_us;
        uint64_t errno_; /* 0 = it succeeded */
        char text[TEXT + 1];
};

struct transaction {
        uint64_t conn_id;
        uint64_t trx_id;
        uint64_t wall_ns; /* when its first statement began, of those that are still among the records */
        uint64_t end_ns;  /* when its last one ended */
        uint64_t count;
        uint64_t errors;
        uint64_t busy_us;
        struct statement *statements; /* the first ones */
        size_t n;
        size_t size;
};

/** The transactions that were found, a ring: when it is full, the one that was found first is replaced. */
struct search {
        struct transaction *ring;
        size_t size;
        uint64_t found;
        uint64_t conn_id; /* 0: of all sessions */
        bool failed;
};

static struct transaction *at(const struct search *s, uint64_t i)
{
        return &s->ring[i % s->size];
}

static uint64_t oldest(const struct search *s)
{
        return s->found > s->size ? s->found - s->size : 0;
}

/** The transaction of @p r, a new one if it is not known. */
static struct transaction *transaction_of(struct search *s, const struct record *r)
{
        for (uint64_t i = s->found; i > oldest(s); i--) {
                struct transaction *t = at(s, i - 1);
                if (t->conn_id == r->conn_id && t->trx_id == r->trx_id) {
                        return t;
                }
        }
        struct transaction *t = at(s, s->found++);
        struct statement *room = t->statements;
        *t = (struct transaction){.conn_id = r->conn_id,
                                  .trx_id = r->trx_id,
                                  .wall_ns = r->wall_ns,
                                  .statements = room,
                                  .size = t->size};
        return t;
}

static bool grow(struct transaction *t)
{
        size_t size = t->size > 0 ? 2 * t->size : STATEMENTS_MIN;
        struct statement *room = prof_realloc(STAGE_ADMIN, t->statements, size * sizeof *room);
        if (room == NULL) {
                return false;
        }
        t->statements = room;
        t->size = size;
        return true;
}

static void add_statement(struct search *s, struct transaction *t, const struct record *r, uint64_t number)
{
        if (t->n >= STATEMENTS) {
                return;
        }
        if (t->n == t->size && !grow(t)) {
                s->failed = true;
                return;
        }
        struct statement *statement = &t->statements[t->n++];
        struct span text =
            record_has(r, FIELD_QUERY) ? r->query : record_text_if_any(r, FIELD_STMT_PREPARE_QUERY);
        text = text.len > 0 ? text : record_text_if_any(r, FIELD_COMMAND);
        text = text.len > TEXT ? utf8_trim(span_head(text, TEXT)) : text;
        *statement = (struct statement){.number = number,
                                        .wall_ns = r->wall_ns,
                                        .duration_us = r->duration_us,
                                        .errno_ = record_uint_if_any(r, FIELD_ERRNO)};
        if (text.len > 0) {
                memcpy(statement->text, text.data, text.len);
        }
}

static void see(void *arg, const struct recent_item *item)
{
        struct search *s = arg;
        const struct record *r = item->record;
        if (r == NULL || r->event != EVENT_QUERY || !record_has(r, FIELD_TRX_ID) ||
            (s->conn_id != 0 && r->conn_id != s->conn_id) || s->failed) {
                return;
        }
        struct transaction *t = transaction_of(s, r);
        uint64_t end_ns = r->wall_ns + r->duration_us * CLOCK_US_NS;
        t->end_ns = end_ns > t->end_ns ? end_ns : t->end_ns;
        t->count++;
        t->errors += record_has(r, FIELD_ERRNO) ? 1 : 0;
        t->busy_us += r->duration_us;
        add_statement(s, t, r, item->number);
}

static void search(struct journal *journal, struct search *s)
{
        uint64_t last = journal_recent_last(journal);
        uint64_t cursor = last > SCAN_MAX ? last - SCAN_MAX : 0;
        while (cursor < last && !s->failed && journal_visit(journal, &cursor, see, s)) {
        }
}

static void free_search(struct search *s)
{
        for (size_t i = 0; s->ring != NULL && i < s->size; i++) {
                prof_free(s->ring[i].statements);
        }
        prof_free(s->ring);
}

static uint64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
        return to_ns > from_ns ? (to_ns - from_ns) / CLOCK_US_NS : 0;
}

/** Time in which nothing ran: the application's. */
static uint64_t idle_us(const struct transaction *t)
{
        uint64_t all = us_between(t->wall_ns, t->end_ns);
        return all > t->busy_us ? all - t->busy_us : 0;
}

static void put_statement(struct json_writer *j, const char *run, const struct transaction *t, size_t i)
{
        char id[64];
        const struct statement *s = &t->statements[i];
        const struct statement *before = i > 0 ? s - 1 : NULL;
        (void)snprintf(id, sizeof id, "%s:%" PRIu64, run, s->number);
        json_writer_object(j, NULL);
        json_writer_text(j, "id", id);
        json_writer_uint(j, "at_us", us_between(t->wall_ns, s->wall_ns));
        json_writer_uint(
            j, "gap_us",
            before != NULL ? us_between(before->wall_ns + before->duration_us * CLOCK_US_NS, s->wall_ns) : 0);
        json_writer_uint(j, "duration_us", s->duration_us);
        if (s->errno_ != 0) {
                json_writer_uint(j, "errno", s->errno_);
        }
        json_writer_text(j, "text", s->text);
        json_writer_end(j);
}

static void put_json(struct call *call, const struct search *s)
{
        struct json_writer j = json_writer_to(call->out);
        json_writer_object(&j, NULL);
        json_writer_lines(&j, "transactions");
        for (uint64_t i = oldest(s); i < s->found; i++) {
                const struct transaction *t = at(s, i);
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339(t->wall_ns, when);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "conn_id", t->conn_id);
                json_writer_uint(&j, "trx_id", t->trx_id);
                json_writer_text(&j, "ts", when);
                json_writer_uint(&j, "duration_us", us_between(t->wall_ns, t->end_ns));
                json_writer_uint(&j, "busy_us", t->busy_us);
                json_writer_uint(&j, "idle_us", idle_us(t));
                json_writer_uint(&j, "count", t->count);
                json_writer_uint(&j, "errors", t->errors);
                json_writer_array(&j, "statements");
                for (size_t k = 0; k < t->n; k++) {
                        put_statement(&j, call->admin->run, t, k);
                }
                json_writer_end(&j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_text(struct call *call, const struct search *s)
{
        FILE *out = call->out;
        (void)fprintf(out, "%-27s %8s %6s %6s %6s %12s %12s  %s\n", "BEGAN", "SESSION", "TRX", "COUNT",
                      "ERRORS", "DURATION ms", "IDLE ms", "FIRST STATEMENT");
        for (uint64_t i = oldest(s); i < s->found; i++) {
                const struct transaction *t = at(s, i);
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339(t->wall_ns, when);
                (void)fprintf(out,
                              "%-27s %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %12.1f %12.1f  ",
                              when, t->conn_id, t->trx_id, t->count, t->errors,
                              (double)us_between(t->wall_ns, t->end_ns) / 1e3, (double)idle_us(t) / 1e3);
                put_plain(out, t->n > 0 ? t->statements[0].text : "");
                (void)fputc('\n', out);
        }
}

void handle_transactions(struct call *call)
{
        uint64_t most;
        struct search s = {.size = 0};
        if (!call_number(call, "n", MOST, DEFAULT, &most) ||
            !call_number(call, "session", UINT64_MAX, 0, &s.conn_id)) {
                return;
        }
        if (most == 0) {
                call_fail(call, HTTP_BADREQUEST, "n must be a number from 1 to %d", MOST);
                return;
        }
        s.size = (size_t)most;
        s.ring = prof_calloc(STAGE_ADMIN, s.size, sizeof *s.ring);
        if (s.ring != NULL) {
                search(call->admin->journal, &s);
        }
        if (s.ring == NULL || s.failed) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
        } else {
                (call->json ? put_json : put_text)(call, &s);
                call_reply(call, HTTP_OK, NULL);
        }
        free_search(&s);
}
