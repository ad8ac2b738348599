/* Passwords in statements, token by token: a table of the clauses and functions in the manuals of both servers, and rules that hold for
 * all of them. */
#include "mysql/sql/secret.h"

#include "base/writer.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

static const struct secret_case {
        const char *section;
        const char *marked;
} cases[] = {
#include "secret_cases.inc"
};
enum { CASES = sizeof cases / sizeof cases[0] };

/** @p marked without its marks, in @p buffer. */
static struct span plain(const char *marked, char *buffer)
{
        size_t len = 0;
        for (const char *c = marked; *c != '\0'; c++) {
                if (*c != '~') {
                        buffer[len++] = *c;
                }
        }
        return span_of(buffer, len);
}

/** @p sql with a ~ before and after each token that is hidden. */
static struct span marked(struct span sql, struct sql_mode mode, struct writer w)
{
        static struct secret_finder f;
        struct sql_lexer l = sql_lexer_over(sql, mode);
        const uint8_t *at = sql.data;
        secret_finder_begin(&f, sql, mode);
        struct sql_token t = sql_next(&l);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&l);
                const char *mark = secret_find(&f, &t, &next, &l) ? "~" : "";
                writer_bytes(&w, at, (size_t)(t.text.data - at));
                writer_text(&w, mark);
                writer_put(&w, t.text);
                writer_text(&w, mark);
                at = t.text.data + t.text.len;
                t = next;
        }
        return writer_span(&w);
}

static bool expect(const char *wanted, struct sql_mode mode)
{
        char sql[4096];
        char out[8192];
        struct span text = plain(wanted, sql);
        struct span shown = marked(text, mode, writer_over(out, sizeof out));
        bool same = span_equal(shown, span_str(wanted));
        bool suspected = secret_suspected(text) || strchr(wanted, '~') == NULL;
        if (!same || !suspected) {
                printf("# wanted %s\n# shown  %.*s%s\n", wanted, (int)shown.len, (const char *)shown.data,
                       suspected ? "" : "\n# and it is not suspected");
        }
        return same && suspected;
}

static void statements_of_the_manuals(void)
{
        for (size_t i = 0; i < CASES; i++) {
                if (!expect(cases[i].marked, mariadb)) {
                        CU_FAIL("shown, or hidden without need");
                        printf("# of %s\n", cases[i].section);
                }
        }
}

/* --- functions and names ------------------------------------------------------------------------------------------------ */

/** @p form with @p word for each $. */
static const char *filled(const char *form, const char *word)
{
        static char out[1024];
        struct writer w = writer_over(out, sizeof out - 1);
        for (const char *c = form; *c != '\0'; c++) {
                if (*c == '$') {
                        writer_text(&w, word);
                } else {
                        writer_char(&w, *c);
                }
        }
        out[w.at] = '\0';
        return out;
}

static void check_forms(const char *const *words, size_t n_words, const char *const *forms, size_t n_forms)
{
        for (size_t i = 0; i < n_words; i++) {
                for (size_t k = 0; k < n_forms; k++) {
                        if (!expect(filled(forms[k], words[i]), mariadb)) {
                                CU_FAIL("shown, or hidden without need");
                        }
                }
        }
}

static void functions_that_take_keys(void)
{
        static const char *const functions[] = {"AES_ENCRYPT",
                                                "AES_DECRYPT",
                                                "DES_ENCRYPT",
                                                "DES_DECRYPT",
                                                "ENCRYPT",
                                                "ENCODE",
                                                "DECODE",
                                                "PASSWORD",
                                                "OLD_PASSWORD",
                                                "KDF",
                                                "ASYMMETRIC_ENCRYPT",
                                                "ASYMMETRIC_DECRYPT",
                                                "ASYMMETRIC_SIGN",
                                                "ASYMMETRIC_DERIVE",
                                                "CREATE_ASYMMETRIC_PRIV_KEY",
                                                "KEYRING_KEY_STORE",
                                                "VALIDATE_PASSWORD_STRENGTH",
                                                "CREATE_ASYMMETRIC_PUB_KEY",
                                                "audit_log_encryption_password_set"};
        static const char *const forms[] = {"SELECT $(~'s'~, ~'t'~), 'n'",
                                            "SELECT $ (a, ~'t'~, ~17~, ~?~), 'n' FROM t WHERE id = 5",
                                            "SELECT $/* c */(~'s'~, ~'t'~), 'n'",
                                            "SELECT $\n-- c\n(~'s'~, ~'t'~), 'n'",
                                            "SELECT `$`(~'s'~, ~'t'~), 'n'",
                                            "SELECT $($(a, ~'s'~), ~'t'~, $(a, ~'u'~), ~'v'~), 'n'",
                                            "INSERT INTO t (a, b) VALUES ('n', $(a, HEX(~'s'~))), ('n', 5)",
                                            "UPDATE t SET a = $(a, (SELECT ~'s'~)), b = 'n' WHERE id = 5",
                                            "CALL p('n', $(a, ~'s'~))",
                                            "SELECT 5 FROM t WHERE id = 5 AND a = $(a, ~x'1f'~) AND b = 'n'"};
        check_forms(functions, sizeof functions / sizeof functions[0], forms, sizeof forms / sizeof forms[0]);
}

