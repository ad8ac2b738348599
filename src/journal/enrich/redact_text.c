/* Statements and error texts. */
#include "journal/enrich/redact_text.h"

#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"

#include <strings.h>

enum { ERR_PARSE = 1064 };

/* --- statements ----------------------------------------------------------------------------------------------------- */

/** Write what replaces the password @p t. @p is_piece: it belongs to a password that has been replaced already. */
static void put_replaced(struct redact *f, const struct sql_token *t, bool is_piece,
                         struct redact_found *found)
{
        if (t->kind == SQL_PARAMETER) {
                unsigned last = found->n_parameters - 1;
                found->parameters |= 1ULL << (last < 63 ? last : 63);
                writer_put(&f->w, t->text);
                return;
        }
        found->taken |= 1U << REDACTED_PASSWORD;
        if (is_piece && t->kind != SQL_COMMENT) {
                return;
        }
        writer_text(&f->w, t->kind != SQL_COMMENT   ? "'<secret>'"
                           : t->text.data[0] == '/' ? "/*<secret>*/"
                                                    : "-- <secret>");
}

/** Is it a comment that the server does not execute? */
static bool is_plain_comment(const struct sql_token *t)
{
        return t->kind == SQL_COMMENT && t->text.len > 2 && t->text.data[2] != '!' && t->text.data[2] != 'M';
}

static void put_sql_token(struct redact *f, const struct sql_token *t, struct sql_mode mode,
                          struct redact_found *found)
{
        if (sql_is_literal(t)) {
                writer_char(&f->w, '\'');
                redact_put_token(f, redact_meaning(f, t->text, !mode.no_backslash_escapes));
                writer_char(&f->w, '\'');
        } else if (is_plain_comment(t)) {
                writer_text(&f->w, t->text.data[0] == '/' ? "/*redacted*/" : "-- redacted");
        } else {
                writer_put(&f->w, t->text);
                return;
        }
        found->taken |= 1U << REDACTED_LITERALS;
}

/** Write @p sql without passwords, and with tokens in place of constants if @p literals. */
static void put_sql(struct redact *f, struct span sql, struct sql_mode mode, bool literals,
                    struct redact_found *found)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct secret_finder finder;
        finder.reply = 0;                         /* all of it would be much to set */
        bool is_searched = secret_suspected(sql); /* nothing is found in other statements */
        if (is_searched) {
                secret_finder_begin(&finder, sql, mode);
        }
        const uint8_t *at = sql.data;
        bool was_secret = false;
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool secret = (is_searched && secret_find(&finder, &t, &next, &lexer)) ||
                              (found->has_secret_tag && is_plain_comment(&t));
                bool is_piece =
                    was_secret && at == t.text.data && !sql_is_literal(&t); /* Pa$$-w0rd without quotes */
                was_secret = secret;
                writer_bytes(&f->w, at, (size_t)(t.text.data - at));
                found->n_parameters += t.kind == SQL_PARAMETER ? 1 : 0;
                if (secret) {
                        put_replaced(f, &t, is_piece, found);
                } else if (literals) {
                        put_sql_token(f, &t, mode, found);
                } else {
                        writer_put(&f->w, t.text);
                }
                at = t.text.data + t.text.len;
                t = next;
        }
        writer_bytes(&f->w, at, (size_t)(sql.data + sql.len - at));
        found->reply |= finder.reply;
}

void redact_statement(struct redact *f, struct record *r, enum record_field field, struct redact_found *found)
{
        size_t begin = f->w.at;
        struct span text = record_text(r, field);
        struct redact_found own = {.has_secret_tag = found->has_secret_tag};
        if (text.len > 0) {
                put_sql(f, text, r->sql_mode, f->literals, &own);
        }
        if (own.taken == 0) {
                f->w.at = begin;
        } else {
                record_set_text(r, field, span_of(f->w.data + begin, f->w.at - begin));
        }
        found->taken |= own.taken;
        found->parameters |= own.parameters;
        found->reply |= own.reply;
}

