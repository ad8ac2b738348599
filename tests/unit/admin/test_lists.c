/* What the page shows besides records: findings, transactions, statements by the second; and the OpenAPI document. */
#include "admin/admin_state.h"
#include "admin/endpoints.h"
#include "admin/port.h"
#include "base/clock.h"
#include "journal/enrich/finding_table.h"
#include "journal/traffic.h"
#include "mysql/wire/command.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static bool has_records(uint64_t n)
{
        return journal_recent_last(journal) >= n;
}

/** A statement of session @p conn_id that began @p at_us after @p wall_ns. */
static struct record statement(uint64_t conn_id, uint64_t trx_id, uint64_t wall_ns, const char *text,
                               uint64_t us)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        r.wall_ns = wall_ns;
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&r, FIELD_QUERY, span_str(text));
        record_set_uint(&r, FIELD_DURATION_US, us);
        if (trx_id != 0) {
                record_set_uint(&r, FIELD_TRX_ID, trx_id);
        }
        return r;
}

static void put(struct record r)
{
        uint64_t before = journal_recent_last(journal);
        CU_ASSERT_TRUE(journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
        CU_ASSERT_TRUE(loop_until(has_records, before + 1));
}

static void transactions_have_their_statements(void)
{
        const uint64_t start_ns = 1767225600 * CLOCK_S_NS;
        open_port();
        put(statement(1, 1, start_ns, "BEGIN", 100));
        put(statement(2, 5, start_ns, "SELECT 'other'", 100));
        put(statement(3, 0, start_ns, "SELECT 'alone'", 100));
        put(statement(1, 1, start_ns + 1000 * CLOCK_US_NS, "INSERT INTO t VALUES (1)", 200));
        struct record failed = statement(1, 1, start_ns + 1500 * CLOCK_US_NS, "COMMIT", 500);
        record_set_uint(&failed, FIELD_ERRNO, 1180);
        put(failed);
        put(statement(1, 2, start_ns + 5000 * CLOCK_US_NS, "SELECT 'later'", 100));
        const struct reply *r = get("/transactions?format=json&session=1");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(
            r->body, "\"conn_id\":1,\"trx_id\":1,\"ts\":\"2026-01-01T00:00:00.000000Z\","
                     "\"duration_us\":2000,\"busy_us\":800,\"idle_us\":1200,\"count\":3,\"errors\":1,"));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(r->body, "\"at_us\":1000,\"gap_us\":900,\"duration_us\":200,\"text\":\"INSERT"));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(r->body, "\"at_us\":1500,\"gap_us\":300,\"duration_us\":500,\"errno\":1180,"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "later"));
        CU_ASSERT_PTR_NULL(strstr(r->body, "other"));
        CU_ASSERT_PTR_NULL(strstr(r->body, "alone"));
        char id[64];
        (void)snprintf(id, sizeof id, "{\"id\":\"%s:4\",\"at_us\":1000,", admin->context.run);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, id));
        /* a ring: the last ones are shown */
        r = get("/transactions?n=1");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "later"));
        CU_ASSERT_PTR_NULL(strstr(r->body, "BEGIN"));
        CU_ASSERT_EQUAL(get("/transactions?n=0")->code, 400);
        close_port();
}

