/* Loops over rows: N+1 and writes for each row, as enrich.c reports them. */
#include "journal/enrich/enriched.h"
#include "mysql/record/row_hashes.h"
#include "tap.h"

#include <stdio.h>

/** As begin, with space for more digests. */
static void begin_runs(void)
{
        enriched_digests = 64;
        enriched_begin(0);
        enriched_digests = 8;
}

/** Give @p r hashes of its rows: @p columns columns, of which the first has the numbers from @p from on, the next ones those from
 *  from + 1000 on, and so on. */
static void hash_rows(struct record *r, struct row_hashes *h, unsigned from, unsigned columns)
{
        h->rows = r->rows < ROW_HASHES_ROWS ? (uint32_t)r->rows : ROW_HASHES_ROWS;
        h->columns = columns;
        for (unsigned i = 0; i < h->rows * columns; i++) {
                char text[16];
                (void)snprintf(text, sizeof text, "%u", from + i / columns + 1000 * (i % columns));
                h->at[i] = row_hash_text(span_str(text));
        }
        r->row_hashes = span_of(h, row_hashes_size(h));
}

static uint64_t now_ns = 1000000;

/** A statement with @p rows rows, the first column of which has the numbers from @p from on. */
static unsigned run(const char *sql, uint64_t rows, unsigned from)
{
        static uint64_t seq_num;
        static struct row_hashes hashes;
        struct record r = enriched_query(7, sql);
        now_ns += 200000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, ++seq_num);
        record_set_uint(&r, FIELD_ROWS, rows);
        if (rows >= 2) {
                hash_rows(&r, &hashes, from, 2);
        }
        return enrich_record(&enriched, &enriched_session, &r);
}

static unsigned select_rows(const char *sql, uint64_t rows)
{
        return run(sql, rows, 0);
}

/** @p n statements with the numbers from @p from on. @return how many of them were marked. */
static unsigned each(const char *before, unsigned from, unsigned n)
{
        uint64_t marked = 0;
        for (unsigned i = 0; i < n; i++) {
                char sql[100];
                struct record r;
                (void)snprintf(sql, sizeof sql, "%s%u", before, from + i);
                r = enriched_query(7, sql);
                now_ns += 200000;
                r.mono_ns = now_ns;
                record_set_uint(&r, FIELD_ROWS, 1);
                CU_ASSERT_EQUAL(enrich_record(&enriched, &enriched_session, &r), 0);
                CU_ASSERT_EQUAL(record_has(&r, FIELD_REPEATED), r.findings != 0);
                marked += r.findings != 0;
        }
        return (unsigned)marked;
}

static void one_a_row(unsigned n)
{
        (void)each("SELECT a FROM t WHERE id = ", 0, n);
}

static unsigned end_session(void)
{
        struct record end = enriched_query(7, "");
        end.event = EVENT_DISCONNECT;
        unsigned n = enrich_record(&enriched, &enriched_session, &end);
        if (n_plus_one_is_gone(&enriched_session)) {
                CU_ASSERT_EQUAL(n, 0);
                CU_ASSERT_PTR_EQUAL(enrich_expire(&enriched, NULL, now_ns + 300000000, &n),
                                    &enriched_session);
                n_plus_one_end(enriched.n_plus_one, &enriched_session);
                n_plus_one_begin(enriched.n_plus_one, &enriched_session);
        }
        return n;
}

static bool is_told(enum record_event event, uint64_t repeated, const char *info)
{
        return enriched.runs[0].event == event && enriched.runs[0].repeated == repeated &&
               (info == NULL ? !record_has(&enriched.runs[0], FIELD_INFO)
                             : enriched_is(enriched.runs[0].info, info));
}

