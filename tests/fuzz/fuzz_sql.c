/* Statements, through all that reads their text: no byte of the text is in two tokens or passed over, a digest is whole and the
 * same again, and what the log shows of it holds nothing that must not be told. */
#include "fuzz.h"
#include "journal/enrich/enrich.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/sql_key.h"
#include "mysql/sql/tags.h"
#include "settings/settings.h"

#include <stdlib.h>

static void check_tokens(struct span sql, struct sql_mode mode)
{
        struct sql_lexer l = sql_lexer_over(sql, mode);
        const uint8_t *end = sql.data;
        for (struct sql_token t = sql_next(&l); t.kind != SQL_END; t = sql_next(&l)) {
                for (; end < t.text.data; end++) {
                        if (*end != ' ' && (*end < '\t' || *end > '\r')) {
                                fuzz_fail("a byte is in no token", "", "");
                        }
                }
                if (t.text.data != end || t.text.len == 0 || (t.kind == SQL_KEYWORD) != (t.word != NULL)) {
                        fuzz_fail("tokens overlap, or are empty", "", "");
                }
                end = t.text.data + t.text.len;
        }
}

/** What is hidden was suspected: what is not suspected, nobody looks into. */
static void check_secrets(struct span sql, struct sql_mode mode)
{
        static struct secret_finder f;
        struct sql_lexer l = sql_lexer_over(sql, mode);
        secret_finder_begin(&f, sql, mode);
        bool found = false;
        struct sql_token t = sql_next(&l);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&l);
                found = secret_find(&f, &t, &next, &l) || found;
                t = next;
        }
        if (found && !secret_suspected(sql)) {
                fuzz_fail("a secret is not suspected", "", "");
        }
}

static void check_digest(struct span sql, struct sql_mode mode)
{
        static struct digest one;
        static struct digest two;
        digest_make(sql, mode, &one);
        digest_make(sql, mode, &two);
        if (one.len > DIGEST_TEXT_MAX || memcmp(one.hash, two.hash, DIGEST_HASH) != 0 ||
            one.values != two.values) {
                fuzz_fail("a digest is not the same again", "", "");
        }
}

/** Other digits in the place of those that are there: if the key is the same, so is the digest. */
static void check_key(struct span sql, struct sql_mode mode)
{
        static struct digest one;
        static struct digest two;
        uint8_t *other = malloc(4 * sql.len + 1);
        size_t len = 0;
        if (other == NULL) {
                abort();
        }
        for (size_t i = 0; i < sql.len; i++) {
                bool is_digit = sql.data[i] >= '0' && sql.data[i] <= '9';
                other[len++] = is_digit ? (uint8_t)('0' + (sql.data[i] - '0' + i) % 10) : sql.data[i];
                if (is_digit && i % 3 == 0) {
                        other[len++] = (uint8_t)('0' + i % 10);
                }
                if (is_digit && i % 7 == 0 && i + 1 < sql.len && sql.data[i + 1] == ',') {
                        other[len - 1] = sql.data[i]; /* one more of a list */
                        other[len++] = ',';
                        other[len++] = '7';
                }
        }
        struct span now = span_of(other, len);
        struct sql_key before;
        struct sql_key key;
        sql_key_make(sql, mode, 77, &before);
        sql_key_make(now, mode, 77, &key);
        digest_make(sql, mode, &one);
        digest_make(now, mode, &two);
        if (before.is_known && key.is_known && before.hash == key.hash && !one.is_cut &&
            one.len + 128 <= DIGEST_TEXT_MAX && memcmp(one.hash, two.hash, DIGEST_HASH) != 0) {
                fuzz_fail("a text is taken for one like it", "", "");
        }
        if (key.is_known && !two.is_cut && (key.n_literals > 0) != (two.n_literals > 0)) {
                fuzz_fail("constants are read in two ways", "", "");
        }
        if (before.is_plain && before.is_known && before.hash == key.hash &&
            (secret_suspected(sql) != secret_suspected(now) || tags_may_be_in(sql) != tags_may_be_in(now))) {
                fuzz_fail("digits decide what is searched", "", "");
        }
        free(other);
}

static void check_enrich(struct span sql, struct sql_mode mode, uint64_t redact)
{
        static struct settings settings;
        struct enrich f;
        settings_defaults(&settings);
        settings.log.redact = redact;
        settings.log.digests = 4;
        if (enrich_init(&f, &settings) != STATUS_OK) {
                abort();
        }
        for (unsigned i = 0; i < 3; i++) {
                struct record r;
                memset(&r, 0, sizeof r);
                r.event = EVENT_QUERY;
                r.sql_mode = mode;
                record_set_uint(&r, FIELD_CONN_ID, 1);
                record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
                record_set_text(&r, FIELD_QUERY, span_skip(sql, i));
                record_set_uint(&r, FIELD_ERRNO, 1062 + i);
                record_set_text(&r, FIELD_ERROR, sql);
                (void)enrich_record(&f, NULL, &r);
        }
        enrich_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0) {
                return 0;
        }
        uint8_t bits = data[0];
        struct sql_mode mode = {.ansi_quotes = (bits & 1) != 0,
                                .no_backslash_escapes = (bits & 2) != 0,
                                .is_mariadb = (bits & 4) != 0,
                                .version = (bits & 8) != 0 ? 101119 : 0};
        struct span sql = span_of(data + 1, size - 1);
        (void)secret_suspected(sql);
        (void)secret_bare_at(sql, mode);
        check_tokens(sql, mode);
        check_secrets(sql, mode);
        check_digest(sql, mode);
        check_key(sql, mode);
        check_enrich(sql, mode, bits >> 4 & 3);
        return 0;
}
