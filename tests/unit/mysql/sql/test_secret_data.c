/* Passwords in what servers answer. */
#include "mysql/sql/secret_data.h"

#include "mysql/sql/secret.h"
#include "mysql/sql/secret_labels.h"
#include "tap.h"

#include <stdio.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

static void values(void)
{
        static const char *const secret[] = {
            "CREATE USER `a`@`b` IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$\x13Mp\x1f\x08Q'",
            "Incorrect integer value: 'x' for column `s`.`t`.`password` at row 1",
            "Duplicate entry 'x' for key 'password'",
            "select 1 from t where `password` = 'x'",
            "{\"password\": \"x\"}",
            "mysql://u:p@h/d",
            "SELECT AES_ENCRYPT('x', 'key')",
            "CREATE USER a IDENTIFIED BY 0x4142",
            "use `d`; CREATE USER a IDENTIFIED  BY 0x4142",
            "PASSWORD('x')",
            "INSERT INTO t (password) VALUES (123)",
            "(SELECT AES_ENCRYPT(x, 0x41) FROM t)",
            "/* x */ INSERT INTO t (id, password) VALUES (1, 123)",
            "\"x\" is the password",
            "\x01 password \"x\"",
        };
        static const char *const plain[] = {
            "a passage",
            "it's a compass",
            "the password was changed",
            "user_password",
            "password",
            "SELECT 'x'",
            "IDENTIFIED",
            "\x01 pass 'x' pw 'y'",
            "a pw 'y'",
            "Table 'd.passengers' doesn't exist",
            "INSERT INTO t (password) VALUES (?)",
            "INSERT INTO t (id, passenger) VALUES (1, 123)",
            "the value of password (1, 2)",
            "pw 'x'\x1f",
            "pw 'x'\x0e",
            "\x02 password of x",
        };
        for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
                bool found =
                    secret_is_in_value(span_str(secret[i])) && secret_is_in_packet(span_str(secret[i]));
                if (!found) {
                        printf("# %s\n", secret[i]);
                }
                CU_ASSERT_TRUE(found);
        }
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
                bool found = secret_is_in_value(span_str(plain[i]));
                if (found) {
                        printf("# %s\n", plain[i]);
                }
                CU_ASSERT_FALSE(found);
        }
        CU_ASSERT_TRUE(secret_is_in_packet(span_str("\x0esmtp_password\1x")));
        CU_ASSERT_FALSE(secret_is_in_packet(span_str("\7passage\1x")));
}

/** A URL of which the end is missing may have lost the @ behind its password. */
static void cut_urls(void)
{
        CU_ASSERT_TRUE(secret_is_cut_url(span_str("mysql://u:s")));
        CU_ASSERT_TRUE(secret_is_cut_url(span_str("the password is in mysql://u:s")));
        CU_ASSERT_FALSE(secret_is_cut_url(span_str("the password is in mysql://u:s@h")));
        CU_ASSERT_FALSE(secret_is_cut_url(span_str("mysql://h/d")));
        CU_ASSERT_FALSE(secret_is_cut_url(span_str("password")));
}

static void labels(void)
{
        CU_ASSERT_TRUE(secret_is_label(span_str("smtp_password")));
        CU_ASSERT_TRUE(secret_is_label(span_str("WSREP_SST_AUTH")));
        CU_ASSERT_TRUE(secret_is_label(span_str("mail.passwd")));
        CU_ASSERT_FALSE(secret_is_label(span_str("pass"))); /* a test's result */
        CU_ASSERT_FALSE(secret_is_label(span_str("the password was changed")));
        CU_ASSERT_FALSE(secret_is_label(span_str("passenger")));
        CU_ASSERT_FALSE(secret_is_label(span_str("")));
        CU_ASSERT_TRUE(secret_is_value_column(span_str("Value")));
        CU_ASSERT_TRUE(secret_is_value_column(span_str("COLUMN_DEFAULT")));
        CU_ASSERT_TRUE(secret_is_value_column(span_str("data")));
        CU_ASSERT_FALSE(secret_is_value_column(span_str("DATA_TYPE")));
        CU_ASSERT_TRUE(secret_is_column(span_str("user_pw")));
        CU_ASSERT_TRUE(secret_is_column(span_of("\0p\0a\0s\0s\0w\0d", 12)));
        CU_ASSERT_FALSE(secret_is_column(span_of("\0n\0a\0m\0e", 8)));
        CU_ASSERT_FALSE(secret_is_column(span_of("", 0)));
        char wide[2 * 300];
        for (size_t i = 0; i < sizeof wide; i += 2) {
                wide[i] = '\0';
                wide[i + 1] = 'x';
        }
        CU_ASSERT_FALSE(secret_is_column(span_of(wide, sizeof wide))); /* longer than any name */
}

static struct secret_columns columns(const char *sql)
{
        return secret_columns_of(span_str(sql), mariadb);
}

