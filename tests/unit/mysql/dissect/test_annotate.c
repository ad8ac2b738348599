#include "mysql/dissect/annotate.h"
#include "mysql/dissect/dissector.h"
#include "mysql/wire/command.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script script;

/** The packets of the session with their fields; nothing else. The caller frees them. */
static char *fields_of(struct span tape, size_t packet_bytes)
{
        const struct tape_options options = {
            .packet_bytes = packet_bytes, .runs = true, .without_gate = true, .fields = true};
        return tape_records(tape, &options);
}

/** Has the session a packet of which fields are @p fields, one a line? */
static bool has(const char *fields)
{
        char *all = fields_of(span_of(script.bytes, script.len), 1 << 20);
        bool right =
            script_has(all, fields) && strstr(all, " SURPLUS\n") == NULL && strstr(all, " CUT\n") == NULL;
        free(all);
        return right;
}

/* --- all packets of sessions that were recorded -------------------------------------------------------------------------- */

/** Print the line of @p text that has @p part. */
static bool lacks(const char *name, const char *text, const char *part)
{
        const char *at = strstr(text, part);
        if (at != NULL) {
                while (at > text && at[-1] != '\n') {
                        at--;
                }
                (void)printf("# %s: %.*s\n", name, (int)strcspn(at, "\n"), at);
        }
        return at == NULL;
}

/** The player itself aborts where a byte has no field; here each field has to be a known one. */
static void tapes(void)
{
        static const char *const names[] = {"denied-1",           "mariadb-1", "perl-1",   "php-1",
                                            "procedure-cursor-1", "pymysql-1", "values-1", "values-2"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                char file[64];
                (void)snprintf(file, sizeof file, "%s.tape", names[i]);
                char *all = fields_of(tape_load(file), 1 << 20);
                CU_ASSERT_TRUE(script_count(all, "\n  0+1 ") > 1);
                CU_ASSERT_TRUE(lacks(names[i], all, " SURPLUS\n"));
                CU_ASSERT_TRUE(lacks(names[i], all, " CUT\n"));
                CU_ASSERT_TRUE(lacks(names[i], all, "not known\n"));
                CU_ASSERT_TRUE(lacks(names[i], all, " unknown statement\n"));
                CU_ASSERT_TRUE(lacks(names[i], all, "not understood\n"));
                free(all);
        }
}

static void tapes_cut_anywhere(void)
{
        struct span in = tape_load("values-1.tape");
        for (size_t bytes = 1; bytes < 80; bytes++) {
                char *all = fields_of(in, bytes);
                CU_ASSERT_TRUE(lacks("values-1", all, " SURPLUS\n"));
                free(all);
        }
}

/* --- single packets ---------------------------------------------------------------------------------------------------- */

static void greeting_and_endings(void)
{
        script_open(&script, CAP_MYSQL | CAP_SESSION_TRACK, 45);
        CU_ASSERT_TRUE(
            has("  0+1 protocol version\n  1+4 server version\n  5+4 connection ID\n"
                "  9+8 scramble, first part\n  17+1 filler\n  18+2 capabilities 0-15\n  20+1 collation\n"
                "  21+2 status\n  23+2 capabilities 16-31\n  25+1 length of both parts of the scramble\n"
                "  26+6 reserved\n  32+4 capabilities of MariaDB\n  36+13 scramble, second part\n"
                "  49+7 authentication plugin\n"));
        script_send(&script, SPAN("\3SET a"));
        script_answer(&script, SPAN("\0\1\xfc\2\1\2\x40\0\0\2ok\x1e\0\x06\3abc\1d\1\3\2xy\3\5\0\3a:1\2\2\1"
                                    "1\xc8\4new!"));
        CU_ASSERT_TRUE(
            has("  0+1 header\n  1+1 affected rows\n  2+3 last insert ID\n  5+2 status\n  7+2 warnings\n"
                "  9+1 length of info\n  10+2 info\n  12+1 length of session changes\n"
                "  13+1 kind of change\n  14+1 length of change\n  15+1 length of variable\n"
                "  16+3 variable\n  19+1 length of value of variable\n  20+1 value of variable\n"
                "  21+1 kind of change\n  22+1 length of change\n  23+1 length of schema\n  24+2 schema\n"
                "  26+1 kind of change\n  27+1 length of change\n  28+1 encoding\n  29+1 length of gtids\n"
                "  30+3 gtids\n  33+1 kind of change\n  34+1 length of change\n"
                "  35+2 state_change\n  37+1 kind of change\n"
                "  38+1 length of change\n  39+4 change of an unknown kind\n"));
        script_send(&script, SPAN("\x0e"));
        script_answer(&script, SPAN("\xff\x15\4#28000no"));
        CU_ASSERT_TRUE(has("  0+1 header\n  1+2 error number\n  3+1 mark of the SQLSTATE\n  4+5 SQLSTATE\n"
                           "  9+2 message\n"));
}

