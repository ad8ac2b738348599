/* Property: the shortcuts of dissect/fastpath.h make the same records and show the same packets as the handlers of the phases,
 * for generated sessions with requests and replies of any kind and for the recorded ones. A dissector that gets its bytes one by one,
 * or shows each packet by itself, does not take them. */
#include "mysql/wire/lenenc.h"
#include "mysql/wire/lint.h"
#include "script.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>

static bool one_in(uint64_t n)
{
        return tap_random_below(n) == 0;
}

static struct script s;
static uint64_t odd; /* one packet in so many is not as it should be */

/* --- packets ------------------------------------------------------------------------------------------------------------- */

static void answer(struct writer *w)
{
        if (one_in(2 * odd)) {
                s.seq = (uint8_t)(s.seq + tap_random_below(3));
        }
        if (one_in(4 * odd) && w->at > 1) {
                w->at -= 1 + tap_random_below(w->at - 1);
        }
        if (one_in(4 * odd)) {
                writer_char(w, (char)tap_random_below(256));
        }
        script_answer(&s, writer_span(w));
}

static uint16_t any_status(void)
{
        static const uint16_t flags[] = {0x0001, 0x0008, 0x0010, 0x0020, 0x0040, 0x0080, 0x0100,
                                         0x0200, 0x0400, 0x0800, 0x1000, 0x2000, 0x4000};
        uint16_t status = 2;
        while (one_in(odd / 2 + 1)) {
                status |= flags[tap_random_below(sizeof flags / sizeof flags[0])];
        }
        return status;
}

static void answer_err(void)
{
        uint8_t room[64];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\xff');
        writer_uint(&w, one_in(2) ? 0xffff : 1064 + tap_random_below(3), 2);
        writer_text(&w, one_in(2) ? "#42000oh" : "\1\2\3abc\4done");
        answer(&w);
}

static void answer_ok(uint8_t first, uint16_t status)
{
        uint8_t room[64];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, first, 1);
        writer_uint(&w, tap_random_below(5), 1);
        writer_uint(&w, tap_random_below(5), 1);
        writer_uint(&w, status, 2);
        writer_uint(&w, tap_random_below(3), 2);
        if (one_in(odd)) {
                writer_text(&w, "\3inf");
        }
        answer(&w);
}

/** @return its status. */
static uint16_t answer_end(bool behind_rows)
{
        uint16_t status = any_status();
        if (!behind_rows && one_in(odd)) {
                status |= STATUS_PS_OUT_PARAMS | STATUS_MORE_RESULTS;
        }
        uint8_t room[64];
        struct writer w = writer_over(room, sizeof room);
        if ((behind_rows && (s.capabilities & CAP_DEPRECATE_EOF) != 0) != one_in(4 * odd)) {
                answer_ok(0xfe, status);
                return status;
        }
        writer_uint(&w, one_in(4 * odd) ? 0 : 0xfe, 1);
        writer_uint(&w, tap_random_below(3), 2);
        writer_uint(&w, status, 2);
        answer(&w);
        return status;
}

static void answer_definition(void)
{
        static const char *const names[] = {"id", "c", "name", "password", "pw", "Authentication_string"};
        static char long_name[300];
        uint8_t room[1024];
        struct writer w = writer_over(room, sizeof room);
        memset(long_name, 'n', sizeof long_name);
        const char *table = one_in(20) ? "global_priv" : "t";
        const char *const texts[] = {"def",
                                     one_in(20) ? "mysql" : "db",
                                     table,
                                     table,
                                     names[one_in(8) ? tap_random_below(6) : 0],
                                     names[0],
                                     "json"};
        size_t n = (s.capabilities & CAP_MARIADB_EXTENDED_META) != 0 ? 7 : 6;
        for (size_t i = 0; i < n; i++) {
                if (one_in(8 * odd)) {
                        writer_uint(&w, 0xfc, 1);
                        writer_uint(&w, sizeof long_name, 2);
                        writer_bytes(&w, long_name, sizeof long_name);
                } else {
                        writer_uint(&w, strlen(texts[i]), 1);
                        writer_text(&w, texts[i]);
                }
        }
        writer_uint(&w, one_in(4 * odd) ? 13 : 12, 1);
        writer_bytes(&w, "\x2d\0\xff\0\0\0\xfd\0\0\0\0\0", 12);
        answer(&w);
}

