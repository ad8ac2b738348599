/* SQL in tokens, in digests, and where its passwords are. */
#include "mysql/sql/digest.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sql_mode mysql9 = {.version = 90704};
static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

/* --- tokens --------------------------------------------------------------------------------------------------------- */

/** Kinds and texts: "K:SELECT N:a S:'x'". */
static const char *tokens_of(struct span sql, struct sql_mode mode)
{
        static const char kinds[] = {
            [SQL_END] = '.',        [SQL_KEYWORD] = 'K',  [SQL_NAME] = 'N',    [SQL_QUOTED] = 'Q',
            [SQL_HOST] = 'H',       [SQL_STRING] = 'S',   [SQL_NUMBER] = '1',  [SQL_PARAMETER] = 'P',
            [SQL_INTRODUCER] = 'I', [SQL_OPERATOR] = 'O', [SQL_COMMENT] = 'C', [SQL_HINT] = 'T'};
        static char out[1024];
        struct sql_lexer l = sql_lexer_over(sql, mode);
        size_t at = 0;
        out[0] = '\0';
        for (struct sql_token t = sql_next(&l); t.kind != SQL_END; t = sql_next(&l)) {
                at += (size_t)snprintf(out + at, sizeof out - at, "%s%c:%.*s", at > 0 ? " " : "",
                                       kinds[t.kind], (int)t.text.len, (const char *)t.text.data);
        }
        CU_ASSERT_EQUAL(sql_next(&l).kind, SQL_END);
        return out;
}

static const char *mysql_tokens(const char *sql)
{
        return tokens_of(span_str(sql), mysql9);
}

static void kinds_of_tokens(void)
{
        CU_ASSERT_STRING_EQUAL(mysql_tokens("select A.b, `c``d` from t"),
                               "K:select N:A O:. N:b O:, Q:`c``d` K:from N:t");
        CU_ASSERT_STRING_EQUAL(
            mysql_tokens("'it''s' \"a\\\"b\" n'x' N'y' x'1F' b'01' _utf8mb4'z' _none"),
            "S:'it''s' S:\"a\\\"b\" S:n'x' S:N'y' 1:x'1F' 1:b'01' I:_utf8mb4 S:'z' N:_none");
        CU_ASSERT_STRING_EQUAL(
            mysql_tokens("1 1.5 .5 1e5 1e-5 1.5e+3 0x1f 0b01 1a 1e 0xzz 0b2 5.a t.5"),
            "1:1 1:1.5 1:.5 1:1e5 1:1e-5 1:1.5e+3 1:0x1f 1:0b01 N:1a N:1e N:0xzz N:0b2 1:5. N:a N:t O:. "
            "N:5");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("@a @'b' @`c` @@d @@global.e @ f"),
                               "O:@ H:a O:@ S:'b' O:@ Q:`c` O:@ O:@ N:d O:@ O:@ K:global O:. N:e O:@ H:f");
        CU_ASSERT_STRING_EQUAL(
            mysql_tokens("a<=>b->>c->d:=e||f&&g<>h!=i<<j>>k<=l>=m ?"),
            "N:a O:<=> N:b O:->> N:c O:-> N:d O::= N:e O:|| N:f O:&& N:g O:<> N:h O:!= N:i O:<< N:j O:>> "
            "N:k O:<= N:l O:>= N:m P:?");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("count(a) count max.b t.select t. select"),
                               "K:count O:( N:a O:) N:count N:max O:. N:b N:t O:. N:select N:t O:. N:select");
}

/** Where a quoted text ends, byte by byte. */
static size_t end_of_quoted(struct span text, bool escapes)
{
        size_t at = 1;
        while (at < text.len) {
                if (text.data[at] == '\\' && escapes) {
                        at++;
                } else if (text.data[at] == text.data[0]) {
                        if (at + 1 == text.len || text.data[at + 1] != text.data[0]) {
                                return at + 1;
                        }
                        at++;
                }
                at++;
        }
        return text.len;
}

static void quoted_texts_of_any_length(void)
{
        static const char quotes[] = "'\"`";
        for (unsigned round = 0; round < 20000; round++) {
                size_t len = 1 + tap_random_below(70);
                char *text = malloc(len); /* a sanitizer sees a step too far */
                CU_ASSERT_PTR_NOT_NULL_FATAL(text);
                char quote = quotes[tap_random_below(3)];
                struct sql_mode mode = mysql9;
                mode.no_backslash_escapes = tap_random_below(4) == 0;
                for (size_t i = 0; i < len; i++) {
                        text[i] = tap_random_below(8) == 0 ? '\\' : tap_random_below(30) == 0 ? quote : 'a';
                }
                text[0] = quote;
                struct sql_lexer l = sql_lexer_over(span_of(text, len), mode);
                struct sql_token t = sql_next(&l);
                CU_ASSERT_EQUAL(t.text.len, end_of_quoted(span_of(text, len),
                                                          quote != '`' && !mode.no_backslash_escapes));
                free(text);
        }
}

