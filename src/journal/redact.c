#include "journal/redact.h"

#include "base/diag.h"
#include "base/writer.h"
#include "mysql/secret.h"
#include "profile/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <strings.h>
#include <unistd.h>

enum {
        KEY_MAX = 1024,
        KEY_MIN = 16,
        TOKEN_BYTES = 8,
        TOKEN_LEN = sizeof "redacted:" - 1 + 2 * TOKEN_BYTES,
        GROWTH = TOKEN_LEN + 3, /* a constant of one byte becomes a token in quotes */
        /* kept between records */
        ROOM_SMALL = 64 * 1024,
        LIST_SMALL = 64,
        CANONICAL_SMALL = 4096,
};

struct redact {
        bool literals;
        bool values;
        EVP_MAC_CTX *mac; /* with the key, to be copied */
        uint8_t *room;    /* the new texts */
        size_t size;
        struct value *list; /* the new elements of lists */
        size_t list_size;
        size_t list_used;
        struct writer w;
        uint8_t *canonical; /* a constant as it is meant */
        size_t canonical_size;
        bool failed;
};

/* --- tokens --------------------------------------------------------------------------------------------------------- */

static void put_token(struct redact *f, struct span value)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t len = 0;
        EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(f->mac);
        if (mac == NULL || EVP_MAC_update(mac, value.data, value.len) != 1 ||
            EVP_MAC_final(mac, digest, &len, sizeof digest) != 1 || len < TOKEN_BYTES) {
                writer_text(&f->w, "redacted");
        } else {
                writer_text(&f->w, "redacted:");
                for (size_t i = 0; i < TOKEN_BYTES; i++) {
                        writer_format(&f->w, "%02x", digest[i]);
                }
        }
        EVP_MAC_CTX_free(mac);
}

/** Make *@p room at least @p wanted elements of @p each bytes large, and no larger than it need be; what is in it goes.
 *  @return false when memory is out: then it stays as it was. */
static bool make_room(void **room, size_t *size, size_t wanted, size_t small, size_t each)
{
        if (wanted <= *size && (*size <= small || wanted > small)) {
                return true;
        }
        size_t n = wanted > small ? wanted : small;
        void *other = prof_alloc(STAGE_JOURNAL, n * each);
        if (other == NULL) {
                return false;
        }
        prof_free(*room);
        *room = other;
        *size = n;
        return true;
}

static uint8_t *room_for(struct redact *f, size_t size)
{
        void *room = f->canonical;
        bool made = make_room(&room, &f->canonical_size, size, CANONICAL_SMALL, 1);
        f->canonical = room;
        f->failed = f->failed || !made;
        return made ? f->canonical : NULL;
}

/** What the constant @p literal means: a string without its quotes and escapes, anything else as it is. */
static struct span meaning(struct redact *f, struct span literal, bool escapes)
{
        struct span s = literal;
        if (s.len > 1 && (s.data[0] & 0xdf) == 'N' && s.data[1] == '\'') {
                s = span_skip(s, 1);
        }
        if (s.len == 0 || (s.data[0] != '\'' && s.data[0] != '"')) {
                return literal;
        }
        uint8_t quote = s.data[0];
        uint8_t *out = room_for(f, s.len);
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

/** Write @p sql without what must not be told. @return the REDACTED_ bits of what was taken out. */
static unsigned put_sql(struct redact *f, struct span sql, struct sql_mode mode, bool literals,
                        bool *hides_parameter)
{
        unsigned taken = 0;
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct secret_finder finder = secret_finder_begin(mode);
        const uint8_t *at = sql.data;
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool is_comment = t.kind == SQL_COMMENT && t.text.len > 2;
                bool secret = secret_find(&finder, &t, &next);
                writer_bytes(&f->w, at, (size_t)(t.text.data - at));
                if (secret && t.kind == SQL_PARAMETER) {
                        *hides_parameter = true;
                        writer_put(&f->w, t.text);
                } else if (secret) {
                        taken |= 1U << REDACTED_PASSWORD;
                        writer_text(&f->w, is_comment ? "/*<secret>*/" : "'<secret>'");
                } else if (literals && sql_is_literal(&t)) {
                        taken |= 1U << REDACTED_LITERALS;
                        writer_char(&f->w, '\'');
                        put_token(f, meaning(f, t.text, !mode.no_backslash_escapes));
                        writer_char(&f->w, '\'');
                } else if (literals && is_comment && t.text.data[2] != '!' && t.text.data[2] != 'M') {
                        taken |= 1U << REDACTED_LITERALS;
                        writer_text(&f->w, t.text.data[0] == '/' ? "/*redacted*/" : "-- redacted");
                } else {
                        writer_put(&f->w, t.text);
                }
                at = t.text.data + t.text.len;
                t = next;
        }
        writer_bytes(&f->w, at, (size_t)(sql.data + sql.len - at));
        return taken;
}