static void names_of_passwords(void)
{
        static const char *const names[] = {"password",
                                            "PASSWD",
                                            "user_pass",
                                            "pass",
                                            "dbPass",
                                            "pwd",
                                            "pw",
                                            "passphrase",
                                            "passcode",
                                            "authentication_string",
                                            "wsrep_sst_auth",
                                            "s3_secret_key",
                                            "keyring_hashicorp_secret_id",
                                            "file_key_management_filekey",
                                            "hashicorp_key_management_token",
                                            "authentication_ldap_simple_bind_root_pwd",
                                            "password_2"};
        static const char *const forms[] = {
            "SELECT id FROM t WHERE id = 5 AND $ = ~'s'~ AND b = 'n'",
            "SELECT id FROM t WHERE id = 5 AND ~'s'~ = t.$ AND b = 'n'",
            "SELECT id FROM t WHERE id = 5 AND `$` IN (~'s'~, ~?~) AND b IN ('n')",
            "SELECT 'n', ~'s'~ AS $, 5",
            "SELECT 'n', ~'s'~ `$`, 5",
            "SELECT 'n', ~'s'~, 5 INTO @a, @$, @b",
            "SET @a = 'n', @$ = ~'s'~, @b = 5",
            "SET GLOBAL $ = ~'s'~",
            "SELECT @$ := ~'s'~, 'n'",
            "INSERT INTO t (a, $, b) VALUES ('n', ~'s'~, 5), ('n', UPPER(~'s'~), 5)",
            "INSERT INTO t SET a = 'n', $ = ~'s'~, b = 5",
            "REPLACE t (a, $) SELECT 'n', ~'s'~ FROM u WHERE id = 5 UNION SELECT 'n', ~'s'~",
            "UPDATE t SET a = 'n', $ = CASE WHEN id = 5 THEN ~'s'~ ELSE ~'t'~ END WHERE id = 5",
            "WITH c (a, $) AS (SELECT 'n', ~'s'~ UNION SELECT 'n', ~'s'~) SELECT 'n' FROM c WHERE a = 5",
            "SELECT a FROM (SELECT 'n', ~'s'~) AS t (a, $) WHERE a = 5",
            "SELECT a FROM (VALUES ROW('n', ~'s'~), ROW('n', ~'s'~)) AS t (a, $) WHERE a = 5",
            "CREATE TABLE t (id INT DEFAULT 5, $ VARCHAR(32) DEFAULT ~'s'~, n VARCHAR(9) DEFAULT 'n')",
            "CREATE VIEW v (a, $) AS SELECT 'n', ~'s'~",
            "DELETE FROM t WHERE COALESCE($, ~'s'~) = ~'s'~ AND id = 5",
        };
        check_forms(names, sizeof names / sizeof names[0], forms, sizeof forms / sizeof forms[0]);
}

/* --- any statement ------------------------------------------------------------------------------------------------------ */

/** Where the token that begins at @p begin of @p sql ends, if it is hidden in the first @p len bytes; else 0. */
static size_t hidden_end(struct span sql, size_t begin, size_t len)
{
        static struct secret_finder f;
        struct span head = span_head(sql, len);
        struct sql_lexer l = sql_lexer_over(head, mariadb);
        secret_finder_begin(&f, head, mariadb);
        struct sql_token t = sql_next(&l);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&l);
                bool secret = secret_find(&f, &t, &next, &l);
                if (t.text.data == head.data + begin) {
                        return secret ? begin + t.text.len : 0;
                }
                t = next;
        }
        return 0;
}

