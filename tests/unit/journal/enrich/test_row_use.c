/* Why a statement is run, as rows of results before it show: for a further row, or again. And lists whose rows refer to several kinds. */
#include "journal/enrich/enriched.h"
#include "journal/enrich/statement_keys.h"
#include "mysql/record/row_hashes.h"
#include "tap.h"

#include <stdio.h>

static uint64_t now_ns = 1000000;

static void begin(void)
{
        enriched_digests = 64;
        enriched_begin(0);
        enriched_digests = 8;
}

/** Execute @p sql with the number @p value behind it, which returns @p rows rows; the first of them have the @p n numbers at @p values.
 *  @return why it was executed. */
static enum row_use ask(const char *sql, unsigned value, unsigned rows, const unsigned *values, unsigned n)
{
        static struct row_hashes hashes;
        char text[128];
        (void)snprintf(text, sizeof text, "%s%u", sql, value);
        struct record r = enriched_query(7, text);
        now_ns += 200000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_ROWS, rows);
        hashes.rows = n;
        hashes.columns = 1;
        for (unsigned i = 0; i < n; i++) {
                char number[16];
                (void)snprintf(number, sizeof number, "%u", values[i]);
                hashes.at[i] = row_hash_text(span_str(number));
        }
        if (n > 0) {
                r.row_hashes = span_of(&hashes, row_hashes_size(&hashes));
        }
        CU_ASSERT_EQUAL(enrich_record(&enriched, &enriched_session, &r), 0);
        return enriched.found.row_use;
}

static enum row_use ask_author(unsigned id)
{
        return ask("SELECT name FROM author WHERE id = ", id, 1, NULL, 0);
}

/** Read a list of @p rows rows with the @p n numbers at @p values. */
static void read_list(unsigned rows, const unsigned *values, unsigned n)
{
        (void)ask("SELECT author FROM p LIMIT ", rows, rows, values, n);
}

/** Rows far behind, or with others between them that were left out, are no reason to ask again; the next row is, and one that came since. */
static void again(void)
{
        static const unsigned next[] = {5, 5, 7, 8, 9, 10, 11};
        static const unsigned near[] = {5, 6, 5, 8, 9, 10, 11};
        static const unsigned far[] = {5, 6, 7, 8, 9, 10, 5};
        static const struct {
                const unsigned *values;
                enum row_use directly;
                enum row_use later; /* with another statement in between */
        } cases[] = {{next, ROW_USE_ROW, ROW_USE_ROW},
                     {near, ROW_USE_AGAIN, ROW_USE_NONE},
                     {far, ROW_USE_AGAIN, ROW_USE_NONE}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                for (unsigned later = 0; later < 2; later++) {
                        begin();
                        read_list(7, cases[i].values, 7);
                        CU_ASSERT_EQUAL(ask_author(5), ROW_USE_ROW);
                        if (later != 0) {
                                (void)ask("SELECT COUNT(*) FROM t WHERE a <> ", 1, 1, NULL, 0);
                        }
                        CU_ASSERT_EQUAL(ask_author(5), later != 0 ? cases[i].later : cases[i].directly);
                        enriched_finish();
                }
        }
        begin();
        read_list(7, far, 7);
        CU_ASSERT_EQUAL(ask_author(5), ROW_USE_ROW);
        (void)ask("SELECT author FROM comment WHERE p = ", 6, 3, near, 3);
        CU_ASSERT_EQUAL(ask_author(5), ROW_USE_ROW);
        enriched_finish();
}

/** An application that asks for each author twice does so for the author of two rows in turn, too. One that asks for each row does not. */
static void each_asked_again(void)
{
        static const unsigned values[] = {1, 2, 3, 4, 5, 5, 7, 8};
        for (unsigned times = 1; times <= 2; times++) {
                begin();
                read_list(8, values, 8);
                for (unsigned i = 0; i < 4; i++) {
                        CU_ASSERT_EQUAL(ask_author(values[i]), ROW_USE_ROW);
                        for (unsigned k = 1; k < times; k++) {
                                CU_ASSERT_EQUAL(ask_author(values[i]), ROW_USE_AGAIN);
                        }
                }
                CU_ASSERT_EQUAL(ask_author(5), ROW_USE_ROW);
                CU_ASSERT_EQUAL(ask_author(5), times == 1 ? ROW_USE_ROW : ROW_USE_AGAIN);
                enriched_finish();
        }
}