/* --- errors --------------------------------------------------------------------------------------------------------- */

/** Does an error with this number quote names rather than values? */
static bool quotes_names(uint64_t errnum)
{
        static const uint16_t names[] = {1007, 1008, 1044, 1045, 1046, 1049, 1050, 1051, 1052, 1054, 1060,
                                         1061, 1072, 1091, 1109, 1142, 1143, 1146, 1176, 1227, 1305, 1364};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                if (names[i] == errnum) {
                        return true;
                }
        }
        return false;
}

/** May @p c be a quotation mark in one of the languages of the servers? Every byte beyond ASCII may. */
static bool is_quote(uint8_t c)
{
        return c == '\'' || c == '"' || c == '`' || c >= 0x80;
}

/** Write an error about a statement with a password: only what precedes the first quote and follows the last one. */
static void replace_quoted(struct redact *f, struct span text)
{
        size_t first = 0;
        size_t end = text.len;
        while (first < text.len && !is_quote(text.data[first])) {
                first++;
        }
        while (end > first && !is_quote(text.data[end - 1])) {
                end--;
        }
        writer_put(&f->w, span_head(text, first));
        if (end > first) {
                writer_text(&f->w, "'<secret>'");
        }
        writer_put(&f->w, span_skip(text, end));
}

/** Does the text before a quote show that a name is quoted, as in: for key 'PRIMARY'? */
static bool announces_name(struct span before)
{
        static const char *const words[] = {"key '",   "column '",   "table '",   "database '",
                                            "index '", "function '", "variable '"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                size_t len = strlen(words[i]);
                if (before.len >= len &&
                    strncasecmp((const char *)before.data + before.len - len, words[i], len) == 0) {
                        return true;
                }
        }
        return false;
}

/** The quote that closes the quoted text at the front of @p s. Servers do not escape quotes: one before a letter is part of the value. */
static const uint8_t *find_close(struct span s)
{
        for (size_t i = 0; i < s.len; i++) {
                uint8_t next = i + 1 < s.len ? s.data[i + 1] : ' ';
                bool goes_on = next == '\'' || next >= 0x80 || (next >= '0' && next <= '9') ||
                               ((next | 0x20) >= 'a' && (next | 0x20) <= 'z');
                if (s.data[i] == '\'' && !goes_on) {
                        return s.data + i;
                }
        }
        return NULL;
}

/** Write @p text with a token for each quoted part. A syntax error quotes SQL, up to the last quote of the text. */
static void redact_quoted(struct redact *f, const struct record *r, struct span text)
{
        struct redact_found unused = {.taken = 0};
        while (text.len > 0) {
                const uint8_t *open = memchr(text.data, '\'', text.len);
                if (open == NULL) {
                        break;
                }
                size_t before = (size_t)(open - text.data) + 1;
                struct span rest = span_skip(text, before);
                bool is_sql = r->errno_ == ERR_PARSE;
                const uint8_t *close = rest.len == 0 ? NULL
                                       : is_sql      ? memrchr(rest.data, '\'', rest.len)
                                                     : find_close(rest);
                size_t inner = close != NULL ? (size_t)(close - rest.data) : rest.len;
                writer_bytes(&f->w, text.data, before);
                if (is_sql && inner > 0) {
                        (void)put_sql(f, span_head(rest, inner), r->sql_mode, true, &unused);
                } else if (announces_name(span_head(text, before))) {
                        writer_put(&f->w, span_head(rest, inner));
                } else {
                        redact_put_token(f, span_head(rest, inner));
                }
                writer_text(&f->w, "'");
                text = span_skip(rest, inner + 1);
        }
        writer_put(&f->w, text);
}

