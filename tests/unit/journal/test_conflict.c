/* Deadlocks and lock wait timeouts: which transactions and statements their record has, whatever the order in which records are read. */
#include "base/clock.h"
#include "journal/conflict.h"
#include "journal/format/format.h"
#include "journal/port.h"
#include "json_check.h"
#include "mysql/wire/command.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

enum { MS = 1000000, IN_TRANS = 1, AUTOCOMMIT = 2, CONN_MAX = 400 };

static struct settings settings;
static struct recent recent;
static struct n_plus_one *n_plus_one;
static struct journal_port port;
static struct journal_port *ports[] = {&port};
static struct conflicts conflicts;
static uint64_t seq[CONN_MAX];
static bool has_places; /* sessions are known to the journal */

static void begin(size_t recent_bytes)
{
        settings.log.conflict_statements = 4;
        settings.log.conflict_transactions = 4;
        settings.log.conflict_bytes = 65536;
        memset(seq, 0, sizeof seq);
        has_places = true;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, recent_bytes), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(n_plus_one_new(5, &n_plus_one), STATUS_OK);
        CU_ASSERT_TRUE_FATAL(sessions_init(&port.sessions, n_plus_one, &recent, false));
        conflicts_init(&conflicts, &settings, &recent, ports, 1);
}

static void finish(void)
{
        conflicts_fini(&conflicts);
        sessions_fini(&port.sessions);
        n_plus_one_free(n_plus_one);
        recent_fini(&recent);
}

/* A statement that a session executes from one time to another. */
struct step {
        uint64_t conn;
        uint64_t trx;     /* 0 = none */
        const char *text; /* NULL = COM_QUIT */
        uint64_t from_ms;
        uint64_t to_ms;
        uint64_t flags;
        uint64_t errnum; /* 0 = it succeeded */
};

/** The journal thread reads the record of @p s. @return what conflicts_see does. */
static const struct record *take(struct step s)
{
        struct record r;
        struct session *session;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.mono_ns = s.from_ms * MS;
        r.wall_ns = s.from_ms * MS;
        r.session_place = has_places ? (uint32_t)s.conn : 0;
        record_set_uint(&r, FIELD_CONN_ID, s.conn);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, ++seq[s.conn]);
        record_set_uint(&r, FIELD_COMMAND_ID, s.text != NULL ? COM_QUERY : COM_QUIT);
        record_set_text(&r, FIELD_COMMAND, span_str(s.text != NULL ? "COM_QUERY" : "COM_QUIT"));
        if (s.text != NULL) {
                record_set_text(&r, FIELD_QUERY, span_str(s.text));
        }
        record_set_uint(&r, FIELD_DURATION_US, (s.to_ms - s.from_ms) * 1000);
        record_set_text(&r, FIELD_USERNAME, span_str("app"));
        record_set_text(&r, FIELD_DATABASE, span_str("shop"));
        if (s.trx != 0) {
                record_set_uint(&r, FIELD_TRX_ID, s.trx);
        }
        if (s.errnum != 0) {
                record_set_uint(&r, FIELD_ERRNO, s.errnum);
        } else {
                record_set_uint(&r, FIELD_STATUS_FLAGS, s.flags);
                record_set_uint(&r, FIELD_AFFECTED_ROWS, 1);
        }
        CU_ASSERT_EQUAL(sessions_find(&port.sessions, &r, &session),
                        has_places ? SESSIONS_FOUND : SESSIONS_NONE);
        recent_add(&recent, &r, session != NULL ? session->identity : NULL);
        return conflicts_concern(&conflicts, &r) ? conflicts_see(&conflicts, session, &r) : NULL;
}

/** @p r as JSON, which the caller frees. */
static char *line_of(const struct record *r)
{
        size_t size = format_size(FORMAT_JSON, r) + 1;
        char *line = malloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        struct writer w = writer_over(line, size - 1);
        format_record(&w, FORMAT_JSON, r);
        CU_ASSERT_FALSE(w.failed);
        line[w.at] = '\0';
        CU_ASSERT_TRUE(json_check(writer_span(&w)));
        return line;
}

/** The line of the only pending conflict, which the caller frees. */
static char *line_at_end(void)
{
        const struct record *r = conflicts_due(&conflicts, 0, true);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        char *line = line_of(r);
        conflicts_done(&conflicts);
        CU_ASSERT_PTR_NULL(conflicts_due(&conflicts, 0, true));
        return line;
}

/** Does @p line have @p part once, behind what was found before? *@p at moves behind it. */
static bool follows(const char **at, const char *part)
{
        const char *found = strstr(*at, part);
        if (found == NULL) {
                printf("# %s is missing in %s", part, *at);
                return false;
        }
        *at = found + strlen(part);
        return true;
}