/** Behind the rows that were hashed nobody can tell, once the statements have come to their end. */
static void behind_the_hashed_rows(void)
{
        unsigned values[ROW_HASHES_ROWS];
        for (unsigned i = 0; i < ROW_HASHES_ROWS; i++) {
                values[i] = i;
        }
        for (unsigned first = 0; first <= 30; first += 30) {
                begin();
                read_list(40, values, ROW_HASHES_ROWS);
                (void)ask_author(first);
                (void)ask_author(first + 1);
                (void)ask_author(35);
                CU_ASSERT_EQUAL(ask_author(35), first == 0 ? ROW_USE_AGAIN : ROW_USE_NONE);
                enriched_finish();
        }
}

/** The next row has the same value also if many rows have one of few owners, and one of many values is in some row by chance. */
static void few_owners_and_many_values(void)
{
        for (unsigned owners = 3; owners <= 4; owners++) {
                unsigned values[ROW_HASHES_ROWS];
                for (unsigned i = 0; i < ROW_HASHES_ROWS; i++) {
                        values[i] = i > ROW_HASHES_ROWS - owners ? 100 + i : 5;
                }
                begin();
                read_list(ROW_HASHES_ROWS, values, ROW_HASHES_ROWS);
                (void)ask_author(5);
                CU_ASSERT_EQUAL(ask_author(5), owners == 3 ? ROW_USE_AGAIN : ROW_USE_ROW);
                enriched_finish();
        }
        static const unsigned values[] = {5, 5, 7, 8, 9, 10, 11};
        static const char many[] = "SELECT a FROM b WHERE c = 1 AND d = 2 AND e = 3 AND g = 4 AND id = ";
        begin();
        read_list(7, values, 7);
        CU_ASSERT_EQUAL(ask(many, 5, 1, NULL, 0), ROW_USE_ROW);
        CU_ASSERT_EQUAL(ask(many, 5, 1, NULL, 0), ROW_USE_NONE);
        enriched_finish();
}

/** Somebody looks at one post after another, behind a list that has all authors: each time the author is that of the post just read, and
 *  not of a row of the list. Without the posts, the authors are in a loop. */
static void one_object_after_another(void)
{
        static const unsigned authors[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        static const unsigned visits[] = {7, 3, 9, 1, 12, 5, 2, 8, 10, 4};
        for (unsigned reads_posts = 0; reads_posts < 2; reads_posts++) {
                unsigned n = 0;
                begin();
                read_list(12, authors, 12);
                for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
                        if (reads_posts != 0) {
                                (void)ask("SELECT author FROM p WHERE slug = ", 500 + visits[i], 1,
                                          &visits[i], 1);
                        }
                        (void)ask("SELECT COUNT(*) FROM t WHERE a <> ", 600 + (unsigned)i, 1, NULL, 0);
                        (void)ask_author(visits[i]);
                }
                (void)enrich_expire(&enriched, NULL, UINT64_MAX, &n);
                CU_ASSERT_EQUAL(n, 1 - reads_posts);
                enriched_finish();
        }
}

/** The same if some of the posts are in the list by chance. */
static void some_of_a_list(void)
{
        static const unsigned listed[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        static const unsigned visits[] = {1, 2, 23, 3, 31, 4, 12, 5, 6, 25, 7, 38, 8, 9, 34, 10};
        unsigned n = 0;
        begin();
        read_list(10, listed, 10);
        for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
                unsigned author = 500 + (unsigned)i % 5;
                (void)ask("SELECT author FROM p WHERE slug = ", visits[i], 1, &author, 1);
                (void)ask_author(author);
        }
        (void)enrich_expire(&enriched, NULL, UINT64_MAX, &n);
        CU_ASSERT_EQUAL(n, 0);
        enriched_finish();
}

