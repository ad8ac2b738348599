/* The scope of statements: where it comes from, which source comes first, and when it ends. */
#include "journal/enrich/scope.h"
#include "mysql/wire/command.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdio.h>

static struct scope_session session;

static struct record command(unsigned code, const char *sql)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        if (sql != NULL) {
                record_set_text(&r, code == COM_STMT_EXECUTE ? FIELD_STMT_PREPARE_QUERY : FIELD_QUERY,
                                span_str(sql));
        }
        return r;
}

static void run(const char *sql)
{
        struct record r = command(COM_QUERY, sql);
        scope_on_command(&session, &r);
}

/** The scope that @p r has in the session. */
static const char *scope_of(struct record *r)
{
        static char name[SCOPE_NAME_MAX + 1];
        scope_put(&session, r);
        struct span text = record_text_if_any(r, FIELD_SCOPE);
        (void)snprintf(name, sizeof name, "%.*s", (int)text.len, (const char *)text.data);
        return name;
}

/** The scope of a statement without tags. */
static const char *now(void)
{
        struct record r = command(COM_QUERY, "SELECT 1");
        return scope_of(&r);
}

static struct value text(const char *name, const char *value)
{
        return (struct value){.name = span_str(name),
                              .bytes = span_str(value),
                              .true_len = strlen(value),
                              .type = VALUE_VAR_STRING,
                              .in_text = true};
}

static void log_in(const char *attribute)
{
        const struct value v = text(SCOPE_KEY, attribute);
        struct record r;
        record_clear(&r);
        r.event = EVENT_AUTH;
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){&v, 1});
        scope_on_auth(&session, &r);
}

static void precedence(void)
{
        const struct value tag = text(SCOPE_KEY, "tag");
        const struct value attribute = text(SCOPE_KEY, "query");
        const struct value other = text("route", "/posts");
        CU_ASSERT_STRING_EQUAL(now(), "");
        log_in("login");
        CU_ASSERT_STRING_EQUAL(now(), "login");
        run("SET @querytap_scope = 'variable'");
        CU_ASSERT_STRING_EQUAL(now(), "variable");
        struct record r = command(COM_QUERY, "SELECT 1");
        record_set_list(&r, FIELD_TAGS, (struct value_list){&other, 1});
        CU_ASSERT_STRING_EQUAL(scope_of(&r), "variable");
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){&attribute, 1});
        CU_ASSERT_STRING_EQUAL(scope_of(&r), "query");
        record_set_list(&r, FIELD_TAGS, (struct value_list){&tag, 1});
        CU_ASSERT_STRING_EQUAL(scope_of(&r), "tag");
        const struct value empty = text(SCOPE_KEY, "");
        record_set_list(&r, FIELD_TAGS, (struct value_list){&empty, 1});
        CU_ASSERT_STRING_EQUAL(scope_of(&r), "query");
        run("SET @querytap_scope = ''");
        CU_ASSERT_STRING_EQUAL(now(), "login");
        scope_session_fini(&session);
}

