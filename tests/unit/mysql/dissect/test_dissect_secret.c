/* Packets that must not be shown: what they are, wherever they are cut. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

/** Play it whole and byte by byte, in runs and one by one: @p secret is nowhere, each of @p parts is there. */
static void expect(const char *secret, const char *const *parts)
{
        char hex[256];
        size_t at = 0;
        for (const char *c = secret; *c != '\0'; c++) {
                at += (size_t)snprintf(hex + at, sizeof hex - at, "%s%02x", at > 0 ? " " : "", (unsigned)*c);
        }
        for (unsigned way = 0; way < 3; way++) {
                char *shown =
                    tape_records(span_of(s.bytes, s.len), &(struct tape_options){.packet_bytes = 4096,
                                                                                 .split = way == 1 ? 1 : 0,
                                                                                 .runs = way == 2,
                                                                                 .rows = 4,
                                                                                 .without_gate = true});
                CU_ASSERT_PTR_NULL(strstr(shown, hex));
                for (size_t i = 0; parts != NULL && parts[i] != NULL; i++) {
                        CU_ASSERT_TRUE(script_has(shown, parts[i]));
                }
                free(shown);
        }
}

static void replicas(void)
{
        static const char *const parts[] = {"length 20 COM_REGISTER_SLAVE:\n", "length 1 COM_PING: 0e\n",
                                            NULL};
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x15\7\0\0\0\1h\1u\11topsecret\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x0e"));
        script_answer_ok(&s);
        expect("topsecret", parts);
}

/** An execution of the statement prepared last is sent before it is known that it is prepared. */
static void prepared_last(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x16UPDATE t SET password = ?"));
        script_send(&s, SPAN("\x18\xff\xff\xff\xff\0\0topsecret"));
        script_send(&s, SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0\0\1\xfd\0\11topsecret"));
        script_send(&s, SPAN("\x16SELECT ?"));
        script_send(&s, SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0\0\1\xfd\0\7visible"));
        static const char *const parts[] = {"length 24 COM_STMT_EXECUTE:\n", "COM_STMT_EXECUTE: 17",
                                            "76 69 73 69 62 6c 65", NULL};
        expect("topsecret", parts);
}

/** Of a statement whose preparation nobody saw. */
static void unknown_statements(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x18\7\0\0\0\0\0topsecret"));
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\xfd\0\11topsecret"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x19\7\0\0\0"));
        static const char *const parts[] = {"COM_STMT_CLOSE: 19 07 00 00 00\n", NULL};
        expect("topsecret", parts);
}

