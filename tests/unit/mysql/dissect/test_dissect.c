/* The dissector as a whole: what it shows of a session, how it gives up, and that it survives a lack of memory. */
#include "mysql/dissect/dissect.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

/* --- what is shown of a session ----------------------------------------------------------------------------------------- */

static char shown[16384];

static size_t shown_len;

static void look(const struct dissect *d)
{
        struct dissect_view v = dissect_view(d);
        struct dissect_verdict verdict = dissect_verdict(d);
        int n =
            snprintf(shown + shown_len, sizeof shown - shown_len, "%s %s %.*s [%.*s] %s%u/%u %d %s\n",
                     v.phase, v.command != NULL ? v.command : "-", (int)v.username.len,
                     v.username.len > 0 ? (const char *)v.username.data : "", (int)v.query.len,
                     v.query.len > 0 ? (const char *)v.query.data : "", v.idle ? "idle " : "", v.pipelined,
                     v.statements, (int)verdict.lint, v.opaque_reason != NULL ? v.opaque_reason : "");
        shown_len += n > 0 ? (size_t)n : 0;
        CU_ASSERT_EQUAL(verdict.opaque > verdict.followed_again, v.opaque_reason != NULL);
        struct dissect_now now = dissect_now(d);
        CU_ASSERT_PTR_EQUAL(now.command, v.command);
        CU_ASSERT_TRUE(span_equal(now.query, v.query));
        CU_ASSERT_EQUAL(now.hidden, v.query_hidden);
}

static void expect_shown(const char *part)
{
        CU_ASSERT_TRUE(script_has(shown, part));
}

