/* Recorded packets with the names of their fields, in each form. */
#include "profile/heap/fault.h"
#include "script.h"
#include "tap.h"
#include "tap/tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct script s;
static struct tap_shared shared;
static size_t capture_bytes = 1 << 20;
static uint64_t failing; /* which allocation of the dump fails; 0 = none */

static bool on_record(void *arg, const struct record_raw *raw)
{
        (void)arg;
        (void)raw;
        return true;
}

/** Play the script to a tap that records packets, and dump them in @p form: while the session is open, or after its end. The caller frees
 *  the text with prof_free. */
static char *dump(enum tap_dump form, size_t packet_bytes, bool is_open)
{
        static const uint64_t wall_offset_ns = 1767323045678901000ULL; /* 2026-01-02T03:04:05.678901Z */
        const struct tap_config config = {.dissect = {.query_bytes = 65536,
                                                      .value_bytes = 256,
                                                      .packet_bytes = packet_bytes,
                                                      .held_bytes = 4 << 20,
                                                      .pipeline = 256,
                                                      .statements = 256},
                                          .capture_bytes = capture_bytes,
                                          .output = {.on_record = on_record}};
        struct tap_times times = {0};
        CU_ASSERT_EQUAL_FATAL(tap_shared_init(&shared, &config, &wall_offset_ns), STATUS_OK);
        struct tap *tap = tap_new(&shared, 7, "10.0.0.1:5000", &times, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tap);
        struct reader r = reader_over(span_of(s.bytes, s.len));
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                tap_feed(tap, side, reader_take(&r, reader_u32(&r)), 0);
        }
        size_t len = 0;
        prof_fail_nth(failing);
        char *text = is_open ? tap_hex(tap, form, &len) : NULL;
        prof_fail_nth(0);
        tap_free(tap);
        text = is_open ? text : tap_hex_ended(&shared, 7, form, &len);
        CU_ASSERT_EQUAL(text != NULL ? strlen(text) : 0, len);
        tap_shared_fini(&shared);
        return text;
}

static bool has(const char *text, const char *part)
{
        bool right = text != NULL && strstr(text, part) != NULL;
        if (!right) {
                (void)printf("# it has not:\n%s\n# but is:\n%s\n", part, text != NULL ? text : "NULL");
        }
        return right;
}

#define TIME "2026-01-02T03:04:05.678901Z"

static void open_session(void)
{
        script_open(&s, CAP_MYSQL, 45);
        script_send(&s, SPAN("\3SELECT 'a long text'"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "na\xe9me", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\3a\tb"));
        script_answer_eof(&s);
}

static void hex_by_field(void)
{
        open_session();
        char *text = dump(TAP_DUMP_FIELDS, 1024, true);
        CU_ASSERT_TRUE(has(text, TIME
                           "  #7 client > server  seq 0  len 21  COM_QUERY\n"
                           "  000000  03                       command               COM_QUERY\n"
                           "  000001  53 45 4c 45 43 54 20 27  statement             SELECT 'a long text'\n"
                           "  000009  61 20 6c 6f 6e 67 20 74                        a long t\n"
                           "  000011  65 78 74 27                                    ext'\n"));
        CU_ASSERT_TRUE(has(text, TIME
                           "  #7 server > client  seq 5  len 5  EOF\n"
                           "  000000  fe                       header                0xfe\n"
                           "  000001  00 00                    warnings              0\n"
                           "  000003  02 00                    status                0x0002 autocommit\n"));
        CU_ASSERT_TRUE(has(text, "  000001  61 09 62                 value 1 (na\\xe9me)    'a\\tb'\n"));
        CU_ASSERT_TRUE(has(text, "  seq 1  len 41  login\n"
                                 "  (not shown: authentication data, or it may contain a password)\n"));
        prof_free(text);
}

static void a_table(void)
{
        open_session();
        char *text = dump(TAP_DUMP_TABLE, 16, false);
        CU_ASSERT_TRUE(has(text, "(this session has ended; its last "));
        CU_ASSERT_TRUE(has(text, "COM_QUERY\n"
                                 "       0       1  command                     COM_QUERY\n"
                                 "       1      15  statement                   SELECT 'a long \n"
                                 "  (5 bytes not shown)\n"));
        prof_free(text);
}

/** Whatever names and values are like. */
static void lines_have_80_columns(void)
{
        static const enum tap_dump forms[] = {TAP_DUMP_FIELDS, TAP_DUMP_TABLE};
        char name[200];
        script_open(&s, CAP_MYSQL, 45);
        script_send(&s, SPAN("\3SELECT"));
        script_answer(&s, SPAN("\4"));
        for (unsigned i = 0; i < 4; i++) {
                memset(name, i % 2 == 0 ? 'n' : '\xff', sizeof name);
                name[i * 40 + 3] = '\0';
                script_answer_column(&s, name, 253, 0, 45);
        }
        script_answer_eof(&s);
        memset(name, '\x01', sizeof name);
        name[0] = name[50] = name[100] = name[150] = 49;
        script_answer(&s, span_of(name, sizeof name));
        script_answer_eof(&s);
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                char *text = dump(forms[i], 1024, true);
                CU_ASSERT_PTR_NOT_NULL_FATAL(text);
                for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
                        size_t columns = strcspn(at, "\n");
                        if (columns > 80 && *at == ' ') { /* not a title */
                                CU_FAIL("a line is too long");
                                (void)printf("# %.*s\n", (int)columns, at);
                        }
                        for (size_t k = 0; k < columns; k++) {
                                CU_ASSERT_TRUE(at[k] >= 0x20 && at[k] < 0x7f);
                        }
                }
                prof_free(text);
        }
}