static void answer_row(void)
{
        static const uint8_t firsts[] = {0x00, 0x01, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
        uint8_t room[400];
        size_t len = 1 + tap_random_below(one_in(20) ? 399 : 40);
        memset(room, 'r', len);
        room[0] = one_in(4) ? firsts[tap_random_below(one_in(odd) ? 8 : 6)] : '\3';
        struct writer w = writer_over(room, sizeof room);
        w.at = one_in(8 * odd) ? 0 : len;
        answer(&w);
}

/* --- replies ------------------------------------------------------------------------------------------------------------- */

static void answer_rows(void)
{
        for (uint64_t n = tap_random_below(one_in(10) ? 80 : 6); n > 0; n--) {
                if (one_in(20 * odd)) {
                        answer_err();
                }
                answer_row();
        }
}

/** @return its status. */
static uint16_t answer_result(bool has_cursor)
{
        uint8_t room[16];
        struct writer w = writer_over(room, sizeof room);
        uint64_t columns = one_in(30) ? 250 + tap_random_below(3) : 1 + tap_random_below(4);
        bool told = (s.capabilities & (CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA)) != 0;
        bool without = told && one_in(6);
        if (columns > 250) {
                writer_uint(&w, 0xfc, 1);
        }
        writer_uint(&w, one_in(8 * odd) ? 0xfa + tap_random_below(6) : columns, columns > 250 ? 2 : 1);
        if (told != one_in(8 * odd)) {
                writer_uint(&w, without ? 0 : 1, 1);
        }
        answer(&w);
        for (uint64_t i = 0; i < columns && !without; i++) {
                answer_definition();
        }
        if ((s.capabilities & CAP_DEPRECATE_EOF) == 0) {
                uint16_t status = answer_end(false);
                if (has_cursor && (status & 0x0048) == 0x0040) {
                        return status;
                }
        }
        answer_rows();
        return answer_end(true);
}

static void answer_results(bool has_cursor)
{
        uint16_t status;
        do {
                if (one_in(30)) {
                        answer_err();
                        return;
                }
                if (one_in(3)) {
                        status = any_status();
                        answer_ok(0, status);
                } else {
                        status = answer_result(has_cursor);
                }
        } while ((status & STATUS_MORE_RESULTS) != 0);
}

static void answer_file(void)
{
        script_answer(&s, SPAN("\xfb/tmp/x"));
        for (uint64_t n = tap_random_below(3); n > 0; n--) {
                script_go_on(&s, SPAN("1,2\n"));
        }
        script_go_on(&s, SPAN(""));
        answer_ok(0, any_status());
}

/* --- commands ------------------------------------------------------------------------------------------------------------ */

enum kind {
        QUERY,
        SECRET,
        USE,
        SET,
        FILE_QUERY,
        EXECUTE,
        EXECUTE_LAST,
        EXECUTE_SHORT,
        CURSOR,
        FETCH,
        FIELDS,
        PING,
        PREPARE,
        PREPARE_SET,
        PREPARE_SECRET,
        CLOSE,
        RESET,
        KINDS
};

static void send_kind(enum kind kind)
{
        static const struct {
                const char *bytes;
                size_t len;
        } commands[KINDS] = {
            [QUERY] = {"\3SELECT 1", 9},
            [SECRET] = {"\3SET PASSWORD = 'x'", 19},
            [USE] = {"\3use other", 10},
            [SET] = {"\3SET NAMES latin1", 17},
            [FILE_QUERY] = {"\3LOAD DATA", 10},
            [EXECUTE] = {"\x17\1\0\0\0\0\1\0\0\0", 10},
            [EXECUTE_LAST] = {"\x17\xff\xff\xff\xff\0\1\0\0\0", 10},
            [EXECUTE_SHORT] = {"\x17\1\0\0\0\0\1\0\0", 9},
            [CURSOR] = {"\x17\1\0\0\0\1\1\0\0\0", 10},
            [FETCH] = {"\x1c\1\0\0\0\5\0\0\0", 9},
            [FIELDS] = {"\4t\0", 3},
            [PING] = {"\16", 1},
            [PREPARE] = {"\x16SELECT 1", 9},
            [PREPARE_SET] = {"\x16SET NAMES latin1", 17},
            [PREPARE_SECRET] = {"\x16SET PASSWORD = 'x'", 19},
            [CLOSE] = {"\x19\1\0\0\0", 5},
            [RESET] = {"\x1f", 1},
        };
        if (one_in(8 * odd)) {
                s.seq = (uint8_t)tap_random_below(3);
                script_go_on(&s, span_of(commands[kind].bytes, commands[kind].len));
        } else {
                script_send(&s, span_of(commands[kind].bytes, commands[kind].len));
        }
}

static void answer_kind(enum kind kind)
{
        s.seq = 1;
        switch (kind) {
        case CLOSE: break;
        case PING:
        case RESET:
                if (one_in(4 * odd)) {
                        script_answer(&s, SPAN("\1"));
                }
                answer_ok(0, any_status());
                break;
        case FILE_QUERY: answer_file(); break;
        case PREPARE:
        case PREPARE_SET:
        case PREPARE_SECRET:
                script_answer(&s, SPAN("\0\1\0\0\0\1\0\1\0\0\0\0"));
                for (unsigned i = 0; i < 2; i++) {
                        answer_definition();
                        if ((s.capabilities & CAP_DEPRECATE_EOF) == 0) {
                                (void)answer_end(false);
                        }
                }
                break;
        case FETCH:
                answer_rows();
                (void)answer_end(true);
                break;
        case FIELDS:
                for (uint64_t n = tap_random_below(4); n > 0; n--) {
                        answer_definition();
                }
                (void)answer_end(true);
                break;
        case QUERY:
        case SECRET:
        case USE:
        case SET:
        case EXECUTE:
        case EXECUTE_LAST:
        case EXECUTE_SHORT:
        case CURSOR:
        case KINDS: answer_results(kind == CURSOR); break;
        }
}

static void make_session(void)
{
        static const uint64_t choices[] = {CAP_MYSQL,
                                           CAP_DEPRECATE_EOF,
                                           CAP_DEPRECATE_EOF,
                                           CAP_SESSION_TRACK,
                                           CAP_OPTIONAL_METADATA,
                                           CAP_MARIADB_CACHE_METADATA,
                                           CAP_MARIADB_EXTENDED_META,
                                           CAP_MARIADB_PROGRESS,
                                           CAP_MULTI_RESULTS,
                                           CAP_PS_MULTI_RESULTS,
                                           CAP_LOCAL_FILES,
                                           CAP_COMPRESS};
        uint64_t capabilities = 0;
        for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
                capabilities |= one_in(i < 4 ? 2 : 3) ? choices[i] : 0;
        }
        if ((capabilities & CAP_MYSQL) != 0) {
                capabilities &= UINT32_MAX;
        }
        odd = one_in(3) ? 1000 : one_in(2) ? 40 : 8;
        script_open(&s, capabilities, 45);
        for (uint64_t n = 3 + tap_random_below(6); n > 0; n--) {
                enum kind kinds[3];
                uint64_t together = one_in(4) ? 1 + tap_random_below(3) : 1;
                for (uint64_t i = 0; i < together; i++) {
                        kinds[i] = (enum kind)(one_in(2) ? QUERY : tap_random_below(KINDS));
                        kinds[i] = together > 1 && kinds[i] == FILE_QUERY ? PING : kinds[i];
                        send_kind(kinds[i]);
                }
                for (uint64_t i = 0; i < together; i++) {
                        answer_kind(kinds[i]);
                }
        }
}