static unsigned redact_statement(struct redact *f, struct record *r, enum record_field field,
                                 bool *hides_parameter)
{
        size_t begin = f->w.at;
        struct span text = record_text(r, field);
        unsigned taken = text.len > 0 ? put_sql(f, text, r->sql_mode, f->literals, hides_parameter) : 0;
        if (taken == 0) {
                f->w.at = begin;
        } else {
                record_set_text(r, field, span_of(f->w.data + begin, f->w.at - begin));
        }
        return taken;
}

/* --- errors --------------------------------------------------------------------------------------------------------- */

enum { ERR_PARSE = 1064 };

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

/** Of an error about a statement with a password, only what stands before and behind the quotes is told. */
static void hide_quoted(struct redact *f, struct span text)
{
        const uint8_t *first = memchr(text.data, '\'', text.len);
        const uint8_t *last = first != NULL ? memrchr(text.data, '\'', text.len) : NULL;
        if (first == NULL) {
                writer_put(&f->w, text);
                return;
        }
        writer_bytes(&f->w, text.data, (size_t)(first - text.data));
        writer_text(&f->w, "'<secret>'");
        writer_bytes(&f->w, last + 1, (size_t)(text.data + text.len - last - 1));
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
        bool unused = false;
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
                if (is_sql) {
                        (void)put_sql(f, span_head(rest, inner), r->sql_mode, true, &unused);
                } else if (announces_name(span_head(text, before))) {
                        writer_put(&f->w, span_head(rest, inner));
                } else {
                        put_token(f, span_head(rest, inner));
                }
                writer_text(&f->w, "'");
                text = span_skip(rest, inner + 1);
        }
        writer_put(&f->w, text);
}

static unsigned redact_error(struct redact *f, struct record *r, bool has_secret)
{
        size_t begin = f->w.at;
        bool any = (f->literals || f->values) && !quotes_names(r->errno_);
        if (!record_has(r, FIELD_ERROR) || r->error.len == 0 || (!has_secret && !any)) {
                return 0;
        }
        if (has_secret) {
                hide_quoted(f, r->error);
        } else {
                redact_quoted(f, r, r->error);
        }
        record_set_text(r, FIELD_ERROR, span_of(f->w.data + begin, f->w.at - begin));
        return has_secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
}

/* --- values --------------------------------------------------------------------------------------------------------- */

/** A value as a text that stands for it. */
static struct value token_value(struct redact *f, const struct value *v, bool secret)
{
        struct value out = {.name = v->name, .type = VALUE_VAR_STRING, .role = v->role, .in_text = true};
        if (v->is_null || v->role == VALUE_BEGINS_ROW || v->role == VALUE_BEGINS_RESULT) {
                return *v;
        }
        size_t size = 8 * v->bytes.len + 128;
        uint8_t *sql = prof_alloc(STAGE_JOURNAL, size);
        struct writer w = writer_over(sql, sql != NULL ? size : 0);
        value_print(&w, v, VALUE_AS_SQL);
        size_t begin = f->w.at;
        if (secret || sql == NULL || w.failed) {
                writer_text(&f->w, secret ? "<secret>" : "redacted");
        } else {
                put_token(f, meaning(f, writer_span(&w), true));
        }
        prof_free(sql);
        out.bytes = span_of(f->w.data + begin, f->w.at - begin);
        out.true_len = out.bytes.len;
        return out;
}

