#include "mysql/dissect/local_file.h"

#include "mysql/sql/sql.h"

static struct sql_token next_code(struct sql_lexer *l)
{
        struct sql_token t = sql_next(l);
        while (t.kind == SQL_COMMENT) {
                t = sql_next(l);
        }
        return t;
}

/** Is @p t a text with the content @p name? True, too, if it is written in a way that is not read here. */
static bool may_be(const struct sql_token *t, struct span name)
{
        const uint8_t *at = t->text.data;
        size_t len = t->text.len;
        if (t->kind != SQL_STRING || len < 2 || (at[0] != '\'' && at[0] != '"') || at[len - 1] != at[0]) {
                return true;
        }
        for (size_t i = 1; i < len - 1; i++) {
                if (at[i] == '\\' || at[i] == at[0] || at[i] >= 0x80) {
                        return true;
                }
        }
        return span_equal(span_of(at + 1, len - 2), name);
}

static bool names(struct span text, struct sql_mode mode, struct span name)
{
        struct sql_lexer lexer = sql_lexer_over(text, mode);
        bool is_local = false;
        for (struct sql_token t = next_code(&lexer); t.kind != SQL_END; t = next_code(&lexer)) {
                if (sql_is_word(&t, "EXECUTE") || sql_is_word(&t, "CALL")) {
                        return true;
                }
                bool is_infile = is_local && sql_is_word(&t, "INFILE");
                is_local = sql_is_word(&t, "LOCAL");
                if (is_infile) {
                        t = next_code(&lexer);
                        if (may_be(&t, name)) {
                                return true;
                        }
                }
        }
        return false;
}

bool local_file_is_named(const struct dissect *d, const struct command *cmd, struct span name)
{
        const struct statement *st = cmd->has_stmt_id ? statements_find(&d->statements, cmd->stmt_id) : NULL;
        if (st != NULL) {
                return st->text_len < st->true_len ||
                       names(span_of(st->text, st->text_len), d->transaction.mode, name);
        }
        if (cmd->has_stmt_id || cmd->text_lost || cmd->body_len < cmd->true_len) {
                return true; /* the text is not known, or not all of it */
        }
        return cmd->type->has_text && names(command_text(cmd), d->transaction.mode, name);
}
