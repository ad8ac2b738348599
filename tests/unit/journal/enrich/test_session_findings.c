/* What the life of a session shows: idle and open transactions, statements prepared for one execution, connections for one statement,
 * needless setup. Each test has what is reported and what looks like it but is not. */
#include "journal/enrich/enrich.h"
#include "journal/enrich/session_findings.h"
#include "mysql/wire/command.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>

enum { IN_TRANS = 1, AUTOCOMMIT = 2 };

static struct settings settings;
static struct enrich enrich;
static struct session_findings f;
static struct n_plus_one_session order;
static struct session_history session;
static struct record_session who;
static uint64_t now_ms;

static void begin(void)
{
        settings.log.digests = 8;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&enrich, &settings), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(session_findings_init(&f, &settings, enrich.digests), STATUS_OK);
        n_plus_one_begin(enrich.n_plus_one, &order);
        session = (struct session_history){.gaps = 0};
        who = (struct record_session){.client_addr = span_str("10.0.0.1:5000"), .username = span_str("ann")};
        now_ms = 5000;
}

static void begin_with_defaults(void)
{
        settings_defaults(&settings);
        begin();
}

static void finish(void)
{
        n_plus_one_end(enrich.n_plus_one, &order);
        session_history_fini(&session);
        session_findings_fini(&f);
        enrich_fini(&enrich);
}

static uint64_t last_ns; /* when the last record began */

/** A record of a millisecond, which begins now. */
static struct record record_of(enum record_event event)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        r.mono_ns = now_ms * 1000000;
        last_ns = r.mono_ns;
        r.wall_ns = 1700000000000000000ULL + r.mono_ns;
        record_refer(&r, &who, (struct field_set){{1ULL << FIELD_CLIENT_ADDR | 1ULL << FIELD_USERNAME, 0}});
        record_set_uint(&r, FIELD_DURATION_US, 1000);
        return r;
}

static struct record command(unsigned code, const char *sql)
{
        struct record r = record_of(EVENT_QUERY);
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        if (sql != NULL) {
                record_set_text(&r, FIELD_QUERY, span_str(sql));
        }
        return r;
}

/** @return the number of runs. */
static unsigned see(struct record *r)
{
        session_findings_before(&f, &session, r);
        (void)enrich_record(&enrich, &order, r);
        now_ms++;
        return session_findings_after(&f, &session, r, r->event == EVENT_QUERY ? &enrich.found : NULL);
}

static bool has(const struct record *r, enum record_finding finding)
{
        return record_has(r, FIELD_FINDINGS) && (r->findings >> finding & 1) != 0;
}

/** How often digests count @p finding. */
static uint64_t sum;
static enum record_finding summed;

static void add_up(void *arg, const struct digest_stat *s)
{
        (void)arg;
        sum += s->findings[summed];
}

static uint64_t counted(enum record_finding finding)
{
        sum = 0;
        summed = finding;
        (void)digests_each(enrich.digests, add_up, NULL);
        return sum;
}

/* --- transactions --------------------------------------------------------------------------------------------------- */

static struct record in_trx(uint64_t id, unsigned code, const char *sql, uint64_t flags)
{
        struct record r = command(code, sql);
        record_set_uint(&r, FIELD_TRX_ID, id);
        record_set_uint(&r, FIELD_STATUS_FLAGS, flags);
        (void)see(&r);
        return r;
}

static void idle_transactions(void)
{
        begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        now_ms += 900;
        struct record r = in_trx(1, COM_QUERY, "SELECT 1", IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_IDLE)); /* not long enough */
        now_ms += 600;
        r = in_trx(1, COM_PING, NULL, IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_IDLE)); /* it does not interrupt the pause */
        now_ms += 600;
        r = in_trx(1, COM_QUERY, "COMMIT", AUTOCOMMIT);
        CU_ASSERT_TRUE(has(&r, FINDING_TRANSACTION_IDLE));
        CU_ASSERT_EQUAL(r.trx_idle_us, 1201000);
        CU_ASSERT_EQUAL(counted(FINDING_TRANSACTION_IDLE), 1);
        now_ms += 5000; /* in none */
        r = in_trx(2, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_IDLE));
        finish();
        settings.log.transaction_idle_ms = 0;
        begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        now_ms += 5000;
        r = in_trx(1, COM_QUERY, "COMMIT", AUTOCOMMIT);
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_IDLE));
        finish();
}

