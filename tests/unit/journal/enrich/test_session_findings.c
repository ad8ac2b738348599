/* What the life of a session shows: idle and open transactions, statements prepared for one execution, connections for one statement.
 * Each test has what is reported and what looks like it but is not. */
#include "journal/enrich/life.h"
#include "mysql/wire/command.h"
#include "profile/heap/fault.h"
#include "tap.h"

#include <stdio.h>

/* --- transactions --------------------------------------------------------------------------------------------------- */

static struct record in_trx(uint64_t id, unsigned code, const char *sql, uint64_t flags)
{
        struct record r = life_command(code, sql);
        record_set_uint(&r, FIELD_TRX_ID, id);
        record_set_uint(&r, FIELD_STATUS_FLAGS, flags);
        (void)life_see(&r);
        return r;
}

static void idle_transactions(void)
{
        life_begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        life.now_ms += 900;
        struct record r = in_trx(1, COM_QUERY, "SELECT 1", IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_IDLE)); /* not long enough */
        life.now_ms += 600;
        r = in_trx(1, COM_PING, NULL, IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_IDLE)); /* it does not interrupt the pause */
        life.now_ms += 600;
        r = in_trx(1, COM_QUERY, "COMMIT", AUTOCOMMIT);
        CU_ASSERT_TRUE(life_has(&r, FINDING_TRANSACTION_IDLE));
        CU_ASSERT_EQUAL(r.trx_idle_us, 1201000);
        CU_ASSERT_EQUAL(life_counted(FINDING_TRANSACTION_IDLE), 1);
        life.now_ms += 5000; /* in none */
        r = in_trx(2, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_IDLE));
        life_end();
        life.settings.log.transaction_idle_ms = 0;
        life_begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        life.now_ms += 5000;
        r = in_trx(1, COM_QUERY, "COMMIT", AUTOCOMMIT);
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_IDLE));
        life_end();
}

static struct record disconnect(void)
{
        struct record r = life_record(EVENT_DISCONNECT);
        (void)life_see(&r);
        return r;
}

/** The flags of @p sql, the last statement before the end; with what affects rows before it. */
static bool ends_open(uint64_t flags, uint64_t affected)
{
        life_begin();
        struct record r = life_command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_STATUS_FLAGS, flags);
        record_set_uint(&r, FIELD_AFFECTED_ROWS, affected);
        (void)life_see(&r);
        struct record end = disconnect();
        bool is_open = life_has(&end, FINDING_TRANSACTION_OPEN);
        CU_ASSERT_TRUE(!is_open || end.trx_id == 1);
        life_end();
        return is_open;
}

static void open_transactions(void)
{
        settings_defaults(&life.settings);
        CU_ASSERT_TRUE(ends_open(IN_TRANS | AUTOCOMMIT, 0));
        CU_ASSERT_TRUE(ends_open(IN_TRANS, 1));
        CU_ASSERT_FALSE(ends_open(IN_TRANS, 0)); /* with autocommit off each SELECT begins one */
        CU_ASSERT_FALSE(ends_open(AUTOCOMMIT, 1));
        life.settings.log.transaction_open = false;
        CU_ASSERT_FALSE(ends_open(IN_TRANS | AUTOCOMMIT, 1));

        life_begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        (void)in_trx(1, COM_QUIT, NULL, 0);
        life.now_ms += 3000;
        struct record r = disconnect();
        CU_ASSERT_TRUE(life_has(&r, FINDING_TRANSACTION_OPEN) && life_has(&r, FINDING_TRANSACTION_IDLE));
        life_end();

        life_begin(); /* the pool resets the session */
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = in_trx(1, COM_RESET_CONNECTION, NULL, AUTOCOMMIT);
        CU_ASSERT_TRUE(life_has(&r, FINDING_TRANSACTION_OPEN));
        r = disconnect();
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_OPEN));
        life_end();
}

