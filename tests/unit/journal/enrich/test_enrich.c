/* What is added to records and taken out of them: tags, redaction; and what happens when memory is out. */
#include "journal/enrich/enriched.h"
#include "profile/heap/fault.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

/* --- tags ----------------------------------------------------------------------------------------------------------- */

static const char *tags_of(const char *sql)
{
        static struct tags t;
        static char out[512];
        size_t at = 0;
        out[0] = '\0';
        size_t n = tags_read(&t, span_str(sql));
        for (size_t i = 0; i < n; i++) {
                at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s=%.*s", i > 0 ? "|" : "",
                                       (int)t.values[i].name.len, (const char *)t.values[i].name.data,
                                       (int)t.values[i].bytes.len, (const char *)t.values[i].bytes.data);
        }
        return out;
}

static void tags_are_read(void)
{
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='b',c='d%20e'*/ ; "), "a=b|c=d e");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='b'*/ SELECT 1"), "a=b");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /* a = 'it\\'s' , %62='%2' */"), "a=it's|b=%2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*application:Shop,job:x*/"), "application=Shop|job=x");
        static const char *const none[] = {"SELECT 1",
                                           "SELECT 1 /**/",
                                           "SELECT 1 /* see: the ticket */",
                                           "/* a */ SELECT 1",
                                           "SELECT 1 /*a='b' c*/",
                                           "SELECT 1 /*a='b*/",
                                           "SELECT 1 /*a b='c'*/",
                                           "SELECT 1 /*'='x'*/",
                                           "*/",
                                           "/*a=b*/",
                                           "/*a=*/",
                                           "/*:*/",
                                           "SELECT /* x */ 1 */",
                                           "/* a"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                CU_ASSERT_STRING_EQUAL(tags_of(none[i]), "");
        }
        char many[2000] = "/*";
        for (int i = 0; i < 30; i++) {
                (void)snprintf(many + strlen(many), 32, "%sk%d='v'", i > 0 ? "," : "", i);
        }
        (void)snprintf(many + strlen(many), 8, "*/");
        struct tags t;
        CU_ASSERT_EQUAL(tags_read(&t, span_str(many)), 0); /* too many to be tags */
        char *large = malloc(8000);
        memset(large, 'x', 8000);
        (void)memcpy(large, "/*a='b',c='", 11);
        (void)memcpy(large + 7995, "'*/", 4);
        CU_ASSERT_EQUAL(tags_read(&t, span_str(large)), 1); /* those that do not fit are left out */
        free(large);
}

/** A framework and a tracer each add a comment: all of them are read, and of a key the last value. */
static void tags_of_several_comments(void)
{
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*b='2'*/"), "b=2|a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ /*b='2'*/;"), "b=2|a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ /* b:2 */ SELECT 1"), "a=1|b=2");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ /*a='2'*/ SELECT 1"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*a='2'*/"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*//*a='2'*/"), "a=2");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1',%61='2',b='3'*/"), "a=2|b=3");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ /* written by hand */"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/* written by hand */ /*a='1'*/ SELECT 1 /**/"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/"), "a=1");
        CU_ASSERT_STRING_EQUAL(tags_of("SELECT 1 /*a='1'*/ + 2 /*b='3'*/"), "b=3"); /* within the statement */
        CU_ASSERT_STRING_EQUAL(tags_of("/*a='1'*/ SELECT 1 /*a='2',b*/"), "a=1");
        /* what is at the end takes precedence where there is no space for all of them */
        char many[4000] = "/*z='9',k0='w'*/ SELECT 1 /*";
        for (int i = 0; i < TAGS_MAX; i++) {
                (void)snprintf(many + strlen(many), 32, "%sk%d='v'", i > 0 ? "," : "", i);
        }
        (void)snprintf(many + strlen(many), 8, "*/");
        struct tags t;
        CU_ASSERT_EQUAL(tags_read(&t, span_str(many)), TAGS_MAX);
        CU_ASSERT_TRUE(enriched_is(t.values[0].bytes, "v"));
}

static void trace_contexts(void)
{
        enriched_begin(0);
        struct record r = enriched_query(
            1, "SELECT 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/");
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        struct value attribute = {.name = span_str("traceparent"),
                                  .bytes =
                                      span_str("00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                                  .type = VALUE_VAR_STRING};
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){&attribute, 1});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.traceparent, "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        r = enriched_query(1, "SELECT 1 /*traceparent='00-0af7'*/");
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_FALSE(record_has(&r, FIELD_TRACEPARENT));
        r = enriched_query(
            1, "SELECT 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-0g'*/");
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_FALSE(record_has(&r, FIELD_TRACEPARENT));
        enriched_finish();
}

/* --- redaction ------------------------------------------------------------------------------------------------------- */

