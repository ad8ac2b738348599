/* Contracts, baselines and budgets: what passes, fails, or is inconclusive, and what the files look like. */
#include "run/findings.h"
#include "run/judge.h"
#include "suite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELECT "SELECT `a` FROM `t`"
#define INSERT "INSERT INTO `t` VALUES (?)"

static char folder[FOLDER_MAX];
static char contract_path[FOLDER_MAX + 16];
static char baseline_path[FOLDER_MAX + 16];
static char text[65536];

/** A run: what it sends, and the outcome. */
struct suite {
        struct tally_state *state;
        struct outcome o;
        struct judge judge;
        struct budgets budgets;
        enum contract_mode mode;
        bool with_baseline;
        bool prune;
        bool ok;
};

static void begin(struct suite *s)
{
        *s = (struct suite){.o = {.command = "tests"}};
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &s->state), STATUS_OK);
}

static void send_found(struct suite *s, const char *scope, const char *shape, unsigned times,
                       uint64_t findings)
{
        for (unsigned i = 0; i < times; i++) {
                struct record r = statement(scope, shape, findings);
                tally_see(s->state, &r);
        }
}

static void send_(struct suite *s, const char *scope, const char *shape, unsigned times)
{
        send_found(s, scope, shape, times, 0);
}

static void finish(struct suite *s)
{
        s->judge = (struct judge){.budgets = &s->budgets,
                                  .findings = 1U << FINDING_N_PLUS_ONE,
                                  .contract_path = s->with_baseline ? "" : contract_path,
                                  .baseline_path = s->with_baseline ? baseline_path : "",
                                  .mode = s->mode,
                                  .prune = s->prune};
        s->ok = judge_read(&s->judge) == STATUS_OK;
        s->o.tally = tally_finish(s->state);
        s->ok = s->ok && judge_run(&s->judge, &s->o);
}

static void end(struct suite *s)
{
        outcome_fini(&s->o);
        judge_fini(&s->judge);
        tally_free(s->state);
        budget_free(&s->budgets);
}

static uint64_t fails(const struct suite *s)
{
        return s->o.by_level[OUTCOME_FAIL];
}

static uint64_t doubts(const struct suite *s)
{
        return s->o.by_level[OUTCOME_INCONCLUSIVE];
}

/** The contract without its comment. */
static const char *file(const char *path)
{
        slurp_file(path, text, sizeof text);
        const char *newline = strchr(text, '\n');
        return *text == '#' && newline != NULL ? newline + 1 : text;
}

/** Write the contract of two scopes with SELECT @p a and @p b times. */
static void agree(enum contract_mode mode, unsigned a, unsigned b)
{
        struct suite s;
        begin(&s);
        s.mode = mode;
        send_(&s, "a", SELECT, a);
        send_(&s, "b", SELECT, b);
        send_(&s, "b", INSERT, 1);
        finish(&s);
        CU_ASSERT_TRUE(s.ok);
        CU_ASSERT_EQUAL(fails(&s), 0);
        end(&s);
}

/** Run the same again with other numbers. */
static void check(unsigned a, unsigned b, unsigned insert, uint64_t fail, uint64_t doubt)
{
        struct suite s;
        begin(&s);
        send_(&s, "a", SELECT, a);
        send_(&s, "b", SELECT, b);
        send_(&s, "b", INSERT, insert);
        finish(&s);
        CU_ASSERT_TRUE(s.ok);
        if (fails(&s) != fail || doubts(&s) != doubt) {
                printf("# %u %u %u: %" PRIu64 " fails, %" PRIu64 " doubts\n", a, b, insert, fails(&s),
                       doubts(&s));
                CU_FAIL("another verdict");
        }
        end(&s);
}

static void verdicts_on_shapes(void)
{
        agree(CONTRACT_UPDATE, 2, 3);
        CU_ASSERT_STRING_EQUAL(file(contract_path), "a\t2\t" SELECT "\nb\t1\t" INSERT "\nb\t3\t" SELECT "\n");
        check(2, 3, 1, 0, 0);
        check(3, 3, 1, 1, 0); /* more */
        check(1, 3, 1, 1, 0); /* less */
        check(2, 3, 0, 1, 0); /* not at all */
        check(3, 2, 1, 0, 2); /* the same together: the order of the tests */
        check(0, 3, 1, 0, 0); /* the scope did not run */
        check(2, 0, 1, 1, 0);
}

static void new_shapes_and_scopes(void)
{
        struct suite s;
        agree(CONTRACT_UPDATE, 2, 3);
        begin(&s);
        send_(&s, "a", SELECT, 2);
        send_(&s, "a", "DELETE FROM `t`", 1);
        send_(&s, "new", SELECT, 1);
        send_(&s, "new", INSERT, 1);
        send_(&s, "", SELECT, 7);              /* no scope: not compared */
        send_(&s, "a", "SET NAMES `utf8`", 1); /* what drivers send */
        send_(&s, "setup", "SELECT @@`version`", 1);
        finish(&s);
        CU_ASSERT_EQUAL(fails(&s), 2); /* a shape, and a scope */
        end(&s);
}