/** Was the text of the error written by the statement or by a stored program (SIGNAL)? */
static bool is_signal(const struct record *r, struct span sql)
{
        static const char *const words[] = {"SIGNAL", "RESIGNAL", "CALL"};
        enum { SIGNAL_FIRST = 1642, SIGNAL_LAST = 1646 };
        if (r->errno_ == ERR_PARSE) {
                return false;
        }
        if ((r->errno_ >= SIGNAL_FIRST && r->errno_ <= SIGNAL_LAST) ||
            (record_has(r, FIELD_SQLSTATE) && span_equal(span_head(r->sqlstate, 2), span_str("45")))) {
                return true;
        }
        struct sql_lexer lexer = sql_lexer_over(sql, r->sql_mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind == SQL_COMMENT) {
                t = sql_next(&lexer);
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (sql_is(&t, words[i])) {
                        return true;
                }
        }
        return false;
}

/** Is @p text the meaning of a constant in @p sql? In a mode that servers do not report, they take constants in double quotes for
 *  names. */
static bool is_constant_of(struct redact *f, struct span text, struct span sql, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                if (sql_is_literal(&t) && t.text.len >= text.len &&
                    span_equal(redact_meaning(f, t.text, !mode.no_backslash_escapes), text)) {
                        return true;
                }
        }
        return false;
}

/** Write the error of @p r with tokens for constants that it quotes, and its names unchanged. @return whether there were any. */
static bool redact_constants(struct redact *f, const struct record *r, struct span sql)
{
        enum { LOOKED_AT = 4 };
        struct span text = r->error;
        bool found = false;
        for (unsigned i = 0; i < LOOKED_AT; i++) {
                const uint8_t *open = text.len > 0 ? memchr(text.data, '\'', text.len) : NULL;
                size_t before = open != NULL ? (size_t)(open - text.data) + 1 : 0;
                const uint8_t *close = open != NULL ? find_close(span_skip(text, before)) : NULL;
                if (close == NULL) {
                        break;
                }
                struct span inner = span_of(open + 1, (size_t)(close - open) - 1);
                writer_bytes(&f->w, text.data, before);
                if (is_constant_of(f, inner, sql, r->sql_mode)) {
                        redact_put_token(f, inner);
                        found = true;
                } else {
                        writer_put(&f->w, inner);
                }
                writer_text(&f->w, "'");
                text = span_skip(text, before + inner.len + 1);
        }
        writer_put(&f->w, text);
        return found;
}

/** May the error quote a password? */
static bool may_quote_secret(const struct record *r, struct span sql)
{
        if (r->errno_ ==
            ERR_PARSE) { /* of dynamic SQL, which the error quotes although the statement does not show it */
                return r->secret_behind || secret_suspected(r->error) || secret_is_in_error(r->error, sql);
        }
        if (quotes_names(r->errno_) && !is_signal(r, sql)) {
                return false;
        }
        return r->secrecy >= SECRECY_QUOTES || r->secret_behind || secret_is_in_value(r->error) ||
               (secret_has_quotes(r->error) && secret_suspected(sql) && secret_is_mentioned(sql));
}

/** Write the error of @p r as log.redact says. @return whether something was replaced. */
static bool redact_values_of_error(struct redact *f, const struct record *r, struct span sql)
{
        if (is_signal(r, sql)) {
                redact_put_token(f, r->error);
                return true;
        }
        if (quotes_names(r->errno_)) {
                return redact_constants(f, r, sql);
        }
        redact_quoted(f, r, r->error);
        return true;
}

unsigned redact_error(struct redact *f, struct record *r, struct span sql, bool has_secret)
{
        size_t begin = f->w.at;
        if (!record_has(r, FIELD_ERROR) || r->error.len == 0 || r->event == EVENT_AUTH) {
                return 0; /* the error of a login quotes users and hosts */
        }
        bool secret = has_secret || may_quote_secret(r, sql);
        if (secret && is_signal(r, sql)) {
                writer_text(&f->w, "<secret>");
        } else if (secret) {
                replace_quoted(f, r->error);
        } else if ((!f->literals && !f->values) || !redact_values_of_error(f, r, sql)) {
                f->w.at = begin;
                return 0;
        }
        record_set_text(r, FIELD_ERROR, span_of(f->w.data + begin, f->w.at - begin));
        return secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
}
