/* The journal's table of sessions: records that refer to one get its fields, in the log and among the recent records. */
#include "journal/identity.h"
#include "journal/journal.h"
#include "journal/journal_counts.h"
#include "journal/sample.h"
#include "journal/sessions.h"
#include "mysql/record/row_hashes.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"
#include "settings/settings.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct recent recent;
static struct n_plus_one *n_plus_one;
static struct sessions sessions;

static void begin(size_t recent_bytes)
{
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, recent_bytes), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(n_plus_one_new(5, &n_plus_one), STATUS_OK);
        CU_ASSERT_TRUE_FATAL(sessions_init(&sessions, n_plus_one, &recent, false));
}

static void finish(void)
{
        sessions_fini(&sessions);
        n_plus_one_free(n_plus_one);
        recent_fini(&recent);
        CU_ASSERT_EQUAL(prof_store_read(STORE_IDENTITIES, 0).used, 0);
}

static const struct field_set shown = {{1ULL << FIELD_USERNAME | 1ULL << FIELD_DATABASE, 0}};

static struct record query(uint32_t place, uint64_t conn_id)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.session_place = place;
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        return r;
}

static struct record carrying(uint32_t place, uint64_t conn_id, const char *user, const char *database)
{
        struct record r = query(place, conn_id);
        record_set_text(&r, FIELD_USERNAME, span_str(user));
        record_set_text(&r, FIELD_DATABASE, span_str(database));
        return r;
}

static struct record referring(uint32_t place, uint64_t conn_id)
{
        struct record r = query(place, conn_id);
        r.present.words[0] |= shown.words[0];
        return r;
}

static bool is(struct span text, const char *wanted)
{
        return span_equal(text, span_str(wanted));
}

static void see(struct session *s, struct record *r)
{
        struct row_loops_ended ended = {.n = 0};
        struct digest_found found = {.stat = NULL};
        (void)n_plus_one_see(n_plus_one, &s->order, r, &found, &ended);
        CU_ASSERT_EQUAL(ended.n, 0);
}

/** A statement of @p s that returns two rows. */
static void lists_rows(struct session *s)
{
        static struct digest_stat stat = {
            .shape = {.kind = SHAPE_QUERY, .reads_unqualified = true, .tables = 1}};
        struct row_hashes hashes = {.rows = 2, .columns = 1, .at = {1, 2}};
        struct record r = query(1, s->conn_id);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_uint(&r, FIELD_ROWS, 2);
        r.row_hashes = span_of(&hashes, row_hashes_size(&hashes));
        struct row_loops_ended ended = {.n = 0};
        struct digest_found found = {.sql = span_str("SELECT id FROM p"), .stat = &stat};
        (void)n_plus_one_see(n_plus_one, &s->order, &r, &found, &ended);
}

static void records_refer_to_their_session(void)
{
        struct session *s;
        begin(65536);
        struct record r = carrying(1, 10, "ann", "a");
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_EQUAL(r.session_source, RECORD_SESSION_REFERRED);
        r = carrying(200, 11, "bob", "b"); /* the table grows */
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        r = referring(1, 10);
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_TRUE(is(record_session(&r)->username, "ann") && is(record_session(&r)->database, "a"));
        struct session *first = s;
        r = carrying(1, 10, "ann", "other"); /* a change: the session is the same */
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_PTR_EQUAL(s, first);
        r = referring(1, 10);
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_TRUE(is(record_session(&r)->database, "other"));
        r = referring(200, 11);
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_TRUE(is(record_session(&r)->username, "bob"));
        sessions_end(&sessions, 200);
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_LOST);
        /* the end of session 10 was dropped: the next one in its place takes over */
        r = carrying(1, 12, "eve", "e");
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
        CU_ASSERT_EQUAL(s->conn_id, 12);
        r = referring(1, 10);
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_LOST);
        CU_ASSERT_PTR_NULL(s);
        CU_ASSERT_FALSE(record_has(&r, FIELD_USERNAME));
        CU_ASSERT_TRUE(record_has(&r, FIELD_CONN_ID));
        /* without a place */
        r = carrying(0, 13, "zoe", "z");
        CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_NONE);
        CU_ASSERT_EQUAL(r.session_source, RECORD_SESSION_CARRIED);
        CU_ASSERT_TRUE(record_has(&r, FIELD_USERNAME));
        finish();
}

/** Session 10 has ended, and its place is another's, but its loops are reported later. */
static void a_session_that_is_gone(void)
{
        struct session *s;
        begin(65536);
        for (unsigned round = 0; round < 2; round++) {
                struct record r = carrying(1, 10 + round, "ann", "a");
                CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
                lists_rows(s);
                r = referring(1, 10 + round);
                r.event = EVENT_DISCONNECT;
                r.mono_ns = 1000;
                see(s, &r);
                sessions_end(&sessions, 1);
                CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_LOST);
        }
        struct n_plus_one_session *gone = n_plus_one_any_gone(n_plus_one);
        CU_ASSERT_PTR_NOT_NULL_FATAL(gone);
        CU_ASSERT_EQUAL(sessions_owner(gone)->conn_id, 11);
        CU_ASSERT_TRUE(is(sessions_owner(gone)->identity->session.username, "ann"));
        sessions_free(sessions_owner(gone), n_plus_one, &recent);
        gone = n_plus_one_any_gone(n_plus_one);
        CU_ASSERT_PTR_NOT_NULL_FATAL(gone);
        CU_ASSERT_EQUAL(sessions_owner(gone)->conn_id, 10); /* which is freed at the end */
        finish();
}