static void seconds_are_counted(void)
{
        open_port();
        uint64_t now_ns = clock_wall_ns();
        uint64_t second = now_ns / CLOCK_S_NS;
        for (uint64_t back = 1; back <= 3; back++) {
                struct record r = statement(1, 0, (second - back) * CLOCK_S_NS, "SELECT 1", 250);
                record_set_uint(&r, FIELD_ROWS, 7);
                put(r);
        }
        struct record failed = statement(1, 0, (second - 3) * CLOCK_S_NS, "SELECT x", 50);
        record_set_uint(&failed, FIELD_ERRNO, 1054);
        put(failed);
        struct record ping = statement(1, 0, (second - 3) * CLOCK_S_NS, "", 50);
        record_set_uint(&ping, FIELD_COMMAND_ID, COM_PING);
        put(ping);
        struct traffic_sums sums = {0};
        CU_ASSERT_TRUE(traffic_add(journal_traffic(journal), second - 3, &sums));
        CU_ASSERT_EQUAL(sums.statements, 2);
        CU_ASSERT_EQUAL(sums.errors, 1);
        CU_ASSERT_EQUAL(sums.time_us, 300);
        CU_ASSERT_EQUAL(sums.rows, 7);
        CU_ASSERT_FALSE(traffic_add(journal_traffic(journal), second - 3 - TRAFFIC_SECONDS, &sums));
        CU_ASSERT_FALSE(traffic_add(journal_traffic(journal), second + TRAFFIC_SECONDS - 3, &sums));
        const struct traffic_totals totals = traffic_totals(journal_traffic(journal));
        CU_ASSERT_EQUAL(totals.buckets[0], 1); /* 50 */
        CU_ASSERT_EQUAL(totals.buckets[1], 3); /* 250: a bound is part of its bucket */
        CU_ASSERT_EQUAL(totals.errors, 1);
        CU_ASSERT_EQUAL(totals.time_us, 800);
        CU_ASSERT_EQUAL(totals.rows, 21);
        const struct reply *r = get("/series/statements?seconds=900&step=60&format=json");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "\"step_s\":60,\"statements\":["));
        r = get("/series/statements?seconds=60");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "          2        1        0.3"));
        CU_ASSERT_EQUAL(get("/series/statements?step=0")->code, 400);
        close_port();
}

/** @return the bucket in which a statement of @p duration_us is counted. */
static size_t bucket_of(uint64_t duration_us)
{
        struct traffic *t = calloc(1, sizeof *t);
        struct record r = statement(1, 0, CLOCK_S_NS, "SELECT 1", duration_us);
        size_t bucket = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(t);
        traffic_count(t, &r);
        const struct traffic_totals totals = traffic_totals(t);
        while (bucket < TRAFFIC_BUCKETS && totals.buckets[bucket] == 0) {
                bucket++;
        }
        CU_ASSERT_EQUAL(totals.buckets[bucket], 1);
        free(t);
        return bucket;
}

/** A bound is part of its bucket, and each power of two is found, too. */
static void durations_have_buckets(void)
{
        for (size_t i = 0; i < TRAFFIC_BUCKETS; i++) {
                CU_ASSERT_EQUAL(bucket_of(traffic_bounds_us[i]), i);
                CU_ASSERT_EQUAL(bucket_of(traffic_bounds_us[i] + 1), i + 1);
        }
        for (uint64_t us = 1; us != 0; us <<= 1) {
                size_t bucket = 0;
                while (bucket < TRAFFIC_BUCKETS && us > traffic_bounds_us[bucket]) {
                        bucket++;
                }
                CU_ASSERT_EQUAL(bucket_of(us), bucket);
        }
        CU_ASSERT_EQUAL(bucket_of(0), 0);
}

/** Let the journal have the rows of @p t. It is the journal thread that adds findings to its table; readers take its lock. */
static void show(const struct finding_table *t)
{
        struct finding_table *to = journal_findings(journal);
        lock_take(&to->lock);
        memcpy(to->rows, t->rows, sizeof to->rows);
        to->n = t->n;
        lock_give(&to->lock);
}

