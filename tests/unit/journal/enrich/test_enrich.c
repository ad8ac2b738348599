/* What the writer adds to records and takes out of them. */
#include "journal/enrich/enrich.h"
#include "mysql/record/row_hashes.h"
#include "mysql/wire/command.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct settings settings;
static struct enrich f;
static struct n_plus_one_session session; /* whose records are enriched */

static uint64_t digests = 8; /* how many are kept */

static void begin(uint64_t redact)
{
        settings_defaults(&settings);
        settings.log.redact = redact;
        settings.log.digests = digests;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&f, &settings), STATUS_OK);
        n_plus_one_begin(f.n_plus_one, &session);
}

static void finish(void)
{
        n_plus_one_end(f.n_plus_one, &session);
        enrich_fini(&f);
}

static struct record query(uint64_t conn_id, const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        r.mono_ns = 1000000;
        r.wall_ns = 1700000000000000000ULL;
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        record_set_uint(&r, FIELD_DURATION_US, 100);
        return r;
}

static bool is(struct span text, const char *wanted)
{
        bool same = span_equal(text, span_str(wanted));
        if (!same) {
                printf("# got \"%.*s\"\n", (int)text.len, (const char *)text.data);
        }
        return same;
}

/* --- tags ----------------------------------------------------------------------------------------------------------- */

static const char *tags_of(const char *sql)
{
        static struct tags t;
        static char out[512];
        size_t at = 0;
        out[0] = '\0';
        size_t n = tags_read(&t, span_str(sql));
        for (size_t i = 0; i < n; i++) {
                at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s=%.*s", i > 0 ? "|" : "",
                                       (int)t.values[i].name.len, (const char *)t.values[i].name.data,
                                       (int)t.values[i].bytes.len, (const char *)t.values[i].bytes.data);
        }
        return out;
}

static void tags_are_read(void)
{
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='b',c='d%20e'*/ ; "), "a=b|c=d e");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='b'*/ SELECT 1"), "a=b");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /* a = 'it\\'s' , %62='%2' */"), "a=it's|b=%2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*application:Shop,job:x*/"), "application=Shop|job=x");
        static const char *const none[] = {"SELECT 1",
                                           "SELECT 1 /**/",
                                           "SELECT 1 /* see: the ticket */",
                                           "/* a */ SELECT 1",
                                           "SELECT 1 /*a='b' c*/",
                                           "SELECT 1 /*a='b*/",
                                           "SELECT 1 /*a b='c'*/",
                                           "SELECT 1 /*'='x'*/",
                                           "*/",
                                           "/*a=b*/",
                                           "/*a=*/",
                                           "/*:*/",
                                           "SELECT /* x */ 1 */",
                                           "/* a"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                CU_ASSERT_STRING_EQUAL(tags_of(none[i]), "");
        }
        char many[2000] = "/*";
        for (int i = 0; i < 30; i++) {
                (void)snprintf(many + strlen(many), 32, "%sk%d='v'", i > 0 ? "," : "", i);
        }
        (void)snprintf(many + strlen(many), 8, "*/");
        struct tags t;
        CU_ASSERT_EQUAL(tags_read(&t, span_str(many)), 0); /* too many to be tags */
        char *large = malloc(8000);
        memset(large, 'x', 8000);
        (void)memcpy(large, "/*a='b',c='", 11);
        (void)memcpy(large + 7995, "'*/", 4);
        CU_ASSERT_EQUAL(tags_read(&t, span_str(large)), 1); /* those that do not fit are left out */
        free(large);
}

