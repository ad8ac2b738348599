/* Texts that differ in their constants only: what is known of one holds for the other, as if it had been read. */
#include "journal/enrich/digests.h"
#include "journal/enrich/template_cache.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/sql_key.h"
#include "mysql/sql/sql_marks.h"
#include "mysql/sql/tags.h"
#include "profile/heap/counts.h"
#include "profile/heap/store.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef QT_NO_FASTPATHS
enum { FAST = 0 };
#else
enum { FAST = 1 };
#endif

static const struct {
        const char *sql;
        const char *digest;
} cases[] = {
#include "mysql/sql/digest_cases.inc"
};

/* Where digits are near to what is no number, or decide about something else. */
static const char *const others[] = {
    "",
    "1",
    "SELECT c FROM sbtest1 WHERE id=501 LIMIT 5, 10",
    "SELECT /*!1 a, */ 2 FROM t",
    "SELECT /*!12 + 1 */ 2 FROM t",
    "SELECT /*!1234+1*/ 2 FROM t",
    "SELECT /*!99998 1, */ 2 FROM t",
    "SELECT /*!500001 3*/ 2 FROM t",
    "SELECT /*!5000012, 3*/ 2 FROM t",
    "SELECT /*M!1 a, */ 2 FROM t",
    "SELECT /*M!100101 3, */ 2 FROM t",
    "SELECT !1, !a, 1!=2, a=!1",
    "SELECT /*+ MAX_EXECUTION_TIME(1000) JOIN_BUFFER(64M) */ 7 FROM t",
    "SELECT @1, @a1, @@v1, @`1`, 1@2",
    "SELECT 0x1f, 0b101, 0, 0 x, 00, 0xzz, x'1f', b'1', 1x, 1e5, 1e, 1.5, 1., .5, 1e+5, 1 e5",
    "SELECT t.1, 1a.2b, `1`.`2`, t.1.2, 1 . 2",
    "SELECT '1', '1''2', '1\\'2', '1\\\\', \"1\\\"2\", \"1\"\"2\", n'1', _utf8'1', _utf81 '1'",
    "SELECT 1-- 2\n, 3 -- 4\n, 5--6, 7#8\n",
    "SELECT 1 /* 2 */, 3/*4*/5, '6' /*'*/ 7 /*'*/",
    "SELECT * FROM t ORDER BY 1, 2 DESC, 3 LIMIT 4",
    "SELECT * FROM t GROUP BY 1 HAVING 2 ORDER BY a, 3+1, (4), b",
    "SELECT -1, +2, - 3, 4-5, 6 - -7, a-8, -9*-1",
    "SELECT * FROM u WHERE password = 1 AND pass2 = 2 AND pw1 = 3 AND id = 4",
    "SET PASSWORD = 'p1', @x2 = 3",
    "ALTER USER u IDENTIFIED BY 1234",
    "INSERT INTO urls VALUES (1, 'http://u:p1@host/2', 3)",
    "SELECT 1;SELECT 2 ; ; 3",
    "SELECT 12345678901234567890, 99999999999999999999999999999999999999999999999999999999999",
    "INSERT INTO t VALUES (1,2),(3,4),(5,6),(7,8)",
    "INSERT INTO t VALUES (1,2),(3,4),(5,6),(7,8),(9,'10'),(11,12),(13,14),(15,16),(17,18),(19,20)",
    "SELECT 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,'16',17",
    "SELECT 1 FROM \"t1\" WHERE \"a\" = 2",
    "SELECT 'a\\' , 1, ' , 2",
    "SELECT DATE '2001-01-01' + INTERVAL 1 DAY, TIME'10:11:12', 1:2",
    "SELECT CAST(1 AS DECIMAL(10,2)), INT(3), 4 IN (5,6), 7 BETWEEN 8 AND 9 LIKE 1",
    "CALL p(1,?,2,:3,$4,5$,_6,7_)",
    "SELECT 1\303\251, \303\2511, 2 \303\251",
    "SELECT t. 5, t.\n6, t ./* 7 */8, t. /**/ /**/9, 10 .11",
    "SELECT a FROM t ORDER BY 1, (SELECT b FROM u LIMIT 2), 3 LIMIT 4",
    "SELECT a FROM t GROUP BY f(t.by), 2, 3",
    "SELECT a FROM t ORDER BY t.limit, 2, 3 LIMIT 4, 5",
    "SELECT a FROM t ORDER BY t. LIMIT , 2, 3 LIMIT 4, 5",
    "SELECT a FROM t ORDER BY limit.a, 2, 3",
    "SELECT a FROM t ORDER BY x'41', 'b', 'c', 'd', 0x1f, 1.5",
    "SELECT a, ROW_NUMBER() OVER (PARTITION BY 1 ORDER BY 2) FROM t WHERE b = 3",
    "SELECT a FROM t WHERE b IN (1,2) AND c IN ('x','y', 'z') AND d IN (1.5, 2.25) AND e IN (0x1f,0x20)",
    "SELECT a FROM t WHERE b IN (1,'2',3,'4') OR b IN (1 , 2 ,3) OR b IN (-1,-2) OR b IN (1,NULL,2)",
    "SELECT a FROM t WHERE b = 'it''s' AND c = \"x\" AND d = 'a\\'b' AND e = ''",
    "SELECT a FROM t WHERE b = 'x' 'y' AND c = '*/' /* '1' */ LIMIT 2",
    "SELECT 'a' /* x='1' */",
    "/* a='2' */ SELECT '*/'",
    "SELECT \\N'a', _utf8'b', _binary 'c', _latin1'd'",
    "INSERT INTO t (a, b, c) VALUES (1, 'x', 2.5), (2, 'y', 3.5)",
    "INSERT INTO users (name, password) VALUES ('a', 'b')",
    "SELECT * FROM users WHERE name = 'a' AND pwd = 5",
    "SELECT a-1, a--1, a->'$.b', a->>'$.c', 5-3, 1.5-2.5, 1/2, 1/ *2",
    "SELECT a FROM t WHERE b IN (1,22,333,4444,55555,666666,7777777,8,9,10,11,12,13,14,15,16,17,18)",
    "SELECT a FROM t WHERE b IN (1, 22, 333, 4444, 55555, 666666, 7, 8, 9, 10, 11, 12, 13, 14) LIMIT 1",
    "SELECT 1,22,333,4444,55555,666666,7,8,,9,10,11,12,13,14,15,16,17,18,19",
    "SELECT 1, 22, 333, 4444, 55555, 666666, 7,  8, 9, 10, 11, 12, 13, 14, 15",
    "SELECT 1,22,333,4444,55555,666666,7 ,8,9,10,11,12,13,14,15,16,17,18,19,20",
    "SELECT 1,22,333,4444,55555,666666,7 8,9,10,11,12,13,14,15,16,17,18,19,20",
    "SELECT 1,22,333,4444,55555,666666,7777,8888,9999,10.5,11,12,13,14,15,16,17,18",
    "SELECT 1,22,333,4444,55555,666666,7777,8888,9999,10a,11,12,13,14,15,16,17,18",
    "SELECT 1,22,333,4444,55555,666666,7777,8888,9999,0x1f,11,12,13,14,15,16,17,",
    "SELECT 'unclosed",
    "SELECT `unclosed 1",
    "SELECT 1 /* unclosed",
};

