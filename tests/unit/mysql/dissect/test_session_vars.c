#include "mysql/wire/reply.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

static bool ends_with(char *records, const char *part)
{
        bool has = script_has(records, part) && strstr(records, "opaque") == NULL;
        free(records);
        return has;
}

static void query(const char *text)
{
        uint8_t room[256];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\x03');
        writer_text(&w, text);
        script_send(&s, writer_span(&w));
}

/** What the character set is after @p text, told by an é of latin1. */
static bool is_after(const char *text, const char *set)
{
        char part[96];
        query(text);
        script_answer_ok(&s);
        query("\xe9");
        script_answer(&s, SPAN("\xff\1\0#42000m\xe9"));
        (void)snprintf(part, sizeof part,
                       "\"character_set\":\"%s\",\"server_conn_id\":7,\"command_id\":3,\"command\":\"COM_"
                       "QUERY\",\"query\":\"",
                       set);
        return ends_with(script_play(&s, 0), part);
}

static void names_of_the_login(void)
{
        script_open(&s, 0, 8);
        query("\xe9");
        script_answer(&s, SPAN("\xff\1\0#42000m\xe9"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(
            records, "\"username\":\"us\xc3\xa9r\",\"database\":\"d\xc3\xa9\",\"character_set\":\"latin1\""));
        CU_ASSERT_TRUE(ends_with(records, "\"query\":\"\xc3\xa9\""));
        script_open(&s, 0, 45); /* the bytes are no UTF-8 */
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 0), "\"username\":\"us\xef\xbf\xbdr\",\"username_hex\":\"7573e972\""));
}

static void set_names(void)
{
        script_open(&s, 0, 45);
        CU_ASSERT_TRUE(is_after("SET NAMES latin1", "latin1"));
        script_open(&s, 0, 45);
        query("SET NAMES latin1");
        script_answer_ok(&s);
        query("\xe9");
        script_answer(&s, SPAN("\xff\1\0#42000m\xe9"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"\xc3\xa9\""));
        CU_ASSERT_TRUE(script_has(records, "\"error\":\"m\xc3\xa9\""));
        CU_ASSERT_TRUE(script_has(records, "\"username\":\"us\xef\xbf\xbdr\"")); /* it came before */
        free(records);
        script_open(&s, 0, 8);
        query("SET NAMES utf8mb4");
        script_answer(&s, SPAN("\xff\1\0#42000no"));
        query("\xe9");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"query\":\"\xc3\xa9\"")); /* it failed */
        script_open(&s, 0, 45);
        query("SET character_set_client = latin1"); /* results are what they were */
        script_answer_ok(&s);
        query("\xe9");
        script_answer(&s, SPAN("\xff\1\0#42000m\xe9"));
        records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"\xc3\xa9\""));
        CU_ASSERT_TRUE(ends_with(records, "\"error_hex\":\"6de9\""));
        script_open(&s, 0, 8);
        CU_ASSERT_TRUE(is_after("SET NAMES DEFAULT", "utf8mb4")); /* the greeting's */
}

static void prepared_set_names(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "SET NAMES latin1", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
        query("\xe9");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"query\":\"\xc3\xa9\""));
        script_open(&s, 0, 8);
        script_prepare(&s, 1, "SELECT \xe9", 0); /* it was prepared in latin1 */
        query("SET NAMES utf8mb4");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"stmt_prepare_query\":\"SELECT \xc3\xa9\""));
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x17\2\0\0\0\0\1\0\0\0")); /* a statement that was never seen */
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"stmt_id\":2"));
}

static void resets(void)
{
        static const uint64_t servers[] = {0, CAP_MYSQL};
        for (int i = 0; i < 2; i++) {
                script_open(&s, servers[i], 8);
                query("SET NAMES cp1251");
                script_answer_ok(&s);
                script_send(&s, SPAN("\x1f"));
                script_answer_ok(&s);
                query("x");
                script_answer_ok(&s);
                char *records = script_play(&s, 0);
                /* MariaDB: the login's; MySQL: the server's default */
                CU_ASSERT_TRUE(script_has(
                    records, i == 0 ? "\"character_set\":\"latin1\",\"server_conn_id\":7,\"command_id\":3,"
                                      "\"command\":\"COM_QUERY\",\"query\":\"x\""
                                    : "\"character_set\":\"utf8mb4\",\"server_conn_id\":7,\"command_id\":3,"
                                      "\"command\":\"COM_QUERY\",\"query\":\"x\""));
                free(records);
        }
}

