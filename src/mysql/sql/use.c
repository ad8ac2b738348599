#include "mysql/sql/use.h"

#include <strings.h>

static bool accept_database(struct sql_reader *r)
{
        return sql_accept(r, "DATABASE") || sql_accept(r, "SCHEMA");
}

/** A statement with @p effect on the database whose name comes next. In the mode ANSI_QUOTES a name may look like a string; MySQL does
 *  not report that mode. */
static struct use_change with_name(const struct sql_reader *r, enum use_effect effect)
{
        const struct sql_token *t = &r->token;
        bool is_name = sql_is_name(t) || (t->kind == SQL_STRING && t->text.data[0] == '"');
        if (sql_ends_statement(r)) {
                return (struct use_change){.effect = USE_KEEPS}; /* no server accepts it */
        }
        return (struct use_change){.effect = is_name ? effect : USE_UNKNOWN, .name = t->text};
}

/* --- statements that execute others ---------------------------------------------------------------------------------- */

/** Is @p t a word of a statement that sets a character set? */
static bool sets_charset(const struct sql_token *t)
{
        static const char prefix[] = "character_set_";
        bool is_variable = t->text.len > sizeof prefix - 1 &&
                           strncasecmp((const char *)t->text.data, prefix, sizeof prefix - 1) == 0;
        return is_variable || sql_is_word(t, "NAMES") || sql_is_word(t, "CHARSET") ||
               sql_is_word(t, "CHARACTER");
}

/** Read to the end of a compound statement, which is that of the text, or of one that begins with SET STATEMENT. No compound statement may
 *  contain USE, but another statement may follow it. */
static struct use_change read_compound(struct sql_reader *r, bool to_end)
{
        struct use_change change = {.effect = USE_KEEPS, .any_results = true};
        struct sql_token before = {.kind = SQL_END};
        while (r->token.kind != SQL_END && (to_end || !sql_is_sign(&r->token, ';'))) {
                const struct sql_token *t = &r->token;
                bool drops = (sql_is_word(t, "DATABASE") || sql_is_word(t, "SCHEMA")) &&
                             (sql_is_word(&before, "DROP") || sql_is_word(&before, "REPLACE"));
                bool uses =
                    sql_is_word(t, "USE") && (sql_is_sign(&before, ';') || sql_is_word(&before, "FOR"));
                bool executes = sql_is_word(t, "EXECUTE");
                if (drops || uses || executes || sql_is_word(t, "CALL")) {
                        change.effect = USE_UNKNOWN;
                }
                change.charset_unknown = change.charset_unknown || executes || sets_charset(t);
                before = *t;
                sql_reader_advance(r);
        }
        return change;
}

static struct use_change read_statement(struct sql_reader *r, bool is_inner);

/** EXECUTE IMMEDIATE of a literal without escapes executes what the text shows; any other EXECUTE does not show it. */
static struct use_change read_execute(struct sql_reader *r, bool is_inner)
{
        static const struct use_change unknown = {
            .effect = USE_UNKNOWN, .any_results = true, .charset_unknown = true};
        if (is_inner || !sql_accept(r, "IMMEDIATE") || r->token.kind != SQL_STRING) {
                return unknown;
        }
        struct span literal = r->token.text;
        sql_reader_advance(r);
        if (literal.len < 2 || (!sql_ends_statement(r) && !sql_is_word(&r->token, "USING"))) {
                return unknown;
        }
        uint8_t quote = literal.data[0];
        struct span inside = span_of(literal.data + 1, literal.len - 2);
        if ((quote != '\'' && quote != '"') || literal.data[literal.len - 1] != quote ||
            memchr(inside.data, '\\', inside.len) != NULL || memchr(inside.data, quote, inside.len) != NULL) {
                return unknown;
        }
        struct sql_reader inner = sql_reader_over(inside, r->lexer.mode);
        bool is_set = sql_is_word(&inner.token, "SET");
        struct use_change change = read_statement(&inner, true);
        while (is_set && inner.token.kind != SQL_END) {
                change.charset_unknown = change.charset_unknown || sets_charset(&inner.token);
                sql_reader_advance(&inner);
        }
        return change;
}

/** BEGIN begins a transaction, or a compound statement. */
static struct use_change read_begin(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        bool is_transaction = sql_ends_statement(r) || sql_is_word(&r->token, "WORK");
        return is_transaction ? (struct use_change){.effect = USE_KEEPS} : read_compound(r, true);
}

