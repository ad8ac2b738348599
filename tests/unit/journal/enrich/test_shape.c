/* What a digest's text shows about its statements. */
#include "journal/enrich/shape.h"
#include "mysql/sql/digest.h"
#include "tap.h"

#include <string.h>

static struct shape shape_from(const char *sql)
{
        static struct digest digest;
        digest_make(span_str(sql), (struct sql_mode){0}, &digest);
        return shape_of(span_of(digest.text, digest.len), digest.is_cut);
}

static bool reads(const char *sql, const char *database)
{
        struct shape shape = shape_from(sql);
        return shape_reads_base_table(&shape, span_str(database));
}

static void base_tables(void)
{
        static const char *const some[] = {
            "SELECT * FROM t WHERE a = 1",
            "(SELECT * FROM t) UNION (SELECT 1)",
            "WITH x AS (SELECT * FROM t) SELECT * FROM x",
            "SELECT 1 FROM information_schema.tables i, t",
            "SELECT 1 FROM information_schema.tables i JOIN (t) ON t.a = i.table_name",
            "SELECT (SELECT MAX(a) FROM shop.t)",
            "SELECT * FROM (SELECT * FROM `events`) e",
            "SELECT 1 FROM (information_schema.tables i, t)",
            "UPDATE t SET a = 1",
            "UPDATE LOW_PRIORITY t SET a = 1",
            "DELETE FROM t WHERE a = 1",
            "SET @a = (SELECT MAX(a) FROM t)",
            "CALL p()",
            "EXECUTE s",
            "EXPLAIN ANALYZE SELECT * FROM t",
            "INSERT INTO u SELECT * FROM t",
            "TABLE t",
        };
        static const char *const none[] = {
            "SELECT 1",
            "SELECT 1 FROM DUAL",
            "SHOW TABLES",
            "SHOW FULL COLUMNS FROM t FROM shop",
            "show variables like 'a%'",
            "DESCRIBE t",
            "DESC t",
            "EXPLAIN SELECT * FROM t",
            "SELECT * FROM information_schema.tables WHERE table_schema = 'shop'",
            "SELECT * FROM INFORMATION_SCHEMA.`COLUMNS` c JOIN `performance_schema`.threads t",
            "select user from mysql.user",
            "SELECT * FROM sys.version",
            "SELECT * FROM (SELECT 1 a UNION ALL SELECT 2) t",
            "SELECT EXTRACT(YEAR FROM d), TRIM(LEADING 'x' FROM b) FROM (SELECT NOW() d, 'x' b) z",
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT * FROM n",
            "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM a, b",
            "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) j",
            "INSERT INTO t SELECT table_name FROM information_schema.tables",
            "INSERT t VALUES (1)",
            "SELECT * FROM information_schema.tables FOR UPDATE",
        };
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                bool ok = reads(some[i], "shop");
                CU_ASSERT_TRUE(ok);
                if (!ok) {
                        printf("# %s\n", some[i]);
                }
        }
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                bool ok = !reads(none[i], "shop");
                CU_ASSERT_TRUE(ok);
                if (!ok) {
                        printf("# %s\n", none[i]);
                }
        }
        CU_ASSERT_FALSE(reads("SELECT * FROM tables", "information_schema"));
        CU_ASSERT_FALSE(reads("SELECT * FROM user", "MySQL"));
        CU_ASSERT_TRUE(reads("SELECT * FROM shop.t", "information_schema"));
}

static void kinds(void)
{
        CU_ASSERT_EQUAL(shape_from("SELECT 1").kind, SHAPE_QUERY);
        CU_ASSERT_EQUAL(shape_from("((SELECT 1))").kind, SHAPE_QUERY);
        CU_ASSERT_EQUAL(shape_from("WITH a AS (SELECT 1) SELECT * FROM a FOR UPDATE").kind, SHAPE_QUERY);
        CU_ASSERT_EQUAL(shape_from("WITH a AS (SELECT 1) UPDATE t, a SET b = 1").kind, SHAPE_WRITE);
        CU_ASSERT_EQUAL(shape_from("REPLACE t VALUES (1)").kind, SHAPE_WRITE);
        CU_ASSERT_EQUAL(shape_from("SHOW TABLES").kind, SHAPE_SHOW);
        CU_ASSERT_EQUAL(shape_from("COMMIT").kind, SHAPE_OTHER);
        CU_ASSERT_EQUAL(shape_from("").kind, SHAPE_OTHER);
        CU_ASSERT_TRUE(shape_from("SELECT 1; DROP TABLE t").is_opaque);
        CU_ASSERT_TRUE(shape_from("CALL p()").is_opaque);
        CU_ASSERT_FALSE(shape_from("SET @a = 1").is_opaque);
}

static void tables(void)
{
        uint64_t t = shape_from("SELECT * FROM t").tables;
        CU_ASSERT_TRUE(t != 0);
        static const char *const same[] = {"INSERT INTO t VALUES (1)",    "INSERT IGNORE t (a) VALUES (1)",
                                           "REPLACE INTO `T` VALUES (1)", "UPDATE t SET a = 1",
                                           "DELETE FROM shop.t",          "DELETE t FROM t WHERE t.a = 1"};
        for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
                CU_ASSERT_EQUAL(shape_from(same[i]).tables, t);
        }
        CU_ASSERT_EQUAL(shape_from("SELECT 1").tables, 0);
        uint64_t both = shape_from("SELECT * FROM a, t WHERE x IN (1, 2)").tables;
        CU_ASSERT_EQUAL(both, t | shape_from("TABLE a").tables);
        CU_ASSERT_EQUAL(shape_from("SELECT * FROM t USE INDEX (a, b)").tables, t);
}

/** Parentheses without end, and any text that is not SQL. */
static void bad_texts(void)
{
        static char deep[4000];
        memset(deep, '(', sizeof deep - 1);
        CU_ASSERT_TRUE(shape_of(span_str(deep), false).is_opaque);
        memset(deep, ')', sizeof deep - 1);
        CU_ASSERT_EQUAL(shape_of(span_str(deep), false).tables, 0);
        static const char *const texts[] = {"FROM",   "SELECT FROM", "SELECT * FROM `",
                                            "UPDATE", "AS (",        "FROM . . ,"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                (void)shape_of(span_str(texts[i]), true);
        }
}

static const struct tap_test tests[] = {
    {"base tables", base_tables},
    {"kinds", kinds},
    {"tables", tables},
    {"bad texts", bad_texts},
};

int main(void)
{
        return TAP_RUN("shape", tests);
}