static void changed_users(void)
{
        const struct {
                struct span payload;
                const char *set;
        } cases[] = {
            {SPAN("\x11v\xe9\0\0d\xe9\0\x08\0"),
             "\"username\":\"v\xc3\xa9\",\"database\":\"d\xc3\xa9\",\"character_set\":\"latin1\""},
            {SPAN("\x11v\xe9\0\0d\xe9\0\x08\x09"),
             "\"username\":\"v\xef\xbf\xbd\",\"username_hex\":\"76e9\""}, /* 2312: utf8mb4 */
            {SPAN("\x11v\xe9\0\0d\0"),
             "\"database\":\"d\",\"character_set\":\"utf8mb4\""}, /* none: the server's */
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 51);
                script_send(&s, cases[i].payload);
                script_answer_ok(&s);
                query("x");
                script_answer_ok(&s);
                CU_ASSERT_TRUE(ends_with(script_play(&s, 0), cases[i].set));
        }
        script_open(&s, 0, 51);
        script_send(&s, SPAN("\x11v\0\0d\0\x08\0"));
        script_answer(&s, SPAN("\xff\1\0#42000no"));
        query("x");
        script_answer_ok(&s);
        /* refused: user and database stay, the variables are the server's defaults */
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0),
                                 "\"username\":\"us\xd0\xb9r\",\"database\":\"d\xd0\xb9\","
                                 "\"character_set\":\"utf8mb4\""));
}

static void databases(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x02n\xe9"));
        script_answer_ok(&s);
        query("SET NAMES utf8mb4");
        script_answer_ok(&s);
        query("x");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(
            ends_with(script_play(&s, 0), "\"database\":\"n\xc3\xa9\",\"character_set\":\"utf8mb4\""));
        script_open(&s, 0, 8);
        query("USE `n\xe9`");
        script_answer_ok(&s);
        query("x");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"database\":\"n\xc3\xa9\""));
        script_open(&s, CAP_SESSION_TRACK, 8); /* told by the server: UTF-8 */
        query("USE x");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\6\1\4\3n\xc3\xa9"));
        query("x");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"database\":\"n\xc3\xa9\""));
}

/* --- session tracking ------------------------------------------------------------------------------------------------------ */

/** More variables than are compared one by one: a later change of one replaces the earlier, in its place. */
static void many_changes(void)
{
        enum { VARIABLES = 300, AGAIN = 7 };
        static uint8_t room[1 << 14];
        static uint8_t changes[1 << 14];
        struct writer c = writer_over(changes, sizeof changes);
        for (unsigned i = 0; i < VARIABLES + 1; i++) {
                writer_bytes(&c, "\0\x08\4", 3);
                writer_format(&c, "v%03u", i < VARIABLES ? i : AGAIN);
                writer_format(&c, "\2%02u", i < VARIABLES ? i % 100 : 99);
        }
        struct writer w = writer_over(room, sizeof room);
        writer_bytes(&w, "\0\0\0\2\x40\0\0\0\xfc", 9);
        writer_uint(&w, c.at, 2);
        writer_put(&w, writer_span(&c));
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("SET ...");
        script_answer(&s, writer_span(&w));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"session_changes\":{\"v000\":\"00\",\"v001\":\"01\","));
        CU_ASSERT_TRUE(script_has(records, "\"v006\":\"06\",\"v007\":\"99\",\"v008\":\"08\","));
        CU_ASSERT_TRUE(script_has(records, "\"v299\":\"99\"}"));
        free(records);
}

/** A statement that is executed more than once sets the character set each time. */
static void set_names_prepared(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "SET NAMES latin1", 0);
        for (int i = 0; i < 2; i++) {
                script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
                if (i == 0) {
                        script_answer(&s, SPAN("\xff\1\0#42000no")); /* it did not */
                        CU_ASSERT_TRUE(is_after("SELECT 1", "utf8mb4"));
                } else {
                        script_answer_ok(&s);
                        CU_ASSERT_TRUE(is_after("SET NAMES utf8mb4", "utf8mb4"));
                }
        }
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(is_after("SELECT 1", "latin1"));
}

static void changes_of_all_kinds(void)
{
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("SET everything");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\2hi\x3e"
                               "\0\x0f\x0a"
                               "autocommit\3OFF"
                               "\1\3\2db"
                               "\2\1\x31"
                               "\3\5\0\3u:1"
                               "\4\4\3BEG"
                               "\5\6\5T____"
                               "\x09\2??"
                               "\0\0"
                               "\0\x08\1a\1b\1c\1d"));
        query("x");
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(
            records, "\"session_changes\":{\"autocommit\":\"OFF\",\"schema\":\"db\",\"state_change\":\"1\","
                     "\"gtids\":\"u:1\",\"transaction_characteristics\":\"BEG\","
                     "\"transaction_state\":\"T____\",\"a\":\"b\",\"c\":\"d\"}"));
        CU_ASSERT_TRUE(ends_with(records, "\"info\":\"hi\""));
}