static void redact_list(struct redact *f, struct record *r, enum record_field field, bool secret)
{
        struct value_list list = record_list(r, field);
        struct value *to = f->list + f->list_used;
        for (size_t i = 0; i < list.n; i++) {
                to[i] = token_value(f, &list.at[i], secret);
        }
        f->list_used += list.n;
        record_set_list(r, field, (struct value_list){to, list.n});
}

/** A column without a name of its own is called as its expression is written, or as its constant reads. */
static bool is_called_by_constant(struct redact *f, struct span name, struct span sql, struct sql_mode mode)
{
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i] | 0x20;
                if (!(c >= 'a' && c <= 'z') && !(name.data[i] >= '0' && name.data[i] <= '9') &&
                    name.data[i] != '_') {
                        return true;
                }
        }
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                if (sql_is_literal(&t) && span_equal(meaning(f, t.text, !mode.no_backslash_escapes), name)) {
                        return true;
                }
        }
        return false;
}

static void redact_column_names(struct redact *f, struct record *r, struct span sql, bool secret)
{
        struct value_list list = record_list(r, FIELD_COLUMN_NAMES);
        struct value *to = f->list + f->list_used;
        for (size_t i = 0; i < list.n; i++) {
                to[i] = list.at[i];
                if (is_called_by_constant(f, to[i].bytes, sql, r->sql_mode)) {
                        to[i] = token_value(f, &list.at[i], secret);
                }
        }
        f->list_used += list.n;
        record_set_list(r, FIELD_COLUMN_NAMES, (struct value_list){to, list.n});
}

static const enum record_field value_fields[] = {FIELD_STMT_EXECUTE_VALUES, FIELD_BULK_ROWS,
                                                 FIELD_QUERY_ATTRIBUTES, FIELD_FIRST_ROWS};
static const enum record_field text_fields[] = {FIELD_QUERY, FIELD_STMT_PREPARE_QUERY};
enum { VALUE_FIELDS = sizeof value_fields / sizeof value_fields[0] };

/** With a secret, what is about the statement's values is hidden whatever the settings say. */
static unsigned redact_values(struct redact *f, struct record *r, bool hides_parameter, bool has_secret)
{
        unsigned taken = 0;
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                enum record_field field = value_fields[i];
                bool is_rows = field == FIELD_FIRST_ROWS;
                bool secret = is_rows ? has_secret : hides_parameter && field != FIELD_QUERY_ATTRIBUTES;
                if (record_has(r, field) && (f->values || secret)) {
                        redact_list(f, r, field, secret);
                        taken |= secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
                }
        }
        return taken;
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static bool prepare(struct redact *f, const struct record *r)
{
        size_t bytes = 256;
        size_t values = 0;
        for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
                bytes += record_has(r, text_fields[i]) ? record_text(r, text_fields[i]).len * GROWTH : 0;
        }
        bytes += record_has(r, FIELD_ERROR) ? r->error.len * GROWTH : 0;
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                values += record_has(r, value_fields[i]) ? record_list(r, value_fields[i]).n : 0;
        }
        values += record_has(r, FIELD_COLUMN_NAMES) ? r->column_names.n : 0;
        bytes += values * GROWTH;
        void *room = f->room;
        void *list = f->list;
        bool made = make_room(&room, &f->size, bytes, ROOM_SMALL, 1);
        made = make_room(&list, &f->list_size, values, LIST_SMALL, sizeof *f->list) && made;
        f->room = room;
        f->list = list;
        f->list_used = 0;
        f->w = writer_over(f->room, f->size);
        f->failed = false;
        return made;
}

/** Without memory nothing can be told that may be secret. */
static void drop_fields(struct record *r)
{
        for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
                record_remove(r, text_fields[i]);
        }
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                record_remove(r, value_fields[i]);
        }
        record_remove(r, FIELD_ERROR);
        record_set_text(r, FIELD_INFO, span_str("redaction: out of memory, so the texts were left out"));
}

