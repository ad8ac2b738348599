/* tail --group: lines of a stream, in parts of any size, become groups. */
#include "cli/grouper.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct grouper *g;
static FILE *out;
static char *text;
static size_t text_len;
static uint64_t now_ms;
static size_t part; /* bytes of each part of the stream; 0 = all at once */

static void begin(enum group_by by)
{
        out = open_memstream(&text, &text_len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        g = grouper_new(by, false, out);
        CU_ASSERT_PTR_NOT_NULL_FATAL(g);
        now_ms = 1000;
}

static void end(void)
{
        grouper_free(g);
        (void)fclose(out);
        free(text);
}

/** What was printed so far. */
static const char *printed(void)
{
        (void)fflush(out);
        return text;
}

/** A record from @p begin_us on, of a millisecond. The event begins behind five bytes of time and session. */
static void send_event(const char *event, unsigned conn, unsigned trx, const char *scope, unsigned begin_us,
                       const char *body)
{
        static char line[64 * 1024];
        int head = snprintf(line, sizeof line, "@%-10zu %-10d %s %u %u %u %u %s\n", strlen(body) + 6, 5,
                            event, conn, trx, begin_us, begin_us + 1000, scope);
        int n = head + snprintf(line + head, sizeof line - (size_t)head, "t #%u %s\n", conn, body);
        size_t step = part > 0 ? part : (size_t)n;
        for (size_t at = 0; at < (size_t)n; at += step) {
                size_t len = (size_t)n - at < step ? (size_t)n - at : step;
                grouper_feed(g, line + at, len, now_ms);
        }
        now_ms++;
}

static void statement(unsigned conn, unsigned trx, unsigned begin_us, const char *body)
{
        send_event("query", conn, trx, "-", begin_us, body);
}

static void interleaved(void)
{
        for (part = 0; part < 8; part++) {
                begin(GROUP_BY_TRANSACTION);
                statement(1, 1, 1000, "BEGIN");
                statement(2, 7, 1500, "begin");
                statement(3, 0, 1600, "SELECT 1");
                statement(1, 1, 4500, "UPDATE");
                statement(2, 7, 5000, "commit");
                statement(2, 0, 9000, "select 2");
                statement(1, 1, 15000, "COMMIT");
                send_event("transaction", 1, 1, "-", 1000, "commit after 15 ms");
                send_event("disconnect", 1, 0, "-", 16000, "bye");
                CU_ASSERT_STRING_EQUAL(printed(), "t #3 SELECT 1\n"
                                                  "t #2 transaction 7: 2 statements in 4.500 ms, busy 2.000 "
                                                  "ms, idle 2.500 ms\n"
                                                  "                begin\n"
                                                  "  +    2.500 ms  commit\n"
                                                  "t #2 select 2\n"
                                                  "t #1 commit after 15 ms\n"
                                                  "                BEGIN\n"
                                                  "  +    2.500 ms  UPDATE\n"
                                                  "  +    9.500 ms  COMMIT\n"
                                                  "t #1 bye\n");
                end();
        }
        part = 0;
}

static void ends(void)
{
        begin(GROUP_BY_TRANSACTION);
        statement(1, 1, 1000, "BEGIN");
        statement(1, 2, 3000, "BEGIN"); /* right behind it */
        statement(2, 1, 3000, "BEGIN");
        send_event("disconnect", 1, 2, "-", 4000, "bye");
        CU_ASSERT_STRING_EQUAL(printed(),
                               "t #1 transaction 1: 1 statement in 1.000 ms, busy 1.000 ms, idle 0.000 ms\n"
                               "                BEGIN\n"
                               "t #1 transaction 2: 1 statement in 1.000 ms, busy 1.000 ms, idle 0.000 ms\n"
                               "                BEGIN\n"
                               "t #1 bye\n");
        grouper_finish(g);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "t #2 transaction 1: 1 statement in 1.000 ms, busy 1.000 "
                                                 "ms, idle 0.000 ms  (no end was seen)\n"));
        end();
}