/** A statement may be cut anywhere: the first bytes of a password are hidden like all of it, if what precedes it shows that it is one. */
static void cut_within_a_password(void)
{
        char buffer[4096];
        unsigned cuts = 0;
        for (size_t i = 0; i < CASES; i++) {
                struct span sql = plain(cases[i].marked, buffer);
                const char *mark = strchr(cases[i].marked, '~');
                size_t begin = mark != NULL ? (size_t)(mark - cases[i].marked) : 0;
                size_t end = mark != NULL ? hidden_end(sql, begin, sql.len) : 0;
                if (end == 0 || hidden_end(sql, begin, end) == 0 || sql.data[begin] == '/') {
                        continue; /* what shows that it is a password follows it, or it is a comment */
                }
                bool quoted = sql.data[begin] == '\'' || sql.data[begin] == '"';
                struct span inner = span_of(sql.data + begin + 1, end - begin - 2);
                bool is_text = quoted && !secret_is_within(inner);
                for (size_t len = begin + 1; is_text && len < end; len++) {
                        cuts++;
                        if (hidden_end(sql, begin, len) != len) {
                                CU_FAIL("a piece is shown");
                                printf("# %.*s\n", (int)len, (const char *)sql.data);
                        }
                }
        }
        CU_ASSERT_TRUE(cuts > 200);
        CU_ASSERT_TRUE(expect("CREATE TABLE t (a INT) CONNECTION=~'mysql://u:s1~", mariadb));
        CU_ASSERT_TRUE(expect("CREATE TABLE t (a INT) OPTION_LIST=~'user=u,Password=s~", mariadb));
        CU_ASSERT_TRUE(expect("UPDATE t SET a = ~'{\"password\":\"s~", mariadb));
        CU_ASSERT_TRUE(expect("UPDATE t SET a = ~'<user><password>s~", mariadb));
        CU_ASSERT_TRUE(expect("PREPARE s FROM ~'ALTER USER u IDENTIFIED BY ''s~", mariadb));
        CU_ASSERT_TRUE(expect("SELECT 5 ~/* IDENTIFIED BY 's~", mariadb));
        CU_ASSERT_TRUE(expect("CREATE USER u IDENTIFIED BY ~`s~", mariadb));
        CU_ASSERT_TRUE(expect("CREATE USER u IDENTIFIED BY ~s~", mariadb));
        CU_ASSERT_TRUE(expect("SELECT AES_ENCRYPT(~'a'~, ~'s~", mariadb));
        CU_ASSERT_TRUE(expect("SELECT password, 'http://h:80/a', 'http://h:80', 'http://h", mariadb));
}

static void quotes_by_mode(void)
{
        struct sql_mode ansi = {.ansi_quotes = true};
        struct sql_mode no_escapes = {.no_backslash_escapes = true};
        CU_ASSERT_TRUE(expect("SELECT \"password\" = ~'s'~, \"n\" = 'n'", ansi));
        CU_ASSERT_TRUE(expect("CREATE USER u IDENTIFIED BY ~\"s\"~ REQUIRE SSL", ansi));
        CU_ASSERT_TRUE(expect("CREATE USER u IDENTIFIED WITH p AS ~\"s\"~", ansi));
        CU_ASSERT_TRUE(expect("SELECT password = ~'s\\'~ AND n = 'n'", no_escapes));
        CU_ASSERT_TRUE(expect("SELECT password = ~'s\\' AND n = '~ AND n = 'n'", mariadb));
}

/** Beyond SECRET_DEPTH and SECRET_BEHIND more is hidden, never less. */
static void beyond_the_bounds(void)
{
        char buffer[32 * 1024];
        char out[64 * 1024];
        struct writer w = writer_over(buffer, sizeof buffer);
        writer_text(&w, "SELECT ");
        for (unsigned i = 0; i < 100; i++) {
                writer_text(&w, i % 10 == 9 ? "AES_ENCRYPT(" : "(");
        }
        writer_text(&w, "a, 's01'), 's02'");
        struct span shown = marked(writer_span(&w), mariadb, writer_over(out, sizeof out));
        CU_ASSERT_PTR_NOT_NULL(memmem(shown.data, shown.len, "~'s01'~), ~'s02'~", 17));
        w = writer_over(buffer, sizeof buffer);
        writer_text(&w, "SELECT id FROM t WHERE id = 5");
        for (unsigned i = 0; i < 300; i++) {
                writer_text(&w, " OR 's' = password OR n IN (SELECT 's' AS password)");
        }
        shown = marked(writer_span(&w), mariadb, writer_over(out, sizeof out));
        for (size_t i = 1; i + 2 < shown.len; i++) {
                if (memcmp(shown.data + i, "'s'", 3) == 0 && shown.data[i - 1] != '~') {
                        CU_FAIL("one is shown");
                        break;
                }
        }
        CU_ASSERT_PTR_NOT_NULL(memmem(shown.data, shown.len, "id = 5 ", 7));
}

/** The text of a digest must end before a password that is not a constant. */
static void digests_end_before_bare_ones(void)
{
        static const char *const statements[] = {
            "CREATE USER u IDENTIFIED BY ~s1~",         "CREATE USER u IDENTIFIED BY PASSWORD ~*~~s1~",
            "ALTER USER u IDENTIFIED WITH p AS ~`s1`~", "SET PASSWORD = ~s1~",
            "CHANGE MASTER TO MASTER_PASSWORD = ~s1~",  "CREATE USER u IDENTIFIED BY ~12345~"};
        for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
                char buffer[256];
                struct span sql = plain(statements[i], buffer);
                CU_ASSERT_EQUAL(secret_bare_at(sql, mariadb),
                                (size_t)(strchr(statements[i], '~') - statements[i]));
                CU_ASSERT_TRUE(expect(statements[i], mariadb));
        }
}

static const struct tap_test tests[] = {
    {"statements of the manuals", statements_of_the_manuals},
    {"functions that take keys", functions_that_take_keys},
    {"names of passwords", names_of_passwords},
    {"cut within a password", cut_within_a_password},
    {"quotes by mode", quotes_by_mode},
    {"beyond the bounds", beyond_the_bounds},
    {"digests end before bare ones", digests_end_before_bare_ones},
};

int main(void)
{
        return TAP_RUN("secret-cases", tests);
}