void redact_record(struct redact *f, struct record *r, bool suspected)
{
        bool hides_parameter = false;
        unsigned taken = 0;
        if (!suspected && !f->literals && !f->values && !record_has(r, FIELD_ERROR)) {
                return;
        }
        r->packed = 0; /* a copy must not take along what is hidden */
        if (!prepare(f, r)) {
                drop_fields(r);
                taken = 1U << REDACTED_PASSWORD | 1U << REDACTED_LITERALS | 1U << REDACTED_VALUES;
                record_set_uint(r, FIELD_REDACTED, taken);
                return;
        }
        struct span sql = record_has(r, FIELD_QUERY) ? r->query : r->stmt_prepare_query;
        for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
                if (record_has(r, text_fields[i])) {
                        taken |= redact_statement(f, r, text_fields[i], &hides_parameter);
                }
        }
        bool has_secret = (taken >> REDACTED_PASSWORD & 1) != 0 || hides_parameter;
        /* dynamic SQL of a stored program: the statement does not show it, its syntax error does */
        bool tells = record_has(r, FIELD_ERROR) && r->errno_ == ERR_PARSE && secret_suspected(r->error);
        taken |= redact_error(f, r, has_secret || tells);
        taken |= redact_values(f, r, hides_parameter, has_secret);
        if (record_has(r, FIELD_COLUMN_NAMES) && (has_secret || f->literals)) {
                redact_column_names(f, r, sql, has_secret);
        }
        if (f->failed || f->w.failed) {
                drop_fields(r);
        }
        if (taken != 0) {
                record_set_uint(r, FIELD_REDACTED, taken);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static bool read_key(const char *path, uint8_t *key, size_t *len)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, key, KEY_MAX) : -1;
        if (fd < 0 || n < 0) {
                diag(DIAG_ERROR, "log.redact_key: %s: %s", path, strerror(errno));
        } else if (n < KEY_MIN) {
                diag(DIAG_ERROR, "log.redact_key: %s: a key has at least %d bytes, this one has %zd", path,
                     KEY_MIN, n);
        }
        if (fd >= 0) {
                (void)close(fd);
        }
        *len = n > 0 ? (size_t)n : 0;
        return n >= KEY_MIN;
}

static EVP_MAC_CTX *make_mac(const uint8_t *key, size_t len)
{
        char name[] = "SHA256";
        const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
        EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        EVP_MAC_CTX *mac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
        if (mac != NULL && EVP_MAC_init(mac, key, len, params) != 1) {
                EVP_MAC_CTX_free(mac);
                mac = NULL;
        }
        EVP_MAC_free(hmac);
        return mac;
}

enum status redact_new(const struct settings *settings, struct redact **out)
{
        uint8_t key[KEY_MAX];
        size_t len = 32;
        struct redact *f = prof_calloc(STAGE_JOURNAL, 1, sizeof *f);
        if (f == NULL) {
                return STATUS_NOMEM;
        }
        f->literals = (settings->log.redact & SETTINGS_REDACT_LITERALS) != 0;
        f->values = (settings->log.redact & SETTINGS_REDACT_VALUES) != 0;
        if (f->literals || f->values) {
                bool given = settings->log.redact_key[0] != '\0';
                if (given ? !read_key(settings->log.redact_key, key, &len) : RAND_bytes(key, (int)len) != 1) {
                        prof_free(f);
                        return STATUS_IO;
                }
                f->mac = make_mac(key, len);
                OPENSSL_cleanse(key, sizeof key);
                if (f->mac == NULL) {
                        diag(DIAG_ERROR, "log.redact: OpenSSL has no HMAC-SHA-256");
                        prof_free(f);
                        return STATUS_IO;
                }
        }
        /* from the start: what only grows with the first error would look as if it leaked */
        const struct record none = {.event = EVENT_QUERY};
        if (!prepare(f, &none) || room_for(f, 1) == NULL) {
                redact_free(f);
                return STATUS_NOMEM;
        }
        *out = f;
        return STATUS_OK;
}

void redact_free(struct redact *f)
{
        if (f != NULL) {
                EVP_MAC_CTX_free(f->mac);
                prof_free(f->room);
                prof_free(f->list);
                prof_free(f->canonical);
                prof_free(f);
        }
}
