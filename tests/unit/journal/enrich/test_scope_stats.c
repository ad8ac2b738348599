/* Statistics by scope: what is counted for which, the time between statements, and the bounds. */
#include "journal/enrich/scope_stats.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct scope_stats stats;
static struct scope_tally tallies[2];
static struct record_session who[2];

static void begin(uint64_t max, uint64_t max_bytes)
{
        static const struct field_set fields = {
            {1ULL << FIELD_USERNAME | 1ULL << FIELD_CLIENT_ADDR | 1ULL << FIELD_DATABASE, 0}};
        scope_stats_init(&stats, max, max_bytes, 10);
        scope_tally_init(&tallies[0]);
        scope_tally_init(&tallies[1]);
        who[0] = (struct record_session){.fields = fields,
                                         .client_addr = span_str("10.0.0.1:4000"),
                                         .username = span_str("ann"),
                                         .database = span_str("shop")};
        who[1] = who[0];
        who[1].client_addr = span_str("[::1]:4000");
        who[1].fields.words[0] &= ~(1ULL << FIELD_DATABASE);
}

static struct record command(unsigned code, uint64_t start_us, uint64_t duration_us)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.wall_ns = start_us * 1000;
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        record_set_uint(&r, FIELD_DURATION_US, duration_us);
        return r;
}

/** Session @p i, 0 or 1, executes a statement. */
static void see(unsigned i, struct record *r)
{
        record_set_uint(r, FIELD_CONN_ID, i + 1);
        scope_stats_see(&stats, &tallies[i], &who[i], r);
}

static void run(unsigned i, uint64_t start_us, uint64_t duration_us, const char *scope)
{
        struct record r = command(COM_QUERY, start_us, duration_us);
        if (scope != NULL) {
                record_set_text(&r, FIELD_SCOPE, span_str(scope));
        }
        see(i, &r);
}

static struct scope_counts found;
static const char *wanted;

static void find(void *arg, const struct scope_entry *e)
{
        (void)arg;
        if (span_equal(span_of(e->name, e->len), span_str(wanted))) {
                found = e->counts;
        }
}

static struct scope_totals totals;

static struct scope_counts by(enum scope_kind kind, const char *tag, const char *name)
{
        scope_stats_settle(&stats);
        found = (struct scope_counts){0};
        wanted = name;
        totals = scope_stats_each(&stats, kind, span_str(tag), find, NULL);
        return found;
}

static void end(void)
{
        scope_tally_settle(&tallies[0]);
        scope_tally_settle(&tallies[1]);
        scope_stats_fini(&stats);
        CU_ASSERT_EQUAL(prof_store_read(STORE_SCOPES, 0).used, 0);
}

static void kinds(void)
{
        begin(10, 1 << 20);
        run(0, 1000, 100, NULL);
        run(0, 1200, 100, NULL);
        run(1, 1000, 50, NULL);
        struct record r = command(COM_STMT_EXECUTE, 2000, 7);
        const struct value tags[] = {{.name = span_str("route"), .bytes = span_str("/a")},
                                     {.name = span_str("traceparent"), .bytes = span_str("x")}};
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 2});
        record_set_text(&r, FIELD_TRACEPARENT,
                        span_str("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        record_set_uint(&r, FIELD_ERRNO, 1213);
        record_set_uint(&r, FIELD_ROWS, 3);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_DUPLICATE | 1U << FINDING_IN_WRITE_LOOP);
        see(1, &r);
        CU_ASSERT_EQUAL(by(SCOPE_USER, "", "ann").count, 4);
        CU_ASSERT_EQUAL(found.sum_us, 257);
        CU_ASSERT_EQUAL(found.errors, 1);
        CU_ASSERT_EQUAL(found.rows, 3);
        CU_ASSERT_EQUAL(found.duplicates, 1);
        CU_ASSERT_EQUAL(found.n_plus_one, 1);
        CU_ASSERT_EQUAL(by(SCOPE_CLIENT, "", "10.0.0.1").count, 2);
        CU_ASSERT_EQUAL(by(SCOPE_CLIENT, "", "::1").count, 2);
        CU_ASSERT_EQUAL(by(SCOPE_DATABASE, "", "shop").count, 2);
        CU_ASSERT_EQUAL(by(SCOPE_DATABASE, "", "").count, 2);
        CU_ASSERT_EQUAL(by(SCOPE_SESSION, "", "2").count, 2);
        CU_ASSERT_EQUAL(by(SCOPE_TRACE, "", "4bf92f3577b34da6a3ce929d0e0e4736").count, 1);
        CU_ASSERT_EQUAL(totals.without, 3);
        CU_ASSERT_EQUAL(by(SCOPE_TAG, "route", "/a").rows, 3);
        CU_ASSERT_EQUAL(by(SCOPE_TAG, "traceparent", "x").count, 0);
        CU_ASSERT_EQUAL(by(SCOPE_TAG, "nosuch", "/a").count, 0);
        CU_ASSERT_EQUAL(totals.without, 4);
        scope_stats_reset(&stats);
        CU_ASSERT_EQUAL(by(SCOPE_USER, "", "ann").count, 0);
        end();
}