/* --- as it comes over the wire ------------------------------------------------------------------------------------------- */

static uint8_t wire[1 << 19];

static void put_piece(struct writer *w, uint8_t side, struct span bytes, uint8_t *frame)
{
        writer_uint(w, side, 1);
        if (frame != NULL) {
                writer_uint(w, bytes.len + 7, 4);
                writer_uint(w, bytes.len, 3);
                writer_uint(w, (*frame)++, 1);
                writer_uint(w, 0, 3);
        } else {
                writer_uint(w, bytes.len, 4);
        }
        writer_put(w, bytes);
}

/** Packets that follow each other come together: all of them, or mostly, and cut anywhere, seldom. */
static struct span send_over(bool all)
{
        static uint8_t gathered[sizeof s.bytes];
        struct writer out = writer_over(wire, sizeof wire);
        struct writer together = writer_over(gathered, sizeof gathered);
        struct reader r = reader_over(span_of(s.bytes, s.len));
        bool compresses = (s.capabilities & CAP_COMPRESS) != 0;
        uint8_t frame = 0;
        uint8_t before = 0;
        for (unsigned i = 0; reader_left(&r) > 0; i++) {
                uint8_t side = reader_u8(&r);
                struct span bytes = reader_take(&r, reader_u32(&r));
                bool is_login = i < 3;
                if (together.at > 0 && (side != before || (!all && one_in(10)))) {
                        put_piece(&out, before, writer_span(&together), compresses ? &frame : NULL);
                        together.at = 0;
                }
                if (is_login) {
                        put_piece(&out, side, bytes, NULL);
                        continue;
                }
                frame = side == 'C' && before == 'S' ? 0 : frame;
                before = side;
                size_t cut = !all && one_in(20) ? tap_random_below(bytes.len + 1) : 0;
                if (cut > 0) {
                        writer_put(&together, span_head(bytes, cut));
                        put_piece(&out, side, writer_span(&together), compresses ? &frame : NULL);
                        together.at = 0;
                }
                writer_put(&together, span_skip(bytes, cut));
        }
        put_piece(&out, before, writer_span(&together), compresses ? &frame : NULL);
        CU_ASSERT_FALSE(out.failed || together.failed || r.failed);
        return writer_span(&out);
}

