/* The words that tell of passwords in texts: the quick look finds what a slow one does, and all looks are linear in the text. */
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_pairs.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101119};

/* --- the quick look ---------------------------------------------------------------------------------------------------- */

static bool stands_at(struct span text, size_t at, const char *word)
{
        size_t len = strlen(word);
        return text.len - at >= len && strncasecmp((const char *)text.data + at, word, len) == 0;
}

static bool is_letter_at(struct span text, size_t at)
{
        return at < text.len && (text.data[at] | 0x20) >= 'a' && (text.data[at] | 0x20) <= 'z';
}

static bool is_name_at(struct span text, size_t at)
{
        return is_letter_at(text, at) ||
               (at < text.len && (text.data[at] >= 0x80 || text.data[at] == '_' || text.data[at] == '$'));
}

static bool is_called_at(struct span text, size_t end)
{
        return end < text.len && memchr("( \t\n\v\f\r/*#-`\"", text.data[end], 12) != NULL;
}

static bool is_one_word(struct span text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] <= ' ') {
                        return false;
                }
        }
        return true;
}

/** ://u:p at the end of a text that was cut. */
static bool is_cut_url(struct span text, size_t at)
{
        struct span rest = span_skip(text, at + 3);
        return stands_at(text, at, "://") && rest.len > 0 && memchr(rest.data, ':', rest.len) != NULL &&
               memchr(rest.data, '/', rest.len) == NULL && memchr(rest.data, '\'', rest.len) == NULL &&
               memchr(rest.data, '"', rest.len) == NULL && memchr(rest.data, '`', rest.len) == NULL &&
               is_one_word(rest);
}

/** What secret_suspected looks for, a byte at a time. */
static bool is_suspected(struct span text)
{
        static const char *const words[] = {"PASS",
                                            "IDENTIFIED",
                                            "PWD",
                                            "AUTHENTICATION_STRING",
                                            "SST_AUTH",
                                            "S3_SECRET_KEY",
                                            "HASHICORP_SECRET_ID",
                                            "CHALLENGE_RESPONSE",
                                            "ASYMMETRIC_",
                                            "KEY_MANAGEMENT_FILEKEY",
                                            "KEY_MANAGEMENT_TOKEN"};
        static const char *const functions[] = {"ENCODE", "DECODE", "KDF", "KEYRING_KEY_STORE"};
        for (size_t at = 0; at < text.len; at++) {
                for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                        if (stands_at(text, at, words[i])) {
                                return true;
                        }
                }
                for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
                        if (stands_at(text, at, functions[i]) && (at == 0 || !is_name_at(text, at - 1)) &&
                            is_called_at(text, at + strlen(functions[i]))) {
                                return true;
                        }
                }
                bool part = (at == 0 || !is_letter_at(text, at - 1) ||
                             (at > 1 && memcmp(text.data + at - 2, "\\N", 2) == 0)) &&
                            !is_letter_at(text, at + 2);
                if ((part && stands_at(text, at, "PW")) ||
                    (stands_at(text, at, "CRYPT") && is_called_at(text, at + 5))) {
                        return true;
                }
                if ((stands_at(text, at, "://") && memchr(text.data + at, '@', text.len - at) != NULL) ||
                    is_cut_url(text, at)) {
                        return true;
                }
        }
        return false;
}