static const struct sql_mode modes[] = {
    {.version = 90700},
    {.version = 90700, .ansi_quotes = true},
    {.version = 90700, .no_backslash_escapes = true},
    {.version = 101119, .is_mariadb = true},
    {.version = 101119, .is_mariadb = true, .ansi_quotes = true, .no_backslash_escapes = true},
    {.version = 0},
};
enum {
        MODES = sizeof modes / sizeof modes[0],
        CASES = sizeof cases / sizeof cases[0],
        OTHERS = sizeof others / sizeof others[0],
        MUTATIONS = 24,
};

static const char *text_at(size_t i)
{
        return i < CASES ? cases[i].sql : others[i - CASES];
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/** @p sql with some of its numbers changed, wherever they stand; seldom with something else changed. */
static struct span mutate(uint8_t *room, size_t size, const char *sql)
{
        static const char *const usual[] = {"0", "1", "00", "50000", "50799", "99999", "100100", "123456"};
        struct writer w = writer_over(room, size);
        uint64_t odds = tap_random() % 4 + 1;
        while (*sql != '\0') {
                size_t digits = 0;
                while (is_digit(sql[digits])) {
                        digits++;
                }
                if (digits == 0) {
                        writer_char(&w, tap_random() % 2048 == 0 ? (char)(' ' + tap_random() % 95) : *sql);
                        sql++;
                        continue;
                }
                if (tap_random() % 4 >= odds) {
                        writer_bytes(&w, sql, digits);
                } else if (tap_random() % 2 == 0) {
                        writer_text(&w, usual[tap_random() % (sizeof usual / sizeof usual[0])]);
                } else {
                        writer_format(&w, "%llu", (unsigned long long)(tap_random() >> (tap_random() % 64)));
                }
                sql += digits;
        }
        CU_ASSERT_FALSE(w.failed);
        return writer_span(&w);
}

/** Another constant of the kind of @p t. */
static void put_constant(struct writer *w, const struct sql_token *t)
{
        static const char *const strings[] = {"'x'",
                                              "'it''s'",
                                              "''",
                                              "'a\\\\'",
                                              "'-- 1'",
                                              "'/*'",
                                              "'*/'",
                                              "'5, 6'",
                                              "'password'",
                                              "\"y\"",
                                              "'12345678901234567890'"};
        if (t->kind == SQL_STRING) {
                writer_text(w, strings[tap_random() % (sizeof strings / sizeof strings[0])]);
        } else if (tap_random() % 8 == 0) {
                writer_text(w, tap_random() % 2 == 0 ? "0x1f" : "12.75");
        } else {
                writer_format(w, "%llu", (unsigned long long)(tap_random() >> (tap_random() % 64)));
        }
}

/** @p sql with other constants, and with more or fewer of them in lists. */
static struct span with_other_constants(uint8_t *room, size_t size, const char *sql, struct sql_mode mode)
{
        struct writer w = writer_over(room, size);
        struct sql_lexer lexer = sql_lexer_over(span_str(sql), mode);
        const char *at = sql;
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                const char *begin = (const char *)t.text.data;
                writer_bytes(&w, at, (size_t)(begin - at));
                at = begin + t.text.len;
                if (!sql_is_literal(&t) || tap_random() % 8 == 0) {
                        writer_bytes(&w, t.text.data, t.text.len);
                        continue;
                }
                put_constant(&w, &t);
                bool in_list = *at == ',' && tap_random() % 2 == 0;
                for (uint64_t more = in_list ? tap_random() % 4 : 0; more > 0; more--) {
                        writer_text(&w, at[1] == ' ' ? ", " : ",");
                        put_constant(&w, &t);
                }
        }
        writer_text(&w, at);
        CU_ASSERT_FALSE(w.failed);
        return writer_span(&w);
}

