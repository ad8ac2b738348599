/* SHA-256 is called directly. OpenSSL's interface for MACs allocates and frees contexts for each token, which takes longer than the
 * token itself. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "journal/enrich/redact_token.h"

#include "base/diag.h"
#include "base/files.h"
#include "base/seed.h"
#include "base/shown.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <strings.h>
#include <unistd.h>
#include <xxhash.h>

enum {
        KEY_MAX = 1024,
        KEY_MIN = 16,
        KEY_RANDOM = 32,     /* bytes of a key that is made here */
        BUFFER_SMALL = 4096, /* bytes that each of two buffers keeps between records */
};

/* --- buffers -------------------------------------------------------------------------------------------------------- */

bool redact_reserve(void **buffer, size_t *size, size_t wanted, size_t small, size_t each)
{
        if (wanted <= *size && (*size <= small || wanted > small)) {
                return true;
        }
        size_t n = wanted > small ? wanted : small;
        void *other = prof_alloc(STAGE_JOURNAL, n * each);
        if (other == NULL) {
                return false;
        }
        prof_free(*buffer);
        *buffer = other;
        *size = n;
        return true;
}

/* --- tokens --------------------------------------------------------------------------------------------------------- */

/** HMAC-SHA-256 (RFC 2104) with a key that both states have read already. */
struct redact_mac {
        SHA256_CTX inner;
        SHA256_CTX outer;
};

_Static_assert(REDACT_DIGITS / 2 <= SHA256_DIGEST_LENGTH, "a token is the beginning of the MAC");

/** @return false if OpenSSL fails. */
static bool make_digits(const struct redact *f, struct span value, uint8_t digits[REDACT_DIGITS])
{
        static const char hex[] = "0123456789abcdef";
        uint8_t digest[SHA256_DIGEST_LENGTH];
        SHA256_CTX inner = f->mac->inner;
        SHA256_CTX outer = f->mac->outer;
        if (SHA256_Update(&inner, value.data, value.len) != 1 || SHA256_Final(digest, &inner) != 1 ||
            SHA256_Update(&outer, digest, sizeof digest) != 1 || SHA256_Final(digest, &outer) != 1) {
                return false;
        }
        for (size_t i = 0; i < REDACT_DIGITS / 2; i++) {
                digits[2 * i] = (uint8_t)hex[digest[i] >> 4];
                digits[2 * i + 1] = (uint8_t)hex[digest[i] & 15];
        }
        return true;
}

/** The cached token of a short value, computed if it is not in the cache. @return NULL if OpenSSL fails. */
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

/** A buffer for the meaning of a constant of @p size bytes. @return NULL when memory is out (f->failed). */
static uint8_t *canonical_buffer(struct redact *f, size_t size)
{
        void *buffer = f->canonical;
        bool made = redact_reserve(&buffer, &f->canonical_size, size, BUFFER_SMALL, 1);
        f->canonical = buffer;
        f->failed = f->failed || !made;
        return made ? f->canonical : NULL;
}

/** @return the length of the front of @p s that has the form @p form, in which 0 is a digit; 0 if there is none. */
static size_t match_form(struct span s, const char *form)
{
        size_t len = strlen(form);
        for (size_t i = 0; i < len; i++) {
                bool is_digit = i < s.len && s.data[i] >= '0' && s.data[i] <= '9';
                if (i >= s.len || (form[i] == '0' ? !is_digit : s.data[i] != (uint8_t)form[i])) {
                        return 0;
                }
        }
        return len;
}

/** A time, maybe with a date, without the zeroes at the end of its fraction: how many there are depends on the column, on the client and on
 *  the protocol. Other texts stay as they are. */
