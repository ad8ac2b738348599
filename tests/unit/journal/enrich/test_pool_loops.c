/* Loops over the rows of a list whose statements run in several sessions of a pool. */
#include "journal/enrich/enrich.h"
#include "mysql/record/row_hashes.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>

enum { SESSIONS = 5 };

static struct settings settings;
static struct enrich f;
static struct n_plus_one_session sessions[SESSIONS];
static uint64_t now_ns;
static uint64_t duration_us = 100; /* of each statement */
static unsigned n_ended;           /* loops that ended with a statement */

static void begin(void)
{
        settings_defaults(&settings);
        settings.log.digests = 64;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&f, &settings), STATUS_OK);
        for (unsigned i = 0; i < SESSIONS; i++) {
                n_plus_one_begin(f.n_plus_one, &sessions[i]);
        }
        now_ns = 10000000000;
        n_ended = 0;
}

static void finish(void)
{
        for (unsigned i = 0; i < SESSIONS; i++) {
                n_plus_one_end(f.n_plus_one, &sessions[i]);
        }
        enrich_fini(&f);
}

/** Session @p at runs @p sql with the number @p value behind it, and receives @p rows rows with the numbers from @p from on.
 *  @return its findings. */
static uint64_t run(unsigned at, const char *sql, unsigned value, unsigned rows, unsigned from)
{
        static struct row_hashes hashes;
        char text[100];
        char number[16];
        struct record r;
        (void)snprintf(text, sizeof text, "%s%u", sql, value);
        record_clear(&r);
        r.event = EVENT_QUERY;
        now_ns += duration_us * 2000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_CONN_ID, at + 1);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_QUERY, span_str(text));
        record_set_uint(&r, FIELD_DURATION_US, duration_us);
        record_set_uint(&r, FIELD_ROWS, rows);
        if (rows >= 2) {
                hashes.rows = rows;
                hashes.columns = 1;
                for (unsigned i = 0; i < rows; i++) {
                        (void)snprintf(number, sizeof number, "%u", from + i);
                        hashes.at[i] = row_hash_text(span_str(number));
                }
                r.row_hashes = span_of(&hashes, row_hashes_size(&hashes));
        }
        n_ended += enrich_record(&f, &sessions[at], &r);
        return record_has(&r, FIELD_FINDINGS) ? r.findings : 0;
}

/** Let all sessions pause. @return the loops that end. */
static unsigned pause(uint64_t counts[ROW_LOOPS_ENDED])
{
        unsigned all = 0;
        unsigned n = 0;
        now_ns += 5000000000;
        for (struct n_plus_one_session *s = enrich_expire(&f, NULL, now_ns, &n); s != NULL;
             s = enrich_expire(&f, s, now_ns, &n)) {
                for (unsigned i = 0; i < n; i++) {
                        counts[all++] = f.runs[i].repeated;
                }
        }
        return all;
}

/** One session reads the list, and takes part in the loop. */
static void sessions_take_turns(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        unsigned marked = 0;
        for (unsigned i = 0; i < 20; i++) {
                marked += run(i % SESSIONS, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0) != 0;
        }
        CU_ASSERT_EQUAL(marked, 11);
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 20);
        finish();
}

/** The statements for each row return lists, with values that the first list has, too: which session runs what is chance. */
static void lists_for_each_row(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 12, 12, 0);
        for (unsigned i = 0; i < 12; i++) {
                unsigned at = 2 * i % SESSIONS;
                (void)run(at, "SELECT name FROM author WHERE id = ", i, 1, 0);
                (void)run((at + 1) % SESSIONS, "SELECT id FROM comment WHERE p = ", i, 8, (i + 1) % 4);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 2);
        CU_ASSERT_EQUAL(counts[0], 12);
        CU_ASSERT_EQUAL(counts[1], 12);
        finish();
}