/** @return the next recent record as JSON, until the next call; NULL if there is none. */
static const char *next_recent(uint64_t *cursor)
{
        static char line[65536];
        struct writer w = writer_over(line, sizeof line - 1);
        if (!recent_read(&recent, cursor, NULL, FORMAT_JSON, &w)) {
                return NULL;
        }
        CU_ASSERT_FALSE(w.failed);
        line[w.at] = '\0';
        return line;
}

static void add(struct record *r)
{
        struct session *s;
        (void)sessions_find(&sessions, r, &s);
        recent_add(&recent, r, s != NULL ? s->identity : NULL);
}

static void recent_records_outlive_their_session(void)
{
        char wanted[64];
        uint64_t cursor = 0;
        begin(16384);
        for (unsigned i = 0; i < 400; i++) { /* a few sessions at once, which come, change and go */
                char user[16];
                (void)snprintf(user, sizeof user, "user-%u", i);
                struct record r = carrying(1 + i % 3, 1000 + i, user, "d");
                add(&r);
                r = referring(1 + i % 3, 1000 + i);
                add(&r);
                if (i % 2 == 0) {
                        sessions_end(&sessions, 1 + i % 3);
                }
        }
        unsigned n = 0;
        for (const char *line; (line = next_recent(&cursor)) != NULL; n++) {
                (void)snprintf(wanted, sizeof wanted, "\"username\":\"user-%u\"", (unsigned)(cursor - 1) / 2);
                CU_ASSERT_PTR_NOT_NULL(strstr(line, wanted));
        }
        CU_ASSERT_TRUE(n > 10 && n < 400);
        CU_ASSERT_EQUAL(recent_cut(&recent), 0);
        /* what is kept of past sessions is what the records refer to */
        CU_ASSERT_TRUE(prof_store_read(STORE_IDENTITIES, 0).used < 65536 / 2);
        for (unsigned i = 0; i < 100; i++) { /* records of nobody push all others out */
                struct record r = sample_record(1, i, 100);
                recent_add(&recent, &r, NULL);
        }
        CU_ASSERT_TRUE(prof_store_read(STORE_IDENTITIES, 0).used < 1024);
        finish();
}

static void past_sessions_are_bounded(void)
{
        static char name[4096];
        memset(name, 'n', sizeof name - 1);
        uint64_t cursor = 0;
        begin(65536);
        for (unsigned i = 0; i < 100; i++) { /* each changes, and has a long name */
                struct record r = carrying(1, 1, name, "d");
                record_set_uint(&r, FIELD_ROWS, i);
                add(&r);
        }
        struct prof_store_state store = prof_store_read(STORE_IDENTITIES, 0);
        CU_ASSERT_TRUE(store.used <= store.bound && store.bound == 65536);
        CU_ASSERT_TRUE(recent_cut(&recent) > 50);
        unsigned n = 0;
        uint64_t first = 0;
        for (const char *line; (line = next_recent(&cursor)) != NULL; n++) {
                first = first == 0 ? cursor : first;
                CU_ASSERT_PTR_NOT_NULL(strstr(line, name)); /* nobody lost his session */
        }
        CU_ASSERT_EQUAL(cursor, 100);
        CU_ASSERT_EQUAL(n, 101 - first);
        CU_ASSERT_EQUAL(recent_cut(&recent), first - 1);
        cursor = 1; /* a reader that was here before is told how many it missed */
        const char *gap = next_recent(&cursor);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "\"dropped\":%llu", (unsigned long long)first - 2);
        CU_ASSERT_PTR_NOT_NULL_FATAL(gap);
        CU_ASSERT_PTR_NOT_NULL(strstr(gap, wanted));
        finish();
}

static void without_memory_a_session_is_lost_and_found(void)
{
        int64_t before = prof_read(STAGE_JOURNAL, LIB_COUNT).current_bytes_used;
        for (uint64_t nth = 1; nth < 8; nth++) {
                struct session *s;
                begin(16384);
                struct record r = carrying(1, 7, "ann", "a");
                prof_fail_nth(nth);
                enum sessions_found found = sessions_find(&sessions, &r, &s);
                prof_fail_nth(0);
                CU_ASSERT_TRUE(
                    is(record_session(&r)->username, "ann")); /* it has what it carried in any case */
                CU_ASSERT_TRUE(record_has(&r, FIELD_USERNAME));
                CU_ASSERT_EQUAL(found, nth < 2 ? SESSIONS_LOST : SESSIONS_FOUND);
                struct record next = referring(1, 7);
                CU_ASSERT_EQUAL(sessions_find(&sessions, &next, &s), found);
                CU_ASSERT_EQUAL(record_has(&next, FIELD_USERNAME), found == SESSIONS_FOUND);
                r = carrying(1, 7, "ann", "a"); /* announced again */
                CU_ASSERT_EQUAL(sessions_find(&sessions, &r, &s), SESSIONS_FOUND);
                finish();
        }
        CU_ASSERT_EQUAL(prof_read(STAGE_JOURNAL, LIB_COUNT).current_bytes_used, before);
}