static struct use_change read_block(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        return read_compound(r, true);
}

/** SET STATEMENT x = y FOR executes the statement that follows it. */
static struct use_change read_set(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        bool executes = sql_is_word(&r->token, "STATEMENT");
        return executes ? read_compound(r, false) : (struct use_change){.effect = USE_KEEPS};
}

static struct use_change read_call(struct sql_reader *r, bool is_inner)
{
        (void)r;
        (void)is_inner;
        return (struct use_change){.effect = USE_UNKNOWN, .any_results = true};
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

/** ALTER DATABASE … UPGRADE DATA DIRECTORY NAME renames the database. */
static struct use_change read_alter(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        struct use_change change = {.effect = USE_KEEPS};
        if (accept_database(r)) {
                while (!sql_ends_statement(r)) {
                        if (sql_is_word(&r->token, "UPGRADE")) {
                                change.effect = USE_UNKNOWN;
                        }
                        sql_reader_advance(r);
                }
        }
        return change;
}

static struct use_change read_drop(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        if (!accept_database(r)) {
                return (struct use_change){.effect = USE_KEEPS};
        }
        if (sql_accept(r, "IF")) {
                (void)sql_accept(r, "EXISTS");
        }
        return with_name(r, USE_DROPS);
}

/** CREATE OR REPLACE DATABASE drops it first. */
static struct use_change read_create(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        bool replaces = sql_accept(r, "OR") && sql_accept(r, "REPLACE") && accept_database(r);
        return replaces ? with_name(r, USE_DROPS) : (struct use_change){.effect = USE_KEEPS};
}

static struct use_change read_use(struct sql_reader *r, bool is_inner)
{
        (void)is_inner;
        return with_name(r, USE_SETS);
}

/** @p is_inner: it is the literal of an EXECUTE IMMEDIATE. */
static struct use_change read_statement(struct sql_reader *r, bool is_inner)
{
        static const struct {
                const char *word;
                struct use_change (*read)(struct sql_reader *r, bool is_inner);
        } readers[] = {
            {"SET", read_set},      {"BEGIN", read_begin}, {"CALL", read_call},     {"CREATE", read_create},
            {"ALTER", read_alter},  {"DROP", read_drop},   {"USE", read_use},       {"EXECUTE", read_execute},
            {"IF", read_block},     {"CASE", read_block},  {"LOOP", read_block},    {"WHILE", read_block},
            {"REPEAT", read_block}, {"FOR", read_block},   {"DECLARE", read_block},
        };
        struct sql_token first = r->token;
        if (sql_ends_statement(r)) {
                return (struct use_change){.effect = USE_KEEPS, .is_empty = true};
        }
        sql_reader_advance(r);
        /* a label, or one of the mode ORACLE */
        if (sql_is_sign(&r->token, ':') || (first.kind == SQL_OPERATOR && first.text.data[0] == '<')) {
                return read_compound(r, true);
        }
        for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
                if (sql_is_word(&first, readers[i].word)) {
                        return readers[i].read(r, is_inner);
                }
        }
        return (struct use_change){.effect = USE_KEEPS};
}

struct use_change use_read(struct sql_reader *r)
{
        return read_statement(r, false);
}

bool use_next_statement(struct sql_reader *r)
{
        while (!sql_ends_statement(r)) {
                sql_reader_advance(r);
        }
        if (r->token.kind == SQL_END) {
                return false;
        }
        sql_reader_advance(r);
        return r->token.kind != SQL_END;
}

size_t use_name(struct span name, uint8_t out[USE_NAME_MAX])
{
        uint8_t quote = name.len > 0 ? name.data[0] : 0;
        bool is_quoted = quote == '`' || quote == '"';
        size_t end = is_quoted ? name.len - 1 : name.len;
        size_t n = 0;
        if (name.len > USE_NAME_MAX || (is_quoted && name.len < 3) ||
            (quote == '"' && memchr(name.data, '\\', name.len) != NULL)) {
                return 0; /* a backslash is an escape in some modes only */
        }
        for (size_t i = is_quoted ? 1 : 0; i < end; i++) {
                i += is_quoted && name.data[i] == quote ? 1 : 0; /* a doubled quote stands for itself */
                out[n++] = name.data[i];
        }
        return n;
}