/** What ends a transaction without a status flag, and what makes its state unknown. */
static void transactions_that_are_not_open(void)
{
        life_begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        struct record r = life_command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_ERRNO, 1062);
        (void)life_see(&r);
        r = disconnect();
        CU_ASSERT_TRUE(life_has(&r, FINDING_TRANSACTION_OPEN)); /* an error in it leaves it open */
        life_end();
        life_begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = life_command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_ERRNO, 1213);
        (void)life_see(&r);
        r = disconnect();
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_OPEN));
        life_end();
        life_begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        session_findings_gap(&life.findings); /* maybe the COMMIT was dropped */
        r = disconnect();
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_OPEN));
        life_end();
        life_begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = life_record(EVENT_NOTICE); /* maybe the session can't be followed any longer */
        (void)life_see(&r);
        r = disconnect();
        CU_ASSERT_FALSE(life_has(&r, FINDING_TRANSACTION_OPEN));
        life_end();
}

/* --- prepared statements ---------------------------------------------------------------------------------------------- */

static unsigned prepared(unsigned code, uint64_t stmt_id, const char *sql)
{
        struct record r = life_command(code, code == COM_STMT_PREPARE ? sql : NULL);
        record_set_uint(&r, FIELD_STMT_ID, stmt_id);
        if (code != COM_STMT_PREPARE) {
                record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str(sql));
        }
        return life_see(&r);
}

static unsigned once(uint64_t stmt_id, const char *sql)
{
        return prepared(COM_STMT_PREPARE, stmt_id, sql) + prepared(COM_STMT_EXECUTE, stmt_id, sql) +
               prepared(COM_STMT_CLOSE, stmt_id, sql);
}

static const char by_id[] = "SELECT a FROM t WHERE id = ?";