/* --- a whole journal ------------------------------------------------------------------------------------------------ */

static struct settings settings;
static struct journal *journal;

static void begin_journal(const char *name, uint64_t most)
{
        memset(&settings, 0, sizeof settings);
        settings.n_sinks = 1;
        (void)snprintf(settings.sinks[0].file, sizeof settings.sinks[0].file, "%s", sample_path(name));
        settings.sinks[0].format = SETTINGS_FORMAT_JSON;
        settings.log.ring_bytes = 65536;
        settings.log.recent_bytes = 65536;
        settings.limits.sessions = most;
        CU_ASSERT_EQUAL_FATAL(journal_new(&settings, 1, &journal), STATUS_OK);
}

static void places_are_bounded_and_used_again(void)
{
        static const uint64_t bounds[] = {1, 63, 64, 130};
        for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
                static uint32_t places[200];
                begin_journal("places", bounds[i]);
                struct journal_port *port = journal_port(journal, 0);
                for (uint64_t k = 0; k < bounds[i]; k++) {
                        places[k] = journal_session_begin(port);
                        CU_ASSERT_EQUAL(places[k], k + 1);
                }
                CU_ASSERT_EQUAL(journal_session_begin(port), 0);
                journal_session_end(port, 0);
                uint64_t some = bounds[i] / 2;
                journal_session_end(port, places[some]);
                CU_ASSERT_EQUAL(journal_session_begin(port), places[some]);
                CU_ASSERT_EQUAL(journal_session_begin(port), 0);
                journal_free(journal);
        }
}

static size_t count(const char *text, const char *part)
{
        size_t n = 0;
        for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
                n++;
        }
        return n;
}

/** More records than the ring holds, put before anybody reads them: what a dropped one carried, the next carries. */
static void a_dropped_session_is_carried_by_the_next(void)
{
        begin_journal("drops", 2);
        struct journal_port *port = journal_port(journal, 0);
        uint32_t place = journal_session_begin(port);
        bool carried = false;
        unsigned dropped = 0;
        for (unsigned i = 0; i < 1000; i++) {
                if (i == 900) { /* the journal thread makes room */
                        CU_ASSERT_EQUAL_FATAL(journal_start(journal), STATUS_OK);
                        while (journal_counts(journal).records == 0) {
                                (void)usleep(1000);
                        }
                        carried = false; /* and the session has changed meanwhile */
                }
                struct record r =
                    carried ? referring(place, 5) : carrying(place, 5, "ann", i < 900 ? "a" : "b");
                if (journal_put(port, record_raw_of(&r))) {
                        carried = true;
                } else {
                        dropped++;
                }
        }
        struct record end = query(place, 5);
        end.event = EVENT_DISCONNECT;
        CU_ASSERT_TRUE(journal_put(port, record_raw_of(&end)));
        journal_stop(journal);
        CU_ASSERT_TRUE(dropped > 100);
        int fd = open(settings.sinks[0].file, O_RDONLY);
        size_t len = 0;
        char *log = fd >= 0 ? sample_slurp(fd, &len) : NULL;
        CU_ASSERT_PTR_NOT_NULL_FATAL(log);
        log[len - 1] = '\0';
        CU_ASSERT_EQUAL(count(log, "\"event\":\"query\""), 1000 - dropped);
        CU_ASSERT_EQUAL(count(log, "\"username\":\"ann\",\"database\":\""), 1000 - dropped);
        CU_ASSERT_TRUE(count(log, "\"database\":\"a\"") > 50 && count(log, "\"database\":\"b\"") > 50);
        free(log);
        (void)close(fd);
        journal_free(journal);
}

static const struct tap_test tests[] = {
    {"a session that is gone", a_session_that_is_gone},
    {"records refer to their session", records_refer_to_their_session},
    {"recent records outlive their session", recent_records_outlive_their_session},
    {"past sessions are bounded", past_sessions_are_bounded},
    {"without memory a session is lost and found", without_memory_a_session_is_lost_and_found},
    {"places are bounded and used again", places_are_bounded_and_used_again},
    {"a dropped session is carried by the next", a_dropped_session_is_carried_by_the_next},
};

int main(void)
{
        if (!sample_begin()) {
                return 99;
        }
        int status = TAP_RUN("sessions", tests);
        sample_end();
        return status;
}
