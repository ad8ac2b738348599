#include "mysql/sql/use.h"
#include "tap.h"

#include <stdio.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

/** The effects of all statements of @p sql: "=name" sets, "-name" drops, "." keeps, "?" is unknown. */
static const char *effects_in(const char *sql, struct sql_mode mode)
{
        static char out[256];
        struct sql_reader reader = sql_reader_over(span_str(sql), mode);
        size_t n = 0;
        do {
                struct use_change change = use_read(&reader);
                uint8_t name[USE_NAME_MAX];
                size_t len = 0;
                bool has_name = change.effect == USE_SETS || change.effect == USE_DROPS;
                if (has_name) {
                        len = use_name(change.name, name);
                }
                const char *sign = change.effect == USE_SETS    ? "="
                                   : change.effect == USE_DROPS ? "-"
                                   : change.effect == USE_KEEPS ? "."
                                                                : "?";
                n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", sign, (int)len, (const char *)name);
        } while (use_next_statement(&reader) && n < sizeof out / 2);
        return out;
}

static const char *effects(const char *sql)
{
        return effects_in(sql, mariadb);
}

static void forms_of_use(void)
{
        static const char *const forms[] = {
            "USE x",
            "use x;",
            " USE\n\tx",
            "USE`x`",
            "USE/**/x",
            "/* a */ USE x",
            "-- a\nUSE x",
            "# a\nUSE x",
            "USE x -- a",
            "/*! USE x */",
            "/*!40101 USE x */",
            "/*M! USE x */",
            "/*!40101 USE*/ x",
            "USE -- a\nx",
            "EXECUTE IMMEDIATE 'USE x'",
        };
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                CU_ASSERT_STRING_EQUAL(effects(forms[i]), "=x");
        }
        CU_ASSERT_STRING_EQUAL(effects("USE `a``b`"), "=a`b");
        CU_ASSERT_STRING_EQUAL(effects("USE `a;b`;SELECT 1"), "=a;b.");
        CU_ASSERT_STRING_EQUAL(effects("/*!99999 USE x */"), ".");
        CU_ASSERT_STRING_EQUAL(effects("USE"), ".");
        CU_ASSERT_STRING_EQUAL(effects("USE 1"), "?");
        CU_ASSERT_STRING_EQUAL(effects("USE ``"), "=");
        CU_ASSERT_STRING_EQUAL(effects("USE \"a\\b\""), "=");
        struct sql_mode ansi = {.is_mariadb = true, .ansi_quotes = true};
        CU_ASSERT_STRING_EQUAL(effects_in("USE \"a\"\"`b\"", ansi), "=a\"`b");
        CU_ASSERT_STRING_EQUAL(effects("USE \"a\""), "=a"); /* MySQL does not report ANSI_QUOTES */
        CU_ASSERT_STRING_EQUAL(effects("USE 'a'"), "?");
        CU_ASSERT_STRING_EQUAL(effects("EXECUTE IMMEDIATE \"USE a\""), "=a");
        uint8_t name[USE_NAME_MAX];
        char longest[USE_NAME_MAX + 1];
        (void)memset(longest, 'x', sizeof longest);
        CU_ASSERT_EQUAL(use_name(span_of(longest, USE_NAME_MAX), name), USE_NAME_MAX);
        CU_ASSERT_EQUAL(use_name(span_of(longest, USE_NAME_MAX + 1), name), 0);
}

static void other_effects(void)
{
        CU_ASSERT_STRING_EQUAL(effects("DROP DATABASE x"), "-x");
        CU_ASSERT_STRING_EQUAL(effects("drop /**/ schema if exists `x`"), "-x");
        CU_ASSERT_STRING_EQUAL(effects("CREATE OR REPLACE DATABASE x"), "-x");
        CU_ASSERT_STRING_EQUAL(effects("CREATE DATABASE x; DROP TABLE x; CREATE OR REPLACE TABLE x (i INT)"),
                               "...");
        CU_ASSERT_STRING_EQUAL(effects("ALTER DATABASE `#mysql50#x` UPGRADE DATA DIRECTORY NAME"), "?");
        CU_ASSERT_STRING_EQUAL(effects("ALTER DATABASE x CHARACTER SET latin1; ALTER TABLE x FORCE"), "..");
        CU_ASSERT_STRING_EQUAL(effects("SELECT 'USE x'; SELECT 1 FROM t USE INDEX (i)"), "..");
        CU_ASSERT_STRING_EQUAL(effects(""), ".");
        CU_ASSERT_STRING_EQUAL(effects(";"), ".");
}