static void runs_are_told_once(void)
{
        begin_runs();
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 10), 0);
        CU_ASSERT_EQUAL(each("SELECT a FROM t WHERE id = ", 0, 10), 6);
        CU_ASSERT_EQUAL(select_rows("SELECT 1", 1), 0);
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 10), 1); /* the next page begins */
        CU_ASSERT_TRUE(is_told(EVENT_N_PLUS_ONE, 10, "after 10 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_EQUAL(enriched.runs[0].duration_us, 1000);
        CU_ASSERT_TRUE(enriched_is(enriched.runs[0].query, "SELECT a FROM t WHERE id = 4")); /* an example */
        /* the next ends with the session */
        one_a_row(9);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_EQUAL(enriched.runs[0].repeated, 9);
        CU_ASSERT_EQUAL(end_session(), 0);
        /* too few, a small part of the rows, and after a pause */
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 4), 0);
        one_a_row(4);
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 30), 0);
        one_a_row(10);
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 10), 0);
        now_ns += 1100000000;
        one_a_row(10);
        CU_ASSERT_EQUAL(end_session(), 0);
        enriched_finish();
}

static void lists(unsigned rows, const char *list)
{
        CU_ASSERT_EQUAL(select_rows(list, rows), 0);
}

/** Each page is a loop of its own, with another list before it, and with lists that are pages of a larger result. */
static void pages_are_apart(void)
{
        begin_runs();
        static const char *const list[] = {"SELECT id FROM p LIMIT 30", "SELECT id FROM p LIMIT 30 OFFSET 30",
                                           "SELECT id FROM p LIMIT 30 OFFSET 60"};
        for (unsigned offset = 0; offset < 2; offset++) {
                (void)run("SELECT p, COUNT(*) FROM q GROUP BY p", 30, 5000);
                lists(30, list[offset]);
                one_a_row(30);
                for (unsigned i = 0; i < 3; i++) {
                        unsigned from = offset > 0 ? 100 * (i + 1) : 0;
                        CU_ASSERT_EQUAL(run(list[offset > 0 ? i : 0], 30, from), 1);
                        CU_ASSERT_EQUAL(enriched.runs[0].repeated, 30);
                        (void)each("SELECT a FROM t WHERE id = ", from, 30);
                }
                CU_ASSERT_EQUAL(end_session(), 1);
        }
        /* another page with the same statement in its loop */
        lists(10, "SELECT id FROM p");
        one_a_row(10);
        CU_ASSERT_EQUAL(run("SELECT id FROM q", 10, 50), 1);
        (void)each("SELECT a FROM t WHERE id = ", 50, 10);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_TRUE(is_told(EVENT_N_PLUS_ONE, 10, "after 10 rows of SELECT `id` FROM `q`"));
        enriched_finish();
}

/** Relations that are loaded, and rows that are counted, come between the list and its loop. */
static void others_come_between(void)
{
        begin_runs();
        lists(20, "SELECT id FROM p");
        CU_ASSERT_EQUAL(run("SELECT id, p FROM author WHERE p IN (0, 1, 2, 3, 4, 5)", 6, 0), 0);
        lists(1, "SELECT COUNT(*) FROM p");
        CU_ASSERT_EQUAL(run("SELECT id FROM tag WHERE p IN (1, 2, 3)", 2, 700), 0);
        one_a_row(20);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_TRUE(is_told(EVENT_N_PLUS_ONE, 20, "after 20 rows of SELECT `id` FROM `p`"));
        /* an author for each row, and an editor for some */
        lists(30, "SELECT id FROM p");
        for (unsigned i = 0; i < 30; i++) {
                (void)each("SELECT a FROM t WHERE id = ", i, 1);
                (void)each("SELECT a FROM t WHERE id = ", 1000 + i, i % 3 != 0 ? 1 : 0);
        }
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_EQUAL(enriched.runs[0].repeated, 50);
        /* parents that begin with WITH or a parenthesis, and more rows than are hashed */
        static const char *const parents[] = {"WITH x AS (SELECT id FROM p) SELECT id FROM x",
                                              "(SELECT id FROM p) UNION (SELECT 1)", "TABLE p"};
        for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
                lists(100, parents[i]);
                CU_ASSERT_EQUAL(each("SELECT a FROM t WHERE id = ", 0, 100), 85);
                CU_ASSERT_EQUAL(end_session(), 1);
                CU_ASSERT_EQUAL(enriched.runs[0].repeated, 100);
        }
        enriched_finish();
}