/** A framework and a tracer each add a comment: all of them are read, and of a key the last value. */
static void tags_of_several_comments(void)
{
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*b='2'*/"), "b=2|a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ /*b='2'*/;"), "b=2|a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ /* b:2 */ SELECT 1"), "a=1|b=2");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ /*a='2'*/ SELECT 1"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*a='2'*/"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*//*a='2'*/"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1',%61='2',b='3'*/"), "a=2|b=3");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ /* written by hand */"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/* written by hand */ /*a='1'*/ SELECT 1 /**/"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ + 2 /*b='3'*/"), "b=3"); /* within the statement */
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*a='2',b*/"), "a=1");
        /* what is at the end takes precedence where there is no space for all of them */
        char many[4000] = "/*z='9',k0='w'*/ SELECT 1 /*";
        for (int i = 0; i < TAGS_MAX; i++) {
                (void)snprintf(many + strlen(many), 32, "%sk%d='v'", i > 0 ? "," : "", i);
        }
        (void)snprintf(many + strlen(many), 8, "*/");
        struct tags t;
        CU_ASSERT_EQUAL(tags_read(&t, span_str(many)), TAGS_MAX);
        CU_ASSERT_TRUE(is(t.values[0].bytes, "v"));
}

static void trace_contexts(void)
{
        begin(0);
        struct record r =
            query(1, "SELECT 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/");
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        struct value attribute = {.name = span_str("traceparent"),
                                  .bytes =
                                      span_str("00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                                  .type = VALUE_VAR_STRING};
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){&attribute, 1});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.traceparent, "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        r = query(1, "SELECT 1 /*traceparent='00-0af7'*/");
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_FALSE(record_has(&r, FIELD_TRACEPARENT));
        r = query(1, "SELECT 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-0g'*/");
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_FALSE(record_has(&r, FIELD_TRACEPARENT));
        finish();
}

/* --- digests -------------------------------------------------------------------------------------------------------- */

struct seen {
        unsigned n;
        struct digest_stat first;
        char text[64];
        char example[64];
};

static void see(void *arg, const struct digest_stat *s)
{
        struct seen *seen = arg;
        if (seen->n++ == 0) {
                seen->first = *s;
                (void)snprintf(seen->text, sizeof seen->text, "%.*s", (int)s->text_len,
                               (const char *)s->text);
                (void)snprintf(seen->example, sizeof seen->example, "%.*s", (int)s->example_len,
                               (const char *)s->example);
        }
}

static void statistics(void)
{
        begin(0);
        for (unsigned i = 1; i <= 100; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT %u FROM t", i);
                struct record r = query(1, sql);
                r.duration_us = i * 10;
                record_set_uint(&r, FIELD_ROWS, 2);
                record_set_uint(&r, FIELD_STATUS_FLAGS, i % 4 == 0 ? 0x20 : 0);
                if (i % 10 == 0) {
                        record_set_uint(&r, FIELD_ERRNO, 1);
                }
                CU_ASSERT_EQUAL(enrich_record(&f, &session, &r), 0);
                CU_ASSERT_TRUE(is(r.digest_text, "SELECT ? FROM `t`"));
                CU_ASSERT_EQUAL(record_has(&r, FIELD_FINDINGS), i % 4 == 0);
        }
        struct seen seen = {0};
        struct digests_totals totals = digests_each(f.digests, see, &seen);
        const struct digest_stat *s = &seen.first;
        CU_ASSERT_TRUE(totals.shapes == 1 && totals.max == 8 && totals.evicted == 0);
        CU_ASSERT_TRUE(s->count == 100 && s->errors == 10 && s->rows == 200 &&
                       s->findings[FINDING_NO_INDEX] == 25);
        CU_ASSERT_TRUE(s->min_us == 10 && s->max_us == 1000 && s->sum_us == 50500);
        CU_ASSERT_STRING_EQUAL(seen.example, "SELECT 100 FROM t");
        uint64_t p50 = digest_percentile_us(s, 0.5);
        uint64_t p99 = digest_percentile_us(s, 0.99);
        CU_ASSERT_TRUE(p50 >= 500 && p50 <= 640 && p99 >= 990 && p99 <= 1000);
        struct digest_rate rate = digest_rate(s, s->last_wall_ns);
        CU_ASSERT_TRUE(rate.per_second > 4.9 && rate.per_second < 10.1 && rate.active > 0);
        rate = digest_rate(s, s->last_wall_ns + 3 * DIGEST_WINDOW_NS);
        CU_ASSERT_TRUE(rate.per_second == 0 && rate.active == 0);
        digests_reset(f.digests);
        seen.n = 0;
        (void)digests_each(f.digests, see, &seen);
        CU_ASSERT_TRUE(seen.n == 1 && seen.first.count == 0);
        struct record r = query(1, "SELECT 5 FROM t");
        (void)enrich_record(&f, &session, &r);
        seen.n = 0;
        (void)digests_each(f.digests, see, &seen);
        CU_ASSERT_TRUE(seen.first.count == 1 && seen.first.min_us == 100);
        CU_ASSERT_STRING_EQUAL(seen.example, "SELECT 5 FROM t");
        finish();
}