static void other_names(void)
{
        static const char *const derived[] = {
            "SELECT p FROM (SELECT password AS p FROM t) u",
            "SELECT p FROM (SELECT password p FROM t) u",
            "SELECT p FROM (SELECT CONCAT(password, 'x') AS `p`, id FROM t) u",
            "WITH u AS (SELECT id, MAX(password) p FROM t GROUP BY id) SELECT p FROM u",
            "SELECT p FROM (SELECT (SELECT password FROM t LIMIT 1) AS p) u",
            "SELECT p FROM (SELECT q AS p FROM (SELECT r AS q FROM (SELECT password AS r FROM t) u) v) w",
            "SELECT p FROM (SELECT CASE WHEN id THEN password ELSE 1 END p FROM t) u",
            "SELECT p FROM (SELECT id <= password p FROM t) u",
            "SELECT p FROM (SELECT CONCAT(password, ?) /* x */ AS p FROM t) u",
            "SELECT p FROM (SELECT @password + 0 AS p) u",
            "SELECT MD5(password) AS p",
            "SELECT MD5(password) AS p; SELECT 1",
            "SELECT MD5(password) AS p WHERE 1",
            "SELECT (SELECT password FROM t LIMIT 1) AS p LIMIT 1",
            "SELECT MD5(password) AS p GROUP BY 1",
            "SELECT MD5(password) AS p HAVING 1",
            "SELECT MD5(password) AS p ORDER BY 1",
            "SELECT MD5(password) AS p FOR UPDATE",
            "SELECT MD5(password) AS p INTO OUTFILE 'x'",
            "SELECT MD5(password) AS p UNION SELECT id FROM t",
            "SELECT MD5(password) AS p EXCEPT SELECT id FROM t",
            "SELECT MD5(password) AS p INTERSECT SELECT id FROM t",
            "SELECT u.from, MD5(password) AS p FROM t u",
            "SELECT `from`, MD5(password) AS p FROM t u",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u WHERE (id) IN (SELECT id FROM t)",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u WHERE (id) AND (id)",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u WHERE (id) OR (id)",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u JOIN (SELECT 1) ON (id)",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u JOIN (SELECT 1) USING (id)",
            "(SELECT MD5(password) p FROM t) UNION (SELECT id FROM t)",
            "SELECT p FROM (SELECT MD5(password) p FROM t) u WHERE id = @x",
        };
        for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
                struct secret_columns c = columns(derived[i]);
                if (!secret_columns_has(&c, span_str("P")) || c.secrecy != SECRECY_DERIVED) {
                        printf("# %s\n", derived[i]);
                }
                CU_ASSERT_TRUE(secret_columns_has(&c, span_str("P")));
                CU_ASSERT_FALSE(secret_columns_has(&c, span_str("id")));
                CU_ASSERT_EQUAL(c.secrecy, SECRECY_DERIVED);
        }
        struct secret_columns c =
            columns("SELECT id AS x, name FROM t WHERE id IN (SELECT id FROM u WHERE password = 1)");
        CU_ASSERT_EQUAL(c.n, 0);
        CU_ASSERT_EQUAL(columns("SELECT x FROM (SELECT u.password FROM u) t").n, 0); /* its own name */
        /* by place */
        CU_ASSERT_EQUAL(columns("WITH u (a, b) AS (SELECT id, password FROM t) SELECT b FROM u").secrecy,
                        SECRECY_ALL);
        CU_ASSERT_EQUAL(columns("SELECT a FROM (SELECT password FROM t) AS u (a)").secrecy, SECRECY_ALL);
        CU_ASSERT_EQUAL(columns("SELECT a FROM (SELECT x a FROM t UNION SELECT password FROM t) u").secrecy,
                        SECRECY_ALL);
        static const char *const by_place[] = {
            "SELECT a FROM (SELECT x a FROM t INTERSECT SELECT password FROM t) u",
            "SELECT a FROM (SELECT x a FROM t EXCEPT SELECT password FROM t) u",
            "SELECT a FROM JSON_TABLE((SELECT password FROM t), '$' COLUMNS (a TEXT PATH '$')) u",
        };
        for (size_t i = 0; i < sizeof by_place / sizeof by_place[0]; i++) {
                CU_ASSERT_EQUAL(columns(by_place[i]).secrecy, SECRECY_ALL);
        }
        CU_ASSERT_EQUAL(columns("SELECT b FROM (SELECT id FROM t) AS u (b) WHERE password = 1").secrecy,
                        SECRECY_DERIVED);
        CU_ASSERT_EQUAL(columns("UPDATE t SET password = 1").secrecy, SECRECY_QUOTES);
}

/** More names than are kept, more parentheses than are followed: then all columns may be. */
static void bounds(void)
{
        char sql[8192];
        size_t at = 0;
        at += (size_t)snprintf(sql, sizeof sql, "SELECT a FROM (SELECT ");
        for (int i = 0; i < 40; i++) {
                at += (size_t)snprintf(sql + at, sizeof sql - at, "password AS p%d,", i);
        }
        (void)snprintf(sql + at, sizeof sql - at, "1 AS a FROM t) u");
        CU_ASSERT_EQUAL(columns(sql).secrecy, SECRECY_ALL);
        at = 0;
        for (int i = 0; i < 60; i++) {
                at += (size_t)snprintf(sql + at, sizeof sql - at, "SELECT * FROM (");
        }
        (void)snprintf(sql + at, sizeof sql - at, "SELECT password AS p FROM t");
        CU_ASSERT_EQUAL(columns(sql).secrecy, SECRECY_ALL);
        CU_ASSERT_EQUAL(columns("))))SELECT password p").n, 1);
        CU_ASSERT_EQUAL(columns("").n, 0);
}

static const struct tap_test tests[] = {
    {"values", values}, {"cut URLs", cut_urls}, {"labels", labels}, {"other names of columns", other_names},
    {"bounds", bounds},
};

int main(void)
{
        return TAP_RUN("secret-data", tests);
}
