/* Texts that differ in their numbers only: what is known of one holds for the other, as if it had been read. */
#include "journal/enrich/digests.h"
#include "journal/enrich/template_cache.h"
#include "mysql/sql/secret.h"
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

static uint64_t bits_of(const struct sql_mode *mode)
{
        return (uint64_t)(mode - modes) + 1;
}

static void complain(const char *what, const char *sql, struct span now)
{
        CU_FAIL("not as if it had been read");
        printf("# %s: \"%s\" stands for \"%.*s\"\n", what, sql, (int)now.len, (const char *)now.data);
}

/** Of the text @p i, or one like it. */
static struct template_facts facts_of(size_t i, struct span text)
{
        bool suspected = secret_suspected(text);
        return (struct template_facts){.generation = (uint32_t)i,
                                       .suspected = suspected,
                                       .may_have_tags = !suspected && tags_may_be_in(text)};
}

static void what_is_like_a_text_is_known(void)
{
        if (!FAST) { /* nothing is ever found */
                return;
        }
        static struct template_cache shapes;
        static struct digest one;
        static struct digest two;
        static uint8_t room[8192];
        unsigned found = 0;
        for (size_t i = 0; i < CASES + OTHERS; i++) {
                const char *sql = text_at(i);
                struct span text = span_str(sql);
                for (const struct sql_mode *mode = modes; mode < modes + MODES; mode++) {
                        digest_make(text, *mode, &one);
                        template_cache_add(
                            &shapes, text, &one,
                            (struct template){.mode = bits_of(mode), .facts = facts_of(i, text)});
                        for (unsigned k = 0; k < MUTATIONS; k++) {
                                struct span now = mutate(room, sizeof room, sql);
                                const struct template *like =
                                    template_cache_find(&shapes, now, bits_of(mode));
                                if (like == NULL) {
                                        continue;
                                }
                                found++;
                                struct span known = span_str(text_at(like->facts.generation));
                                digest_make(known, *mode, &one);
                                digest_make(now, *mode, &two);
                                if (memcmp(one.hash, two.hash, DIGEST_HASH) != 0) {
                                        complain("digest", text_at(like->facts.generation), now);
                                }
                                if (template_cache_values(like, now) != two.values) {
                                        complain("values", text_at(like->facts.generation), now);
                                }
                                struct template_facts facts = facts_of(i, now);
                                if (like->facts.suspected != facts.suspected) {
                                        complain("suspected", text_at(like->facts.generation), now);
                                }
                                if (like->facts.may_have_tags != facts.may_have_tags) {
                                        complain("tags", text_at(like->facts.generation), now);
                                }
                        }
                }
        }
        CU_ASSERT_TRUE(found > (CASES + OTHERS) * MODES * MUTATIONS / 2);
        printf("# %u of %u were found\n", found, (unsigned)((CASES + OTHERS) * MODES * MUTATIONS));
        template_cache_fini(&shapes);
}

/** The table, with shapes that come and go all the time. */
static void the_table_tells_what_reading_tells(void)
{
        static struct digest wanted;
        static uint8_t room[8192];
        struct digests *d = NULL;
        CU_ASSERT_EQUAL_FATAL(digests_new(40, &d), STATUS_OK);
        for (unsigned round = 0; round < 60000; round++) {
                /* mostly a few of them */
                size_t i = tap_random() % (round % 3 == 0 ? CASES + OTHERS : 60);
                i = (i * 37 + round / 6000 * 50) % (CASES + OTHERS);
                const struct sql_mode *mode = &modes[tap_random() % (round % 2 == 0 ? MODES : 1)];
                struct span now = mutate(room, sizeof room, text_at(i));
                struct digest_found found = digests_find(d, now, *mode);
                bool suspected = secret_suspected(now);
                struct span told = suspected ? span_head(now, secret_bare_at(now, *mode)) : now;
                digest_make(told, *mode, &wanted);
                CU_ASSERT_PTR_NOT_NULL_FATAL(found.stat);
                if (memcmp(found.stat->hash, wanted.hash, DIGEST_HASH) != 0 ||
                    !span_equal(span_of(found.stat->text, found.stat->text_len),
                                span_of(wanted.text, wanted.len))) {
                        complain("digest", text_at(i), now);
                }
                if (digests_values(&found) != wanted.values) {
                        complain("values", text_at(i), now);
                }
                if (found.suspected != suspected) {
                        complain("suspected", text_at(i), now);
                }
                if (found.may_have_tags != (!suspected && tags_may_be_in(now))) {
                        complain("tags", text_at(i), now);
                }
        }
        digests_free(d);
}