/** Digest and text as JSON have what the record has, or nothing where that would need an escape. */
static void digests_are_formatted_in_advance(void)
{
        char wanted[256];
        begin(0);
        struct record r = query(1, "SELECT 1 FROM t WHERE a = 'x'");
        (void)enrich_record(&f, &session, &r);
        (void)snprintf(wanted, sizeof wanted, ",\"digest\":\"%.*s\",\"digest_text\":\"%.*s\"",
                       (int)r.digest.len, (const char *)r.digest.data, (int)r.digest_text.len,
                       (const char *)r.digest_text.data);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r.digest_json);
        CU_ASSERT_TRUE(is(*r.digest_json, wanted));
        static const char *const others[] = {"SELECT `\\`", "SELECT `\"`", "SELECT `caf\xc3\xa9`",
                                             "SELECT `\xe9`", "SELECT `\n`"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                r = query(1, others[i]);
                (void)enrich_record(&f, &session, &r);
                CU_ASSERT_TRUE(record_has(&r, FIELD_DIGEST_TEXT));
                CU_ASSERT_TRUE(r.digest_json == NULL || r.digest_json->len == 0);
        }
        char longest[2 * DIGEST_JSON_MAX] = "SELECT ";
        memset(longest + 7, 'c', sizeof longest - 8);
        r = query(1, longest);
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(r.digest_text.len > DIGEST_JSON_MAX && r.digest_json->len == 0);
        finish();
}

static void percentiles_are_upper_ends(void)
{
        begin(0);
        static const uint64_t times[] = {0,   1,    2,     3,     4,       5,          7,         8,
                                         100, 1000, 65535, 65536, 1000000, 3600000000, 4000000000};
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
                digests_reset(f.digests);
                struct record r = query(1, "SELECT 1");
                r.duration_us = times[i];
                (void)enrich_record(&f, &session, &r);
                struct seen seen = {0};
                (void)digests_each(f.digests, see, &seen);
                CU_ASSERT_EQUAL(digest_percentile_us(&seen.first, 0.5), times[i]);
                r.duration_us = times[i] * 2;
                (void)enrich_record(&f, &session, &r);
                seen.n = 0;
                (void)digests_each(f.digests, see, &seen);
                uint64_t p50 = digest_percentile_us(&seen.first, 0.5);
                CU_ASSERT_TRUE(p50 >= times[i] && p50 <= times[i] + times[i] / 4);
        }
        finish();
}

static void the_least_recent_goes(void)
{
        begin(0);
        for (unsigned i = 0; i < 20; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT a%u", i);
                struct record r = query(1, sql);
                (void)enrich_record(&f, &session, &r);
                r = query(1, "SELECT often");
                (void)enrich_record(&f, &session, &r);
        }
        struct seen seen = {0};
        struct digests_totals totals = digests_each(f.digests, see, &seen);
        CU_ASSERT_TRUE(totals.shapes == 8 && seen.n == 8 && totals.evicted == 13 && totals.forgotten == 13);
        CU_ASSERT_TRUE(seen.first.count == 20);
        CU_ASSERT_STRING_EQUAL(seen.text, "SELECT `often`");
        finish();
}

/* --- runs ----------------------------------------------------------------------------------------------------------- */

/** As begin, with space for more digests. */
static void begin_runs(void)
{
        digests = 64;
        begin(0);
        digests = 8;
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
        struct record r = query(7, sql);
        now_ns += 200000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, ++seq_num);
        record_set_uint(&r, FIELD_ROWS, rows);
        if (rows >= 2) {
                hash_rows(&r, &hashes, from, 2);
        }
        return enrich_record(&f, &session, &r);
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
                r = query(7, sql);
                now_ns += 200000;
                r.mono_ns = now_ns;
                record_set_uint(&r, FIELD_ROWS, 1);
                CU_ASSERT_EQUAL(enrich_record(&f, &session, &r), 0);
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
        struct record end = query(7, "");
        end.event = EVENT_DISCONNECT;
        return enrich_record(&f, &session, &end);
}

