/* Where one loop ends and the next one begins: transactions, pauses, and statements that are slow. */
#include "journal/enrich/enriched.h"
#include "mysql/record/row_hashes.h"
#include "tap.h"

#include <stdio.h>

static uint64_t now_ns;
static uint64_t trx_id;            /* of the statements; 0: none */
static uint64_t duration_us = 100; /* of each */
static uint64_t told[ROW_LOOPS_ENDED];
static uint64_t took_us[ROW_LOOPS_ENDED];
static unsigned n_told;

static void begin(void)
{
        enriched_digests = 64;
        enriched_begin(0);
        now_ns = 1000000;
        trx_id = 0;
        duration_us = 100;
        n_told = 0;
}

static void note(unsigned n)
{
        for (unsigned i = 0; i < n && n_told < ROW_LOOPS_ENDED; i++) {
                took_us[n_told] = enriched.runs[i].duration_us;
                told[n_told++] = enriched.runs[i].repeated;
        }
}

/** A statement with @p rows rows, whose first column has the numbers from @p from on. @return its findings. */
static uint64_t run(const char *sql, unsigned value, unsigned rows, unsigned from)
{
        static struct row_hashes hashes;
        char text[100];
        char number[16];
        (void)snprintf(text, sizeof text, "%s%u%s", sql, value,
                       strncmp(sql, "INSERT", 6) == 0 ? ", 'x')" : "");
        struct record r = enriched_query(7, text);
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_DURATION_US, duration_us);
        record_set_uint(&r, FIELD_ROWS, rows);
        if (trx_id != 0) {
                record_set_uint(&r, FIELD_TRX_ID, trx_id);
        }
        if (rows >= 2) {
                hashes.rows = rows;
                hashes.columns = 1;
                for (unsigned i = 0; i < rows; i++) {
                        (void)snprintf(number, sizeof number, "%u", from + i);
                        hashes.at[i] = row_hash_text(span_str(number));
                }
                r.row_hashes = span_of(&hashes, row_hashes_size(&hashes));
        }
        note(enrich_record(&enriched, &enriched_session, &r));
        now_ns += duration_us * 1000 + 100000;
        return record_has(&r, FIELD_FINDINGS) ? r.findings : 0;
}

static void inserts(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                (void)run("INSERT INTO audit VALUES (", 7000 + i, 0, 0);
        }
}

static void each(unsigned from, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                (void)run("SELECT a FROM t WHERE id = ", from + i, 1, 0);
        }
}

/** @p pause_ns without a record: what is reported then. */
static void pause_for(uint64_t pause_ns)
{
        unsigned n = 0;
        if (enrich_expire(&enriched, NULL, now_ns + pause_ns, &n) != NULL) {
                note(n);
        }
}

static void finish(void)
{
        struct record end = enriched_query(7, "");
        end.event = EVENT_DISCONNECT;
        end.mono_ns = now_ns;
        note(enrich_record(&enriched, &enriched_session, &end));
        pause_for(5000000000);
        enriched_finish();
}

static bool are_told(unsigned n, const uint64_t *counts)
{
        bool same = n == n_told && (n == 0 || memcmp(told, counts, n * sizeof told[0]) == 0);
        for (unsigned i = 0; i < n_told && !same; i++) {
                printf("# got %llu\n", (unsigned long long)told[i]);
        }
        return same;
}

/** INSERTs in autocommit, in a transaction, in the next one, and in autocommit again: three functions of an application. */
static void inserts_of_several_transactions(void)
{
        begin();
        static const uint64_t ids[] = {0, 1, 2, 0};
        for (unsigned i = 0; i < 4; i++) {
                trx_id = ids[i];
                inserts(6 + i);
                (void)run("COMMIT", 0, 0, 0);
        }
        finish();
        CU_ASSERT_TRUE(are_told(4, (const uint64_t[]){6, 7, 8, 9}));
        /* a single INSERT before a transaction does not belong to the loop */
        begin();
        inserts(1);
        trx_id = 1;
        inserts(6);
        finish();
        CU_ASSERT_TRUE(are_told(1, (const uint64_t[]){6}));
}

/** A transaction for each row, or for a few rows: one loop. */
static void transactions_of_few_inserts(void)
{
        for (unsigned each_has = 1; each_has <= 4; each_has++) {
                begin();
                for (trx_id = 1; trx_id <= 6; trx_id++) {
                        inserts(each_has);
                        (void)run("COMMIT", 0, 0, 0);
                }
                finish();
                CU_ASSERT_TRUE(are_told(1, (const uint64_t[]){6 * each_has}));
        }
}

/** What was executed before a chain, and is in no loop, does not count. */
static void inserts_behind_others(void)
{
        begin();
        inserts(2);
        (void)run("SELECT * FROM visitor WHERE id = ", 3, 1, 0);
        inserts(6);
        finish();
        CU_ASSERT_TRUE(are_told(1, (const uint64_t[]){6}));
        CU_ASSERT_EQUAL(took_us[0], 600);
}

/** A second of nothing ends a loop, although its statements are not quick; four times as long as the longest does if that is more. */
static void a_pause_after_slow_statements(void)
{
        static const uint64_t durations[] = {100, 30000, 200000, 400000};
        for (unsigned i = 0; i < 4; i++) {
                begin();
                duration_us = durations[i];
                inserts(6);
                now_ns += 1100000000;
                inserts(7);
                finish();
                if (i < 3) {
                        CU_ASSERT_TRUE(are_told(2, (const uint64_t[]){6, 7}));
                } else {
                        CU_ASSERT_TRUE(are_told(1, (const uint64_t[]){13}));
                }
        }
}

/** A statement at the beginning of a loop takes seconds: the records that come no longer than that do not make it forget its list. */
static void a_slow_statement(void)
{
        for (unsigned before = 0; before < 5; before++) {
                begin();
                (void)run("SELECT id FROM p LIMIT ", 12, 12, 50);
                each(50, before);
                pause_for(3000000000); /* from the journal's point of view */
                duration_us = 3000000;
                each(50 + before, 1);
                duration_us = 100;
                each(51 + before, 11 - before);
                finish();
                CU_ASSERT_TRUE(are_told(1, (const uint64_t[]){12}));
        }
        /* one that begins after a pause belongs to something else */
        begin();
        (void)run("SELECT id FROM p LIMIT ", 12, 12, 50);
        pause_for(3000000000);
        now_ns += 3000000000;
        each(50, 12);
        finish();
        CU_ASSERT_TRUE(are_told(0, NULL));
        /* and nothing is kept for ever */
        begin();
        (void)run("SELECT id FROM p LIMIT ", 12, 12, 50);
        pause_for(11000000000);
        CU_ASSERT_FALSE(enrich_is_waiting(&enriched));
        finish();
}

static const struct tap_test tests[] = {
    {"inserts of several transactions", inserts_of_several_transactions},
    {"transactions of few inserts", transactions_of_few_inserts},
    {"inserts behind others", inserts_behind_others},
    {"a pause after slow statements", a_pause_after_slow_statements},
    {"a slow statement", a_slow_statement},
};

int main(void)
{
        return TAP_RUN("loop_ends", tests);
}