/** Of a list with many columns, its tables are told. */
static void a_list_of_many_columns(void)
{
        char list[1200] = "SELECT id";
        size_t at = strlen(list);
        for (unsigned i = 0; i < 60; i++) {
                at += (size_t)snprintf(list + at, sizeof list - at, ", a_column_%u", i);
        }
        (void)snprintf(list + at, sizeof list - at, " FROM p WHERE id > 5");
        begin_runs();
        lists(12, list);
        one_a_row(12);
        CU_ASSERT_EQUAL_FATAL(end_session(), 1);
        struct span info = enriched.runs[0].info;
        static const char begin[] = "after 12 rows of SELECT `id` , `a_column_0` , ";
        static const char end[] = " ... FROM `p` WHERE `id` > ?";
        CU_ASSERT_TRUE(span_equal(span_head(info, strlen(begin)), span_str(begin)));
        CU_ASSERT_TRUE(info.len > strlen(end) && info.len < 512 &&
                       span_equal(span_skip(info, info.len - strlen(end)), span_str(end)));
        enriched_finish();
}

/** Ten shapes for each row, two of which return rows for which there is a loop of its own. */
static void many_shapes(void)
{
        begin_runs();
        lists(12, "SELECT id FROM p");
        for (unsigned i = 0; i < 12; i++) {
                for (unsigned k = 0; k < 9; k++) {
                        char sql[64];
                        (void)snprintf(sql, sizeof sql, "SELECT a%u FROM t WHERE id = ", k);
                        (void)each(sql, i, 1);
                }
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u", i);
                CU_ASSERT_EQUAL(run(sql, 3, 100 + 3 * i), 0);
                (void)each("SELECT name FROM author WHERE id = ", 100 + 3 * i, 3);
        }
        CU_ASSERT_EQUAL(end_session(), 11);
        unsigned all = 0;
        for (unsigned i = 0; i < 11; i++) {
                bool inner = enriched.runs[i].repeated == 36;
                CU_ASSERT_TRUE(enriched_is(enriched.runs[i].info,
                                           inner ? "after 36 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"
                                                 : "after 12 rows of SELECT `id` FROM `p`"));
                all += (unsigned)enriched.runs[i].repeated;
        }
        CU_ASSERT_EQUAL(all, 10 * 12 + 36);
        enriched_finish();
}

/** The values of a loop are in two lists, the more recent of which has more rows than are hashed. */
static void the_nearest_list(void)
{
        begin_runs();
        lists(20, "SELECT id FROM p");
        for (unsigned i = 0; i < 20; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u", i);
                (void)run(sql, 2, 2 * i % 20);
                (void)each("SELECT name FROM author WHERE id = ", 2 * i % 20, 2);
        }
        CU_ASSERT_EQUAL(end_session(), 2);
        const struct record *authors = &enriched.runs[enriched.runs[0].repeated == 40 ? 0 : 1];
        CU_ASSERT_EQUAL(authors->repeated, 40);
        CU_ASSERT_TRUE(enriched_is(authors->info, "after 40 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"));
        enriched_finish();
}

/** The lists of the rows of a page, and the loops over them, end with it: a list is read for each row of the next page as well, which is
 *  read by the same statement or by another one. */
static void lists_for_each_row_of_pages(void)
{
        static const char *const next[] = {"SELECT id FROM p", "SELECT id FROM q"};
        for (size_t k = 0; k < sizeof next / sizeof next[0]; k++) {
                begin_runs();
                unsigned ended = 0;
                for (unsigned page = 0; page < 2; page++) {
                        unsigned from = 200 * page;
                        ended += run(page == 0 ? "SELECT id FROM p" : next[k], 12, from);
                        for (unsigned i = 0; i < 12; i++) {
                                char sql[64];
                                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u",
                                               from + i);
                                ended += run(sql, 3, 3000 + 10 * from + 3 * i);
                                (void)each("SELECT name FROM author WHERE id = ", 3000 + 10 * from + 3 * i,
                                           3);
                        }
                }
                CU_ASSERT_EQUAL(ended, 2);
                CU_ASSERT_EQUAL_FATAL(end_session(), 2);
                for (unsigned i = 0; i < 2; i++) {
                        bool inner = enriched.runs[i].repeated == 36;
                        CU_ASSERT_TRUE(inner || enriched.runs[i].repeated == 12);
                        CU_ASSERT_TRUE(
                            enriched_is(enriched.runs[i].info,
                                        inner    ? "after 36 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"
                                        : k == 0 ? "after 12 rows of SELECT `id` FROM `p`"
                                                 : "after 12 rows of SELECT `id` FROM `q`"));
                }
                enriched_finish();
        }
}

