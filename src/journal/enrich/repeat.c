#include "journal/enrich/repeat.h"

#include "mysql/sql/sql.h"

/* Each of these may differ from call to call, or is called for its effect. Several are synonyms of one keyword in digests. */
static const char *const changing[] = {"NOW",
                                       "SYSDATE",
                                       "CURDATE",
                                       "CURTIME",
                                       "CURRENT_TIMESTAMP",
                                       "CURRENT_DATE",
                                       "CURRENT_TIME",
                                       "LOCALTIME",
                                       "LOCALTIMESTAMP",
                                       "UTC_DATE",
                                       "UTC_TIME",
                                       "UTC_TIMESTAMP",
                                       "UNIX_TIMESTAMP",
                                       "RAND",
                                       "UUID",
                                       "UUID_SHORT",
                                       "UUID_V4",
                                       "UUID_V7",
                                       "SYS_GUID",
                                       "RANDOM_BYTES",
                                       "CONNECTION_ID",
                                       "MYSQL_QUERY_ATTRIBUTE_STRING",
                                       "LAST_INSERT_ID",
                                       "FOUND_ROWS",
                                       "ROW_COUNT",
                                       "SLEEP",
                                       "BENCHMARK",
                                       "GET_LOCK",
                                       "RELEASE_LOCK",
                                       "RELEASE_ALL_LOCKS",
                                       "IS_FREE_LOCK",
                                       "IS_USED_LOCK",
                                       "NEXTVAL",
                                       "LASTVAL",
                                       "SETVAL",
                                       "NEXT",
                                       "PREVIOUS",
                                       "MASTER_POS_WAIT",
                                       "SOURCE_POS_WAIT",
                                       "MASTER_GTID_WAIT",
                                       "LOAD_FILE",
                                       "SKIP",
                                       "WAIT_FOR_EXECUTED_GTID_SET",
                                       "WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS",
                                       "INTO",
                                       NULL};

static const char *const controls[] = {"BEGIN", "START", "COMMIT", "ROLLBACK", "SET", "USE", "XA", NULL};
static const char *const points[] = {"SAVEPOINT", "RELEASE", "PREPARE", "DEALLOCATE", NULL};

/** Is @p word one of @p words? Functions can be called by their names in backticks, too. */
static bool is_one_of(struct span word, const char *const *words)
{
        bool is_quoted = word.len >= 2 && word.data[0] == '`';
        return span_is_one_of(is_quoted ? span_of(word.data + 1, word.len - 2) : word, words);
}

/** What the tokens show, from the first on. */
static enum repeat read_tokens(struct span text, enum repeat plain)
{
        struct sql_lexer lexer = sql_lexer_over(text, (struct sql_mode){0});
        enum repeat repeat = plain;
        struct sql_token before = {.kind = SQL_END};
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                if (sql_is_sign(&before, ';')) {
                        return REPEAT_WRITES_ANY; /* another statement */
                }
                bool is_changing = sql_is_sign(&t, '@') || (sql_is_name(&t) && is_one_of(t.text, changing));
                if (plain == REPEAT_IS_DUPLICATE && is_changing) {
                        repeat = REPEAT_IS_NOTHING;
                }
                before = t;
        }
        return repeat;
}

enum repeat repeat_of(struct span text, const struct shape *shape)
{
        struct sql_lexer lexer = sql_lexer_over(text, (struct sql_mode){0});
        struct sql_token first = sql_next(&lexer);
        bool reads = (shape->reads_qualified || shape->reads_unqualified) && shape->tables != 0;
        switch (shape->kind) {
        case SHAPE_SHOW: return read_tokens(text, REPEAT_IS_NOTHING);
        case SHAPE_WRITE:
                return shape->is_opaque ? REPEAT_WRITES_ANY : read_tokens(text, REPEAT_WRITES_TABLES);
        case SHAPE_QUERY:
                return read_tokens(text,
                                   reads && !shape->is_opaque ? REPEAT_IS_DUPLICATE : REPEAT_IS_NOTHING);
        case SHAPE_OTHER: break;
        }
        if (is_one_of(first.text, points)) {
                return read_tokens(text, REPEAT_IS_NOTHING);
        }
        return is_one_of(first.text, controls) ? read_tokens(text, REPEAT_CONTROLS) : REPEAT_WRITES_ANY;
}
