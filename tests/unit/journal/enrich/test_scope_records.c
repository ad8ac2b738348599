/* Records of scopes: each way in which one can end, sessions that share one, and the bound. */
#include "journal/enrich/scope_records.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>

enum { SESSIONS = 4, IDLE_MS = 100 };

static struct settings settings;
static struct scope_records t;
static struct scope_member members[SESSIONS];
static uint64_t now_us;
static char seen[512]; /* "a idle 3; " for each record: scope, ended, statement_count */
static struct record last;

static void begin(uint64_t most)
{
        settings_defaults(&settings);
        settings.log.scope_records = most;
        settings.log.scope_idle_ms = IDLE_MS;
        CU_ASSERT_EQUAL_FATAL(scope_records_init(&t, &settings), STATUS_OK);
        memset(members, 0, sizeof members);
        now_us = 1000000;
        seen[0] = '\0';
}

static void note(const struct record *r)
{
        if (r != NULL) {
                size_t n = strlen(seen);
                CU_ASSERT_EQUAL(r->event, EVENT_SCOPE);
                (void)snprintf(seen + n, sizeof seen - n, "%s%.*s %.*s %llu", n > 0 ? "; " : "",
                               (int)r->scope.len, (const char *)r->scope.data, (int)r->ended.len,
                               (const char *)r->ended.data, (unsigned long long)r->statement_count);
                last = *r;
        }
}

static void expire(void)
{
        const struct record *r;
        while ((r = scope_records_due(&t, now_us * 1000, false)) != NULL) {
                note(r);
        }
}

static void see(unsigned session, const struct record *r)
{
        note(scope_records_leave(&t, &members[session], r));
        note(scope_records_add(&t, &members[session], r));
        expire();
}

/** A command of a millisecond. */
static struct record command(unsigned session, const char *scope)
{
        static const struct record_session nobody = {.server_conn_id = 0};
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.mono_ns = now_us * 1000;
        r.wall_ns = 1700000000000000000ULL + r.mono_ns;
        record_refer(&r, &nobody, (struct field_set){{0, 0}});
        record_set_uint(&r, FIELD_CONN_ID, session + 1);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, 1);
        record_set_uint(&r, FIELD_DURATION_US, 1000);
        record_set_text(&r, FIELD_QUERY, span_str("SELECT 1"));
        if (scope != NULL) {
                record_set_text(&r, FIELD_SCOPE, span_str(scope));
        }
        now_us += 2000;
        return r;
}

/** The session's variable names the scope. */
static void send(unsigned session, const char *scope)
{
        struct record r = command(session, scope);
        see(session, &r);
}

/** A tag names the scope. */
static void send_tagged(unsigned session, const char *scope)
{
        struct value tag = {.name = span_str("querytap_scope"), .bytes = span_str(scope)};
        struct record r = command(session, scope);
        record_set_list(&r, FIELD_TAGS, (struct value_list){&tag, 1});
        see(session, &r);
}

static void disconnect(unsigned session)
{
        struct record r = command(session, NULL);
        r.event = EVENT_DISCONNECT;
        see(session, &r);
}

static void by_time(void)
{
        begin(8);
        send(0, "a");
        send(0, NULL); /* belongs to none, and ends none */
        send(0, "a");
        now_us += 1000UL * IDLE_MS - 2000;
        expire();
        CU_ASSERT_STRING_EQUAL(seen, "");
        now_us += 1000;
        expire();
        CU_ASSERT_STRING_EQUAL(seen, "a idle 2");
        CU_ASSERT_EQUAL(last.duration_us, 5000); /* without the time in which nothing followed */
        CU_ASSERT_EQUAL(last.idle_us, 3000);
        CU_ASSERT_EQUAL(last.busy_us, 2000);
        CU_ASSERT_TRUE(record_has(&last, FIELD_CONN_ID) && last.conn_id == 1);
        send(0, "a"); /* another one of the same name */
        disconnect(0);
        CU_ASSERT_STRING_EQUAL(seen, "a idle 2; a disconnect 1");
        CU_ASSERT_FALSE(scope_records_are_waiting(&t));
        scope_records_fini(&t);
}

