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
        CU_ASSERT_EQUAL(any, s.has_client || s.has_results);
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
        CU_ASSERT_STRING_EQUAL(set("/*M! SET NAMES latin1 */;"), "latin1/latin1");
        CU_ASSERT_STRING_EQUAL(set("/*!80000 SET NAMES latin1 */"), "-/-"); /* not by every server */
        CU_ASSERT_STRING_EQUAL(set("/*!40101 SET character_set_client = @saved */"), "?/-");
        CU_ASSERT_STRING_EQUAL(set("/* SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("/*"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("# SET NAMES latin1"), "-/-");
        CU_ASSERT_STRING_EQUAL(set("SET autocommit = 5 * / 2, NAMES latin1"), "latin1/latin1");
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
        const struct setnames_options plain = {.succeeded = true, .results = 3, .no_backslashes = true};
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
    {"several statements", several_statements},
    {"failed statements", failed_statements},
    {"sets that hide ASCII", sets_that_hide_ascii},
    {"any text ends", any_text_ends},
};

int main(void)
{
        return TAP_RUN("setnames", tests);
}