/** Without tracking, statements show what they set: here the defaults of the server, and how it reads quotes. */
static void untracked(void)
{
        script_open(&s, 0, 45);
        query("SET GLOBAL character_set_client = latin1");
        script_answer_ok(&s);
        query("SET NAMES DEFAULT");
        script_answer_ok(&s);
        query("x");
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        const char *last = strstr(records, "\"query\":\"x\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(last);
        while (last > records && last[-1] != '\n') {
                last--;
        }
        CU_ASSERT_PTR_NULL(strstr(last, "character_set")); /* not known any more */
        free(records);
        static const char *const modes[] = {"SET sql_mode = ''", "SET sql_mode = 'ANSI_QUOTES'"};
        for (int i = 0; i < 2; i++) {
                script_open(&s, CAP_MYSQL, 45);
                query(modes[i]);
                script_answer_ok(&s);
                query("SELECT \"\\\"; USE d; SELECT \"\\\"");
                script_answer(&s, SPAN("\0\0\0\x0a\0\0\0"));
                script_answer(&s, SPAN("\0\0\0\x0a\0\0\0"));
                script_answer_ok(&s);
                query("x");
                script_answer_ok(&s);
                records = script_play(&s, 0);
                CU_ASSERT_EQUAL(strstr(records, "\"database\":\"d\"") != NULL, i);
                free(records);
        }
}

static void tracked_character_sets(void)
{
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("CALL sets_names()");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\x38\0\x1b\x14"
                               "character_set_client\5ascii"
                               "\0\x19\x15"
                               "character_set_results\2x?"));
        query("x");
        script_answer_ok(&s);
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"character_set\":\"ascii\""));
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("SET NAMES cp1251"); /* the server knows better */
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\x1e\0\x1c\x14"
                               "character_set_client\6latin1"));
        query("\xe9");
        script_answer(&s, SPAN("\xff\1\0#42000\xcf"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"\xc3\xa9\""));
        CU_ASSERT_TRUE(ends_with(records, "\"error\":\"\xd0\x9f\""));
}

static void changes_of_several_results(void)
{
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("SET autocommit=0; SET autocommit=1");
        script_answer(&s, SPAN("\0\0\0\x0a\x40\0\0\0\x0a\0\x08\3abc\3OFF"));
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\x09\0\7\3abc\2ON"));
        CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"session_changes\":{\"abc\":\"ON\"}"));
}

static void flagged_without_data(void)
{
        script_open(&s, CAP_SESSION_TRACK, 45);
        query("x");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0"));
        query("y");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\0"));
        char *records = script_play(&s, 0);
        CU_ASSERT_PTR_NULL(strstr(records, "session_changes"));
        CU_ASSERT_TRUE(ends_with(records, "session_state_changed"));
}

static void broken_changes_are_told(void)
{
        const struct {
                struct span changes;
                const char *shown;
        } cases[] = {
            {SPAN("\0\0\0\2\x40\0\0\0\3\1\5x"), "\"session_changes\":{\"more\":{\"unknown\":true}}"},
            {SPAN("\0\0\0\2\x40\0\0\0\5\1\3\5xy"), "\"session_changes\":{\"more\":{\"unknown\":true}}"},
            {SPAN("\0\0\0\2\x40\0\0\0\7\0\5\1a\x09xx"), "\"session_changes\":{\"more\":{\"unknown\":true}}"},
            {SPAN("\0\0\0\2\x40\0\0\0\1\1"), "\"session_changes\":{\"more\":{\"unknown\":true}}"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, CAP_SESSION_TRACK, 45);
                query("x");
                script_answer(&s, cases[i].changes);
                CU_ASSERT_TRUE(ends_with(script_play(&s, 0), cases[i].shown));
        }
}

static void changes_are_bounded(void)
{
        static uint8_t room[30000];
        for (int kind = 0; kind < 2; kind++) {
                struct writer w = writer_over(room, sizeof room);
                size_t n = kind == 0 ? 2500 : 17000 / 5; /* entries of six bytes: too many, or too large */
                writer_bytes(&w, "\0\0\0\2\x40\0\0\0\xfc", 9);
                writer_uint(&w, n * 6, 2);
                for (size_t i = 0; i < n; i++) {
                        writer_bytes(&w, "\0\4\1", 3);
                        writer_uint(&w, 'a' + i % 20, 1);
                        writer_bytes(&w, "\1x", 2);
                }
                script_open(&s, CAP_SESSION_TRACK, 45);
                query("x");
                script_answer(&s, writer_span(&w));
                CU_ASSERT_TRUE(ends_with(script_play(&s, 0), "\"more\":{\"unknown\":true}}"));
        }
}

