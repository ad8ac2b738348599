/* The file .querytap.cfg: where it is found, and what it may say. */
#include "run/run_config.h"
#include "tap.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[256];

static const char *in(const char *path)
{
        static char out[512];
        (void)snprintf(out, sizeof out, "%s/%s", root, path);
        return out;
}

static void put(const char *path, const char *text)
{
        FILE *out = fopen(in(path), "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        (void)fputs(text, out);
        (void)fclose(out);
}

static bool finds(const char *from, const char *expected)
{
        char path[RUN_CONFIG_PATH];
        char folder[512];
        (void)snprintf(folder, sizeof folder, "%s", in(from));
        bool found = run_config_find(folder, path);
        return expected != NULL ? found && strcmp(path, in(expected)) == 0 : !found;
}

static void the_nearest_up_to_the_root_of_the_repository(void)
{
        (void)mkdir(in("outer"), 0700);
        (void)mkdir(in("outer/repo"), 0700);
        (void)mkdir(in("outer/repo/.git"), 0700);
        (void)mkdir(in("outer/repo/a"), 0700);
        (void)mkdir(in("outer/repo/a/b"), 0700);
        put("outer/" RUN_CONFIG_NAME, "");
        CU_ASSERT_TRUE(finds("outer/repo/a/b", NULL)); /* that of somebody else */
        CU_ASSERT_TRUE(finds("outer", "outer/" RUN_CONFIG_NAME));
        put("outer/repo/" RUN_CONFIG_NAME, "");
        CU_ASSERT_TRUE(finds("outer/repo/a/b", "outer/repo/" RUN_CONFIG_NAME));
        CU_ASSERT_TRUE(finds("outer/repo", "outer/repo/" RUN_CONFIG_NAME));
        put("outer/repo/a/" RUN_CONFIG_NAME, "");
        CU_ASSERT_TRUE(finds("outer/repo/a/b", "outer/repo/a/" RUN_CONFIG_NAME));
        (void)mkdir(in("outer/none"), 0700);
        CU_ASSERT_TRUE(finds("outer/none", NULL)); /* no repository: only the folder itself */
}

static enum status reads(struct run_config *c, const char *text)
{
        memset(c, 0, sizeof *c);
        put("cfg", text);
        return run_config_read(c, in("cfg"));
}

static void all_settings(void)
{
        struct run_config c;
        CU_ASSERT_EQUAL(
            reads(&c, "contract = \"tests/c\"; baseline = \"b\"; findings = \"all\"; scope_tag = \"t\";\n"
                      "allow_empty = true;\n"
                      "budgets = ( { statements = 50; n_plus_one = 0; }, { scope = \"a*\"; rows = 5L; } );\n"
                      "total = { errors = 1; };\n"),
            STATUS_OK);
        CU_ASSERT_STRING_EQUAL(c.contract, in("tests/c"));
        CU_ASSERT_STRING_EQUAL(c.baseline, in("b"));
        CU_ASSERT_STRING_EQUAL(c.findings, "all");
        CU_ASSERT_STRING_EQUAL(c.scope_tag, "t");
        CU_ASSERT_TRUE(c.allow_empty);
        CU_ASSERT_EQUAL_FATAL(c.budgets.n, 4);
        CU_ASSERT_STRING_EQUAL(c.budgets.at[0].scope, "*");
        CU_ASSERT_STRING_EQUAL(c.budgets.at[2].scope, "a*");
        CU_ASSERT_EQUAL(c.budgets.at[2].most, 5);
        CU_ASSERT_PTR_NULL(c.budgets.at[3].scope);
        budget_free(&c.budgets);
        CU_ASSERT_EQUAL(reads(&c, ""), STATUS_OK);
}

static void what_is_not_allowed(void)
{
        static const char *const wrong[] = {
            "log = { file = \"/tmp/x\"; };",
            "logs = ( );",
            "remote = \"evil:3306\";",
            "admin = \"0.0.0.0:1\";",
            "log.rotate_hook = \"/bin/sh\";",
            "contract = \"/etc/passwd\";",
            "contract = \"../x\";",
            "contract = \"a/../../x\";",
            "baseline = \"..\";",
            "contract = \"link/x\";",
            "contract = 7;",
            "contract = \"\";",
            "nosuch = 1;",
            "allow_empty = 1;",
            "budgets = { statements = 1; };",
            "budgets = ( 1 );",
            "budgets = ( { statements = \"1\"; } );",
            "budgets = ( { statements = -1; } );",
            "budgets = ( { nosuch = 1; } );",
            "budgets = ( { scope = 1; statements = 1; } );",
            "total = ( );",
            "total = { scope = \"a\"; };",
            "@include \"/etc/passwd\"\n",
            "  @include \"x\"\n",
            "contract = ",
        };
        CU_ASSERT_EQUAL(symlink("/tmp", in("link")), 0);
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct run_config c;
                if (reads(&c, wrong[i]) != STATUS_INVALID) {
                        printf("# %s\n", wrong[i]);
                        CU_FAIL("it is allowed");
                }
                budget_free(&c.budgets);
        }
        struct run_config c;
        memset(&c, 0, sizeof c);
        CU_ASSERT_EQUAL(run_config_read(&c, in("nosuch")), STATUS_IO);
        CU_ASSERT_EQUAL(run_config_read(&c, root), STATUS_IO);
}

static int destroy(const char *path, const struct stat *info, int type, struct FTW *where)
{
        (void)info;
        (void)type;
        (void)where;
        return remove(path);
}

static const struct tap_test tests[] = {
    {"the nearest up to the root of the repository", the_nearest_up_to_the_root_of_the_repository},
    {"all settings", all_settings},
    {"what is not allowed", what_is_not_allowed},
};

int main(void)
{
        const char *base = getenv("TMPDIR");
        (void)snprintf(root, sizeof root, "%s/querytap-config-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(root) == NULL) {
                return 1;
        }
        int status = TAP_RUN("run config", tests);
        (void)nftw(root, destroy, 8, FTW_DEPTH | FTW_PHYS);
        return status;
}