static void passwords_go(void)
{
        enriched_begin(0);
        struct record r = enriched_query(1, "ALTER USER u IDENTIFIED BY 'p' x");
        record_set_uint(&r, FIELD_ERRNO, 1064);
        record_set_text(&r, FIELD_ERROR, span_str("syntax near ''p' x' at line 1"));
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.query, "ALTER USER u IDENTIFIED BY '<secret>' x"));
        CU_ASSERT_TRUE(enriched_is(r.error, "syntax near '<secret>' at line 1"));
        CU_ASSERT_EQUAL(r.redacted, 1U << REDACTED_PASSWORD);
        /* a parameter in its place hides the values */
        struct value value = {.bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1};
        r = enriched_query(1, "");
        field_set_remove(&r.present, FIELD_QUERY);
        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("UPDATE u SET password = ? WHERE id = 1"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&value, 1});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[0].bytes, "<secret>"));
        /* dynamic SQL in a stored program */
        r = enriched_query(1, "CALL p()");
        record_set_uint(&r, FIELD_ERRNO, 1064);
        record_set_text(&r, FIELD_ERROR, span_str("syntax near 'IDENTIFIED BY 'p''"));
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.error, "syntax near '<secret>'"));
        r = enriched_query(1, "SELECT password FROM u");
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.query, "SELECT password FROM u") && !record_has(&r, FIELD_REDACTED));
        /* one that the server makes */
        struct value row[] = {
            {.role = VALUE_BEGINS_RESULT},
            {.role = VALUE_BEGINS_ROW},
            {.bytes = span_str("u"), .type = VALUE_VAR_STRING, .true_len = 1, .in_text = true},
            {.bytes = span_str("made"), .type = VALUE_VAR_STRING, .true_len = 4, .in_text = true}};
        r = enriched_query(1, "ALTER USER u IDENTIFIED BY RANDOM PASSWORD");
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){row, 4});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.first_rows.at[3].bytes, "<secret>"));
        enriched_finish();
}

static void named_passwords_go(void)
{
        enriched_begin(0);
        struct value named = {
            .name = span_str("db_password"), .bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1};
        struct record r = enriched_query(1, "SELECT 1");
        record_set_list(&r, FIELD_QUERY_ATTRIBUTES, (struct value_list){&named, 1});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.query_attributes.at[0].bytes, "<secret>"));
        r = enriched_query(1, "");
        r.event = EVENT_AUTH;
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){&named, 1});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.connect_attributes.at[0].bytes, "<secret>"));
        /* of a table's columns, and of an option in a value */
        struct value names[] = {
            {.role = VALUE_BEGINS_RESULT}, {.bytes = span_str("id")}, {.bytes = span_str("pwd")}};
        struct value row[] = {
            {.role = VALUE_BEGINS_RESULT},
            {.role = VALUE_BEGINS_ROW},
            {.bytes = span_str("1"), .type = VALUE_LONG, .true_len = 1, .in_text = true},
            {.bytes = span_str("p"), .type = VALUE_VAR_STRING, .true_len = 1, .in_text = true}};
        r = enriched_query(1, "SELECT * FROM u");
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){row, 4});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.first_rows.at[2].bytes, "1"));
        CU_ASSERT_TRUE(enriched_is(r.first_rows.at[3].bytes, "<secret>"));
        /* not in a value of any bytes, nor by "pw" alone */
        static const uint8_t noise[] = "\x01 pass 'x' pw 'y'";
        struct value values[] = {
            {.bytes = span_of(noise, sizeof noise - 1), .type = VALUE_BLOB, .true_len = sizeof noise - 1},
            {.bytes = span_str("a pw 'y'"), .type = VALUE_BLOB, .true_len = 8},
            {.bytes = span_str("password='x'"), .type = VALUE_BLOB, .true_len = 12}};
        r = enriched_query(1, "SELECT ?, ?, ?");
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[0].bytes, (const char *)noise));
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[1].bytes, "a pw 'y'"));
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[2].bytes, "<secret>"));
        enriched_finish();
}

static void tokens_join(void)
{
        enriched_begin(SETTINGS_REDACT_ALL);
        struct record r =
            enriched_query(1, "SELECT 'it''s', \"it's\", 'it\\'s', N'it\\'s', 5 /* it's */ # it's\n");
        struct value values[] = {{.bytes = span_str("it's"), .type = VALUE_VAR_STRING, .true_len = 4},
                                 {.bytes = span_of("\5\0\0\0", 4), .type = VALUE_LONG, .true_len = 4},
                                 {.is_null = true}};
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
        record_set_uint(&r, FIELD_ERRNO, 1062);
        record_set_text(&r, FIELD_ERROR, span_str("Duplicate entry 'it's' for key 'PRIMARY'"));
        (void)enrich_record(&enriched, &enriched_session, &r);
        struct span text = r.query;
        char token[26];
        char other[26];
        CU_ASSERT_FATAL(text.len > 150);
        memcpy(token, text.data + 8, 25);
        token[25] = '\0';
        CU_ASSERT_EQUAL(strncmp(token, "redacted:", 9), 0);
        for (size_t i = 1; i < 4; i++) {
                CU_ASSERT_EQUAL(memcmp(text.data + 8 + i * 29, token, 25), 0);
        }
        memcpy(other, text.data + 8 + 4 * 29, 25);
        other[25] = '\0';
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[0].bytes, token));
        CU_ASSERT_TRUE(enriched_is(r.stmt_execute_values.at[1].bytes, other));
        CU_ASSERT_TRUE(r.stmt_execute_values.at[2].is_null);
        CU_ASSERT_PTR_NULL(memmem(text.data, text.len, "it", 2));
        CU_ASSERT_PTR_NOT_NULL(memmem(r.error.data, r.error.len, "for key 'PRIMARY'", 17));
        CU_ASSERT_PTR_NULL(memmem(r.error.data, r.error.len, "it's", 4));
        enriched_finish();
}