static void findings_are_listed(void)
{
        struct value tags[2] = {{.name = span_str("file"), .bytes = span_str("app/a.py:7")},
                                {.name = span_str("action"), .bytes = span_str("<b>")}};
        for (size_t i = 0; i < 2; i++) {
                tags[i].true_len = tags[i].bytes.len;
                tags[i].type = VALUE_VAR_STRING;
                tags[i].in_text = true;
        }
        open_port();
        struct finding_table *t = calloc(1, sizeof *t);
        CU_ASSERT_PTR_NOT_NULL_FATAL(t);
        struct record r = statement(7, 0, 1767225600 * CLOCK_S_NS, "SELECT * FROM t", 3000);
        record_add_finding(&r, FINDING_NO_INDEX);
        record_add_finding(&r, FINDING_N_PLUS_ONE); /* counted by the record of its loop */
        record_set_text(&r, FIELD_DIGEST, span_str("0123456789abcdef"));
        record_set_text(&r, FIELD_DIGEST_TEXT, span_str("SELECT * FROM `t`"));
        finding_table_add(t, &r, 11);
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 2});
        finding_table_add(t, &r, 12);
        struct record loop = statement(7, 0, 1767225601 * CLOCK_S_NS, "SELECT 1", 9000);
        loop.event = EVENT_N_PLUS_ONE;
        record_add_finding(&loop, FINDING_N_PLUS_ONE);
        record_set_uint(&loop, FIELD_REPEATED, 30);
        record_set_text(&loop, FIELD_DIGEST, span_str("fedcba9876543210"));
        record_set_text(&loop, FIELD_INFO, span_str("after 30 rows of SELECT `id` FROM `t`"));
        finding_table_add(t, &loop, 13);
        struct record end;
        memset(&end, 0, sizeof end);
        end.event = EVENT_DISCONNECT;
        record_add_finding(&end, FINDING_TRANSACTION_OPEN);
        finding_table_add(t, &end, 14);
        for (unsigned i = 0; i < 2; i++) { /* they repeat what was found in their commands */
                struct record sums = statement(7, 1, 1767225602 * CLOCK_S_NS, "SELECT 1", 70000);
                sums.event = i == 0 ? EVENT_TRANSACTION : EVENT_SCOPE;
                record_add_finding(&sums, FINDING_NO_INDEX);
                finding_table_add(t, &sums, 15 + i);
        }
        finding_table_settle(t);
        show(t);
        free(t);
        const struct reply *reply = get("/findings?format=json");
        CU_ASSERT_EQUAL(reply->code, 200);
        char wanted[512];
        (void)snprintf(wanted, sizeof wanted,
                       "\"count\":2,\"time_us\":6000,\"first_seen\":\"2026-01-01T00:00:00.000000Z\","
                       "\"last_seen\":\"2026-01-01T00:00:00.003000Z\",\"example\":\"%s:12\",\"conn_id\":7,"
                       "\"tags\":[{\"name\":\"file\",\"value\":\"app/"
                       "a.py:7\"},{\"name\":\"action\",\"value\":\"<b>\"}]}",
                       admin->context.run);
        CU_ASSERT_PTR_NOT_NULL(strstr(reply->body, wanted));
        const char *first = strstr(reply->body, "\"n_plus_one\"");
        const char *second = strstr(reply->body, "\"no_index\"");
        CU_ASSERT_TRUE(first != NULL && second != NULL &&
                       first < second); /* what took most time comes first */
        CU_ASSERT_PTR_NOT_NULL(strstr(reply->body, "\"info\":\"after 30 rows of SELECT `id` FROM "
                                                   "`t`\",\"count\":30,\"time_us\":9000,"));
        CU_ASSERT_PTR_NOT_NULL(strstr(reply->body, "\"kind\":\"transaction_open\",\"digest\":\"\","));
        reply = get("/findings?kind=no_index");
        CU_ASSERT_PTR_NOT_NULL(
            strstr(reply->body, "file=app/a.py:7  action=<b>  SELECT * FROM `t`\n1 of 1 findings\n"));
        close_port();
}

static void count_row(void *arg, const struct finding_row *row)
{
        uint64_t *sums = arg;
        sums[0]++;
        sums[1] += row->count;
}

/** More kinds and digests than there is room for: those seen longest ago are replaced. */
static void findings_are_bounded(void)
{
        enum { MANY = 1000 };
        struct finding_table *t = calloc(1, sizeof *t);
        CU_ASSERT_PTR_NOT_NULL_FATAL(t);
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = 0; i < MANY; i++) {
                        char digest[DIGEST_HEX + 1];
                        struct record r = statement(1, 0, (1 + round * MANY + i) * CLOCK_S_NS, "SELECT 1", 1);
                        record_add_finding(&r, FINDING_SLOW);
                        (void)snprintf(digest, sizeof digest, "%016x", i);
                        record_set_text(&r, FIELD_DIGEST, span_str(digest));
                        finding_table_add(t, &r, i);
                        finding_table_add(t, &r, i);
                }
        }
        finding_table_settle(t);
        uint64_t sums[2] = {0, 0};
        CU_ASSERT_EQUAL(finding_table_each(t, count_row, sums), 2 * MANY - FINDING_TABLE_ROWS);
        CU_ASSERT_EQUAL(sums[0], FINDING_TABLE_ROWS);
        CU_ASSERT_EQUAL(sums[1], 2 * FINDING_TABLE_ROWS);
        free(t);
}