static void comments(void)
{
        CU_ASSERT_STRING_EQUAL(mysql_tokens("1 -- a\n2 # b\n3 --4 /* c */ 5 --"),
                               "1:1 C:-- a 1:2 C:# b 1:3 O:- O:- 1:4 C:/* c */ 1:5 C:--");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("/*! a */ /*!50000 b */ /*!99999 c */ /*!123 d */"),
                               "C:/*! N:a C:*/ C:/*!50000 N:b C:*/ C:/*!99999 c */ C:/*! 1:123 N:d C:*/");
        CU_ASSERT_STRING_EQUAL(
            tokens_of(span_str("/*M! a */ /*M!100100 b */ /*!50799 c */ /*!50600 d */ /*M!999999 e */"),
                      mariadb),
            "C:/*M! N:a C:*/ C:/*M!100100 N:b C:*/ C:/*!50799 c */ C:/*!50600 N:d C:*/ C:/*M!999999 e */");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("/*M! a */ 1"), "C:/*M! a */ 1:1");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("select /*+ bka(t@q) */ a /*+ b */"),
                               "K:select T:/*+ K:bka O:( N:t O:@ N:q O:) T:*/ N:a C:/*+ b */");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("1 /* open"), "1:1 C:/* open");
}

static void modes(void)
{
        struct sql_mode ansi = {.ansi_quotes = true, .no_backslash_escapes = true};
        CU_ASSERT_STRING_EQUAL(tokens_of(span_str("\"a\" 'b\\' c"), ansi), "Q:\"a\" S:'b\\' N:c");
        CU_ASSERT_STRING_EQUAL(tokens_of(span_str("\\N"), mariadb), "K:\\N");
        CU_ASSERT_STRING_EQUAL(mysql_tokens("\\N"), "O:\\ N:N");
}

static void versions(void)
{
        static const struct {
                const char *text;
                uint32_t version;
                bool is_mariadb;
        } all[] = {{"9.7.4", 90704, false},
                   {"8.0.36-0ubuntu", 80036, false},
                   {"5.5.5-10.11.19-MariaDB-1", 101119, true},
                   {"11.4.2-MariaDB", 110402, true},
                   {"nonsense", 0, false},
                   {"5.5.5-", 50505, false},
                   {"", 0, false},
                   {"1000.1.1", 1000101, false}};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                struct sql_mode mode = sql_mode_of_server(span_str(all[i].text));
                CU_ASSERT_EQUAL(mode.is_mariadb, all[i].is_mariadb);
                CU_ASSERT_TRUE(mode.version == all[i].version || all[i].version == 1000101);
        }
}

static void what_is_not_closed(void)
{
        static const char *const open[] = {"'a",    "\"a", "`a", "'a\\", "x'1", "/* a",
                                           "/*! a", "@",   "@@", "_",    "1e+", "."};
        for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
                CU_ASSERT_TRUE(*mysql_tokens(open[i]) != '\0');
        }
        CU_ASSERT_STRING_EQUAL(mysql_tokens(""), "");
        CU_ASSERT_STRING_EQUAL(mysql_tokens(" \t\n"), "");
        struct sql_lexer l = sql_lexer_over(span_of("a\0b", 3), mysql9);
        CU_ASSERT_EQUAL(sql_next(&l).kind, SQL_NAME);
        CU_ASSERT_EQUAL(sql_next(&l).kind, SQL_OPERATOR);
        CU_ASSERT_EQUAL(sql_next(&l).kind, SQL_NAME);
}

