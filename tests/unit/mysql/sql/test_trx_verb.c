#include "mysql/sql/trx_verb.h"
#include "tap.h"

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

static const struct {
        const char *sql;
        enum trx_verb first;
        enum trx_verb last;
} cases[] = {
    {"", TRX_NONE, TRX_NONE},
    {";", TRX_NONE, TRX_NONE},
    {"SELECT 1", TRX_NONE, TRX_NONE},
    {"(SELECT 1)", TRX_NONE, TRX_NONE},
    {"update t set a = 1", TRX_NONE, TRX_NONE},
    {"SAVEPOINT a", TRX_NONE, TRX_NONE},
    {"RELEASE SAVEPOINT a", TRX_NONE, TRX_NONE},
    {"BEGIN", TRX_BEGIN, TRX_BEGIN},
    {"begin work", TRX_BEGIN, TRX_BEGIN},
    {"START TRANSACTION READ ONLY", TRX_BEGIN, TRX_BEGIN},
    {"START SLAVE", TRX_IMPLICIT, TRX_IMPLICIT},
    {"XA START 'x'", TRX_BEGIN, TRX_BEGIN},
    {"XA BEGIN 'x'", TRX_BEGIN, TRX_BEGIN},
    {"XA END 'x'", TRX_NONE, TRX_NONE},
    {"XA PREPARE 'x'", TRX_XA_PREPARE, TRX_XA_PREPARE},
    {"xa commit 'x' one phase", TRX_XA_COMMIT, TRX_XA_COMMIT},
    {"XA ROLLBACK 'x'", TRX_XA_ROLLBACK, TRX_XA_ROLLBACK},
    {"COMMIT", TRX_COMMIT, TRX_COMMIT},
    {"commit work and chain", TRX_COMMIT, TRX_COMMIT},
    {" /* a */ COMMIT RELEASE", TRX_COMMIT, TRX_COMMIT},
    {"-- a\nCOMMIT", TRX_COMMIT, TRX_COMMIT},
    {"#a\nCOMMIT", TRX_COMMIT, TRX_COMMIT},
    {"/*!40100 COMMIT */", TRX_COMMIT, TRX_COMMIT},
    {"/*!40100 COMMIT", TRX_COMMIT, TRX_COMMIT},
    {"ROLLBACK", TRX_ROLLBACK, TRX_ROLLBACK},
    {"ROLLBACK AND CHAIN", TRX_ROLLBACK, TRX_ROLLBACK},
    {"ROLLBACK TO a", TRX_NONE, TRX_NONE},
    {"ROLLBACK WORK TO SAVEPOINT a", TRX_NONE, TRX_NONE},
    {"CREATE TABLE t (a INT)", TRX_IMPLICIT, TRX_IMPLICIT},
    {"LOCK TABLES t READ", TRX_IMPLICIT, TRX_IMPLICIT},
    {"UNLOCK TABLES", TRX_IMPLICIT, TRX_IMPLICIT},
    {"SET autocommit = 1", TRX_IMPLICIT, TRX_IMPLICIT},
    {"SET STATEMENT max_statement_time = 1 FOR SELECT 1", TRX_NONE, TRX_NONE},
    {"SET STATEMENT max_statement_time = 1 FOR COMMIT", TRX_COMMIT, TRX_COMMIT},
    {"SET STATEMENT a = 1", TRX_IMPLICIT, TRX_IMPLICIT},
    {"CALL p()", TRX_HIDDEN, TRX_HIDDEN},
    {"EXECUTE s", TRX_HIDDEN, TRX_HIDDEN},
    {"EXECUTE IMMEDIATE 'COMMIT'", TRX_HIDDEN, TRX_HIDDEN},
    {"BEGIN NOT ATOMIC COMMIT; END", TRX_HIDDEN, TRX_HIDDEN},
    {"l: BEGIN NOT ATOMIC COMMIT; END", TRX_HIDDEN, TRX_HIDDEN},
    {"<<l>> BEGIN COMMIT; END", TRX_HIDDEN, TRX_HIDDEN},
    {"IF 1 THEN COMMIT; END IF", TRX_HIDDEN, TRX_HIDDEN},
    {"SELECT 'COMMIT;'", TRX_NONE, TRX_NONE},
    {"SELECT 1 /* ; COMMIT */", TRX_NONE, TRX_NONE},
    {"SELECT 1; COMMIT", TRX_NONE, TRX_COMMIT},
    {"COMMIT; SELECT 1", TRX_COMMIT, TRX_COMMIT},
    {"COMMIT; BEGIN; UPDATE t SET a = 1;", TRX_COMMIT, TRX_BEGIN},
    {"BEGIN; CALL p(); ROLLBACK", TRX_BEGIN, TRX_ROLLBACK},
    {"SELECT 1; ROLLBACK TO a; ", TRX_NONE, TRX_NONE},
    {";;COMMIT;;", TRX_NONE, TRX_COMMIT},
};

static void verbs(void)
{
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct span sql = span_str(cases[i].sql);
                enum trx_verb first = trx_verb_of(sql, mariadb);
                enum trx_verb last = trx_verb_of_last(sql, mariadb);
                if (first != cases[i].first || last != cases[i].last) {
                        printf("# %s: %d, %d\n", cases[i].sql, (int)first, (int)last);
                }
                CU_ASSERT_EQUAL(first, cases[i].first);
                CU_ASSERT_EQUAL(last, cases[i].last);
        }
}

static const struct tap_test tests[] = {
    {"the verb of a statement, and the last of several", verbs},
};

int main(void)
{
        return TAP_RUN("trx_verb", tests);
}
