#include "rules/expr_sample.h"

#include "tap.h"

#include <stdio.h>

static const struct value parameters[] = {
    {.bytes = {(const uint8_t *)"Ada L", 5}, .true_len = 5, .type = VALUE_VAR_STRING},
    {.bytes = {(const uint8_t *)"\x11\0\0\0", 4}, .true_len = 4, .type = VALUE_LONG},
    {.is_null = true, .type = VALUE_NULL},
};

static const struct value tags[] = {
    {.name = {(const uint8_t *)"route", 5},
     .bytes = {(const uint8_t *)"/posts/7", 8},
     .true_len = 8,
     .type = VALUE_VAR_STRING},
    {.name = {(const uint8_t *)"x y", 3},
     .bytes = {(const uint8_t *)"1", 1},
     .true_len = 1,
     .type = VALUE_VAR_STRING},
};

static const struct value columns[] = {
    {.role = VALUE_BEGINS_RESULT},
    {.bytes = {(const uint8_t *)"Author_ID", 9}, .true_len = 9, .type = VALUE_VAR_STRING},
};

struct record expr_statement(const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, 7);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, 1);
        record_set_uint(&r, FIELD_TRX_ID, 2);
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str("10.1.2.3:4711"));
        record_set_text(&r, FIELD_USERNAME, span_str("app_shop"));
        record_set_text(&r, FIELD_DATABASE, span_str("shop"));
        record_set_uint(&r, FIELD_COMMAND_ID, 3);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_STMT_EXECUTE"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        record_set_text(&r, FIELD_DIGEST, span_str("91668775aceac64433230dea58b90adb"));
        record_set_uint(&r, FIELD_DURATION_US, 1500);
        record_set_uint(&r, FIELD_SERVER_US, 1200);
        record_set_uint(&r, FIELD_ROWS, 10);
        record_set_uint(&r, FIELD_WARNINGS, 0);
        record_set_uint(&r, FIELD_BYTES_SENT, 40);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 1000);
        record_set_uint(&r, FIELD_STATUS_FLAGS, 2);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_SLOW);
        record_set_uint(&r, FIELD_ERRNO, 1213);
        record_set_text(&r, FIELD_SQLSTATE, span_str("40001"));
        record_set_text(&r, FIELD_TRACEPARENT,
                        span_str("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        record_set_text(&r, FIELD_SCOPE, span_str("checkout-7"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){parameters, 3});
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 2});
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){columns, 2});
        return r;
}

const char expr_sql[] = "SELECT a.id, 'from users' FROM shop.orders a JOIN `my table` WHERE id > 17 LIMIT 10";

struct expr *expr_compiled(const char *text)
{
        struct expr *e = NULL;
        struct expr_error error;
        enum status status = expr_new(span_str(text), &e, &error);
        if (status != STATUS_OK) {
                printf("# %s: column %zu: %s\n", text, error.column, error.text);
        }
        CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
        return e;
}
