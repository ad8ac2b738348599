/* Records of transactions: each way in which one can end, and the sums. */
#include "journal/enrich/transactions.h"
#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>

enum { IN_TRANS = 1, AUTOCOMMIT = 2, NO_FLAGS = 0xffff };

static struct transactions t;
static struct transaction_account account;
static struct record_session who;
static uint64_t now_us;
static uint64_t gaps;
static uint64_t seq_num;
static char seen[512]; /* "1 commit 3; " for each record: trx_id, ended, statement_count */
static struct record last;

static void begin(void)
{
        account = (struct transaction_account){.trx_id = 0};
        who = (struct record_session){.client_addr = span_str("10.0.0.1:5000"),
                                      .username = span_str("ann"),
                                      .database = span_str("shop")};
        who.fields = (struct field_set){
            {1ULL << FIELD_CLIENT_ADDR | 1ULL << FIELD_USERNAME | 1ULL << FIELD_DATABASE, 0}};
        now_us = 1000000;
        gaps = 0;
        seq_num = 0;
        seen[0] = '\0';
}

static struct record record_of(enum record_event event)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        r.mono_ns = now_us * 1000;
        r.wall_ns = 1700000000000000000ULL + r.mono_ns;
        record_refer(&r, &who, who.fields);
        record_set_uint(&r, FIELD_CONN_ID, 7);
        return r;
}

static void note(const struct record *ended)
{
        if (ended != NULL) {
                size_t n = strlen(seen);
                CU_ASSERT_EQUAL(ended->event, EVENT_TRANSACTION);
                CU_ASSERT_EQUAL(ended->conn_id, 7);
                (void)snprintf(seen + n, sizeof seen - n, "%s%llu %.*s %llu", n > 0 ? "; " : "",
                               (unsigned long long)ended->trx_id, (int)ended->ended.len,
                               (const char *)ended->ended.data, (unsigned long long)ended->statement_count);
                last = *ended;
        }
}

static void see(const struct record *r)
{
        note(transactions_before(&t, &account, &who, r, gaps));
        note(transactions_after(&t, &account, &who, r));
}

/** A command of a millisecond, after which the application takes another one. @p id 0: outside transactions. */
static struct record command(uint64_t id, unsigned code, const char *sql, uint64_t flags)
{
        struct record r = record_of(EVENT_QUERY);
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, ++seq_num);
        record_set_uint(&r, FIELD_DURATION_US, 1000);
        if (sql != NULL) {
                record_set_text(&r, code == COM_STMT_EXECUTE ? FIELD_STMT_PREPARE_QUERY : FIELD_QUERY,
                                span_str(sql));
        }
        if (id != 0) {
                record_set_uint(&r, FIELD_TRX_ID, id);
        }
        if (flags != NO_FLAGS) {
                record_set_uint(&r, FIELD_STATUS_FLAGS, flags | AUTOCOMMIT);
        }
        now_us += 2000;
        return r;
}

static void query(uint64_t id, const char *sql, uint64_t flags)
{
        struct record r = command(id, COM_QUERY, sql, flags);
        see(&r);
}

static void failure(uint64_t id, const char *sql, uint64_t errnum)
{
        struct record r = command(id, COM_QUERY, sql, NO_FLAGS);
        record_set_uint(&r, FIELD_ERRNO, errnum);
        record_set_uint(&r, FIELD_SERVER_US, 900);
        see(&r);
}

/** A text of several statements, of which each has its result. */
static void several(uint64_t id, const char *sql, uint64_t flags)
{
        static struct value results[2];
        struct record r = command(id, COM_QUERY, sql, flags);
        record_set_list(&r, FIELD_RESULT_ROWS, (struct value_list){results, 2});
        see(&r);
}

/* --- the ways to end -------------------------------------------------------------------------------------------------- */

