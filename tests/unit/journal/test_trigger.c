/* Triggers: which records fire, once for a statement, and the names of files. */
#include "journal/trigger.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static struct settings settings;
static struct trigger trigger;
static struct trigger_session session;
static unsigned saves;
static struct trigger_firing last;
static bool is_full;

static bool save(void *arg, const struct trigger_firing *firing)
{
        (void)arg;
        saves += is_full ? 0 : 1;
        last = *firing;
        return !is_full;
}

static const struct trigger_output output = {save, NULL};

static void set_text(char *to, const char *text)
{
        (void)snprintf(to, SETTINGS_TEXT_MAX, "%s", text);
}

static void begin(const char *filter)
{
        static const struct trigger_session none;
        memset(&trigger, 0, sizeof trigger);
        settings_defaults(&settings);
        set_text(settings.triggers.filter, filter);
        set_text(settings.triggers.directory, "packets");
        session = none;
        saves = 0;
        is_full = false;
}

static void arm(void)
{
        CU_ASSERT_EQUAL_FATAL(trigger_init(&trigger, &settings), STATUS_OK);
        CU_ASSERT_FALSE(trigger_is_armed(&trigger));
        trigger_attach(&trigger, &output);
        CU_ASSERT_TRUE_FATAL(trigger_is_armed(&trigger));
}

static struct record record_of(enum record_event event, uint64_t number)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        record_set_uint(&r, FIELD_CONN_ID, 7);
        if (number > 0) {
                record_set_uint(&r, FIELD_CONN_SEQ_NUM, number);
        }
        return r;
}

/** @return how often it fired. */
static unsigned see(struct record *r, bool first_error)
{
        unsigned before = saves;
        const struct record *seen = trigger_see(&trigger, &session, r, 3, first_error);
        unsigned n = saves - before;
        CU_ASSERT_EQUAL(record_has(seen, FIELD_PACKETS_FILE), n > 0);
        CU_ASSERT_FALSE(
            record_has(r, FIELD_PACKETS_FILE)); /* a record that was unpacked may have no space for it */
        if (n > 0) {
                char name[TRIGGER_NAME_MAX];
                trigger_file_name(name, last.number, 7, ".pcapng");
                CU_ASSERT_TRUE(span_equal(seen->packets_file, span_str(name)));
                CU_ASSERT_EQUAL(last.port, 3);
                CU_ASSERT_EQUAL(last.conn_id, 7);
        }
        return n;
}

static struct record query(uint64_t number, uint64_t errnum)
{
        struct record r = record_of(EVENT_QUERY, number);
        record_set_uint(&r, FIELD_DURATION_US, 5);
        if (errnum > 0) {
                record_set_uint(&r, FIELD_ERRNO, errnum);
        }
        return r;
}

static void a_filter_fires_once_for_a_statement(void)
{
        begin("err:1213");
        arm();
        struct record other = query(1, 1062);
        struct record deadlock = query(2, 1213);
        struct record next = query(3, 1213);
        struct record brief = record_of(EVENT_DEADLOCK, 2);
        record_set_uint(&brief, FIELD_ERRNO, 1213);
        CU_ASSERT_EQUAL(see(&other, false), 0);
        CU_ASSERT_EQUAL(see(&deadlock, true), 1);
        CU_ASSERT_EQUAL(see(&brief, false), 0);
        CU_ASSERT_EQUAL(see(&deadlock, false), 0);
        uint64_t number = last.number;
        CU_ASSERT_EQUAL(see(&next, false), 1);
        CU_ASSERT_TRUE(last.number > number);
        struct record login = record_of(EVENT_AUTH, 0);
        record_set_uint(&login, FIELD_ERRNO, 1213);
        CU_ASSERT_EQUAL(see(&login, false), 1);
        struct record of_none = query(1, 1213);
        of_none.conn_id = 0; /* of a client that was rejected */
        CU_ASSERT_EQUAL(see(&of_none, false), 0);
        trigger_fini(&trigger);
}

static void trouble_fires_once_for_a_statement(void)
{
        begin("err");
        settings.triggers.trouble = true;
        arm();
        struct record lint = record_of(EVENT_LINT, 4);
        struct record failed = query(4, 1064);
        struct record opaque = record_of(EVENT_NOTICE, 0);
        struct record notice = opaque;
        opaque.is_trouble = true;
        CU_ASSERT_EQUAL(see(&notice, false), 0);
        CU_ASSERT_EQUAL(see(&lint, false), 1);
        CU_ASSERT_EQUAL(see(&lint, false), 0);
        CU_ASSERT_EQUAL(see(&failed, false), 0);
        CU_ASSERT_EQUAL(see(&opaque, false), 0);
        struct record next = query(5, 0);
        CU_ASSERT_EQUAL(see(&next, false), 0);
        CU_ASSERT_EQUAL(see(&opaque, false), 1);
        CU_ASSERT_EQUAL(see(&opaque, false), 0);
        trigger_fini(&trigger);
        begin("");
        settings.triggers.abrupt_close = true; /* no trouble */
        arm();
        CU_ASSERT_EQUAL(see(&lint, false), 0);
        CU_ASSERT_EQUAL(see(&opaque, false), 0);
        trigger_fini(&trigger);
}