static void ranges_are_learnt(void)
{
        agree(CONTRACT_LEARN, 2, 3);
        agree(CONTRACT_LEARN, 4, 3);
        CU_ASSERT_STRING_EQUAL(file(contract_path),
                               "a\t2..4\t" SELECT "\nb\t1\t" INSERT "\nb\t3\t" SELECT "\n");
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "; runs: 2\n"));
        check(2, 3, 1, 0, 0);
        check(4, 3, 1, 0, 0);
        check(6, 3, 1, 0, 1);  /* it varies */
        check(10, 3, 1, 1, 0); /* not so much */
        check(3, 5, 1, 1, 0);
        struct suite s; /* a shape that is not sent each time */
        begin(&s);
        s.mode = CONTRACT_LEARN;
        send_(&s, "a", SELECT, 2);
        send_(&s, "a", INSERT, 1);
        finish(&s);
        end(&s);
        CU_ASSERT_STRING_EQUAL(file(contract_path), "a\t0..1\t" INSERT "\na\t2..4\t" SELECT "\nb\t1\t" INSERT
                                                    "\nb\t3\t" SELECT "\n");
}

static void doubtful_runs(void)
{
        struct suite s;
        agree(CONTRACT_UPDATE, 2, 3);
        for (int i = 0; i < 2; i++) {
                begin(&s);
                send_(&s, "a", SELECT, 9);
                if (i == 0) {
                        struct record gap;
                        record_clear(&gap);
                        gap.event = EVENT_GAP;
                        record_set_uint(&gap, FIELD_DROPPED, 1);
                        tally_see(s.state, &gap);
                } else {
                        s.o.signal = 2;
                }
                finish(&s);
                CU_ASSERT_EQUAL(fails(&s), 0);
                CU_ASSERT_EQUAL(doubts(&s), 1);
                end(&s);
        }
        begin(&s); /* a command that failed does not change the file */
        s.mode = CONTRACT_UPDATE;
        s.o.exit = 1;
        send_(&s, "a", SELECT, 9);
        finish(&s);
        end(&s);
        CU_ASSERT_PTR_NOT_NULL(strstr(file(contract_path), "a\t2\t"));
}

static void scopes_that_did_not_run(void)
{
        struct suite s;
        agree(CONTRACT_UPDATE, 2, 3);
        for (int i = 0; i < 2; i++) {
                begin(&s);
                s.mode = CONTRACT_UPDATE;
                s.prune = i == 1;
                send_(&s, "b", SELECT, 1);
                finish(&s);
                CU_ASSERT_EQUAL(s.judge.contract.not_run, 1);
                end(&s);
                CU_ASSERT_STRING_EQUAL(file(contract_path), i == 0 ? "a\t2\t" SELECT "\nb\t1\t" SELECT "\n"
                                                                   : "b\t1\t" SELECT "\n");
        }
}

static void any_name_is_read_again(void)
{
        static const char hostile[] = "#a\tb\\c\nd\x01\xff\x7f\xc2\x9b";
        struct suite s;
        for (int i = 0; i < 2; i++) {
                begin(&s);
                s.mode = i == 0 ? CONTRACT_UPDATE : CONTRACT_CHECK;
                s.prune = i == 0;
                send_(&s, hostile, SELECT, 1);
                send_(&s, "\xe6\x97\xa5", SELECT, 1);
                finish(&s);
                CU_ASSERT_TRUE(s.ok);
                CU_ASSERT_EQUAL(s.o.n, 0);
                end(&s);
        }
        CU_ASSERT_STRING_EQUAL(file(contract_path), "\\x23a\\tb\\\\c\\nd\\x01\\xff\\x7f\\xc2\\x9b\t1\t" SELECT
                                                    "\n\xe6\x97\xa5\t1\t" SELECT "\n");
}

static void wrong_files_are_refused(void)
{
        static const char *const wrong[] = {
            "a\t1\n",       "a\tx\ts\n",      "a\t1..0\ts\n",    "a\t1\ts\na\t2\ts\n",
            "a\\q\t1\ts\n", "<<<<<<< HEAD\n", "a\t1\ts\tmore\n", "a\t-1\ts\n"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct contract c;
                write_file(contract_path, wrong[i]);
                CU_ASSERT_EQUAL(contract_read(&c, contract_path, CONTRACT_CHECK), STATUS_INVALID);
                contract_free(&c);
        }
        struct contract c;
        (void)unlink(contract_path);
        CU_ASSERT_EQUAL(contract_read(&c, contract_path, CONTRACT_CHECK), STATUS_INVALID);
        contract_free(&c);
        CU_ASSERT_EQUAL(symlink("/dev/null", contract_path), 0);
        CU_ASSERT_EQUAL(contract_read(&c, contract_path, CONTRACT_UPDATE), STATUS_IO);
        contract_free(&c);
        CU_ASSERT_PTR_NULL(text_file_begin(contract_path));
        (void)unlink(contract_path);
}