/* Records that a thread puts while a request is answered: so many for each, which is a small part of those that are kept. */
enum { KEPT_BYTES = 4 * 1024 * 1024, PUT_AT_ONCE = 1000, ASKED = 40 };
static _Atomic uint64_t allowed;
static _Atomic bool ended;

static void *put_what_is_allowed(void *arg)
{
        uint64_t n = 0;
        (void)arg;
        while (!atomic_load(&ended)) {
                struct record r = statement(1, 0, CLOCK_S_NS, "SELECT 1", 1);
                bool has_space = n < journal_recent_last(journal) + 100; /* else some are dropped */
                if (has_space && n < atomic_load(&allowed) &&
                    journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r))) {
                        n++;
                } else {
                        (void)sched_yield();
                }
        }
        return NULL;
}

/** The last n are the last n, also when many others are overwritten between searching and showing them. */
static void the_last_ones_of_many(void)
{
        pthread_t thread;
        open_port_with(KEPT_BYTES);
        atomic_store(&ended, false);
        atomic_store(&allowed, KEPT_BYTES / 64); /* more than fit */
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, put_what_is_allowed, NULL), 0);
        CU_ASSERT_TRUE(loop_until(has_records, atomic_load(&allowed)));
        CU_ASSERT_TRUE(journal_recent_first(journal) > 1);
        for (int i = 0; i < 20; i++) {
                atomic_fetch_add(&allowed, PUT_AT_ONCE);
                const struct reply *r = get("/records?n=40&q=op:select&format=json");
                size_t lines = 0;
                for (const char *at = r->body; (at = strchr(at, '\n')) != NULL; at++) {
                        lines++;
                }
                CU_ASSERT_EQUAL(lines, ASKED);
                CU_ASSERT_PTR_NULL(strstr(r->body, "\"gap\""));
        }
        atomic_store(&ended, true);
        (void)pthread_join(thread, NULL);
        close_port();
}

/** A record of few kinds: some have tags, marks, several findings, no digest, or are no commands. */
static struct record any_finding(unsigned random, char digest[DIGEST_HEX + 1])
{
        static const enum record_finding kinds[] = {FINDING_DUPLICATE, FINDING_SLOW,
                                                    FINDING_TRANSACTION_IDLE};
        static struct value tag = {.name = {(const uint8_t *)"file", 4}, .bytes = {(const uint8_t *)"a", 1}};
        struct record r = statement(1 + random % 2, 0, 1 + random % 977 * CLOCK_S_NS, "SELECT 1", random % 7);
        record_add_finding(&r, kinds[(random >> 3) % 16 < 13 ? 0 : (random >> 3) % 3]);
        if ((random >> 7) % 16 == 0) {
                record_add_finding(&r, FINDING_NO_INDEX);
        }
        if ((random >> 11) % 16 == 0) {
                record_add_finding(&r, FINDING_N_PLUS_ONE);
        }
        if ((random >> 15) % 32 != 0) {
                (void)snprintf(digest, DIGEST_HEX + 1, "%0*x", DIGEST_HEX,
                               (random >> 20) % 16 < 14 ? 1 : random >> 25);
                record_set_text(&r, FIELD_DIGEST, span_str(digest));
        }
        if ((random >> 24) % 32 == 0) {
                record_set_list(&r, FIELD_TAGS, (struct value_list){&tag, 1});
        }
        r.event = (random >> 13) % 32 == 0 ? EVENT_NOTICE : EVENT_QUERY;
        return r;
}

static bool are_same(const struct finding_row *a, const struct finding_row *b)
{
        return a->kind == b->kind && strcmp(a->digest, b->digest) == 0 && a->digest_len == b->digest_len &&
               strcmp(a->text, b->text) == 0 && a->tags_len == b->tags_len &&
               memcmp(a->tags, b->tags, a->tags_len) == 0 && a->count == b->count &&
               a->time_us == b->time_us && a->first_wall_ns == b->first_wall_ns &&
               a->last_wall_ns == b->last_wall_ns && a->number == b->number && a->conn_id == b->conn_id;
}