static struct span change(uint8_t *room, size_t size, const char *sql, struct sql_mode mode)
{
        return tap_random() % 2 == 0 ? mutate(room, size, sql) : with_other_constants(room, size, sql, mode);
}

static void complain(const char *what, const char *sql, struct span now)
{
        CU_FAIL("not as if it had been read");
        printf("# %s: \"%s\" stands for \"%.*s\"\n", what, sql, (int)now.len, (const char *)now.data);
}

enum { SEED = 0x1234567 };

static struct sql_key key_of(struct span sql, struct sql_mode mode, uint64_t seed)
{
        struct sql_key key;
        sql_key_make(sql, mode, seed, &key);
        return key;
}

/** Texts with the same key have the same digest. Those with the same constants as well are the same. */
static void texts_with_the_same_key_have_the_same_digest(void)
{
        static struct digest one;
        static struct digest two;
        static uint8_t room[8192];
        unsigned found = 0;
        unsigned known = 0;
        for (size_t i = 0; i < CASES + OTHERS; i++) {
                const char *sql = text_at(i);
                struct span text = span_str(sql);
                for (const struct sql_mode *mode = modes; mode < modes + MODES; mode++) {
                        struct sql_key key = key_of(text, *mode, SEED);
                        known += key.is_known;
                        digest_make(text, *mode, &one);
                        for (unsigned k = 0; k < MUTATIONS; k++) {
                                struct span now = change(room, sizeof room, sql, *mode);
                                struct sql_key like = key_of(now, *mode, SEED);
                                digest_make(now, *mode, &two);
                                bool same = key.hash == like.hash && key.values == like.values;
                                if (key.is_known && like.is_known && same != span_equal(text, now)) {
                                        complain("values", sql, now);
                                }
                                if (like.is_known && (like.n_literals > 0) != (two.n_literals > 0)) {
                                        complain("literals", sql, now);
                                }
                                if (!key.is_known || !like.is_known || key.hash != like.hash) {
                                        continue;
                                }
                                found++;
                                if (memcmp(one.hash, two.hash, DIGEST_HASH) != 0) {
                                        complain("digest", sql, now);
                                }
                                CU_ASSERT_EQUAL(key.has_strings, like.has_strings);
                                CU_ASSERT_EQUAL(key.is_plain, like.is_plain);
                        }
                }
        }
        printf("# of %u texts, %u have a key; %u others have the same\n",
               (unsigned)((CASES + OTHERS) * MODES), known, found);
        CU_ASSERT_EQUAL(known > (CASES + OTHERS) * MODES / 2, FAST);
        CU_ASSERT_EQUAL(found > known * MUTATIONS / 4, FAST);
}

