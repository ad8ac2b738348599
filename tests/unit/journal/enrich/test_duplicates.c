/* What asks again what was just answered, and what only looks like it. */
#include "journal/enrich/duplicates.h"
#include "profile/heap/fault.h"
#include "tap.h"

#include <stdio.h>

static struct digests *digests;
static struct duplicates d;
static uint64_t epochs[4]; /* by session */
static uint64_t now_ms;

static void begin(uint64_t within_ms)
{
        CU_ASSERT_EQUAL_FATAL(digests_new(64, &digests), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(duplicates_init(&d, digests, within_ms), STATUS_OK);
        memset(epochs, 0, sizeof epochs);
        now_ms = 5000;
}

static void finish(void)
{
        duplicates_fini(&d);
        digests_free(digests);
}

static struct record command(unsigned code)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.mono_ns = now_ms++ * 1000000;
        record_set_uint(&r, FIELD_CONN_ID, 1);
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        record_set_uint(&r, FIELD_DURATION_US, 500);
        record_set_uint(&r, FIELD_ROWS, 1);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 90);
        return r;
}

/** @return as which duplicate @p r, the statement @p sql, is reported; 0 = it is not. */
static uint64_t see(struct record *r, const char *sql)
{
        struct digest_found found = {.stat = NULL};
        if (sql != NULL) {
                digests_find(digests, span_str(sql), (struct sql_mode){0}, false, &found);
        }
        duplicates_see(&d, &epochs[r->conn_id], r, &found);
        bool is_one = record_has(r, FIELD_FINDINGS) && (r->findings >> FINDING_DUPLICATE & 1) != 0;
        CU_ASSERT_EQUAL(is_one, record_has(r, FIELD_DUPLICATES));
        return is_one ? r->duplicates : 0;
}

static uint64_t query_of(uint64_t conn_id, const char *sql)
{
        struct record r = command(COM_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        return see(&r, sql);
}

static uint64_t query(const char *sql)
{
        return query_of(1, sql);
}

static const char by_id[] = "SELECT a FROM t WHERE id = 7";

static void the_same_again(void)
{
        begin(1000);
        CU_ASSERT_EQUAL(query(by_id), 0);
        CU_ASSERT_EQUAL(query(by_id), 1);
        CU_ASSERT_EQUAL(query(by_id), 2);
        CU_ASSERT_EQUAL(query("SELECT a FROM t WHERE id = 8"), 0);
        CU_ASSERT_EQUAL(query("SELECT 1"), 0);
        CU_ASSERT_EQUAL(query(by_id), 3);
        CU_ASSERT_EQUAL(query("SELECT a FROM t WHERE id = 10000"), 0);
        CU_ASSERT_EQUAL(query("SELECT a FROM t WHERE id = 200000"),
                        0); /* its first and last four digits are the same */
        CU_ASSERT_EQUAL(query("SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1"), 0);
        CU_ASSERT_EQUAL(query("SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1"), 1);
        CU_ASSERT_EQUAL(query_of(2, by_id), 0); /* another session */
        now_ms += 1001;
        CU_ASSERT_EQUAL(query(by_id), 0);
        finish();
        begin(0);
        CU_ASSERT_EQUAL(query(by_id), 0);
        CU_ASSERT_EQUAL(query(by_id), 0);
        finish();
}

/** What the rows of results before show decides whether a statement that was answered before is a duplicate, also within an N+1. */
static void for_each_row(void)
{
        static const struct {
                enum row_use use;
                bool in_run;
                uint64_t duplicates;
        } cases[] = {{ROW_USE_ROW, false, 0},   {ROW_USE_ROW, false, 0},  {ROW_USE_ROW, true, 0},
                     {ROW_USE_NONE, true, 0},   {ROW_USE_NONE, false, 1}, {ROW_USE_AGAIN, true, 2},
                     {ROW_USE_AGAIN, false, 3}, {ROW_USE_ROW, false, 4},  {ROW_USE_ROW, true, 0}};
        begin(1000);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct record r = command(COM_QUERY);
                struct digest_found found;
                digests_find(digests, span_str(by_id), (struct sql_mode){0}, false, &found);
                found.row_use = cases[i].use;
                if (cases[i].in_run) {
                        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_N_PLUS_ONE);
                }
                duplicates_see(&d, &epochs[1], &r, &found);
                CU_ASSERT_EQUAL(record_has(&r, FIELD_DUPLICATES) ? r.duplicates : 0, cases[i].duplicates);
        }
        finish();
}