/** A block of its own: a sanitizer sees a step too far. */
static bool quick(struct span text)
{
        uint8_t *own = malloc(text.len > 0 ? text.len : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(own);
        (void)span_copy(own, text);
        bool found = secret_suspected(span_of(own, text.len));
        free(own);
        return found;
}

static void expect_same(struct span text)
{
        bool wanted = is_suspected(text);
        if (quick(text) != wanted) {
                CU_FAIL("another opinion");
                printf("# of \"%.*s\": %s\n", (int)text.len, (const char *)text.data, wanted ? "yes" : "no");
        }
}

static const char *const finds[] = {"PASSWORD",
                                    "pass",
                                    "Identified",
                                    "pw",
                                    "pwd",
                                    "ss",
                                    "_s",
                                    "if",
                                    "yp",
                                    "p_w",
                                    "PW",
                                    "://",
                                    "@",
                                    "authentication_string",
                                    "x://a@b",
                                    "://a:b",
                                    "://@",
                                    "crypt(",
                                    "CRYPT ",
                                    "sst_",
                                    "crypt",
                                    "crypt\n",
                                    "sst_auth",
                                    "encryption",
                                    "identity",
                                    "passage",
                                    "pwx",
                                    "xpw",
                                    "authentication",
                                    "pt",
                                    "\037/",
                                    "_S",
                                    "encode(",
                                    "decode ",
                                    "kdf/",
                                    "asymmetric_",
                                    "keyring_key_store(",
                                    "s3_secret_key",
                                    "hashicorp_secret_id",
                                    "challenge_response",
                                    "key_management_filekey",
                                    "key_management_token",
                                    "_m",
                                    "od",
                                    "kd",
                                    "mm",
                                    "_r"};
enum { FINDS = sizeof finds / sizeof finds[0] };

static void the_quick_look_sees_each_at_every_place(void)
{
        uint8_t text[100];
        for (size_t i = 0; i < FINDS; i++) {
                struct span find = span_str(finds[i]);
                for (size_t len = find.len; len <= 70; len++) {
                        for (size_t at = 0; at + find.len <= len; at++) {
                                memset(text, at % 2 == 0 ? ' ' : 'e', len);
                                (void)span_copy(text + at, find);
                                expect_same(span_of(text, len));
                        }
                }
        }
}

static void the_quick_look_sees_what_a_slow_one_sees(void)
{
        static const char bytes[] = "aAcCdDeEfFiInNpPrRsStTwWyY_:/@( '";
        uint8_t text[200];
        for (unsigned round = 0; round < 200000; round++) {
                size_t len = tap_random_below(round % 2 == 0 ? 24 : 120);
                uint64_t any = tap_random_below(4);
                for (size_t i = 0; i < len; i++) {
                        text[i] = tap_random_below(4) < any
                                      ? (uint8_t)tap_random_below(256)
                                      : (uint8_t)bytes[tap_random_below(sizeof bytes - 1)];
                }
                struct span find = span_str(finds[tap_random_below(FINDS)]);
                if (tap_random_below(2) == 0 && find.len < len) {
                        (void)span_copy(text + tap_random_below(len - find.len), find);
                }
                expect_same(span_of(text, len));
        }
}

/* --- pairs ---------------------------------------------------------------------------------------------------------------- */

static bool is_pair(const uint8_t *at)
{
        static const char *const pairs[] = {"e_r", "n_s", "3_s", "p_s", "y_s", "y_m", "ass", "sst",
                                            "ymm", "ypt", "cod", "kdf", "tif", "?pw", "?:/"};
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
                bool fits = pairs[i][0] == '?' || strncasecmp((const char *)at - 1, pairs[i], 1) == 0;
                if (fits && strncasecmp((const char *)at, pairs[i] + 1, 2) == 0) {
                        return true;
                }
        }
        return false;
}

/** Every pair of bytes behind each of these, at every place of the bytes that are examined at once. */
static void pairs_are_found_with_any_vectors(void)
{
        static const char before[] = "en3pyasckt.E";
        enum { SIZE = SECRET_PAIRS_BLOCK, BEFORE = sizeof before - 1 };
        unsigned n_narrow = 0, n_wide = 0;
        for (unsigned pair = 0; pair < 0x10000 * BEFORE; pair++) {
                uint8_t text[SIZE];
                unsigned at = 1 + pair % SECRET_PAIRS_AT_ONCE;
                memset(text, '.', sizeof text);
                text[at - 1] = (uint8_t)before[pair / 0x10000];
                text[at] = (uint8_t)pair;
                text[at + 1] = (uint8_t)(pair >> 8);
                uint32_t wanted = is_pair(text + at) ? 1U << (at - 1) : 0;
                uint32_t narrow = secret_pairs_at_narrow(text + 1);
                uint32_t found = secret_pairs_at(text + 1);
                n_narrow += narrow != 0 ? 1 : 0;
                n_wide += found != 0 ? 1 : 0;
                struct span rest = span_of(text, SIZE);
                if ((found & wanted) != wanted || (narrow & wanted) != wanted ||
                    (wanted != 0 && (!secret_pairs_any(rest) || !secret_pairs_any_narrow(rest)))) {
                        CU_FAIL("a pair is not found");
                }
        }
        CU_ASSERT_TRUE(n_narrow < 0x10000 * BEFORE / 1000 && n_wide < 0x10000 * BEFORE / 1000);
}

