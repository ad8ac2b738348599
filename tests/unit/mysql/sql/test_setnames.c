#include "mysql/sql/setnames.h"
#include "mysql/wire/charset.h"
#include "tap.h"

#include <stdio.h>

/** "client/results" as the text sets them: "-" where it does not, "?" to what can't be known, "default". */
static const char *set_with(const char *sql, struct setnames_options options)
{
        static char room[128];
        struct setnames s;
        bool any = setnames_scan(span_str(sql), &options, &s);
        const char *client = charset_title(s.client);
        const char *results = charset_title(s.results);
        (void)snprintf(room, sizeof room, "%s/%s",
                       !s.has_client      ? "-"
                       : s.client_default ? "default"
                       : client != NULL   ? client
                                          : "?",
                       !s.has_results      ? "-"
                       : s.results_default ? "default"
                       : results != NULL   ? results
                                           : "?");
        CU_ASSERT_EQUAL(any, s.has_client || s.has_results || s.global || s.ansi != SETNAMES_KEPT);
        return room;
}

static const char *set(const char *sql)
{
        return set_with(sql, (struct setnames_options){.succeeded = true, .results = 1});
}

static void set_names(void)
{
        CU_ASSERT_STRING_EQUAL(set("SET NAMES latin1"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("set names 'cp1251'"), "cp1251/cp1251");
        CU_ASSERT_STRING_EQUAL(set(" \n SET\tNAMES \"gbk\" ; "), "gbk/gbk");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES `koi8r`"), "koi8r/koi8r");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES utf8 COLLATE utf8_bin"), "utf8mb3/utf8mb3");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES latin2 COLLATE 'latin2_bin', autocommit=0"), "latin2/latin2");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES DEFAULT"), "default/default");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES unheard"), "?/?");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES"), "?/?"); /* no server takes it */
        CU_ASSERT_STRING_EQUAL(set("SET NAMES @x"), "?/?");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES (x), character_set_results = latin2"), "?/latin2");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES binary"), "binary/binary");
}