/* --- digests -------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *sql;
        const char *digest;
} cases[] = {
#include "digest_cases.inc"
};

static struct digest *digest_of(const char *sql, struct sql_mode mode)
{
        static struct digest d;
        digest_make(span_str(sql), mode, &d);
        return &d;
}

static void digests_are_mysqls(void)
{
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const struct digest *d = digest_of(cases[i].sql, mysql9);
                bool same = span_equal(span_of(d->text, d->len), span_str(cases[i].digest));
                CU_ASSERT_TRUE(same);
                if (!same) {
                        printf("# %s\n#   %.*s\n#   %s\n", cases[i].sql, (int)d->len, (const char *)d->text,
                               cases[i].digest);
                }
        }
}

/** What a list of @p n times @p unit is, with commas between. */
static struct digest *digest_of_list(const char *head, const char *unit, unsigned n, const char *tail)
{
        static char sql[1 << 16];
        size_t at = (size_t)snprintf(sql, sizeof sql, "%s", head);
        for (unsigned i = 0; i < n; i++) {
                at += (size_t)snprintf(sql + at, sizeof sql - at, "%s%s", i > 0 ? "," : "", unit);
        }
        (void)snprintf(sql + at, sizeof sql - at, "%s", tail);
        return digest_of(sql, mysql9);
}

static void long_lists_are_as_short_ones(void)
{
        static const struct {
                const char *head;
                const char *unit;
                const char *tail;
                size_t literals; /* of each */
                bool is_reduced;
        } lists[] = {
            {"SELECT 1 FROM t WHERE a IN (", "1", ") AND b = 2", 1, true},
            {"SELECT 1 FROM t WHERE a IN (", "'x'", ")", 1, true},
            {"SELECT ", "?", " FROM t", 0, true},
            {"SELECT ", "-1", "", 1, true},
            {"INSERT INTO t VALUES ", "(1)", "", 1, true},
            {"INSERT INTO t VALUES ", "(?)", "", 0, true},
            {"INSERT INTO t VALUES ", "(1, 'a', NULL, ?, -2, + - 3)", " ON DUPLICATE KEY UPDATE a = 1", 4,
             true},
            {"INSERT INTO t VALUES ", "(1, /* x */ 'a')", "; SELECT (1),(2)", 2, true},
            {"INSERT INTO t VALUES ", "(1, NOW())", "", 1, false},
            {"INSERT INTO t VALUES ", "(1, DEFAULT)", "", 1, false},
            {"INSERT INTO t VALUES ", "(1,2),(3)", "", 3, false},
            {"INSERT INTO t VALUES ", "()", "", 0, false},
            {"SELECT a FROM t ORDER BY ", "1", "", 1, false},
            {"SELECT a FROM t GROUP BY ", "(1)", "", 1, true},
        };
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
                struct digest one = *digest_of_list(lists[i].head, lists[i].unit, 1, lists[i].tail);
                struct digest three = *digest_of_list(lists[i].head, lists[i].unit, 3, lists[i].tail);
                struct digest many = *digest_of_list(lists[i].head, lists[i].unit, 300, lists[i].tail);
                CU_ASSERT_TRUE(many.is_cut || many.n_literals == one.n_literals + 299 * lists[i].literals);
                CU_ASSERT_NOT_EQUAL(three.values, lists[i].literals > 0 ? many.values : 1);
                bool same = three.len == many.len && memcmp(three.text, many.text, many.len) == 0;
                CU_ASSERT_EQUAL(same, lists[i].is_reduced);
        }
        struct digest none = *digest_of("INSERT INTO t VALUES (1),(2),(),(3,)", mysql9);
        CU_ASSERT_TRUE(span_equal(span_of(none.text, none.len),
                                  span_str("INSERT INTO `t` VALUES (?) /* , ... */ , ( ) , ( ? , )")));
        struct digest rows = *digest_of("INSERT INTO t VALUES (1,2),(3,4),(5,6),(7,8", mysql9);
        CU_ASSERT_TRUE(span_equal(span_of(rows.text, rows.len),
                                  span_str("INSERT INTO `t` VALUES (...) /* , ... */ , ( ?, ...")));
        CU_ASSERT_EQUAL(rows.n_literals, 8);
}

static void names_of_digests(void)
{
        char a[DIGEST_HEX];
        char b[DIGEST_HEX];
        struct digest one = *digest_of("SELECT 1 FROM t WHERE a = 'x'", mysql9);
        struct digest two = *digest_of("select  2 from `t` where a='y' -- z", mysql9);
        digest_hex(one.hash, a);
        digest_hex(two.hash, b);
        CU_ASSERT_EQUAL(memcmp(a, b, DIGEST_HEX), 0);
        CU_ASSERT_NOT_EQUAL(one.values, two.values);
        CU_ASSERT_TRUE(one.verb == two.verb && memcmp(one.verb->text, "SELECT", 6) == 0);
        /* the same on each machine and in each version: logs of different days are compared by it */
        CU_ASSERT_EQUAL(memcmp(a, "544bddb13a4f88c357030ecd07733f5a", DIGEST_HEX), 0);
        CU_ASSERT_PTR_NULL(digest_of("(select 1)", mysql9)->verb);
        CU_ASSERT_EQUAL(digest_of("", mysql9)->len, 0);
        CU_ASSERT_EQUAL(digest_of("; ;", mysql9)->len, 0);
        CU_ASSERT_EQUAL(memcmp(digest_of("select \\N", mariadb)->text, "SELECT ?", 8), 0);
}

