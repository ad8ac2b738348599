/* What is taken out of rows and errors. */
#include "journal/enrich/enrich.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>

static struct settings settings;
static struct enrich f;

static void begin(uint64_t redact)
{
        settings_defaults(&settings);
        settings.log.redact = redact;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&f, &settings), STATUS_OK);
}

static struct record query(const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, 1);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        return r;
}

enum { MOST = 32 };

/** Of a result: columns and values, each up to a NULL. "*" behind a name: it is no table's; "#": of a table of the server's. */
static struct value names[MOST];
static struct value values[MOST];

static struct value text(const char *s)
{
        return (struct value){
            .bytes = span_str(s), .type = VALUE_VAR_STRING, .true_len = strlen(s), .in_text = true};
}

static const char *told(const char *sql, enum secrecy secrecy, const char *const *columns,
                        const char *const *row)
{
        static char out[1024];
        size_t n = 0;
        size_t at = 0;
        begin(0);
        struct record r = query(sql);
        r.secrecy = (uint8_t)secrecy;
        names[0] = (struct value){.role = VALUE_BEGINS_RESULT};
        values[0] = (struct value){.role = VALUE_BEGINS_RESULT};
        values[1] = (struct value){.role = VALUE_BEGINS_ROW};
        for (n = 0; columns[n] != NULL; n++) {
                struct value *name = &names[n + 1];
                *name = text(columns[n]);
                char last = columns[n][name->bytes.len - 1];
                name->derived = last == '*';
                name->catalog = last == '#';
                name->bytes.len -= last == '*' || last == '#' ? 1 : 0;
                values[n + 2] = text(row[n]);
        }
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, n + 1});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){values, n + 2});
        (void)enrich_record(&f, NULL, &r);
        for (size_t i = 2; i < n + 2; i++) {
                struct span s = r.first_rows.at[i].bytes;
                at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", i > 2 ? "|" : "", (int)s.len,
                                       (const char *)s.data);
        }
        enrich_fini(&f);
        return out;
}

#define LIST(...)                                                                                            \
        (const char *const[])                                                                                \
        {                                                                                                    \
                __VA_ARGS__, NULL                                                                            \
        }

static void columns(void)
{
        CU_ASSERT_STRING_EQUAL(told("SELECT name, p FROM (SELECT name, password AS p FROM t) u", 0,
                                    LIST("name", "p"), LIST("n", "x")),
                               "n|<secret>");
        CU_ASSERT_STRING_EQUAL(
            told("SELECT name FROM t UNION SELECT password FROM t", 0, LIST("name*"), LIST("x")), "<secret>");
        CU_ASSERT_STRING_EQUAL(
            told("SELECT name, MAX(password) FROM t", 0, LIST("name", "MAX(password)*"), LIST("n", "x")),
            "n|<secret>");
        CU_ASSERT_STRING_EQUAL(
            told("SELECT name FROM t UNION SELECT nick FROM t", 0, LIST("name*"), LIST("x")), "x");
        CU_ASSERT_STRING_EQUAL(told("EXECUTE s", SECRECY_DERIVED, LIST("a", "b*"), LIST("n", "x")),
                               "n|<secret>");
        CU_ASSERT_STRING_EQUAL(told("EXECUTE s", SECRECY_ALL, LIST("a", "b*"), LIST("n", "x")),
                               "<secret>|<secret>");
        CU_ASSERT_STRING_EQUAL(
            told("SHOW CREATE USER u", 0, LIST("CREATE USER for u*"),
                 LIST("CREATE USER u IDENTIFIED WITH 'caching_sha2_password' AS '$A$\x13x'")),
            "<secret>");
}