static void set_character_set(void)
{
        CU_ASSERT_STRING_EQUAL(set("SET CHARACTER SET latin1"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("SET CHARSET 'latin2'"), "latin2/latin2");
        CU_ASSERT_STRING_EQUAL(set("SET CHARACTER SET DEFAULT"), "default/default");
        CU_ASSERT_STRING_EQUAL(set("SET CHARACTER BOARD latin1"), "-/-");
}

static void set_variables(void)
{
        CU_ASSERT_STRING_EQUAL(set("SET character_set_client = latin1"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET SESSION character_set_client='latin1'"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET LOCAL character_set_results := latin1"), "-/latin1");
        CU_ASSERT_STRING_EQUAL(set("SET @@character_set_client=latin1"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET @@session.character_set_client=latin1"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET @@local.Character_Set_Results=NULL"), "-/?");
        CU_ASSERT_STRING_EQUAL(set("SET character_set_client=DEFAULT, character_set_results=DEFAULT"),
                               "default/default");
        CU_ASSERT_STRING_EQUAL(set("SET character_set_results='default'"), "-/?"); /* a text is no word */
        CU_ASSERT_STRING_EQUAL(set("SET character_set_client = @old"), "?/-");
        CU_ASSERT_STRING_EQUAL(set("SET character_set_client = CONCAT('a', 'b'), autocommit = 1"), "?/-");
        CU_ASSERT_STRING_EQUAL(set("SET sql_mode=CONCAT(@@sql_mode,',x)'), NAMES latin5"), "latin5/latin5");
        CU_ASSERT_STRING_EQUAL(set("SET a = ')', b = (1), NAMES latin5"), "latin5/latin5");
        CU_ASSERT_STRING_EQUAL(set("SET @a = 1, @@autocommit = 0, character_set_client = cp850"), "cp850/-");
        CU_ASSERT_STRING_EQUAL(set("SET character_set_client, autocommit"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET , ;"), "-/-");
}

static void other_scopes(void)
{
        CU_ASSERT_STRING_EQUAL(set("SET GLOBAL character_set_client = latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET @@global.character_set_client = latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET PERSIST character_set_client = latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET PERSIST_ONLY character_set_client = latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET GLOBAL a = 1, character_set_client = latin1"),
                               "-/-"); /* GLOBAL holds on */
        CU_ASSERT_STRING_EQUAL(set("SET GLOBAL a = 1, SESSION character_set_client = latin1"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET GLOBAL a = 1, @@character_set_client = latin1"), "latin1/-");
        CU_ASSERT_STRING_EQUAL(set("SET STATEMENT character_set_client=latin1 FOR SELECT 1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET @character_set_client = latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET collation_connection = latin1_bin"), "-/-");
}

static void other_statements(void)
{
        CU_ASSERT_STRING_EQUAL(set("SELECT 'SET NAMES latin1'"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("UPDATE t SET names = 1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SELECT 1 -- SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SHOW CHARACTER SET latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SETNAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set(""), "-/-");
        CU_ASSERT_STRING_EQUAL(set("S"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("(SELECT 1)"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET"), "-/-");
}

static void comments(void)
{
        CU_ASSERT_STRING_EQUAL(set("/* a */ SET /* b */ NAMES -- c\n latin1 # d"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("# SET NAMES cp850\nSET NAMES latin1"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("-- x\nSET NAMES latin1 --"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("/*!40101 SET NAMES latin1 */"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("/*! SET NAMES latin1 */;"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("/*!40101 SET character_set_client = @saved */"), "?/-");
        CU_ASSERT_STRING_EQUAL(set("/* SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("/*"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("# SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET autocommit = 5 * / 2, NAMES latin1"), "latin1/latin1");
}

/** Comments for a version are read as the server does. */
static void comments_for_a_version(void)
{
        static const struct {
                const char *begin;
                bool mysql9;
                bool mysql57;
                bool mariadb;
        } cases[] = {
            {"/*!", true, true, true},
            {"/*!40101", true, true, true},
            {"/*!50699", true, true, true},
            {"/*!50700", true, true, false},
            {"/*!80000", true, false, false},
            {"/*!90000", true, false, false},
            {"/*!99999", false, false, false},
            {"/*!080000", true, false, false},
            {"/*!100000", false, false, true},
            {"/*!101100", false, false, true},
            {"/*!110000", false, false, false},
            {"/*M!", false, false, true},
            {"/*M!100100", false, false, true},
            {"/*M!999999", false, false, false},
            {"/*!80000 /*!40101", true, false, false},
        };
        const struct sql_mode servers[] = {sql_mode_of_server(span_str("9.1.0")),
                                           sql_mode_of_server(span_str("5.7.44")),
                                           sql_mode_of_server(span_str("5.5.5-10.11.6-MariaDB"))};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const bool is_code[] = {cases[i].mysql9, cases[i].mysql57, cases[i].mariadb};
                for (size_t k = 0; k < 3; k++) {
                        char sql[80];
                        (void)snprintf(sql, sizeof sql, "%s SET NAMES latin1 */", cases[i].begin);
                        const struct setnames_options one = {
                            .succeeded = true, .results = 1, .mode = servers[k]};
                        bool is_set = strcmp(set_with(sql, one), "latin1/latin1") == 0;
                        if (is_set != is_code[k]) {
                                printf("# %s, server %zu\n", sql, k);
                        }
                        CU_ASSERT_EQUAL(is_set, is_code[k]);
                }
        }
}

static enum setnames_mode ansi_of(const char *sql)
{
        struct setnames s;
        const struct setnames_options all = {.succeeded = true, .results = 3};
        (void)setnames_scan(span_str(sql), &all, &s);
        return s.ansi;
}

static void ansi_quotes(void)
{
        static const char *const on[] = {"SET sql_mode = ANSI_QUOTES",
                                         "SET sql_mode='ansi'",
                                         "SET SESSION sql_mode = \"ANSI_QUOTES\"",
                                         "SET @@sql_mode = 'STRICT_ALL_TABLES,ANSI_QUOTES,NO_ZERO_DATE'",
                                         "SET @@session.sql_mode := 4",
                                         "SET NAMES utf8, sql_mode = 262144, autocommit = 1",
                                         "SET `sql_mode` = ANSI",
                                         "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
                                         "/*!80000 SET sql_mode = ANSI */",
                                         "SET sql_mode = (SELECT CONCAT(@@sql_mode, ',ANSI_QUOTES'))",
                                         "SELECT 1; SET sql_mode = ANSI",
                                         "SET sql_mode = ''; SET sql_mode = ANSI; SELECT 1",
                                         "SET sql_mode = ORACLE",
                                         "SET sql_mode = 'STRICT_ALL_TABLES,MAXDB'",
                                         "SET sql_mode = 256"};
        static const char *const off[] = {"SET sql_mode = ''",
                                          "SET sql_mode = DEFAULT",
                                          "SET sql_mode = 'STRICT_ALL_TABLES'",
                                          "SET sql_mode = 0",
                                          "SET sql_mode = TRADITIONAL",
                                          "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', '')",
                                          "SET sql_mode = 'ANSI_QUOTE,XANSI'",
                                          "SET sql_mode = ANSI; SET sql_mode = ''"};
        static const char *const kept[] = {"SET GLOBAL sql_mode = ANSI",
                                           "SET @@global.sql_mode = ANSI",
                                           "SET PERSIST sql_mode = ANSI",
                                           "SET sql_mode = @old",
                                           "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
                                           "SET @sql_mode = ANSI",
                                           "SELECT 'SET sql_mode = ANSI'",
                                           "SET sql_mode",
                                           "SET sql_mode = 4.5",
                                           "SET sql_mode = 0x4",
                                           "SET sql_mode = ?"};
        for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
                CU_ASSERT_EQUAL(ansi_of(on[i]), SETNAMES_ON);
        }
        for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
                CU_ASSERT_EQUAL(ansi_of(off[i]), SETNAMES_OFF);
        }
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
                CU_ASSERT_EQUAL(ansi_of(kept[i]), SETNAMES_KEPT);
        }
        /* the server reads what follows in the new mode */
        const struct setnames_options three = {.succeeded = true, .results = 3};
        CU_ASSERT_STRING_EQUAL(
            set_with("SET sql_mode = ANSI; SELECT 1 AS \"\\\"; SET NAMES latin2 -- \"", three),
            "latin2/latin2");
        CU_ASSERT_STRING_EQUAL(
            set_with("SET sql_mode = NO_BACKSLASH_ESCAPES; SELECT '\\'; SET NAMES latin2 -- '", three),
            "latin2/latin2");
        const struct setnames_options ansi = {.succeeded = true, .results = 2, .mode.ansi_quotes = true};
        CU_ASSERT_STRING_EQUAL(set_with("SELECT 1 AS \"\\\"; SET NAMES latin2", ansi), "latin2/latin2");
}

/** What changes the defaults of the server. */
static void global_variables(void)
{
        static const struct {
                const char *sql;
                bool global;
        } cases[] = {
            {"SET GLOBAL character_set_client = latin2", true},
            {"SET @@global.character_set_results = latin2", true},
            {"SET PERSIST character_set_client = latin2", true},
            {"SET GLOBAL max_connections = 5, character_set_client = DEFAULT", true},
            {"SET PERSIST_ONLY character_set_client = latin2", false},
            {"SET character_set_client = latin2", false},
            {"SET GLOBAL max_connections = 5", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct setnames s;
                const struct setnames_options one = {.succeeded = true, .results = 1};
                (void)setnames_scan(span_str(cases[i].sql), &one, &s);
                CU_ASSERT_EQUAL(s.global, cases[i].global);
        }
}

static void several_statements(void)
{
        const struct setnames_options all = {.succeeded = true, .results = 3};
        CU_ASSERT_STRING_EQUAL(set_with("SELECT 1; SET NAMES latin1; SELECT 2", all), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set_with("SET NAMES gbk; SET NAMES latin1;", all), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(
            set_with("SELECT ';SET NAMES gbk', \"\\\";SET NAMES x\", `;`; SET NAMES latin2", all),
            "latin2/latin2");
        CU_ASSERT_STRING_EQUAL(set_with("SELECT 'it''s;', 'a\\'; SET NAMES gbk;'; SELECT 'SET x", all),
                               "-/-");
        const struct setnames_options plain = {
            .succeeded = true, .results = 3, .mode.no_backslash_escapes = true};
        CU_ASSERT_STRING_EQUAL(set_with("SELECT '\\'; SET NAMES latin2; SELECT 1", plain), "latin2/latin2");
        /* one result: the text is one statement, whatever is in it */
        CU_ASSERT_STRING_EQUAL(set("SELECT 1; SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET NAMES gbk; SET NAMES latin1"), "gbk/gbk");
}

static void failed_statements(void)
{
        CU_ASSERT_STRING_EQUAL(
            set_with("SET NAMES latin1; SELECT broken", (struct setnames_options){.results = 1}),
            "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(
            set_with("SET NAMES latin1; SET NAMES x", (struct setnames_options){.results = 1}),
            "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set_with("SET NAMES x; SELECT 1", (struct setnames_options){.results = 0}),
                               "-/-");
        /* a procedure has any number of results */
        CU_ASSERT_STRING_EQUAL(
            set_with("CALL p(); SET NAMES latin1; SELECT", (struct setnames_options){.results = 2}), "-/-");
        CU_ASSERT_STRING_EQUAL(
            set_with("; SET NAMES latin1; SELECT", (struct setnames_options){.results = 2}), "latin1/latin1");
}

/** A second byte may be a backslash: where the statement ends is not known. */
static void sets_that_hide_ascii(void)
{
        struct setnames_options options = {
            .succeeded = true, .results = 2, .charset = charset_of_name(span_str("gbk"))};
        CU_ASSERT_STRING_EQUAL(set_with("SELECT '\x95\\'; SET NAMES latin1 -- '", options), "-/-");
        CU_ASSERT_STRING_EQUAL(set_with("SELECT 'a'; SET NAMES latin1", options), "latin1/latin1");
        options.charset = charset_of_name(span_str("utf8mb4"));
        CU_ASSERT_STRING_EQUAL(set_with("SELECT '\xc3\xa9'; SET NAMES latin1", options), "latin1/latin1");
}

/** Any text at all ends, and reads nothing beyond. */
static void any_text_ends(void)
{
        static const char alphabet[] = "set names@=:;,()'\"`\\/*!-#\n12eclatin1";
        char text[48];
        uint32_t seed = 11;
        for (int round = 0; round < 200000; round++) {
                struct setnames s;
                size_t n = 0;
                memcpy(text, "SET ", 4);
                for (n = 4; n < sizeof text; n++) {
                        seed = seed * 1664525U + 1013904223U;
                        text[n] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
                }
                const struct setnames_options options = {.succeeded = true, .results = seed % 5};
                (void)setnames_scan(span_of(text, n - seed % 20), &options, &s);
        }
}

static const struct tap_test tests[] = {
    {"SET NAMES", set_names},
    {"SET CHARACTER SET", set_character_set},
    {"variables", set_variables},
    {"other scopes", other_scopes},
    {"other statements", other_statements},
    {"comments", comments},
    {"comments for a version", comments_for_a_version},
    {"ANSI_QUOTES", ansi_quotes},
    {"global variables", global_variables},
    {"several statements", several_statements},
    {"failed statements", failed_statements},
    {"sets that hide ASCII", sets_that_hide_ascii},
    {"any text ends", any_text_ends},
};

int main(void)
{
        return TAP_RUN("setnames", tests);
}