static void waiting(void)
{
        begin(GROUP_BY_TRANSACTION);
        statement(1, 1, 1000, "BEGIN");
        now_ms += GROUP_WAIT_MS - 2;
        grouper_tick(g, now_ms);
        CU_ASSERT_STRING_EQUAL(printed(), "");
        now_ms++;
        grouper_tick(g, now_ms);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "(no end was seen)"));
        statement(1, 1, 4000000, "COMMIT");
        statement(1, 0, 4002000, "SELECT");
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "t #1 transaction 1 (continued): 1 statement in"));
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "\n  + 3998.000 ms  COMMIT\n")); /* since the part before */
        end();
}

static void scopes(void)
{
        begin(GROUP_BY_SCOPE);
        send_event("query", 1, 0, "6361727431", 1000, "SELECT 1"); /* cart1 */
        send_event("query", 2, 5, "6361727432", 1000, "SELECT 2");
        send_event("query", 3, 0, "6361727431", 12001000, "SELECT 3");
        send_event("query", 3, 0, "-", 20000, "SELECT 4");
        send_event("scope", 0, 0, "6361727432", 30000, "cart2: idle");
        CU_ASSERT_STRING_EQUAL(printed(), "t #3 SELECT 4\nt #0 cart2: idle\n                SELECT 2\n");
        grouper_finish(g);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(printed(), "t #1 scope cart1: 2 statements in 12001.000 ms, busy 2.000 ms, idle 11999.000 "
                              "ms\n                SELECT 1\n  +    12.00 s   SELECT 3\n"));
        end();
        begin(GROUP_BY_SCOPE);
        send_event("query", 1, 0, "611b5b6dff", 1000, "SELECT 1"); /* what a terminal must not get */
        grouper_finish(g);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "scope a?[m?: 1 statement"));
        end();
}

static void bounds(void)
{
        begin(GROUP_BY_TRANSACTION);
        for (unsigned i = 0; i < GROUP_LINES_MAX + 7; i++) {
                statement(1, 1, 1000 * i, "SELECT");
        }
        grouper_finish(g);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "    … 7 more statements\n"));
        end();
        begin(GROUP_BY_TRANSACTION);
        for (unsigned i = 0; i <= GROUPS_MAX; i++) {
                statement(i + 1, 1, 1000, "SELECT");
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "t #1 transaction 1: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "(too many at once: it may go on)"));
        CU_ASSERT_PTR_NULL(strstr(printed(), "t #2 "));
        end();
        begin(GROUP_BY_TRANSACTION); /* a long line: cut in a group, whole elsewhere */
        char *body = malloc(40001);
        CU_ASSERT_PTR_NOT_NULL_FATAL(body);
        memset(body, 'x', 40000);
        body[40000] = '\0';
        statement(1, 0, 1000, body);
        CU_ASSERT_EQUAL(strlen(printed()), 40006);
        statement(1, 1, 2000, body);
        grouper_finish(g);
        CU_ASSERT_TRUE(strlen(printed()) < 40006 + 20000);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed(), "x…\n"));
        free(body);
        end();
}

/** Any bytes: what is no stream of records is passed on. */
static void other_bytes(void)
{
        begin(GROUP_BY_TRANSACTION);
        const char other[] = "12:00:00 SELECT 1\n@x\n@5 9 query 1 0 0 0 -\nabcd\n";
        grouper_feed(g, other, sizeof other - 1, now_ms);
        CU_ASSERT_STRING_EQUAL(printed(), "12:00:00 SELECT 1\n@x\nabcd\n");
        end();
        uint32_t x = 1;
        begin(GROUP_BY_SCOPE);
        for (unsigned i = 0; i < 20000; i++) {
                static const char bytes[] = "@0123456789 \nquery-ab\377";
                x = x * 1103515245 + 12345;
                grouper_feed(g, &bytes[(x >> 16) % (sizeof bytes - 1)], 1, now_ms++);
        }
        grouper_finish(g);
        end();
}

static const struct tap_test tests[] = {
    {"sessions that interleave", interleaved},
    {"ends", ends},
    {"groups that wait", waiting},
    {"scopes", scopes},
    {"bounds", bounds},
    {"other bytes", other_bytes},
};

int main(void)
{
        return TAP_RUN("grouper", tests);
}
