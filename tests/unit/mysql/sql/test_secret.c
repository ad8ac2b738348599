#include "mysql/sql/secret.h"

#include "base/writer.h"
#include "tap.h"

#include <stdio.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

/** @p sql with each password as <>. */
static const char *hidden(const char *sql)
{
        static char out[1024];
        size_t at = 0;
        struct sql_lexer l = sql_lexer_over(span_str(sql), mariadb);
        struct secret_finder f;
        secret_finder_begin(&f, span_str(sql), mariadb);
        struct sql_token t = sql_next(&l);
        bool found = false;
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&l);
                bool secret = secret_find(&f, &t, &next, &l);
                at +=
                    (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", at > 0 ? " " : "",
                                     secret ? 2 : (int)t.text.len, secret ? "<>" : (const char *)t.text.data);
                found = found || secret;
                t = next;
        }
        CU_ASSERT_TRUE(!found || secret_suspected(span_str(sql)));
        return out;
}

static void passwords_are_found(void)
{
        CU_ASSERT_STRING_EQUAL(hidden("CREATE USER 'a'@'b' IDENTIFIED BY 'c', 'd'@'e' IDENTIFIED BY 'f'"),
                               "CREATE USER 'a' @ 'b' IDENTIFIED BY <> , 'd' @ 'e' IDENTIFIED BY <>");
        CU_ASSERT_STRING_EQUAL(hidden("ALTER USER a IDENTIFIED WITH 'plugin' BY 'c' REPLACE 'd'"),
                               "ALTER USER a IDENTIFIED WITH 'plugin' BY <> REPLACE <>");
        CU_ASSERT_STRING_EQUAL(
            hidden("alter user a identified via ed25519 using password('c') or unix_socket"),
            "alter user a identified via ed25519 using password ( <> ) or unix_socket");
        CU_ASSERT_STRING_EQUAL(hidden("SET PASSWORD FOR 'a'@'b' = PASSWORD(CONCAT('c', 'd'))"),
                               "SET PASSWORD FOR 'a' @ 'b' = PASSWORD ( CONCAT ( <> , <> ) )");
        CU_ASSERT_STRING_EQUAL(
            hidden("CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD='p', MASTER_PORT=3306"),
            "CHANGE MASTER TO MASTER_HOST = 'h' , MASTER_PASSWORD = <> , MASTER_PORT = 3306");
        CU_ASSERT_STRING_EQUAL(hidden("CREATE SERVER s OPTIONS (USER 'u', PASSWORD 'p', HOST 'h')"),
                               "CREATE SERVER s OPTIONS ( USER 'u' , PASSWORD <> , HOST 'h' )");
        CU_ASSERT_STRING_EQUAL(
            hidden("ALTER USER a IDENTIFIED BY PASSWORD 0x41 PASSWORD EXPIRE INTERVAL 90 DAY"),
            "ALTER USER a IDENTIFIED BY PASSWORD <> PASSWORD EXPIRE INTERVAL 90 DAY");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT 1; SET PASSWORD = 'p'; SELECT 'x'"),
                               "SELECT 1 ; SET PASSWORD = <> ; SELECT 'x'");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT PASSWORD('p'), 'x', old_password('q')"),
                               "SELECT PASSWORD ( <> ) , 'x' , old_password ( <> )");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT * FROM u WHERE name = 'n' AND password = 'p' AND age = 5"),
                               "SELECT * FROM u WHERE name = 'n' AND password = <> AND age = 5");
        CU_ASSERT_STRING_EQUAL(
            hidden("SELECT * FROM u WHERE user_pass = BINARY 'p' OR passwd NOT LIKE 'q' OR `pass` IN ('r', "
                   "'s')"),
            "SELECT * FROM u WHERE user_pass = BINARY <> OR passwd NOT LIKE <> OR `pass` IN ( <> , <> )");
        CU_ASSERT_STRING_EQUAL(hidden("UPDATE u SET name = 'n', password = ? WHERE id = 5"),
                               "UPDATE u SET name = 'n' , password = <> WHERE id = 5");
        CU_ASSERT_STRING_EQUAL(hidden("PREPARE s FROM 'SET PASSWORD = \\'p\\''"), "PREPARE s FROM <>");
        CU_ASSERT_STRING_EQUAL(hidden("CREATE TABLE t (a INT) CONNECTION='mysql://u:p@h/d/t'"),
                               "CREATE TABLE t ( a INT ) CONNECTION = <>");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT 1 /* SET PASSWORD = 'p' */"), "SELECT 1 <>");
}

/** As written, and as it is shown. */
struct pair {
        const char *sql;
        const char *shown;
};

static void check(const struct pair *pairs, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                CU_ASSERT_STRING_EQUAL(hidden(pairs[i].sql), pairs[i].shown);
                CU_ASSERT_TRUE(secret_suspected(span_str(pairs[i].sql)));
        }
}