/** The same for a page with more rows than are hashed: the lists of the others do not end the loop. */
static void lists_for_rows_that_are_not_hashed(void)
{
        begin_runs();
        lists(41, "SELECT id FROM p");
        for (unsigned i = 0; i < 41; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u", i);
                CU_ASSERT_EQUAL(run(sql, 2, 3000 + 2 * i), 0);
                (void)each("SELECT * FROM meta WHERE comment = ", 3000 + 2 * i, 2);
        }
        CU_ASSERT_EQUAL_FATAL(end_session(), 2);
        for (unsigned i = 0; i < 2; i++) {
                bool inner = enriched.runs[i].repeated == 82;
                CU_ASSERT_TRUE(inner || enriched.runs[i].repeated == 41);
                CU_ASSERT_TRUE(enriched_is(enriched.runs[i].info,
                                           inner ? "after 82 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"
                                                 : "after 41 rows of SELECT `id` FROM `p`"));
        }
        enriched_finish();
}

/** A list for each row, whose rows are then read at once; and a constant that a row of the outer list has as well. */
static void lists_of_rows_for_each_row(void)
{
        begin_runs();
        lists(20, "SELECT id FROM p");
        for (unsigned i = 0; i < 16; i++) {
                char sql[100];
                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u", i);
                (void)run(sql, 2, 8 + 2 * i);
                (void)snprintf(sql, sizeof sql, "SELECT * FROM comment WHERE id IN (%u, %u)", 8 + 2 * i,
                               9 + 2 * i);
                (void)run(sql, 2, 8 + 2 * i);
                (void)each("SELECT COUNT(*) FROM comment WHERE approved = 1 AND parent = ", 8 + 2 * i, 2);
        }
        CU_ASSERT_EQUAL_FATAL(end_session(), 3);
        CU_ASSERT_EQUAL(enriched.runs[0].repeated, 16);
        CU_ASSERT_EQUAL(enriched.runs[1].repeated, 16);
        CU_ASSERT_EQUAL(enriched.runs[2].repeated, 32);
        CU_ASSERT_TRUE(enriched_is(enriched.runs[0].info, "after 20 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_TRUE(
            enriched_is(enriched.runs[2].info, "after 32 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"));
        /* lists of values of a list that is read once are batches */
        lists(30, "SELECT id FROM p");
        for (unsigned i = 0; i < 10; i++) {
                char sql[100];
                (void)snprintf(sql, sizeof sql, "SELECT name FROM q WHERE id IN (%u, %u, %u)", 3 * i,
                               3 * i + 1, 3 * i + 2);
                (void)run(sql, 3, 500 + 3 * i);
        }
        CU_ASSERT_EQUAL(end_session(), 0);
        enriched_finish();
}

/** Statements for two rows that have the same value do not ask again what was answered, even before they are known as a loop. */
static void rows_with_one_value(void)
{
        begin_runs();
        static struct row_hashes hashes;
        struct record list = enriched_query(7, "SELECT author FROM p");
        now_ns += 200000;
        list.mono_ns = now_ns;
        record_set_uint(&list, FIELD_ROWS, 7);
        hash_rows(&list, &hashes, 5, 1);
        hashes.at[1] = hashes.at[0]; /* 5, 5, 7, 8, 9, 10, 5 */
        hashes.at[6] = hashes.at[0];
        (void)enrich_record(&enriched, &enriched_session, &list);
        static const enum row_use uses[] = {ROW_USE_ROW, ROW_USE_ROW, ROW_USE_AGAIN};
        for (unsigned i = 0; i < 3; i++) {
                (void)each("SELECT name FROM author WHERE id = ", 5, 1);
                CU_ASSERT_EQUAL(enriched.found.row_use, uses[i]);
        }
        (void)each("SELECT name FROM author WHERE id = ", 8, 1);
        CU_ASSERT_EQUAL(enriched.found.row_use, ROW_USE_ROW);
        (void)each("SELECT name FROM author WHERE id = ", 1, 1);
        CU_ASSERT_EQUAL(enriched.found.row_use, ROW_USE_NONE);
        CU_ASSERT_EQUAL(select_rows("SELECT 1", 1), 0);
        CU_ASSERT_EQUAL(enriched.found.row_use, ROW_USE_NONE);
        /* behind the rows that are known, nobody can tell */
        CU_ASSERT_EQUAL(end_session(), 0);
        lists(40, "SELECT id FROM p");
        for (unsigned i = 0; i < 4; i++) {
                (void)each("SELECT name FROM author WHERE id = ", i < 2 ? 30 + i : 35, 1);
        }
        CU_ASSERT_EQUAL(enriched.found.row_use, ROW_USE_NONE);
        CU_ASSERT_EQUAL(end_session(), 0);
        /* a column of few values, such as a kind */
        hash_rows(&list, &hashes, 5, 1);
        for (unsigned i = 0; i < 7; i++) {
                hashes.at[i] = hashes.at[i == 5];
        }
        list.mono_ns = now_ns;
        (void)enrich_record(&enriched, &enriched_session, &list);
        (void)each("SELECT name FROM author WHERE id = ", 5, 1);
        CU_ASSERT_EQUAL(enriched.found.row_use, ROW_USE_NONE);
        enriched_finish();
}

/** The list @p sql, one of a loop itself, of whose rows another session of the pool has run statements that were read before it.
 *  @p is_marked: is the list itself marked? @return how many loops it ends. */
static unsigned list_behind_its_statements(const char *sql, bool is_marked)
{
        static struct row_hashes hashes;
        struct n_plus_one_session other;
        n_plus_one_begin(enriched.n_plus_one, &other);
        struct record list = enriched_query(7, sql);
        list.mono_ns = now_ns + 1000000;
        list.duration_us = 20000;
        record_set_uint(&list, FIELD_ROWS, 12);
        hash_rows(&list, &hashes, 500, 2);
        for (unsigned i = 0; i < 12; i++) {
                char text[64];
                (void)snprintf(text, sizeof text, "SELECT name FROM author WHERE id = %u", 500 + i);
                struct record r = enriched_query(8, text);
                r.mono_ns = list.mono_ns + 1000000 * (i + 1);
                CU_ASSERT_EQUAL(enrich_record(&enriched, &other, &r), 0);
        }
        unsigned ended = enrich_record(&enriched, &enriched_session, &list);
        CU_ASSERT_EQUAL(list.findings != 0, is_marked);
        n_plus_one_end(enriched.n_plus_one, &other);
        return ended;
}

/** Is the example of each of the @p n loops, if it has one, a statement of it? */
static void expect_own_examples(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                const struct record *r = &enriched.runs[i];
                bool is_lent =
                    span_equal(r->digest_text, span_str("SELECT NAME FROM `author` WHERE `id` = ?"));
                bool has_lent =
                    record_has(r, FIELD_QUERY) && memmem(r->query.data, r->query.len, "author", 6) != NULL;
                CU_ASSERT_TRUE(!record_has(r, FIELD_QUERY) || is_lent == has_lent);
        }
}