static const struct step first_half[] = {
    {1, 1, "BEGIN", 100, 101, IN_TRANS, 0},
    {1, 1, "one a", 110, 111, IN_TRANS, 0},
    {2, 1, "BEGIN", 120, 121, IN_TRANS, 0},
    {2, 1, "two b", 130, 131, IN_TRANS, 0},
};

static void take_first_half(void)
{
        for (size_t i = 0; i < sizeof first_half / sizeof first_half[0]; i++) {
                CU_ASSERT_PTR_NULL(take(first_half[i]));
        }
}

static void expect_both(char *line)
{
        const char *at = line;
        CU_ASSERT_TRUE(follows(&at, "\"transactions\":[{\"role\":\"victim\",\"conn_id\":2"));
        CU_ASSERT_TRUE(follows(&at, "{\"role\":\"holder\",\"conn_id\":1"));
        CU_ASSERT_TRUE(follows(&at, "\"statements\":[{"));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"BEGIN\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"one a\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"BEGIN\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"two b\""));
        CU_ASSERT_TRUE(follows(&at, "\"state\":\"running\",\"query\":\"one b\""));
        CU_ASSERT_TRUE(follows(&at, "\"state\":\"failed\",\"query\":\"two a\""));
        CU_ASSERT_PTR_NULL(strstr(line, "COMMIT"));
        CU_ASSERT_PTR_NULL(strstr(line, "omitted"));
        CU_ASSERT_PTR_NULL(strstr(line, "overwritten"));
        free(line);
}

static void the_reply_of_the_other_comes_later(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "COMMIT", 165, 166, 0, 0}));
        expect_both(line_at_end());
        finish();
}

static void the_other_was_read_first(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "COMMIT", 162, 163, 0, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 2, "BEGIN", 170, 171, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        expect_both(line_at_end());
        finish();
}

/** Its session may even have quit: what it was is known by that. */
static void the_other_has_quit(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, NULL, 170, 170, 0, 0}));
        sessions_end(&port.sessions, 1);
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        char *line = line_at_end();
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"query\":\"one a\""));
        free(line);
        finish();
}

/** The proxy sees the error of the victim last. */
static void the_other_ended_before_the_error_came(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 151, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "COMMIT", 152, 155, 0, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        expect_both(line_at_end());
        finish();
}

/** Records of another worker may come later although they are older. */
static void the_other_is_read_late(void)
{
        begin(65536);
        CU_ASSERT_PTR_NULL(take(first_half[2]));
        CU_ASSERT_PTR_NULL(take(first_half[3]));
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        CU_ASSERT_PTR_NULL(take(first_half[0]));
        CU_ASSERT_PTR_NULL(take(first_half[1]));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){3, 1, "three", 140, 141, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){3, 1, "COMMIT", 142, 143, 0, 0})); /* was not open */
        CU_ASSERT_PTR_NULL(take((struct step){4, 0, "SELECT 4", 140, 165, AUTOCOMMIT, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){5, 0, "SET a = 1", 140, 165, AUTOCOMMIT, 0}));
        char *line = line_at_end();
        CU_ASSERT_PTR_NULL(strstr(line, "three"));
        CU_ASSERT_PTR_NULL(strstr(line, "SET"));
        free(line);
        finish();
}

static void it_is_due_when_all_is_known(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        uint64_t now_ns = clock_mono_ns();
        CU_ASSERT_PTR_NULL(conflicts_due(&conflicts, now_ns + 1000 * (uint64_t)MS, false));
        CU_ASSERT_PTR_NOT_NULL(conflicts_due(&conflicts, now_ns + 2001 * (uint64_t)MS, false));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0}));
        CU_ASSERT_PTR_NOT_NULL(conflicts_due(&conflicts, now_ns + 1000 * (uint64_t)MS, false));
        conflicts_done(&conflicts);
        finish();
}

static void what_is_missing_is_counted(void)
{
        begin(65536);
        for (uint64_t i = 0; i < 9; i++) {
                for (uint64_t conn = 1; conn < 10; conn++) {
                        (void)take((struct step){conn, 1, "one of many", 100 + i, 101 + i, IN_TRANS, 0});
                }
        }
        CU_ASSERT_PTR_NULL(take((struct step){9, 1, "failed", 150, 160, 0, 1205}));
        char *line = line_at_end();
        const char *at = line;
        CU_ASSERT_TRUE(follows(&at, "\"conn_id\":9,\"trx_id\":1,"));
        CU_ASSERT_TRUE(follows(&at, "\"statements\":4,\"statements_omitted\":6}"));
        for (int i = 0; i < 3; i++) { /* 4 transactions, with the victim */
                CU_ASSERT_TRUE(follows(&at, "\"role\":\"possible_holder\""));
                CU_ASSERT_TRUE(follows(&at, "\"statements\":4,\"statements_omitted\":5}"));
        }
        CU_ASSERT_TRUE(follows(&at, "\"transactions_omitted\":5,"));
        free(line);
        finish();
}

