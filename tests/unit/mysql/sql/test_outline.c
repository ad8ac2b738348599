#include "mysql/sql/outline.h"
#include "tap.h"

#include <stdio.h>

/** The outline of @p sql as text: its verbs; tables; clauses; the number of statements if it is not 1; ? if it is partial. */
static const char *outline_of(const char *sql, struct sql_mode mode)
{
        static char out[1024];
        struct outline o;
        size_t n = 0;
        outline_read(span_str(sql), mode, false, &o);
        for (unsigned i = 0; outline_verb_name(i) != NULL; i++) {
                if ((o.verbs >> i & 1) != 0) {
                        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", n > 0 ? " " : "",
                                              outline_verb_name(i));
                }
        }
        n += (size_t)snprintf(out + n, sizeof out - n, ";");
        for (size_t i = 0; i < o.n_tables; i++) {
                uint8_t schema[OUTLINE_NAME_MAX];
                uint8_t name[OUTLINE_NAME_MAX];
                int schema_len = (int)outline_name(o.tables[i].schema, schema);
                int name_len = (int)outline_name(o.tables[i].name, name);
                n += (size_t)snprintf(out + n, sizeof out - n, " %.*s%s%.*s", schema_len, (char *)schema,
                                      schema_len > 0 ? "." : "", name_len, (char *)name);
        }
        n += (size_t)snprintf(out + n, sizeof out - n, ";");
        for (enum outline_clause c = 0; c < CLAUSE_COUNT; c++) {
                if ((o.clauses >> c & 1) != 0) {
                        n += (size_t)snprintf(out + n, sizeof out - n, " %s", outline_clause_name(c));
                }
        }
        if (o.statements != 1) {
                n += (size_t)snprintf(out + n, sizeof out - n, " x%u", o.statements);
        }
        (void)snprintf(out + n, sizeof out - n, "%s", o.is_partial ? " ?" : "");
        return out;
}

struct outline_case {
        const char *sql;
        const char *expected;
};

static void check(const struct outline_case *cases, size_t n, struct sql_mode mode)
{
        for (size_t i = 0; i < n; i++) {
                const char *found = outline_of(cases[i].sql, mode);
                if (strcmp(found, cases[i].expected) != 0) {
                        printf("# %s\n#   is   %s\n#   not  %s\n", cases[i].sql, found, cases[i].expected);
                }
                CU_ASSERT_STRING_EQUAL(found, cases[i].expected);
        }
}