static void in_expressions(void)
{
        static const struct pair pairs[] = {
            {"UPDATE u SET password = MD5(CONCAT('s', 'p')), name = 'n'",
             "UPDATE u SET password = MD5 ( CONCAT ( <> , <> ) ) , name = 'n'"},
            {"SELECT * FROM u WHERE 'p' = password AND name = 'n'",
             "SELECT * FROM u WHERE <> = password AND name = 'n'"},
            {"SELECT * FROM u WHERE CAST(password AS CHAR) = 'p' AND a = 'n'",
             "SELECT * FROM u WHERE CAST ( password AS CHAR ) = <> AND a = 'n'"},
            {"SELECT 1 WHERE password BETWEEN 'p' AND 'q' AND name = 'n'",
             "SELECT 1 WHERE password BETWEEN <> AND <> AND name = 'n'"},
            {"SELECT STRCMP(password, 'p'), 'n' FROM u", "SELECT STRCMP ( password , <> ) , 'n' FROM u"},
            {"SELECT 'p' AS password, 'n'", "SELECT <> AS password , 'n'"},
            {"SELECT AES_ENCRYPT('d', 'k'), 'n'", "SELECT AES_ENCRYPT ( <> , <> ) , 'n'"},
            {"SET @pw = 'p', @n = 'n'", "SET @ pw = <> , @ n = 'n'"},
            {"SET GLOBAL wsrep_sst_auth='u:p'", "SET GLOBAL wsrep_sst_auth = <>"},
            {"SELECT * FROM u WHERE pwd = 'p' && n = 'n'", "SELECT * FROM u WHERE pwd = <> && n = 'n'"},
            {"DELETE FROM u WHERE user_pw LIKE 'p' LIMIT 5", "DELETE FROM u WHERE user_pw LIKE <> LIMIT 5"},
        };
        check(pairs, sizeof pairs / sizeof pairs[0]);
}

static void in_lists(void)
{
        static const struct pair pairs[] = {
            {"INSERT INTO u (name, password, n) VALUES ('n', 'p', 1), ('m', MD5('q'), 2)",
             "INSERT INTO u ( name , password , n ) VALUES ( 'n' , <> , 1 ) , ( 'm' , MD5 ( <> ) , 2 )"},
            {"INSERT u (password) VALUE (?) ON DUPLICATE KEY UPDATE n = ('n')",
             "INSERT u ( password ) VALUE ( <> ) ON DUPLICATE KEY UPDATE n = ( 'n' )"},
            {"INSERT INTO u (n, password) SELECT 'n', 'p' FROM t WHERE a = 'n'",
             "INSERT INTO u ( n , password ) SELECT 'n' , <> FROM t WHERE a = 'n'"},
            {"SELECT 1 WHERE (name, password) = ('n', 'p') AND a = 'n'",
             "SELECT 1 WHERE ( name , password ) = ( 'n' , <> ) AND a = 'n'"},
            {"SELECT 1 WHERE (password, n) IN (('p', 'n'), ('q', 'm'))",
             "SELECT 1 WHERE ( password , n ) IN ( ( <> , 'n' ) , ( <> , 'm' ) )"},
            {"SELECT n, password FROM u UNION SELECT 'n', 'p'",
             "SELECT n , password FROM u UNION SELECT 'n' , <>"},
        };
        check(pairs, sizeof pairs / sizeof pairs[0]);
}

static void in_strings(void)
{
        static const struct pair pairs[] = {
            {"SET @q = CONCAT('ALTER USER u IDENTIFIED BY ', QUOTE('p'))",
             "SET @ q = CONCAT ( 'ALTER USER u IDENTIFIED BY ' , QUOTE ( <> ) )"},
            {"EXECUTE IMMEDIATE 'UPDATE u SET password = ?' USING 'p', 'q'",
             "EXECUTE IMMEDIATE <> USING <> , <>"},
            {"SELECT JSON_OBJECT('password', 'p'), 'n'", "SELECT JSON_OBJECT ( 'password' , <> ) , 'n'"},
            {"SELECT 1 WHERE doc->'$.password' = 'p' AND a = 'n'",
             "SELECT 1 WHERE doc -> '$.password' = <> AND a = 'n'"},
            {"CREATE TABLE t (a INT) OPTION_LIST='user=u,password=p'",
             "CREATE TABLE t ( a INT ) OPTION_LIST = <>"},
            {"CREATE TABLE t (a INT) CONNECTION='Server=h;PWD=p'",
             "CREATE TABLE t ( a INT ) CONNECTION = <>"},
            {"INSERT INTO t VALUES ('{\"password\": \"p\"}')", "INSERT INTO t VALUES ( <> )"},
            {"CREATE TABLE t (a INT COMMENT 'the password', b INT COMMENT 'n')",
             "CREATE TABLE t ( a INT COMMENT 'the password' , b INT COMMENT 'n' )"},
        };
        check(pairs, sizeof pairs / sizeof pairs[0]);
}