/** Of other commands than executions the time counts, but they are no statements. */
static void other_commands(void)
{
        begin(10, 1 << 20);
        struct record r = command(COM_STMT_PREPARE, 1000, 100);
        see(0, &r);
        run(0, 1150, 10, NULL);
        CU_ASSERT_EQUAL(by(SCOPE_USER, "", "ann").count, 1);
        CU_ASSERT_EQUAL(found.sum_us, 110);
        CU_ASSERT_EQUAL(found.between_us, 50);
        end();
}

static void the_time_between(void)
{
        begin(10, 1 << 20);
        run(0, 1000000, 100, "x");
        run(1, 1000050, 100, "x"); /* overlaps in the scope */
        run(0, 1000300, 100, "x"); /* 200 after its own, 150 after the other */
        run(0, 1011000, 100, "x"); /* a pause, of more than 10 ms */
        run(0, 1011050, 10, "x");  /* begins before the one before ended */
        run(0, 1011150, 10, "y");
        CU_ASSERT_EQUAL(by(SCOPE_SCOPE, "", "x").between_us, 150);
        CU_ASSERT_EQUAL(found.pauses, 1);
        CU_ASSERT_EQUAL(by(SCOPE_SCOPE, "", "y").between_us, 0);
        CU_ASSERT_EQUAL(by(SCOPE_USER, "", "ann").between_us, 250);
        CU_ASSERT_EQUAL(found.pauses, 1);
        CU_ASSERT_EQUAL(by(SCOPE_SESSION, "", "2").between_us, 0);
        end();
}

static void count_entries(void *arg, const struct scope_entry *e)
{
        *(uint64_t *)arg += e->counts.count;
}

static void bounds(void)
{
        static char name[SCOPE_NAME_MAX + 50];
        begin(8, 4096);
        for (unsigned i = 0; i < 100000; i++) {
                int n = snprintf(name, sizeof name, "%u", i);
                memset(name + n, 'x', i % 300);
                name[(unsigned)n + i % 300 < sizeof name ? (unsigned)n + i % 300 : sizeof name - 1] = '\0';
                run(0, 1000000 + 10 * i, 1, name);
        }
        uint64_t kept = 0;
        scope_stats_settle(&stats);
        totals = scope_stats_each(&stats, SCOPE_SCOPE, span_str(""), count_entries, &kept);
        CU_ASSERT_TRUE(totals.scopes <= 8 && totals.bytes <= 4096);
        CU_ASSERT_TRUE(prof_store_read(STORE_SCOPES, 0).used < 2 * 4096);
        CU_ASSERT_EQUAL(totals.scopes + totals.n_gone, 100000);
        CU_ASSERT_EQUAL(kept + totals.gone.count, 100000);
        CU_ASSERT_EQUAL(totals.without, 0);
        end();
}

static void many_tags(void)
{
        char name[16];
        begin(8, 4096);
        for (unsigned i = 0; i < 100; i++) {
                struct record r = command(COM_QUERY, 1000000 + i, 1);
                (void)snprintf(name, sizeof name, "tag%u", i % 20);
                const struct value tag = {.name = span_str(name), .bytes = span_str("v")};
                record_set_list(&r, FIELD_TAGS, (struct value_list){&tag, 1});
                see(0, &r);
        }
        CU_ASSERT_EQUAL(by(SCOPE_TAG, "tag0", "v").count, 5);
        CU_ASSERT_EQUAL(by(SCOPE_TAG, "tag19", "v").count, 0);
        CU_ASSERT_EQUAL(totals.tags_left_out, 20);
        end();
}

/** Whichever allocation fails, the sums are whole. */
static void without_memory(void)
{
        for (uint64_t nth = 1; nth < 12; nth++) {
                begin(10, 1 << 20);
                prof_fail_nth(nth);
                run(0, 1000, 100, "x");
                run(0, 1200, 100, "y");
                uint64_t kept = 0;
                scope_stats_settle(&stats);
                prof_fail_nth(0);
                totals = scope_stats_each(&stats, SCOPE_SCOPE, span_str(""), count_entries, &kept);
                CU_ASSERT_EQUAL(kept + totals.gone.count, 2);
                end();
        }
}

static const struct tap_test tests[] = {
    {"kinds", kinds},   {"other commands", other_commands}, {"the time between", the_time_between},
    {"bounds", bounds}, {"many tags", many_tags},           {"without memory", without_memory},
};

int main(void)
{
        return TAP_RUN("scope stats", tests);
}
