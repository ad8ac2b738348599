/* SET NAMES and its like that set what the session has already, and what looks like it but is not. */
#include "journal/enrich/life.h"
#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>

/** Run @p sql. @return as which needless statement it is reported. */
static uint64_t setup(const char *sql)
{
        struct record r = life_command(COM_QUERY, sql);
        (void)life_see(&r);
        return life_has(&r, FINDING_REPEATED_SETUP) ? r.repeated : 0;
}

static void begin_setup(void)
{
        settings_defaults(&life.settings);
        life.settings.log.repeated_setup = 1;
        life_begin();
}

static void setup_again(void)
{
        life_begin_with_defaults();
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0); /* the first */
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0); /* needless, but that happens */
        CU_ASSERT_EQUAL(setup("/* pool */ set names 'UTF8MB4';"), 0);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 3);
        CU_ASSERT_EQUAL(setup("SELECT 1"), 0);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 4);
        CU_ASSERT_EQUAL(life_counted(FINDING_REPEATED_SETUP), 2);
        life_end();
        life.settings.log.repeated_setup = 0;
        life_begin();
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        }
        life_end();
}

/** Pairs of statements, and whether the second one is needless. */
static void setup_that_sets_the_same(void)
{
        static const struct {
                const char *first;
                const char *second;
                bool needless;
        } cases[] = {
            {"SET autocommit=1", "SET AUTOCOMMIT = 1", true},
            {"SET autocommit=1", "SET @@session.autocommit := 1", true},
            {"SET autocommit=0", "SET autocommit=1", false},
            {"SET SESSION sql_mode='A'", "SET sql_mode = \"a\"", true},
            {"SET sql_mode='A', time_zone='+00:00'", "SET time_zone = '+00:00'", true},
            {"SET sql_mode='A', time_zone='+00:00'", "SET time_zone = '+00:00', sql_mode='B'", false},
            {"SET sql_mode='A', wait_timeout=5", "SET sql_mode='A', lock_wait_timeout=5", false},
            {"SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET NAMES utf8mb4", false},
            {"SET CHARACTER SET utf8", "SET CHARSET utf8", true},
            {"SET wait_timeout=-1", "SET wait_timeout=1", false},
            {"SET /*!40101 sql_mode='a' */", "SET sql_mode='a'", true},
            {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
             "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", true},
            {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
             "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE", false},
            {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
             "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", false}, /* of the next transaction */
            {"SET @@transaction_isolation='SERIALIZABLE'", "SET @@transaction_isolation='SERIALIZABLE'",
             false},
            {"SET @a = 1", "SET @a = 1", false}, /* data */
            {"SET GLOBAL wait_timeout=5", "SET GLOBAL wait_timeout=5", false},
            {"SET @@global.wait_timeout=5", "SET @@session.wait_timeout=5", false},
            {"SET timestamp=5", "SET timestamp=5", false},
            {"SET insert_id=5", "SET insert_id=5", false},
            {"SET sql_mode=CONCAT(@@sql_mode, ',A')", "SET sql_mode=CONCAT(@@sql_mode, ',A')", false},
            {"SET sql_mode=@old", "SET sql_mode=@old", false},
            {"SET PASSWORD = 'x'", "SET PASSWORD = 'x'", false},
            {"SET ROLE a", "SET ROLE a", false},
            {"SET STATEMENT max_statement_time=1 FOR SELECT 1",
             "SET STATEMENT max_statement_time=1 FOR SELECT 1", false},
            {"SET autocommit=1; SELECT 1", "SET autocommit=1; SELECT 1", false},
            {"SET", "SET", false},
            {"SET =", "SET =", false},
            {"SET autocommit=", "SET autocommit=", true},
            {"SET @", "SET @", false},
            {"SELECT 1", "SELECT 1", false},
        };
        begin_setup();
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                life.history.setup = (struct repeated_setup){.needless = 0};
                CU_ASSERT_EQUAL(setup(cases[i].first), 0);
                bool needless = setup(cases[i].second) > 0;
                if (needless != cases[i].needless) {
                        printf("# %s / %s\n", cases[i].first, cases[i].second);
                }
                CU_ASSERT_EQUAL(needless, cases[i].needless);
        }
        life_end();
}