static void without_quotes(void)
{
        static const struct pair pairs[] = {
            {"CREATE USER u IDENTIFIED BY p", "CREATE USER u IDENTIFIED BY <>"},
            {"CREATE USER u IDENTIFIED BY `p` REQUIRE SSL", "CREATE USER u IDENTIFIED BY <> REQUIRE SSL"},
            {"CREATE USER u IDENTIFIED BY 12345", "CREATE USER u IDENTIFIED BY <>"},
            {"CREATE USER u -- IDENTIFIED BY 'p'", "CREATE USER u <>"},
            {"CREATE USER u # IDENTIFIED BY 'p'", "CREATE USER u <>"},
            {"CREATE USER u /* IDENTIFIED BY 'p'", "CREATE USER u <>"},
            {"CREATE USER u IDENTIFIED BY RANDOM PASSWORD", "CREATE USER u IDENTIFIED BY RANDOM PASSWORD"},
        };
        check(pairs, sizeof pairs / sizeof pairs[0]);
        struct span bare = span_str("CREATE USER u IDENTIFIED BY p");
        struct span quoted = span_str("CREATE USER u IDENTIFIED BY 'p'");
        CU_ASSERT_EQUAL(secret_bare_at(bare, mariadb), bare.len - 1);
        CU_ASSERT_EQUAL(secret_bare_at(quoted, mariadb), quoted.len);
}

/** The columns of the result that have passwords. */
static uint64_t reply_of(const char *sql)
{
        struct sql_lexer l = sql_lexer_over(span_str(sql), mariadb);
        struct secret_finder f;
        secret_finder_begin(&f, span_str(sql), mariadb);
        for (struct sql_token t = sql_next(&l); t.kind != SQL_END;) {
                struct sql_token next = sql_next(&l);
                (void)secret_find(&f, &t, &next, &l);
                t = next;
        }
        return f.reply;
}

static void in_replies(void)
{
        CU_ASSERT_EQUAL(reply_of("CREATE USER u IDENTIFIED BY RANDOM PASSWORD"), UINT64_MAX);
        CU_ASSERT_EQUAL(reply_of("SET PASSWORD FOR u TO RANDOM"), UINT64_MAX);
        CU_ASSERT_EQUAL(reply_of("SELECT a, MD5(password) AS p, b FROM u WHERE password IS NULL"), 2);
        CU_ASSERT_EQUAL(reply_of("SELECT *, password AS p FROM u"), UINT64_MAX);
        CU_ASSERT_EQUAL(reply_of("SELECT a FROM u WHERE password IS NULL"), 0);
        CU_ASSERT_EQUAL(reply_of("SELECT RAND() AS random FROM u"), 0);
}

static void in_texts(void)
{
        CU_ASSERT_TRUE(secret_is_within(span_str("{\"password\":\"x\"}")));
        CU_ASSERT_TRUE(secret_is_within(span_str("GRANT USAGE ON *.* TO u IDENTIFIED BY PASSWORD '*A0'")));
        CU_ASSERT_FALSE(secret_is_within(span_str("the password is wrong")));
        CU_ASSERT_TRUE(secret_is_within(span_str("SELECT HEX(AES_ENCRYPT('x', 'y'))")));
        CU_ASSERT_TRUE(secret_is_within(span_str("SELECT kdf('x', 'y')")));
        CU_ASSERT_FALSE(secret_is_within(span_str("we encrypt 'x' and decode 'y'")));
        CU_ASSERT_FALSE(secret_is_within(span_str("it's fine")));
        CU_ASSERT_FALSE(secret_is_within(span_str("it's a passage, isn't it")));
        CU_ASSERT_FALSE(secret_is_within(span_str("a'b\"c mysql_native_password")));
        CU_ASSERT_TRUE(secret_is_name(span_str("db_pwd")) && secret_is_name(span_str("userPassword")));
        CU_ASSERT_FALSE(secret_is_name(span_str("upward")) || secret_is_name(span_str("compass")));
        struct span sql = span_str("EXECUTE s");
        CU_ASSERT_TRUE(secret_is_in_error(span_str("syntax to use near 'BYY 'p'' at line 1"), sql));
        CU_ASSERT_FALSE(secret_is_in_error(span_str("syntax to use near 's' at line 1"), sql));
        CU_ASSERT_FALSE(
            secret_is_in_error(span_str("syntax near 'FORM 'p'' at line 1"), span_str("SELECT 1 FORM 'p'")));
}