static struct record disconnect(void)
{
        struct record r = record_of(EVENT_DISCONNECT);
        (void)see(&r);
        return r;
}

/** The flags of @p sql, the last statement before the end; with what affects rows before it. */
static bool ends_open(uint64_t flags, uint64_t affected)
{
        begin();
        struct record r = command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_STATUS_FLAGS, flags);
        record_set_uint(&r, FIELD_AFFECTED_ROWS, affected);
        (void)see(&r);
        struct record end = disconnect();
        bool is_open = has(&end, FINDING_TRANSACTION_OPEN);
        CU_ASSERT_TRUE(!is_open || end.trx_id == 1);
        finish();
        return is_open;
}

static void open_transactions(void)
{
        settings_defaults(&settings);
        CU_ASSERT_TRUE(ends_open(IN_TRANS | AUTOCOMMIT, 0));
        CU_ASSERT_TRUE(ends_open(IN_TRANS, 1));
        CU_ASSERT_FALSE(ends_open(IN_TRANS, 0)); /* with autocommit off each SELECT begins one */
        CU_ASSERT_FALSE(ends_open(AUTOCOMMIT, 1));
        settings.log.transaction_open = false;
        CU_ASSERT_FALSE(ends_open(IN_TRANS | AUTOCOMMIT, 1));

        begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        (void)in_trx(1, COM_QUIT, NULL, 0);
        now_ms += 3000;
        struct record r = disconnect();
        CU_ASSERT_TRUE(has(&r, FINDING_TRANSACTION_OPEN) && has(&r, FINDING_TRANSACTION_IDLE));
        finish();

        begin(); /* the pool resets the session */
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = in_trx(1, COM_RESET_CONNECTION, NULL, AUTOCOMMIT);
        CU_ASSERT_TRUE(has(&r, FINDING_TRANSACTION_OPEN));
        r = disconnect();
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_OPEN));
        finish();
}

/** What ends a transaction without a status flag, and what makes its state unknown. */
static void transactions_that_are_not_open(void)
{
        begin_with_defaults();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        struct record r = command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_ERRNO, 1062);
        (void)see(&r);
        r = disconnect();
        CU_ASSERT_TRUE(has(&r, FINDING_TRANSACTION_OPEN)); /* an error in it leaves it open */
        finish();
        begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = command(COM_QUERY, "UPDATE t SET a = 1");
        record_set_uint(&r, FIELD_TRX_ID, 1);
        record_set_uint(&r, FIELD_ERRNO, 1213);
        (void)see(&r);
        r = disconnect();
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_OPEN));
        finish();
        begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        session_findings_gap(&f); /* maybe the COMMIT was dropped */
        r = disconnect();
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_OPEN));
        finish();
        begin();
        (void)in_trx(1, COM_QUERY, "BEGIN", IN_TRANS | AUTOCOMMIT);
        r = record_of(EVENT_NOTICE); /* maybe the session can't be followed any longer */
        (void)see(&r);
        r = disconnect();
        CU_ASSERT_FALSE(has(&r, FINDING_TRANSACTION_OPEN));
        finish();
}

/* --- prepared statements ---------------------------------------------------------------------------------------------- */

static unsigned prepared(unsigned code, uint64_t stmt_id, const char *sql)
{
        struct record r = command(code, code == COM_STMT_PREPARE ? sql : NULL);
        record_set_uint(&r, FIELD_STMT_ID, stmt_id);
        if (code != COM_STMT_PREPARE) {
                record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str(sql));
        }
        return see(&r);
}

static unsigned once(uint64_t stmt_id, const char *sql)
{
        return prepared(COM_STMT_PREPARE, stmt_id, sql) + prepared(COM_STMT_EXECUTE, stmt_id, sql) +
               prepared(COM_STMT_CLOSE, stmt_id, sql);
}

static const char by_id[] = "SELECT a FROM t WHERE id = ?";