static void for_text2pcap(void)
{
        open_session();
        char *text = dump(TAP_DUMP_PLAIN, 16, true);
        CU_ASSERT_TRUE(has(text,
                           "# " TIME "  #7 client > server  seq 0  len 21  COM_QUERY\nO " TIME "\n"
                           "  000000  03 53 45 4c 45 43 54 20  27 61 20 6c 6f 6e 67 20  .SELECT 'a long \n"
                           "#   (5 bytes not shown)\n"));
        CU_ASSERT_TRUE(has(text, "  seq 1  len 41  login\n#   (not shown: authentication data"));
        CU_ASSERT_TRUE(has(text, "seq 1  len 1  column count\nI " TIME "\n  000000  01 "));
        prof_free(text);
}

static void json(void)
{
        open_session();
        char *text = dump(TAP_DUMP_JSON, 1024, true);
        CU_ASSERT_TRUE(has(text, "{\"conn_id\":7,\"note\":\"\",\"packets\":["));
        CU_ASSERT_TRUE(has(
            text, "{\"ts\":\"" TIME "\",\"direction\":\"server\",\"packet_seq\":1,\"packet_length\":1,"
                  "\"packet_name\":\"column count\",\"secret\":false,\"redacted\":false,\"cut_off\":false,"
                  "\"bytes\":\"01\",\"fields\":[{\"at\":0,\"length\":1,\"name\":\"number of columns\","
                  "\"content\":\"1\"}]}"));
        CU_ASSERT_TRUE(has(text,
                           "\"packet_name\":\"login\",\"secret\":true,\"redacted\":false,\"cut_off\":false,"
                           "\"bytes\":\"\",\"fields\":[]}"));
        prof_free(text);
}

/** Of a statement that was prepared before the packets that are kept, the dissector of the open session knows the parameters. */
static void statements_of_the_open_session(void)
{
        script_open(&s, CAP_MYSQL, 45);
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\1\0\7"));
        script_answer_ok(&s);
        for (unsigned i = 0; i < 600; i++) { /* they take the place of the packets above */
                script_send(&s, span_of("\16", 1));
                script_answer_ok(&s);
        }
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\x2a"));
        script_answer_ok(&s);
        capture_bytes = 8192;
        char *text = dump(TAP_DUMP_FIELDS, 1024, true);
        CU_ASSERT_TRUE(has(text, "packets are not kept any more)\n"));
        CU_ASSERT_TRUE(has(text, "parameter 1           42\n"));
        prof_free(text);
        text = dump(TAP_DUMP_FIELDS, 1024, false);
        CU_ASSERT_TRUE(has(text, "parameters of an unknown statement\n"));
        prof_free(text);
        capture_bytes = 1 << 20;
}

static void without_memory(void)
{
        static const enum tap_dump forms[] = {TAP_DUMP_FIELDS, TAP_DUMP_JSON};
        open_session();
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\1\0\7"));
        script_answer_ok(&s);
        for (size_t i = 0; i < 2; i++) {
                bool fired = true;
                for (failing = 1; fired; failing++) {
                        uint64_t before = prof_fail_fired();
                        char *text = dump(forms[i], 1024, true);
                        fired = prof_fail_fired() > before;
                        CU_ASSERT_TRUE(fired || text != NULL);
                        prof_free(text);
                }
                CU_ASSERT_TRUE(failing > 4);
        }
        failing = 0;
}

static const struct tap_test tests[] = {
    {"hex by field", hex_by_field},
    {"a table", a_table},
    {"no line has more than 80 columns", lines_have_80_columns},
    {"the form for text2pcap", for_text2pcap},
    {"JSON", json},
    {"statements of the open session", statements_of_the_open_session},
    {"without memory", without_memory},
};

int main(void)
{
        return TAP_RUN("fields", tests);
}