static void what_is_no_password(void)
{
        CU_ASSERT_STRING_EQUAL(
            hidden("SELECT 'passage', name FROM compass WHERE passenger = 'x' AND passport_no = 7"),
            "SELECT 'passage' , name FROM compass WHERE passenger = 'x' AND passport_no = 7");
        CU_ASSERT_STRING_EQUAL(hidden("INSERT INTO t VALUES ('passport', 'n', 'it''s passed')"),
                               "INSERT INTO t VALUES ( 'passport' , 'n' , 'it''s passed' )");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT password, 'x' FROM u WHERE id = 5"),
                               "SELECT password , 'x' FROM u WHERE id = 5");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT 'http://host/path', 'a@b'"),
                               "SELECT 'http://host/path' , 'a@b'");
        CU_ASSERT_FALSE(secret_suspected(span_str("SELECT * FROM t WHERE a = 'b'")));
        CU_ASSERT_FALSE(secret_suspected(span_str("")));
        CU_ASSERT_TRUE(secret_suspected(span_str("iDeNtIfIeD")));
        CU_ASSERT_TRUE(secret_suspected(span_str("x mysql://u:p@h")));
        CU_ASSERT_FALSE(secret_suspected(span_str("http://h/")));
}

static void in_lists_that_are_none(void)
{
        CU_ASSERT_STRING_EQUAL(hidden("SELECT (((((((((((((((((a AND pw = 'x' UNION SELECT 'y'"),
                               "SELECT ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( a AND pw = <> UNION SELECT 'y'");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT (password) FROM u WHERE a = 'x'"),
                               "SELECT ( password ) FROM u WHERE a = 'x'");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT (password), 'x' FROM u"), "SELECT ( password ) , 'x' FROM u");
        CU_ASSERT_STRING_EQUAL(hidden("SELECT AES_DECRYPT\n(a, 'k')"), "SELECT AES_DECRYPT ( a , <> )");
}

/** Nothing is found token by token that the quick look did not suspect. */
static void what_is_found_was_suspected(void)
{
        static const char *const pieces[] = {"SELECT",      "SET",
                                             "UPDATE",      "INSERT INTO t",
                                             "VALUES",      "ALTER USER",
                                             "BY",          "IDENTIFIED",
                                             "WITH",        "'x'",
                                             "\"y\"",       "'a://b@c'",
                                             "17",          "0x1f",
                                             "?",           "=",
                                             "(",           ")",
                                             ",",           ";",
                                             "pw",          "upw",
                                             "u_pw",        "pass",
                                             "u_pass1",     "passwd",
                                             "pwd",         "`my pwd`",
                                             "@pw",         "@@sst_auth",
                                             "sst_auth",    "AS",
                                             "'@'",         "wsrep_sst_auth",
                                             "passcode",    "ENCRYPT",
                                             "\n",          "\t",
                                             "'pw=1'",      "aes_decrypt",
                                             "des_encrypt", "'IDENTIFIED BY \"x\"'",
                                             "FROM",        "WHERE",
                                             "AND",         "N'pwd:x'",
                                             "IN",          "'\"password\": \"x\"'",
                                             "EXECUTE",     "USING",
                                             "-- pw\n",     "/* x */",
                                             "LIKE",        "authentication_string",
                                             "PASSWORD",    "x.pw",
                                             "/*pw 'x'*/",  "'://'"};
        char text[512];
        unsigned found = 0;
        for (unsigned round = 0; round < 100000; round++) {
                struct writer w = writer_over(text, sizeof text - 1);
                for (uint64_t n = 2 + tap_random_below(12); n > 0; n--) {
                        writer_text(&w, pieces[tap_random_below(sizeof pieces / sizeof pieces[0])]);
                        writer_text(&w, tap_random_below(4) == 0 ? "" : " ");
                }
                text[w.at] = '\0';
                struct sql_lexer l = sql_lexer_over(writer_span(&w), mariadb);
                struct secret_finder f;
                secret_finder_begin(&f, writer_span(&w), mariadb);
                struct sql_token t = sql_next(&l);
                bool any = false;
                while (t.kind != SQL_END) {
                        struct sql_token next = sql_next(&l);
                        any = secret_find(&f, &t, &next, &l) || any;
                        t = next;
                }
                found += any ? 1 : 0;
                if (any && !secret_suspected(writer_span(&w))) {
                        CU_FAIL("not suspected");
                        printf("# %s\n", text);
                }
        }
        CU_ASSERT_TRUE(found > 10000);
}

static const struct tap_test tests[] = {
    {"passwords are found", passwords_are_found},
    {"in expressions", in_expressions},
    {"in lists", in_lists},
    {"in strings", in_strings},
    {"without quotes", without_quotes},
    {"in replies", in_replies},
    {"in texts", in_texts},
    {"what is no password", what_is_no_password},
    {"in lists that are none", in_lists_that_are_none},
    {"what is found was suspected", what_is_found_was_suspected},
};

int main(void)
{
        return TAP_RUN("secret", tests);
}