/* --- both ways ----------------------------------------------------------------------------------------------------------- */

static char *play(struct span tape, struct tape_options options)
{
        options.without_gate = true;
        return tape_records(tape, &options);
}

static void expect_same(const char *what, char *one, char *other)
{
        if (strcmp(one, other) != 0) {
                size_t at = 0;
                while (one[at] == other[at]) {
                        at++;
                }
                at = at > 300 ? at - 300 : 0;
                CU_FAIL("the ways differ");
                printf("# %s\n# …%.600s\n# …%.600s\n", what, one + at, other + at);
        }
        free(one);
        free(other);
}

/** @return false: the session was not followed to its end. */
static bool expect_same_both_ways(struct span tape)
{
        char *whole = play(tape, (struct tape_options){.split = 0});
        bool is_followed = strstr(whole, "\"notice\"") == NULL;
        expect_same("at once, byte by byte", whole, play(tape, (struct tape_options){.split = 1}));
        expect_same("each packet, runs of packets",
                    play(tape, (struct tape_options){.packet_bytes = 64, .apart = true, .tick_ns = 5000}),
                    play(tape, (struct tape_options){.packet_bytes = 64, .runs = true, .tick_ns = 5000}));
        expect_same(
            "redacted packets, runs of them",
            play(tape, (struct tape_options){.packet_bytes = 64, .apart = true, .hide_packets = true}),
            play(tape, (struct tape_options){.packet_bytes = 64, .runs = true, .hide_packets = true}));
        expect_same(
            "with first rows",
            play(tape, (struct tape_options){.rows = 2, .packet_bytes = 500, .apart = true}),
            play(tape, (struct tape_options){.rows = 2, .packet_bytes = 500, .runs = true, .split = 37}));
        expect_same("with hashes of rows", play(tape, (struct tape_options){.hash_rows = 32}),
                    play(tape, (struct tape_options){.hash_rows = 32, .split = 7}));
        expect_same("commands are only counted", play(tape, (struct tape_options){.count_only = true}),
                    play(tape, (struct tape_options){.count_only = true, .split = 1}));
        return is_followed;
}

static void generated_sessions(void)
{
        unsigned lost = 0;
        for (unsigned round = 0; round < 3000; round++) {
                make_session();
                struct span tape = send_over(false);
                lost += expect_same_both_ways(tape) ? 0 : 1;
        }
        CU_ASSERT_TRUE(lost > 100 && lost < 2000);
        printf("# %u of 3000 sessions were not followed to their end\n", lost);
}

/** A result of @p columns columns and @p rows rows. */
static void answer_columns(uint64_t columns, unsigned rows)
{
        uint8_t count = (uint8_t)columns;
        script_send(&s, SPAN("\3SELECT *"));
        script_answer(&s, span_of(&count, 1));
        for (uint64_t i = 0; i < columns; i++) {
                script_answer_column(&s, "a_column", 0xfd, 0, 45);
        }
        if ((s.capabilities & CAP_DEPRECATE_EOF) == 0) {
                script_answer_eof(&s);
        }
        for (unsigned i = 0; i < rows; i++) {
                script_answer(&s, SPAN("\1x"));
        }
        script_answer_eof(&s);
}

/** Headers that were seen before, of more and of fewer packets than are shown at once. */
static void known_headers(void)
{
        odd = 1000;
        for (uint64_t columns = 1; columns <= 250; columns += columns < 60 ? 1 : 19) {
                script_open(&s, 0, 45);
                for (unsigned i = 0; i < 3; i++) {
                        answer_columns(columns, 1);
                }
                CU_ASSERT_TRUE(expect_same_both_ways(send_over(true)));
        }
}

