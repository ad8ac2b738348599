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
        };
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
                CU_ASSERT_STRING_EQUAL(effects(unknown[i]), "?");
        }
        CU_ASSERT_STRING_EQUAL(effects("BEGIN; BEGIN WORK; COMMIT"), "...");
        CU_ASSERT_STRING_EQUAL(effects("BEGIN NOT ATOMIC SELECT 1; SELECT 2; END"), ".");
        CU_ASSERT_STRING_EQUAL(effects("EXECUTE IMMEDIATE 'SELECT ?' USING 1; PREPARE s FROM 'USE x'"), "..");
        CU_ASSERT_STRING_EQUAL(effects("SET STATEMENT max_statement_time = 1 FOR SELECT 1; CALL p()"), ".?");
}

static const struct tap_test tests[] = {
    {"forms of USE", forms_of_use},
    {"other effects", other_effects},
    {"statements that execute others", statements_that_execute_others},
};

int main(void)
{
        return TAP_RUN("use", tests);
}