/** Rows whose columns were told when the statement was executed. */
static void cursors(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x16SELECT * FROM t"));
        script_answer(&s, SPAN("\0\1\0\0\0\1\0\0\0\0\0\0"));
        script_answer_column(&s, "password", 253, 0, 45);
        script_answer_eof(&s);
        script_send(&s, SPAN("\x17\1\0\0\0\1\1\0\0\0"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "p", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\x42\0"));
        script_send(&s, SPAN("\x1c\1\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\0\0\11topsecret"));
        script_answer(&s, SPAN("\xfe\0\0\x82\0"));
        expect("topsecret", NULL);
}

/** The server wants no more of a file, and the client sends on. */
static void drained_files(void)
{
        script_open(&s, CAP_LOCAL_FILES, 45);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE 'f' INTO TABLE t (id, password)"));
        script_answer(&s, SPAN("\xfb"
                               "f"));
        script_answer(&s, SPAN("\xff\x28\5#42000no"));
        script_go_on(&s, SPAN("1\ttopsecret\n"));
        script_go_on(&s, SPAN(""));
        expect("topsecret", NULL);
        /* the connection ends within it */
        script_open(&s, CAP_LOCAL_FILES, 45);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE 'f' INTO TABLE t (id, password)"));
        script_answer(&s, SPAN("\xfb"
                               "f"));
        script_answer(&s, SPAN("\xff\x28\5#42000no"));
        size_t at = s.len;
        script_go_on(&s, SPAN("1\ttopsecret\nmore"));
        s.len -= 4;
        s.bytes[at + 1] -= 4;
        expect("topsecret", (const char *const[]){"cut off", NULL});
}

static void cut_off(struct span payload, const char *before)
{
        script_open(&s, 0, 45);
        if (before != NULL) {
                script_prepare(&s, 1, before, 1);
        }
        script_send(&s, payload);
        s.len -= 2;
        /* the piece says how long it is */
        size_t piece = payload.len + 4;
        uint8_t *length = s.bytes + s.len + 2 - piece - 4;
        length[0] = (uint8_t)(piece - 2);
        expect("topsecret", NULL);
}

static void cut_packets(void)
{
        cut_off(SPAN("\3UPDATE t SET password = 'topsecret'  "), NULL);
        cut_off(SPAN("\x11u\0\11topsecretdb\0"), NULL);
        cut_off(SPAN("\x15\7\0\0\0\1h\1u\11topsecret\0\0\0"), NULL);
        cut_off(SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\14topsecretxxx"), "UPDATE t SET password = ?");
        cut_off(SPAN("\x18\1\0\0\0\0\0topsecretxxx"), "UPDATE t SET password = ?");
}

static void answer_definition(const char *schema, const char *table, const char *name)
{
        uint8_t room[256];
        const char *const texts[] = {"def", schema, table, table, name, name};
        struct writer w = writer_over(room, sizeof room);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                writer_uint(&w, strlen(texts[i]), 1);
                writer_text(&w, texts[i]);
        }
        writer_bytes(&w, "\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0", 13);
        script_answer(&s, writer_span(&w));
}

static void query(const char *text)
{
        uint8_t room[512];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\x03');
        writer_text(&w, text);
        script_send(&s, writer_span(&w));
}

/** Answer with a row whose only value is "topsecret", of a column of @p table. */
static void answer_row(const char *schema, const char *table)
{
        script_answer(&s, SPAN("\1"));
        answer_definition(schema, table, "x");
        script_answer_eof(&s);
        script_answer(&s, SPAN("\11topsecret"));
        script_answer_eof(&s);
}

/** Is the row of the session hidden in its packets? */
static bool is_row_hidden(void)
{
        char *shown = tape_records(span_of(s.bytes, s.len),
                                   &(struct tape_options){.packet_bytes = 4096, .without_gate = true});
        bool is_hidden = strstr(shown, "74 6f 70") == NULL;
        CU_ASSERT_PTR_NULL(strstr(shown, "opaque"));
        free(shown);
        return is_hidden;
}

/** What the warnings of a statement quote is what it held. */
static void diagnostics(void)
{
        static const struct {
                const char *first;
                const char *then;
                bool hidden;
        } cases[] = {
            {"SELECT password + 0 FROM t", "/* x */ show warnings", true},
            {"SELECT x FROM t", "/* x */ show warnings", false},
            {"SELECT password + 0 FROM t", "SHOW ERRORS", true},
            {"SELECT password + 0 FROM t", "# x\n SHOW COUNT(*) WARNINGS", true},
            {"SELECT password + 0 FROM t", "-- x\n(GET DIAGNOSTICS CONDITION 1 @p = MESSAGE_TEXT)", true},
            {"SELECT password + 0 FROM t", "/*My*/SHOW WARNINGS", true},
            {"SELECT password + 0 FROM t", "/*!SHOW WARNINGS*/", true},
            {"SELECT password + 0 FROM t", "/*!40100 SHOW*/ WARNINGS", true},
            {"SELECT password + 0 FROM t", "/*M!100100 SHOW WARNINGS */", true},
            {"SELECT password + 0 FROM t", "SHOW TABLES", false},
            {"SELECT password + 0 FROM t", "/* SHOW WARNINGS", false}, /* no server executes it */
            {"SELECT password + 0 FROM t", "# SHOW WARNINGS", false},
            {"SELECT password + 0 FROM t", "x", false},
            {"SELECT password + 0 FROM t", "EXPLAIN SELECT 1", false},
            {"SHOW GRANTS", "SHOW WARNINGS", true},
            {"SHOW TABLES", "SHOW WARNINGS", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                query(cases[i].first);
                script_answer_ok(&s);
                script_send(&s, SPAN("\x19\1\0\0\0"));
                query(cases[i].then);
                answer_row("db", "t");
                bool is_right = is_row_hidden() == cases[i].hidden;
                if (!is_right) {
                        printf("# %s; %s\n", cases[i].first, cases[i].then);
                }
                CU_ASSERT_TRUE(is_right);
        }
}

/** A statement leaves it in a variable, or prepares another one by name. */
static void left_behind(void)
{
        static const struct {
                const char *first;
                const char *then;
                bool hidden;
        } cases[] = {
            {"SELECT password INTO @x FROM t", "SELECT @x", true},
            {"SELECT password INTO @x FROM t", "SELECT 'a'||@x", true},
            {"SELECT password INTO @x FROM t", "SELECT 1+@x", true},
            {"SELECT password INTO @x FROM t", "SELECT/**/@x", true},
            {"SELECT password INTO @x FROM t", "SELECT !@x, @", true},
            {"SELECT password INTO @x FROM t", "SELECT @@version", false},
            {"SELECT password INTO @x FROM t", "SHOW GRANTS FOR a@b", true},
            {"SELECT password INTO @x FROM t", "SELECT x FROM t WHERE y = 'a'@'b' OR y = `a`@`b`", false},
            {"SELECT password INTO @x FROM t", "SELECT x FROM t WHERE mail = 'a@b'", false},
            {"SELECT password INTO @x FROM t", "SELECT x FROM t -- @", false},
            {"SELECT password INTO @x FROM t", "", false},
            {"SELECT p INTO @x FROM (SELECT password p FROM t) u", "SELECT @x", true},
            {"PREPARE s FROM 'SELECT password p FROM t'", "EXECUTE s", true},
            {"PREPARE s FROM 'SELECT name FROM t'", "EXECUTE s", false},
            {"SELECT password FROM t", "SELECT @x", false},
            {"CREATE USER a@b IDENTIFIED BY 'x'", "SELECT @x", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                query(cases[i].first);
                script_answer_ok(&s);
                query("SELECT 1");
                script_answer_ok(&s);
                query(cases[i].then);
                answer_row("db", "t");
                bool is_right = is_row_hidden() == cases[i].hidden;
                if (!is_right) {
                        printf("# %s; %s\n", cases[i].first, cases[i].then);
                }
                CU_ASSERT_TRUE(is_right);
        }
}

/** Tables of which every column may show one. */
static void tables(void)
{
        static const struct {
                const char *schema;
                const char *table;
                bool hidden;
        } cases[] = {
            {"mysql", "global_priv", true},
            {"mysql", "proc", false},
            {"performance_schema", "user_variables_by_thread", true},
            {"information_schema", "USER_VARIABLES", true},
            {"performance_schema", "threads", false},
            {"information_schema", "COLUMNS", false},
            {"exactly_18_letters", "user_variables_by_thread", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                query("SELECT x FROM t");
                answer_row(cases[i].schema, cases[i].table);
                CU_ASSERT_EQUAL(is_row_hidden(), cases[i].hidden);
        }
        /* all columns of a result with one of such a table, whatever their names are */
        script_open(&s, 0, 45);
        query("SELECT x, y FROM t");
        script_answer(&s, SPAN("\2"));
        answer_definition("information_schema", "USER_VARIABLES", "x");
        answer_definition("", "", "y");
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1a\11topsecret"));
        script_answer_eof(&s);
        CU_ASSERT_TRUE(is_row_hidden());
}

/** What an error quotes may be a password. */
static void errors(void)
{
        const struct {
                const char *text;
                struct span error;
                bool hidden;
        } cases[] = {
            {"SELECT 1", SPAN("\xff\x56\5#HY000Incorrect value: 'topsecret' for column `password`"), true},
            {"SELECT 1", SPAN("\xff\x56\5#HY000Incorrect value: 'topsecret' for column `x`"), false},
            {"SELECT 1 x y", SPAN("\xff\x28\4#42000syntax error near 'y'"), false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                query(cases[i].text);
                script_answer(&s, cases[i].error);
                char *shown =
                    tape_records(span_of(s.bytes, s.len),
                                 &(struct tape_options){.packet_bytes = 4096, .without_gate = true});
                CU_ASSERT_EQUAL(strstr(shown, " ERR:\n") != NULL, cases[i].hidden);
                free(shown);
        }
        /* of a statement that was not kept to its end, any syntax error may quote the rest */
        static uint8_t text[80000];
        struct writer w = writer_over(text, sizeof text);
        writer_text(&w, "\3SELECT '");
        while (w.at < sizeof text - 1) {
                writer_char(&w, 'x');
        }
        for (int is_cut = 0; is_cut < 2; is_cut++) {
                script_open(&s, 0, 45);
                script_send(&s, writer_span(&w));
                script_answer(&s, SPAN("\xff\x28\4#42000syntax error near 'topsecret'"));
                const struct tape_options options = {
                    .packet_bytes = 4096, .query_bytes = is_cut ? 16 : 100000, .without_gate = true};
                char *shown = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_EQUAL(strstr(shown, " ERR:\n") != NULL, is_cut);
                free(shown);
        }
}

/** Events of a binary log: of rows and blocks of files only the header is shown. */
static void events(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x12\4\0\0\0\0\0\1\0\0\0binlog.1"));
        script_answer(&s, SPAN("\0\1\1\1\1\x1e\1\0\0\0\x30\0\0\0\1\0\0\0\0\0\11topsecret"));
        script_answer(&s, SPAN("\0\xef\0\1\1\1\1\x11\1\0\0\0\x30\0\0\0\1\0\0\0\0\0\11topsecret"));
        script_answer(&s, SPAN("\0\1\1\1\1\2\1\0\0\0\x30\0\0\0\1\0\0\0\0\0visible"));
        static const char *const parts[] = {
            "event: 00 01 01 01 01 1e 01 00 00 00 30 00 00 00 01 00 00 00 00 00\n", "76 69 73 69 62 6c 65",
            NULL};
        expect("topsecret", parts);
}

static const struct tap_test tests[] = {
    {"replicas", replicas},
    {"the statement prepared last", prepared_last},
    {"unknown statements", unknown_statements},
    {"cursors", cursors},
    {"drained files", drained_files},
    {"cut packets", cut_packets},
    {"diagnostics", diagnostics},
    {"what statements leave behind", left_behind},
    {"tables of secrets", tables},
    {"errors", errors},
    {"events", events},
};

int main(void)
{
        return TAP_RUN("dissect-secret", tests);
}
