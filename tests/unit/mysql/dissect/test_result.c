/* Replies of all shapes, and results that end early. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

static void expect(const char *part)
{
        CU_ASSERT_TRUE(script_tells(&s, part));
}

/** No complaint, neither of the dissector nor of the linter. */
static void expect_clean(const char *part)
{
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, part));
        CU_ASSERT_PTR_NULL(strstr(records, "\"notice\""));
        CU_ASSERT_PTR_NULL(strstr(records, "\"lint\""));
        free(records);
}

/** More than are told one by one. */
static void many_results(void)
{
        script_open(&s, CAP_MULTI_RESULTS, 45);
        script_send(&s, SPAN("\3CALL p()"));
        for (unsigned i = 0; i < 70; i++) {
                script_answer(&s, SPAN("\0\2\0\x0a\0\0\0\3inf"));
        }
        script_answer(&s, SPAN("\xff\x28\4#42000"));
        expect_clean("\"results_cut\":6");
        expect_clean("\"affected_rows\":140");
        char *records = script_play(&s, 0);
        CU_ASSERT_PTR_NULL(
            strstr(records, "inf\"")); /* what the error says, which is nothing, stands for it */
        free(records);
}

/** The server says that it is killed: with any number. */
static void pushed_errors(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1"));
        s.seq = 7;
        script_answer(&s, SPAN("\xff\x1d\4#08S01Server shutdown in progress"));
        expect_clean("\"errno\":1053");
}

/* --- replies of all shapes ---------------------------------------------------------------------------------------------- */

/** Is the file /tmp/rows, which the server requests in answer to @p text, reported as one that it does not name? */
static bool is_reported(const char *text)
{
        uint8_t packet[256] = {3};
        size_t len = strlen(text);
        memcpy(packet + 1, text, len);
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, span_of(packet, 1 + len));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        bool is_it = strstr(records, "\"rule\":\"file_not_named\"") != NULL;
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
        return is_it;
}