/** Rows that refer to objects of several kinds: each kind has statements of its own, for some of the rows. */
static void objects_of_several_kinds(void)
{
        static const char *const kinds[] = {
            "SELECT a FROM post WHERE id = ", "SELECT a FROM page WHERE id = ",
            "SELECT a FROM file WHERE id = "};
        unsigned values[24];
        unsigned n = 0;
        for (unsigned i = 0; i < 24; i++) {
                values[i] = 100 + i;
        }
        begin();
        read_list(24, values, 24);
        for (unsigned i = 0; i < 24; i++) {
                (void)ask(kinds[i % 3], 100 + i, 1, NULL, 0);
        }
        (void)enrich_expire(&enriched, NULL, UINT64_MAX, &n);
        CU_ASSERT_EQUAL(n, 3);
        for (unsigned i = 0; i < n; i++) {
                CU_ASSERT_EQUAL(enriched.runs[i].repeated, 8);
        }
        /* what is asked besides, for rows that have had their statements, is no such kind */
        read_list(24, values, 24);
        for (unsigned i = 0; i < 24; i++) {
                (void)ask(kinds[0], 100 + i, 1, NULL, 0);
        }
        for (unsigned i = 1; i < 8; i++) {
                (void)ask("SELECT value FROM setting WHERE id = ", 100 + i, 1, NULL, 0);
        }
        (void)enrich_expire(&enriched, NULL, UINT64_MAX, &n);
        CU_ASSERT_EQUAL(n, 1);
        enriched_finish();
}

/** The key of a SELECT by the constant @p literal; 0 = it has none. */
static uint32_t key_of(struct span literal, bool no_backslash_escapes)
{
        char sql[512] = "SELECT a FROM t WHERE b = ";
        struct writer w = writer_over(sql, sizeof sql);
        w.at = strlen(sql);
        writer_put(&w, literal);
        const struct shape shape = {.kind = SHAPE_QUERY};
        struct record r = {.event = EVENT_QUERY,
                           .sql_mode = {.is_mariadb = true, .no_backslash_escapes = no_backslash_escapes}};
        struct statement_keys keys;
        statement_keys_read(&r, writer_span(&w), &shape, &keys);
        return keys.n > 0 ? keys.at[0] : 0;
}

/** A string has the same key however it is written: plainly, which takes a shorter way, or with quotes doubled and escapes. */
static void a_string_is_the_same_in_any_quotes(void)
{
        static const char letters[] = "ab'\"\\ \xc3";
        for (unsigned round = 0; round < 20000; round++) {
                uint8_t text[150];
                size_t len = 1 + tap_random_below(round % 8 == 0 ? sizeof text : 12);
                bool no_backslash = round % 2 == 0;
                char one[400], other[400];
                struct writer a = writer_over(one, sizeof one);
                struct writer b = writer_over(other, sizeof other);
                writer_char(&a, '\'');
                writer_char(&b, '"');
                for (size_t i = 0; i < len; i++) {
                        text[i] = (uint8_t)letters[tap_random_below(round % 3 == 0 ? 2 : sizeof letters - 1)];
                        const char *escape = text[i] == '\\' && !no_backslash ? "\\" : "";
                        writer_text(&a, text[i] == '\'' ? "'" : escape);
                        writer_text(&b, text[i] == '"' ? "\"" : escape);
                        writer_char(&a, (char)text[i]);
                        writer_char(&b, (char)text[i]);
                }
                writer_char(&a, '\'');
                writer_char(&b, '"');
                uint32_t key = key_of(writer_span(&a), no_backslash);
                CU_ASSERT_EQUAL(key, key_of(writer_span(&b), no_backslash));
                CU_ASSERT_EQUAL(key, len <= ROW_HASH_MAX ? row_hash_text(span_of(text, len)) : 0);
        }
}

static const struct tap_test tests[] = {
    {"a string is the same in any quotes", a_string_is_the_same_in_any_quotes},
    {"again", again},
    {"each asked again", each_asked_again},
    {"behind the hashed rows", behind_the_hashed_rows},
    {"few owners and many values", few_owners_and_many_values},
    {"one object after another", one_object_after_another},
    {"some of a list", some_of_a_list},
    {"objects of several kinds", objects_of_several_kinds},
};

int main(void)
{
        return TAP_RUN("row use", tests);
}