/** The first byte of a text may begin a pair that needs none before it, and no other. */
static void pairs_are_found_at_the_edges(void)
{
        static const char *const begin[] = {"pw", "://"};
        uint8_t text[100];
        for (size_t len = 3; len < sizeof text; len++) {
                uint8_t *own = malloc(len); /* of its own: reads before and behind it are found */
                CU_ASSERT_PTR_NOT_NULL_FATAL(own);
                for (size_t at = 0; at + 3 <= len; at++) {
                        for (size_t i = 0; i < 2; i++) {
                                memset(own, '.', len);
                                memcpy(own + at, begin[i], strlen(begin[i]));
                                size_t next = 0;
                                uint32_t found = secret_pairs_next(span_of(own, len), &next);
                                CU_ASSERT_EQUAL(found, 1U << at % SECRET_PAIRS_AT_ONCE);
                                CU_ASSERT_EQUAL(next, (at / SECRET_PAIRS_AT_ONCE + 1) * SECRET_PAIRS_AT_ONCE);
                                CU_ASSERT_TRUE(secret_pairs_any(span_of(own, len)));
                                CU_ASSERT_TRUE(secret_pairs_any_narrow(span_of(own, len)));
                                bool is_behind = at >= SECRET_PAIRS_AT_ONCE;
                                bool is_whole = at / SECRET_PAIRS_AT_ONCE < (len - 1) / SECRET_PAIRS_AT_ONCE;
                                next = SECRET_PAIRS_AT_ONCE;
                                found = is_behind ? secret_pairs_next_narrow(span_of(own, len), &next) : 0;
                                CU_ASSERT_EQUAL(found,
                                                is_behind && is_whole ? 1U << at % SECRET_PAIRS_AT_ONCE : 0);
                                CU_ASSERT_TRUE(!is_behind || next == (is_whole ? at : len - 1) /
                                                                         SECRET_PAIRS_AT_ONCE *
                                                                         SECRET_PAIRS_AT_ONCE);
                        }
                }
                free(own);
        }
}

/* --- how long it takes ------------------------------------------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void look_everywhere(struct span text)
{
        (void)secret_suspected(text);
        (void)secret_is_name(text);
        (void)secret_is_mentioned(text);
        (void)secret_is_within(text);
        (void)secret_bare_at(text, mariadb);
}

/** The shortest of three looks at @p len bytes of @p piece again and again, behind @p before. */
static uint64_t look_ns(const char *before, const char *piece, size_t len)
{
        uint64_t least = UINT64_MAX;
        uint8_t *text = malloc(len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        size_t head = strlen(before);
        size_t period = strlen(piece);
        for (size_t i = 0; i < len; i++) {
                text[i] = (uint8_t)(i < head ? before[i] : piece[(i - head) % period]);
        }
        for (unsigned i = 0; i < 3; i++) {
                uint64_t begin = cpu_ns();
                look_everywhere(span_of(text, len));
                uint64_t took = cpu_ns() - begin;
                least = took < least ? took : least;
        }
        free(text);
        return least;
}

/** Sixteen times the bytes take sixteen times as long, not 256 times: half way between the two is the limit. */
static void looks_are_linear(void)
{
        static const char *const pieces[] = {"password",
                                             "passw",
                                             "pw",
                                             "ss",
                                             "://",
                                             ":",
                                             "IDENTIFIED ",
                                             "IDENTIFIED/*",
                                             "'password',",
                                             "'x' ",
                                             "'x',",
                                             "(",
                                             ")",
                                             "/*password",
                                             "`password`.",
                                             "'x' = password AND ",
                                             "'x' AS password,",
                                             "(SELECT 'x' AS password),",
                                             "AES_ENCRYPT(",
                                             "asymmetric_",
                                             "CASE WHEN 'x' THEN ",
                                             "SELECT 'x' UNION ",
                                             "WITH c(password) AS (",
                                             "VALUES ROW('x'),",
                                             "'a' 'b' "};
        static const char *const heads[] = {"", "SET @password = '", "SELECT 'x', password, ("};
        for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++) {
                for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
                        uint64_t few = look_ns(heads[h], pieces[i], (size_t)16 * 1024);
                        uint64_t many = look_ns(heads[h], pieces[i], (size_t)256 * 1024);
                        if (many > 64 * (few + 1000)) {
                                CU_FAIL("more than linear");
                                printf("# %s%s...: %lu and %lu ns\n", heads[h], pieces[i], (unsigned long)few,
                                       (unsigned long)many);
                        }
                }
        }
}

static const struct tap_test tests[] = {
    {"the quick look sees each at every place", the_quick_look_sees_each_at_every_place},
    {"the quick look sees what a slow one sees", the_quick_look_sees_what_a_slow_one_sees},
    {"pairs are found with any vectors", pairs_are_found_with_any_vectors},
    {"pairs: at the edges of a text", pairs_are_found_at_the_edges},
    {"looks are linear", looks_are_linear},
};

int main(void)
{
        return TAP_RUN("secret-words", tests);
}
