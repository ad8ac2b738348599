/* Which database is the default one after texts that change it, where the server does not report it. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct script s;

/** What the database is: its name, NULL for none, or UNKNOWN. */
static const char UNKNOWN[] = "?";
/** The name with which sessions begin, as records show it. */
static const char BEGIN[] = "d\xc3\xa9";

enum { LATIN1 = 8, SJIS = 13 }; /* collations */
enum { CUT_BYTES = 70000 };     /* a text of which not all is kept if limits.query_bytes is small */

static void query(struct span text)
{
        static uint8_t room[CUT_BYTES + 1];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\x03');
        writer_put(&w, text);
        script_send(&s, writer_span(&w));
}

static void answer_more(void)
{
        script_answer(&s, SPAN("\0\0\0\x0a\0\0\0"));
}

static void answer_error(void)
{
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
}

/** Answer with one result for each character of @p replies: "." = OK, "!" = ERR. All but the last say that more follow. */
static void answer(const char *replies)
{
        for (; *replies != '\0'; replies++) {
                if (*replies == '!') {
                        answer_error();
                } else if (replies[1] != '\0') {
                        answer_more();
                } else {
                        script_answer_ok(&s);
                }
        }
}

/** Does the record of a statement that comes now have @p database? */
static bool is_now(const char *database, struct tape_options options)
{
        char part[64];
        query(SPAN("SELECT 'now'"));
        script_answer_ok(&s);
        char *records = script_replay(&s, options);
        const char *at = NULL;
        for (const char *next = records; (next = strstr(next, "\"query\":\"SELECT 'now'\"")) != NULL;
             next++) {
                at = next;
        }
        if (at == NULL || strstr(records, "opaque") != NULL) {
                free(records);
                return false;
        }
        while (at > records && at[-1] != '\n') {
                at--;
        }
        char *end = strchr(at, '\n');
        *end = '\0';
        bool is_unknown = strstr(at, "\"database_unknown\":true") != NULL;
        bool is_right = is_unknown == (database == UNKNOWN);
        if (database == NULL || is_unknown) {
                is_right = is_right && strstr(at, "\"database\"") == NULL;
        } else {
                (void)snprintf(part, sizeof part, "\"database\":\"%s\"", database);
                is_right = is_right && strstr(at, part) != NULL;
        }
        if (!is_right) {
                printf("# wanted %s: %s\n", database != NULL ? database : "none", at);
        }
        free(records);
        return is_right;
}

struct text_case {
        struct span text;
        const char *replies;
        const char *database;
        uint8_t collation;
        uint64_t capabilities;
};

static void check(const struct text_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                script_open(&s, CAP_MULTI_STATEMENTS | cases[i].capabilities,
                            cases[i].collation != 0 ? cases[i].collation : LATIN1);
                query(cases[i].text);
                answer(cases[i].replies);
                bool is_right = is_now(cases[i].database, (struct tape_options){.rows = 0});
                if (!is_right) {
                        printf("# after %.*s\n", (int)cases[i].text.len, (const char *)cases[i].text.data);
                }
                CU_ASSERT_TRUE(is_right);
        }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases)[0])

static void used_and_dropped(void)
{
        const struct text_case cases[] = {
            {SPAN("USE shop"), ".", "shop", 0, 0},
            {SPAN("USE shop"), "!", BEGIN, 0, 0},
            {SPAN("USE 1"), ".", UNKNOWN, 0, 0},
            {SPAN("DROP DATABASE shop"), "!", BEGIN, 0, 0},
            {SPAN("USE shop; DROP DATABASE shop"), "..", NULL, 0, 0},
            {SPAN("USE shop; DROP DATABASE other"), "..", "shop", 0, 0},
            {SPAN("USE shop; DROP DATABASE shops"), "..", "shop", 0, 0},
            /* is it the same one? That depends on how the server compares names */
            {SPAN("USE shop; DROP DATABASE SHOP"), "..", UNKNOWN, 0, 0},
            {SPAN("USE shop; DROP DATABASE ``"), "..", UNKNOWN, 0, 0},
            {SPAN("USE shop; DROP DATABASE `sh\xf6p`"), "..", UNKNOWN, 0, 0},
            {SPAN("DROP DATABASE x"), ".", UNKNOWN, 0, 0},
            {SPAN("DROP DATABASE `d\xe9`"), ".", NULL, 0, 0},
            /* where there is none, or it is unknown, none is dropped */
            {SPAN("DROP DATABASE `d\xe9`; DROP DATABASE x; DROP DATABASE `d\xe9`"), "...", NULL, 0, 0},
            {SPAN("CALL p(); DROP DATABASE x"), "..", UNKNOWN, 0, 0},
            {SPAN("CALL p(); USE x"), "..", "x", 0, 0},
        };
        CHECK(cases);
}