static void columns_called_by_constants(void)
{
        enriched_begin(SETTINGS_REDACT_LITERALS);
        struct record r = enriched_query(1, "SELECT 'bob', id, id + 5 FROM t");
        struct value names[] = {{.bytes = span_str("bob"), .type = VALUE_VAR_STRING, .true_len = 3},
                                {.bytes = span_str("id"), .type = VALUE_VAR_STRING, .true_len = 2},
                                {.bytes = span_str("id + 5"), .type = VALUE_VAR_STRING, .true_len = 6}};
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, 3});
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_FALSE(span_equal(r.column_names.at[0].bytes, span_str("bob")));
        CU_ASSERT_TRUE(enriched_is(r.column_names.at[1].bytes, "id"));
        CU_ASSERT_FALSE(span_equal(r.column_names.at[2].bytes, span_str("id + 5")));
        enriched_finish();
}

/** What a text hides is found as the server reads it, which a statement before it in the same text may change. */
static void modes_within_a_text(void)
{
        static const char *const texts[] = {
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'a\\', topsecret FROM t; SELECT 'topsecret'",
            "SET sql_mode = ''; SELECT \"a\\\", topsecret\"",
            "SET sql_mode = ANSI; SELECT \"a\\\", 'topsecret'"};
        enriched_begin(SETTINGS_REDACT_ALL);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                for (unsigned first = 0; first < 2;
                     first++) { /* with and without the mode, of the same shape */
                        struct record r = enriched_query(1, texts[i]);
                        r.sql_mode.ansi_quotes = i == 1;
                        (void)enrich_record(&enriched, &enriched_session, &r);
                        size_t n = r.query.len;
                        CU_ASSERT_TRUE(n > 9);
                        struct span end = span_skip(r.query, n > 12 ? n - 12 : 0);
                        CU_ASSERT_PTR_NULL(memmem(end.data, end.len, "topsecret", 9));
                }
        }
        enriched_finish();
}

/* --- faults ---------------------------------------------------------------------------------------------------------- */

/** Whatever fails, nothing secret is told, and nothing else happens. */
static void each_allocation_fails_once(void)
{
        unsigned refused = 0;
        for (uint64_t nth = 1; nth < 60; nth++) {
                settings_defaults(&enriched_settings);
                enriched_settings.log.redact = SETTINGS_REDACT_ALL;
                enriched_settings.log.digests = 2;
                prof_fail_nth(nth);
                bool made = enrich_init(&enriched, &enriched_settings) == STATUS_OK;
                refused += made ? 0 : 1;
                if (made) {
                        n_plus_one_begin(enriched.n_plus_one, &enriched_session);
                }
                for (unsigned i = 0; made && i < 6; i++) {
                        char sql[8192]; /* that some of them need more room than there is from the start */
                        (void)snprintf(sql, sizeof sql, "ALTER USER u%u IDENTIFIED BY 'topsecret' -- %*s", i,
                                       (int)(i % 3) * 3000, "");
                        struct record r = enriched_query(i, sql);
                        struct value value = {
                            .bytes = span_str("topsecret"), .type = VALUE_VAR_STRING, .true_len = 9};
                        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&value, 1});
                        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){&value, 1});
                        (void)enrich_record(&enriched, &enriched_session, &r);
                        bool told = record_has(&r, FIELD_QUERY) &&
                                    memmem(r.query.data, r.query.len, "topsecret", 9) != NULL;
                        CU_ASSERT_FALSE(told);
                        told = record_has(&r, FIELD_STMT_EXECUTE_VALUES) &&
                               span_equal(r.stmt_execute_values.at[0].bytes, span_str("topsecret"));
                        CU_ASSERT_FALSE(told);
                        told = record_has(&r, FIELD_COLUMN_NAMES) &&
                               span_equal(r.column_names.at[0].bytes, span_str("topsecret"));
                        CU_ASSERT_FALSE(told);
                }
                prof_fail_nth(0);
                if (made) {
                        n_plus_one_end(enriched.n_plus_one, &enriched_session);
                }
                enrich_fini(&enriched);
        }
        CU_ASSERT_TRUE(refused > 3 && refused < 30);
}

static const struct tap_test tests[] = {
    {"modes within a text", modes_within_a_text},
    {"tags are read", tags_are_read},
    {"tags of several comments", tags_of_several_comments},
    {"trace contexts", trace_contexts},
    {"passwords go", passwords_go},
    {"named passwords go", named_passwords_go},
    {"tokens join", tokens_join},
    {"columns called by constants", columns_called_by_constants},
    {"each allocation fails once", each_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("enrich", tests);
}