static const struct outline_case queries[] = {
    {"SELECT 1", "select;;"},
    {"SELECT 1) FROM t", "select; t;"},
    {"select * from t where id = 1 limit 1", "select; t; where limit"},
    {"SELECT a FROM s.t x, `u v` y, (w, z) JOIN q USING (id) WHERE 1 ORDER BY 1",
     "select; s.t u v w z q; where join order_by"},
    {"SELECT a FROM t PARTITION (p0, p1) AS x, u FORCE INDEX (i, j), w", "select; t u w;"},
    {"SELECT (SELECT max(id) FROM u WHERE u.a = t.a LIMIT 1) FROM t", "select; u t;"},
    {"SELECT * FROM (SELECT 1 FROM a WHERE x JOIN y) d, b", "select; a b;"},
    {"(SELECT 1 FROM a WHERE x) UNION ALL (SELECT 2 FROM b) LIMIT 3", "select; a b; where limit union"},
    {"((SELECT 1 FROM a))", "select; a;"},
    {"SELECT EXTRACT(YEAR FROM d), TRIM(BOTH 'x' FROM e), SUBSTRING(f FROM 2) FROM t", "select; t;"},
    {"SELECT 1 FROM dual", "select;;"},
    {"SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a INT PATH '$')) AS j, t", "select; t;"},
    {"WITH x AS (SELECT 1 FROM a WHERE b), `y z` (c) AS (SELECT * FROM x) SELECT * FROM x JOIN `y z` JOIN "
     "shop.x",
     "select; a shop.x; join with"},
    {"WITH RECURSIVE n AS (SELECT 1 UNION SELECT i + 1 FROM n) DELETE FROM t WHERE id IN (SELECT * FROM n)",
     "delete; t; where with"},
    {"SELECT a INTO @x FROM t FOR UPDATE", "select; t; into for_update"},
    {"SELECT a FROM t LOCK IN SHARE MODE", "select; t; for_share"},
    {"SELECT a FROM t x FOR SHARE OF x SKIP LOCKED", "select; t; for_share"},
    {"SELECT a FROM t INTO OUTFILE '/tmp/x'", "select; t; into"},
    {"SELECT 'from u', \"from v\", `from`.w FROM t -- from x\n # from y\n /* from z */", "select; t;"},
    {"SELECT /*! STRAIGHT_JOIN */ a FROM t /*!40101 WHERE id = 1 */", "select; t; where"},
    {"/*!40101 SELECT */ 1 FROM t", "select; t;"},
    {"SELECT * FROM { OJ a LEFT OUTER JOIN b ON a.id = b.id }", "select; a b; join"},
    {"SELECT GROUP_CONCAT(a ORDER BY b) FROM t GROUP BY c HAVING 1", "select; t; group_by having"},
    {"TABLE t ORDER BY a LIMIT 1", "table; t; limit order_by"},
    {"VALUES ROW(1, 2), ROW(3, 4)", "values;;"},
    {"SELECT * FROM t1 NATURAL JOIN t2 CROSS JOIN t3", "select; t1 t2 t3; join"},
    {"SELECT DISTINCT a.b.c FROM a.b", "select; a.b;"},
    {"SELECT 1 FROM t WHERE a IN (WITH x AS (SELECT 1 FROM u) SELECT * FROM x) AND (b OR c)",
     "select; t u; where"},
    {"WITH x AS (SELECT 1 FROM u) (SELECT * FROM x WHERE 1)", "select; u; where with"},
    {"SELECT SUM(a) OVER (PARTITION BY b ORDER BY c) FROM t WINDOW w AS (ORDER BY d)", "select; t;"},
    {"SELECT 1 FROM a UNION TABLE b", "select; a b; union"},
    {"SELECT 1 FROM a UNION DISTINCT (SELECT 1 FROM b WHERE c)", "select; a b; where union"},
    {"SELECT 1 FROM (a JOIN b ON a.x = (SELECT 1 FROM c LIMIT 1)), d", "select; a b c d; join"},
    {"DO SLEEP(1)", "do;;"},
    {"", ";; x0"},
    {"/* nothing */ ;;", ";; x0"},
    {"\xff\xfe", "other;;"},
    {"SELECT a.from, a.where FROM t a", "select; t;"},
    {"SELECT a.limit, t.order FROM t", "select; t;"},
    {"WITH a AS (SELECT * FROM a) SELECT * FROM a", "select; a; with"},
    {"WITH a AS (SELECT 1 FROM x) SELECT * FROM a WHERE id IN (WITH b AS (SELECT 2 FROM y) SELECT * FROM b) "
     "AND EXISTS (SELECT 1 FROM b)",
     "select; x y b; where with"},
    {"SELECT * FROM (WITH c AS (SELECT 1 FROM q) SELECT * FROM c) d JOIN c", "select; q c; join"},
    {"WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) CYCLE n RESTRICT SELECT * FROM a JOIN t",
     "select; t; join with"},
    {"SELECT @@limit, @@session.where FROM t", "select; t;"},
    {"SELECT a value FROM t value, u", "select; t u;"},
    {"SELECT * FROM t WHERE a = ALL (SELECT 1 FROM u LIMIT 3)", "select; t u; where"},
    {"SELECT DISTINCT (SELECT 1 FROM u WHERE 1) FROM t", "select; u t;"},
    {"SELECT ALL (SELECT 1 FROM u WHERE 1) FROM t", "select; u t;"},
    {"SELECT * FROM t USE INDEX FOR JOIN (i), u", "select; t u;"},
    {"SELECT * FROM t USE INDEX FOR ORDER BY (i)", "select; t;"},
    {"SELECT * FROM t IGNORE INDEX FOR GROUP BY (i) WHERE 1", "select; t; where"},
    {"SELECT * FROM t ORDER BY a OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY", "select; t; limit order_by"},
    {"SELECT * FROM t FETCH FIRST 1 ROW WITH TIES", "select; t; limit"},
    {"SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) OVER (PARTITION BY b) FROM t, u", "select; t u;"},
    {"SELECT * FROM lateral", "select; lateral;"},
    {"SELECT * FROM history, only, quick, delayed, exists_", "select; history only quick exists_;"},
    {"SELECT * FROM a WHERE id IN (WITH a AS (SELECT 2 FROM y) SELECT * FROM a)", "select; a y; where"},
    {"WITH a AS (WITH a AS (SELECT 1 FROM t) SELECT * FROM a) SELECT * FROM a", "select; t; with"},
    {"SELECT * FROM `order` WHERE `group` = 1", "select; order; where"},
    {"SELECT * FROM t FOR SYSTEM_TIME FROM '2020-01-01' TO '2021-01-01' JOIN u ON 1", "select; t u; join"},
    {"SELECT 1 UNION (SELECT 2 FROM t LIMIT 1) ORDER BY 1", "select; t; limit order_by union"},
    {"SELECT * FROM t JOIN LATERAL (SELECT 1 FROM u) x ON true LEFT JOIN LATERAL (SELECT 1 FROM w) y ON true",
     "select; t u w; join"},
    {"SELECT * FROM value, event JOIN window", "select; value event window; join"},
    {"SELECT * FROM t FOR SYSTEM_TIME AS OF NOW() UNION SELECT 1 FROM u", "select; t u; union"},
    {"SELECT 1 FROM t UNION ALL (SELECT 2 FROM u WHERE 1)", "select; t u; where union"},
    {"WITH x AS (SELECT 1), x2 AS (SELECT * FROM x JOIN x3) SELECT * FROM x2 JOIN x3",
     "select; x3; join with"},
    {"SELECT (SELECT 1 FROM (WITH x AS (SELECT 1) SELECT * FROM x) y) FROM x", "select; x;"},
};