static void long_digests_are_cut(void)
{
        char *sql = malloc(40000);
        size_t at = 0;
        for (int i = 0; i < 3000; i++) {
                at += (size_t)snprintf(sql + at, 40000 - at, "col%d, ", i);
        }
        const struct digest *d = digest_of(sql, mysql9);
        CU_ASSERT_TRUE(d->is_cut && d->len <= DIGEST_TEXT_MAX && d->len > DIGEST_TEXT_MAX - 16);
        memset(sql, '`', 6000);
        sql[6000] = '\0';
        CU_ASSERT_TRUE(digest_of(sql, mysql9)->len <= DIGEST_TEXT_MAX);
        memset(sql, '-', 300);
        (void)snprintf(sql + 300, 100, "1");
        CU_ASSERT_TRUE(digest_of(sql, mysql9)->len > 0); /* more signs than are remembered */
        free(sql);
}

/** A statement is read in the mode that those before it in the text have set. */
static void modes_that_statements_set(void)
{
        static const char *const on[] = {"SET sql_mode = 'ANSI_QUOTES'",
                                         "/* a */ SET @@session.sql_mode=ANSI",
                                         "SET NAMES utf8, sql_mode = 4",
                                         "SELECT 1; SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
                                         "SET sql_mode = ORACLE",
                                         "SET sql_mode = 512",
                                         "SET sql_mode = ''; SET sql_mode = MSSQL",
                                         "SET sql_mode = ANSI; CREATE TABLE t (a INT); BEGIN; COMMIT"};
        static const char *const off[] = {
            "SET GLOBAL sql_mode = ANSI", "SET @sql_mode = 'ANSI'", "SET sql_mode = @old",
            "SELECT 'sql_mode'", "SET sql_mode = ANSI; SET sql_mode = DEFAULT",
            /* the server reads all of these before it executes any */
            "CREATE PROCEDURE p() BEGIN SELECT 1; SET sql_mode = ANSI",
            "BEGIN NOT ATOMIC SELECT 1; SET sql_mode = ANSI", "IF 1 THEN SELECT 1; SET sql_mode = ANSI",
            "a: LOOP SELECT 1; SET sql_mode = ANSI"};
        char sql[200];
        for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
                (void)snprintf(sql, sizeof sql, "%s; \"a\\\" b", on[i]);
                CU_ASSERT_PTR_NOT_NULL(strstr(mysql_tokens(sql), " O:; Q:\"a\\\" N:b"));
        }
        for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
                (void)snprintf(sql, sizeof sql, "%s; \"a\\\" b", off[i]);
                CU_ASSERT_PTR_NOT_NULL(strstr(mysql_tokens(sql), " O:; S:\"a\\\" b"));
        }
        static const char *const none[] = {"SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET sql_mode = 1048576",
                                           "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                (void)snprintf(sql, sizeof sql, "%s; 'a\\' b", none[i]);
                CU_ASSERT_PTR_NOT_NULL(strstr(mysql_tokens(sql), " O:; S:'a\\' N:b"));
        }
        const struct sql_mode before = {.version = 90704, .ansi_quotes = true, .no_backslash_escapes = true};
        CU_ASSERT_PTR_NOT_NULL(
            strstr(tokens_of(span_str("SET sql_mode = ''; \"a\\\" b\""), before), "O:; S:\"a\\\" b\""));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(tokens_of(span_str("SET sql_mode = @a; \"a\\\" b"), before), "O:; Q:\"a\\\" N:b"));
}

static const struct tap_test tests[] = {
    {"kinds of tokens", kinds_of_tokens},
    {"quoted texts of any length", quoted_texts_of_any_length},
    {"comments", comments},
    {"modes", modes},
    {"modes that statements set", modes_that_statements_set},
    {"versions", versions},
    {"what is not closed ends at the end", what_is_not_closed},
    {"digests are MySQL's", digests_are_mysqls},
    {"long lists are as short ones", long_lists_are_as_short_ones},
    {"names of digests", names_of_digests},
    {"long digests are cut", long_digests_are_cut},
};

int main(void)
{
        return TAP_RUN("sql", tests);
}