static void the_example_of_a_loop_over_a_pool(void)
{
        begin_runs();
        lists(12, "SELECT id FROM p");
        for (unsigned i = 0; i < 6; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT id FROM comment WHERE p = %u", i);
                CU_ASSERT_EQUAL(run(sql, 2, 100 + 2 * i), 0);
        }
        CU_ASSERT_EQUAL(list_behind_its_statements("SELECT id FROM comment WHERE p = 6", true), 0);
        unsigned n = end_session();
        CU_ASSERT_EQUAL(n, 2);
        expect_own_examples(n);
        enriched_finish();
}

/** The last statement of a loop, for a row that is not known, returns a list, and so ends it: nothing refers to it any more. */
static void the_end_of_a_loop_by_its_own_list(void)
{
        begin_runs();
        lists(32, "SELECT id FROM p");
        CU_ASSERT_TRUE(each("SELECT id FROM comment WHERE p = ", 0, 32) > 10);
        CU_ASSERT_EQUAL(list_behind_its_statements("SELECT id FROM comment WHERE p = 35", false), 1);
        expect_own_examples(1);
        unsigned n = end_session();
        CU_ASSERT_EQUAL(n, 1);
        expect_own_examples(n);
        enriched_finish();
}

/** What only looks like a loop: values of no row, a range, the same again, batches, lists of values. */
static void what_is_none(void)
{
        begin_runs();
        static const char *const batch[][2] = {
            {"SELECT id FROM t WHERE id > ", " ORDER BY id LIMIT 10"},
            {"SELECT id FROM t ORDER BY id LIMIT 10 OFFSET ", ""},
            {"SELECT id FROM t WHERE id BETWEEN ", " AND 1000000"},
            {"SELECT id FROM t WHERE shop = 1 AND id > ", " ORDER BY id LIMIT 10"}};
        for (size_t k = 0; k < sizeof batch / sizeof batch[0]; k++) {
                for (unsigned i = 0; i < 12; i++) {
                        char sql[100];
                        (void)snprintf(sql, sizeof sql, "%s%u%s", batch[k][0], i * 10, batch[k][1]);
                        CU_ASSERT_EQUAL(run(sql, 10, i * 10), 0);
                }
        }
        lists(12, "SELECT id FROM p");
        CU_ASSERT_EQUAL(each("SELECT value FROM opt WHERE id = ", 500, 12), 0);
        CU_ASSERT_EQUAL(each("SELECT value FROM opt WHERE id < ", 0, 12), 0);
        CU_ASSERT_EQUAL(each("SELECT value FROM opt WHERE name LIKE 'x' LIMIT ", 0, 12), 0);
        for (unsigned i = 0; i < 12; i++) {
                CU_ASSERT_EQUAL(each("SELECT value FROM other WHERE id = ", 3, 1), 0);
                CU_ASSERT_EQUAL(each("SELECT value FROM other WHERE id IN (1, 2, ", i, 0), 0);
        }
        CU_ASSERT_EQUAL(each("UPDATE p SET id = ", 0, 12), 0);
        CU_ASSERT_EQUAL(each("UPDATE p SET id = 1 WHERE id > ", 0, 12), 0);
        CU_ASSERT_EQUAL(end_session(), 0);
        enriched_finish();
}

