#include "journal/enrich/redact_state.h"

#include "base/diag.h"
#include "base/files.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
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
};

/* --- room ---------------------------------------------------------------------------------------------------------- */

bool redact_make_room(void **room, size_t *size, size_t wanted, size_t small, size_t each)
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

/* --- values --------------------------------------------------------------------------------------------------------- */

struct value redact_token_value(struct redact *f, const struct value *v, bool secret)
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
                redact_put_token(f, redact_meaning(f, writer_span(&w), true));
        }
        prof_free(sql);
        out.bytes = span_of(f->w.data + begin, f->w.at - begin);
        out.true_len = out.bytes.len;
        return out;
}

/** What joins a statement with its trace tells nothing of its values. */
static bool is_trace(struct span name)
{
        return span_equal(name, span_str("traceparent")) || span_equal(name, span_str("tracestate"));
}

/** Is it known to be a password, by its name or by what is in it? */
bool redact_is_secret_value(const struct value *v)
{
        return secret_is_name(v->name) || (!v->is_null && secret_is_in_value(v->bytes));
}

/** Replace the elements that @p all, the bits of @p secrets, their names or their content say are to be.
 *  @return the REDACTED_ bits of what was taken out. */
static unsigned redact_list(struct redact *f, struct record *r, enum record_field field, uint64_t secrets,
                            bool all)
{
        struct value_list list = record_list(r, field);
        struct value *to = f->list + f->list_used;
        unsigned taken = 0;
        size_t place = 0;
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                to[i] = *v;
                if (v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW) {
                        place = 0;
                        continue;
                }
                bool secret = (secrets >> (place < 63 ? place : 63) & 1) != 0 || redact_is_secret_value(v);
                place++;
                if (secret || (all && !is_trace(v->name))) {
                        to[i] = redact_token_value(f, v, secret);
                        taken |= secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
                }
        }
        if (taken != 0) {
                f->list_used += list.n;
                record_set_list(r, field, (struct value_list){to, list.n});
        }
        return taken;
}

static const enum record_field value_fields[] = {FIELD_STMT_EXECUTE_VALUES,
                                                 FIELD_BULK_ROWS,
                                                 FIELD_QUERY_ATTRIBUTES,
                                                 FIELD_FIRST_ROWS,
                                                 FIELD_CONNECT_ATTRIBUTES,
                                                 FIELD_SESSION_CHANGES,
                                                 FIELD_TAGS};
static const enum record_field text_fields[] = {FIELD_QUERY, FIELD_STMT_PREPARE_QUERY};
enum { VALUE_FIELDS = sizeof value_fields / sizeof value_fields[0] };

/** With a secret, what is about the statement's values is hidden whatever the settings say. */
static unsigned redact_values(struct redact *f, struct record *r, const struct redact_found *found)
{
        unsigned taken = 0;
        /* parameters whose places are cut off */
        uint64_t behind =
            r->secret_behind ? UINT64_MAX << (found->n_parameters < 63 ? found->n_parameters : 63) : 0;
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                enum record_field field = value_fields[i];
                bool named = field == FIELD_QUERY_ATTRIBUTES || field == FIELD_CONNECT_ATTRIBUTES ||
                             field == FIELD_SESSION_CHANGES || field == FIELD_TAGS;
                uint64_t secret = named ? 0 : found->parameters | behind;
                /* attributes of the login and variables are no values of statements; tags are of a comment */
                bool all = field == FIELD_TAGS ? f->literals
                                               : f->values && (!named || field == FIELD_QUERY_ATTRIBUTES);
                if (record_has(r, field) && field != FIELD_FIRST_ROWS) {
                        taken |= redact_list(f, r, field, secret, all);
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
        bool made = redact_make_room(&room, &f->size, bytes, ROOM_SMALL, 1);
        made = redact_make_room(&list, &f->list_size, values + 1, LIST_SMALL, sizeof *f->list) && made;
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
        record_remove(r, FIELD_COLUMN_NAMES);
        record_remove(r, FIELD_ERROR);
        record_set_text(r, FIELD_INFO, span_str("redaction: out of memory, so the texts were left out"));
}

/** Numbers and times hold no password by themselves. */
static bool are_numbers(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (list.at[i].type > VALUE_YEAR || list.at[i].name.len > 0) {
                        return false;
                }
        }
        return true;
}

