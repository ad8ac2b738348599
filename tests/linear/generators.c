/* Texts that a client can send to make a scan work more than others. */
#include "linear.h"

#define TEXT(literal)                                                                                        \
        {                                                                                                    \
                (const uint8_t *)("" literal), sizeof(literal) - 1                                           \
        }
#define N           "\1" /* LINEAR_COUNTER */
#define EIGHT(text) text text text text text text text text
#define LONG_WITH   EIGHT("long_name") " AS(TABLE z),"

const struct generator linear_generators[] = {
    /* names of passwords, with and without what makes a value of what follows */
    {"password", TEXT("SELECT '"), TEXT("password"), TEXT("'")},
    {"password-bare", TEXT("SELECT "), TEXT("password"), TEXT("")},
    {"password-equals", TEXT("SELECT '"), TEXT("password="), TEXT("'")},
    {"password-no-equals", TEXT("SELECT '"), TEXT("password "), TEXT("'")},
    {"password-quotes", TEXT("SELECT '"), TEXT("password\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""), TEXT("'")},
    {"password-underlines", TEXT("SELECT '"), TEXT("pw______________"), TEXT("'")},
    {"password-words", TEXT("SELECT 1 FROM t WHERE password = 'a'"), TEXT(" password"), TEXT("")},
    {"and-password", TEXT("SELECT 1 FROM t WHERE a=1"), TEXT(" AND password='" N "'"), TEXT("")},
    {"or-password", TEXT("SELECT 1 FROM t WHERE a=1"), TEXT(" OR 1=password"), TEXT("")},
    {"identified-by", TEXT("CREATE USER a "), TEXT("IDENTIFIED BY "), TEXT("'a'")},
    {"identified", TEXT("SELECT '"), TEXT("IDENTIFIED "), TEXT("'")},
    {"authentication", TEXT("SELECT '"), TEXT("AUTHENTICATION_STRIN"), TEXT("'")},
    {"p", TEXT("SELECT '"), TEXT("p"), TEXT("'")},
    {"pw", TEXT("SELECT '"), TEXT("pw"), TEXT("'")},
    {"pwd", TEXT("SELECT '"), TEXT("pwd"), TEXT("'")},
    {"pass", TEXT("SELECT "), TEXT("pass "), TEXT("")},
    {"passwords-in-list", TEXT("INSERT INTO t ("), TEXT("password,"), TEXT("a) VALUES (1)")},
    {"names-in-list", TEXT("SELECT "), TEXT("'a' x,"), TEXT("password")},
    {"values-without-end", TEXT("SELECT password, "), TEXT("1 + "), TEXT("1")},
    {"ahead", TEXT("SELECT /* password= */ "), TEXT("'a'+a+"), TEXT("1")},
    {"urls", TEXT("SELECT '"), TEXT("://@"), TEXT("'")},
    {"urls-without-user", TEXT("SELECT '"), TEXT("://"), TEXT("'")},
    {"colons", TEXT("SELECT '"), TEXT(":"), TEXT("'")},
    {"crypt", TEXT("SELECT "), TEXT("CRYPT("), TEXT("1")},
    {"aes-encrypt", TEXT("SELECT "), TEXT("AES_ENCRYPT("), TEXT("'a','b'")},
    {"concat", TEXT("SELECT "), TEXT("CONCAT('pass','word'),"), TEXT("1")},
    {"concat-nested", TEXT("SELECT password, "), TEXT("CONCAT('a',"), TEXT("1")},
    {"json", TEXT("SELECT '"), TEXT("{\"password\":"), TEXT("'")},
    {"json-nested", TEXT("INSERT INTO t VALUES ('"), TEXT("{\"a\":["), TEXT("')")},
    {"json-escaped", TEXT("SELECT '"), TEXT("\\\"pwd\\\\\\\""), TEXT("'")},
    {"set-scopes", TEXT("SET @x = 1"), TEXT(", @querytap_scope := 'x' 'y'"), TEXT("")},
    {"scope-in-names", TEXT("SET @x = '"), TEXT("querytap_scop"), TEXT("'")},
    {"scope-in-parentheses", TEXT("SET @x = "), TEXT("(@querytap_scope,"), TEXT("")},
    {"set-password", TEXT(""), TEXT("SET PASSWORD='a';"), TEXT("")},
    {"change-master", TEXT("CHANGE MASTER TO MASTER_PASSWORD='a'"), TEXT(",MASTER_HOST='h'"), TEXT("")},

    /* quotes */
    {"quotes", TEXT("SELECT "), TEXT("'"), TEXT("")},
    {"double-quotes", TEXT("SELECT "), TEXT("\""), TEXT("")},
    {"back-quotes", TEXT("SELECT "), TEXT("`"), TEXT("")},
    {"quotes-open", TEXT("SELECT "), TEXT("'\" `"), TEXT("")},
    {"backslashes", TEXT("SELECT '"), TEXT("\\"), TEXT("'")},
    {"backslash-quotes", TEXT("SELECT '"), TEXT("\\'"), TEXT("'")},
    {"empty-literals", TEXT("SELECT "), TEXT("'',"), TEXT("1")},
    {"literals", TEXT("SELECT "), TEXT("'" N "',"), TEXT("1")},
    {"literals-x", TEXT("SELECT "), TEXT("x'',"), TEXT("1")},
    {"literals-n", TEXT("SELECT "), TEXT("n'a' "), TEXT("")},
    {"introducers", TEXT("SELECT "), TEXT("_utf8'a',"), TEXT("1")},
    {"one-literal", TEXT("SELECT '"), TEXT("a"), TEXT("'")},

    /* comments */
    {"comments", TEXT("SELECT 1 "), TEXT("/**/"), TEXT("")},
    {"comments-open", TEXT("SELECT 1 "), TEXT("/*"), TEXT("")},
    {"comments-nested", TEXT("SELECT 1 "), TEXT("/*a/*b"), TEXT("*/")},
    {"comments-closed", TEXT("SELECT 1 "), TEXT("*/"), TEXT("")},
    {"comments-version", TEXT("SELECT 1 "), TEXT("/*!"), TEXT("")},
    {"comments-version-closed", TEXT("SELECT 1 "), TEXT("/*!50000 1*/"), TEXT("")},
    {"comments-mariadb", TEXT("SELECT 1 "), TEXT("/*M!999999 "), TEXT("")},
    {"comments-secret", TEXT("SELECT 1 "), TEXT("/*password=*/"), TEXT("")},
    {"hints", TEXT("SELECT "), TEXT("/*+ */SELECT"), TEXT("")},
    {"lines", TEXT("SELECT 1\n"), TEXT("--\n"), TEXT("")},
    {"lines-hash", TEXT("SELECT 1\n"), TEXT("#\n"), TEXT("")},
    {"dashes", TEXT("SELECT "), TEXT("-"), TEXT("1")},
    {"uses", TEXT(""), TEXT("USE a;"), TEXT("")},
    {"use-quotes", TEXT("USE `"), TEXT("``"), TEXT("`")},
    {"use-comments", TEXT("USE"), TEXT("/**/"), TEXT("a")},
    {"use-versions", TEXT(""), TEXT("/*!USE a*/;"), TEXT("")},
    {"use-blocks", TEXT(""), TEXT("BEGIN NOT ATOMIC "), TEXT("END")},
    {"tags", TEXT("SELECT 1 /*"), TEXT("a='b',"), TEXT("*/")},
    {"tags-open", TEXT("SELECT 1 /*"), TEXT("a='"), TEXT("*/")},
    {"tags-percent", TEXT("SELECT 1 /*a='"), TEXT("%2"), TEXT("'*/")},
    {"tags-escapes", TEXT("SELECT 1 /*a='"), TEXT("%27\\'"), TEXT("'*/")},
    {"tags-colons", TEXT("SELECT 1 /*"), TEXT("a:b,"), TEXT("*/")},
    {"tags-stars", TEXT("SELECT 1 /*"), TEXT("*"), TEXT("/")},

    /* numbers, names, signs */
    {"numbers", TEXT("SELECT "), TEXT("1,"), TEXT("1")},
    {"exponents", TEXT("SELECT "), TEXT("1e1e"), TEXT("1")},
    {"exponents-open", TEXT("SELECT "), TEXT("1e+"), TEXT("1")},
    {"fractions", TEXT("SELECT "), TEXT("1.1."), TEXT("1")},
    {"hex", TEXT("SELECT "), TEXT("0x0"), TEXT("")},
    {"digits", TEXT("SELECT "), TEXT("1"), TEXT("a")},
    {"columns-and-limits", TEXT("SELECT a "), TEXT("by l 1 limit "), TEXT("")},
    {"sums", TEXT("SELECT 1"), TEXT("+1"), TEXT("")},
    {"dots", TEXT("SELECT a"), TEXT(".a"), TEXT("")},
    {"dots-alone", TEXT("SELECT a"), TEXT("."), TEXT("")},
    {"at-signs", TEXT("SELECT "), TEXT("@"), TEXT("a")},
    {"variables", TEXT("SELECT "), TEXT("@@a.b,"), TEXT("1")},
    {"hosts", TEXT("SELECT "), TEXT("a@b.c "), TEXT("")},
    {"names", TEXT("SELECT "), TEXT("a "), TEXT("")},
    {"one-name", TEXT("SELECT "), TEXT("a"), TEXT("")},
    {"underlines", TEXT("SELECT "), TEXT("_a "), TEXT("")},
    {"keywords", TEXT("SELECT "), TEXT("IN "), TEXT("")},
    {"parentheses", TEXT("SELECT "), TEXT("("), TEXT("1")},
    {"parentheses-closed", TEXT("SELECT "), TEXT(")"), TEXT("")},
    {"parentheses-both", TEXT("SELECT "), TEXT("()"), TEXT("")},
    {"in-list", TEXT("SELECT 1 FROM t WHERE a IN ("), TEXT("1,"), TEXT("1)")},
    {"in-list-texts", TEXT("SELECT 1 FROM t WHERE a IN ("), TEXT("'" N "',"), TEXT("1)")},
    {"values", TEXT("INSERT INTO t VALUES (1)"), TEXT(",(1)"), TEXT("")},
    {"values-wide", TEXT("INSERT INTO t VALUES (1,2)"), TEXT(",(1,'a')"), TEXT("")},
    {"parameters", TEXT("SELECT "), TEXT("?,"), TEXT("1")},
    {"signs", TEXT("SELECT 1"), TEXT("+-"), TEXT("1")},
    {"arrows", TEXT("SELECT a"), TEXT("->>"), TEXT("1")},
    {"semicolons", TEXT(""), TEXT(";"), TEXT("")},
    {"statements", TEXT(""), TEXT("SELECT 1;"), TEXT("")},
    {"blanks", TEXT("SELECT"), TEXT(" "), TEXT("1")},
    {"nul", TEXT("SELECT "), TEXT("\0"), TEXT("")},

    /* what changes the session */
    {"set-names", TEXT(""), TEXT("SET NAMES utf8;"), TEXT("")},
    {"set-names-list", TEXT("SET a=1"), TEXT(",NAMES latin1"), TEXT("")},
    {"set-open", TEXT("SET "), TEXT("a=("), TEXT("")},
    {"set-words", TEXT("SELECT '"), TEXT("set "), TEXT("'")},
    {"use", TEXT(""), TEXT("USE a;"), TEXT("")},

    /* names that each table is compared with */
    {"with-names", TEXT("WITH " EIGHT(LONG_WITH) "y AS (TABLE z) SELECT 1 FROM y"), TEXT(",b"), TEXT("")},
    {"tables", TEXT("SELECT 1 FROM y"), TEXT(",b" N), TEXT("")},

    /* no ASCII */
    {"umlauts", TEXT("SELECT '"), TEXT("\xc3\xbc"), TEXT("'")},
    {"han", TEXT("SELECT '"), TEXT("\xe4\xb8\xad"), TEXT("'")},
    {"replacements", TEXT("SELECT '"), TEXT("\xff"), TEXT("'")},
    {"replacements-mixed", TEXT("SELECT '"), TEXT("a\xff"), TEXT("'")},
    {"utf8-cut", TEXT("SELECT '"), TEXT("\xf0\x9f\x92"), TEXT("'")},
    {"utf8-tails", TEXT("SELECT '"), TEXT("\x80"), TEXT("'")},
    {"controls", TEXT("SELECT '"), TEXT("\x1b"), TEXT("'")},
    {"controls-c1", TEXT("SELECT '"), TEXT("\xc2\x80"), TEXT("'")},
    {"new-lines", TEXT("SELECT '"), TEXT("\n"), TEXT("'")},

    /* for patterns */
    {"a-without-b", TEXT("SELECT '"), TEXT("aaaaaaaaaaaaaaaa"), TEXT("c'")},
};
const size_t linear_generators_n = sizeof linear_generators / sizeof linear_generators[0];