static void prepared_for_one_execution(void)
{
        begin_with_defaults();
        for (unsigned i = 0; i < 7; i++) {
                CU_ASSERT_EQUAL(once(i, by_id), 0);
        }
        uint64_t closed_ns = last_ns;
        unsigned n;
        CU_ASSERT_TRUE(session_findings_are_waiting(&f));
        CU_ASSERT_PTR_NULL(session_findings_expire(&f, NULL, (now_ms + 900) * 1000000, &n));
        CU_ASSERT_PTR_EQUAL(session_findings_expire(&f, NULL, (now_ms + 1001) * 1000000, &n), &session);
        CU_ASSERT_EQUAL_FATAL(n, 1);
        CU_ASSERT_TRUE(f.runs[0].event == EVENT_PREPARE_ONCE && f.runs[0].repeated == 7);
        CU_ASSERT_EQUAL(f.runs[0].duration_us, 14000);
        CU_ASSERT_EQUAL(f.runs[0].mono_ns, closed_ns);
        CU_ASSERT_EQUAL(f.runs[0].wall_ns, 1700000000000000000ULL + closed_ns);
        CU_ASSERT_EQUAL(f.runs[0].digest_text.len, sizeof "SELECT `a` FROM `t` WHERE `id` = ?" - 1);
        CU_ASSERT_EQUAL(counted(FINDING_PREPARE_ONCE), 7);
        CU_ASSERT_FALSE(session_findings_are_waiting(&f));
        CU_ASSERT_PTR_NULL(session.prepared.work);
        for (unsigned i = 0; i < 5; i++) { /* the next is prepared before the last one is closed */
                (void)prepared(COM_STMT_PREPARE, 10 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 10 + i, by_id);
                (void)(i > 0 ? prepared(COM_STMT_CLOSE, 9 + i, by_id) : 0);
        }
        (void)prepared(COM_STMT_CLOSE, 14, by_id);
        struct record end = record_of(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(see(&end), 1);
        CU_ASSERT_EQUAL(f.runs[0].repeated, 5);
        finish();
}

static void prepared_for_more(void)
{
        begin_with_defaults();
        for (unsigned i = 0; i < 4; i++) { /* too few */
                (void)once(i, by_id);
        }
        now_ms += 1100;
        for (unsigned i = 0; i < 4; i++) { /* after a pause these are others */
                (void)once(i, by_id);
        }
        (void)prepared(COM_STMT_PREPARE, 9, by_id);
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(prepared(COM_STMT_EXECUTE, 9, by_id), 0);
        }
        CU_ASSERT_FALSE(session_findings_are_waiting(&f));
        (void)prepared(COM_STMT_CLOSE, 9, by_id);
        for (unsigned i = 0; i < 10; i++) { /* executed twice each */
                (void)prepared(COM_STMT_PREPARE, 20 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 20 + i, by_id);
                (void)prepared(COM_STMT_EXECUTE, 20 + i, by_id);
                (void)prepared(COM_STMT_CLOSE, 20 + i, by_id);
        }
        CU_ASSERT_FALSE(session_findings_are_waiting(&f));
        for (unsigned i = 0; i < 10; i++) { /* never executed, and never closed */
                (void)prepared(COM_STMT_PREPARE, 10 + i, by_id);
                (void)prepared(COM_STMT_CLOSE, 10 + i, by_id);
                (void)prepared(COM_STMT_PREPARE, 30 + i, "SELECT 1");
                (void)prepared(COM_STMT_EXECUTE, 30 + i, "SELECT 1");
        }
        struct record end = record_of(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(see(&end), 0);
        finish();
        settings.log.prepare_once = 0;
        begin();
        for (unsigned i = 0; i < 10; i++) {
                (void)once(i, by_id);
        }
        CU_ASSERT_PTR_NULL(session.prepared.work);
        finish();
}

/** Loops of more statements than can be followed at a time end the oldest. */
static void many_prepared_shapes(void)
{
        static const char *const texts[] = {"SELECT 1 FROM a", "SELECT 1 FROM b", "SELECT 1 FROM c",
                                            "SELECT 1 FROM d", "SELECT 1 FROM e", "SELECT 1 FROM f"};
        begin_with_defaults();
        unsigned ended = 0;
        for (unsigned i = 0; i < 5 * 6; i++) {
                ended += once(i, texts[i / 5]);
        }
        CU_ASSERT_EQUAL(ended, 2);
        struct record end = record_of(EVENT_DISCONNECT);
        CU_ASSERT_EQUAL(see(&end), PREPARE_ONCE_RUNS);
        CU_ASSERT_EQUAL(counted(FINDING_PREPARE_ONCE), 30);
        finish();
}

/* --- short sessions --------------------------------------------------------------------------------------------------- */

/** A session with so many statements. @return as which of how many short sessions it is reported; 0 if it is not. */
static uint64_t connect_for(unsigned statements, const char *address, const char *program)
{
        uint64_t began_ms = now_ms;
        session = (struct session_history){.gaps = 0};
        who.client_addr = span_str(address);
        struct value name = {.name = span_str("program_name"), .bytes = span_str(program)};
        struct record r = record_of(EVENT_AUTH);
        record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){&name, 1});
        (void)see(&r);
        r = command(COM_QUERY, "SET NAMES utf8mb4");
        (void)see(&r);
        r = command(COM_QUERY, "SELECT @@max_allowed_packet");
        (void)see(&r);
        for (unsigned i = 0; i < statements; i++) {
                r = command(COM_QUERY, "SELECT 1 FROM t");
                (void)see(&r);
        }
        r = record_of(EVENT_DISCONNECT);
        record_set_uint(&r, FIELD_DURATION_US, (now_ms - began_ms) * 1000);
        (void)see(&r);
        session_history_fini(&session);
        bool found = has(&r, FINDING_CONNECTION_PER_STATEMENT);
        CU_ASSERT_TRUE(!found || r.digest_text.len == sizeof "SELECT ? FROM `t`" - 1);
        return found ? r.repeated : 0;
}