static void labels(void)
{
        CU_ASSERT_STRING_EQUAL(told("DESCRIBE t", 0, LIST("Field#", "Type#", "Null#", "Default#"),
                                    LIST("password", "text", "YES", "x")),
                               "password|text|YES|<secret>");
        CU_ASSERT_STRING_EQUAL(told("DESCRIBE t", 0, LIST("Field#", "Type#", "Null#", "Default#"),
                                    LIST("name", "text", "YES", "x")),
                               "name|text|YES|x");
        CU_ASSERT_STRING_EQUAL(
            told("SHOW VARIABLES", 0, LIST("Variable_name#", "Value#"), LIST("wsrep_sst_auth", "u:x")),
            "wsrep_sst_auth|<secret>");
        CU_ASSERT_STRING_EQUAL(told("SELECT v, k FROM s", 0, LIST("v", "k"), LIST("x", "smtp_password")),
                               "<secret>|smtp_password");
        CU_ASSERT_STRING_EQUAL(told("SELECT COLUMN_DEFAULT FROM COLUMNS WHERE COLUMN_NAME = 'password'", 0,
                                    LIST("COLUMN_DEFAULT#"), LIST("x")),
                               "<secret>");
        CU_ASSERT_STRING_EQUAL(told("SELECT user, plugin FROM mysql.user", 0, LIST("user", "plugin"),
                                    LIST("root", "mysql_native_password")),
                               "root|mysql_native_password");
        CU_ASSERT_STRING_EQUAL(told("SHOW VARIABLES", 0, LIST("Variable_name#", "Value#"),
                                    LIST("default_authentication_plugin", "caching_sha2_password")),
                               "default_authentication_plugin|caching_sha2_password");
}

static void warnings(void)
{
        static const char *const message[] = {"Warning", "Truncated incorrect DOUBLE value: 'x'", NULL};
        CU_ASSERT_STRING_EQUAL(told("SHOW WARNINGS", SECRECY_QUOTES, LIST("Level*", "Message*"), message),
                               "Warning|<secret>");
        CU_ASSERT_STRING_EQUAL(told("SHOW WARNINGS", 0, LIST("Level*", "Message*"), message),
                               "Warning|Truncated incorrect DOUBLE value: 'x'");
        CU_ASSERT_STRING_EQUAL(
            told("SHOW WARNINGS", 0, LIST("Level*", "Message*"),
                 LIST("Warning", "Incorrect integer value: 'x' for column `s`.`t`.`password` at row 1")),
            "Warning|<secret>");
}

/** An error's text, with tokens as <>. */
static const char *error(uint64_t redact, const char *sql, uint64_t number, const char *state,
                         const char *message)
{
        static char out[512];
        begin(redact);
        struct record r = query(sql);
        record_set_uint(&r, FIELD_ERRNO, number);
        record_set_text(&r, FIELD_SQLSTATE, span_str(state));
        record_set_text(&r, FIELD_ERROR, span_str(message));
        (void)enrich_record(&f, NULL, &r);
        size_t at = 0;
        for (size_t i = 0; i < r.error.len && at + 3 < sizeof out; i++) {
                bool token = r.error.len - i >= 25 && memcmp(r.error.data + i, "redacted:", 9) == 0;
                at += (size_t)snprintf(out + at, sizeof out - at, token ? "<>" : "%c", r.error.data[i]);
                i += token ? 24 : 0;
        }
        enrich_fini(&f);
        return out;
}

static void errors(void)
{
        CU_ASSERT_STRING_EQUAL(error(0, "INSERT INTO a SELECT * FROM b", 1062, "23000",
                                     "Duplicate entry 'x' for key 'password'"),
                               "Duplicate entry '<secret>'");
        CU_ASSERT_STRING_EQUAL(error(0, "INSERT INTO a SELECT password FROM b", 1062, "23000",
                                     "Duplicate entry 'x' for key 'p'"),
                               "Duplicate entry '<secret>'");
        CU_ASSERT_STRING_EQUAL(
            error(0, "SELECT password FROM b", 1054, "42S22", "Unknown column 'password' in 'SELECT'"),
            "Unknown column 'password' in 'SELECT'");
        CU_ASSERT_STRING_EQUAL(
            error(0, "SELECT 1", 1045, "28000", "Access denied for user 'u'@'h' (using password: YES)"),
            "Access denied for user 'u'@'h' (using password: YES)");
}