/** A session of the pool counts the rows while another one reads the page, and then executes the whole loop. */
static void counted_before(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(1, "SELECT COUNT(*) FROM p", 0, 1, 0);
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        (void)run(1, "SELECT COUNT(*) FROM tag", 0, 1, 0);
        for (unsigned i = 0; i < 20; i++) {
                (void)run(1, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 20);
        /* between the statements of the loop, it shows that the session works for itself */
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        for (unsigned i = 0; i < 20; i++) {
                (void)run(2, "SELECT COUNT(*) FROM p", 0, 1, 0);
                (void)run(2, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
        }
        CU_ASSERT_EQUAL(pause(counts), 0);
        finish();
}

/** What a session reads for itself is its own, whatever others do at the same time. */
static void a_list_of_its_own(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        for (unsigned at = 0; at < 2; at++) {
                (void)run(at, "SELECT id FROM p LIMIT ", 12, 12, 0);
        }
        for (unsigned i = 0; i < 24; i++) {
                (void)run(i % 2, "SELECT name FROM author WHERE id = ", i / 2, 1, 0);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 2);
        CU_ASSERT_TRUE(counts[0] == 12 && counts[1] == 12);
        finish();
}

/** Records of several sessions come as their threads do: most rows come near the one before, not all. */
static void out_of_order(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 30, 30, 100);
        for (unsigned i = 0; i < 30; i++) {
                unsigned row = i % 12 == 5 ? (i + 15) % 30 : i; /* far away */
                (void)run(1 + i % 4, "SELECT a FROM t WHERE id = ", 100 + row, 1, 0);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        finish();
        begin(); /* no order at all: the values are equal by chance */
        (void)run(0, "SELECT id FROM p LIMIT ", 30, 30, 100);
        for (unsigned i = 0; i < 30; i++) {
                (void)run(1 + i % 4, "SELECT a FROM t WHERE id = ", 100 + i * 13 % 30, 1, 0);
        }
        CU_ASSERT_EQUAL(pause(counts), 0);
        finish();
}

/** Each of three sessions goes through every third row, and one is done before the next begins. */
static void parts_one_after_the_other(void)
{
        uint64_t counts[ROW_LOOPS_ENDED];
        begin();
        (void)run(0, "SELECT id FROM p LIMIT ", 24, 24, 100);
        for (unsigned part = 0; part < 3; part++) {
                for (unsigned i = part; i < 24; i += 3) {
                        (void)run(1 + part, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
                }
        }
        CU_ASSERT_EQUAL(pause(counts), 1);
        finish();
}

/** Visitors look at one thing or another while somebody reads a list that has some of them, or all. */
static void visitors(void)
{
        static const unsigned seen[] = {7,  31, 3, 22, 15, 40, 9,  1, 36, 11, 5,  28, 0,  17, 33, 2,
                                        10, 38, 6, 24, 13, 4,  30, 8, 19, 14, 37, 12, 26, 16, 35, 18};
        uint64_t counts[ROW_LOOPS_ENDED];
        for (unsigned rows = 20; rows <= 28; rows += 8) {
                begin();
                (void)run(0, "SELECT id FROM p LIMIT ", rows, rows, 100);
                for (unsigned i = 0; i < sizeof seen / sizeof seen[0]; i++) { /* some are of no row */
                        CU_ASSERT_EQUAL(run(1 + i % 4, "SELECT a FROM t WHERE id = ", 100 + seen[i], 1, 0),
                                        0);
                }
                CU_ASSERT_EQUAL(pause(counts), 0);
                finish();
        }
        begin();
        (void)run(0, "SELECT id FROM p LIMIT ", 12, 12, 100);
        for (unsigned i = 0; i < 60; i++) { /* a short list, of which everything is near */
                (void)run(1 + i % 4, "SELECT a FROM t WHERE id = ", 100 + i * 5 % 12, 1, 0);
        }
        CU_ASSERT_EQUAL(pause(counts), 0);
        finish();
}

/** Statements that begin in the order of the rows may end in any. */
static void they_end_in_any_order(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        uint64_t began_ns = now_ns;
        for (unsigned i = 0; i < 20; i++) {
                unsigned row = i / 5 * 5 + 4 - i % 5;
                now_ns = began_ns + row * 1000000ULL;
                (void)run(1 + i % 4, "SELECT a FROM t WHERE id = ", 100 + row, 1, 0);
        }
        now_ns = began_ns + 30000000;
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 20);
        finish();
}

/** Three workers go through every third row, and one of them is a few rows ahead. */
static void workers_apart(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 24, 24, 100);
        for (unsigned i = 0; i < 10; i++) {
                for (unsigned at = 1; at <= 3; at++) {
                        unsigned ahead = at == 1 ? 2 : 0;
                        if (i + ahead >= 2 && i + ahead < 10) {
                                (void)run(at,
                                          "SELECT a FROM t WHERE id = ", 100 + at - 1 + 3 * (i + ahead - 2),
                                          1, 0);
                        }
                }
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 24);
        finish();
}

/** A session whose own loop is long over, although not yet reported, takes part in that of another one. */
static void after_a_slow_loop(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        duration_us = 400000;
        (void)run(1, "SELECT id FROM p LIMIT ", 12, 12, 0);
        for (unsigned i = 0; i < 12; i++) {
                (void)run(1, "SELECT name FROM author WHERE id = ", i, 1, 0);
        }
        duration_us = 100;
        now_ns += 1200000000;
        (void)run(0, "SELECT id FROM p LIMIT ", 11, 11, 0);
        for (unsigned i = 0; i < 11; i++) {
                (void)run(1, "SELECT title FROM book WHERE id = ", 500 + i, 1, 0);
                (void)run(2, "SELECT name FROM author WHERE id = ", i, 1, 0);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 2);
        CU_ASSERT_EQUAL(counts[0] + counts[1], 12 + 11);
        CU_ASSERT_TRUE(counts[0] == 12 || counts[0] == 11);
        finish();
}

/** Session @p at begins or ends with @p event. @return how many loops end. */
static unsigned see_life(unsigned at, enum record_event event)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        now_ns += 1000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_CONN_ID, at + 1);
        unsigned n = enrich_record(&f, &sessions[at], &r);
        if (event == EVENT_DISCONNECT && !n_plus_one_is_gone(&sessions[at])) {
                n_plus_one_end(f.n_plus_one, &sessions[at]);
                n_plus_one_begin(f.n_plus_one, &sessions[at]);
        }
        return n;
}