static void connections_for_one_statement(void)
{
        begin_with_defaults();
        for (unsigned i = 1; i < 5; i++) {
                CU_ASSERT_EQUAL(connect_for(1 + i % 2, "10.0.0.1:5001", "app"), 0);
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.2:5001", "app"), 0);
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "other"), 0);
        }
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5777", "app"), 5); /* the port says nothing */
        CU_ASSERT_EQUAL(connect_for(2, "10.0.0.1:5778", "app"), 6);
        CU_ASSERT_EQUAL(counted(FINDING_CONNECTION_PER_STATEMENT), 2);
        CU_ASSERT_EQUAL(connect_for(3, "10.0.0.1:5779", "app"), 0);
        CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5780", "app"), 0); /* the series was interrupted */
        finish();
        settings.log.connection_per_statement = 0;
        begin();
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "app"), 0);
        }
        finish();
}

static void connections_for_other_purposes(void)
{
        begin_with_defaults();
        for (unsigned i = 0; i < 20; i++) { /* health checks */
                CU_ASSERT_EQUAL(connect_for(0, "10.0.0.1:5001", "check"), 0);
        }
        for (unsigned i = 0; i < 20; i++) { /* now and then */
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "cron"), 0);
                now_ms += 1001;
        }
        for (unsigned i = 0; i < 20; i++) { /* requests of a page each */
                CU_ASSERT_EQUAL(connect_for(1, "10.0.0.1:5001", "pages"), i < 4 ? 0 : i + 1);
        }
        CU_ASSERT_EQUAL(connect_for(7, "10.0.0.1:5001", "pages"), 0);
        finish();
}

/** More clients than there is room for: none is reported that is not in series. */
static void many_clients(void)
{
        begin_with_defaults();
        for (unsigned i = 0; i < 4000; i++) {
                char address[32];
                (void)snprintf(address, sizeof address, "10.1.%u.%u:5000", i % 2000 / 250, i % 250);
                now_ms -= 4;
                CU_ASSERT_EQUAL(connect_for(1, address, "app"), 0);
        }
        finish();
}

/* --- setup -------------------------------------------------------------------------------------------------------------- */

/** Run @p sql. @return as which needless statement it is reported. */
static uint64_t setup(const char *sql)
{
        struct record r = command(COM_QUERY, sql);
        (void)see(&r);
        return has(&r, FINDING_REPEATED_SETUP) ? r.repeated : 0;
}

static void begin_setup(void)
{
        settings_defaults(&settings);
        settings.log.repeated_setup = 1;
        begin();
}

static void setup_again(void)
{
        begin_with_defaults();
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0); /* the first */
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0); /* needless, but that happens */
        CU_ASSERT_EQUAL(setup("/* pool */ set names 'UTF8MB4';"), 0);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 3);
        CU_ASSERT_EQUAL(setup("SELECT 1"), 0);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 4);
        CU_ASSERT_EQUAL(counted(FINDING_REPEATED_SETUP), 2);
        finish();
        settings.log.repeated_setup = 0;
        begin();
        for (unsigned i = 0; i < 10; i++) {
                CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        }
        finish();
}

