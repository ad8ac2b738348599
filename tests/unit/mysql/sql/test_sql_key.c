/* Keys of random statements: texts with the same key have the same digest, whatever stands next to their constants. And no two texts
 * can be built that share the hashes. */
#include "base/writer.h"
#include "mysql/sql/digest.h"
#include "mysql/sql/sql_key.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef QT_NO_FASTPATHS
enum { FAST = 0 };
#else
enum { FAST = 1 };
#endif

/* --- random statements -------------------------------------------------------------------------------------------------- */

/* A % stands for a constant, which differs between the variants of a statement: %d a number, %f one with a fraction, %x one in
 * hexadecimal digits, %s a string, %q one in double quotes, %l and %t lists of numbers and of strings. */
static const char *const pieces[] = {
    "SELECT",
    "SELECT",
    "WHERE",
    "FROM t1",
    "FROM t2",
    "t1.c2",
    "t.%d",
    "`a`.%d",
    "a . %d",
    "e1",
    "1e5",
    "e%d",
    "%d",
    "%d",
    "%d",
    "%d",
    "%f",
    "%x",
    "%s",
    "%s",
    "%q",
    "%l",
    "%l",
    "%t",
    "(%l)",
    "(%t)",
    "(%d)",
    "IN (%d)",
    "IN (%l)",
    "IN (%t)",
    "IN (%d,%s)",
    "VALUES (%d,%s),(%d,%s)",
    "VALUES (%d),(%d)",
    "VALUES (%l)",
    "LIMIT %d",
    "LIMIT %d, %d",
    "LIMIT %d OFFSET %d",
    "NULL",
    "NOT NULL",
    "TRUE",
    "INTERVAL %d DAY",
    "DATE %s",
    "_utf8%s",
    "_utf8 %s",
    "N%s",
    "n%s",
    "x'1f'",
    "X'%d'",
    "b'01'",
    "0b01",
    "0x",
    "0xz%d",
    "0X1F",
    "%d.",
    ".%d",
    "-%d",
    "- -%d",
    "+%d",
    "a-%d",
    "--%d",
    "-- %d\n",
    "#%d\n",
    "/*%d*/",
    "/* %s */",
    "/*!%d*/",
    "/*!50000 %d */",
    "/*+ x(%d) */",
    "/*M!%d*/",
    "*/",
    "?",
    "?, %d",
    "?,%l",
    ":=",
    "@v",
    "@%d",
    "@@x",
    "\\N",
    "\\Nby",
    "\\N%d",
    "GROUP BY",
    "ORDER BY",
    "BY",
    "by %l",
    "GROUP BY %d, %d",
    "ORDER BY %d DESC, %d",
    "HAVING",
    "LIMIT",
    "limit",
    ".limit",
    "(",
    ")",
    ",",
    ",",
    ";",
    "=",
    "<",
    "<>",
    "!=",
    "->%s",
    "->>%s",
    "a%d",
    "%da",
    "$%d",
    "_%d",
    "%d_",
    "\303\251%d",
    "%d\303\251",
    "`a%d`",
    "\"b%s\"",
    "'",
    "\"",
    "`",
    "\\",
    "%s%s",
    "%s %s",
    "a'%d'",
    "CASE WHEN %d THEN %s END",
    "CAST(%d AS DECIMAL(%d,%d))",
    "COUNT(%d)",
    "AS",
    "by.%d",
    "OVER (ORDER BY %d)",
};
/* more often than not, a space */
static const char *const between[] = {" ", " ", " ", " ", " ", " ", "", "", "\n", "  ", "/**/", ".", ","};

enum { PIECES = sizeof pieces / sizeof pieces[0], BETWEEN = sizeof between / sizeof between[0] };

static void put_number(struct writer *w)
{
        writer_format(w, "%llu", (unsigned long long)(tap_random() >> (tap_random() % 64)));
}

static void put_string(struct writer *w, char quote)
{
        static const char *const contents[] = {
            "", "x", "5, 6", "*/", "/*", "-- ", "a by b", "\\\\", "longer than sixteen bytes, 1"};
        writer_char(w, quote);
        writer_text(w, contents[tap_random() % (sizeof contents / sizeof contents[0])]);
        writer_char(w, quote);
}

