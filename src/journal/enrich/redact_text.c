/* Statements and error texts without what must not be told. */
#include "base/seed.h"
#include "journal/enrich/redact_state.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"

#include <strings.h>
#include <xxhash.h>

enum {
        CANONICAL_SMALL = 4096, /* kept between records */
};

/* --- tokens --------------------------------------------------------------------------------------------------------- */

/** @return false if OpenSSL makes none. */
static bool make_digits(struct redact *f, struct span value, uint8_t digits[REDACT_DIGITS])
{
        static const char hex[] = "0123456789abcdef";
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t len = 0;
        if (EVP_MAC_init(f->mac, NULL, 0, NULL) != 1 || EVP_MAC_update(f->mac, value.data, value.len) != 1 ||
            EVP_MAC_final(f->mac, digest, &len, sizeof digest) != 1 || len < REDACT_DIGITS / 2) {
                return false;
        }
        for (size_t i = 0; i < REDACT_DIGITS / 2; i++) {
                digits[2 * i] = (uint8_t)hex[digest[i] >> 4];
                digits[2 * i + 1] = (uint8_t)hex[digest[i] & 15];
        }
        return true;
}

/** The token of a short value, made if it is not there. */
static const struct redact_token *token_of(struct redact *f, struct span value)
{
        uint64_t hash = XXH3_64bits_withSeed(value.data, value.len, seed_of_process());
        struct redact_token *token = &f->tokens[hash % REDACT_TOKENS];
        if (token->len == 0 || !span_equal(span_of(token->value, token->len - 1U), value)) {
                token->len = 0;
                if (!make_digits(f, value, token->digits)) {
                        return NULL;
                }
                token->len = (uint8_t)(value.len + 1);
                (void)span_copy(token->value, value);
        }
        return token;
}

void redact_put_token(struct redact *f, struct span value)
{
        uint8_t own[REDACT_DIGITS];
        const uint8_t *digits = NULL;
        if (value.len <= REDACT_VALUE_MAX) {
                const struct redact_token *token = token_of(f, value);
                digits = token != NULL ? token->digits : NULL;
        } else {
                digits = make_digits(f, value, own) ? own : NULL;
        }
        writer_text(&f->w, "redacted");
        if (digits != NULL) {
                writer_char(&f->w, ':');
                writer_bytes(&f->w, digits, REDACT_DIGITS);
        }
}

uint8_t *redact_room_for(struct redact *f, size_t size)
{
        void *room = f->canonical;
        bool made = redact_make_room(&room, &f->canonical_size, size, CANONICAL_SMALL, 1);
        f->canonical = room;
        f->failed = f->failed || !made;
        return made ? f->canonical : NULL;
}

struct span redact_meaning(struct redact *f, struct span literal, bool escapes)
{
        struct span s = literal;
        if (s.len > 1 && (s.data[0] & 0xdf) == 'N' && s.data[1] == '\'') {
                s = span_skip(s, 1);
        }
        if (s.len == 0 || (s.data[0] != '\'' && s.data[0] != '"')) {
                return literal;
        }
        uint8_t quote = s.data[0];
        uint8_t *out = redact_room_for(f, s.len);
        size_t len = 0;
        for (size_t i = 1; out != NULL && i < s.len; i++) {
                if (s.data[i] == quote) {
                        if (i + 1 == s.len || s.data[i + 1] != quote) {
                                break;
                        }
                        i++;
                } else if (s.data[i] == '\\' && escapes && i + 1 < s.len) {
                        i++;
                        static const char from[] = "ntr0bZ";
                        static const char to[] = "\n\t\r\0\b\032";
                        const char *at = memchr(from, s.data[i], sizeof from - 1);
                        out[len++] = at != NULL ? (uint8_t)to[at - from] : s.data[i];
                        continue;
                }
                out[len++] = s.data[i];
        }
        return span_of(out, len);
}

/* --- statements ----------------------------------------------------------------------------------------------------- */