static const struct outline_case changes[] = {
    {"INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a)", "insert; t;"},
    {"INSERT t VALUES (1)", "insert; t;"},
    {"INSERT LOW_PRIORITY IGNORE INTO s.`t``u` SET a = 1", "insert; s.t`u;"},
    {"INSERT INTO t SELECT a FROM u WHERE b LIMIT 1", "insert; t u; where limit"},
    {"INSERT INTO t(a) WITH x AS (SELECT 1 FROM u) SELECT * FROM x", "insert; t u;"},
    {"REPLACE INTO t TABLE u", "replace; t u;"},
    {"UPDATE t SET a = (SELECT 1 FROM u WHERE 1)", "update; t u;"},
    {"UPDATE LOW_PRIORITY IGNORE t, u SET t.a = 1, u.b = 2 WHERE t.id = u.id", "update; t u; where"},
    {"UPDATE t JOIN u USING (id) SET a = 1", "update; t u; join"},
    {"DELETE FROM t", "delete; t;"},
    {"DELETE QUICK FROM t WHERE a ORDER BY b LIMIT 3 RETURNING a, b", "delete; t; where limit order_by"},
    {"DELETE a, b FROM post a JOIN tag b ON 1 WHERE 1", "delete; post tag; where join"},
    {"DELETE FROM a, b USING post a JOIN tag b USING (id)", "delete; post tag; join"},
    {"LOAD DATA LOCAL INFILE 'x' INTO TABLE t FIELDS TERMINATED BY ',' (a, b) SET c = 1", "load; t;"},
    {"HANDLER t OPEN", "handler; t;"},
    {"TRUNCATE t", "truncate; t;"},
    {"TRUNCATE TABLE s.t", "truncate; s.t;"},
    {"CALL p(1)", "call;; ?"},
    {"EXECUTE s USING @a", "execute;; ?"},
    {"PREPARE s FROM 'DELETE FROM t'", "prepare;; ?"},
    {"EXECUTE IMMEDIATE 'SELECT 1'", "execute;; ?"},
    {"UPDATE t SET t.limit = 1, t.where = 2", "update; t;"},
    {"DELETE FROM t FOR PORTION OF p FROM a TO b", "delete; t;"},
    {"UPDATE /*+ NO_MERGE(x) */ t SET a=1", "update; t;"},
    {"LOAD INDEX INTO CACHE t, u", "load; t u;"},
    {"UPDATE /*+ NO_MERGE(x) */ /* y */ t SET t.where = 1", "update; t;"},
    {"INSERT INTO history (a) VALUE (1)", "insert; history;"},
    {"DELETE FROM quick WHERE 1", "delete; quick; where"},
};

