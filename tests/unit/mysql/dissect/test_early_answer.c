/* A server that answers while the client is still sending the command. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct script s;

#define TOO_LARGE SPAN("\xff\x81\x04#08S01Got a packet bigger than 'max_allowed_packet' bytes")

/** Append @p bytes of @p side ('C' or 'S') as they are. */
static void append(char side, struct span bytes)
{
        struct writer w = writer_over(s.bytes + s.len, sizeof s.bytes - s.len);
        writer_char(&w, side);
        writer_uint(&w, bytes.len, 4);
        writer_put(&w, bytes);
        s.len += w.at;
}

/** The client begins a packet of @p length bytes. */
static void begin_packet(uint32_t length, struct span payload)
{
        char room[128];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, length, 3);
        writer_uint(&w, 0, 1);
        writer_put(&w, payload);
        append('C', writer_span(&w));
        s.seq = 1;
}

static int count(const char *records, const char *part)
{
        int n = 0;
        for (; (records = strstr(records, part)) != NULL; records++) {
                n++;
        }
        return n;
}

/** The answer comes before the end of a statement: one record, and what follows the statement is followed. */
static void a_query_is_too_long(void)
{
        script_open(&s, 0, 45);
        begin_packet(60, SPAN("\3SELECT 'the text so far"));
        script_answer(&s, TOO_LARGE);
        append('C', SPAN("and the rest of it, 36 bytes of it '"));
        script_send(&s, SPAN("\3DO 'next'"));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(count(records, "\"event\":\"query\""), 2);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'the text so far\",\"query_length\":59"));
        CU_ASSERT_TRUE(script_has(records, "\"errno\":1153"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"DO 'next'\""));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"event\":\"error\""));
        free(records);
}

/** The session ends there. */
static void the_rest_never_comes(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 5, "INSERT INTO t VALUES (?)", 1);
        begin_packet(5000, SPAN("\x17\5\0\0\0\0\1\0\0\0\0\1\xfd\0\xfc\x80\x13the value so far"));
        script_answer(&s, TOO_LARGE);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"command\":\"COM_STMT_EXECUTE\""));
        CU_ASSERT_TRUE(script_has(records, "\"stmt_prepare_query\":\"INSERT INTO t VALUES (?)\""));
        CU_ASSERT_TRUE(script_has(records, "{\"text\":\"the value so far\",\"length\":4992}"));
        CU_ASSERT_TRUE(script_has(records, "\"errno\":1153"));
        free(records);
}

/** Long data has no reply otherwise: it is not kept for the next execution. */
static void long_data_is_too_long(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 5, "INSERT INTO t VALUES (?)", 1);
        begin_packet(30, SPAN("\x18\5\0\0\0\0\0long"));
        script_answer(&s, TOO_LARGE);
        append('C', SPAN("longlonglonglonglon"));
        script_send(&s, SPAN("\x17\5\0\0\0\0\1\0\0\0\0\1\xfd\0\1x"));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(count(records, "\"command\":\"COM_STMT_SEND_LONG_DATA\""), 1);
        CU_ASSERT_TRUE(script_has(records, "\"errno\":1153"));
        CU_ASSERT_TRUE(script_has(records, "\"stmt_execute_values\":[\"x\"]"));
        free(records);
}

/** Only the header came, or a part of it: there is no command yet, and the error belongs to none. */
static void nothing_has_come_yet(void)
{
        for (size_t n = 1; n <= 4; n++) {
                script_open(&s, 0, 45);
                append('C', span_head(SPAN("\x0a\0\0\0"), n));
                script_answer(&s, TOO_LARGE);
                append('C', span_skip(SPAN("\x0a\0\0\0\3DO 'next'"), n));
                s.seq = 1;
                script_answer_ok(&s);
                char *records = script_play(&s, 0);
                CU_ASSERT_TRUE(script_has(records, "an error that no command asked for"));
                CU_ASSERT_EQUAL(count(records, "\"event\":\"query\""), 1);
                free(records);
        }
}

/** The command before still waits for its reply: the error is that reply. */
static void another_command_waits(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3DO 'first'"));
        uint8_t seq = s.seq;
        begin_packet(20, SPAN("\3DO 'second"));
        s.seq = seq;
        script_answer(&s, TOO_LARGE);
        append('C', SPAN("', thats it"));
        s.seq = 1;
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(count(records, "\"event\":\"query\""), 2);
        CU_ASSERT_TRUE(strstr(records, "\"errno\":1153") < strstr(records, "DO 'second"));
        free(records);
}

/** No server answers so with anything but an error: the record is there, and the session is not followed. */
static void it_is_no_error(void)
{
        script_open(&s, 0, 45);
        begin_packet(60, SPAN("\3SELECT 'the text so far"));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'the text so far\",\"query_length\":59"));
        CU_ASSERT_TRUE(script_has(records, "a reply before the end of the command that is no error"));
        free(records);
}

/** The middle of long values was dropped as they came: those behind them stand where they are expected nonetheless. */
static void long_values_are_cut(void)
{
        enum { VALUES = 5, LENGTH = 600 };
        static const char letters[VALUES + 1] = "vwxyz";
        uint8_t room[4096];
        struct writer w = writer_over(room, sizeof room);
        script_open(&s, CAP_MYSQL, 45);
        script_prepare(&s, 1, "INSERT ...", VALUES);
        writer_uint(&w, sizeof room, 3); /* more than will come */
        writer_uint(&w, 0, 1);
        writer_bytes(&w, "\x17\1\0\0\0\0\1\0\0\0\0\1", 12);
        for (size_t i = 0; i < VALUES; i++) {
                writer_uint(&w, 253, 2);
        }
        for (size_t i = 0; i < VALUES; i++) {
                writer_uint(&w, 0xfc, 1);
                writer_uint(&w, LENGTH, 2);
                for (size_t n = 0; n < LENGTH; n++) {
                        writer_char(&w, letters[i]);
                }
        }
        append('C', span_head(writer_span(&w), w.at - LENGTH / 2));
        s.seq = 1;
        script_answer(&s, TOO_LARGE);
        char *records = script_play(&s, 0);
        for (size_t i = 0; i < VALUES; i++) {
                const char part[] = {'{', '"', 't', 'e',        'x',        't',
                                     '"', ':', '"', letters[i], letters[i], '\0'};
                CU_ASSERT_TRUE(script_has(records, part));
        }
        CU_ASSERT_EQUAL(count(records, "\"length\":600}"), VALUES);
        free(records);
}

static const struct tap_test tests[] = {
    {"long values are cut", long_values_are_cut},
    {"a query is too long", a_query_is_too_long},
    {"the rest never comes", the_rest_never_comes},
    {"long data is too long", long_data_is_too_long},
    {"nothing has come yet", nothing_has_come_yet},
    {"another command waits", another_command_waits},
    {"it is no error", it_is_no_error},
};

int main(void)
{
        return TAP_RUN("early-answer", tests);
}