/** What stands in @p t's place: nothing must be told of it. @p is_piece: of what has been written already. */
static void put_hidden(struct redact *f, const struct sql_token *t, bool is_piece, struct redact_found *found)
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

static void put_sql_token(struct redact *f, const struct sql_token *t, struct sql_mode mode,
                          struct redact_found *found)
{
        bool is_comment = t->kind == SQL_COMMENT && t->text.len > 2;
        if (sql_is_literal(t)) {
                writer_char(&f->w, '\'');
                redact_put_token(f, redact_meaning(f, t->text, !mode.no_backslash_escapes));
                writer_char(&f->w, '\'');
        } else if (is_comment && t->text.data[2] != '!' && t->text.data[2] != 'M') {
                writer_text(&f->w, t->text.data[0] == '/' ? "/*redacted*/" : "-- redacted");
        } else {
                writer_put(&f->w, t->text);
                return;
        }
        found->taken |= 1U << REDACTED_LITERALS;
}

/** Write @p sql without what must not be told. */
static void put_sql(struct redact *f, struct span sql, struct sql_mode mode, bool literals,
                    struct redact_found *found)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct secret_finder finder;
        secret_finder_begin(&finder, sql, mode);
        const uint8_t *at = sql.data;
        bool was_secret = false;
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool secret = secret_find(&finder, &t, &next, &lexer);
                bool is_piece =
                    was_secret && at == t.text.data && !sql_is_literal(&t); /* Pa$$-w0rd without quotes */
                was_secret = secret;
                writer_bytes(&f->w, at, (size_t)(t.text.data - at));
                found->n_parameters += t.kind == SQL_PARAMETER ? 1 : 0;
                if (secret) {
                        put_hidden(f, &t, is_piece, found);
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
        struct redact_found own = {.taken = 0};
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

/** Errors that quote names, not values. */
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

/** Is it a quote, in one of the servers' languages? Whatever is no ASCII may be one. */
static bool is_quote(uint8_t c)
{
        return c == '\'' || c == '"' || c == '`' || c >= 0x80;
}

/** Of an error about a statement with a password, only what stands before and behind the quotes is told. */
static void hide_quoted(struct redact *f, struct span text)
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

/** What stands before the quote says that a name is in it: for key 'PRIMARY'. */
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

/** The quote that closes what @p s begins within: servers do not escape, so one before a letter is part of the value. */
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

/** Each quoted part becomes a token; what a syntax error quotes is SQL to the text's last quote. */
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

/** Is its text the statement's, or a stored program's: that of SIGNAL? */
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

/** Is @p text what a constant of @p sql means? Servers take those for names that are in double quotes, in a mode that they do not
 *  tell. */
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

/** Names in quotes stay; constants become tokens. */
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
static bool tells_secret(const struct record *r, struct span sql)
{
        if (r->errno_ ==
            ERR_PARSE) { /* of dynamic SQL: the statement does not show it, its syntax error does */
                return r->secret_behind || secret_suspected(r->error) || secret_is_in_error(r->error, sql);
        }
        if (quotes_names(r->errno_) && !is_signal(r, sql)) {
                return false;
        }
        return r->secrecy >= SECRECY_QUOTES || r->secret_behind || secret_is_in_value(r->error) ||
               (secret_has_quotes(r->error) && secret_suspected(sql) && secret_is_mentioned(sql));
}

/** As log.redact says. @return whether something was taken out. */
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
                return 0; /* that of a login names users and hosts */
        }
        bool secret = has_secret || tells_secret(r, sql);
        if (secret && is_signal(r, sql)) {
                writer_text(&f->w, "<secret>");
        } else if (secret) {
                hide_quoted(f, r->error);
        } else if ((!f->literals && !f->values) || !redact_values_of_error(f, r, sql)) {
                f->w.at = begin;
                return 0;
        }
        record_set_text(r, FIELD_ERROR, span_of(f->w.data + begin, f->w.at - begin));
        return secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
}