static void files_that_are_not_named(void)
{
        static const char *const named[] = {
            "LOAD DATA LOCAL INFILE '/tmp/rows' INTO TABLE t",
            "load xml concurrent local infile \"/tmp/rows\" into table t",
            "LOAD DATA /* the */ LOCAL -- file\n INFILE '/tmp/rows' INTO TABLE t",
            "/*!50000 LOAD DATA LOCAL INFILE '/tmp/rows' INTO TABLE t */",
            "SELECT 1; LOAD DATA LOCAL INFILE 'a' INTO TABLE t; LOAD DATA LOCAL INFILE '/tmp/rows'",
            "LOAD DATA LOCAL INFILE '/tmp\\/rows' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '/tmp/r\xc3\xb6ws' INTO TABLE t",
            "EXECUTE IMMEDIATE CONCAT('LOAD DATA', ' LOCAL INFILE ...')",
            "CALL load()",
            "LOAD DATA LOCAL INFILE N'/tmp/other' INTO TABLE t", /* not read here */
        };
        static const char *const not_named[] = {
            "SELECT 1",
            "",
            "LOAD DATA INFILE '/tmp/rows' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '/tmp/row' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '' INTO TABLE t",
            "SELECT 'LOAD DATA LOCAL INFILE ''/tmp/rows'''",
            "SELECT 1 -- LOAD DATA LOCAL INFILE '/tmp/rows'",
            "SELECT 1 /* LOAD DATA LOCAL INFILE '/tmp/rows' */",
            "SELECT local, infile FROM t",
        };
        for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
                CU_ASSERT_FALSE(is_reported(named[i]));
        }
        for (size_t i = 0; i < sizeof not_named / sizeof not_named[0]; i++) {
                CU_ASSERT_TRUE(is_reported(not_named[i]));
        }
        script_open(&s, CAP_LOCAL_FILES, 8); /* a command without a text, and a prepared statement */
        script_send(&s, SPAN("\12"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("\"rule\":\"file_not_named\"");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_prepare(&s, 1, "SELECT 1", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("\"rule\":\"file_not_named\"");
}

static void local_files(void)
{
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN("1\t2\n"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        expect_clean("\"query\":\"LOAD DATA LOCAL INFILE '/tmp/rows'\"");
        /* the server gives up in the middle; the client sends the rest, and goes on */
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        uint8_t seq = s.seq;
        script_go_on(&s, SPAN("1\t2\n"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        s.seq = (uint8_t)(seq + 1);
        script_go_on(&s, SPAN("3\t4\n"));
        script_go_on(&s, SPAN(""));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
        char *records = script_play(&s, 0);
        CU_ASSERT_PTR_NULL(strstr(records, "notice"));
        free(records);
        /* a file of so many packets that its number begins anew in the rest */
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        while (s.seq != 0) {
                script_go_on(&s, SPAN("5\n"));
        }
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        s.seq = 0;
        script_go_on(&s, SPAN("6\n"));
        script_go_on(&s, SPAN(""));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
        /* a client that never said it could, and one that does not wait */
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        expect("\"rule\":\"not_agreed\"");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("LOCAL INFILE while another command is in flight");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_answer_ok(&s);
        expect("a reply before the end of LOCAL INFILE");
}

static void streams(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x12\4\0\0\0\0\0\1\0\0\0log"));
        script_answer(&s, SPAN("\0event"));
        script_send(&s, SPAN("\xef\4\0\0\0\0\0\0\0log"));
        script_send(&s, SPAN("x"));
        script_answer(&s, SPAN("\0event"));
        script_send(&s, SPAN("\1"));
        char *records = script_replay(&s, (struct tape_options){.packet_bytes = 4});
        CU_ASSERT_TRUE(script_has(records, "replication acknowledgement"));
        CU_ASSERT_TRUE(script_has(records, "packet within a stream"));
        CU_ASSERT_TRUE(script_has(records, "COM_QUIT"));
        CU_ASSERT_TRUE(script_has(records, "\"rows\":2"));
        free(records);
}

static void fields(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\4t\0"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 3, 0, 63);
        script_answer_eof(&s);
        expect_clean("\"columns\":2");
        script_send(&s, SPAN("\4t\0"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
}

static void databases(void)
{
        const char *const texts[] = {"\3use  `a b` ;\n", "\3USE\t", "\3USE  ;", "\3use"};
        script_open(&s, 0, 8);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                script_send(&s, span_str(texts[i]));
                script_answer_ok(&s);
        }
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect_clean(
            "\"database\":\"a b\",\"character_set\":\"latin1\",\"server_conn_id\":7,\"command_id\":14");
        script_open(&s, CAP_SESSION_TRACK, 8);
        script_send(&s, SPAN("\2shop"));
        script_answer(&s, SPAN("\0\0\0\x02\x40\0\0\0\x07\1\5\4SHOP"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect_clean("\"database\":\"SHOP\"");
}

static void prepared(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x16SELECT"));
        script_answer(&s, SPAN("\1\1\0\0\0\0\0\0\0\0\0\0"));
        expect("a reply to COM_STMT_PREPARE that is neither OK nor ERR");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x16SELECT"));
        script_answer(&s, SPAN("\0\1\0\0\0\0"));
        expect("a reply to COM_STMT_PREPARE that is neither OK nor ERR");
        for (int deprecated = 0; deprecated < 2; deprecated++) { /* definitions that are left out */
                script_open(&s, CAP_MYSQL | CAP_OPTIONAL_METADATA | (deprecated ? CAP_DEPRECATE_EOF : 0), 8);
                script_send(&s, SPAN("\x16SELECT ?"));
                script_answer(&s, SPAN("\0\1\0\0\0\1\0\1\0\0\0\0\0"));
                if (!deprecated) {
                        script_answer_eof(&s);
                        script_answer_eof(&s);
                }
                script_send(&s, SPAN("\16"));
                script_answer_ok(&s);
                expect_clean("\"command\":\"COM_PING\"");
        }
        /* the last one prepared, by the number that stands for it */
        script_open(&s, 0, 8);
        script_prepare(&s, 5, "DO 5", 0);
        script_send(&s, SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0"));
        script_answer_ok(&s);
        expect_clean("\"stmt_prepare_query\":\"DO 5\"");
}

static void begin_result(uint64_t capabilities)
{
        script_open(&s, capabilities, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
}

static void results_that_end_early(void)
{
        begin_result(0);
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer_ok(&s);
        expect("\"rule\":\"ok_for_eof\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\1\x31"));
        expect("no EOF after the column definitions");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\xfe\0"));
        expect("no EOF after the column definitions");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1\1"));
        expect("a reply that is neither OK, ERR nor a column count");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\1"));
        expect("a reply that is neither OK, EOF nor ERR");
        /* a procedure's OUT parameters: only the definitions' EOF tells that an OK follows */
        script_open(&s, CAP_MYSQL | CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS, 8);
        script_prepare(&s, 1, "CALL p(?)", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "out", 3, 0, 63);
        script_answer(&s, SPAN("\xfe\0\0\x08\x10"));
        script_answer(&s, SPAN("\0\0\7\0\0\0"));
        script_answer(&s, SPAN("\xfe\0\0\x02\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
}

static void numbers(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\xff\x87\x07#70100killed")); /* 1927, of the server's own accord */
        expect_clean("\"errno\":1927");
        script_open(&s, 0, 8);
        s.seq = 5;
        script_go_on(&s, SPAN("\16"));
        s.seq = 9;
        script_answer_ok(&s);
        expect("\"rule\":\"sequence_start\"");
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(script_count(records, "\"lint\""), 1);
        free(records);
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        s.seq = 9;
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect("\"rule\":\"sequence\"");
        /* nobody asked: of either kind */
        script_open(&s, 0, 8);
        script_answer(&s, SPAN("\xff\x15\4no"));
        expect("the server sent an error that no command asked for");
        script_open(&s, 0, 8);
        script_answer_ok(&s);
        expect("a reply without a command");
        script_open(&s, 0, 8);
        script_answer(&s, SPAN("\xff"));
        expect("a reply without a command");
}

/** Rows that come together are hopped over: up to one that is something else. */
static void rows_at_once(void)
{
        const char *const strange[] = {
            "\2\0\0\4\1\x31\2\0\0\5\1\x32\0\0\0\6\5\0\0\7\xfe\0\0\2\0", /* an empty row */
            "\2\0\0\4\1\x31\2\0\0\x09\1\x32\5\0\0\x0a\xfe\0\0\2\0",     /* a gap in the numbers */
            "\2\0\0\4\1\x31\x09\0\0\5\xff\x15\4#28000",                 /* an error */
            "\2\0\0\4\1\x31\5\0\0\5\xfe\0\0\2\0",
        };
        const size_t lens[] = {25, 21, 19, 15};
        const char *const told[] = {"\"rows\":3", "\"rule\":\"sequence\"", "\"errno\":1045", "\"rows\":1"};
        for (size_t i = 0; i < 4; i++) {
                begin_result(0);
                script_answer_column(&s, "1", 3, 0, 63);
                script_answer_eof(&s);
                struct writer w = writer_over(s.bytes + s.len, sizeof s.bytes - s.len);
                writer_char(&w, 'S');
                writer_uint(&w, lens[i], 4);
                writer_bytes(&w, strange[i], lens[i]);
                s.len += w.at;
                expect(told[i]);
        }
}

/** A payload of two packets whose second has the wrong number. */
static void longer_than_a_packet(void)
{
        enum { FULL = 0xffffff };
        script_open(&s, 0, 8);
        uint8_t *tape = calloc(1, s.len + FULL + 64);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tape);
        memcpy(tape, s.bytes, s.len);
        struct writer w = writer_over(tape + s.len, FULL + 64);
        writer_char(&w, 'C');
        writer_uint(&w, FULL + 4 + 5, 4);
        writer_uint(&w, FULL, 3);
        writer_uint(&w, 0, 1);
        writer_char(&w, '\3');
        w.at += FULL - 1;
        writer_uint(&w, 1, 3);
        writer_uint(&w, 7, 1);
        writer_char(&w, 'x');
        const struct tape_options options = {.without_gate = true, .packet_bytes = 8};
        char *records = tape_records(span_of(tape, s.len + w.at), &options);
        CU_ASSERT_TRUE(script_has(records, "\"rule\":\"sequence\""));
        CU_ASSERT_TRUE(script_has(records, "part of a longer payload"));
        CU_ASSERT_TRUE(script_has(records, "\"query_length\":16777215"));
        free(records);
        free(tape);
}

/** Definitions that are not plain are looked at field by field. */
static void definitions(void)
{
        static const char fields[] = "\3def\0\0\0\1a\0";
        static const char *const fixed[] = {
            "\x0c\x08\0\0\0\0\0\3\0\0\0\0\0", "\x0c\x08\0\0\0\0\0\3\0\0\0\0\0more",
            "\x0b\x08\0\0\0\0\0\3\0\0\0\0", "\x0e\x08\0\0\0\0\0\3\0\0\0\0\0\0\0", "\x0c\x08"};
        static const size_t lens[] = {13, 17, 12, 15, 2};
        static const char *const told[] = {NULL, "\"trailing\"", "\"ends_early\"", NULL, "\"ends_early\""};
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
                for (int is_long = 0; is_long < 2; is_long++) {
                        uint8_t room[600];
                        struct writer w = writer_over(room, sizeof room);
                        if (is_long) {
                                writer_bytes(&w, "\xfc\x2c\1", 3);
                                w.at += 300;
                        }
                        writer_bytes(&w, is_long ? fields + 4 : fields, sizeof fields - (is_long ? 5 : 1));
                        writer_bytes(&w, fixed[i], lens[i]);
                        memset(room + 3, 'x', is_long ? 300 : 0);
                        begin_result(0);
                        script_answer(&s, writer_span(&w));
                        char *records = script_play(&s, 0);
                        CU_ASSERT_TRUE(told[i] == NULL ? script_count(records, "\"lint\"") == 0
                                                       : script_has(records, told[i]));
                        free(records);
                }
        }
        begin_result(0);
        script_answer(&s, SPAN("\3de"));
        expect("\"ends_early\"");
}

/** The OK behind the rows of a result whose length of session changes has an upper half that is not read. */
static void an_ending_with_rubbish(void)
{
        script_open(&s, CAP_SESSION_TRACK | CAP_DEPRECATE_EOF, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 8);
        script_answer(&s, SPAN("\1x"));
        script_answer(&s, SPAN("\xfe\0\0\2\x40\0\0\0\xfe\6\0\0\0\1\0\0\0\1\4\3abc"));
        expect("\"rule\":\"odd_length\"");
        expect("\"session_changes\":{\"schema\":\"abc\"}");
}

static const struct tap_test tests[] = {
    {"an ending with rubbish in a length", an_ending_with_rubbish},
    {"many results", many_results},
    {"pushed errors", pushed_errors},
    {"local files", local_files},
    {"streams", streams},
    {"lists of fields", fields},
    {"the database in use", databases},
    {"prepared statements", prepared},
    {"results that end early", results_that_end_early},
    {"sequence numbers", numbers},
    {"rows that come at once", rows_at_once},
    {"definitions", definitions},
    {"a payload of several packets", longer_than_a_packet},
    {"local files that are not named", files_that_are_not_named},
};

int main(void)
{
        return TAP_RUN("result", tests);
}