/** What comes between two equal statements, so that the second is not needless. */
static void setup_after_a_change(void)
{
        static const char *const between[] = {
            "SET NAMES latin1",
            "SET character_set_client = latin1",
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
            "SET CHARACTER SET utf8mb4",
            "SET collation_connection = utf8mb4_bin",
            "CALL p()",
            "EXECUTE IMMEDIATE 'SET NAMES latin1'",
            "BEGIN NOT ATOMIC SET NAMES latin1; END",
            "SET STATEMENT max_statement_time=1 FOR EXECUTE s",
            "  call p()",
            "/* a */ CALL p()",
        };
        begin_setup();
        for (size_t i = 0; i < sizeof between / sizeof between[0]; i++) {
                (void)setup("SET NAMES utf8mb4");
                CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
                (void)setup(between[i]);
                CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        }
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        CU_ASSERT_EQUAL(setup("BEGIN"), 0);
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        struct record r = life_command(COM_RESET_CONNECTION, NULL);
        (void)life_see(&r);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = life_command(COM_QUERY, "SELECT 1; SET NAMES latin1"); /* several statements */
        record_set_list(&r, FIELD_RESULT_ROWS, (struct value_list){NULL, 0});
        (void)life_see(&r);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = life_command(COM_QUERY, "SET NAMES utf8mb4"); /* one that fails */
        record_set_uint(&r, FIELD_ERRNO, 1115);
        (void)life_see(&r);
        CU_ASSERT_FALSE(life_has(&r, FINDING_REPEATED_SETUP));
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        session_findings_gap(&life.findings);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = life_command(COM_QUERY, "SET NAMES utf8mb4"); /* one that was cut */
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100);
        (void)life_see(&r);
        CU_ASSERT_FALSE(life_has(&r, FINDING_REPEATED_SETUP));
        life_end();
}

/** More variables than are remembered: those that are forgotten are not reported. */
static void many_variables(void)
{
        begin_setup();
        for (unsigned i = 0; i < 40; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SET variable_%u = 1", i % 20);
                CU_ASSERT_EQUAL(setup(sql), 0);
        }
        life_end();
}

static void the_same_database(void)
{
        begin_setup();
        life.who.database = span_str("shop");
        static const struct {
                unsigned code;
                const char *sql;
                bool needless;
        } cases[] = {{COM_QUERY, "USE shop", true},   {COM_QUERY, "use `shop`;", true},
                     {COM_QUERY, "USE other", false}, {COM_QUERY, "USE shop; SELECT 1", false},
                     {COM_INIT_DB, "shop", true},     {COM_INIT_DB, "shop2", false},
                     {COM_INIT_DB, "", false},        {COM_QUERY, "USE", false}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct record r = life_command(cases[i].code, cases[i].sql);
                r.present.words[0] |= 1ULL << FIELD_DATABASE;
                (void)life_see(&r);
                CU_ASSERT_EQUAL(life_has(&r, FINDING_REPEATED_SETUP), cases[i].needless);
        }
        struct record r = life_command(COM_INIT_DB, "shop"); /* the database before is unknown */
        (void)life_see(&r);
        CU_ASSERT_FALSE(life_has(&r, FINDING_REPEATED_SETUP));
        life_end();
}

static void prepared_setup(void)
{
        begin_setup();
        struct value one = {.bytes = span_str("1")};
        struct value two = {.bytes = span_str("2")};
        struct value cut = {.bytes = span_str("1"), .true_len = 2}; /* what was cut off may differ */
        struct value *values[] = {&one, &one, &two, &two, &cut, &cut};
        for (unsigned i = 0; i < 6; i++) {
                struct record r = life_command(COM_STMT_EXECUTE, NULL);
                record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("SET wait_timeout = ?"));
                record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values[i], 1});
                (void)life_see(&r);
                CU_ASSERT_EQUAL(life_has(&r, FINDING_REPEATED_SETUP), i % 2 == 1 && i < 4);
        }
        life_end();
}

static const struct tap_test tests[] = {
    {"setup again", setup_again},
    {"setup that sets the same", setup_that_sets_the_same},
    {"setup after a change", setup_after_a_change},
    {"many variables", many_variables},
    {"the same database", the_same_database},
    {"prepared setup", prepared_setup},
};

int main(void)
{
        return TAP_RUN("repeated_setup", tests);
}