static void prepared_for_one_execution(void)
{
        life_begin_with_defaults();
        for (unsigned i = 0; i < 7; i++) {
                CU_ASSERT_EQUAL(once(i, by_id), 0);
        }
        uint64_t closed_ns = life.last_ns;
        unsigned n;
        CU_ASSERT_TRUE(session_findings_are_waiting(&life.findings));
        CU_ASSERT_PTR_NULL(session_findings_expire(&life.findings, NULL, (life.now_ms + 900) * 1000000, &n));
        CU_ASSERT_PTR_EQUAL(session_findings_expire(&life.findings, NULL, (life.now_ms + 1001) * 1000000, &n),
                            &life.history);
        CU_ASSERT_EQUAL_FATAL(n, 1);
        CU_ASSERT_TRUE(life.findings.runs[0].event == EVENT_PREPARE_ONCE &&
                       life.findings.runs[0].repeated == 7);
        CU_ASSERT_EQUAL(life.findings.runs[0].duration_us, 14000);
        CU_ASSERT_EQUAL(life.findings.runs[0].mono_ns, closed_ns);
        CU_ASSERT_EQUAL(life.findings.runs[0].wall_ns, 1700000000000000000ULL + closed_ns);
        CU_ASSERT_EQUAL(life.findings.runs[0].digest_text.len,
                        sizeof "SELECT `a` FROM `t` WHERE `id` = ?" - 1);
        CU_ASSERT_EQUAL(life_counted(FINDING_PREPARE_ONCE), 7);
        CU_ASSERT_FALSE(session_findings_are_waiting(&life.findings));
        CU_ASSERT_PTR_NULL(life.history.prepared.work);
        for (unsigned i = 0; i < 5; i++) { /* the next is prepared before the last one is closed */
                (void)prepared(COM_STMT_PREPARE, 10 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 10 + i, by_id);
                (void)(i > 0 ? prepared(COM_STMT_CLOSE, 9 + i, by_id) : 0);
        }
        (void)prepared(COM_STMT_CLOSE, 14, by_id);
        struct record end = life_record(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(life_see(&end), 1);
        CU_ASSERT_EQUAL(life.findings.runs[0].repeated, 5);
        life_end();
}

static void prepared_for_more(void)
{
        life_begin_with_defaults();
        for (unsigned i = 0; i < 4; i++) { /* too few */
                (void)once(i, by_id);
        }
        life.now_ms += 1100;
        for (unsigned i = 0; i < 4; i++) { /* after a pause these are others */
                (void)once(i, by_id);
        }
        (void)prepared(COM_STMT_PREPARE, 9, by_id);
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(prepared(COM_STMT_EXECUTE, 9, by_id), 0);
        }
        CU_ASSERT_FALSE(session_findings_are_waiting(&life.findings));
        (void)prepared(COM_STMT_CLOSE, 9, by_id);
        for (unsigned i = 0; i < 10; i++) { /* executed twice each */
                (void)prepared(COM_STMT_PREPARE, 20 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 20 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 20 + i, by_id);
                (void)prepared(COM_STMT_CLOSE, 20 + i, by_id);
        }
        CU_ASSERT_FALSE(session_findings_are_waiting(&life.findings));
        for (unsigned i = 0; i < 10; i++) { /* never executed, and never closed */
                (void)prepared(COM_STMT_PREPARE, 10 + i, by_id);
                (void)prepared(COM_STMT_CLOSE, 10 + i, by_id);
                (void)prepared(COM_STMT_PREPARE, 30 + i, "SELECT 1");
                (void)prepared(COM_STMT_EXECUTE, 30 + i, "SELECT 1");
        }
        struct record end = life_record(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(life_see(&end), 0);
        life_end();
        life.settings.log.prepare_once = 0;
        life_begin();
        for (unsigned i = 0; i < 10; i++) {
                (void)once(i, by_id);
        }
        CU_ASSERT_PTR_NULL(life.history.prepared.work);
        life_end();
}

/** Loops of more statements than can be followed at a time end the oldest. */
static void many_prepared_shapes(void)
{
        static const char *const texts[] = {"SELECT 1 FROM a", "SELECT 1 FROM b", "SELECT 1 FROM c",
                                            "SELECT 1 FROM d", "SELECT 1 FROM e", "SELECT 1 FROM f"};
        life_begin_with_defaults();
        unsigned ended = 0;
        for (unsigned i = 0; i < 5 * 6; i++) {
                ended += once(i, texts[i / 5]);
        }
        CU_ASSERT_EQUAL(ended, 2);
        struct record end = life_record(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(life_see(&end), PREPARE_ONCE_RUNS);
        CU_ASSERT_EQUAL(life_counted(FINDING_PREPARE_ONCE), 30);
        life_end();
}

/* --- short sessions --------------------------------------------------------------------------------------------------- */

static uint64_t idle_ms; /* for which such a session was open before */

/** A session with so many statements. @return as which of how many short sessions it is reported; 0 if it is not. */
static uint64_t connect_for(unsigned statements, const char *address, const char *program)
{
        uint64_t began_ms = life.now_ms - idle_ms;
        life.history = (struct session_history){.gaps = 0};
        life.who.client_addr = span_str(address);
        struct value name = {.name = span_str("program_name"), .bytes = span_str(program)};
        struct record r = life_record(EVENT_AUTH);
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){&name, 1});
        (void)life_see(&r);
        r = life_command(COM_QUERY, "SET NAMES utf8mb4");
        (void)life_see(&r);
        r = life_command(COM_QUERY, "SELECT @@max_allowed_packet");
        (void)life_see(&r);
        for (unsigned i = 0; i < statements; i++) {
                r = life_command(COM_QUERY, "SELECT 1 FROM t");
                (void)life_see(&r);
        }
        r = life_record(EVENT_DISCONNECT);
        record_set_uint(&r, FIELD_DURATION_US, (life.now_ms - began_ms) * 1000);
        (void)life_see(&r);
        session_history_fini(&life.history);
        bool found = life_has(&r, FINDING_CONNECTION_PER_STATEMENT);
        CU_ASSERT_TRUE(!found || r.digest_text.len == sizeof "SELECT ? FROM `t`" - 1);
        return found ? r.repeated : 0;
}

static void connections_for_one_statement(void)
{
        life_begin_with_defaults();
        for (unsigned i = 1; i < 5; i++) {
                CU_ASSERT_EQUAL(connect_for(1 + i % 2, "10.0.0.1:5001", "app"), 0);
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.2:5001", "app"), 0);
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "other"), 0);
        }
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5777", "app"), 5); /* the port says nothing */
        CU_ASSERT_EQUAL(connect_for(2, "10.0.0.1:5778", "app"), 6);
        CU_ASSERT_EQUAL(life_counted(FINDING_CONNECTION_PER_STATEMENT), 2);
        idle_ms = 1500; /* one that was open for something else, and is closed now */
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5779", "app"), 0);
        idle_ms = 0;
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5779", "app"), 7);
        CU_ASSERT_EQUAL(connect_for(3, "10.0.0.1:5779", "app"), 0);
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5780", "app"), 0); /* the series was interrupted */
        life_end();
        life.settings.log.connection_per_statement = 0;
        life_begin();
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "app"), 0);
        }
        life_end();
}

