#include "mysql/sql/trx_verb.h"

/** The next token that is not a comment. */
static struct sql_token next(struct sql_lexer *lexer)
{
        struct sql_token t = sql_next(lexer);
        while (t.kind == SQL_COMMENT) {
                t = sql_next(lexer);
        }
        return t;
}

static bool ends_statement(const struct sql_token *t)
{
        return t->kind == SQL_END || sql_is_sign(t, ';');
}

static enum trx_verb verb_of_xa(struct sql_lexer *lexer)
{
        struct sql_token second = next(lexer);
        return sql_is_word(&second, "PREPARE")                                  ? TRX_XA_PREPARE
               : sql_is_word(&second, "COMMIT")                                 ? TRX_XA_COMMIT
               : sql_is_word(&second, "ROLLBACK")                               ? TRX_XA_ROLLBACK
               : sql_is_word(&second, "START") || sql_is_word(&second, "BEGIN") ? TRX_BEGIN
                                                                                : TRX_NONE;
}

/** @p t is the first token of a statement that ends no transaction, nor may. */
static bool is_harmless(const struct sql_token *t)
{
        static const char *const words[] = {
            "SELECT", "INSERT",   "UPDATE",      "DELETE",  "REPLACE",    "WITH",   "VALUES", "VALUE",
            "TABLE",  "DO",       "SHOW",        "EXPLAIN", "DESCRIBE",   "DESC",   "USE",    "SAVEPOINT",
            "LOAD",   "RELEASE",  "HANDLER",     "PREPARE", "DEALLOCATE", "KILL",   "HELP",   "CHECKSUM",
            "SIGNAL", "RESIGNAL", "DIAGNOSTICS", "GET",     "BINLOG",     "IMPORT", NULL};
        return ends_statement(t) || sql_is_sign(t, '(') || sql_is_one_of(t, words);
}

/** @p first is the first token of a statement, the rest of which @p lexer reads. */
static enum trx_verb verb_of(struct sql_lexer *lexer, struct sql_token first)
{
        static const char *const hidden[] = {"CALL", "DECLARE", "EXECUTE", "IF",  "CASE",
                                             "LOOP", "REPEAT",  "WHILE",   "FOR", NULL};
        if (is_harmless(&first)) {
                return TRX_NONE;
        }
        if (first.kind == SQL_OPERATOR || sql_is_one_of(&first, hidden)) {
                return TRX_HIDDEN; /* <<label>> */
        }
        if (sql_is_word(&first, "XA")) {
                return verb_of_xa(lexer);
        }
        struct sql_lexer rest = *lexer;
        struct sql_token second = next(&rest);
        if (sql_is_sign(&second, ':')) {
                return TRX_HIDDEN; /* the label of a compound statement */
        }
        if (sql_is_word(&second, "WORK")) {
                second = next(&rest);
        }
        if (sql_is_word(&first, "COMMIT")) {
                return TRX_COMMIT;
        }
        if (sql_is_word(&first, "ROLLBACK")) {
                return sql_is_word(&second, "TO") ? TRX_NONE : TRX_ROLLBACK;
        }
        if (sql_is_word(&first, "BEGIN")) {
                return sql_is_word(&second, "NOT") ? TRX_HIDDEN : TRX_BEGIN;
        }
        if (sql_is_word(&first, "START") && sql_is_word(&second, "TRANSACTION")) {
                return TRX_BEGIN;
        }
        return TRX_IMPLICIT;
}

/** The first token of a statement, behind SET STATEMENT … FOR. */
static struct sql_token first_token(struct sql_lexer *lexer)
{
        struct sql_token t = next(lexer);
        struct sql_lexer rest = *lexer;
        struct sql_token second = sql_is_word(&t, "SET") ? next(&rest) : t;
        if (!sql_is_word(&second, "STATEMENT")) {
                return t;
        }
        while (!ends_statement(&second) && !sql_is_word(&second, "FOR")) {
                *lexer = rest;
                second = next(&rest);
        }
        if (sql_is_word(&second, "FOR")) {
                *lexer = rest;
                return next(lexer);
        }
        return t;
}

bool trx_verb_may_restart(struct span text)
{
        static const char *const starts[] = {"CO", "RO", "BE", "ST"};
        while (text.len > 0 && (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r'))) {
                text = span_skip(text, 1);
        }
        if (text.len < 2) {
                return false;
        }
        for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
                if ((text.data[0] & 0xdf) == starts[i][0] && (text.data[1] & 0xdf) == starts[i][1]) {
                        return true;
                }
        }
        return memchr("/-#", text.data[0], 3) != NULL;
}

enum trx_verb trx_verb_of(struct span text, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(text, mode);
        return verb_of(&lexer, first_token(&lexer));
}

enum trx_verb trx_verb_of_last(struct span text, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(text, mode);
        enum trx_verb last = TRX_NONE;
        struct sql_token t = {.kind = SQL_OPERATOR};
        while (t.kind != SQL_END) {
                struct sql_lexer begin = lexer;
                t = first_token(&lexer);
                enum trx_verb verb = verb_of(&lexer, t);
                last = verb != TRX_NONE ? verb : last;
                if (verb == TRX_HIDDEN && !sql_is_word(&t, "CALL") && !sql_is_word(&t, "EXECUTE")) {
                        break; /* the rest of the text is in the compound statement */
                }
                lexer = begin;
                t = next(&lexer);
                while (!ends_statement(&t)) {
                        t = next(&lexer);
                }
        }
        return last;
}