static void many_at_once_are_brief(void)
{
        begin(65536);
        size_t brief = 0;
        for (unsigned i = 0; i < CONFLICTS_PENDING + 3; i++) {
                (void)take((struct step){1, i + 1, "a", 100 + i, 101 + i, IN_TRANS, 0});
                const struct record *r = take((struct step){1, i + 1, "failed", 102 + i, 103 + i, 0, 1213});
                if (r != NULL) {
                        char *line = line_of(r);
                        CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"info\":\"2 statements of the transaction"));
                        CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"errno\":1213"));
                        CU_ASSERT_PTR_NULL(strstr(line, "\"query\""));
                        free(line);
                        brief++;
                }
        }
        CU_ASSERT_EQUAL(brief, 3);
        for (unsigned i = 0; i < CONFLICTS_PENDING; i++) {
                CU_ASSERT_PTR_NOT_NULL(conflicts_due(&conflicts, 0, true));
                conflicts_done(&conflicts);
        }
        finish();
}

/** Where nobody else keeps the session of the record, the brief one has it, also among the recent records. */
static void a_brief_one_without_a_known_session(void)
{
        char text[65536];
        uint64_t cursor = 0;
        begin(65536);
        for (unsigned i = 0; i < CONFLICTS_PENDING; i++) {
                CU_ASSERT_PTR_NULL(take((struct step){1, 0, "failed", 100 + i, 101 + i, 0, 1213}));
        }
        has_places = false;
        const struct record *r = take((struct step){2, 0, "failed", 200, 201, 0, 1213});
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        char *line = line_of(r);
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"username\":\"app\""));
        free(line);
        recent_add(&recent, r, NULL);
        struct writer w = writer_over(text, sizeof text);
        while (recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w)) {
                w.at = cursor < recent_last(&recent) ? 0 : w.at;
        }
        CU_ASSERT_FALSE(w.failed);
        struct span last = span_of(text, w.at > 0 ? w.at - 1 : 0);
        CU_ASSERT_TRUE(json_check(last));
        text[last.len] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"event\":\"deadlock\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"username\":\"app\""));
        finish();
}

/** A transaction that waited for a lock seems idle until its reply comes: then it takes the place of one that is idle. */
static void one_that_was_running_takes_the_place_of_an_idle_one(void)
{
        begin(65536);
        take_first_half();
        for (uint64_t conn = 3; conn < 9; conn++) { /* they are active later than the other */
                CU_ASSERT_PTR_NULL(take((struct step){conn, 1, "idle", 132 + conn, 133 + conn, IN_TRANS, 0}));
        }
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 600, 800, 0, 1213}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 590, 801, IN_TRANS, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "COMMIT", 802, 803, 0, 0}));
        char *line = line_at_end();
        const char *at = line;
        CU_ASSERT_TRUE(follows(&at, "\"transactions\":[{\"role\":\"victim\",\"conn_id\":2"));
        CU_ASSERT_TRUE(follows(&at, "{\"role\":\"open\""));
        CU_ASSERT_TRUE(follows(&at, "\"transactions_omitted\":4,"));
        CU_ASSERT_TRUE(follows(&at, "\"role\":\"possible_holder\",\"conn_id\":1"));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"one a\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"two b\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"idle\""));
        CU_ASSERT_TRUE(follows(&at, "\"query\":\"idle\""));
        CU_ASSERT_TRUE(follows(&at, "\"state\":\"running\",\"query\":\"one b\""));
        CU_ASSERT_TRUE(follows(&at, "\"state\":\"failed\",\"query\":\"two a\""));
        CU_ASSERT_PTR_NULL(strstr(line, "statements_omitted"));
        free(line);
        finish();
}

/** Many of them, one after the other: the count stays right, and so does the space. */
static void all_that_were_running_take_places(void)
{
        begin(65536);
        settings.log.conflict_bytes = 16384;
        for (uint64_t conn = 1; conn < 40; conn++) {
                CU_ASSERT_PTR_NULL(
                    take((struct step){conn, 1, "begun", 100 + conn, 101 + conn, IN_TRANS, 0}));
        }
        CU_ASSERT_PTR_NULL(take((struct step){40, 1, "failed", 600, 800, 0, 1213}));
        for (uint64_t conn = 1; conn < 40; conn++) {
                CU_ASSERT_PTR_NULL(take((struct step){conn, 1, "ran on", 590, 801, IN_TRANS, 0}));
        }
        char *line = line_at_end();
        const char *at = line;
        CU_ASSERT_TRUE(follows(&at, "\"transactions\":[{\"role\":\"victim\",\"conn_id\":40"));
        for (int i = 0; i < 3; i++) {
                CU_ASSERT_TRUE(follows(&at, "\"role\":\"possible_holder\""));
                CU_ASSERT_TRUE(follows(&at, "\"statements\":2}"));
        }
        CU_ASSERT_TRUE(follows(&at, "\"transactions_omitted\":36,"));
        for (int i = 0; i < 3; i++) {
                CU_ASSERT_TRUE(follows(&at, "\"query\":\"begun\""));
        }
        CU_ASSERT_PTR_NULL(strstr(line, "\"query\":\"begun\"},{\"role\":\"open\""));
        free(line);
        finish();
}