/** Which texts have the same key. */
static void keys_leave_constants_out(void)
{
        static const char *const same[][2] = {
            {"SELECT c FROM t WHERE id = 17", "SELECT c FROM t WHERE id = 4"},
            {"SELECT c FROM t WHERE name = 'x'", "SELECT c FROM t WHERE name = 'it''s a longer one, \\' 5'"},
            {"SELECT c FROM t WHERE price = 1.5", "SELECT c FROM t WHERE price = 1234.75"},
            {"SELECT c FROM t WHERE id IN (1, 2)", "SELECT c FROM t WHERE id IN (5, 6, 7, 8, 9, 10)"},
            {"SELECT c FROM t WHERE id IN ('a','b')", "SELECT c FROM t WHERE id IN ('a','b','c')"},
            {"SELECT c FROM t ORDER BY a LIMIT 5, 10", "SELECT c FROM t ORDER BY a LIMIT 70, 10"},
            {"INSERT INTO t VALUES (1, 'a', 2)", "INSERT INTO t VALUES (7, '', 8)"},
            {"SELECT 0x1f", "SELECT 0xabcdef"},
            {"SELECT c FROM t WHERE id IN (1,2) AND d = 5",
             "SELECT c FROM t WHERE id IN (1,22,333,4444,55555,666666,7777777,88888888,9,10,11,12) AND d = "
             "7"},
        };
        static const char *const different[][2] = {
            {"SELECT c FROM t1", "SELECT c FROM t2"},
            {"SELECT c FROM t WHERE id IN (1)", "SELECT c FROM t WHERE id IN (5, 6)"},
            {"SELECT c FROM t ORDER BY 1", "SELECT c FROM t ORDER BY 2"},
            {"SELECT c FROM t ORDER BY (SELECT 1 LIMIT 1), 2",
             "SELECT c FROM t ORDER BY (SELECT 1 LIMIT 1), 3"},
            {"SELECT t.1 FROM t", "SELECT t.2 FROM t"},
            {"SELECT 1a FROM t", "SELECT 2a FROM t"},
            {"SELECT `a1` FROM t", "SELECT `a2` FROM t"},
        };
        if (!FAST) { /* no text has a key */
                return;
        }
        for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
                struct sql_key a = key_of(span_str(same[i][0]), modes[0], SEED);
                struct sql_key b = key_of(span_str(same[i][1]), modes[0], SEED);
                CU_ASSERT(a.is_known && b.is_known && a.hash == b.hash);
                CU_ASSERT_NOT_EQUAL(a.hash, key_of(span_str(same[i][0]), modes[1], SEED).hash);
                CU_ASSERT_NOT_EQUAL(a.hash, key_of(span_str(same[i][0]), modes[0], SEED + 2).hash);
        }
        for (size_t i = 0; i < sizeof different / sizeof different[0]; i++) {
                struct sql_key a = key_of(span_str(different[i][0]), modes[0], SEED);
                struct sql_key b = key_of(span_str(different[i][1]), modes[0], SEED);
                CU_ASSERT(!a.is_known || !b.is_known || a.hash != b.hash);
        }
}