/** Pairs of statements, and whether the second one is needless. */
static void setup_that_sets_the_same(void)
{
        static const struct {
                const char *first;
                const char *second;
                bool needless;
        } cases[] = {
            {"SET autocommit=1", "SET AUTOCOMMIT = 1", true},
            {"SET autocommit=1", "SET @@session.autocommit := 1", true},
            {"SET autocommit=0", "SET autocommit=1", false},
            {"SET SESSION sql_mode='A'", "SET sql_mode = \"a\"", true},
            {"SET sql_mode='A', time_zone='+00:00'", "SET time_zone = '+00:00'", true},
            {"SET sql_mode='A', time_zone='+00:00'", "SET time_zone = '+00:00', sql_mode='B'", false},
            {"SET sql_mode='A', wait_timeout=5", "SET sql_mode='A', lock_wait_timeout=5", false},
            {"SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET NAMES utf8mb4", false},
            {"SET CHARACTER SET utf8", "SET CHARSET utf8", true},
            {"SET wait_timeout=-1", "SET wait_timeout=1", false},
            {"SET /*!40101 sql_mode='a' */", "SET sql_mode='a'", true},
            {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
             "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", true},
            {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
             "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE", false},
            {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
             "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", false}, /* of the next transaction */
            {"SET @@transaction_isolation='SERIALIZABLE'", "SET @@transaction_isolation='SERIALIZABLE'",
             false},
            {"SET @a = 1", "SET @a = 1", false}, /* data */
            {"SET GLOBAL wait_timeout=5", "SET GLOBAL wait_timeout=5", false},
            {"SET @@global.wait_timeout=5", "SET @@session.wait_timeout=5", false},
            {"SET timestamp=5", "SET timestamp=5", false},
            {"SET insert_id=5", "SET insert_id=5", false},
            {"SET sql_mode=CONCAT(@@sql_mode, ',A')", "SET sql_mode=CONCAT(@@sql_mode, ',A')", false},
            {"SET sql_mode=@old", "SET sql_mode=@old", false},
            {"SET PASSWORD = 'x'", "SET PASSWORD = 'x'", false},
            {"SET ROLE a", "SET ROLE a", false},
            {"SET STATEMENT max_statement_time=1 FOR SELECT 1",
             "SET STATEMENT max_statement_time=1 FOR SELECT 1", false},
            {"SET autocommit=1; SELECT 1", "SET autocommit=1; SELECT 1", false},
            {"SET", "SET", false},
            {"SET =", "SET =", false},
            {"SET autocommit=", "SET autocommit=", true},
            {"SET @", "SET @", false},
            {"SELECT 1", "SELECT 1", false},
        };
        begin_setup();
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                session.setup = (struct repeated_setup){.needless = 0};
                CU_ASSERT_EQUAL(setup(cases[i].first), 0);
                bool needless = setup(cases[i].second) > 0;
                if (needless != cases[i].needless) {
                        printf("# %s / %s\n", cases[i].first, cases[i].second);
                }
                CU_ASSERT_EQUAL(needless, cases[i].needless);
        }
        finish();
}

/** What comes between two equal statements, so that the second is not needless. */
static void setup_after_a_change(void)
{
        static const char *const between[] = {
            "SET NAMES latin1",
            "SET character_set_client = latin1",
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
            "SET CHARACTER SET utf8mb4",
            "SET collation_connection = utf8mb4_bin",
            "CALL p()",
            "EXECUTE IMMEDIATE 'SET NAMES latin1'",
            "BEGIN NOT ATOMIC SET NAMES latin1; END",
            "SET STATEMENT max_statement_time=1 FOR EXECUTE s",
            "  call p()",
            "/* a */ CALL p()",
        };
        begin_setup();
        for (size_t i = 0; i < sizeof between / sizeof between[0]; i++) {
                (void)setup("SET NAMES utf8mb4");
                CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
                (void)setup(between[i]);
                CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        }
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        CU_ASSERT_EQUAL(setup("BEGIN"), 0);
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        struct record r = command(COM_RESET_CONNECTION, NULL);
        (void)see(&r);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = command(COM_QUERY, "SELECT 1; SET NAMES latin1"); /* several statements */
        record_set_list(&r, FIELD_RESULT_ROWS, (struct value_list){NULL, 0});
        (void)see(&r);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = command(COM_QUERY, "SET NAMES utf8mb4"); /* one that fails */
        record_set_uint(&r, FIELD_ERRNO, 1115);
        (void)see(&r);
        CU_ASSERT_FALSE(has(&r, FINDING_REPEATED_SETUP));
        CU_ASSERT_TRUE(setup("SET NAMES utf8mb4") > 0);
        session_findings_gap(&f);
        CU_ASSERT_EQUAL(setup("SET NAMES utf8mb4"), 0);
        r = command(COM_QUERY, "SET NAMES utf8mb4"); /* one that was cut */
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100);
        (void)see(&r);
        CU_ASSERT_FALSE(has(&r, FINDING_REPEATED_SETUP));
        finish();
}

