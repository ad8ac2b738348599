#include "journal/enrich/transactions.h"

#include "mysql/sql/trx_verb.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"

enum { ERR_DEADLOCK = 1213 };

static const char *end_name(enum transaction_end end)
{
        static const char *const names[TRANSACTION_ENDS] = {
            [TRANSACTION_IS_OPEN] = "open",
            [TRANSACTION_COMMIT] = "commit",
            [TRANSACTION_ROLLBACK] = "rollback",
            [TRANSACTION_IMPLICIT_COMMIT] = "implicit_commit",
            [TRANSACTION_XA_PREPARE] = "xa_prepare",
            [TRANSACTION_XA_COMMIT] = "xa_commit",
            [TRANSACTION_XA_ROLLBACK] = "xa_rollback",
            [TRANSACTION_DEADLOCK] = "deadlock",
            [TRANSACTION_ERROR] = "error",
            [TRANSACTION_DISCONNECT] = "disconnect",
            [TRANSACTION_RESET] = "reset_connection",
            [TRANSACTION_CHANGE_USER] = "change_user",
            [TRANSACTION_UNKNOWN] = "unknown",
        };
        return names[end];
}

/* --- how a command ends a transaction ------------------------------------------------------------------------------- */

/** The text of the statement that @p r executes; empty if there is none. */
static struct span text_of(const struct record *r)
{
        return r->command_id == COM_QUERY          ? record_text_if_any(r, FIELD_QUERY)
               : r->command_id == COM_STMT_EXECUTE ? record_text_if_any(r, FIELD_STMT_PREPARE_QUERY)
                                                   : (struct span){NULL, 0};
}

static bool has_several(const struct record *r)
{
        return r->command_id == COM_QUERY && record_has(r, FIELD_RESULT_ROWS);
}

/** What @p r, a command, does to a transaction by its text; of several statements, the last that does something. */
static enum trx_verb verb_of(const struct record *r)
{
        struct span text = text_of(r);
        return has_several(r) ? trx_verb_of_last(text, r->sql_mode) : trx_verb_of(text, r->sql_mode);
}

/** Is @p r, after which a transaction is open, a COMMIT AND CHAIN or the like? Most statements are looked at no further than their first
 *  letters. */
static bool chains(const struct record *r, enum trx_verb *verb)
{
        if (!has_several(r) && !trx_verb_may_restart(text_of(r))) {
                return false;
        }
        *verb = verb_of(r);
        return *verb == TRX_COMMIT || *verb == TRX_ROLLBACK;
}

static enum transaction_end end_by_verb(enum trx_verb verb)
{
        switch (verb) {
        case TRX_COMMIT: return TRANSACTION_COMMIT;
        case TRX_ROLLBACK: return TRANSACTION_ROLLBACK;
        case TRX_XA_PREPARE: return TRANSACTION_XA_PREPARE;
        case TRX_XA_COMMIT: return TRANSACTION_XA_COMMIT;
        case TRX_XA_ROLLBACK: return TRANSACTION_XA_ROLLBACK;
        case TRX_BEGIN:
        case TRX_IMPLICIT: return TRANSACTION_IMPLICIT_COMMIT;
        case TRX_HIDDEN:
        case TRX_NONE: break;
        }
        return TRANSACTION_UNKNOWN;
}

/** @p r is an error, which has no status flags: how it ends the transaction if the next reply shows that none is open. */
static enum transaction_end suspect(const struct record *r)
{
        switch (verb_of(r)) {
        case TRX_BEGIN:
        case TRX_IMPLICIT: return TRANSACTION_IMPLICIT_COMMIT; /* it commits before it fails */
        case TRX_HIDDEN: return TRANSACTION_UNKNOWN;
        case TRX_NONE:
        case TRX_COMMIT:
        case TRX_ROLLBACK:
        case TRX_XA_PREPARE:
        case TRX_XA_COMMIT:
        case TRX_XA_ROLLBACK: break;
        }
        return TRANSACTION_ERROR;
}