static void statements_that_execute_others(void)
{
        static const char *const unknown[] = {
            "CALL p()",
            "EXECUTE s",
            "EXECUTE IMMEDIATE @x",
            "EXECUTE IMMEDIATE 'USE ' 'x'",
            "EXECUTE IMMEDIATE 'EXECUTE s'",
            "EXECUTE IMMEDIATE 'USE `it''s`'",
            "EXECUTE IMMEDIATE 'USE",
            "EXECUTE IMMEDIATE '",
            "BEGIN NOT ATOMIC EXECUTE s; END",
            "l: BEGIN NOT ATOMIC CALL p(); END",
            "<<l>> BEGIN CALL p(); END",
            "IF 1 THEN DROP DATABASE x; END IF",
            "FOR i IN 1..2 DO EXECUTE s; END FOR",
            "BEGIN NOT ATOMIC SELECT 1; END; USE x",
            "SET STATEMENT max_statement_time = 1 FOR EXECUTE s",
            "SET STATEMENT max_statement_time = 1 FOR USE x",
            "BEGIN NOT ATOMIC DROP SCHEMA x; END",
            "BEGIN NOT ATOMIC CREATE OR REPLACE DATABASE x; END",
            "EXECUTE IMMEDIATE 'USE \\x'",
            "EXECUTE IMMEDIATE 'SELECT 1' 'x'",
            "EXECUTE IMMEDIATE N'USE x'",
        };
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
                CU_ASSERT_STRING_EQUAL(effects(unknown[i]), "?");
        }
        CU_ASSERT_STRING_EQUAL(effects("BEGIN; BEGIN WORK; COMMIT"), "...");
        CU_ASSERT_STRING_EQUAL(effects("BEGIN NOT ATOMIC SELECT 1; SELECT 2; END"), ".");
        CU_ASSERT_STRING_EQUAL(effects("BEGIN NOT ATOMIC SELECT 1 FROM t USE INDEX (i); DROP TABLE t; END"),
                               ".");
        CU_ASSERT_STRING_EQUAL(effects("BEGIN NOT ATOMIC CREATE DATABASE x; CREATE SCHEMA y; END"), ".");
        CU_ASSERT_STRING_EQUAL(effects("CREATE OR ALTER DATABASE x"), "."); /* no server accepts it */
        CU_ASSERT_STRING_EQUAL(effects("EXECUTE IMMEDIATE 'SELECT ?' USING 1; PREPARE s FROM 'USE x'"), "..");
        CU_ASSERT_STRING_EQUAL(effects("SET STATEMENT max_statement_time = 1 FOR SELECT 1; CALL p()"), ".?");
}

/** May the first statement of @p sql execute one that sets a character set? */
static bool may_set_charset(const char *sql)
{
        struct sql_reader reader = sql_reader_over(span_str(sql), mariadb);
        return use_read(&reader).charset_unknown;
}

static void character_sets(void)
{
        static const char *const sets[] = {
            "EXECUTE s",
            "EXECUTE IMMEDIATE @x",
            "EXECUTE IMMEDIATE 'SET NAMES latin1'",
            "EXECUTE IMMEDIATE 'SET a = 1, Character_Set_Results = NULL'",
            "EXECUTE IMMEDIATE 'SET STATEMENT a = 1 FOR SET NAMES latin1'",
            "BEGIN NOT ATOMIC SET character_set_client = latin1; END",
            "BEGIN NOT ATOMIC SELECT 1; SET NAMES latin1; END",
            "IF 1 THEN SET CHARSET latin1; END IF",
            "LOOP SET CHARACTER SET latin1; END LOOP",
            "SET STATEMENT a = 1 FOR EXECUTE s",
        };
        static const char *const keeps[] = {
            "SELECT 1",
            "CALL p()", /* when it ends, the server restores them */
            "EXECUTE IMMEDIATE 'SET a = 1, character_setting = 2'",
            "EXECUTE IMMEDIATE 'SELECT character_set_client, names FROM t'",
            "BEGIN NOT ATOMIC SELECT character_setting, character_sets FROM t; END",
        };
        for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
                CU_ASSERT_TRUE(may_set_charset(sets[i]));
        }
        for (size_t i = 0; i < sizeof keeps / sizeof keeps[0]; i++) {
                CU_ASSERT_FALSE(may_set_charset(keeps[i]));
        }
}

static const struct tap_test tests[] = {
    {"forms of USE", forms_of_use},
    {"other effects", other_effects},
    {"statements that execute others", statements_that_execute_others},
    {"character sets", character_sets},
};

int main(void)
{
        return TAP_RUN("use", tests);
}