/** What comes between two equal statements; does the second one ask again what was answered? */
static void what_comes_between(void)
{
        static const struct {
                const char *sql;
                bool again;
        } cases[] = {
            {"SELECT a FROM u", true},
            {"SHOW STATUS", true},
            {"UPDATE u SET a = 1", true},
            {"SAVEPOINT s", true},
            {"UPDATE t SET a = 1", false},
            {"INSERT INTO t VALUES (1)", false},
            {"REPLACE INTO `t` VALUES (1)", false},
            {"DELETE FROM shop.t", false},
            {"INSERT INTO u SELECT * FROM t", false},
            {"UPDATE u JOIN t USING (id) SET u.a = 1", false},
            {"CALL p()", false},
            {"EXECUTE s", false},
            {"TRUNCATE t", false},
            {"ALTER TABLE t ADD b INT", false},
            {"LOAD DATA INFILE 'x' INTO TABLE t", false},
            {"SELECT 1; UPDATE t SET a = 1", false},
            {"SHOW STATUS; DELETE FROM t", false},
            {"BEGIN", false},
            {"COMMIT", false},
            {"ROLLBACK TO s", false},
            {"SET time_zone = '+01:00'", false},
            {"USE other", false},
        };
        begin(1000);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                (void)query(by_id);
                CU_ASSERT_TRUE(query(by_id) > 0);
                (void)query(cases[i].sql);
                bool again = query(by_id) > 0;
                if (again != cases[i].again) {
                        printf("# %s\n", cases[i].sql);
                }
                CU_ASSERT_EQUAL(again, cases[i].again);
        }
        static const unsigned codes[] = {COM_INIT_DB, COM_RESET_CONNECTION, COM_CHANGE_USER};
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                (void)query(by_id);
                struct record r = command(codes[i]);
                (void)see(&r, NULL);
                CU_ASSERT_EQUAL(query(by_id), 0);
        }
        struct record ping = command(COM_PING);
        (void)see(&ping, NULL);
        CU_ASSERT_TRUE(query(by_id) > 0);
        (void)query_of(2, "COMMIT"); /* the transactions of other sessions say nothing, their writes do */
        CU_ASSERT_TRUE(query(by_id) > 0);
        (void)query_of(2, "UPDATE t SET a = 1");
        CU_ASSERT_EQUAL(query(by_id), 0);
        duplicates_forget(&d);
        CU_ASSERT_EQUAL(query(by_id), 0);
        finish();
}

/** Statements whose result differs from call to call, or that read no table. */
static void never_duplicates(void)
{
        static const char *const texts[] = {
            "SELECT LAST_INSERT_ID() FROM t",
            "SELECT * FROM t WHERE id = last_insert_id()",
            "SELECT FOUND_ROWS() FROM t",
            "SELECT ROW_COUNT() FROM t",
            "SELECT * FROM t WHERE a < NOW()",
            "SELECT * FROM t WHERE a < CURRENT_TIMESTAMP",
            "SELECT * FROM t WHERE a < UNIX_TIMESTAMP()",
            "SELECT * FROM t WHERE a = curdate()",
            "SELECT * FROM t ORDER BY RAND()",
            "SELECT UUID(), a FROM t",
            "SELECT uuid_v7(), SYS_GUID(), a FROM t",
            "SELECT * FROM t WHERE id = CONNECTION_ID()",
            "SELECT * FROM t WHERE a = mysql_query_attribute_string('a')",
            "SELECT NEXT VALUE FOR s, a FROM t",
            "SELECT nextval(s), a FROM t",
            "SELECT GET_LOCK('a', 1) FROM t",
            "SELECT SLEEP(1) FROM t",
            "SELECT * FROM t WHERE a = @x",
            "SELECT *, @@read_only FROM t",
            "SELECT * FROM t INTO OUTFILE 'x'",
            "SELECT * FROM t FOR UPDATE SKIP LOCKED",
            "SELECT 1",
            "SELECT DATABASE()",
            "SELECT * FROM information_schema.tables",
            "SHOW TABLES",
            "UPDATE t SET a = 1",
            "SET NAMES utf8mb4",
        };
        begin(1000);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                CU_ASSERT_EQUAL(query(texts[i]), 0);
                uint64_t n = query(texts[i]);
                if (n > 0) {
                        printf("# %s\n", texts[i]);
                }
                CU_ASSERT_EQUAL(n, 0);
        }
        finish();
}

static void other_answers(void)
{
        begin(1000);
        (void)query(by_id);
        struct record r = command(COM_QUERY);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 91);
        CU_ASSERT_EQUAL(see(&r, by_id), 0); /* somebody changed it unseen */
        r = command(COM_QUERY);
        record_set_uint(&r, FIELD_ERRNO, 1146);
        CU_ASSERT_EQUAL(see(&r, by_id), 0);
        r = command(COM_QUERY);
        record_set_uint(&r, FIELD_QUERY_LENGTH, 1000000);
        CU_ASSERT_EQUAL(see(&r, by_id), 0);
        (void)query(by_id);
        r = command(COM_QUERY);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_N_PLUS_ONE);
        CU_ASSERT_EQUAL(see(&r, by_id), 0); /* the run says it */
        finish();
}

static void transactions_have_no_limit(void)
{
        begin(1000);
        uint64_t found[3];
        for (unsigned i = 0; i < 3; i++) {
                struct record r = command(COM_QUERY);
                record_set_uint(&r, FIELD_TRX_ID, 1);
                found[i] = see(&r, by_id);
                now_ms += 5000;
        }
        CU_ASSERT_TRUE(found[0] == 0 && found[1] == 1 && found[2] == 2);
        finish();
}