/** Where the number of columns is followed by a flag, and definitions have extended metadata. */
static void result_in_text_form(void)
{
        script_open(&script, CAP_MARIADB_EXTENDED_META | CAP_MARIADB_CACHE_METADATA | CAP_DEPRECATE_EOF, 45);
        script_send(&script, SPAN("\3SELECT"));
        script_answer(&script, SPAN("\2\1"));
        script_answer_column(&script, "id", 3, 0, 63);
        script_answer_column(&script, "doc", 253, 0, 45);
        script_answer(&script, SPAN("\1"
                                    "7\xfb"));
        script_answer_eof(&script);
        CU_ASSERT_TRUE(has("  0+1 number of columns\n  1+1 definitions follow\n"));
        CU_ASSERT_TRUE(has("  0+1 length of catalog\n  1+3 catalog\n  4+1 length of schema\n  5+2 schema\n"
                           "  7+1 length of table\n  8+1 table\n  9+1 length of original table\n"
                           "  10+1 original table\n  11+1 length of name\n  12+2 name\n"
                           "  14+1 length of original name\n  15+2 original name\n"
                           "  17+1 length of extended metadata\n  18+1 kind of metadata\n"
                           "  19+1 length of metadata\n  20+4 metadata\n  24+1 length of the fixed fields\n"
                           "  25+2 collation\n  27+4 width\n  31+1 type\n  32+2 flags\n  34+1 decimals\n"
                           "  35+2 filler\n"));
        CU_ASSERT_TRUE(has("  0+1 length of value 1 (id)\n  1+1 value 1 (id)\n  2+1 value 2 (doc)\n"));
        /* the definitions are left out: the values have numbers */
        script_send(&script, SPAN("\3SELECT"));
        script_answer(&script, SPAN("\1\0"));
        script_answer(&script, SPAN("\2ab"));
        script_answer_eof(&script);
        CU_ASSERT_TRUE(has("  0+1 length of value 1\n  1+2 value 1\n"));
}