static void by_a_statement(void)
{
        static const struct {
                const char *sql;
                const char *end;
        } cases[] = {
            {"COMMIT", "commit"},
            {"commit work", "commit"},
            {"COMMIT RELEASE", "commit"},
            {"/* a */ ROLLBACK", "rollback"},
            {"XA COMMIT 'x' ONE PHASE", "xa_commit"},
            {"XA ROLLBACK 'x'", "xa_rollback"},
            {"XA PREPARE 'x'", "xa_prepare"},
            {"CREATE TABLE t (a INT)", "implicit_commit"},
            {"ALTER TABLE t ADD b INT", "implicit_commit"},
            {"LOCK TABLES t READ", "implicit_commit"},
            {"SET autocommit = 1", "implicit_commit"},
            {"CALL p()", "unknown"},
            {"EXECUTE s", "unknown"},
            {"BEGIN NOT ATOMIC COMMIT; END", "unknown"},
            {"SELECT 1", "unknown"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char expected[64];
                for (unsigned prepared = 0; prepared < 2; prepared++) {
                        begin();
                        query(1, "BEGIN", IN_TRANS);
                        query(1, "UPDATE t SET a = 1", IN_TRANS);
                        struct record r =
                            command(1, prepared != 0 ? COM_STMT_EXECUTE : COM_QUERY, cases[i].sql, 0);
                        see(&r);
                        query(0, "SELECT 1", 0);
                        (void)snprintf(expected, sizeof expected, "1 %s 3", cases[i].end);
                        CU_ASSERT_STRING_EQUAL(seen, expected);
                }
        }
}

static void one_right_behind_another(void)
{
        begin();
        query(1, "BEGIN", IN_TRANS);
        query(1, "UPDATE t SET a = 1", IN_TRANS);
        query(2, "START TRANSACTION", IN_TRANS);
        query(2, "COMMIT AND CHAIN", IN_TRANS);
        query(3, "SAVEPOINT a", IN_TRANS);
        query(3, "ROLLBACK TO a", IN_TRANS);
        query(3, "ROLLBACK AND CHAIN", IN_TRANS);
        query(4, "COMMIT", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 implicit_commit 2; 2 commit 2; 3 rollback 3; 4 commit 1");
}

static void within_a_command(void)
{
        begin();
        several(1, "BEGIN; UPDATE t SET a = 1; COMMIT", 0);
        several(2, "BEGIN; UPDATE t SET a = 1", IN_TRANS);
        several(3, "COMMIT; BEGIN", IN_TRANS); /* 2 ended in it */
        several(4, "ROLLBACK; SET autocommit = 0; UPDATE t SET a = 1", IN_TRANS);
        several(4, "SELECT 1; COMMIT AND CHAIN", IN_TRANS);
        several(5, "SELECT 1; ROLLBACK", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 commit 1; 2 implicit_commit 1; 3 implicit_commit 1; 4 commit 2; "
                                     "5 rollback 1");
}

static void by_errors(void)
{
        begin();
        query(1, "BEGIN", IN_TRANS);
        failure(1, "UPDATE t SET a = 1", 1213);
        query(0, "SELECT 1", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 deadlock 2");
        CU_ASSERT_EQUAL(last.errno_, 1213);
        CU_ASSERT_EQUAL(last.lock_waits, 1);
        CU_ASSERT_EQUAL(last.lock_wait_us, 900);
        begin(); /* 1205 rolls back the statement alone */
        query(1, "BEGIN", IN_TRANS);
        failure(1, "UPDATE t SET a = 1", 1205);
        query(1, "SELECT 1", IN_TRANS);
        query(1, "COMMIT", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 commit 4");
        CU_ASSERT_EQUAL(last.error_count, 1);
        CU_ASSERT_EQUAL(last.lock_waits, 1);
        begin(); /* unless innodb_rollback_on_timeout is set */
        query(1, "BEGIN", IN_TRANS);
        failure(1, "UPDATE t SET a = 1", 1205);
        query(1, "SELECT 1", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 error 3");
        begin(); /* it committed, and failed then */
        query(1, "BEGIN", IN_TRANS);
        failure(1, "CREATE TABLE t (a INT)", 1050);
        query(1, "SELECT 1", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 implicit_commit 3");
        begin(); /* the error before this one is of no interest */
        query(1, "BEGIN", IN_TRANS);
        failure(1, "SELECT x", 1054);
        query(1, "SELECT 1", IN_TRANS);
        query(1, "SELECT 1", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 unknown 4");
}

static void by_the_session(void)
{
        begin();
        query(1, "BEGIN", IN_TRANS);
        struct record r = command(1, COM_RESET_CONNECTION, NULL, 0);
        see(&r);
        query(2, "BEGIN", IN_TRANS);
        r = command(2, COM_CHANGE_USER, NULL, 0);
        see(&r);
        query(3, "BEGIN", IN_TRANS);
        r = command(3, COM_CHANGE_USER, NULL, NO_FLAGS); /* refused: it goes on, or the session ends */
        record_set_uint(&r, FIELD_ERRNO, 1045);
        see(&r);
        r = command(3, COM_QUIT, NULL, NO_FLAGS);
        see(&r);
        now_us += 5000;
        r = record_of(EVENT_DISCONNECT);
        see(&r);
        CU_ASSERT_STRING_EQUAL(seen, "1 reset_connection 1; 2 change_user 1; 3 disconnect 1");
        CU_ASSERT_EQUAL(last.duration_us,
                        11000); /* BEGIN, COM_CHANGE_USER, COM_QUIT, 1 ms each, and 8 ms of nothing */
        CU_ASSERT_EQUAL(last.busy_us, 3000);
        CU_ASSERT_EQUAL(last.idle_us, 8000);
}

static void what_is_not_known(void)
{
        begin();
        query(1, "BEGIN", IN_TRANS);
        gaps++;
        query(1, "SELECT 1", IN_TRANS);
        query(1, "COMMIT", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 commit 3");
        CU_ASSERT_TRUE(record_has(&last, FIELD_REASON));
        query(2, "BEGIN", IN_TRANS);
        query(2, "COMMIT", 0);
        CU_ASSERT_FALSE(record_has(&last, FIELD_REASON)); /* the next one is complete */
        query(3, "BEGIN", IN_TRANS);
        struct record r = record_of(EVENT_NOTICE); /* the session can be decoded again */
        record_set_uint(&r, FIELD_DROPPED, 5);
        see(&r);
        query(0, "SELECT 1", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 commit 3; 2 commit 2; 3 unknown 1");
        CU_ASSERT_TRUE(record_has(&last, FIELD_REASON));
}

/* --- what the record has ------------------------------------------------------------------------------------------------ */

static void sums(void)
{
        begin();
        uint64_t began_us = now_us;
        query(1, "BEGIN", IN_TRANS);
        struct record r = command(1, COM_QUERY, "SELECT a FROM t", IN_TRANS);
        struct value tag = {.name = span_str("route"), .bytes = span_str("/cart")};
        record_set_uint(&r, FIELD_ROWS, 10);
        record_set_uint(&r, FIELD_BYTES_SENT, 20);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 300);
        record_set_list(&r, FIELD_TAGS, (struct value_list){&tag, 1});
        record_add_finding(&r, FINDING_NO_INDEX);
        see(&r);
        r = command(1, COM_STMT_PREPARE, "UPDATE t SET a = ?", NO_FLAGS);
        see(&r);
        r = command(1, COM_STMT_EXECUTE, "UPDATE t SET a = ?", IN_TRANS);
        record_set_uint(&r, FIELD_AFFECTED_ROWS, 3);
        see(&r);
        r = command(1, COM_STMT_EXECUTE, "UPDATE t SET a = ?", IN_TRANS); /* sent before the reply */
        r.mono_ns -= 1500000;
        record_set_uint(&r, FIELD_AFFECTED_ROWS, 4);
        see(&r);
        query(1, "COMMIT", 0);
        CU_ASSERT_STRING_EQUAL(seen, "1 commit 5");
        CU_ASSERT_EQUAL(last.mono_ns, began_us * 1000);
        CU_ASSERT_EQUAL(last.duration_us, 11000);
        CU_ASSERT_EQUAL(last.busy_us, 6000);
        CU_ASSERT_EQUAL(last.idle_us, 5500); /* more than the rest, as two ran at once */
        CU_ASSERT_EQUAL(last.rows, 10);
        CU_ASSERT_EQUAL(last.affected_rows, 7);
        CU_ASSERT_EQUAL(last.bytes_sent, 20);
        CU_ASSERT_EQUAL(last.bytes_received, 300);
        CU_ASSERT_EQUAL(last.findings, 1U << FINDING_NO_INDEX);
        CU_ASSERT_EQUAL(last.conn_seq_num, 1);
        CU_ASSERT_EQUAL(last.last_conn_seq_num, 6);
        CU_ASSERT_FALSE(record_has(&last, FIELD_ERRNO) || record_has(&last, FIELD_ERROR_COUNT));
        CU_ASSERT_EQUAL(last.tags.n, 1);
        CU_ASSERT_TRUE(span_equal(last.tags.at[0].bytes, span_str("/cart")));
        CU_ASSERT_TRUE(span_equal(last.end_ts, span_str("2023-11-14T22:13:21.011000Z")));
        CU_ASSERT_TRUE(span_equal(record_text(&last, FIELD_USERNAME), span_str("ann")));
}

/** The user and the database are those at the begin. */
static void who_began_it(void)
{
        begin();
        query(1, "BEGIN", IN_TRANS);
        struct record_session other = who;
        other.username = span_str("bob");
        other.fields.words[0] &= ~(1ULL << FIELD_DATABASE);
        who = other;
        struct record r = command(1, COM_CHANGE_USER, NULL, 0);
        see(&r);
        CU_ASSERT_STRING_EQUAL(seen, "1 change_user 1");
        CU_ASSERT_TRUE(span_equal(record_text(&last, FIELD_USERNAME), span_str("ann")));
        CU_ASSERT_TRUE(record_has(&last, FIELD_DATABASE) &&
                       span_equal(record_text(&last, FIELD_DATABASE), span_str("shop")));
        query(2, "BEGIN", IN_TRANS);
        who.database = span_str("other");
        who.fields.words[0] |= 1ULL << FIELD_DATABASE;
        query(2, "COMMIT", 0);
        CU_ASSERT_TRUE(span_equal(record_text(&last, FIELD_USERNAME), span_str("bob")));
        CU_ASSERT_FALSE(record_has(&last, FIELD_DATABASE)); /* there was none */
}

/** Texts that do not fit are left out. */
static void long_texts(void)
{
        static uint8_t text[2 * ACCOUNT_TEXTS];
        static struct value tags[3 * ACCOUNT_TAGS];
        memset(text, 'x', sizeof text);
        for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
                tags[i] = (struct value){.name = span_str("k"), .bytes = span_of(text, 1)};
        }
        begin();
        tags[1].bytes = span_of(text, sizeof text);
        struct record r = command(1, COM_QUERY, "BEGIN", IN_TRANS);
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, sizeof tags / sizeof tags[0]});
        record_set_text(&r, FIELD_TRACEPARENT, span_of(text, sizeof text));
        see(&r);
        query(1, "COMMIT", 0);
        CU_ASSERT_EQUAL(last.tags.n, ACCOUNT_TAGS);
        CU_ASSERT_FALSE(record_has(&last, FIELD_TRACEPARENT));
        for (size_t i = 0; i < ACCOUNT_TAGS; i++) {
                CU_ASSERT_EQUAL(last.tags.at[i].bytes.len, 1);
        }
}

static const struct tap_test tests[] = {
    {"ended by a statement", by_a_statement},
    {"ended by the next transaction", one_right_behind_another},
    {"begun and ended within a command", within_a_command},
    {"ended by errors", by_errors},
    {"ended by the end of the session, or its reset", by_the_session},
    {"records were dropped", what_is_not_known},
    {"the sums", sums},
    {"the user and the database at the begin", who_began_it},
    {"long texts", long_texts},
};

int main(void)
{
        return TAP_RUN("transactions", tests);
}