static void known_findings_pass(void)
{
        enum { FOUND = 1 << FINDING_N_PLUS_ONE };
        struct suite s;
        for (int i = 0; i < 4; i++) {
                begin(&s);
                s.with_baseline = true;
                s.mode = i == 0 || i == 3 ? CONTRACT_UPDATE : CONTRACT_CHECK;
                send_found(&s, "a", SELECT, 3, i < 2 ? FOUND : 0);
                send_found(&s, "b", SELECT, 3, i < 3 ? FOUND : 0);
                send_found(&s, "b", INSERT, 3, i == 2 ? FOUND : 0);
                if (i == 0) {
                        send_found(&s, "", SELECT, 1, FOUND);
                }
                finish(&s);
                CU_ASSERT_TRUE(s.ok);
                CU_ASSERT_EQUAL(fails(&s), i == 2 ? 1 : 0);                  /* a new one */
                CU_ASSERT_EQUAL(s.o.by_level[OUTCOME_NOTE], i == 2 ? 1 : 0); /* one that is gone */
                end(&s);
                CU_ASSERT_STRING_EQUAL(file(baseline_path), i < 3 ? "\tn_plus_one\t" SELECT
                                                                    "\na\tn_plus_one\t" SELECT
                                                                    "\nb\tn_plus_one\t" SELECT "\n"
                                                                  : "\tn_plus_one\t" SELECT "\n");
        }
}

static void budgets_are_checked(void)
{
        static const struct {
                const char *scope; /* NULL: the whole run */
                const char *list;
                uint64_t fails;
        } cases[] = {
            {"*", "statements=4", 0},  {"*", "statements=3", 1},           {"a", "statements=0,writes=0", 1},
            {"*", "writes=0", 1},      {"*::x", "statements=0", 0},        {"?", "statements=0", 2},
            {NULL, "statements=6", 1}, {NULL, "statements=7", 0},          {"*", "n_plus_one=1", 1},
            {"*", "n_plus_one=2", 0},  {"*", "time_ms=0,statements=9", 0},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct suite s;
                (void)unlink(baseline_path);
                begin(&s);
                s.with_baseline = true;
                s.mode = CONTRACT_UPDATE; /* findings themselves pass */
                CU_ASSERT_EQUAL(budget_parse(&s.budgets, cases[i].scope, cases[i].list, "test"), STATUS_OK);
                send_found(&s, "a", SELECT, 2, 1U << FINDING_N_PLUS_ONE);
                send_(&s, "b", INSERT, 4);
                send_(&s, "", SELECT, 1); /* only in the whole run */
                finish(&s);
                if (fails(&s) != cases[i].fails) {
                        printf("# %s: %" PRIu64 "\n", cases[i].list, fails(&s));
                        CU_FAIL("another number of budgets");
                }
                end(&s);
        }
        struct budgets b = {.n = 0};
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "nosuch=1", "test"), STATUS_INVALID);
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "rows", "test"), STATUS_INVALID);
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "rows=-1", "test"), STATUS_INVALID);
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "rows=1x", "test"), STATUS_INVALID);
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "rows=1,", "test"), STATUS_INVALID);
        CU_ASSERT_EQUAL(budget_parse(&b, "*", "rows=99999999999999999999", "test"), STATUS_INVALID);
        budget_free(&b);
}

static void the_last_budget_counts(void)
{
        struct suite s;
        (void)unlink(contract_path);
        begin(&s);
        s.mode = CONTRACT_UPDATE;
        CU_ASSERT_EQUAL(budget_parse(&s.budgets, "*", "statements=1", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(budget_parse(&s.budgets, "slow\\*", "statements=5", "test"), STATUS_OK);
        send_(&s, "slow\\a", SELECT, 5);
        send_(&s, "fast", SELECT, 2);
        finish(&s);
        CU_ASSERT_EQUAL(fails(&s), 1);
        CU_ASSERT_TRUE(span_equal(s.o.items[0].scope, span_str("fast")));
        end(&s);
}

static const struct tap_test tests[] = {
    {"verdicts on shapes", verdicts_on_shapes},
    {"new shapes and scopes", new_shapes_and_scopes},
    {"doubtful runs", doubtful_runs},
    {"scopes that did not run", scopes_that_did_not_run},
    {"any name is read again", any_name_is_read_again},
    {"wrong files are refused", wrong_files_are_refused},
    {"ranges are learnt", ranges_are_learnt},
    {"known findings pass", known_findings_pass},
    {"budgets are checked", budgets_are_checked},
    {"the last budget counts", the_last_budget_counts},
};

int main(void)
{
        make_folder(folder);
        (void)snprintf(contract_path, sizeof contract_path, "%s/contract", folder);
        (void)snprintf(baseline_path, sizeof baseline_path, "%s/baseline", folder);
        int status = TAP_RUN("contract", tests);
        (void)unlink(contract_path);
        (void)unlink(baseline_path);
        (void)rmdir(folder);
        return status;
}