static bool is_told(enum record_event event, uint64_t repeated, const char *info)
{
        return f.runs[0].event == event && f.runs[0].repeated == repeated &&
               (info == NULL ? !record_has(&f.runs[0], FIELD_INFO) : is(f.runs[0].info, info));
}

static void runs_are_told_once(void)
{
        begin_runs();
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 10), 0);
        CU_ASSERT_EQUAL(each("SELECT a FROM t WHERE id = ", 0, 10), 6);
        CU_ASSERT_EQUAL(select_rows("SELECT 1", 1), 0);
        CU_ASSERT_EQUAL(select_rows("SELECT id FROM p", 10), 1); /* the next page begins */
        CU_ASSERT_TRUE(is_told(EVENT_N_PLUS_ONE, 10, "after 10 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_EQUAL(f.runs[0].duration_us, 1000);
        CU_ASSERT_TRUE(is(f.runs[0].query, "SELECT a FROM t WHERE id = 4")); /* an example */
        /* the next ends with the session */
        one_a_row(9);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_EQUAL(f.runs[0].repeated, 9);
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
        finish();
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
                        CU_ASSERT_EQUAL(f.runs[0].repeated, 30);
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
        finish();
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
        CU_ASSERT_EQUAL(f.runs[0].repeated, 50);
        /* parents that begin with WITH or a parenthesis, and more rows than are hashed */
        static const char *const parents[] = {"WITH x AS (SELECT id FROM p) SELECT id FROM x",
                                              "(SELECT id FROM p) UNION (SELECT 1)", "TABLE p"};
        for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
                lists(100, parents[i]);
                CU_ASSERT_EQUAL(each("SELECT a FROM t WHERE id = ", 0, 100), 85);
                CU_ASSERT_EQUAL(end_session(), 1);
                CU_ASSERT_EQUAL(f.runs[0].repeated, 100);
        }
        finish();
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
                bool inner = f.runs[i].repeated == 36;
                CU_ASSERT_TRUE(
                    is(f.runs[i].info, inner ? "after 36 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"
                                             : "after 12 rows of SELECT `id` FROM `p`"));
                all += (unsigned)f.runs[i].repeated;
        }
        CU_ASSERT_EQUAL(all, 10 * 12 + 36);
        finish();
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
        const struct record *authors = &f.runs[f.runs[0].repeated == 40 ? 0 : 1];
        CU_ASSERT_EQUAL(authors->repeated, 40);
        CU_ASSERT_TRUE(is(authors->info, "after 40 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"));
        finish();
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
        CU_ASSERT_EQUAL(f.runs[0].repeated, 16);
        CU_ASSERT_EQUAL(f.runs[1].repeated, 16);
        CU_ASSERT_EQUAL(f.runs[2].repeated, 32);
        CU_ASSERT_TRUE(is(f.runs[0].info, "after 20 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_TRUE(is(f.runs[2].info, "after 32 rows of SELECT `id` FROM COMMENT WHERE `p` = ?"));
        /* lists of values of a list that is read once are batches */
        lists(30, "SELECT id FROM p");
        for (unsigned i = 0; i < 10; i++) {
                char sql[100];
                (void)snprintf(sql, sizeof sql, "SELECT name FROM q WHERE id IN (%u, %u, %u)", 3 * i,
                               3 * i + 1, 3 * i + 2);
                (void)run(sql, 3, 500 + 3 * i);
        }
        CU_ASSERT_EQUAL(end_session(), 0);
        finish();
}

/** Statements for two rows that have the same value do not ask again what was answered, even before they are known as a loop. */
static void rows_with_one_value(void)
{
        begin_runs();
        static struct row_hashes hashes;
        struct record list = query(7, "SELECT author FROM p");
        now_ns += 200000;
        list.mono_ns = now_ns;
        record_set_uint(&list, FIELD_ROWS, 7);
        hash_rows(&list, &hashes, 5, 1);
        hashes.at[1] = hashes.at[0]; /* 5, 5, 7, 8, 9, 10, 5 */
        hashes.at[6] = hashes.at[0];
        (void)enrich_record(&f, &session, &list);
        static const enum row_use uses[] = {ROW_USE_ROW, ROW_USE_ROW, ROW_USE_AGAIN};
        for (unsigned i = 0; i < 3; i++) {
                (void)each("SELECT name FROM author WHERE id = ", 5, 1);
                CU_ASSERT_EQUAL(f.found.row_use, uses[i]);
        }
        (void)each("SELECT name FROM author WHERE id = ", 8, 1);
        CU_ASSERT_EQUAL(f.found.row_use, ROW_USE_ROW);
        (void)each("SELECT name FROM author WHERE id = ", 1, 1);
        CU_ASSERT_EQUAL(f.found.row_use, ROW_USE_NONE);
        CU_ASSERT_EQUAL(select_rows("SELECT 1", 1), 0);
        CU_ASSERT_EQUAL(f.found.row_use, ROW_USE_NONE);
        /* behind the rows that are known, nobody can tell */
        CU_ASSERT_EQUAL(end_session(), 0);
        lists(40, "SELECT id FROM p");
        for (unsigned i = 0; i < 4; i++) {
                (void)each("SELECT name FROM author WHERE id = ", i < 2 ? i : 35, 1);
        }
        CU_ASSERT_EQUAL(f.found.row_use, ROW_USE_NONE);
        CU_ASSERT_EQUAL(end_session(), 0);
        /* a column of few values, such as a kind */
        hash_rows(&list, &hashes, 5, 1);
        for (unsigned i = 0; i < 7; i++) {
                hashes.at[i] = hashes.at[i == 5];
        }
        list.mono_ns = now_ns;
        (void)enrich_record(&f, &session, &list);
        (void)each("SELECT name FROM author WHERE id = ", 5, 1);
        CU_ASSERT_EQUAL(f.found.row_use, ROW_USE_NONE);
        finish();
}

/** The list @p sql, one of a loop itself, of whose rows another session of the pool has run statements that were read before it.
 *  @return how many loops it ends. */
static unsigned list_behind_its_statements(const char *sql)
{
        static struct row_hashes hashes;
        struct n_plus_one_session other;
        n_plus_one_begin(f.n_plus_one, &other);
        struct record list = query(7, sql);
        list.mono_ns = now_ns + 1000000;
        list.duration_us = 20000;
        record_set_uint(&list, FIELD_ROWS, 12);
        hash_rows(&list, &hashes, 500, 2);
        for (unsigned i = 0; i < 12; i++) {
                char text[64];
                (void)snprintf(text, sizeof text, "SELECT name FROM author WHERE id = %u", 500 + i);
                struct record r = query(8, text);
                r.mono_ns = list.mono_ns + 1000000 * (i + 1);
                CU_ASSERT_EQUAL(enrich_record(&f, &other, &r), 0);
        }
        unsigned ended = enrich_record(&f, &session, &list);
        CU_ASSERT_TRUE(list.findings != 0);
        n_plus_one_end(f.n_plus_one, &other);
        return ended;
}

/** Is the example of each of the @p n loops, if it has one, a statement of it? */
static void expect_own_examples(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                const struct record *r = &f.runs[i];
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
        CU_ASSERT_EQUAL(list_behind_its_statements("SELECT id FROM comment WHERE p = 6"), 0);
        unsigned n = end_session();
        CU_ASSERT_EQUAL(n, 2);
        expect_own_examples(n);
        finish();
}

/** The last statement of a loop, for a row that is not known, returns a list, and so ends it: nothing refers to it any more. */
static void the_end_of_a_loop_by_its_own_list(void)
{
        begin_runs();
        lists(40, "SELECT id FROM p");
        CU_ASSERT_TRUE(each("SELECT id FROM comment WHERE p = ", 0, 32) > 10);
        CU_ASSERT_EQUAL(list_behind_its_statements("SELECT id FROM comment WHERE p = 35"), 1);
        expect_own_examples(1);
        unsigned n = end_session();
        CU_ASSERT_EQUAL(n, 1);
        expect_own_examples(n);
        finish();
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
        finish();
}

/** Writes for each row, and INSERTs of one row each, with what belongs to them between. */
static void write_loops(void)
{
        begin_runs();
        lists(12, "SELECT id FROM p");
        CU_ASSERT_EQUAL(each("UPDATE p SET title = 'x', price = 1 WHERE id = ", 0, 12), 7);
        CU_ASSERT_EQUAL(end_session(), 1);
        CU_ASSERT_TRUE(is_told(EVENT_WRITE_LOOP, 12, "after 12 rows of SELECT `id` FROM `p`"));
        CU_ASSERT_TRUE(is(f.runs[0].query, "UPDATE p SET title = 'x', price = 1 WHERE id = 5"));
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
        finish();
}

/** A loop that nothing follows is reported after a second, with the time at which its last statement ended. */
static void idle_runs_end(void)
{
        begin_runs();
        unsigned n = 0;
        lists(10, "SELECT id FROM p");
        one_a_row(10);
        CU_ASSERT_TRUE(enrich_is_waiting(&f));
        CU_ASSERT_PTR_NULL(enrich_expire(&f, NULL, session.ended_ns + 900000000, &n));
        struct n_plus_one_session other;
        n_plus_one_begin(f.n_plus_one, &other);
        CU_ASSERT_PTR_EQUAL(enrich_expire(&f, NULL, session.ended_ns + 1100000000, &n), &session);
        CU_ASSERT_TRUE(n == 1 && f.runs[0].repeated == 10 && f.runs[0].mono_ns == session.ended_ns);
        CU_ASSERT_PTR_NULL(enrich_expire(&f, &session, session.ended_ns + 1100000000, &n));
        CU_ASSERT_FALSE(enrich_is_waiting(&f));
        lists(10, "SELECT id FROM p");
        one_a_row(10);
        CU_ASSERT_PTR_EQUAL(enrich_expire(&f, NULL, session.ended_ns + 1100000000, &n), &session);
        struct record_session who = {.username = span_str("u"), .fields = {{1ULL << FIELD_USERNAME, 0}}};
        enrich_refer(&f, 1, 9, &who);
        CU_ASSERT_TRUE(f.runs[0].conn_id == 9 && is(record_session(&f.runs[0])->username, "u"));
        n_plus_one_end(f.n_plus_one, &other);
        finish();
}

/* --- redaction ------------------------------------------------------------------------------------------------------- */

static void passwords_go(void)
{
        begin(0);
        struct record r = query(1, "ALTER USER u IDENTIFIED BY 'p' x");
        record_set_uint(&r, FIELD_ERRNO, 1064);
        record_set_text(&r, FIELD_ERROR, span_str("syntax near ''p' x' at line 1"));
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.query, "ALTER USER u IDENTIFIED BY '<secret>' x"));
        CU_ASSERT_TRUE(is(r.error, "syntax near '<secret>' at line 1"));
        CU_ASSERT_EQUAL(r.redacted, 1U << REDACTED_PASSWORD);
        /* a parameter in its place hides the values */
        struct value value = {.bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1};
        r = query(1, "");
        field_set_remove(&r.present, FIELD_QUERY);
        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("UPDATE u SET password = ? WHERE id = 1"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&value, 1});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[0].bytes, "<secret>"));
        /* dynamic SQL in a stored program */
        r = query(1, "CALL p()");
        record_set_uint(&r, FIELD_ERRNO, 1064);
        record_set_text(&r, FIELD_ERROR, span_str("syntax near 'IDENTIFIED BY 'p''"));
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.error, "syntax near '<secret>'"));
        r = query(1, "SELECT password FROM u");
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.query, "SELECT password FROM u") && !record_has(&r, FIELD_REDACTED));
        /* one that the server makes */
        struct value row[] = {
            {.role = VALUE_BEGINS_RESULT},
            {.role = VALUE_BEGINS_ROW},
            {.bytes = span_str("u"), .type = VALUE_VAR_STRING, .true_len = 1, .in_text = true},
            {.bytes = span_str("made"), .type = VALUE_VAR_STRING, .true_len = 4, .in_text = true}};
        r = query(1, "ALTER USER u IDENTIFIED BY RANDOM PASSWORD");
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){row, 4});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.first_rows.at[3].bytes, "<secret>"));
        finish();
}