/** How @p r, a command without status flags, ends its transaction. */
static enum transaction_end end_without_flags(const struct record *r)
{
        bool failed = record_has(r, FIELD_ERRNO);
        if (failed && r->errno_ == ERR_DEADLOCK) {
                return TRANSACTION_DEADLOCK;
        }
        if (r->command_id == COM_CHANGE_USER && !failed) {
                return TRANSACTION_CHANGE_USER;
        }
        return r->command_id == COM_RESET_CONNECTION && !failed ? TRANSACTION_RESET : TRANSACTION_IS_OPEN;
}

/** How @p r, a command of the transaction, ends it. @p goes_on: commands before it belong to the transaction. */
static enum transaction_end end_by(const struct transaction_account *a, const struct record *r, bool goes_on)
{
        if (!record_has(r, FIELD_STATUS_FLAGS) || r->command_id == COM_RESET_CONNECTION ||
            r->command_id == COM_CHANGE_USER) {
                return end_without_flags(r);
        }
        enum trx_verb verb = TRX_NONE;
        if ((r->status_flags & STATUS_IN_TRANS) != 0) {
                return goes_on && chains(r, &verb) ? end_by_verb(verb) : TRANSACTION_IS_OPEN;
        }
        verb = verb_of(r);
        if (verb == TRX_NONE && a->suspected != TRANSACTION_IS_OPEN) {
                return a->suspected;
        }
        return end_by_verb(verb);
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static const struct record *finish(struct transactions *t, struct transaction_account *a,
                                   const struct record_session *who, uint64_t conn_id,
                                   enum transaction_end end)
{
        struct record *out = &t->record;
        account_put(&a->sums, EVENT_TRANSACTION, &t->times, out);
        record_set_uint(out, FIELD_TRX_ID, a->trx_id);
        record_set_text(out, FIELD_ENDED, span_str(end_name(end)));
        if (a->is_incomplete) {
                record_set_text(out, FIELD_REASON,
                                span_str("log records were dropped meanwhile: the sums may be too small"));
        }
        account_refer(&a->sums, conn_id, who, out);
        a->trx_id = 0;
        a->suspected = TRANSACTION_IS_OPEN;
        return out;
}

/** Records of the session may be missing before @p r. */
static bool is_behind_gap(const struct transaction_account *a, const struct record *r, uint64_t gaps)
{
        return a->gaps != gaps || (r->event == EVENT_NOTICE && record_has(r, FIELD_DROPPED));
}

const struct record *transactions_before(struct transactions *t, struct transaction_account *a,
                                         const struct record_session *who, const struct record *r,
                                         uint64_t gaps)
{
        if (is_behind_gap(a, r, gaps)) {
                a->is_incomplete = true;
                a->gaps = gaps;
        }
        if (a->trx_id == 0) {
                return NULL;
        }
        if (r->event == EVENT_DISCONNECT) {
                account_end(&a->sums, r->mono_ns);
                return finish(t, a, who, r->conn_id, TRANSACTION_DISCONNECT);
        }
        if (r->event != EVENT_QUERY || (record_has(r, FIELD_TRX_ID) && r->trx_id == a->trx_id)) {
                return NULL;
        }
        bool follows = record_has(r, FIELD_TRX_ID) && r->trx_id > a->trx_id;
        return finish(t, a, who, r->conn_id, follows ? end_by_verb(verb_of(r)) : TRANSACTION_UNKNOWN);
}

const struct record *transactions_after(struct transactions *t, struct transaction_account *a,
                                        const struct record_session *who, const struct record *r)
{
        bool is_in_transaction = r->event == EVENT_QUERY && record_has(r, FIELD_TRX_ID);
        enum transaction_end end = TRANSACTION_IS_OPEN;
        if (is_in_transaction) {
                bool goes_on = a->trx_id == r->trx_id;
                if (!goes_on) {
                        account_begin(&a->sums, r);
                        a->trx_id = r->trx_id;
                }
                account_add(&a->sums, r);
                end = end_by(a, r, goes_on);
                a->suspected = record_has(r, FIELD_ERRNO) ? suspect(r) : TRANSACTION_IS_OPEN;
        }
        const struct record *ended = end != TRANSACTION_IS_OPEN ? finish(t, a, who, r->conn_id, end) : NULL;
        a->is_incomplete = a->is_incomplete && a->trx_id != 0;
        return ended;
}