static void an_abrupt_close_fires(void)
{
        begin("");
        settings.triggers.abrupt_close = true;
        arm();
        struct record end = record_of(EVENT_DISCONNECT, 0);
        CU_ASSERT_EQUAL(see(&end, false), 0);
        end.is_trouble = true;
        CU_ASSERT_EQUAL(see(&end, false), 1);
        trigger_fini(&trigger);
}

static void the_first_error_fires(void)
{
        begin("");
        settings.triggers.first_error = true;
        arm();
        struct record first = query(1, 1062);
        struct record second = query(2, 1062);
        CU_ASSERT_EQUAL(see(&first, true), 1);
        CU_ASSERT_EQUAL(see(&second, false), 0);
        trigger_fini(&trigger);
}

static void what_is_not_saved_is_counted(void)
{
        begin("d>1us");
        arm();
        for (uint64_t i = 1; i <= 10; i++) {
                struct record r = query(i, 0);
                is_full = i > 2;
                if (i == 8) {
                        trigger_attach(&trigger, NULL); /* the proxy is stopping */
                }
                (void)see(&r, false);
        }
        CU_ASSERT_EQUAL(saves, 2);
        CU_ASSERT_EQUAL(trigger.fired, 10);
        CU_ASSERT_EQUAL(trigger.dropped, 8);
        trigger_fini(&trigger);
}

static void names_are_read_back(void)
{
        static const char *const others[] = {
            "",
            "20260102T030405.678901234Z-session-7",
            "20260102T030405.678901234Z-session-7.pcap",
            "20260102T030405.678901234Z-session-07.txt",
            "20260102T030405.678901234Z-session-7.txt.txt",
            "20261302T030405.678901234Z-session-7.txt",
            " 2026102T030405.678901234Z-session-7.txt",
            "20260102T030405.6789Z-session-7.txt",
            "20260102T030405.678901234Z-session-99999999999999999999.txt",
            "20260102T030405.678901234Z-session--7.txt",
            "../20260102T030405.678901234Z-session-7.txt",
        };
        static const uint64_t numbers[] = {0, 1767323045678901234, 1999999999999999999};
        char name[TRIGGER_NAME_MAX];
        uint64_t number;
        uint64_t conn_id;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                trigger_file_name(name, numbers[i], UINT64_MAX, ".txt");
                const char *ending = trigger_file_parse(name, &number, &conn_id);
                CU_ASSERT_PTR_NOT_NULL_FATAL(ending);
                CU_ASSERT_STRING_EQUAL(ending, ".txt");
                CU_ASSERT_EQUAL(number, numbers[i]);
                CU_ASSERT_EQUAL(conn_id, UINT64_MAX);
        }
        trigger_file_name(name, numbers[1], 7, ".pcapng");
        CU_ASSERT_STRING_EQUAL(name, "20260102T030405.678901234Z-session-7.pcapng");
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                CU_ASSERT_PTR_NULL(trigger_file_parse(others[i], &number, &conn_id));
        }
}

static void settings_that_cannot_work_are_refused(void)
{
        begin("");
        settings.triggers.directory[0] = '\0';
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_OK); /* there are none */
        begin("err:1213 or (op:update d>1s)");
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_OK);
        settings.triggers.directory[0] = '\0';
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_INVALID);
        begin("err:");
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_INVALID);
        CU_ASSERT_EQUAL(trigger_init(&trigger, &settings), STATUS_INVALID);
        begin("err");
        settings.capture.bytes = 0;
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_INVALID);
        begin("");
        settings.triggers.first_error = true;
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_OK);
        settings.log.digests = 0;
        CU_ASSERT_EQUAL(trigger_check(&settings), STATUS_INVALID);
}

static void without_memory_there_is_none(void)
{
        int64_t before = prof_read(STAGE_JOURNAL, LIB_COUNT).current_count_used;
        enum status status = STATUS_NOMEM;
        unsigned nth = 0;
        begin("err:1213 or d>1s");
        while (status == STATUS_NOMEM && nth < 50) {
                prof_fail_nth(++nth);
                status = trigger_init(&trigger, &settings);
                prof_fail_nth(0);
        }
        CU_ASSERT_EQUAL(status, STATUS_OK);
        CU_ASSERT_TRUE(nth > 2);
        trigger_fini(&trigger);
        CU_ASSERT_EQUAL(prof_read(STAGE_JOURNAL, LIB_COUNT).current_count_used, before);
}

static const struct tap_test tests[] = {
    {"a filter fires once for a statement", a_filter_fires_once_for_a_statement},
    {"trouble fires once for a statement", trouble_fires_once_for_a_statement},
    {"an abrupt close fires", an_abrupt_close_fires},
    {"the first error of a digest fires", the_first_error_fires},
    {"what is not saved is counted", what_is_not_saved_is_counted},
    {"names are read back, and no others", names_are_read_back},
    {"settings that cannot work are refused", settings_that_cannot_work_are_refused},
    {"without memory there is no trigger", without_memory_there_is_none},
};

int main(void)
{
        return TAP_RUN("trigger", tests);
}