static void signals(void)
{
        enum { ALL = SETTINGS_REDACT_ALL };
        CU_ASSERT_STRING_EQUAL(
            error(ALL, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x y'", 1644, "45000", "x y"), "<>");
        CU_ASSERT_STRING_EQUAL(error(ALL, "INSERT INTO t VALUES (1)", 1644, "45000", "x y"), "<>");
        CU_ASSERT_STRING_EQUAL(
            error(ALL, "SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146", 1146, "42S02", "x y"), "<>");
        CU_ASSERT_STRING_EQUAL(error(ALL, "CALL p()", 1146, "42S02", "x y"), "<>");
        CU_ASSERT_STRING_EQUAL(error(ALL, "INSERT INTO t VALUES (1)", 1146, "45001", "x y"), "<>");
        CU_ASSERT_STRING_EQUAL(
            error(0, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x y'", 1644, "45000", "x y"), "x y");
        CU_ASSERT_STRING_EQUAL(
            error(ALL, "SELECT \"x y\"", 1054, "42S22", "Unknown column 'x y' in 'field list'"),
            "Unknown column '<>' in 'field list'");
        CU_ASSERT_STRING_EQUAL(error(ALL, "SELECT nick FROM t WHERE a = 'x'", 1054, "42S22",
                                     "Unknown column 'nick' in 'field list'"),
                               "Unknown column 'nick' in 'field list'");
}

/** A statement that runs another has columns that are called by constants of that one. */
static void names_of_columns(void)
{
        begin(SETTINGS_REDACT_LITERALS);
        struct record r = query("EXECUTE s");
        names[0] = (struct value){.role = VALUE_BEGINS_RESULT};
        names[1] = text("id");
        names[2] = text("bob");
        names[2].derived = true;
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        (void)enrich_record(&f, NULL, &r);
        CU_ASSERT_TRUE(span_equal(r.column_names.at[1].bytes, span_str("id")));
        CU_ASSERT_TRUE(span_equal(span_head(r.column_names.at[2].bytes, 9), span_str("redacted:")));
        enrich_fini(&f);
        begin(0);
        r = query("CALL p()");
        names[2] = text("STRCMP(PASSWORD('x'), 'y')");
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        (void)enrich_record(&f, NULL, &r);
        CU_ASSERT_TRUE(span_equal(r.column_names.at[2].bytes, span_str("<secret>")));
        enrich_fini(&f);
}

/** The token that @p r, which has one value and one constant, has for both; "" if they differ. */
static const char *token_of_both(const char *sql, struct value v)
{
        static char out[64];
        struct record r = query(sql);
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&v, 1});
        (void)enrich_record(&f, NULL, &r);
        const uint8_t *at = memmem(r.query.data, r.query.len, "redacted:", 9);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        (void)snprintf(out, sizeof out, "%.25s", (const char *)at);
        bool same = span_equal(r.stmt_execute_values.at[0].bytes, span_str(out));
        return same ? out : "";
}

static struct value binary(uint8_t type, const char *bytes, size_t len)
{
        return (struct value){.type = type, .bytes = span_of(bytes, len), .true_len = len};
}

/** A date has one token, in text, in a row of any column, and as a parameter of the binary protocol. */
static void dates_have_one_token(void)
{
        static const char half[] = "\xea\x07\x01\x02\x03\x04\x05\x20\xa1\x07\0"; /* .5 s */
        static const char midnight[] = "\xea\x07\x01\x02";
        static const char time[] = "\x01\x05\0\0\0\x03\x04\x05\0\0\0\0";
        static const struct {
                const char *sql;
                const char *text;
        } same[] = {
            {"SELECT '2026-01-02 03:04:05.5'", "2026-01-02 03:04:05.500"},
            {"SELECT '2026-01-02 00:00:00.000000'", "2026-01-02 00:00:00"},
            {"SELECT '-123:04:05'", "-123:04:05.00"},
        };
        const struct value parameters[] = {binary(VALUE_DATETIME, half, 11),
                                           binary(VALUE_TIMESTAMP, midnight, 4),
                                           binary(VALUE_TIME, time, 12)};
        begin(SETTINGS_REDACT_ALL);
        for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
                char first[64];
                (void)snprintf(first, sizeof first, "%s", token_of_both(same[i].sql, text(same[i].text)));
                CU_ASSERT_EQUAL(strlen(first), 25);
                CU_ASSERT_STRING_EQUAL(token_of_both(same[i].sql, parameters[i]), first);
        }
        static const char *const others[] = {
            "2026-01-02 03:04:05.50x", "2026-01-02 03:04:05.x0", "3:04:05.50", "03:04:05.",
            "2026-01-02 03:04:05.0.0", "a 03:04:05.50",          "1.50"};
        for (size_t i = 0; i < sizeof others / sizeof others[0];
             i++) { /* which are no times, and stay as they are */
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT '%s0'", others[i]);
                CU_ASSERT_STRING_EQUAL(token_of_both(sql, text(others[i])), "");
        }
        enrich_fini(&f);
}

/** A token of all of a value stands for that one only; a part of a value, and a password, may be those of others. */
static void which_tokens_are_ambiguous(void)
{
        static const struct {
                const char *sql;
                struct value value;
                bool is_ambiguous;
        } cases[] = {
            {"SELECT a FROM t WHERE id = ?",
             {.type = VALUE_BLOB, .bytes = {(const uint8_t *)"abc", 3}, .true_len = 3},
             false},
            {"SELECT a FROM t WHERE id = ?",
             {.type = VALUE_BLOB, .bytes = {(const uint8_t *)"abc", 3}, .true_len = 4},
             true},
            {"SELECT a FROM t WHERE id = ?",
             {.type = VALUE_BLOB, .bytes = {(const uint8_t *)"abc", 3}, .true_len = 3, .cut = true},
             true},
            {"SELECT a FROM t WHERE b = PASSWORD(?)",
             {.type = VALUE_BLOB, .bytes = {(const uint8_t *)"abc", 3}, .true_len = 3},
             true},
        };
        begin(SETTINGS_REDACT_ALL);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct record r = query(cases[i].sql);
                record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&cases[i].value, 1});
                (void)enrich_record(&f, NULL, &r);
                CU_ASSERT_TRUE(record_has(&r, FIELD_REDACTED));
                CU_ASSERT_EQUAL(r.stmt_execute_values.at[0].ambiguous, cases[i].is_ambiguous);
                CU_ASSERT_NOT_EQUAL(value_is_whole(&r.stmt_execute_values.at[0]), cases[i].is_ambiguous);
        }
        enrich_fini(&f);
}