static void the_bounds_hold(void)
{
        if (!FAST) { /* nothing is ever found */
                return;
        }
        static struct template_cache shapes;
        static struct digest d;
        static uint8_t sql[TEMPLATE_CACHE_TEXT_MAX + 8];
        struct writer w = writer_over(sql, sizeof sql);
        writer_text(&w, "SELECT aaaaaaaaaaaaaaaaaaaaaaaa, 1, a");
        while (w.at < TEMPLATE_CACHE_TEXT_MAX) {
                writer_char(&w, 'a');
        }
        struct span longest = writer_span(&w);
        for (size_t len = TEMPLATE_CACHE_TEXT_MAX; len <= TEMPLATE_CACHE_TEXT_MAX + 1; len++) {
                struct span text = span_of(sql, len);
                sql[len - 1] = 'b';
                digest_make(text, modes[0], &d);
                template_cache_add(&shapes, text, &d, (struct template){.mode = 1});
                const struct template *like = template_cache_find(&shapes, text, 1);
                CU_ASSERT_EQUAL(like != NULL, len <= TEMPLATE_CACHE_TEXT_MAX);
                CU_ASSERT_PTR_NULL(template_cache_find(&shapes, text, 2));
        }
        sql[33] = '9';
        CU_ASSERT_PTR_NOT_NULL(template_cache_find(&shapes, longest, 1));
        sql[33] = 'x';
        CU_ASSERT_PTR_NULL(template_cache_find(&shapes, longest, 1));
        /* more constants than are told */
        for (unsigned n = DIGEST_LITERALS; n <= DIGEST_LITERALS + 1; n++) {
                struct span text = span_head(
                    span_str("SELECT aaaaaaaaaaaaaaaaaaa,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"), 26 + 2 * n);
                digest_make(text, modes[0], &d);
                template_cache_add(&shapes, text, &d, (struct template){.mode = 1});
                CU_ASSERT_EQUAL(d.n_literals, n);
                CU_ASSERT_EQUAL(template_cache_find(&shapes, text, 1) != NULL, n <= DIGEST_LITERALS);
        }
        /* more of a set than it holds: the one found last stays */
        for (unsigned i = 0; i < 3 * TEMPLATE_CACHE_WAYS; i++) {
                uint8_t text[64];
                struct writer t = writer_over(text, sizeof text);
                writer_format(&t, "SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%c, 5", 'a' + (char)i);
                digest_make(writer_span(&t), modes[0], &d);
                template_cache_add(&shapes, writer_span(&t), &d,
                                   (struct template){.mode = 1, .facts.generation = i});
                text[t.at - 1] = '7';
                const struct template *like = template_cache_find(&shapes, writer_span(&t), 1);
                CU_ASSERT_PTR_NOT_NULL_FATAL(like);
                CU_ASSERT_EQUAL(like->facts.generation, i);
                text[37] = 'a';
                like = template_cache_find(&shapes, writer_span(&t), 1);
                CU_ASSERT_TRUE(like != NULL && like->facts.generation == 0);
        }
        template_cache_fini(&shapes);
}

/** What the table and the texts tell that they hold is what was allocated for them, however they come and go. */
static void the_stores_tell_what_they_hold(void)
{
        if (!FAST) { /* nothing is ever found */
                return;
        }
        struct digests *d;
        CU_ASSERT_EQUAL_FATAL(digests_new(40, &d), STATUS_OK);
        int64_t before = prof_read(STAGE_DIGEST, LIB_COUNT).current_bytes_used;
        CU_ASSERT_EQUAL(prof_store_in_use(STAGE_DIGEST, 0), 0);
        for (int i = 0; i < 300; i++) {
                char sql[2000];
                int len = snprintf(sql, sizeof sql, "SELECT a%d, %d, '%0*d'", i % 150, i, i * 5, 7);
                struct span text = span_of(sql, (size_t)len);
                struct digest_found found = digests_find(d, text, (struct sql_mode){0});
                struct record r;
                record_clear(&r);
                record_set_text(&r, FIELD_QUERY, text);
                r.duration_us = (uint64_t)(i * 37 % 101);
                digests_count(d, &found, &r);
                if (i == 200) {
                        digests_reset(d);
                }
                int64_t live = prof_read(STAGE_DIGEST, LIB_COUNT).current_bytes_used - before;
                CU_ASSERT_EQUAL(live, (int64_t)prof_store_in_use(STAGE_DIGEST, 0));
        }
        CU_ASSERT_TRUE(prof_store_read(STORE_DIGESTS, 0).used > 40 * sizeof(struct digest_stat));
        CU_ASSERT_TRUE(prof_store_read(STORE_TEMPLATES, 0).used > 0);
        digests_free(d);
        CU_ASSERT_EQUAL(prof_store_read(STORE_DIGESTS, 0).used, 0);
        CU_ASSERT_EQUAL(prof_store_read(STORE_TEMPLATES, 0).used, 0);
}

static const struct tap_test tests[] = {
    {"what is like a text is known", what_is_like_a_text_is_known},
    {"the table tells what reading tells", the_table_tells_what_reading_tells},
    {"the bounds hold", the_bounds_hold},
    {"the stores tell what they hold", the_stores_tell_what_they_hold},
};

int main(void)
{
        return TAP_RUN("shapes", tests);
}