static void named_passwords_go(void)
{
        begin(0);
        struct value named = {
            .name = span_str("db_password"), .bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1};
        struct record r = query(1, "SELECT 1");
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){&named, 1});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.query_attributes.at[0].bytes, "<secret>"));
        r = query(1, "");
        r.event = EVENT_AUTH;
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){&named, 1});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.connect_attributes.at[0].bytes, "<secret>"));
        /* of a table's columns, and of an option in a value */
        struct value names[] = {
            {.role = VALUE_BEGINS_RESULT}, {.bytes = span_str("id")}, {.bytes = span_str("pwd")}};
        struct value row[] = {
            {.role = VALUE_BEGINS_RESULT},
            {.role = VALUE_BEGINS_ROW},
            {.bytes = span_str("1"), .type = VALUE_LONG, .true_len = 1, .in_text = true},
            {.bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1, .in_text = true}};
        r = query(1, "SELECT * FROM u");
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){row, 4});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.first_rows.at[2].bytes, "1"));
        CU_ASSERT_TRUE(is(r.first_rows.at[3].bytes, "<secret>"));
        /* not in a value of any bytes, nor by "pw" alone */
        static const uint8_t noise[] = "\x01 pass 'x' pw 'y'";
        struct value values[] = {
            {.bytes = span_of(noise, sizeof noise - 1), .type = VALUE_BLOB, .true_len = sizeof noise - 1},
            {.bytes = span_str("a pw 'y'"), .type = VALUE_BLOB, .true_len = 8},
            {.bytes = span_str("password='x'"), .type = VALUE_BLOB, .true_len = 12}};
        r = query(1, "SELECT ?, ?, ?");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[0].bytes, (const char *)noise));
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[1].bytes, "a pw 'y'"));
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[2].bytes, "<secret>"));
        finish();
}