static struct span without_zero_fraction(struct span s)
{
        size_t at = match_form(s, "0000-00-00 ");
        at += at == 0 && s.len > 0 && s.data[0] == '-' ? 1 : 0;
        size_t time = match_form(span_skip(s, at), "00:00:00.");
        time = time > 0 ? time : match_form(span_skip(s, at), "000:00:00.");
        size_t end = s.len;
        if (time == 0 || match_form(span_skip(s, at + time), "0") == 0) {
                return s;
        }
        for (size_t i = at + time; i < s.len; i++) {
                if (s.data[i] < '0' || s.data[i] > '9') {
                        return s;
                }
        }
        while (s.data[end - 1] == '0') {
                end--;
        }
        return span_head(s, s.data[end - 1] == '.' ? end - 1 : end);
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
        uint8_t *out = canonical_buffer(f, s.len);
        size_t len = 0;
        for (size_t i = 1; out != NULL && i < s.len; i++) {
                size_t plain = shown_plain_but(span_skip(s, i), quote, '\\');
                if (plain > 0) {
                        memcpy(out + len, s.data + i, plain);
                        len += plain;
                        i += plain - 1;
                        continue;
                }
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
        return without_zero_fraction(span_of(out, len));
}

/* --- values --------------------------------------------------------------------------------------------------------- */

/** A buffer for a value that is printed in up to @p size bytes. @return NULL when memory is out. */
static uint8_t *printed_buffer(struct redact *f, size_t size)
{
        void *buffer = f->printed;
        bool made = redact_reserve(&buffer, &f->printed_size, size, BUFFER_SMALL, 1);
        f->printed = buffer;
        return made ? f->printed : NULL;
}

/** Print @p v as a constant of SQL; *@p sql is valid until the next call. @return false when memory is out. */
static bool print_value(struct redact *f, const struct value *v, struct span *sql)
{
        size_t size = 8 * v->bytes.len + 512; /* numbers with all their digits, and texts with escapes */
        if (printed_buffer(f, size) == NULL) {
                return false;
        }
        struct writer w = writer_over(f->printed, f->printed_size);
        value_print(&w, v, VALUE_AS_SQL);
        *sql = writer_span(&w);
        return !w.failed;
}

struct value redact_token_value(struct redact *f, const struct value *v, bool secret)
{
        struct value out = {.name = v->name, .type = VALUE_VAR_STRING, .role = v->role, .in_text = true};
        if (v->is_null || redact_is_mark(v)) {
                return *v;
        }
        size_t begin = f->w.at;
        struct span sql = {NULL, 0};
        bool has_token = !secret && print_value(f, v, &sql);
        out.ambiguous = !has_token || !value_is_whole(v);
        if (!has_token) {
                writer_text(&f->w, secret ? "<secret>" : "redacted");
        } else {
                redact_put_token(f, redact_meaning(f, sql, true));
        }
        out.bytes = span_of(f->w.data + begin, f->w.at - begin);
        out.true_len = out.bytes.len;
        return out;
}

bool redact_is_secret_value(const struct value *v)
{
        return secret_is_name(v->name) || (!v->is_null && secret_is_in_value(v->bytes));
}

bool redact_begins_with(struct span sql, const char *word)
{
        size_t at = 0;
        while (at < sql.len && strchr(" \t\r\n(", sql.data[at]) != NULL) {
                at++;
        }
        size_t len = strlen(word);
        return sql.len - at >= len && strncasecmp((const char *)sql.data + at, word, len) == 0;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

/** Read up to @p size bytes until the end of the file; a pipe may deliver them in pieces. @return the bytes read; -1 with errno. */
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

static bool read_key(const char *path, const char *place, uint8_t *key, size_t *len)
{
        int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read_all(fd, key, KEY_MAX) : -1;
        if (fd < 0 || n < 0) {
                diag(DIAG_ERROR, "%slog.redact_key: %s: %s", place, path, strerror(errno));
        } else if (n < KEY_MIN) {
                diag(DIAG_ERROR, "%slog.redact_key: %s: a key must have at least %d bytes, this one has %zd",
                     place, path, KEY_MIN, n);
        } else {
                files_warn_exposed(path, "the key of log.redact");
        }
        if (fd >= 0) {
                (void)close(fd);
        }
        *len = n > 0 ? (size_t)n : 0;
        return n >= KEY_MIN;
}

/** Begin @p state with @p block, each byte combined with @p pad. @return false if OpenSSL fails. */
static bool begin_state(SHA256_CTX *state, const uint8_t block[SHA256_CBLOCK], uint8_t pad)
{
        uint8_t padded[SHA256_CBLOCK];
        for (size_t i = 0; i < sizeof padded; i++) {
                padded[i] = block[i] ^ pad;
        }
        bool begun = SHA256_Init(state) == 1 && SHA256_Update(state, padded, sizeof padded) == 1;
        OPENSSL_cleanse(padded, sizeof padded);
        return begun;
}

/** @return false if OpenSSL fails. */
static bool begin_mac(struct redact_mac *mac, const uint8_t *key, size_t len)
{
        enum { INNER = 0x36, OUTER = 0x5c };
        uint8_t block[SHA256_CBLOCK] = {0};
        bool begun = true;
        if (len <= sizeof block) {
                memcpy(block, key, len);
        } else {
                begun = SHA256(key, len, block) != NULL;
        }
        begun = begun && begin_state(&mac->inner, block, INNER) && begin_state(&mac->outer, block, OUTER);
        OPENSSL_cleanse(block, sizeof block);
        return begun;
}

static void free_mac(struct redact_mac *mac)
{
        if (mac != NULL) {
                OPENSSL_cleanse(mac, sizeof *mac);
                prof_free(mac);
        }
}

/** @return STATUS_IO if there is no key or no MAC, STATUS_NOMEM if memory is out. */
static enum status make_keyed_mac(struct redact *f, const char *key_file, const char *place)
{
        uint8_t key[KEY_MAX];
        size_t len = KEY_RANDOM;
        if (key_file[0] != '\0') {
                if (!read_key(key_file, place, key, &len)) {
                        return STATUS_IO;
                }
        } else if (RAND_bytes(key, (int)len) != 1) {
                diag(DIAG_ERROR, "log.redact: OpenSSL can't generate a random key");
                return STATUS_IO;
        }
        f->mac = prof_alloc(STAGE_JOURNAL, sizeof *f->mac);
        bool begun = f->mac != NULL && begin_mac(f->mac, key, len);
        OPENSSL_cleanse(key, sizeof key);
        if (f->mac != NULL && !begun) {
                diag(DIAG_ERROR, "log.redact: OpenSSL has no SHA-256");
        }
        return f->mac == NULL ? STATUS_NOMEM : begun ? STATUS_OK : STATUS_IO;
}

enum status redact_token_init(struct redact *f, const char *key_file, const char *place)
{
        bool makes_tokens = f->literals || f->values;
        enum status status = makes_tokens ? make_keyed_mac(f, key_file, place) : STATUS_OK;
        if (status != STATUS_OK) {
                return status;
        }
        if (makes_tokens) {
                f->tokens = prof_calloc(STAGE_JOURNAL, REDACT_TOKENS, sizeof *f->tokens);
        }
        /* allocated at the start: a buffer that grows with the first error would look like a leak */
        bool made = canonical_buffer(f, 1) != NULL &&
                    (!makes_tokens || (f->tokens != NULL && printed_buffer(f, 1) != NULL));
        return made ? STATUS_OK : STATUS_NOMEM;
}

void redact_token_fini(struct redact *f)
{
        free_mac(f->mac);
        prof_free(f->buffer);
        prof_free(f->list);
        prof_free(f->canonical);
        prof_free(f->printed);
        prof_free(f->tokens);
}