/** MariaDB writes the length of the changes as a character of the database's character set. */
static void wide_lengths(void)
{
        static const char *const forms[] = {"\0\0\0\x02\x40\0\0\0\7\1\5\4UCS2",
                                            "\0\0\0\x02\x40\0\0\0\0\7\1\5\4UCS2",
                                            "\0\0\0\x02\x40\0\0\0\0\0\0\7\1\5\4UCS2"};
        static const size_t lens[] = {16, 17, 19};
        for (size_t i = 0; i < 3; i++) {
                script_open(&s, CAP_SESSION_TRACK, 45);
                script_send(&s, SPAN("\2ucs2"));
                script_answer(&s, span_of((const uint8_t *)forms[i], lens[i]));
                script_send(&s, SPAN("\16"));
                script_answer(&s, SPAN("\0\0\0\2\0\0\0"));
                char *records = script_play(&s, 0);
                CU_ASSERT_TRUE(script_has(records, "\"database\":\"UCS2\""));
                CU_ASSERT_EQUAL(strstr(records, "\"rule\":\"wide_length\"") != NULL, i > 0);
                CU_ASSERT_PTR_NULL(strstr(records, "trailing"));
                free(records);
        }
}

/* --- transactions ---------------------------------------------------------------------------------------------------------- */

/** @return the number of the transaction that the last record tells; 0: none. */
static unsigned last_trx(void)
{
        char *records = script_play(&s, 0);
        const char *last = records;
        for (const char *at = records; (at = strstr(at, "\"event\":")) != NULL; at++) {
                last = at;
        }
        const char *trx = strstr(last, "\"trx_id\":");
        unsigned number = trx != NULL ? (unsigned)strtoul(trx + strlen("\"trx_id\":"), NULL, 10) : 0;
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
        return number;
}

/** @p text is answered with in_trans or without. @return as last_trx. */
static unsigned trx_after(const char *text, bool in_trans)
{
        query(text);
        script_answer(&s, in_trans ? SPAN("\0\0\0\3\0\0\0") : SPAN("\0\0\0\2\0\0\0"));
        return last_trx();
}

/** @p text is answered with an OK for each of the @p n @p flags: 1 = in_trans. @return the number of the transaction as last_trx. */
static unsigned trx_after_several(const char *text, const uint8_t *flags, size_t n)
{
        query(text);
        for (size_t i = 0; i + 1 < n; i++) {
                uint8_t ok[] = {0, 0, 0, (uint8_t)(2 | 8 | flags[i]), 0, 0, 0};
                script_answer(&s, span_of(ok, sizeof ok));
        }
        uint8_t ok[] = {0, 0, 0, (uint8_t)(2 | flags[n - 1]), 0, 0, 0};
        script_answer(&s, span_of(ok, sizeof ok));
        return last_trx();
}

#define FLAGS(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/** Transactions that begin or end between the results of one command. */
static void transactions_within_a_command(void)
{
        script_open(&s, 0, 45);
        CU_ASSERT_EQUAL(trx_after_several("SELECT 1; SELECT 2", FLAGS(0, 0)), 0);
        CU_ASSERT_EQUAL(trx_after_several("BEGIN; UPDATE t SET a = 1; COMMIT", FLAGS(1, 1, 0)), 1);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
        CU_ASSERT_EQUAL(trx_after_several("BEGIN; UPDATE t SET a = 1", FLAGS(1, 1)), 2);
        CU_ASSERT_EQUAL(trx_after_several("COMMIT; SELECT 1", FLAGS(0, 0)), 2);
        CU_ASSERT_EQUAL(trx_after("BEGIN", true), 3);
        CU_ASSERT_EQUAL(trx_after_several("COMMIT; BEGIN", FLAGS(0, 1)), 4);
        CU_ASSERT_EQUAL(trx_after_several("COMMIT; BEGIN; COMMIT; BEGIN", FLAGS(0, 1, 0, 1)), 6);
        CU_ASSERT_EQUAL(trx_after("COMMIT", false), 6);
        CU_ASSERT_EQUAL(trx_after_several("BEGIN; COMMIT; BEGIN; COMMIT", FLAGS(1, 0, 1, 0)), 8);
        /* the flag stays set */
        CU_ASSERT_EQUAL(trx_after("BEGIN", true), 9);
        CU_ASSERT_EQUAL(trx_after_several("SELECT 1; BEGIN", FLAGS(1, 1)), 10);
        CU_ASSERT_EQUAL(trx_after_several("SELECT 1; COMMIT AND CHAIN", FLAGS(1, 1)), 10);
        CU_ASSERT_EQUAL(trx_after_several("SELECT 1; SELECT 2", FLAGS(1, 1)), 11);
        CU_ASSERT_EQUAL(trx_after("ROLLBACK", false), 11);
        /* a later statement fails, and its error has no flags */
        query("BEGIN; SELECT x");
        script_answer(&s, SPAN("\0\0\0\x0b\0\0\0"));
        script_answer(&s, SPAN("\xff\x1e\4#42S22no such column"));
        CU_ASSERT_EQUAL(last_trx(), 12);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 12);
        query("COMMIT; SELECT x");
        script_answer(&s, SPAN("\0\0\0\x0a\0\0\0"));
        script_answer(&s, SPAN("\xff\x1e\4#42S22no such column"));
        CU_ASSERT_EQUAL(last_trx(), 12);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 13);
}