static void by_sessions(void)
{
        begin(8);
        send(0, "a");
        send(0, "b");
        CU_ASSERT_STRING_EQUAL(seen, "a next_scope 1");
        send(1, "b");
        send(0, "c"); /* session 1 is still in b */
        CU_ASSERT_STRING_EQUAL(seen, "a next_scope 1");
        struct record r = command(1, NULL);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_RESET_CONNECTION);
        see(1, &r);
        CU_ASSERT_STRING_EQUAL(seen, "a next_scope 1; b next_scope 2");
        CU_ASSERT_EQUAL(last.session_count, 2);
        CU_ASSERT_FALSE(record_has(&last, FIELD_CONN_ID) || record_has(&last, FIELD_CONN_SEQ_NUM));
        disconnect(0);
        CU_ASSERT_STRING_EQUAL(seen, "a next_scope 1; b next_scope 2; c disconnect 1");
        scope_records_fini(&t);
}

/** Requests that share the sessions of a pool, and name their scopes in tags. */
static void in_a_pool(void)
{
        begin(8);
        for (unsigned i = 0; i < 6; i++) {
                send_tagged(i % 2, i % 3 == 0 ? "x" : "y");
        }
        disconnect(0);
        disconnect(1);
        CU_ASSERT_STRING_EQUAL(seen, "");
        now_us += 1000UL * IDLE_MS;
        expire();
        CU_ASSERT_STRING_EQUAL(seen, "x idle 2; y idle 4");
        scope_records_fini(&t);
}

/** Records of another worker may come later than those of what followed. */
static void out_of_order(void)
{
        begin(8);
        struct record early = command(1, "a");
        struct record late = command(0, "a");
        see(0, &late);
        see(1, &early);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scope_records_due(&t, 0, true));
        CU_ASSERT_EQUAL(t.record.mono_ns, early.mono_ns);
        CU_ASSERT_EQUAL(t.record.wall_ns, early.wall_ns);
        CU_ASSERT_EQUAL(t.record.duration_us, 3000);
        CU_ASSERT_EQUAL(t.record.idle_us, 1000);
        scope_records_fini(&t);
}

static void transactions_are_counted(void)
{
        begin(8);
        for (unsigned i = 0; i < 4; i++) {
                struct record r = command(0, "a");
                record_set_uint(&r, FIELD_TRX_ID, 1 + i / 2);
                see(0, &r);
        }
        send(0, "b");
        CU_ASSERT_EQUAL(last.transaction_count, 2);
        scope_records_fini(&t);
}

static void the_bound(void)
{
        begin(2);
        send_tagged(0, "a");
        send_tagged(0, "b");
        send_tagged(0, "a");
        send_tagged(0, "c"); /* b has had nothing for longest */
        CU_ASSERT_STRING_EQUAL(seen, "b evicted 1");
        send_tagged(1, "d");
        CU_ASSERT_STRING_EQUAL(seen, "b evicted 1; a evicted 2");
        char name[16];
        for (unsigned i = 0; i < 1000; i++) {
                (void)snprintf(name, sizeof name, "n%u", i % 7);
                seen[0] = '\0';
                send_tagged(i % SESSIONS, name);
        }
        seen[0] = '\0';
        const struct record *r;
        while ((r = scope_records_due(&t, 0, true)) != NULL) {
                note(r);
        }
        CU_ASSERT_STRING_EQUAL(seen, "n4 shutdown 1; n5 shutdown 1");
        scope_records_fini(&t);
}

static void off(void)
{
        begin(0);
        CU_ASSERT_PTR_NULL(t.scopes);
        CU_ASSERT_FALSE(scope_records_are_waiting(&t));
        scope_records_fini(&t);
}

static const struct tap_test tests[] = {
    {"ended by time", by_time},
    {"ended by their sessions", by_sessions},
    {"in a pool", in_a_pool},
    {"records that come late", out_of_order},
    {"transactions", transactions_are_counted},
    {"the bound", the_bound},
    {"off", off},
};

int main(void)
{
        return TAP_RUN("scope_records", tests);
}