/** Writes for each row, and INSERTs of one row each, with what belongs to them between. */
static void write_loops(void)
{
        begin_runs();
        lists(12, "SELECT id FROM p");
        CU_ASSERT_EQUAL(each("UPDATE p SET title = 'x', price = 1 WHERE id = ", 0, 12), 7);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_TRUE(is_told(EVENT_WRITE_LOOP, 12, "after 12 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_TRUE(
            enriched_is(enriched.runs[0].query, "UPDATE p SET title = 'x', price = 1 WHERE id = 5"));
        for (unsigned i = 0; i < 6; i++) {
                char sql[64];
                (void)select_rows("BEGIN", 0);
                (void)select_rows("SELECT LAST_INSERT_ID()", 1);
                (void)select_rows("SELECT MAX(a) FROM audit", 1);
                (void)snprintf(sql, sizeof sql, "INSERT INTO audit VALUES (%u, 'x')", i);
                (void)select_rows(sql, 0);
                (void)select_rows("COMMIT", 0);
        }
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM visitor", 1), 1);
        CU_ASSERT_TRUE(is_told(EVENT_WRITE_LOOP, 6, NULL));
        for (unsigned i = 0; i < 6; i++) {
                (void)select_rows("INSERT INTO audit VALUES (1, 'the same')", 0);
                (void)select_rows("SELECT LAST_INSERT_ID()", 1);
        }
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_TRUE(is_told(EVENT_WRITE_LOOP, 6, NULL));
        /* other statements, several rows, and the rows of a SELECT */
        for (unsigned i = 0; i < 12; i++) {
                char sql[3][100];
                (void)snprintf(sql[0], sizeof sql[0], "INSERT INTO audit VALUES (%u, 'x'), (2, 'y')", i);
                (void)snprintf(sql[1], sizeof sql[1], "INSERT INTO other SELECT %u, a FROM t", i);
                (void)snprintf(sql[2], sizeof sql[2], "INSERT INTO visit VALUES (%u)", i);
                for (unsigned k = 0; k < 3; k++) {
                        CU_ASSERT_EQUAL(select_rows(sql[k], 0), 0);
                }
                (void)select_rows("SELECT id FROM visitor", 1);
        }
        CU_ASSERT_EQUAL(end_session(), 0);
        enriched_finish();
}

/** INSERTs of computed numbers, some of which an older list has by chance, are a loop without a list. */
static void inserts_and_an_older_list(void)
{
        for (unsigned rows = 8; rows <= 20; rows += 4) {
                begin_runs();
                unsigned ended = 0;
                lists(rows, "SELECT id FROM tag");
                for (unsigned i = 0; i < 20; i++) {
                        char sql[64];
                        (void)snprintf(sql, sizeof sql, "INSERT INTO audit VALUES (%u, 'seen')", i);
                        CU_ASSERT_EQUAL(select_rows(sql, 0), 0);
                }
                for (unsigned i = 0; i < 12; i++) { /* the chain ends */
                        ended += select_rows("SELECT 'x' FROM audit", 1);
                }
                CU_ASSERT_EQUAL_FATAL(ended, 1);
                CU_ASSERT_TRUE(is_told(EVENT_WRITE_LOOP, 20,
                                       rows < 20 ? NULL : "after 20 rows of SELECT `id` FROM `tag`"));
                enriched_finish();
        }
}

/** A loop that nothing follows is reported after a second, with the time at which its last statement ended. */
static void idle_runs_end(void)
{
        begin_runs();
        unsigned n = 0;
        lists(10, "SELECT id FROM p");
        one_a_row(10);
        CU_ASSERT_TRUE(enrich_is_waiting(&enriched));
        CU_ASSERT_PTR_NULL(enrich_expire(&enriched, NULL, enriched_session.ended_ns + 900000000, &n));
        struct n_plus_one_session other;
        n_plus_one_begin(enriched.n_plus_one, &other);
        CU_ASSERT_PTR_EQUAL(enrich_expire(&enriched, NULL, enriched_session.ended_ns + 1100000000, &n),
                            &enriched_session);
        CU_ASSERT_TRUE(n == 1 && enriched.runs[0].repeated == 10 &&
                       enriched.runs[0].mono_ns == enriched_session.ended_ns);
        CU_ASSERT_PTR_NULL(
            enrich_expire(&enriched, &enriched_session, enriched_session.ended_ns + 1100000000, &n));
        CU_ASSERT_FALSE(enrich_is_waiting(&enriched));
        lists(10, "SELECT id FROM p");
        one_a_row(10);
        CU_ASSERT_PTR_EQUAL(enrich_expire(&enriched, NULL, enriched_session.ended_ns + 1100000000, &n),
                            &enriched_session);
        struct record_session who = {.username = span_str("u"), .fields = {{1ULL << FIELD_USERNAME, 0}}};
        enrich_refer(&enriched, 1, 9, &who);
        CU_ASSERT_TRUE(enriched.runs[0].conn_id == 9 &&
                       enriched_is(record_session(&enriched.runs[0])->username, "u"));
        n_plus_one_end(enriched.n_plus_one, &other);
        enriched_finish();
}

static const struct tap_test tests[] = {
    {"runs are told once", runs_are_told_once},
    {"pages are apart", pages_are_apart},
    {"others come between", others_come_between},
    {"many shapes", many_shapes},
    {"a list of many columns", a_list_of_many_columns},
    {"the nearest list", the_nearest_list},
    {"lists for each row of pages", lists_for_each_row_of_pages},
    {"lists for rows that are not hashed", lists_for_rows_that_are_not_hashed},
    {"lists of rows for each row", lists_of_rows_for_each_row},
    {"rows with one value", rows_with_one_value},
    {"the example of a loop over a pool", the_example_of_a_loop_over_a_pool},
    {"the end of a loop by its own list", the_end_of_a_loop_by_its_own_list},
    {"what is none", what_is_none},
    {"write loops", write_loops},
    {"inserts and an older list", inserts_and_an_older_list},
    {"idle runs end", idle_runs_end},
};

int main(void)
{
        return TAP_RUN("n_plus_one", tests);
}