/** Is there a list in @p r that may have something to hide, beside the statement? */
static bool has_texts(const struct record *r)
{
        if (record_has(r, FIELD_COLUMN_NAMES)) {
                return true;
        }
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                if (record_has(r, value_fields[i]) && !are_numbers(record_list(r, value_fields[i]))) {
                        return true;
                }
        }
        return false;
}

/** Apart from redact_record, which most records leave at once: it needs many registers. */
static __attribute__((noinline)) void redact(struct redact *f, struct record *r, bool suspected)
{
        struct redact_found found = {.taken = 0};
        unsigned taken = 0;
        r->packed = 0; /* a copy must not take along what is hidden */
        if (!prepare(f, r)) {
                drop_fields(r);
                taken = 1U << REDACTED_PASSWORD | 1U << REDACTED_LITERALS | 1U << REDACTED_VALUES;
                record_set_uint(r, FIELD_REDACTED, taken);
                return;
        }
        struct span sql = record_has(r, FIELD_QUERY) ? r->query : r->stmt_prepare_query;
        for (size_t i = 0; (suspected || f->literals) && i < sizeof text_fields / sizeof text_fields[0];
             i++) {
                if (record_has(r, text_fields[i])) {
                        redact_statement(f, r, text_fields[i], &found);
                }
        }
        bool has_secret = (found.taken >> REDACTED_PASSWORD & 1) != 0 || found.parameters != 0;
        taken = found.taken | redact_error(f, r, sql, has_secret) | redact_values(f, r, &found);
        if (record_has(r, FIELD_FIRST_ROWS)) {
                taken |= redact_rows(f, r, &found, sql, suspected);
        }
        if (record_has(r, FIELD_COLUMN_NAMES)) {
                taken |= redact_column_names(f, r, sql, has_secret);
        }
        if (f->failed || f->w.failed) {
                drop_fields(r);
        }
        if (taken != 0) {
                record_set_uint(r, FIELD_REDACTED, taken);
        }
}

void redact_record(struct redact *f, struct record *r, bool suspected)
{
        if (suspected || f->literals || f->values || record_has(r, FIELD_ERROR) ||
            (record_has_lists(r) && has_texts(r))) {
                redact(f, r, suspected);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

/** All of it up to @p size bytes: a pipe may give it in pieces. @return -1 with errno. */
static ssize_t read_all(int fd, uint8_t *to, size_t size)
{
        size_t len = 0;
        while (len < size) {
                ssize_t n = read(fd, to + len, size - len);
                if (n < 0 && errno != EINTR) {
                        return -1;
                }
                if (n == 0) {
                        break;
                }
                len += n > 0 ? (size_t)n : 0;
        }
        return (ssize_t)len;
}

static bool read_key(const char *path, uint8_t *key, size_t *len)
{
        int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read_all(fd, key, KEY_MAX) : -1;
        if (fd < 0 || n < 0) {
                diag(DIAG_ERROR, "log.redact_key: %s: %s", path, strerror(errno));
        } else if (n < KEY_MIN) {
                diag(DIAG_ERROR, "log.redact_key: %s: a key must have at least %d bytes, this one has %zd",
                     path, KEY_MIN, n);
        } else {
                files_warn_exposed(path, "the key of log.redact");
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

/** Only who makes tokens needs room for them. */
static bool make_tokens(struct redact *f)
{
        if (f->mac != NULL) {
                f->tokens = prof_calloc(STAGE_JOURNAL, REDACT_TOKENS, sizeof *f->tokens);
        }
        return f->mac == NULL || f->tokens != NULL;
}

enum status redact_new(const struct settings *settings, struct redact **out)
{
        uint8_t key[KEY_MAX];
        size_t len = 32;
        struct redact *f = prof_calloc(STAGE_JOURNAL, 1, sizeof *f);
        if (f == NULL) {
                diag(DIAG_ERROR, "log.redact: out of memory");
                return STATUS_NOMEM;
        }
        f->literals = settings_redacts_literals(settings->log.redact);
        f->values = settings_redacts_values(settings->log.redact);
        if (f->literals || f->values) {
                bool given = settings->log.redact_key[0] != '\0';
                bool done =
                    given ? read_key(settings->log.redact_key, key, &len) : RAND_bytes(key, (int)len) == 1;
                if (!done) {
                        if (!given) {
                                diag(DIAG_ERROR, "log.redact: OpenSSL can't generate a random key");
                        }
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
        if (!prepare(f, &none) || redact_room_for(f, 1) == NULL || !make_tokens(f)) {
                diag(DIAG_ERROR, "log.redact: out of memory");
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
                prof_free(f->tokens);
                prof_free(f);
        }
}