static void tokens_join(void)
{
        begin(SETTINGS_REDACT_ALL);
        struct record r = query(1, "SELECT 'it''s', \"it's\", 'it\\'s', N'it\\'s', 5 /* it's */ # it's\n");
        struct value values[] = {{.bytes = span_str("it's"), .type = VALUE_VAR_STRING, .true_len = 4},
                                 {.bytes = span_of("\5\0\0\0", 4), .type = VALUE_LONG, .true_len = 4},
                                 {.is_null = true}};
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
        record_set_uint(&r, FIELD_ERRNO, 1062);
        record_set_text(&r, FIELD_ERROR, span_str("Duplicate entry 'it's' for key 'PRIMARY'"));
        (void)enrich_record(&f, &session, &r);
        struct span text = r.query;
        char token[26];
        char other[26];
        CU_ASSERT_FATAL(text.len > 150);
        memcpy(token, text.data + 8, 25);
        token[25] = '\0';
        CU_ASSERT_EQUAL(strncmp(token, "redacted:", 9), 0);
        for (size_t i = 1; i < 4; i++) {
                CU_ASSERT_EQUAL(memcmp(text.data + 8 + i * 29, token, 25), 0);
        }
        memcpy(other, text.data + 8 + 4 * 29, 25);
        other[25] = '\0';
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[0].bytes, token));
        CU_ASSERT_TRUE(is(r.stmt_execute_values.at[1].bytes, other));
        CU_ASSERT_TRUE(r.stmt_execute_values.at[2].is_null);
        CU_ASSERT_PTR_NULL(memmem(text.data, text.len, "it", 2));
        CU_ASSERT_PTR_NOT_NULL(memmem(r.error.data, r.error.len, "for key 'PRIMARY'", 17));
        CU_ASSERT_PTR_NULL(memmem(r.error.data, r.error.len, "it's", 4));
        finish();
}