/** Findings that follow others like them are gathered first: the result is the same as without that. */
static void findings_can_be_gathered(void)
{
        enum { MANY = 20000 };
        struct finding_table *gathered = calloc(1, sizeof *gathered);
        struct finding_table *direct = calloc(1, sizeof *direct);
        uint32_t random = 1;
        unsigned n_gathered = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(gathered);
        CU_ASSERT_PTR_NOT_NULL_FATAL(direct);
        for (unsigned i = 0; i < MANY; i++) {
                char digest[DIGEST_HEX + 1];
                random = random * 1664525 + 1013904223;
                struct record r = any_finding(random >> 1, digest);
                finding_table_add(gathered, &r, i);
                finding_table_add_other(direct, &r, i);
                n_gathered += gathered->gathered.count > 0 ? 1 : 0;
                if (i % 512 == 0) {
                        finding_table_settle(gathered);
                        CU_ASSERT_EQUAL(gathered->gathered.count, 0);
                }
        }
        finding_table_settle(gathered);
        CU_ASSERT_TRUE(n_gathered > MANY / 8);
        CU_ASSERT_EQUAL(gathered->n, direct->n);
        CU_ASSERT_EQUAL(gathered->evicted, direct->evicted);
        for (size_t i = 0; i < gathered->n; i++) {
                CU_ASSERT_TRUE(are_same(&gathered->rows[i], &direct->rows[i]));
        }
        free(gathered);
        free(direct);
}

static void each_endpoint_is_in_the_document(void)
{
        open_port();
        const struct reply *r = get("/openapi.json");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->type, "application/json");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "{\"openapi\":\"3.1.0\",\"info\":{"));
        CU_ASSERT_STRING_EQUAL(r->body + r->len - 5, "}}}}\n");
        for (size_t i = 0; i < endpoints_n; i++) {
                char path[128];
                const char *star = strchr(endpoints[i].path, '*');
                (void)snprintf(path, sizeof path, "\"%.*s%s",
                               star != NULL ? (int)(star - endpoints[i].path) : 100, endpoints[i].path,
                               star != NULL ? "{" : "\":{");
                if (strstr(r->body, path) == NULL) {
                        printf("# %s\n", path);
                        CU_FAIL("not in the document");
                }
        }
        close_port();
}

/** Begin or end a scope. @return the status code. */
static int scope(const char *query)
{
        char path[64];
        (void)snprintf(path, sizeof path, "/scopes?%s", query);
        return ask(EVHTTP_REQ_POST, path, NULL, NULL)->code;
}

static void scopes_are_begun_and_ended(void)
{
        open_port();
        CU_ASSERT_STRING_EQUAL(get("/scopes")->body, "no scope is open\n");
        CU_ASSERT_EQUAL(scope("do=end&name=a"), 409);
        CU_ASSERT_EQUAL(scope("do=begin&name=a%20%22b"), 200);
        CU_ASSERT_STRING_EQUAL(get("/scopes")->body, "a \"b\n");
        CU_ASSERT_STRING_EQUAL(get("/scopes?format=json")->body, "{\"open\":\"a \\\"b\"}\n");
        CU_ASSERT_EQUAL(scope("do=begin&name=b"), 409);
        CU_ASSERT_EQUAL(scope("do=begin&name=a%20%22b"), 409); /* also the same */
        CU_ASSERT_EQUAL(scope("do=end&name=b"), 409);
        CU_ASSERT_EQUAL(scope("do=end"), 400);
        CU_ASSERT_EQUAL(scope("do=begin&name="), 400);
        CU_ASSERT_EQUAL(scope("name=a"), 400);
        CU_ASSERT_EQUAL(scope("do=end&name=a%20%22b"), 200);
        CU_ASSERT_STRING_EQUAL(get("/scopes?format=json")->body, "{}\n");
        CU_ASSERT_EQUAL(scope("do=begin&name=b"), 200);
        close_port();
}

static const struct tap_test tests[] = {
    {"transactions have their statements", transactions_have_their_statements},
    {"seconds are counted", seconds_are_counted},
    {"durations have buckets", durations_have_buckets},
    {"findings are listed", findings_are_listed},
    {"findings are bounded", findings_are_bounded},
    {"the last ones of many", the_last_ones_of_many},
    {"findings can be gathered", findings_can_be_gathered},
    {"scopes are begun and ended", scopes_are_begun_and_ended},
    {"each endpoint is in the document", each_endpoint_is_in_the_document},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("admin lists", tests);
        libevent_global_shutdown();
        return status;
}
