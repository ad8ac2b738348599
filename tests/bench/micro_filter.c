/* Filters that select nothing: what they cost for each statement, or for each MB of statements. */
#include "mysql/sql/digest.h"
#include "mysql/wire/command.h"
#include "rules/filter.h"

#include "micro.h"

#include <stdlib.h>

enum { MB = 1000000, SEARCHED = 10000 /* all of it is searched by a pattern */ };

static struct filter *filter;
static struct record statement;

static void begin(const char *expression, struct span text)
{
        static char hex[DIGEST_HEX + 1];
        struct digest digest;
        char error[FILTER_ERROR_MAX];
        const struct filter_spec spec = {.text = {[FILTER_EXPRESSION] = expression}};
        if (filter_new(&spec, &filter, error) != STATUS_OK) {
                abort();
        }
        statement = (struct record){.event = EVENT_QUERY, .sql_mode = {.is_mariadb = true}};
        digest_make(text, statement.sql_mode, &digest);
        record_set_uint(&statement, FIELD_CONN_ID, 7);
        record_set_uint(&statement, FIELD_COMMAND_ID, COM_QUERY);
        record_set_uint(&statement, FIELD_DURATION_US, 100);
        record_set_text(&statement, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&statement, FIELD_USERNAME, span_str("application"));
        record_set_text(&statement, FIELD_QUERY, text);
        digest_hex(digest.hash, hex);
        record_set_text(&statement, FIELD_DIGEST, span_str(hex));
}

static void begin_point_select(const char *expression)
{
        begin(expression, span_str(micro_point_select));
}

void micro_begin_filter_duration(void)
{
        begin_point_select("d:10s+");
}

void micro_begin_filter_user(void)
{
        begin_point_select("user:root");
}

void micro_begin_filter_session(void)
{
        begin_point_select("session:8");
}

void micro_begin_filter_error(void)
{
        begin_point_select("err:1213");
}

void micro_begin_filter_digest(void)
{
        begin_point_select("digest:ffffffff");
}

void micro_begin_filter_table(void)
{
        begin_point_select("op:select table:nowhere");
}

void micro_begin_filter_text(void)
{
        begin_point_select("text:nowhere");
}

void micro_begin_filter_pattern(void)
{
        begin_point_select("re:nowhere[0-9]");
}

void micro_begin_filter_text_long(void)
{
        begin("text:nowhere", span_of((const uint8_t *)micro_insert(), SEARCHED));
}

void micro_begin_filter_pattern_long(void)
{
        begin("re:nowhere[0-9]", span_of((const uint8_t *)micro_insert(), SEARCHED));
}

void micro_filter(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                if (filter_pass(filter, &statement)) {
                        abort();
                }
        }
}

void micro_filter_mb(uint64_t times)
{
        micro_filter(times * (MB / SEARCHED));
}
