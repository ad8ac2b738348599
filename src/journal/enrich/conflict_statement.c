#include "journal/enrich/conflict_statement.h"

#include "mysql/sql/trx_verb.h"
#include "mysql/wire/command.h"

static struct span text_of(const struct record *r)
{
        return record_has(r, FIELD_QUERY) ? r->query : record_text_if_any(r, FIELD_STMT_PREPARE_QUERY);
}

static struct sql_token next_word(struct sql_lexer *lexer)
{
        struct sql_token t = sql_next(lexer);
        while (t.kind == SQL_COMMENT || t.kind == SQL_HINT) {
                t = sql_next(lexer);
        }
        return t;
}

static bool is_any_of(const struct sql_token *t, const char *const *words)
{
        for (; *words != NULL; words++) {
                if (sql_is(t, *words)) {
                        return true;
                }
        }
        return false;
}

bool conflict_is_statement(const struct record *r)
{
        return r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE ||
               r->command_id == COM_STMT_BULK_EXECUTE;
}

/** Has what @p lexer still has to read FOR UPDATE, FOR SHARE or LOCK IN SHARE MODE? */
static bool has_locking_clause(struct sql_lexer *lexer)
{
        struct sql_token t = next_word(lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = next_word(lexer);
                bool is_for = sql_is(&t, "FOR") && (sql_is(&next, "UPDATE") || sql_is(&next, "SHARE"));
                if (is_for || (sql_is(&t, "LOCK") && sql_is(&next, "IN"))) {
                        return true;
                }
                t = next;
        }
        return false;
}

bool conflict_may_lock(const struct record *r)
{
        static const char *const no_locks[] = {"SET",   "USE",   "SHOW",   "EXPLAIN",  "DESCRIBE", "DESC",
                                               "BEGIN", "START", "COMMIT", "ROLLBACK", "KILL",     NULL};
        if (!conflict_is_statement(r)) {
                return false;
        }
        struct sql_lexer lexer = sql_lexer_over(text_of(r), r->sql_mode);
        struct sql_token first = next_word(&lexer);
        if (is_any_of(&first, no_locks)) {
                return false;
        }
        /* a statement that only reads has rows, and does not lock outside transactions without a locking clause */
        return !record_has(r, FIELD_ROWS) || sql_is(&first, "CALL") || has_locking_clause(&lexer);
}

bool conflict_ends_transaction(const struct record *r)
{
        enum trx_verb verb = trx_verb_of(text_of(r), r->sql_mode);
        return verb == TRX_COMMIT || verb == TRX_ROLLBACK;
}