static void put_constant(struct writer *w, char kind)
{
        static const char *const commas[] = {",", ", "};
        const char *comma = commas[tap_random() % 2];
        bool is_list = kind == 'l' || kind == 't';
        for (uint64_t n = is_list ? 2 + tap_random() % 12 : 1; n > 0; n--) {
                switch (kind) {
                case 'f':
                        writer_format(w, "%u.%u", (unsigned)(tap_random() % 1000),
                                      (unsigned)(tap_random() % 100));
                        break;
                case 'x': writer_format(w, "0x%x", (unsigned)tap_random()); break;
                case 's':
                case 't': put_string(w, '\''); break;
                case 'q': put_string(w, '"'); break;
                default: put_number(w); break;
                }
                writer_text(w, is_list && n > 1 ? comma : "");
        }
}

/** The statement of the form @p form, which is given as numbers of pieces and of what stands between them, with constants of its own. */
static struct span render(uint8_t *room, size_t size, const uint8_t *form, size_t n)
{
        struct writer w = writer_over(room, size);
        for (size_t i = 0; i < n; i++) {
                for (const char *at = pieces[form[2 * i] % PIECES]; *at != '\0'; at++) {
                        if (*at == '%') {
                                put_constant(&w, *++at);
                        } else {
                                writer_char(&w, *at);
                        }
                }
                writer_text(&w, between[form[2 * i + 1] % BETWEEN]);
        }
        CU_ASSERT_FALSE(w.failed);
        return writer_span(&w);
}

/* --- keys that were seen ------------------------------------------------------------------------------------------------ */

enum { SEEN_BITS = 16, ROUNDS = 4000, VARIANTS = 6, PIECES_MAX = 7 };

static struct {
        uint64_t key;
        uint8_t hash[DIGEST_HASH];
} seen[1 << SEEN_BITS];

/** @return whether a text with the same key came before. */
static bool check(struct span sql, struct sql_mode mode)
{
        static struct digest digest;
        struct sql_key key;
        sql_key_make(sql, mode, 0x1234567, &key);
        if (!key.is_known) {
                return false;
        }
        digest_make(sql, mode, &digest);
        size_t at = key.hash >> (64 - SEEN_BITS);
        bool is_again = seen[at].key == key.hash;
        if (is_again && memcmp(seen[at].hash, digest.hash, DIGEST_HASH) != 0) {
                CU_FAIL("two digests of one key");
                printf("# \"%.*s\"\n", (int)sql.len, (const char *)sql.data);
        }
        seen[at].key = key.hash;
        memcpy(seen[at].hash, digest.hash, DIGEST_HASH);
        return is_again;
}

/** All bits of a mode, in turn. */
static struct sql_mode mode_of(unsigned bits)
{
        return (struct sql_mode){.ansi_quotes = (bits & 1) != 0,
                                 .no_backslash_escapes = (bits & 2) != 0,
                                 .is_mariadb = (bits & 4) != 0,
                                 .version = (bits & 4) != 0 ? 101119 : 90700};
}

static void random_statements_of_one_key_have_one_digest(void)
{
        static uint8_t room[16384];
        const char *rounds = getenv("SQL_KEY_ROUNDS"); /* more than there is time for each time */
        unsigned n_rounds = rounds != NULL ? (unsigned)strtoul(rounds, NULL, 10) : ROUNDS;
        unsigned again = 0;
        memset(seen, 0, sizeof seen);
        for (unsigned round = 0; round < n_rounds; round++) {
                uint8_t form[2 * PIECES_MAX];
                size_t n = 1 + tap_random() % PIECES_MAX;
                for (size_t i = 0; i < sizeof form; i++) {
                        form[i] = (uint8_t)tap_random();
                }
                for (unsigned i = 0; i < VARIANTS; i++) {
                        again += check(render(room, sizeof room, form, n), mode_of(round % 8));
                }
        }
        printf("# %u of %u texts have the key of another one\n", again, n_rounds * VARIANTS);
        CU_ASSERT_EQUAL(again > n_rounds * VARIANTS / 8, FAST);
}

