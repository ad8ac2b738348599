/* What texts assign to a user variable, here @scope. */
#include "mysql/sql/user_variable.h"
#include "tap.h"

#include <stdio.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

/** What the first @p statements of @p sql do: "." keeps, "=value" sets, "=?n" sets to parameter n, "-" clears, "?" is unknown. */
static const char *effect_of(const char *sql, struct sql_mode mode, uint64_t statements)
{
        static char out[USER_VARIABLE_MAX + 32];
        struct user_variable_change change;
        const struct user_variable_options options = {span_str("scope"), mode, statements};
        user_variable_read(span_str(sql), &options, &change);
        switch (change.effect) {
        case USER_VARIABLE_KEEPS: return ".";
        case USER_VARIABLE_CLEARS: return "-";
        case USER_VARIABLE_UNKNOWN: return "?";
        case USER_VARIABLE_SETS: break;
        }
        if (change.parameter > 0) {
                (void)snprintf(out, sizeof out, "=?%zu", change.parameter);
        } else {
                (void)snprintf(out, sizeof out, "=%.*s%s", (int)change.len, (const char *)change.text,
                               change.is_cut ? " (cut)" : "");
        }
        return out;
}

struct row {
        const char *sql;
        const char *effect;
};

static void expect(const struct row *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *got = effect_of(rows[i].sql, mariadb, UINT64_MAX);
                if (strcmp(got, rows[i].effect) != 0) {
                        printf("# %s: %s, not %s\n", rows[i].sql, got, rows[i].effect);
                        CU_FAIL("another effect");
                }
        }
}

#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof(rows)[0])

static void forms_of_set(void)
{
        static const struct row rows[] = {
            {"SET @scope = 'a'", "=a"},
            {"set @SCOPE='a';", "=a"},
            {"SET @scope := 'a'", "=a"},
            {"SET @`scope` = 'a'", "=a"},
            {"SET @'scope' = 'a'", "=a"},
            {"SET @\"scope\" = 'a'", "=a"},
            {" /* x */ SET -- y\n @scope /* z */ = # u\n 'a'", "=a"},
            {"/*!50000 SET @scope = 'a' */", "=a"},
            {"/*!99999 SET @scope = 'a' */", "."},
            {"SET NAMES utf8mb4, @scope = 'a'", "=a"},
            {"SET @x = 1, @scope = 'a', @y = 'b'", "=a"},
            {"SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI'), @scope = 'a'", "=a"},
            {"SET @x = (SELECT 1, 2), @scope = 'a'", "=a"},
            {"SET @scope = 'a', @scope = 'b'", "=b"},
            {"SET @scope = 'a', @scope = NULL", "-"},
            {"SET @scope = NULL", "-"},
            {"SET @scope = null, @x = 1", "-"},
            {"SET @scopes = 'a'", "."},
            {"SET @@scope = 'a'", "."},
            {"SET scope = 'a'", "."},
            {"SET @scope.x = 'a'", "."},
            {"SET @x = '@scope = 1'", "."},
            {"SET @x = @scope", "."},
            {"SELECT @scope", "."},
            {"SELECT '@scope := 1'", "."},
            {"", "."},
            {"SET", "."},
            {"SET @scope", "."},
        };
        EXPECT(rows);
}

static void values(void)
{
        static const struct row rows[] = {
            {"SET @scope = \"a\"", "=a"},
            {"SET @scope = 'it''s'", "=it's"},
            {"SET @scope = 'it\\'s \\n\\%'", "=it's \n\\%"},
            {"SET @scope = 'a\\b\\r\\t\\Z\\x'", "=a\b\r\t\x1ax"},
            {"SET @scope = 'a\\0b'", "=a"}, /* a NUL, which ends what is compared here */
            {"SET @scope = 'a' 'b'", "=ab"},
            {"SET @scope = N'a'", "=a"},
            {"SET @scope = _utf8mb4'a'", "=a"},
            {"SET @scope = ''", "="},
            {"SET @scope = 17", "=17"},
            {"SET @scope = -17", "=-17"},
            {"SET @scope = TRUE", "=1"},
            {"SET @scope = 1e3", "?"},
            {"SET @scope = 017", "?"},
            {"SET @scope = 0x41", "?"},
            {"SET @scope = 1 + 1", "?"},
            {"SET @scope = UUID()", "?"},
            {"SET @scope = 'a' COLLATE utf8mb4_bin", "?"},
            {"SET @scope = @x", "?"},
            {"SET @scope = ?", "=?1"},
            {"SET @x = ?, @scope = ?, @y = ?", "=?2"},
            {"SET @scope = -?", "?"},
            {"SET @scope = 'open", "=ope"},
        };
        EXPECT(rows);
        CU_ASSERT_STRING_EQUAL(
            effect_of("SET @scope = 'a\\b'", (struct sql_mode){.no_backslash_escapes = true}, UINT64_MAX),
            "=a\\b");
        char sql[1000] = "SET @scope = '";
        memset(sql + 14, 'x', 400);
        memcpy(sql + 414, "'", 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(effect_of(sql, mariadb, UINT64_MAX), "xxx (cut)"));
}

static void other_ways(void)
{
        static const struct row rows[] = {
            {"SELECT @scope := 'a'", "?"},
            {"SELECT 'a' INTO @scope", "?"},
            {"SELECT 'a', 'b' INTO @x, @scope", "?"},
            {"SET @x = (@scope := 'a')", "?"},
            {"CALL p(@scope)", "?"},
            {"EXECUTE s USING @scope", "?"},
            {"SET STATEMENT max_statement_time = 1 FOR SET @scope = 'a'", "?"},
            {"BEGIN NOT ATOMIC IF 0 THEN SET @scope = 'a'; END IF; END", "?"},
            {"IF 0 THEN SET @x = 1; SET @scope = 'a'; END IF", "?"},
            {"BEGIN; SET @scope = 'a'", "=a"},
            {"BEGIN NOT ATOMIC SELECT 1; END", "."},
        };
        EXPECT(rows);
}

static void several_statements(void)
{
        static const struct row rows[] = {
            {"SET @scope = 'a'; SELECT 1", "=a"},
            {"SELECT ';'; SET @x = 2; SET @scope = 'b';", "=b"},
            {"SET @scope = 'a'; SET @scope = 'b'", "=b"},
        };
        static const char sql[] = "SET @scope = 'a'; SELECT 1; SET @scope = 'b'; SELECT x";
        EXPECT(rows);
        CU_ASSERT_STRING_EQUAL(effect_of(sql, mariadb, 0), ".");
        CU_ASSERT_STRING_EQUAL(effect_of(sql, mariadb, 1), "=a");
        CU_ASSERT_STRING_EQUAL(effect_of(sql, mariadb, 2), "=a");
        CU_ASSERT_STRING_EQUAL(effect_of(sql, mariadb, 3), "=b");
}

static const struct tap_test tests[] = {
    {"forms of SET", forms_of_set},
    {"values", values},
    {"other ways to set it", other_ways},
    {"several statements", several_statements},
};

int main(void)
{
        return TAP_RUN("user variable", tests);
}