static void transactions(void)
{
        script_open(&s, 0, 45);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
        CU_ASSERT_EQUAL(trx_after("BEGIN", true), 1);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 1);
        CU_ASSERT_EQUAL(trx_after("COMMIT", false), 1);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
        CU_ASSERT_EQUAL(trx_after("START TRANSACTION", true), 2);
        CU_ASSERT_EQUAL(trx_after("COMMIT AND CHAIN", true), 2);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 3);
        CU_ASSERT_EQUAL(trx_after(" \t/* x */ rollback work /* y */ AND CHAIN", true), 3);
        CU_ASSERT_EQUAL(trx_after("ROLLBACK TO s", true), 4);
        CU_ASSERT_EQUAL(trx_after("ROLLBACK WORK TO s", true), 4);
        CU_ASSERT_EQUAL(trx_after("begin", true), 5);
        CU_ASSERT_EQUAL(trx_after("START TRANSACTION READ ONLY", true), 6);
        CU_ASSERT_EQUAL(trx_after("BEGIN NOT ATOMIC SELECT 1; END", true), 6);
        CU_ASSERT_EQUAL(trx_after("START SLAVE", true), 6);
        CU_ASSERT_EQUAL(trx_after("-- x\nCOMMIT AND CHAIN", true), 6);
        CU_ASSERT_EQUAL(trx_after("#x\nBEGIN", true), 8); /* a 7th began, in which nothing was done */
        CU_ASSERT_EQUAL(trx_after("ROUND", true), 8);
        CU_ASSERT_EQUAL(trx_after("x", true), 8);
        CU_ASSERT_EQUAL(trx_after("", true), 8);
        /* prepared */
        script_prepare(&s, 1, "COMMIT AND CHAIN", 0);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 8);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\0\0\0\3\0\0\0"));
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 9);
        script_send(&s, SPAN("\x17\2\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\0\0\0\3\0\0\0"));
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 9);
        query("SELECT 1");
        script_answer(&s, SPAN("\xff\xbd\4#40001Deadlock found"));
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
        CU_ASSERT_EQUAL(trx_after("BEGIN", true), 10);
        query("SELECT 1");
        script_answer(&s, SPAN("\xff\x7a\4#42S02no such table"));
        CU_ASSERT_EQUAL(trx_after("SELECT 1", true), 10);
        script_send(&s, SPAN("\x1f"));
        script_answer_ok(&s);
        CU_ASSERT_EQUAL(trx_after("SELECT 1", false), 0);
}

static const struct tap_test tests[] = {
    {"transactions", transactions},
    {"transactions within a command", transactions_within_a_command},
    {"names of the login", names_of_the_login},
    {"SET NAMES", set_names},
    {"SET NAMES, prepared", prepared_set_names},
    {"resets", resets},
    {"changed users", changed_users},
    {"databases", databases},
    {"changes of all kinds", changes_of_all_kinds},
    {"many changes", many_changes},
    {"SET NAMES, prepared", set_names_prepared},
    {"without tracking", untracked},
    {"tracked character sets", tracked_character_sets},
    {"changes of several results", changes_of_several_results},
    {"flagged without data", flagged_without_data},
    {"broken changes are told", broken_changes_are_told},
    {"changes are bounded", changes_are_bounded},
    {"lengths in wide characters", wide_lengths},
};

int main(void)
{
        return TAP_RUN("track", tests);
}
