/* Scopes: what a statement costs that has none, what one costs that has a scope, a trace and a tag, and what setting the variable costs. */
#include "journal/enrich/scope_stats.h"

#include "micro.h"

#include <stdlib.h>

static struct scope_stats stats;
static struct scope_session session;
static struct scope_tally tally;
static struct record_session who;
static struct record statement;
static const struct value tags[] = {
    {.name = {(const uint8_t *)"route", 5}, .bytes = {(const uint8_t *)"/posts", 6}}};

static void begin(const char *sql)
{
        scope_tally_init(&tally);
        scope_stats_init(&stats, 1000, 512 * 1024, 1000);
        record_clear(&statement);
        statement.event = EVENT_QUERY;
        statement.wall_ns = 1700000000000000000ULL;
        record_set_uint(&statement, FIELD_CONN_ID, 7);
        record_set_uint(&statement, FIELD_COMMAND_ID, COM_QUERY);
        record_set_uint(&statement, FIELD_DURATION_US, 100);
        record_set_uint(&statement, FIELD_ROWS, 1);
        record_set_text(&statement, FIELD_QUERY, span_str(sql));
}

void micro_begin_scope_none(void)
{
        begin(micro_point_select);
}

void micro_begin_scope_used(void)
{
        begin(micro_point_select);
        session.variable = (struct scope_name){.bytes = (uint8_t *)(uintptr_t) "request 17", .len = 10};
        session.has_name = true;
        record_set_list(&statement, FIELD_TAGS, (struct value_list){tags, 1});
        record_set_text(&statement, FIELD_TRACEPARENT,
                        span_str("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
}

void micro_scope(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                if (record_has(&statement, FIELD_TAGS) || session.has_name) {
                        scope_put(&session, &statement);
                }
                scope_stats_see(&stats, &tally, &who, &statement);
                statement.wall_ns += 200000;
        }
        scope_stats_settle(&stats);
}

void micro_begin_scope_set(void)
{
        begin("SET @querytap_scope = 'request 17'");
        session = (struct scope_session){.variable = {.bytes = NULL}};
}

void micro_scope_set(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                scope_on_command(&session, &statement);
        }
}
