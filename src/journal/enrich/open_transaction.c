#include "journal/enrich/open_transaction.h"

#include "base/clock.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"

enum {
        STATUS_AUTOCOMMIT = 0x0002,
        ERR_DEADLOCK = 1213, /* the server has rolled the transaction back, and an ERR has no flags */
};

/** Commands during which the transaction is as idle as between commands. */
static bool runs_nothing(uint64_t command_id)
{
        switch (command_id) {
        case COM_QUIT:
        case COM_PING:
        case COM_STATISTICS:
        case COM_STMT_PREPARE:
        case COM_STMT_SEND_LONG_DATA:
        case COM_STMT_RESET:
        case COM_STMT_CLOSE: return true;
        default: return false;
        }
}

static bool is_reset(const struct record *r)
{
        return r->event == EVENT_QUERY && !record_has(r, FIELD_ERRNO) &&
               (r->command_id == COM_RESET_CONNECTION || r->command_id == COM_CHANGE_USER);
}

/** @p r is the next thing that happens in the transaction, or after it without its end. */
static void report(const struct open_transaction *t, const struct open_transaction_limits *limits,
                   struct record *r)
{
        uint64_t idle_us = r->mono_ns > t->ended_ns ? (r->mono_ns - t->ended_ns) / CLOCK_US_NS : 0;
        if (limits->idle_us > 0 && idle_us >= limits->idle_us) {
                record_add_finding(r, FINDING_TRANSACTION_IDLE);
                record_set_uint(r, FIELD_TRX_IDLE_US, idle_us);
        }
        bool is_lost = r->event == EVENT_DISCONNECT || is_reset(r);
        if (is_lost && limits->left_open && (t->is_explicit || t->has_written)) {
                record_add_finding(r, FINDING_TRANSACTION_OPEN);
        }
}

bool transaction_is_open_after(const struct record *r, bool was_open)
{
        if (record_has(r, FIELD_STATUS_FLAGS)) {
                return (r->status_flags & STATUS_IN_TRANS) != 0;
        }
        return was_open && !is_reset(r) && !(record_has(r, FIELD_ERRNO) && r->errno_ == ERR_DEADLOCK);
}

void open_transaction_follow(struct open_transaction *t, const struct open_transaction_limits *limits,
                             struct record *r)
{
        if (r->event == EVENT_NOTICE) { /* maybe the session can't be followed any longer */
                t->trx_id = 0;
        }
        if (r->event == EVENT_DISCONNECT && t->trx_id != 0) {
                record_set_uint(r, FIELD_TRX_ID, t->trx_id);
                report(t, limits, r);
                t->trx_id = 0;
        }
        if (r->event != EVENT_QUERY || runs_nothing(r->command_id)) {
                return;
        }
        uint64_t trx_id = record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
        bool goes_on = trx_id != 0 && trx_id == t->trx_id;
        if (goes_on) {
                report(t, limits, r);
        } else {
                *t = (struct open_transaction){.trx_id = 0};
        }
        bool has_flags = record_has(r, FIELD_STATUS_FLAGS);
        t->trx_id = transaction_is_open_after(r, goes_on) ? trx_id : 0;
        t->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        t->is_explicit = t->is_explicit || (has_flags && (r->status_flags & STATUS_AUTOCOMMIT) != 0);
        t->has_written = t->has_written || (record_has(r, FIELD_AFFECTED_ROWS) && r->affected_rows > 0);
}