/** Values of tags are percent-encoded, and so may be what shows that they are passwords. */
static void encoded_tags(void)
{
        begin(0);
        struct record r = query("SELECT 'a' /*route='mysql%3A%2F%2Fbob%3Ahush%40db',user='b'*/");
        (void)enrich_record(&f, NULL, &r);
        CU_ASSERT_TRUE(span_equal(r.query, span_str("SELECT 'a' /*<secret>*/")));
        CU_ASSERT_EQUAL_FATAL(r.tags.n, 2);
        CU_ASSERT_TRUE(span_equal(r.tags.at[0].bytes, span_str("<secret>")));
        r = query("SELECT 'a' /*route='%2Fcart'*/");
        (void)enrich_record(&f, NULL, &r);
        CU_ASSERT_TRUE(span_equal(r.query, span_str("SELECT 'a' /*route='%2Fcart'*/")));
        enrich_fini(&f);
}

static const struct tap_test tests[] = {
    {"encoded tags", encoded_tags},
    {"columns", columns},
    {"names beside values", labels},
    {"warnings", warnings},
    {"errors", errors},
    {"signals", signals},
    {"names of columns", names_of_columns},
    {"dates have one token", dates_have_one_token},
    {"which tokens are ambiguous", which_tokens_are_ambiguous},
};

int main(void)
{
        return TAP_RUN("redact", tests);
}