static void prepared_statements(void)
{
        script_open(&script, CAP_MYSQL | CAP_DEPRECATE_EOF, 45);
        script_send(&script, SPAN("\x16SELECT ?, ?"));
        script_answer(&script, SPAN("\0\5\0\0\0\1\0\2\0\0\1\0"));
        script_answer_column(&script, "?", 253, 0, 63);
        script_answer_column(&script, "?", 253, 0, 63);
        script_answer_column(&script, "id", 3, 0, 63);
        CU_ASSERT_TRUE(
            has("  0+1 header\n  1+4 statement ID\n  5+2 number of columns\n  7+2 number of parameters\n"
                "  9+1 filler\n  10+2 warnings\n"));
        script_send(&script, SPAN("\x17\5\0\0\0\1\1\0\0\0\0\1\1\0\xfd\0\x2a\2xy"));
        script_answer(&script, SPAN("\1"));
        script_answer_column(&script, "number", 3, 0, 63);
        script_answer(&script, SPAN("\xfe\0\0\x42\0\0\0"));
        CU_ASSERT_TRUE(
            has("  0+1 command\n  1+4 statement ID\n  5+1 flags\n  6+4 iterations\n  10+1 NULL bitmap\n"
                "  11+1 types follow\n  12+2 type of parameter 1\n  14+2 type of parameter 2\n"
                "  16+1 parameter 1\n  17+1 length of parameter 2\n  18+2 parameter 2\n"));
        script_send(&script, SPAN("\x1c\5\0\0\0\2\0\0\0"));
        script_answer(&script, SPAN("\0\0\1\0\0\0"));
        script_answer(&script, SPAN("\0\4"));
        script_answer(&script, SPAN("\xfe\0\0\x80\0\0\0"));
        CU_ASSERT_TRUE(has("  0+1 command\n  1+4 statement ID\n  5+4 rows\n"));
        CU_ASSERT_TRUE(has("  0+1 header\n  1+1 NULL bitmap\n  2+4 value 1 (number)\n"));
        CU_ASSERT_TRUE(has("length 2 row: 00 04\n  0+1 header\n  1+1 NULL bitmap\n"));
        /* types of the last execution, and a parameter that came as long data */
        script_send(&script, SPAN("\x18\5\0\0\0\0\0long"));
        CU_ASSERT_TRUE(has("  1+4 statement ID\n  5+2 parameter's number, from 0\n  7+4 data\n"));
        script_send(&script, SPAN("\x17\5\0\0\0\0\1\0\0\0\0\0\3end"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(has("  11+1 types follow\n  12+1 length of parameter 2\n  13+3 parameter 2\n"));
        script_send(&script, SPAN("\x19\5\0\0\0"));
        CU_ASSERT_TRUE(has("COM_STMT_CLOSE: 19 05 00 00 00\n  0+1 command\n  1+4 statement ID\n"));
}

static void attributes(void)
{
        script_open(&script, CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45);
        script_send(&script, SPAN("\3\1\1\0\1\xfe\0\1n\1vSELECT"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(
            has("  0+1 command\n  1+1 number of attributes\n  2+1 sets of attributes\n  3+1 NULL bitmap\n"
                "  4+1 types follow\n  5+2 type of parameter 1\n  7+1 length of name of parameter 1\n"
                "  8+1 name of parameter 1\n  9+1 length of parameter 1 (n)\n  10+1 parameter 1 (n)\n"
                "  11+6 statement\n"));
        script_send(&script, SPAN("\3\0\1SELECT"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(has("  1+1 number of attributes\n  2+1 sets of attributes\n  3+6 statement\n"));
        script_prepare(&script, 1, "DO ?", 1);
        script_send(&script, SPAN("\x17\1\0\0\0\x08\1\0\0\0\2\0\1\1\0\0\xfe\0\1n\7\1v"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(
            has("  10+1 number of parameters\n  11+1 NULL bitmap\n  12+1 types follow\n"
                "  13+2 type of parameter 1\n  15+1 length of name of parameter 1\n"
                "  16+2 type of parameter 2\n  18+1 length of name of parameter 2\n"
                "  19+1 name of parameter 2\n  20+1 parameter 1\n  21+1 length of parameter 2 (n)\n"
                "  22+1 parameter 2 (n)\n"));
}

static void mariadb_only(void)
{
        script_open(&script, CAP_MARIADB_BULK | CAP_MARIADB_PROGRESS, 45);
        script_prepare(&script, 1, "INSERT ?", 1);
        script_send(&script, SPAN("\xfa\1\0\0\0\x80\0\3\0\0\7\0\0\0\1\2"));
        script_answer(&script, SPAN("\xff\xff\xff\1\1\2\x10\x27\0\4work"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(
            has("  0+1 command\n  1+4 statement ID\n  5+2 flags\n  7+2 type of parameter 1\n"
                "  9+1 indicator of parameter 1\n  10+4 parameter 1\n  14+1 indicator of parameter 1\n"
                "  15+1 indicator of parameter 1\n"));
        CU_ASSERT_TRUE(
            has("  0+1 header\n  1+2 error number\n  3+1 number of texts\n  4+1 stage\n  5+1 stages\n"
                "  6+3 progress in 1/1000 %\n  9+1 length of stage's name\n  10+4 stage's name\n"));
        /* "the statement that was prepared last" */
        script_send(&script, SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0\0\1\1\0\x2a"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(has("  14+1 parameter 1\n"));
}

static void files_and_streams(void)
{
        script_open(&script, CAP_MYSQL | CAP_LOCAL_FILES, 45);
        script_send(&script, SPAN("\3LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
        script_answer(&script, SPAN("\xfb"
                                    "f"));
        script_go_on(&script, SPAN("1,2\n"));
        script_go_on(&script, SPAN(""));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(has("LOCAL INFILE request: fb 66\n  0+1 header\n  1+1 file\n"));
        CU_ASSERT_TRUE(has("  0+4 data of the file\n"));
        script_send(&script, SPAN("\4t\0%"));
        script_answer_eof(&script);
        CU_ASSERT_TRUE(has("  0+1 command\n  1+2 table\n  3+1 pattern of columns\n"));
        script_send(&script, SPAN("\x0ftime"));
        script_answer_ok(&script);
        CU_ASSERT_TRUE(has("  0+1 command\n  1+4 argument\n"));
        script_send(&script, SPAN("\x09"));
        script_answer(&script, SPAN("Uptime: 1"));
        CU_ASSERT_TRUE(has("  0+9 text\n"));
        script_send(&script, SPAN("\x12\4\0\0\0\0\0\1\0\0\0bin.1"));
        script_answer(&script, SPAN("\0\x10\0\0\0\4\1\0\0\0\x15\0\0\0\x20\0\0\0\1\0xy"));
        script_answer(&script, SPAN("\0\xef\1\x10\0\0\0\4\1\0\0\0\x15\0\0\0\x20\0\0\0\1\0xy"));
        CU_ASSERT_TRUE(has("  0+1 command\n  1+4 position\n  5+2 flags\n  7+4 server ID\n  11+5 file\n"));
        CU_ASSERT_TRUE(has("  0+1 header\n  1+4 time of the event\n  5+1 type of event\n  6+4 server ID\n"
                           "  10+4 size of the event\n  14+4 position behind the event\n  18+2 flags\n"
                           "  20+2 content of the event\n"));
        CU_ASSERT_TRUE(
            has("  0+1 header\n  1+1 mark of semi-synchronous replication\n  2+1 acknowledgement wanted\n"
                "  3+4 time of the event\n"));
}

/* --- packets that are never recorded, or seldom ------------------------------------------------------------------------------ */

static void put_field(void *arg, const struct field *field)
{
        (void)fprintf(arg, "%zu+%zu %s%s%s|", field->at, field->len, field->is_length ? "length of " : "",
                      field->name, field->is_cut ? " CUT" : "");
}

/** The fields of a packet. The text is valid until the next call. */
static const char *fields_in(struct annotate *a, const struct packet *p)
{
        static char text[4096];
        text[0] = '\0';
        FILE *out = fmemopen(text, sizeof text, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        annotate_packet(a, p, put_field, out);
        (void)fclose(out);
        return text;
}

/** The same of one packet, without a session. */
static const char *of_packet(struct packet p)
{
        struct annotate *a = annotate_new(NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        p.length = p.length > 0 ? p.length : (uint32_t)p.head.len;
        const char *text = fields_in(a, &p);
        annotate_free(a);
        return text;
}

static void without_a_session(void)
{
        struct packet p = {.from = SIDE_SERVER, .kind = PACKET_AUTH_SWITCH, .head = SPAN("\xfeplug\0data")};
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 header|1+5 authentication plugin|6+4 data of the plugin|");
        p.kind = PACKET_BINARY_ROW;
        p.head = SPAN("\0\0\1\2");
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 header|1+3 values whose columns are not known|");
        p = (struct packet){.kind = packet_kind_of(COM_STMT_EXECUTE),
                            .head = SPAN("\x17\1\0\0\0\0\1\0\0\0x")};
        CU_ASSERT_STRING_EQUAL(of_packet(p),
                               "0+1 command|1+4 statement ID|5+6 parameters of an unknown statement|");
        p.kind = packet_kind_of(COM_REGISTER_SLAVE);
        p.head = SPAN("\x15\1\0\0\0\1h\1u\1p\1\0\1\0\0\0\1\0\0\0");
        CU_ASSERT_STRING_EQUAL(of_packet(p),
                               "0+1 command|1+4 server ID|5+1 length of host|6+1 host|7+1 length of user|"
                               "8+1 user|9+1 length of password|10+1 password|11+2 port|13+4 rank|"
                               "17+4 server ID of the source|");
        p.kind = packet_kind_of(COM_BINLOG_DUMP_GTID);
        p.head = SPAN("\x1e\0\0\1\0\0\0\1\0\0\0f\4\0\0\0\0\0\0\0\2\0\0\0gg");
        CU_ASSERT_STRING_EQUAL(of_packet(p),
                               "0+1 command|1+2 flags|3+4 server ID|7+4 length of file|11+1 file|"
                               "12+8 position|20+4 length of set of GTIDs|24+2 set of GTIDs|");
        p.kind = PACKET_SSL_REQUEST;
        p.head = SPAN("\0\x0a\0\0\0\0\0\1\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        CU_ASSERT_STRING_EQUAL(of_packet(p),
                               "0+4 capabilities|4+4 largest packet|8+1 collation|9+19 reserved|"
                               "28+4 capabilities of MariaDB|");
}

/** Each kind by itself, the rare ones, too. */
static void kinds(void)
{
        const struct {
                enum packet_kind kind;
                struct span head;
                const char *fields;
        } cases[] = {
            {packet_kind_of(COM_REFRESH), SPAN("\x07\4"), "0+1 command|1+1 what is refreshed|"},
            {packet_kind_of(COM_SHUTDOWN), SPAN("\x08\x10"), "0+1 command|1+1 level|"},
            {packet_kind_of(COM_CHANGE_USER), SPAN("\x11"), "0+1 command|"}, /* no more of it is recorded */
            {PACKET_UNKNOWN, SPAN("xyz"), "0+3 bytes that were not understood|"},
            {PACKET_PART, SPAN("xyz"), "0+3 part of a longer payload|"},
            {PACKET_CUT_OFF, SPAN("xyz"), "0+3 part of a packet|"},
            {PACKET_AUTH_MORE_DATA, SPAN("\1ab"), "0+1 header|1+2 data of the plugin|"},
            {PACKET_PLUGIN_DATA, SPAN("ab"), "0+2 data of the plugin|"},
            {PACKET_REPLICATION_ACK, SPAN("\xef\1\0\0\0\0\0\0\0bin.1"),
             "0+1 mark of semi-synchronous replication|1+8 position|9+5 file|"},
            {PACKET_WITHIN_STREAM, SPAN("ab"), "0+2 packet within a stream|"},
            {PACKET_LOCAL_INFILE_END, SPAN(""), ""},
            /* an event of 21 bytes whose time begins with the byte of the mark, and one of another size */
            {PACKET_EVENT, SPAN("\0\xef\0\0\0\4\1\0\0\0\x15\0\0\0\x20\0\0\0\1\0xy"),
             "0+1 header|1+4 time of the event|5+1 type of event|6+4 server ID|10+4 size of the event|"
             "14+4 position behind the event|18+2 flags|20+2 content of the event|"},
            {PACKET_EVENT, SPAN("\0\xef\0"),
             "0+1 header|1+1 mark of semi-synchronous replication|2+1 acknowledgement wanted|"},
            {PACKET_COLUMN_DEFINITION, SPAN("\3def\0\0\0\1a\0\x0c\x3f\0\1\0\0\0\xfd\0\0\0\0\0\2xy"),
             "0+1 length of catalog|1+3 catalog|4+1 length of schema|5+1 length of table|"
             "6+1 length of original table|7+1 length of name|8+1 name|9+1 length of original name|"
             "10+1 length of the fixed fields|11+2 collation|13+4 width|17+1 type|18+2 flags|20+1 decimals|"
             "21+2 filler|23+1 length of default value|24+2 default value|"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct packet p = {.from = SIDE_SERVER, .kind = cases[i].kind, .head = cases[i].head};
                const char *fields = of_packet(p);
                if (strcmp(fields, cases[i].fields) != 0) {
                        printf("# %s: %s\n", packet_kind_name(cases[i].kind), fields);
                }
                CU_ASSERT_STRING_EQUAL(fields, cases[i].fields);
        }
}

/** A packet of which a part is recorded: its last field says so. */
static void cut_packets(void)
{
        struct packet p = {.from = SIDE_SERVER, .kind = PACKET_ERR, .length = 30, .head = SPAN("\xff\x15")};
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 header|1+1 error number CUT|");
        p = (struct packet){.from = SIDE_SERVER, .kind = PACKET_ROW, .length = 30, .head = SPAN("\x09 abc")};
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 length of value|1+4 value CUT|");
        p = (struct packet){
            .from = SIDE_SERVER, .kind = PACKET_COLUMN_DEFINITION, .length = 30, .head = SPAN("\3de")};
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 length of catalog|1+2 catalog CUT|");
        p = (struct packet){.kind = packet_kind_of(COM_QUERY), .length = 30, .head = SPAN("\3SEL")};
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 command|1+3 statement|");
}

static void put_label(void *arg, const struct field *field)
{
        struct span *last = arg;
        *last = field->label.len > 0 ? span_of("labelled", 8) : (struct span){NULL, 0};
}

/** Rows whose header was not recorded must not get the columns of another result. */
static void missing_packets(void)
{
        const struct {
                enum packet_kind kind;
                uint8_t seq;
                struct span head;
                bool is_labelled;
        } packets[] = {
            {PACKET_COLUMN_COUNT, 1, SPAN("\1"), false},
            {PACKET_COLUMN_DEFINITION, 2, SPAN("\0\0\0\0\3abc\0\x0c\x3f\0\0\0\0\0\3\0\0\0\0\0"), false},
            {PACKET_ROW, 3, SPAN("\1x"), true},
            {PACKET_ROW, 4, SPAN("\1y"), true},
            {PACKET_ROW, 9, SPAN("\1z"), false},
        };
        struct annotate *a = annotate_new(NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
                struct packet p = {.from = SIDE_SERVER,
                                   .kind = packets[i].kind,
                                   .head = packets[i].head,
                                   .seq = packets[i].seq,
                                   .length = (uint32_t)packets[i].head.len};
                struct span last = {NULL, 0};
                annotate_packet(a, &p, put_label, &last);
                CU_ASSERT_EQUAL(last.len > 0, packets[i].is_labelled);
        }
        annotate_free(a);
}

/* --- packets one after the other ------------------------------------------------------------------------------------- */

static const char *next_of(struct annotate *a, enum side from, enum packet_kind kind, struct span head)
{
        const struct packet p = {.from = from, .kind = kind, .head = head, .length = (uint32_t)head.len};
        return fields_in(a, &p);
}

static const char *next_command(struct annotate *a, struct span head)
{
        return next_of(a, SIDE_CLIENT, packet_kind_of(head.data[0]), head);
}

#define TAKE(a, from, kind, head) (void)next_of(a, from, kind, head)

static struct annotate *begin(void)
{
        struct annotate *a = annotate_new(NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        return a;
}

static const char definition[] = "\0\0\0\0\3abc\0\x0c\x3f\0\0\0\0\0\3\0\0\0\0\0";
#define DEFINITION span_of(definition, sizeof definition - 1)
#define EXECUTION  SPAN("\x17\1\0\0\0\0\1\0\0\0")
#define BINARY_ROW SPAN("\0\0\1\0\0\0")

/** Prepare statement 1, which has no parameters and one column. */
static void prepare(struct annotate *a)
{
        (void)next_command(a, SPAN("\x16SELECT 1"));
        TAKE(a, SIDE_SERVER, PACKET_PREPARED, SPAN("\0\1\0\0\0\1\0\0\0\0\0\0"));
        TAKE(a, SIDE_SERVER, PACKET_COLUMN_DEFINITION, DEFINITION);
}

/** The packets of a payload of 16 MiB and more: of those behind the first, nothing is read. */
static void long_payloads(void)
{
        struct annotate *a = begin();
        struct packet p = {
            .from = SIDE_CLIENT, .kind = PACKET_PART, .head = SPAN("\3SELE"), .length = 0xffffff};
        annotate_packet(a, &p, NULL, NULL);
        CU_ASSERT_STRING_EQUAL(next_of(a, SIDE_SERVER, PACKET_OK, SPAN("\0\0\0\2\0\0\0")),
                               "0+1 header|1+1 affected rows|2+1 last insert ID|3+2 status|5+2 warnings|");
        p.head = SPAN("CT 1");
        annotate_packet(a, &p, NULL, NULL);
        CU_ASSERT_STRING_EQUAL(next_command(a, SPAN("\3 + 1")), "0+5 rest of a longer payload|");
        CU_ASSERT_STRING_EQUAL(next_command(a, SPAN("\3SELECT")), "0+1 command|1+6 statement|");
        annotate_free(a);
}

/** Statements whose commands are not awaited: the columns of a row are only known as long as one command is in flight, or several
 *  of one statement are. */
static void pipelines(void)
{
        const struct {
                struct span first;
                struct span second;
                const char *row;
        } cases[] = {
            {EXECUTION, SPAN("\x1c\1\0\0\0\1\0\0\0"), "0+1 header|1+1 NULL bitmap|2+4 value|"},
            {EXECUTION, SPAN("\x19\1\0\0\0"), "0+1 header|1+1 NULL bitmap|2+4 value|"},
            {EXECUTION, SPAN("\x17\2\0\0\0\0\1\0\0\0"), "0+1 header|1+5 values whose columns are not known|"},
            {EXECUTION, SPAN("\3SELECT"), "0+1 header|1+5 values whose columns are not known|"},
            {SPAN("\3SELECT"), EXECUTION, "0+1 header|1+5 values whose columns are not known|"},
            {EXECUTION, SPAN("\x17\1"), "0+1 header|1+5 values whose columns are not known|"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct annotate *a = begin();
                prepare(a);
                (void)next_command(a, cases[i].first);
                (void)next_command(a, cases[i].second);
                TAKE(a, SIDE_SERVER, PACKET_COLUMN_COUNT, SPAN("")); /* the definitions were not recorded */
                CU_ASSERT_STRING_EQUAL(next_of(a, SIDE_SERVER, PACKET_BINARY_ROW, BINARY_ROW), cases[i].row);
                annotate_free(a);
        }
}

/** "The statement that was prepared last", before its reply has come. */
static void prepared_last(void)
{
        struct annotate *a = begin();
        const struct span last = SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0");
        prepare(a);
        CU_ASSERT_STRING_EQUAL(next_command(a, last),
                               "0+1 command|1+4 statement ID|5+1 flags|6+4 iterations|");
        (void)next_command(a, SPAN("\x16SELECT ?"));
        CU_ASSERT_STRING_EQUAL(next_command(a, last),
                               "0+1 command|1+4 statement ID|5+5 parameters of an unknown statement|");
        annotate_free(a);
}

/** A parameter that came as long data is not in the execution, unless COM_STMT_RESET drops it. */
static void long_data(void)
{
        const struct span data = SPAN("\x18\1\0\0\0\0\0long");
        const struct span first = SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0");
        const struct span again = SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\1x");
        struct annotate *a = begin();
        CU_ASSERT_STRING_EQUAL(next_command(a, data),
                               "0+1 command|1+4 statement ID|5+2 parameter's number, from 0|7+4 data|");
        CU_ASSERT_STRING_EQUAL(next_command(a, SPAN("\x1a\1\0\0\0")), "0+1 command|1+4 statement ID|");
        (void)next_command(a, SPAN("\x16SELECT ?"));
        TAKE(a, SIDE_SERVER, PACKET_PREPARED, SPAN("\0\1\0\0\0\0\0\1\0\0\0\0"));
        (void)next_command(a, span_head(data, 6)); /* of which a part was recorded */
        (void)next_command(a, data);
        CU_ASSERT_STRING_EQUAL(next_command(a, first),
                               "0+1 command|1+4 statement ID|5+1 flags|6+4 iterations|10+1 NULL bitmap|"
                               "11+1 types follow|12+2 type of parameter|");
        (void)next_command(a, data);
        (void)next_command(a, SPAN("\x1a\1\0\0\0"));
        CU_ASSERT_STRING_EQUAL(next_command(a, again),
                               "0+1 command|1+4 statement ID|5+1 flags|6+4 iterations|10+1 NULL bitmap|"
                               "11+1 types follow|12+1 length of parameter|13+1 parameter|");
        annotate_free(a);
}

/** A column count that was recorded in part, and definitions that the server leaves out. */
static void without_definitions(void)
{
        struct annotate *a = begin();
        struct packet p = {
            .from = SIDE_SERVER, .kind = PACKET_COLUMN_COUNT, .head = SPAN("\xfc\1"), .length = 3};
        annotate_packet(a, &p, NULL, NULL);
        TAKE(a, SIDE_SERVER, PACKET_COLUMN_DEFINITION, DEFINITION);
        CU_ASSERT_STRING_EQUAL(next_of(a, SIDE_SERVER, PACKET_BINARY_ROW, BINARY_ROW),
                               "0+1 header|1+5 values whose columns are not known|");
        annotate_free(a);
        a = begin();
        p = (struct packet){.from = SIDE_SERVER,
                            .kind = PACKET_PREPARED,
                            .agreed = capability_pack(CAP_OPTIONAL_METADATA),
                            .head = SPAN("\0\1\0\0\0\1\0\0\0\0\0\0\0"),
                            .length = 13};
        struct packet row = {.from = SIDE_SERVER, .kind = PACKET_BINARY_ROW, .head = BINARY_ROW, .length = 6};
        struct span label = {NULL, 0};
        (void)next_command(a, SPAN("\x16SELECT 1"));
        annotate_packet(a, &p, NULL, NULL);
        TAKE(a, SIDE_SERVER, PACKET_COLUMN_DEFINITION, DEFINITION); /* of something else */
        (void)next_command(a, EXECUTION);
        TAKE(a, SIDE_SERVER, PACKET_COLUMN_COUNT, SPAN(""));
        annotate_packet(a, &row, put_label, &label);
        CU_ASSERT_EQUAL(label.len, 0);
        annotate_free(a);
}

/** Attributes in front of a statement of which a part was recorded. */
static void cut_attributes(void)
{
        struct packet p = {.from = SIDE_CLIENT,
                           .kind = packet_kind_of(COM_QUERY),
                           .agreed = capability_pack(CAP_QUERY_ATTRIBUTES),
                           .length = 30,
                           .head = SPAN("\3\1\1\0\1\xfe")};
        CU_ASSERT_PTR_NOT_NULL(strstr(of_packet(p), " CUT|"));
        p.head = SPAN("\3\1");
        CU_ASSERT_STRING_EQUAL(of_packet(p), "0+1 command|1+1 number of attributes|");
}

/** Statements of the session whose packets were recorded: of some nothing was executed. */
static void of_a_live_session(void)
{
        struct dissect_pool pool = {.n = 0};
        const struct dissect_settings settings = {.pool = &pool, .held_bytes = 1 << 20};
        struct dissect *live = dissect_new(&settings, (struct dissect_sink){.arg = NULL});
        CU_ASSERT_PTR_NOT_NULL_FATAL(live);
        struct statement *st = statements_add(&live->statements, 1, SPAN("SELECT ?"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(st);
        st->n_params = 1;
        struct annotate *a = annotate_new(live);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        CU_ASSERT_PTR_NOT_NULL(strstr(next_command(a, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\1x")),
                                      "parameters whose types are not known|"));
        annotate_free(a);
        uint16_t *types = statement_types(&live->statements, st, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(types);
        types[0] = 0xfd;
        a = annotate_new(live);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        CU_ASSERT_PTR_NOT_NULL(strstr(next_command(a, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\1x")),
                                      "|11+1 types follow|12+1 length of parameter|13+1 parameter|"));
        annotate_free(a);
        dissect_free(live);
        dissect_pool_drain(&pool);
}

static const struct tap_test tests[] = {
    {"every byte of recorded sessions", tapes},
    {"the same, cut anywhere", tapes_cut_anywhere},
    {"greeting, OK and ERR", greeting_and_endings},
    {"a result in text form", result_in_text_form},
    {"prepared statements", prepared_statements},
    {"attributes", attributes},
    {"packets of MariaDB alone", mariadb_only},
    {"files and streams", files_and_streams},
    {"packets without a session", without_a_session},
    {"packets that are cut", cut_packets},
    {"rows whose header is missing", missing_packets},
    {"kinds of packets", kinds},
    {"payloads of several packets", long_payloads},
    {"commands that are not awaited", pipelines},
    {"the statement that was prepared last", prepared_last},
    {"long data", long_data},
    {"results without definitions", without_definitions},
    {"attributes that are cut", cut_attributes},
    {"statements of a live session", of_a_live_session},
};

int main(void)
{
        return TAP_RUN("annotate", tests);
}
