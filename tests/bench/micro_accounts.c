/* Records of transactions and scopes: what they cost for each statement. */
#include "journal/enrich/scope_records.h"
#include "journal/enrich/transactions.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"

#include "micro.h"

#include <stdlib.h>

enum { STATEMENTS = 10 /* of a transaction, or a scope */ };

static struct transactions transactions;
static struct transaction_account account;
static struct scope_records scopes;
static struct scope_member member;
static struct record_session who;
static struct record statement;

static void begin(void)
{
        static struct settings settings;
        settings_defaults(&settings);
        settings.log.scope_records = 100;
        if (scope_records_init(&scopes, &settings) != STATUS_OK) {
                abort();
        }
        statement = (struct record){.event = EVENT_QUERY, .sql_mode = {.is_mariadb = true}};
        record_set_uint(&statement, FIELD_CONN_ID, 7);
        record_set_uint(&statement, FIELD_COMMAND_ID, COM_QUERY);
        record_set_uint(&statement, FIELD_DURATION_US, 100);
        record_set_uint(&statement, FIELD_ROWS, 1);
        record_set_text(&statement, FIELD_QUERY, span_str(micro_point_select));
}

void micro_begin_transactions(void)
{
        begin();
        record_set_uint(&statement, FIELD_STATUS_FLAGS, 3);
}

void micro_begin_scopes(void)
{
        begin();
        record_set_text(&statement, FIELD_SCOPE, span_str("checkout"));
}

void micro_transactions(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                record_set_uint(&statement, FIELD_TRX_ID, 1 + i / STATEMENTS);
                (void)transactions_before(&transactions, &account, &who, &statement, 0);
                (void)transactions_after(&transactions, &account, &who, &statement);
        }
}

void micro_scopes(uint64_t times)
{
        static char name[] = "checkout";
        for (uint64_t i = 0; i < times; i++) {
                name[0] = (char)('a' + i / STATEMENTS % 16);
                statement.scope = span_str(name);
                (void)scope_records_leave(&scopes, &member, &statement);
                (void)scope_records_add(&scopes, &member, &statement);
        }
}