static void ends(void)
{
        static const struct {
                unsigned code;
                bool fails;
                const char *variable; /* after it */
                const char *attribute;
        } rows[] = {
            {COM_RESET_CONNECTION, false, "login", "login"},
            {COM_RESET_CONNECTION, true, "v", "login"},
            {COM_CHANGE_USER, false, "", ""},
            {COM_CHANGE_USER, true, "login", "login"},
            {COM_PING, false, "v", "login"},
            {COM_INIT_DB, false, "v", "login"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                log_in("login");
                run("SET @querytap_scope = 'v'");
                struct record r = command(rows[i].code, NULL);
                if (rows[i].fails) {
                        record_set_uint(&r, FIELD_ERRNO, 1047);
                }
                scope_on_command(&session, &r);
                CU_ASSERT_STRING_EQUAL(now(), rows[i].variable);
                run("SET @querytap_scope = NULL");
                CU_ASSERT_STRING_EQUAL(now(), rows[i].attribute);
                scope_session_fini(&session);
        }
        run("SET @querytap_scope = 'v'");
        run("SET @querytap_scope = UUID()");
        CU_ASSERT_STRING_EQUAL(now(), "");
        run("SET @querytap_scope = 'v'");
        scope_on_gap(&session);
        CU_ASSERT_STRING_EQUAL(now(), "");
        run("SET @querytap_scope = 'v', PASSWORD = 'x'");
        CU_ASSERT_STRING_EQUAL(now(), "");
        run("SET @querytap_scope = 'pa' 'ssword=hush'");
        CU_ASSERT_STRING_EQUAL(now(), "");
        run("SET @querytap_scope = 'p\\assword=hush'");
        CU_ASSERT_STRING_EQUAL(now(), "");
}

static void failed_statements(void)
{
        static const uint64_t zero = 0;
        const struct value ok = {.type = VALUE_LONGLONG, .bytes = span_of(&zero, 8), .true_len = 8};
        struct record r = command(COM_QUERY, "SET @querytap_scope = 'a'");
        record_set_uint(&r, FIELD_ERRNO, 1193);
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "");
        r = command(COM_QUERY, "SET @querytap_scope = 'a'; SET @querytap_scope = 'b', @@x = 1");
        record_set_uint(&r, FIELD_ERRNO, 1193);
        record_set_list(&r, FIELD_RESULT_ROWS, (struct value_list){&ok, 1});
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "a");
        r = command(COM_QUERY, "SET @querytap_scope = 'b'; SELECT 1; SET @quer");
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100);
        record_set_list(&r, FIELD_RESULT_ROWS, (struct value_list){&ok, 1});
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "");
        scope_session_fini(&session);
}

static void parameters(void)
{
        const uint64_t seventeen = 17;
        struct value values[] = {text("", "x"), text("", "job-7")};
        struct record r = command(COM_STMT_EXECUTE, "SET @x = ?, @querytap_scope = ?");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 2});
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "job-7");
        values[1] = (struct value){.type = VALUE_LONGLONG, .bytes = span_of(&seventeen, 8), .true_len = 8};
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "17");
        values[1] = (struct value){.type = VALUE_NULL, .is_null = true};
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 1}); /* it is missing */
        run("SET @querytap_scope = 'v'");
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "");
        r = command(COM_STMT_PREPARE, "SET @querytap_scope = 'v'");
        scope_on_command(&session, &r);
        CU_ASSERT_STRING_EQUAL(now(), "");
        scope_session_fini(&session);
}

static void long_and_odd_names(void)
{
        char sql[1000] = "SET @querytap_scope = '";
        size_t at = strlen(sql);
        sql[at++] = 'a';
        for (size_t i = 0; i < 200; i++) {
                memcpy(sql + at, "é", 2);
                at += 2;
        }
        memcpy(sql + at, "'", 2);
        run(sql);
        struct record r = command(COM_QUERY, "SELECT 1");
        scope_put(&session, &r);
        CU_ASSERT_EQUAL(r.scope.len, SCOPE_NAME_MAX - 1); /* whole characters */
        CU_ASSERT_TRUE(field_set_has(&r.cut, FIELD_SCOPE));
        CU_ASSERT_FALSE(field_set_has(&r.undecoded, FIELD_SCOPE));
        run("SET @querytap_scope = 'a\xff'");
        r = command(COM_QUERY, "SELECT 1");
        scope_put(&session, &r);
        CU_ASSERT_TRUE(field_set_has(&r.undecoded, FIELD_SCOPE));
        scope_session_fini(&session);
        scope_put(&scope_session_unknown, &r);
        CU_ASSERT_FALSE(session.has_name);
}

static void without_memory(void)
{
        run("SET @querytap_scope = 'v'");
        prof_fail_nth(1);
        run("SET @querytap_scope = 'w'");
        prof_fail_nth(0);
        CU_ASSERT_STRING_EQUAL(now(), "");
        scope_session_fini(&session);
}

static const struct tap_test tests[] = {
    {"precedence", precedence},
    {"where it ends", ends},
    {"statements that fail", failed_statements},
    {"parameters", parameters},
    {"long and odd names", long_and_odd_names},
    {"without memory", without_memory},
};

int main(void)
{
        return TAP_RUN("scope", tests);
}