static void connections_for_other_purposes(void)
{
        life_begin_with_defaults();
        for (unsigned i = 0; i < 20; i++) { /* health checks */
                CU_ASSERT_EQUAL(connect_for(0, "10.0.0.1:5001", "check"), 0);
        }
        for (unsigned i = 0; i < 20; i++) { /* now and then */
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "cron"), 0);
                life.now_ms += 1001;
        }
        for (unsigned i = 0; i < 20; i++) { /* requests of a page each */
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "pages"), i < 4 ? 0 : i + 1);
        }
        CU_ASSERT_EQUAL(connect_for(7, "10.0.0.1:5001", "pages"), 0);
        life_end();
}

/** More clients than there is room for: none is reported that is not in series. */
static void many_clients(void)
{
        life_begin_with_defaults();
        for (unsigned i = 0; i < 4000; i++) {
                char address[32];
                (void)snprintf(address, sizeof address, "10.1.%u.%u:5000", i % 2000 / 250, i % 250);
                life.now_ms -= 4;
                CU_ASSERT_EQUAL(connect_for(1, address, "app"), 0);
        }
        life_end();
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

static bool is_large(unsigned code, uint64_t rows)
{
        struct record r = life_command(code, "SELECT * FROM t");
        record_set_uint(&r, FIELD_ROWS, rows);
        (void)life_see(&r);
        return life_has(&r, FINDING_LARGE_RESULT);
}

static void large_results(void)
{
        life_begin_with_defaults();
        CU_ASSERT_FALSE(is_large(COM_QUERY, 10000));
        CU_ASSERT_TRUE(is_large(COM_QUERY, 10001));
        CU_ASSERT_FALSE(is_large(COM_BINLOG_DUMP, 10001)); /* events */
        CU_ASSERT_EQUAL(life_counted(FINDING_LARGE_RESULT), 1);
        life_end();
        life.settings.log.large_result = 0;
        life_begin();
        CU_ASSERT_FALSE(is_large(COM_QUERY, 1000000));
        life_end();
}

/* --- memory ------------------------------------------------------------------------------------------------------------- */

static void each_allocation_fails_once(void)
{
        for (uint64_t nth = 1; nth < 3; nth++) {
                settings_defaults(&life.settings);
                prof_fail_nth(nth);
                struct short_sessions clients;
                enum status status = short_sessions_init(&clients);
                CU_ASSERT_EQUAL(status == STATUS_OK, nth > 1);
                struct prepare_once p = {.least = 1};
                struct prepare_once_session s = {.work = NULL};
                struct prepare_once_run runs[PREPARE_ONCE_RUNS];
                struct record r = life_command(COM_STMT_PREPARE, by_id);
                record_set_uint(&r, FIELD_STMT_ID, 1);
                CU_ASSERT_EQUAL(prepare_once_see(&p, &s, &r, NULL, runs), 0);
                CU_ASSERT_EQUAL(s.work != NULL, nth == 1); /* without memory it is not followed */
                prepare_once_fini(&s);
                short_sessions_fini(&clients);
                prof_fail_nth(0);
        }
}

static const struct tap_test tests[] = {
    {"idle transactions", idle_transactions},
    {"open transactions", open_transactions},
    {"transactions that are not open", transactions_that_are_not_open},
    {"prepared for one execution", prepared_for_one_execution},
    {"prepared for more", prepared_for_more},
    {"many prepared shapes", many_prepared_shapes},
    {"connections for one statement", connections_for_one_statement},
    {"connections for other purposes", connections_for_other_purposes},
    {"many clients", many_clients},
    {"large results", large_results},
    {"each allocation fails once", each_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("session findings", tests);
}