/** Every byte at every place, with anything before it. */
static void marks_are_found_with_any_vectors(void)
{
        static const char usual[] = "a5 b,l'";
        uint8_t text[SQL_MARKS_AT_ONCE];
        for (unsigned round = 0; round < 0x20000; round++) {
                unsigned at = round % SQL_MARKS_AT_ONCE;
                for (unsigned i = 0; i < sizeof text; i++) {
                        uint8_t any = (uint8_t)tap_random();
                        text[i] =
                            tap_random() % 4 == 0 ? any : (uint8_t)usual[tap_random() % (sizeof usual - 1)];
                }
                text[at] = (uint8_t)(round >> 5);
                for (unsigned how = 0; how < 4; how++) {
                        enum sql_before before = how % 2 == 0 ? SQL_BEHIND_OTHER : SQL_BEHIND_NAME;
                        CU_ASSERT_EQUAL(sql_marks_at(text, before, how < 2),
                                        sql_marks_at_narrow(text, before, how < 2));
                }
        }
}

/** The table, with shapes that come and go all the time. */
static void the_table_tells_what_reading_tells(void)
{
        static const char *const one_number[] = {"SELECT 1", "SELECT a1 FROM t WHERE id = 17 LIMIT ?", "12 a",
                                                 "SELECT /* 1 */ 1 /* 1 */"};
        static struct digest wanted;
        static uint8_t room[8192];
        struct digests *d = NULL;
        CU_ASSERT_EQUAL_FATAL(digests_new(40, &d), STATUS_OK);
        size_t i = 0;
        const struct sql_mode *mode = modes;
        for (unsigned round = 0; round < 60000; round++) {
                if (round % 3 == 0) { /* several in succession differ only in their constants, mostly */
                        i = tap_random() % (round % 2 == 0 ? CASES + OTHERS : 60); /* mostly a few of them */
                        i = (i * 37 + round / 6000 * 50) % (CASES + OTHERS);
                        mode = &modes[tap_random() % (round % 4 < 2 ? MODES : 1)];
                }
                const char *sql = round % 9 < 6 ? text_at(i) : one_number[round / 90 % 4];
                struct span now = change(room, sizeof room, sql, *mode);
                struct digest_found found;
                digests_find(d, now, *mode, false, &found);
                bool suspected = secret_suspected(now);
                struct span told = suspected ? span_head(now, secret_bare_at(now, *mode)) : now;
                digest_make(told, *mode, &wanted);
                CU_ASSERT_PTR_NOT_NULL_FATAL(found.stat);
                if (memcmp(found.stat->hash, wanted.hash, DIGEST_HASH) != 0 ||
                    !span_equal(span_of(found.stat->text, found.stat->text_len),
                                span_of(wanted.text, wanted.len))) {
                        complain("digest", sql, now);
                }
                struct sql_key key = key_of(now, *mode, SEED);
                if (!key.is_known && found.values != wanted.values) {
                        complain("values", sql, now);
                }
                if (found.suspected != suspected) {
                        complain("suspected", sql, now);
                }
                if (found.may_have_tags != (!suspected && tags_may_be_in(now))) {
                        complain("tags", sql, now);
                }
        }
        digests_free(d);
}