static const struct outline_case definitions[] = {
    {"CREATE TEMPORARY TABLE IF NOT EXISTS t (id INT, x INT REFERENCES u (id), KEY (x))", "create; t u;"},
    {"CREATE TABLE t LIKE u", "create; t u;"},
    {"CREATE OR REPLACE TABLE t AS SELECT a FROM u WHERE 1", "create; t u; where"},
    {"CREATE DEFINER = root@localhost SQL SECURITY DEFINER VIEW v AS SELECT * FROM t JOIN u",
     "create; v t u; join"},
    {"CREATE UNIQUE INDEX i ON t (a)", "create; t;"},
    {"CREATE PROCEDURE p() BEGIN SELECT 1 FROM t; SELECT 2; END", "create;; ?"},
    {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", "create;; ?"},
    {"CREATE DATABASE d", "create;;"},
    {"CREATE USER u@h IDENTIFIED BY 'x'", "create;;"},
    {"ALTER TABLE t ADD COLUMN a INT, DROP b, RENAME COLUMN c TO d", "alter; t;"},
    {"DROP TABLE IF EXISTS a, s.b, c", "drop; a s.b c;"},
    {"DROP INDEX i ON t", "drop; t;"},
    {"DROP VIEW v", "drop; v;"},
    {"RENAME TABLE a TO b, c TO s.d", "rename; a b c s.d;"},
    {"LOCK TABLES t AS x READ, u WRITE", "lock; t u;"},
    {"UNLOCK TABLES", "unlock;;"},
    {"OPTIMIZE TABLE t, u", "optimize; t u;"},
    {"ANALYZE TABLE t, u", "analyze; t u;"},
    {"ANALYZE LOCAL TABLE t", "analyze; t;"},
    {"FLUSH TABLES t, u WITH READ LOCK", "flush; t u;"},
    {"FLUSH PRIVILEGES", "flush;;"},
    {"GRANT SELECT (a), INSERT ON s.t TO u@h", "grant; s.t;"},
    {"GRANT ALL ON *.* TO u", "grant;;"},
    {"SHOW CREATE TABLE s.t", "show; s.t;"},
    {"SHOW FULL COLUMNS FROM t FROM s", "show; t;"},
    {"SHOW INDEX IN t WHERE 1", "show; t; where"},
    {"SHOW TABLES FROM s LIKE 'x'", "show;;"},
    {"SHOW TABLE STATUS LIKE 't'", "show;;"},
    {"SET NAMES utf8mb4", "set;;"},
    {"USE x", "use;;"},
    {"CACHE INDEX t, u IN hot", "cache; t u;"},
    {"CREATE TABLE a (LIKE b)", "create; a b;"},
    {"ALTER TABLE t RENAME TO u", "alter; t u;"},
    {"ALTER TABLE t RENAME u", "alter; t u;"},
    {"ALTER TABLE t RENAME AS s.u, ADD INDEX (x)", "alter; t s.u;"},
    {"ANALYZE TABLE t UPDATE HISTOGRAM ON a, b WITH 10 BUCKETS", "analyze; t;"},
    {"FLUSH TABLES WITH READ LOCK", "flush;;"},
    {"GRANT PROXY ON a TO b", "grant;;"},
    {"CREATE TABLE event (a INT)", "create; event;"},
    {"DROP TABLE IF EXISTS view, function", "drop; view function;"},
};

static const struct outline_case heads[] = {
    {"EXPLAIN SELECT * FROM t WHERE 1", "explain select; t; where"},
    {"explain format=json update t set a = 1", "explain update; t;"},
    {"EXPLAIN ANALYZE SELECT * FROM t", "explain select; t;"},
    {"EXPLAIN EXTENDED (SELECT 1 FROM t)", "explain select; t;"},
    {"EXPLAIN WITH x AS (SELECT 1 FROM u) SELECT * FROM x", "explain select; u; with"},
    {"EXPLAIN FOR CONNECTION 7", "explain;; ?"},
    {"DESC s.t", "describe; s.t;"},
    {"DESCRIBE `t` a", "describe; t;"},
    {"ANALYZE FORMAT=JSON DELETE FROM t", "analyze delete; t;"},
    {"SET STATEMENT max_statement_time = 1 FOR SELECT * FROM t WHERE 1", "select set; t; where"},
    {"START TRANSACTION READ ONLY", "begin;;"},
    {"START REPLICA", "start;;"},
    {"BEGIN", "begin;;"},
    {"BEGIN NOT ATOMIC DELETE FROM t; SELECT 1; END", "begin;; ?"},
    {"SELECT 1 FROM t; DELETE FROM u WHERE 1; COMMIT;", "commit delete select; t u; where x3"},
    {"USE a; SELECT * FROM t; ", "select use; t; x2"},
    {"WITH x AS (SELECT 1) SELECT * FROM x; SELECT * FROM x", "select; x; with x2"},
    {"SET PASSWORD FOR u = 'x'", "set;;"},
    {"EXPLAIN FORMAT='json' INTO @x SELECT * FROM t", "explain select; t;"},
    {"EXPLAIN FORMAT=TREE FOR SCHEMA s SELECT * FROM t", "explain select; t;"},
    {"IF 1 THEN SELECT 1 FROM t; END IF", "other;; ?"},
    {"FOR i IN 1..2 DO INSERT INTO t VALUES (i); END FOR", "other;; ?"},
    {"WHILE 1 DO DELETE FROM t; END WHILE", "other;; ?"},
    {"LOOP SELECT 1 FROM t; END LOOP", "other;; ?"},
    {"CASE 1 WHEN 1 THEN SELECT 1 FROM t; END CASE", "other;; ?"},
    {"REPEAT SELECT 1 FROM t; UNTIL 1 END REPEAT", "other;; ?"},
    {"l: LOOP SELECT 1 FROM t; END LOOP", "other;; ?"},
};

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases)[0], (struct sql_mode){0})