static void views(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer_ok(&s);
        script_prepare(&s, 1, "SELECT ?", 1);
        script_send(&s, SPAN("\x19\1\0\0\0"));
        script_prepare(&s, 2, "DO 1", 0);
        script_send(&s, SPAN("\x17\2\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x17\x63\0\0\0\0\1\0\0\0"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        script_answer_ok(&s);
        script_send(&s, SPAN("\3"));
        script_answer(&s, SPAN("\xfc\0\0"));
        script_answer_ok(&s);
        shown_len = 0;
        free(script_replay(&s, (struct tape_options){.look = look}));
        expect_shown("login -  [] 0/0 0 \n");
        expect_shown("auth - us\xe9r [] 0/0 0 \n");
        expect_shown("ready - us\xe9r [] idle 0/0 0 \n");
        expect_shown("ready COM_QUERY us\xe9r [SELECT 1] 1/0 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [DO 1] 1/1 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [] 1/1 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [] 2/1 0 \n");
        expect_shown("opaque - us\xe9r [] 0/1");
        expect_shown("a reply that is neither OK, ERR nor a column count\n");
        /* within a command's header */
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\16"));
        shown_len = 0;
        free(script_replay(&s, (struct tape_options){.look = look, .split = 3}));
        expect_shown("ready - us\xe9r [] idle 0/0 0 \nready - us\xe9r [] 0/0 0 \nready COM_PING");
}

static void hidden_packets(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "SELECT 'x', ?", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\1y"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        script_send(&s, SPAN("\3SELECT v"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'v'"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        char *a = script_replay(&s, (struct tape_options){.packet_bytes = 100, .hide_packets = true});
        char *b =
            script_replay(&s, (struct tape_options){.packet_bytes = 100, .hide_packets = true, .split = 1});
        char *c =
            script_replay(&s, (struct tape_options){.packet_bytes = 100, .hide_packets = true, .runs = true});
        CU_ASSERT_STRING_EQUAL(a, b);
        CU_ASSERT_TRUE(script_has(a, "client packet seq 0 length 14 COM_STMT_PREPARE: 16\n"));
        CU_ASSERT_TRUE(script_has(a, "length 12 prepared statement: 00 01 00 00 00 00 00 01 00 00 00 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 16 COM_STMT_EXECUTE: 17 01 00 00 00 00 01 00 00 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 1 column count: 01\n"));
        CU_ASSERT_TRUE(script_has(a, "column definition:\n"));
        CU_ASSERT_TRUE(script_has(a, "length 5 EOF: fe 00 00 02 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 2 row:\n"));
        CU_ASSERT_TRUE(script_has(a, "length 9 COM_QUERY: 03\n"));
        CU_ASSERT_TRUE(script_has(a, "ERR: ff 28 04 23 34 32 30 30 30\n"));
        CU_ASSERT_TRUE(script_has(a, "length 1 COM_PING: 0e\n"));
        CU_ASSERT_TRUE(script_has(a, "length 7 OK: 00\n"));
        CU_ASSERT_TRUE(script_has(c, "length 2 row:\n"));
        CU_ASSERT_EQUAL(script_count(a, "packet seq"), script_count(c, "packet seq"));
        free(a);
        free(b);
        free(c);
}

/** Of what is asked for by SHOW GRANTS, and of errors in SQL that is made while it runs. */
static void packets_with_passwords(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3\t SHOW \n GRANTS"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        script_send(&s, SPAN("\3SHOW CREATE USER u"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SHOW TABLES"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3CALL p()"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'x 'topsecret'' at line 1"));
        script_send(&s, SPAN("\3CALL p()"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'p()' at line 1"));
        for (size_t split = 0; split < 2; split++) {
                char *a = script_replay(&s, (struct tape_options){.packet_bytes = 100, .split = split});
                CU_ASSERT_TRUE(script_has(a, "length 2 row:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 16 COM_QUERY:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 19 COM_QUERY:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 12 COM_QUERY: 03 53 48"));
                CU_ASSERT_EQUAL(script_count(a, " ERR:\n"), 1);
                CU_ASSERT_EQUAL(script_count(a, " ERR: ff"), 1);
                free(a);
        }
}

static void commands_are_counted(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3BEGIN"));
        script_answer_ok(&s);
        script_prepare(&s, 1, "SELECT ?", 1);
        script_send(&s, SPAN("\x19\1\0\0\0"));
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        char *told = script_replay(&s, (struct tape_options){.split = 0});
        char *counted = script_replay(&s, (struct tape_options){.count_only = true});
        CU_ASSERT_EQUAL(script_count(counted, "command\n"), 4);
        CU_ASSERT_EQUAL(script_count(told, "\"event\":\"query\""), 4);
        CU_ASSERT_EQUAL(script_count(counted, "\"event\":\"query\""), 0);
        CU_ASSERT_EQUAL(script_count(counted, "\"event\":\"auth\""), 1);
        free(told);
        free(counted);
}

/** What could not be followed is told with its first bytes, but for passwords; so is what is on the wire. */
static void evidence(void)
{
        static const struct {
                const char *statement;
                const char *reply;
                bool hide;
                bool shown;
        } cases[] = {
            {"\3SELECT 1", "\xfc zz", false, true},
            {"\3SELECT 1", "\xfc zz", true, false},
            {"\3SELECT 1", "\xfc password", false, false},
            {"\3SELECT pw", "\xfc zz", false, false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                script_send(&s, span_str(cases[i].statement));
                script_answer(&s, span_str(cases[i].reply));
                shown_len = 0;
                char *records =
                    script_replay(&s, (struct tape_options){.hide_packets = cases[i].hide, .look = look});
                CU_ASSERT_PTR_NOT_NULL(strstr(records, "the session is opaque"));
                CU_ASSERT_EQUAL(strstr(records, "packet_bytes") != NULL, cases[i].shown);
                free(records);
        }
}

static void on_record(void *arg, struct record *r)
{
        unsigned *n = arg;
        CU_ASSERT_EQUAL(r->event, EVENT_NOTICE);
        (*n)++;
}

static void gives_up_once(void)
{
        struct dissect_pool pool = {.first = NULL};
        const struct dissect_settings settings = {.pool = &pool,
                                                  .query_bytes = 100,
                                                  .value_bytes = 10,
                                                  .held_bytes = 1000,
                                                  .pipeline = 4,
                                                  .statements = 4};
        unsigned told = 0;
        struct dissect *d =
            dissect_new(&settings, (struct dissect_sink){.arg = &told, .on_record = on_record});
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        dissect_feed(d, SIDE_SERVER, SPAN("\4\0"), 5);
        dissect_give_up(d, "because", 7);
        dissect_give_up(d, "again", 8);
        CU_ASSERT_STRING_EQUAL(dissect_view(d).opaque_reason, "because");
        CU_ASSERT_EQUAL(told, 1);
        dissect_feed(d, SIDE_SERVER, SPAN("\4\0\0\0abcd"), 9);
        dissect_end(d, 10);
        dissect_give_up(d, "too late", 11);
        CU_ASSERT_EQUAL(told, 1);
        CU_ASSERT_STRING_EQUAL(dissect_view(d).phase, "closed");
        dissect_free(d);
        dissect_free(NULL);
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */

static void every_allocation_fails_once(void)
{
        script_open(&s, CAP_LOCAL_FILES | CAP_PLUGIN_AUTH, 8);
        script_send(&s, SPAN("\3use a"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3use a longer name than before"));
        script_answer(&s, SPAN("\0\0\0\2\0\0\0\5hello"));
        script_send(&s, SPAN("\x11u\0\0d\0\x08\0plugin\0"));
        script_answer(&s, SPAN("\xfeother\0salt"));
        script_go_on(&s, SPAN("hash"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x09"));
        script_answer(&s, SPAN("Uptime: 7"));
        script_send(&s, SPAN("\2b"));
        script_answer_ok(&s);
        script_prepare(&s, 3, "DO ?", 1);
        script_send(&s, SPAN("\x18\3\0\0\0\0\0a"));
        script_send(&s, SPAN("\x18\3\0\0\0\0\0bcdefghijklmnopqrstuvwxyz"));
        script_send(&s, SPAN("\x17\3\0\0\0\0\1\0\0\0\0\1\xfd\0"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        const struct tape_options options = {.without_gate = true, .packet_bytes = 8, .split = 3};
        prof_fail_nth(1000000);
        free(tape_records(span_of(s.bytes, s.len), &options));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 10);
        for (uint64_t n = 2; n <= all; n++) { /* the first is the dissector itself */
                prof_fail_nth(n);
                char *records = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_PTR_NULL(strstr(records, "malformed"));
                free(records);
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
        CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, LIB_COUNT).current_count_used, 0);
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(dissect_new(NULL, (struct dissect_sink){.arg = NULL}));
        prof_fail_nth(0);
}

static const struct tap_test tests[] = {
    {"what is shown of a session", views},
    {"evidence", evidence},
    {"hidden packets", hidden_packets},
    {"packets with passwords", packets_with_passwords},
    {"commands are counted", commands_are_counted},
    {"it gives up once", gives_up_once},
    {"each allocation fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("dissect", tests);
}