/** A statement of the text changes how the server reads those behind it. */
static void modes_within_a_text(void)
{
        const struct text_case cases[] = {
            {SPAN("SET sql_mode = ANSI; USE \"shop\""), "..", "shop", 0, 0},
            {SPAN("SET sql_mode = ANSI_QUOTES; SELECT 1 AS \"\\\"; USE shop -- \""), "...", "shop", 0, 0},
            {SPAN("SET sql_mode = ANSI; DO \"a\\\"; USE \"shop\"; DO \"a\\\""), "....", "shop", 0, 0},
            {SPAN("SET sql_mode = ''; SELECT \"\\\"; USE shop; \""), "..", BEGIN, 0, 0},
            {SPAN("SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\'; USE shop; SELECT '\\'"), "....",
             "shop", 0, 0},
            {SPAN("SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\'; USE shop; SELECT '\\'"), "..!", BEGIN,
             0, 0},
            {SPAN("SET sql_mode = CONCAT(@@sql_mode, ',ANSI'); SELECT \"\\\"; DROP DATABASE `d\xe9` -- \""),
             "...", NULL, 0, 0},
        };
        CHECK(cases);
}

/** The database was dropped or is unknown since an earlier command. */
static void dropped_before(void)
{
        script_open(&s, 0, LATIN1);
        query(SPAN("DROP DATABASE `d\xe9`"));
        script_answer_ok(&s);
        query(SPAN("DROP DATABASE `d\xe9`"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(is_now(NULL, (struct tape_options){.rows = 0}));
        script_open(&s, 0, LATIN1);
        query(SPAN("CALL p()"));
        script_answer_ok(&s);
        query(SPAN("DROP DATABASE x"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(is_now(UNKNOWN, (struct tape_options){.rows = 0}));
        /* the name is in one character set, and the statement in another */
        script_open(&s, 0, LATIN1);
        query(SPAN("SET NAMES cp1251"));
        script_answer_ok(&s);
        query(SPAN("DROP DATABASE `d\xe9`"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(is_now(UNKNOWN, (struct tape_options){.rows = 0}));
        script_open(&s, 0, LATIN1);
        query(SPAN("USE d"));
        script_answer_ok(&s);
        query(SPAN("SET NAMES cp1251"));
        script_answer_ok(&s);
        query(SPAN("DROP DATABASE d"));
        script_answer_ok(&s);
        CU_ASSERT_TRUE(is_now(NULL, (struct tape_options){.rows = 0}));
}

/** Statements behind one that failed were not executed. How many results a statement has is not always known. */
static void several_and_one_fails(void)
{
        const struct text_case cases[] = {
            {SPAN("USE a; USE b; USE c"), "..!", "b", 0, 0},
            {SPAN("USE a; USE b; USE c"), ".!", "a", 0, 0},
            {SPAN("USE a; USE b; USE c"), "!", BEGIN, 0, 0},
            {SPAN("SELECT 1; CALL p(); USE c"), ".!", UNKNOWN, 0, 0},
            {SPAN("SET STATEMENT a=1 FOR SELECT 1; SELECT 2; USE b; SELECT 3"), "...!", UNKNOWN, 0, 0},
            {SPAN("SET STATEMENT a=1 FOR SELECT 1; SELECT 2; SELECT 3"), "..!", BEGIN, 0, 0},
            {SPAN("SET STATEMENT a=1 FOR SELECT 1; USE b; SELECT 2"), "...", "b", 0, 0},
        };
        CHECK(cases);
}

/** Characters of some sets contain bytes that look like quotes and backslashes. */
static void ambiguous_characters(void)
{
        const struct text_case cases[] = {
            {SPAN("USE `\x83\x5c`"), ".", UNKNOWN, SJIS, 0},
            {SPAN("USE shop"), ".", "shop", SJIS, 0},
            {SPAN("USE shop; SELECT 1"), "..", "shop", SJIS, 0},
            {SPAN("SELECT '\x83\x5c'; USE shop"), "..", UNKNOWN, SJIS, 0},
            {SPAN("SELECT '\x83\x41'; USE shop"), "..", "shop", SJIS, 0},
            {SPAN("SELECT '\x83\x41'; SELECT 1"), "..", "d\xef\xbf\xbd", SJIS, 0},
            {SPAN("SELECT '\xe9'; USE shop"), "..", "shop", LATIN1, 0},
        };
        CHECK(cases);
}

/** Where sessions are tracked, the server reports a change, but that of a statement that fails only later. */
static void tracked(void)
{
        const struct text_case cases[] = {
            {SPAN("CALL p()"), ".", BEGIN, 0, CAP_SESSION_TRACK},
            {SPAN("CALL p()"), "!", UNKNOWN, 0, CAP_SESSION_TRACK},
            {SPAN("CALL p()"), "!", UNKNOWN, 0, 0},
            {SPAN("CALL p()"), ".", UNKNOWN, 0, 0},
        };
        CHECK(cases);
}

/** A text of which only the beginning is kept. */
static void cut_texts(void)
{
        static const struct {
                const char *begin;
                const char *replies;
                const char *database;
        } cases[] = {
            {"SELECT 1, '", ".", BEGIN},
            {"USE shop -- ", ".", UNKNOWN},
            {"BEGIN NOT ATOMIC SELECT 1; -- ", ".", UNKNOWN}, /* what else does it execute? */
            {"/* ", ".", UNKNOWN},                            /* in front of any statement */
            {"SELECT 1; -- ", "..", UNKNOWN},
            {"SELECT 1; -- ", ".!", UNKNOWN},
            {"SELECT 1, '", "!", BEGIN},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                static char text[CUT_BYTES];
                (void)memset(text, 'x', sizeof text);
                (void)memcpy(text, cases[i].begin, strlen(cases[i].begin));
                script_open(&s, CAP_MULTI_STATEMENTS, LATIN1);
                query(span_of(text, sizeof text));
                answer(cases[i].replies);
                CU_ASSERT_TRUE(is_now(cases[i].database, (struct tape_options){.query_bytes = 64}));
        }
}

static void execute(void)
{
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
}

static void prepared(void)
{
        script_open(&s, 0, LATIN1);
        script_prepare(&s, 1, "DROP DATABASE shop", 0);
        query(SPAN("USE shop"));
        script_answer_ok(&s);
        execute();
        CU_ASSERT_TRUE(is_now(NULL, (struct tape_options){.rows = 0}));
        query(SPAN("USE shops"));
        script_answer_ok(&s);
        execute();
        CU_ASSERT_TRUE(is_now("shops", (struct tape_options){.rows = 0}));
        /* text of which only the beginning was kept */
        static const char *const texts[] = {"USE shop -- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                                            "/* xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx */ SELECT 1",
                                            "SET STATEMENT a=1 FOR SELECT 'xxxxxxxxxxxxxxxxxxxxxx'",
                                            "SELECT 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                script_open(&s, 0, LATIN1);
                script_prepare(&s, 1, texts[i], 0);
                execute();
                CU_ASSERT_TRUE(is_now(i < 3 ? UNKNOWN : BEGIN, (struct tape_options){.query_bytes = 32}));
        }
        /* a statement that is not known, or none */
        script_open(&s, 0, LATIN1);
        execute();
        CU_ASSERT_TRUE(is_now(BEGIN, (struct tape_options){.rows = 0}));
}

/** The text is read again where quotes mean something else: there it executes a string, here it has an odd name. */
static void prepared_in_another_mode(void)
{
        script_open(&s, CAP_SESSION_TRACK, LATIN1);
        script_prepare(&s, 1, "EXECUTE IMMEDIATE 'SELECT \\'1'", 0);
        execute();
        CU_ASSERT_TRUE(is_now(BEGIN, (struct tape_options){.rows = 0}));
}

/** A statement that is not seen may set the character set. */
static void character_set(void)
{
        static const char *const texts[] = {"EXECUTE s", "EXECUTE IMMEDIATE 'SET NAMES latin2'",
                                            "EXECUTE IMMEDIATE 'SET character_set_client = latin2'"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                for (int is_tracked = 0; is_tracked < 2; is_tracked++) {
                        script_open(&s, is_tracked ? CAP_SESSION_TRACK : 0, LATIN1);
                        query(span_str(texts[i]));
                        script_answer_ok(&s);
                        query(SPAN("SELECT 1"));
                        script_answer_ok(&s);
                        char *records = script_play(&s, 0);
                        const char *last = strstr(records, "\"query\":\"SELECT 1\"");
                        CU_ASSERT_PTR_NOT_NULL_FATAL(last);
                        while (last > records && last[-1] != '\n') {
                                last--;
                        }
                        bool is_latin1 = strstr(last, "\"character_set\":\"latin1\"") != NULL;
                        CU_ASSERT_EQUAL(is_latin1, is_tracked);
                        free(records);
                }
        }
}

static const struct tap_test tests[] = {
    {"modes within a text", modes_within_a_text},
    {"used and dropped", used_and_dropped},
    {"dropped before", dropped_before},
    {"several statements of which one fails", several_and_one_fails},
    {"characters that hide quotes", ambiguous_characters},
    {"tracked sessions", tracked},
    {"texts that are cut", cut_texts},
    {"prepared statements", prepared},
    {"prepared in another mode", prepared_in_another_mode},
    {"the character set", character_set},
};

int main(void)
{
        return TAP_RUN("default-database", tests);
}