/** More variables than are remembered: those that are forgotten are not reported. */
static void many_variables(void)
{
        begin_setup();
        for (unsigned i = 0; i < 40; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SET variable_%u = 1", i % 20);
                CU_ASSERT_EQUAL(setup(sql), 0);
        }
        finish();
}

static void the_same_database(void)
{
        begin_setup();
        who.database = span_str("shop");
        static const struct {
                unsigned code;
                const char *sql;
                bool needless;
        } cases[] = {{COM_QUERY, "USE shop", true},   {COM_QUERY, "use `shop`;", true},
                     {COM_QUERY, "USE other", false}, {COM_QUERY, "USE shop; SELECT 1", false},
                     {COM_INIT_DB, "shop", true},     {COM_INIT_DB, "shop2", false},
                     {COM_INIT_DB, "", false},        {COM_QUERY, "USE", false}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct record r = command(cases[i].code, cases[i].sql);
                r.present.words[0] |= 1ULL << FIELD_DATABASE;
                (void)see(&r);
                CU_ASSERT_EQUAL(has(&r, FINDING_REPEATED_SETUP), cases[i].needless);
        }
        struct record r = command(COM_INIT_DB, "shop"); /* the database before is unknown */
        (void)see(&r);
        CU_ASSERT_FALSE(has(&r, FINDING_REPEATED_SETUP));
        finish();
}

static void prepared_setup(void)
{
        begin_setup();
        struct value one = {.bytes = span_str("1")};
        struct value two = {.bytes = span_str("2")};
        struct value cut = {.bytes = span_str("1"), .true_len = 2}; /* what was cut off may differ */
        struct value *values[] = {&one, &one, &two, &two, &cut, &cut};
        for (unsigned i = 0; i < 6; i++) {
                struct record r = command(COM_STMT_EXECUTE, NULL);
                record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("SET wait_timeout = ?"));
                record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values[i], 1});
                (void)see(&r);
                CU_ASSERT_EQUAL(has(&r, FINDING_REPEATED_SETUP), i % 2 == 1 && i < 4);
        }
        finish();
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

static bool is_large(unsigned code, uint64_t rows)
{
        struct record r = command(code, "SELECT * FROM t");
        record_set_uint(&r, FIELD_ROWS, rows);
        (void)see(&r);
        return has(&r, FINDING_LARGE_RESULT);
}

static void large_results(void)
{
        begin_with_defaults();
        CU_ASSERT_FALSE(is_large(COM_QUERY, 10000));
        CU_ASSERT_TRUE(is_large(COM_QUERY, 10001));
        CU_ASSERT_FALSE(is_large(COM_BINLOG_DUMP, 10001)); /* events */
        CU_ASSERT_EQUAL(counted(FINDING_LARGE_RESULT), 1);
        finish();
        settings.log.large_result = 0;
        begin();
        CU_ASSERT_FALSE(is_large(COM_QUERY, 1000000));
        finish();
}

/* --- memory ------------------------------------------------------------------------------------------------------------- */

static void each_allocation_fails_once(void)
{
        for (uint64_t nth = 1; nth < 3; nth++) {
                settings_defaults(&settings);
                prof_fail_nth(nth);
                struct short_sessions clients;
                enum status status = short_sessions_init(&clients);
                CU_ASSERT_EQUAL(status == STATUS_OK, nth > 1);
                struct prepare_once p = {.least = 1};
                struct prepare_once_session s = {.work = NULL};
                struct prepare_once_run runs[PREPARE_ONCE_RUNS];
                struct record r = command(COM_STMT_PREPARE, by_id);
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
    {"setup again", setup_again},
    {"setup that sets the same", setup_that_sets_the_same},
    {"setup after a change", setup_after_a_change},
    {"many variables", many_variables},
    {"the same database", the_same_database},
    {"prepared setup", prepared_setup},
    {"large results", large_results},
    {"each allocation fails once", each_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("session findings", tests);
}