static void columns_called_by_constants(void)
{
        begin(SETTINGS_REDACT_LITERALS);
        struct record r = query(1, "SELECT 'bob', id, id + 5 FROM t");
        struct value names[] = {{.bytes = span_str("bob"), .type = VALUE_VAR_STRING, .true_len = 3},
                                {.bytes = span_str("id"), .type = VALUE_VAR_STRING, .true_len = 2},
                                {.bytes = span_str("id + 5"), .type = VALUE_VAR_STRING, .true_len = 6}};
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        (void)enrich_record(&f, &session, &r);
        CU_ASSERT_FALSE(span_equal(r.column_names.at[0].bytes, span_str("bob")));
        CU_ASSERT_TRUE(is(r.column_names.at[1].bytes, "id"));
        CU_ASSERT_FALSE(span_equal(r.column_names.at[2].bytes, span_str("id + 5")));
        finish();
}

/* --- faults ---------------------------------------------------------------------------------------------------------- */

/** Whatever fails, nothing secret is told, and nothing else happens. */
static void each_allocation_fails_once(void)
{
        unsigned refused = 0;
        for (uint64_t nth = 1; nth < 60; nth++) {
                settings_defaults(&settings);
                settings.log.redact = SETTINGS_REDACT_ALL;
                settings.log.digests = 2;
                prof_fail_nth(nth);
                bool made = enrich_init(&f, &settings) == STATUS_OK;
                refused += made ? 0 : 1;
                if (made) {
                        n_plus_one_begin(f.n_plus_one, &session);
                }
                for (unsigned i = 0; made && i < 6; i++) {
                        char sql[8192]; /* that some of them need more room than there is from the start */
                        (void)snprintf(sql, sizeof sql, "ALTER USER u%u IDENTIFIED BY 'topsecret' -- %*s", i,
                                       (int)(i % 3) * 3000, "");
                        struct record r = query(i, sql);
                        struct value value = {
                            .bytes = span_str("topsecret"), .type = VALUE_VAR_STRING, .true_len = 9};
                        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&value, 1});
                        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){&value, 1});
                        (void)enrich_record(&f, &session, &r);
                        bool told = record_has(&r, FIELD_QUERY) &&
                                    memmem(r.query.data, r.query.len, "topsecret", 9) != NULL;
                        CU_ASSERT_FALSE(told);
                        told = record_has(&r, FIELD_STMT_EXECUTE_VALUES) &&
                               span_equal(r.stmt_execute_values.at[0].bytes, span_str("topsecret"));
                        CU_ASSERT_FALSE(told);
                        told = record_has(&r, FIELD_COLUMN_NAMES) &&
                               span_equal(r.column_names.at[0].bytes, span_str("topsecret"));
                        CU_ASSERT_FALSE(told);
                }
                prof_fail_nth(0);
                if (made) {
                        n_plus_one_end(f.n_plus_one, &session);
                }
                enrich_fini(&f);
        }
        CU_ASSERT_TRUE(refused > 3 && refused < 30);
}

static const struct tap_test tests[] = {
    {"tags are read", tags_are_read},
    {"tags of several comments", tags_of_several_comments},
    {"trace contexts", trace_contexts},
    {"statistics", statistics},
    {"digests are formatted in advance", digests_are_formatted_in_advance},
    {"percentiles are upper ends", percentiles_are_upper_ends},
    {"the least recent goes", the_least_recent_goes},
    {"runs are told once", runs_are_told_once},
    {"pages are apart", pages_are_apart},
    {"others come between", others_come_between},
    {"many shapes", many_shapes},
    {"the nearest list", the_nearest_list},
    {"lists of rows for each row", lists_of_rows_for_each_row},
    {"rows with one value", rows_with_one_value},
    {"the example of a loop over a pool", the_example_of_a_loop_over_a_pool},
    {"the end of a loop by its own list", the_end_of_a_loop_by_its_own_list},
    {"what is none", what_is_none},
    {"write loops", write_loops},
    {"idle runs end", idle_runs_end},
    {"passwords go", passwords_go},
    {"named passwords go", named_passwords_go},
    {"tokens join", tokens_join},
    {"columns called by constants", columns_called_by_constants},
    {"each allocation fails once", each_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("enrich", tests);
}
