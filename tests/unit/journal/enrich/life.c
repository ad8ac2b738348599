#include "journal/enrich/life.h"

#include "mysql/wire/command.h"
#include "tap.h"

struct life life;

void life_begin(void)
{
        life.settings.log.digests = 8;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&life.enrich, &life.settings), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(session_findings_init(&life.findings, &life.settings, life.enrich.digests),
                              STATUS_OK);
        n_plus_one_begin(life.enrich.n_plus_one, &life.order);
        life.history = (struct session_history){.gaps = 0};
        life.who =
            (struct record_session){.client_addr = span_str("10.0.0.1:5000"), .username = span_str("ann")};
        life.now_ms = 5000;
}

void life_begin_with_defaults(void)
{
        settings_defaults(&life.settings);
        life_begin();
}

void life_end(void)
{
        n_plus_one_end(life.enrich.n_plus_one, &life.order);
        session_history_fini(&life.history);
        session_findings_fini(&life.findings);
        enrich_fini(&life.enrich);
}

struct record life_record(enum record_event event)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        r.mono_ns = life.now_ms * 1000000;
        life.last_ns = r.mono_ns;
        r.wall_ns = 1700000000000000000ULL + r.mono_ns;
        record_refer(&r, &life.who,
                     (struct field_set){{1ULL << FIELD_CLIENT_ADDR | 1ULL << FIELD_USERNAME, 0}});
        record_set_uint(&r, FIELD_DURATION_US, 1000);
        return r;
}

struct record life_command(unsigned code, const char *sql)
{
        struct record r = life_record(EVENT_QUERY);
        record_set_uint(&r, FIELD_COMMAND_ID, code);
        if (sql != NULL) {
                record_set_text(&r, FIELD_QUERY, span_str(sql));
        }
        return r;
}

unsigned life_see(struct record *r)
{
        session_findings_before(&life.findings, &life.history, r);
        (void)enrich_record(&life.enrich, &life.order, r);
        life.now_ms++;
        return session_findings_after(&life.findings, &life.history, r,
                                      r->event == EVENT_QUERY ? &life.enrich.found : NULL);
}

bool life_has(const struct record *r, enum record_finding finding)
{
        return record_has(r, FIELD_FINDINGS) && (r->findings >> finding & 1) != 0;
}

static uint64_t sum;

static enum record_finding summed;

static void add_up(void *arg, const struct digest_stat *s)
{
        (void)arg;
        sum += s->findings[summed];
}

uint64_t life_counted(enum record_finding finding)
{
        sum = 0;
        summed = finding;
        (void)digests_each(life.enrich.digests, add_up, NULL);
        return sum;
}