static uint64_t execute(struct value *values, size_t n)
{
        struct record r = command(COM_STMT_EXECUTE);
        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("SELECT a FROM t WHERE id = ? AND b = ?"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, n});
        return see(&r, "SELECT a FROM t WHERE id = ? AND b = ?");
}

static void executions(void)
{
        begin(1000);
        struct value a[] = {{.bytes = span_str("1")}, {.bytes = span_str("23")}};
        struct value b[] = {{.bytes = span_str("12")}, {.bytes = span_str("3")}};
        struct value c[] = {{.bytes = span_str("1")}, {.is_null = true}};
        struct value e[] = {{.bytes = span_str("1")}, {.bytes = span_str("")}};
        struct value cut[][2] = {{{.bytes = span_str("1")}, {.bytes = span_str("23"), .cut = true}},
                                 {{.bytes = span_str("1")}, {.bytes = span_str("23"), .true_len = 3}},
                                 {{.bytes = span_str("1")}, {.bytes = span_str("23"), .ambiguous = true}},
                                 {{.bytes = span_str("1")}, {.bytes = span_str("23"), .unknown = true}}};
        CU_ASSERT_EQUAL(execute(a, 2), 0);
        CU_ASSERT_EQUAL(execute(b, 2), 0);
        CU_ASSERT_EQUAL(execute(c, 2), 0);
        CU_ASSERT_EQUAL(execute(e, 2), 0);
        CU_ASSERT_EQUAL(execute(a, 2), 1);
        CU_ASSERT_EQUAL(execute(c, 2), 1);
        for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) { /* what was cut off may differ */
                CU_ASSERT_EQUAL(execute(cut[i], 2), 0);
                CU_ASSERT_EQUAL(execute(cut[i], 2), 0);
        }
        finish();
}

/** Of these the log has no values, or not all of them. */
static void incomplete_executions(void)
{
        begin(1000);
        for (unsigned i = 0; i < 4; i++) {
                struct record r = command(COM_STMT_EXECUTE);
                struct value one = {.bytes = span_str("1")};
                if (i < 2) {
                        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str(by_id));
                        record_set_text(&r, FIELD_REASON,
                                        span_str("cut, because log.ring_bytes was reached"));
                        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){&one, 1});
                } else {
                        record_set_text(&r, FIELD_INFO, span_str("redaction: out of memory"));
                }
                CU_ASSERT_EQUAL(see(&r, by_id), 0);
        }
        finish();
}

/** In a trace: several sessions, and comments that differ. */
static uint64_t in_trace(uint64_t conn_id, const char *trace, const char *sql)
{
        struct record r = command(COM_QUERY);
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        record_set_text(&r, FIELD_TRACEPARENT, span_str(trace));
        return see(&r, sql);
}

static void traces(void)
{
        static const char one[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        static const char one_too[] = "00-0af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01";
        static const char two[] = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        begin(1000);
        CU_ASSERT_EQUAL(in_trace(1, one, "SELECT a FROM t WHERE id = 7 /*a='1'*/"), 0);
        CU_ASSERT_EQUAL(in_trace(2, one_too, "SELECT a FROM t WHERE id = 7 /*a='2'*/"), 1);
        CU_ASSERT_EQUAL(in_trace(1, two, "SELECT a FROM t WHERE id = 7 /*a='1'*/"), 0);
        CU_ASSERT_EQUAL(in_trace(1, one, "SELECT a FROM t WHERE id = 8 /*a='1'*/"), 0);
        CU_ASSERT_EQUAL(in_trace(1, "00-0af", "SELECT a FROM t WHERE id = 9 /*a='1'*/"), 0);
        finish();
}

/** More statements than there is room for: whatever is reported was asked before. */
static void many_statements(void)
{
        begin(100000);
        for (unsigned i = 0; i < 20000; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT a FROM t WHERE id = %u", i);
                CU_ASSERT_EQUAL(query(sql), 0);
        }
        finish();
}

static void no_memory(void)
{
        CU_ASSERT_EQUAL_FATAL(digests_new(64, &digests), STATUS_OK);
        prof_fail_nth(1);
        CU_ASSERT_EQUAL(duplicates_init(&d, digests, 1000), STATUS_NOMEM);
        prof_fail_nth(0);
        finish();
}

static const struct tap_test tests[] = {
    {"the same again", the_same_again},
    {"for each row", for_each_row},
    {"what comes between", what_comes_between},
    {"never duplicates", never_duplicates},
    {"other answers", other_answers},
    {"transactions have no limit", transactions_have_no_limit},
    {"executions", executions},
    {"incomplete executions", incomplete_executions},
    {"traces", traces},
    {"many statements", many_statements},
    {"no memory", no_memory},
};

int main(void)
{
        return TAP_RUN("duplicates", tests);
}