/* --- texts that could be taken for each other --------------------------------------------------------------------------- */

/* Of short texts the hash reads the same words: 1000 and 0007 are in both 10007 and 200007. What is added to a hash, such as a length or the
 * kind of a constant, must not be equal to what another byte changes. */
static const char *const pairs[][2] = {
    {"SELECT c FROM t WHERE id = 10000", "SELECT c FROM t WHERE id = 200000"},
    {"SELECT c FROM t WHERE id = 2222", "SELECT c FROM t WHERE id = 32222"},
    {"SELECT c FROM t WHERE id = 200000", "SELECT c FROM t WHERE id = 3000000"},
    {"SELECT c FROM t WHERE id = 100000000", "SELECT c FROM t WHERE id = 2000000000"},
    {"SELECT 1=   -(2)", "SELECT 1<    -(2)"},
    {"SELECT 1-aaaa", "SELECT 'x'/aaaa"},
    {"SELECT 1-aaaa", "SELECT 1,2%aaaa"},
    {"SELECT a GROUP \\NBY 1, 2", "SELECT a GROUP \\NBY 1, 3"},
};

static void no_seed_makes_two_texts_one(void)
{
        for (size_t i = 0; FAST && i < sizeof pairs / sizeof pairs[0]; i++) {
                for (uint64_t k = 0; k < 64; k++) {
                        struct sql_key a;
                        struct sql_key b;
                        uint64_t seed = tap_random() | 1;
                        sql_key_make(span_str(pairs[i][0]), mode_of(4), seed, &a);
                        sql_key_make(span_str(pairs[i][1]), mode_of(4), seed, &b);
                        if (a.is_known && b.is_known && a.hash == b.hash &&
                            (i >= 4 || a.values == b.values)) {
                                CU_FAIL("two texts are one");
                                printf("# \"%s\" and \"%s\"\n", pairs[i][0], pairs[i][1]);
                                break;
                        }
                }
        }
}

/** Numbers of one digit and zeros, of all lengths. */
static void round_numbers_have_hashes_of_their_own(void)
{
        enum { DIGITS = 9, LENGTHS = 40, N = DIGITS * LENGTHS };
        static uint64_t hashes[N];
        uint64_t seed = tap_random() | 1;
        for (size_t i = 0; i < N; i++) {
                uint8_t text[LENGTHS];
                memset(text, '0', sizeof text);
                text[0] = (uint8_t)('1' + i % DIGITS);
                hashes[i] = sql_key_value(span_of(text, 1 + i / DIGITS), seed);
                for (size_t k = 0; k < i; k++) {
                        CU_ASSERT_NOT_EQUAL(hashes[i], hashes[k]);
                }
        }
}

/** Of texts that set sql_mode, the constants matter. */
static void no_key_where_the_mode_changes(void)
{
        static const char *const none[] = {"SET sql_mode = 'ANSI'; SELECT \"a\"",
                                           "SELECT 1; SET SQL_MODE = 4; SELECT 1"};
        static const char *const some[] = {"SET sql_mode = 'ANSI';", "SELECT 1; SELECT a_b",
                                           "SELECT 'sql_mode'", "SELECT 1; SET sql_mod", "_;_"};
        struct sql_key key;
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
                sql_key_make(span_str(none[i]), (struct sql_mode){.version = 90704}, 1, &key);
                CU_ASSERT_FALSE(key.is_known);
        }
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                sql_key_make(span_str(some[i]), (struct sql_mode){.version = 90704}, 1, &key);
                CU_ASSERT_EQUAL(key.is_known, FAST);
        }
}

static const struct tap_test tests[] = {
    {"no key where the mode changes", no_key_where_the_mode_changes},
    {"random statements of one key have one digest", random_statements_of_one_key_have_one_digest},
    {"no seed makes two texts one", no_seed_makes_two_texts_one},
    {"round numbers have hashes of their own", round_numbers_have_hashes_of_their_own},
};

int main(void)
{
        return TAP_RUN("keys of statements", tests);
}