/** More of a set than it holds: the ones found last stay. */
static void the_cache_forgets_what_was_not_found(void)
{
        struct template_cache c = {.bits = 0};
        CU_ASSERT_EQUAL_FATAL(template_cache_init(&c, 100), STATUS_OK);
        for (uint64_t i = 1; i <= 3 * TEMPLATE_CACHE_WAYS; i++) {
                template_cache_add(&c, i, &(struct template_facts){.generation = (uint32_t)i});
                const struct template_facts *found = template_cache_find(&c, i);
                CU_ASSERT_PTR_NOT_NULL_FATAL(found);
                CU_ASSERT_EQUAL(found->generation, i);
                found = template_cache_find(&c, 1);
                CU_ASSERT(found != NULL && found->generation == 1);
        }
        CU_ASSERT_PTR_NULL(template_cache_find(&c, 2));
        CU_ASSERT_PTR_NOT_NULL(template_cache_find(&c, 3 * TEMPLATE_CACHE_WAYS - 1));
        template_cache_add(&c, 1, &(struct template_facts){.generation = 77});
        CU_ASSERT_EQUAL(template_cache_find(&c, 1)->generation, 77);
        CU_ASSERT_PTR_NULL(template_cache_find(&c, UINT64_MAX));
        template_cache_fini(&c);
}

/** What the table reports as its size is what was allocated for it, however digests come and go. */
static void the_stores_tell_what_they_hold(void)
{
        struct digests *d;
        CU_ASSERT_EQUAL_FATAL(digests_new(40, &d), STATUS_OK);
        int64_t before = prof_read(STAGE_DIGEST, LIB_COUNT).current_bytes_used;
        CU_ASSERT_EQUAL(prof_store_in_use(STAGE_DIGEST, 0), 0);
        for (int i = 0; i < 300; i++) {
                char sql[2000];
                int len = snprintf(sql, sizeof sql, "SELECT a%d, %d, '%0*d'", i % 150, i, i * 5, 7);
                struct span text = span_of(sql, (size_t)len);
                struct digest_found found;
                digests_find(d, text, (struct sql_mode){0}, false, &found);
                struct record r;
                record_clear(&r);
                record_set_text(&r, FIELD_QUERY, text);
                r.duration_us = (uint64_t)(i * 37 % 101);
                (void)digests_count(d, &found, &r);
                if (i == 200) {
                        digests_reset(d);
                }
                int64_t live = prof_read(STAGE_DIGEST, LIB_COUNT).current_bytes_used - before;
                CU_ASSERT_EQUAL(live, (int64_t)prof_store_in_use(STAGE_DIGEST, 0));
        }
        CU_ASSERT_TRUE(prof_store_read(STORE_DIGESTS, 0).used > 40 * sizeof(struct digest_stat));
        digests_free(d);
        CU_ASSERT_EQUAL(prof_store_read(STORE_DIGESTS, 0).used, 0);
}

static const struct tap_test tests[] = {
    {"texts with the same key have the same digest", texts_with_the_same_key_have_the_same_digest},
    {"keys leave constants out", keys_leave_constants_out},
    {"marks are found with any vectors", marks_are_found_with_any_vectors},
    {"the table tells what reading tells", the_table_tells_what_reading_tells},
    {"the cache forgets what was not found", the_cache_forgets_what_was_not_found},
    {"the stores tell what they hold", the_stores_tell_what_they_hold},
};

int main(void)
{
        return TAP_RUN("shapes", tests);
}
