#include "journal/enrich/enriched.h"

#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>

struct settings enriched_settings;

struct enrich enriched;

struct n_plus_one_session enriched_session;

uint64_t enriched_digests = 8;

void enriched_begin(uint64_t redact)
{
        settings_defaults(&enriched_settings);
        enriched_settings.log.redact = redact;
        enriched_settings.log.digests = enriched_digests;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&enriched, &enriched_settings), STATUS_OK);
        n_plus_one_begin(enriched.n_plus_one, &enriched_session);
}

void enriched_finish(void)
{
        n_plus_one_end(enriched.n_plus_one, &enriched_session);
        enrich_fini(&enriched);
}

struct record enriched_query(uint64_t conn_id, const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        r.mono_ns = 1000000;
        r.wall_ns = 1700000000000000000ULL;
        record_set_uint(&r, FIELD_CONN_ID, conn_id);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        record_set_uint(&r, FIELD_DURATION_US, 100);
        return r;
}

bool enriched_is(struct span text, const char *wanted)
{
        bool same = span_equal(text, span_str(wanted));
        if (!same) {
                printf("# got \"%.*s\"\n", (int)text.len, (const char *)text.data);
        }
        return same;
}