/** Results whose headers were seen before: with no row, and with more rows than are shown at once. */
static void known_results(void)
{
        static const unsigned rows[] = {0, 1, 2, 40, 3000, 4000};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                for (unsigned deprecates_eof = 0; deprecates_eof < 2; deprecates_eof++) {
                        script_open(&s, deprecates_eof != 0 ? CAP_DEPRECATE_EOF : 0, 45);
                        for (unsigned n = 0; n < 3; n++) {
                                answer_columns(2, rows[i]);
                        }
                        CU_ASSERT_TRUE(expect_same_both_ways(send_over(true)));
                }
        }
}

static void recorded_sessions(void)
{
        static uint8_t bytes[1 << 16];
        char path[4096];
        const char *top = getenv("top_srcdir");
        unsigned n = 0;
        (void)snprintf(path, sizeof path, "%s/tests/data/tapes", top != NULL ? top : ".");
        DIR *folder = opendir(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
        for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
                if (strstr(entry->d_name, ".tape") == NULL) {
                        continue;
                }
                (void)snprintf(path, sizeof path, "%s/tests/data/tapes/%s", top != NULL ? top : ".",
                               entry->d_name);
                FILE *in = fopen(path, "rb");
                CU_ASSERT_PTR_NOT_NULL_FATAL(in);
                size_t len = fread(bytes, 1, sizeof bytes, in);
                (void)fclose(in);
                (void)expect_same_both_ways(span_of(bytes, len));
                n++;
        }
        (void)closedir(folder);
        CU_ASSERT_TRUE(n >= 7);
}

/* --- definitions --------------------------------------------------------------------------------------------------------- */

static bool is_right_definition(struct span body, uint64_t agreed)
{
        struct reader r = reader_over(body);
        for (unsigned i = 0; i < ((agreed & CAP_MARIADB_EXTENDED_META) != 0 ? 7 : 6); i++) {
                (void)lenenc_span(&r);
        }
        uint64_t fixed = lenenc_uint(&r);
        (void)reader_take(&r, fixed);
        return fixed >= 12 && reader_done(&r);
}

static void plain_definitions_are_right(void)
{
        unsigned plain = 0;
        unsigned right = 0;
        for (unsigned round = 0; round < 50000; round++) {
                uint8_t room[4096];
                struct writer w = writer_over(room, sizeof room);
                uint64_t texts = one_in(4) ? 5 + tap_random_below(4) : 6;
                uint64_t agreed = one_in(4) ? CAP_MARIADB_EXTENDED_META : 0;
                for (uint64_t i = 0; i < texts; i++) {
                        uint64_t len = one_in(20) ? 240 + tap_random_below(16) : tap_random_below(10);
                        writer_uint(&w, len, 1);
                        memset(room + w.at, 'x', len);
                        w.at += len;
                }
                uint64_t fixed = one_in(10) ? tap_random_below(20) : 12;
                writer_uint(&w, fixed, 1);
                memset(room + w.at, 0, fixed);
                w.at += one_in(20) ? tap_random_below(20) : fixed;
                uint8_t *own = malloc(w.at); /* a sanitizer sees a step too far */
                CU_ASSERT_PTR_NOT_NULL_FATAL(own);
                memcpy(own, room, w.at);
                struct lint lint = {.broken = 0};
                bool is_right = is_right_definition(span_of(own, w.at), agreed);
                bool is_plain = lint_is_plain_definition(span_of(own, w.at), agreed);
                lint_definition(&lint, span_of(own, w.at), agreed);
                CU_ASSERT_TRUE(is_right || !is_plain);
                CU_ASSERT_EQUAL(lint.broken == 0, is_right);
                plain += is_plain ? 1 : 0;
                right += is_right ? 1 : 0;
                free(own);
        }
        CU_ASSERT_TRUE(plain > 10000 && right > plain);
        CU_ASSERT_FALSE(lint_is_plain_definition(span_of(NULL, 0), 0));
}

static const struct tap_test tests[] = {
    {"plain definitions are right", plain_definitions_are_right},
    {"both ways make the same records of generated sessions", generated_sessions},
    {"both ways show the same packets of headers that were seen before", known_headers},
    {"both ways show the same packets of results behind such headers", known_results},
    {"both ways make the same records of recorded sessions", recorded_sessions},
};

int main(void)
{
        return TAP_RUN("fastpath", tests);
}
