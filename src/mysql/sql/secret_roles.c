#include "mysql/sql/secret_roles.h"

#include <string.h>
#include <strings.h>

static const struct row {
        const char *word;
        struct secret_role_of is;
} rows[] = {
    /* Sorted, to be searched by halves. */
    {"ACCOUNT", {ROLE_STOPS, WORD_OTHER}},
    {"AGAINST", {ROLE_COMPARES, WORD_OTHER}},
    {"ALL", {ROLE_NO_CALL, WORD_OTHER}},
    {"ALTER", {ROLE_ACCOUNT, WORD_ALTER}},
    {"AND", {ROLE_ENDS | ROLE_NO_CALL, WORD_AND}},
    {"ANY", {ROLE_NO_CALL, WORD_OTHER}},
    {"AS", {ROLE_NO_CALL | ROLE_GIVES | ROLE_VALUE | ROLE_ROWS, WORD_AS}},
    {"ASYMMETRIC_DERIVE", {ROLE_KEYED, WORD_OTHER}},
    {"ASYMMETRIC_SIGN", {ROLE_KEYED, WORD_OTHER}},
    {"ATTRIBUTE", {ROLE_STOPS, WORD_OTHER}},
    {"BEGIN", {ROLE_BODY, WORD_OTHER}},
    {"BETWEEN", {ROLE_COMPARES | ROLE_NO_CALL, WORD_BETWEEN}},
    {"BINARY", {ROLE_NO_CALL, WORD_OTHER}},
    {"BY", {ROLE_NO_CALL | ROLE_GIVES, WORD_BY}},
    {"CALL", {ROLE_BODY, WORD_CALL}},
    {"CASE", {ROLE_NO_CALL, WORD_CASE}},
    {"CHANGE", {ROLE_ACCOUNT, WORD_OTHER}},
    {"CHAR", {0, WORD_CHARACTER}},
    {"CHARACTER", {0, WORD_CHARACTER}},
    {"CHECK", {ROLE_VALUE, WORD_OTHER}},
    {"CLONE", {ROLE_ACCOUNT, WORD_OTHER}},
    {"COLLATE", {ROLE_COMPARES, WORD_OTHER}},
    {"COLUMNS", {0, WORD_COLUMNS}},
    {"COMMENT", {ROLE_STOPS, WORD_COMMENT}},
    {"CREATE", {ROLE_ACCOUNT, WORD_CREATE}},
    {"CREATE_ASYMMETRIC_PRIV_KEY", {ROLE_KEYED, WORD_OTHER}},
    {"CREATE_ASYMMETRIC_PUB_KEY", {ROLE_KEYED, WORD_OTHER}},
    {"CURSOR", {0, WORD_CURSOR}},
    {"DATABASE", {ROLE_OBJECT, WORD_OTHER}},
    {"DECLARE", {0, WORD_DECLARE}},
    {"DECODE", {ROLE_KEYED, WORD_OTHER}},
    {"DEFAULT", {ROLE_VALUE, WORD_OTHER}},
    {"DEFAULT_AUTH", {ROLE_STOPS, WORD_OTHER}},
    {"DELETE", {ROLE_BODY, WORD_UPDATE_OR_DELETE}},
    {"DISTINCT", {ROLE_NO_CALL, WORD_OTHER}},
    {"DIV", {ROLE_NO_CALL, WORD_OTHER}},
    {"DO", {ROLE_ENDS | ROLE_BODY | ROLE_CLAUSE, WORD_OTHER}},
    {"DROP", {ROLE_ACCOUNT, WORD_OTHER}},
    {"ELSE", {ROLE_ENDS | ROLE_NO_CALL, WORD_ELSE}},
    {"ELSEIF", {ROLE_ENDS, WORD_OTHER}},
    {"ENCODE", {ROLE_KEYED, WORD_OTHER}},
    {"END", {ROLE_ENDS, WORD_END}},
    {"EVENT", {ROLE_OBJECT | ROLE_PROGRAM, WORD_OTHER}},
    {"EXCEPT", {ROLE_ENDS | ROLE_NO_CALL | ROLE_AGAIN | ROLE_CLAUSE, WORD_OTHER}},
    {"EXECUTE", {0, WORD_EXECUTE}},
    {"EXISTS", {ROLE_NO_CALL, WORD_OTHER}},
    {"FETCH", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"FOR", {0, WORD_FOR}},
    {"FROM", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE, WORD_FROM}},
    {"FUNCTION", {ROLE_OBJECT | ROLE_PROGRAM, WORD_OTHER}},
    {"GRANT", {ROLE_ACCOUNT, WORD_OTHER}},
    {"GROUP", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"HAVING", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE, WORD_OTHER}},
    {"IDENTIFIED", {0, WORD_IDENTIFIED}},
    {"IN", {ROLE_COMPARES | ROLE_NO_CALL | ROLE_ROWS, WORD_IN}},
    {"INDEX", {ROLE_OBJECT, WORD_OTHER}},
    {"INSERT", {ROLE_BODY, WORD_INSERT}},
    {"INTERSECT", {ROLE_ENDS | ROLE_NO_CALL | ROLE_AGAIN | ROLE_CLAUSE, WORD_OTHER}},
    {"INTO", {ROLE_ENDS | ROLE_CLAUSE, WORD_INTO}},
    {"IS", {ROLE_COMPARES | ROLE_NO_CALL, WORD_OTHER}},
    {"JOIN", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE | ROLE_JOINS, WORD_OTHER}},
    {"JSON_CONTAINS", {ROLE_SEARCHES, WORD_OTHER}},
    {"JSON_OVERLAPS", {ROLE_SEARCHES, WORD_OTHER}},
    {"JSON_SEARCH", {ROLE_SEARCHES, WORD_OTHER}},
    {"KDF", {ROLE_KEYED, WORD_OTHER}},
    {"KEYRING_KEY_STORE", {ROLE_KEYED, WORD_OTHER}},
    {"LATERAL", {ROLE_NO_CALL, WORD_OTHER}},
    {"LESS", {ROLE_NO_CALL, WORD_OTHER}},
    {"LIKE", {ROLE_COMPARES | ROLE_NO_CALL, WORD_OTHER}},
    {"LIMIT", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"LINES", {ROLE_NO_CALL, WORD_OTHER}},
    {"MEMBER", {ROLE_COMPARES, WORD_OTHER}},
    {"MINUS", {ROLE_ENDS | ROLE_NO_CALL | ROLE_AGAIN | ROLE_CLAUSE, WORD_OTHER}},
    {"MOD", {ROLE_NO_CALL, WORD_OTHER}},
    {"NOT", {ROLE_COMPARES | ROLE_NO_CALL | ROLE_ROWS, WORD_OTHER}},
    {"OFFSET", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"ON", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE | ROLE_JOINS, WORD_ON}},
    {"OPEN", {0, WORD_OPEN}},
    {"OR", {ROLE_ENDS | ROLE_NO_CALL, WORD_OTHER}},
    {"ORDER", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"OVER", {ROLE_NO_CALL, WORD_OTHER}},
    {"PACKAGE", {ROLE_OBJECT | ROLE_PROGRAM, WORD_OTHER}},
    {"PARTITION", {0, WORD_PARTITION}},
    {"PASSWORD", {0, WORD_PASSWORD}},
    {"PLUGIN_DIR", {ROLE_STOPS, WORD_OTHER}},
    {"PROCEDURE", {ROLE_OBJECT | ROLE_PROGRAM, WORD_OTHER}},
    {"PURGE", {ROLE_ACCOUNT, WORD_OTHER}},
    {"QUALIFY", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"RANDOM", {0, WORD_RANDOM}},
    {"REGEXP", {ROLE_COMPARES | ROLE_NO_CALL, WORD_OTHER}},
    {"REPLACE", {ROLE_BODY | ROLE_GIVES, WORD_INSERT}},
    {"REQUIRE", {ROLE_STOPS, WORD_OTHER}},
    {"RETURN", {ROLE_ENDS | ROLE_NO_CALL | ROLE_BODY, WORD_OTHER}},
    {"RETURNING", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"REVOKE", {ROLE_ACCOUNT, WORD_OTHER}},
    {"RLIKE", {ROLE_COMPARES | ROLE_NO_CALL, WORD_OTHER}},
    {"ROW", {ROLE_NO_CALL | ROLE_ROWS, WORD_ROW}},
    {"ROWS", {ROLE_NO_CALL, WORD_OTHER}},
    {"SCHEMA", {ROLE_OBJECT, WORD_OTHER}},
    {"SELECT", {ROLE_ENDS | ROLE_NO_CALL | ROLE_BODY | ROLE_ROWS, WORD_SELECT}},
    {"SEQUENCE", {ROLE_OBJECT, WORD_OTHER}},
    {"SET", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE, WORD_SET}},
    {"SHOW", {ROLE_ACCOUNT, WORD_OTHER}},
    {"SOME", {ROLE_NO_CALL, WORD_OTHER}},
    {"SOUNDS", {ROLE_COMPARES, WORD_OTHER}},
    {"START", {ROLE_ACCOUNT, WORD_OTHER}},
    {"STRAIGHT_JOIN", {ROLE_NO_CALL, WORD_OTHER}},
    {"TABLE", {ROLE_OBJECT | ROLE_ROWS, WORD_OTHER}},
    {"TABLESPACE", {ROLE_OBJECT, WORD_OTHER}},
    {"THAN", {ROLE_NO_CALL, WORD_OTHER}},
    {"THEN", {ROLE_ENDS | ROLE_NO_CALL, WORD_THEN}},
    {"TRIGGER", {ROLE_OBJECT | ROLE_PROGRAM, WORD_OTHER}},
    {"UNION", {ROLE_ENDS | ROLE_NO_CALL | ROLE_AGAIN | ROLE_CLAUSE, WORD_OTHER}},
    {"UNTIL", {ROLE_ENDS, WORD_OTHER}},
    {"UPDATE", {ROLE_BODY, WORD_UPDATE_OR_DELETE}},
    {"USING", {ROLE_NO_CALL | ROLE_GIVES, WORD_OTHER}},
    {"VALUE", {ROLE_NO_CALL | ROLE_ROWS, WORD_VALUES}},
    {"VALUES", {ROLE_ENDS | ROLE_NO_CALL | ROLE_VALUE | ROLE_ROWS, WORD_VALUES}},
    {"VIA", {ROLE_MAKES, WORD_OTHER}},
    {"VIEW", {ROLE_OBJECT, WORD_OTHER}},
    {"WHEN", {ROLE_ENDS | ROLE_NO_CALL, WORD_WHEN}},
    {"WHERE", {ROLE_ENDS | ROLE_NO_CALL | ROLE_CLAUSE, WORD_OTHER}},
    {"WHILE", {ROLE_ENDS, WORD_OTHER}},
    {"WINDOW", {ROLE_ENDS | ROLE_CLAUSE, WORD_OTHER}},
    {"WITH", {ROLE_BODY | ROLE_MAKES | ROLE_ROWS, WORD_WITH}},
    {"XOR", {ROLE_ENDS | ROLE_NO_CALL, WORD_OTHER}},
};

enum { LONGEST = 26 };

/** As strcmp: @p word, in any case, to @p to, in upper case. */
static int compare(struct span word, const char *to)
{
        int order = word.len > 0 ? strncasecmp((const char *)word.data, to, word.len) : 0;
        return order != 0 ? order : to[word.len] == '\0' ? 0 : -1;
}

struct secret_role_of secret_role_find(struct span word)
{
        size_t low = 0;
        size_t high = word.len <= LONGEST ? sizeof rows / sizeof rows[0] : 0;
        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = compare(word, rows[middle].word);
                if (order == 0) {
                        return rows[middle].is;
                }
                low = order > 0 ? middle + 1 : low;
                high = order > 0 ? high : middle;
        }
        return (struct secret_role_of){0, WORD_OTHER};
}

bool secret_takes_key(struct span name)
{
        static const char end[] = "CRYPT";
        size_t len = sizeof end - 1;
        return (name.len >= len && compare(span_skip(name, name.len - len), end) == 0) ||
               (secret_role_find(name).roles & ROLE_KEYED) != 0;
}