/** A pool keeps few idle connections: it closes that of the list, and opens others, while the loop goes on. */
static void the_lists_session_ends(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        duration_us = 2000;
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        CU_ASSERT_EQUAL(see_life(1, EVENT_AUTH), 0);
        (void)run(0, "SELECT a FROM t WHERE id = ", 100, 1, 0);
        CU_ASSERT_EQUAL(see_life(0, EVENT_DISCONNECT), 0);
        CU_ASSERT_TRUE(n_plus_one_is_gone(&sessions[0]));
        CU_ASSERT_PTR_EQUAL(n_plus_one_any_gone(f.n_plus_one), &sessions[0]);
        for (unsigned i = 1; i < 20;
             i++) { /* the next session begins before the last statement of the one before ends */
                unsigned at = 1 + (i - 1) / 5;
                (void)run(at, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
                if (i % 5 == 0) {
                        CU_ASSERT_EQUAL(see_life(at + 1, EVENT_AUTH), 0);
                        (void)see_life(at, EVENT_DISCONNECT);
                }
        }
        duration_us = 100;
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 20);
        finish();
}

/** A list, and one request after another to its rows: each has a session of its own, which begins after the one before has ended. */
static void requests_one_after_another(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        CU_ASSERT_EQUAL(see_life(0, EVENT_DISCONNECT), 0);
        for (unsigned i = 0; i < 20; i++) {
                now_ns += 1000000;
                CU_ASSERT_EQUAL(see_life(1, EVENT_AUTH), 0);
                CU_ASSERT_EQUAL(run(1, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0), 0);
                CU_ASSERT_EQUAL(see_life(1, EVENT_DISCONNECT), 0);
        }
        CU_ASSERT_EQUAL(pause(counts), 0);
        finish();
}