static void reads_queries(void)
{
        CHECK(queries);
}

static void reads_changes(void)
{
        CHECK(changes);
}

static void reads_definitions(void)
{
        CHECK(definitions);
}

static void reads_heads(void)
{
        CHECK(heads);
}

static void reads_by_mode(void)
{
        const struct sql_mode ansi = {.ansi_quotes = true};
        const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};
        static const struct outline_case quoted[] = {{"SELECT * FROM \"a b\" WHERE 1", "select; a b; where"}};
        static const struct outline_case versions[] = {{"/*M! SELECT * FROM t */", "select; t;"},
                                                       {"/*!999999 SELECT * FROM t */", ";; x0"}};
        check(quoted, 1, ansi);
        check(versions, 2, mariadb);
}

static void is_bounded(void)
{
        static char text[200000];
        struct outline o;
        for (size_t i = 0; i < sizeof text - 1; i++) {
                text[i] = '(';
        }
        outline_read(span_str(text), (struct sql_mode){0}, false, &o);
        CU_ASSERT_EQUAL(o.statements, 1);
        size_t n = (size_t)snprintf(text, sizeof text, "SELECT 1 FROM t");
        for (unsigned i = 0; i < 100; i++) {
                n += (size_t)snprintf(text + n, sizeof text - n, ", t%u", i);
        }
        outline_read(span_of(text, n), (struct sql_mode){0}, false, &o);
        CU_ASSERT_EQUAL(o.n_tables, OUTLINE_TABLES_MAX);
        CU_ASSERT_TRUE(o.is_partial);
        n = (size_t)snprintf(text, sizeof text, "WITH w AS (SELECT 1 FROM t)");
        for (unsigned i = 0; i < 40; i++) {
                n += (size_t)snprintf(text + n, sizeof text - n, ", w%u AS (SELECT 1 FROM t)", i);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, " SELECT 1 FROM w");
        outline_read(span_of(text, n), (struct sql_mode){0}, false, &o);
        CU_ASSERT_EQUAL(o.n_tables, 1);
        CU_ASSERT_TRUE(o.is_partial);
        outline_read(span_str("SELECT 1 FROM t WHERE"), (struct sql_mode){0}, true, &o);
        CU_ASSERT_TRUE(o.is_partial);
}

static const struct tap_test tests[] = {
    {"queries", reads_queries},
    {"changes of rows", reads_changes},
    {"definitions and locks", reads_definitions},
    {"what stands before a verb, and several statements", reads_heads},
    {"quotes and versioned comments by the server's mode", reads_by_mode},
    {"its bounds", is_bounded},
};

int main(void)
{
        return TAP_RUN("outline", tests);
}