/** Without recent records: the statement that shows that the transaction was open is at hand. */
static void a_late_one_that_is_not_among_the_recent_records(void)
{
        begin(0);
        CU_ASSERT_PTR_NULL(take(first_half[3]));
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        CU_ASSERT_PTR_NULL(take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0}));
        char *line = line_at_end();
        const char *at = line;
        CU_ASSERT_TRUE(follows(&at, "\"role\":\"holder\",\"conn_id\":1"));
        CU_ASSERT_TRUE(follows(&at, "\"state\":\"running\",\"query\":\"one b\""));
        free(line);
        /* and so are single statements, each of which stands for itself */
        CU_ASSERT_PTR_NULL(take((struct step){2, 2, "two a", 250, 260, 0, 1213}));
        CU_ASSERT_PTR_NULL(take((struct step){3, 0, "UPDATE 1", 240, 255, AUTOCOMMIT, 0}));
        CU_ASSERT_PTR_NULL(take((struct step){3, 0, "UPDATE 2", 256, 262, AUTOCOMMIT, 0}));
        line = line_at_end();
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "UPDATE 1"));
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "UPDATE 2"));
        free(line);
        finish();
}

/** With log.when_full = block a record may have to wait: what is seen meanwhile leaves it as it is. */
static void records_that_come_while_it_waits(void)
{
        begin(65536);
        take_first_half();
        CU_ASSERT_PTR_NULL(take((struct step){2, 1, "two a", 150, 160, 0, 1213}));
        const struct record *r = conflicts_due(&conflicts, 0, true);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        char *before = line_of(r);
        for (uint64_t conn = 3; conn < 20; conn++) {
                CU_ASSERT_PTR_NULL(take((struct step){conn, 1, "late", 140, 170, IN_TRANS, 0}));
        }
        char *after = line_at_end();
        CU_ASSERT_STRING_EQUAL(before, after);
        free(before);
        free(after);
        finish();
}

/** Each allocation fails once: there is a record all the same, and nothing is left behind. */
static void without_memory(void)
{
        int64_t before = prof_read(STAGE_JOURNAL, LIB_COUNT).current_bytes_used;
        for (uint64_t nth = 1; nth < 20; nth++) {
                begin(65536);
                take_first_half();
                prof_fail_nth(nth);
                const struct record *brief = take((struct step){2, 1, "two a", 150, 160, 0, 1213});
                (void)take((struct step){1, 1, "one b", 140, 161, IN_TRANS, 0});
                const struct record *r = brief != NULL ? brief : conflicts_due(&conflicts, 0, true);
                prof_fail_nth(0);
                CU_ASSERT_EQUAL(brief != NULL, nth <= 2);
                CU_ASSERT_PTR_NOT_NULL_FATAL(r);
                CU_ASSERT_TRUE(record_has(r, FIELD_ERRNO) && r->errno_ == 1213);
                char *line = line_of(r);
                bool is_whole = strstr(line, "two a") != NULL && strstr(line, "one b") != NULL;
                CU_ASSERT_TRUE(is_whole || strstr(line, "out of memory") != NULL ||
                               strstr(line, "_omitted") != NULL);
                free(line);
                finish();
        }
        CU_ASSERT_EQUAL(prof_read(STAGE_JOURNAL, LIB_COUNT).current_bytes_used, before);
}

static const struct tap_test tests[] = {
    {"the reply of the other comes later", the_reply_of_the_other_comes_later},
    {"the other was read first", the_other_was_read_first},
    {"the other has quit", the_other_has_quit},
    {"the other ended before the error came", the_other_ended_before_the_error_came},
    {"the other is read late", the_other_is_read_late},
    {"it is due when all is known", it_is_due_when_all_is_known},
    {"what is missing is counted", what_is_missing_is_counted},
    {"many at once are brief", many_at_once_are_brief},
    {"a brief one without a known session", a_brief_one_without_a_known_session},
    {"one that was running takes the place of an idle one",
     one_that_was_running_takes_the_place_of_an_idle_one},
    {"all that were running take places", all_that_were_running_take_places},
    {"a late one that is not among the recent records", a_late_one_that_is_not_among_the_recent_records},
    {"records that come while it waits", records_that_come_while_it_waits},
    {"without memory", without_memory},
};

int main(void)
{
        return TAP_RUN("conflict", tests);
}