/** The loop of a session that has ended is reported at once if nobody is left to go on with it, and otherwise soon. */
static void the_end_of_all_sessions(void)
{
        begin();
        unsigned n = 0;
        duration_us = 100;
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        for (unsigned i = 0; i < 20; i++) {
                (void)run(0, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
        }
        CU_ASSERT_EQUAL(see_life(0, EVENT_DISCONNECT), 0);
        CU_ASSERT_PTR_NULL(enrich_expire(&f, NULL, now_ns + 100000000, &n));
        for (unsigned at = 1; at < SESSIONS; at++) {
                n_plus_one_end(f.n_plus_one, &sessions[at]);
        }
        CU_ASSERT_PTR_EQUAL(enrich_expire(&f, NULL, now_ns, &n), &sessions[0]);
        CU_ASSERT_EQUAL(n, 1);
        CU_ASSERT_EQUAL(f.runs[0].repeated, 20);
        for (unsigned at = 1; at < SESSIONS; at++) {
                n_plus_one_begin(f.n_plus_one, &sessions[at]);
        }
        finish();
        begin();
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        for (unsigned i = 0; i < 20; i++) {
                (void)run(0, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
        }
        CU_ASSERT_EQUAL(see_life(0, EVENT_DISCONNECT), 0);
        CU_ASSERT_PTR_EQUAL(enrich_expire(&f, NULL, now_ns + 300000000, &n), &sessions[0]);
        CU_ASSERT_EQUAL(n, 1);
        finish();
}

/** Pools reset connections when they are returned, or taken, within a loop, too. */
static void connections_are_reset(void)
{
        begin();
        uint64_t counts[ROW_LOOPS_ENDED];
        struct record r;
        (void)run(0, "SELECT id FROM p LIMIT ", 20, 20, 100);
        for (unsigned i = 0; i < 20; i++) {
                record_clear(&r);
                r.event = EVENT_QUERY;
                r.mono_ns = now_ns;
                record_set_uint(&r, FIELD_COMMAND_ID, COM_RESET_CONNECTION);
                CU_ASSERT_EQUAL(enrich_record(&f, &sessions[0], &r), 0);
                (void)run(0, "SELECT a FROM t WHERE id = ", 100 + i, 1, 0);
        }
        CU_ASSERT_EQUAL_FATAL(pause(counts), 1);
        CU_ASSERT_EQUAL(counts[0], 20);
        finish();
}

/** The next page follows at once, and another session reads its list: each page has a loop of its own. */
static void pages_one_after_another(void)
{
        for (unsigned next = 0; next < 2; next++) {
                begin();
                uint64_t counts[ROW_LOOPS_ENDED];
                for (unsigned page = 0; page < 4; page++) {
                        (void)run(page % 2, "SELECT id FROM p LIMIT ", 20, 20, 100 + 20 * page * next);
                        for (unsigned i = 0; i < 20; i++) {
                                (void)run(2 + i % 3,
                                          "SELECT a FROM t WHERE id = ", 100 + 20 * page * next + i, 1, 0);
                        }
                }
                CU_ASSERT_EQUAL_FATAL(n_ended + pause(counts), 4);
                CU_ASSERT_TRUE(counts[0] == 20 && counts[1] == 20);
                finish();
        }
}

static const struct tap_test tests[] = {
    {"pages one after another", pages_one_after_another},
    {"the list's session ends", the_lists_session_ends},
    {"requests one after another", requests_one_after_another},
    {"the end of all sessions", the_end_of_all_sessions},
    {"connections are reset", connections_are_reset},
    {"visitors", visitors},
    {"workers apart", workers_apart},
    {"they end in any order", they_end_in_any_order},
    {"sessions take turns", sessions_take_turns},
    {"counted before", counted_before},
    {"lists for each row", lists_for_each_row},
    {"a list of its own", a_list_of_its_own},
    {"out of order", out_of_order},
    {"parts, one after the other", parts_one_after_the_other},
    {"after a slow loop", after_a_slow_loop},
};

int main(void)
{
        return TAP_RUN("pool loops", tests);
}
