#include "mysql/sql/outline_verbs.h"

#include "mysql/sql/outline.h"

static const struct verb {
        const char *name;
        enum outline_form form;
} verbs[] = {
    {"alter", FORM_OBJECT},     {"analyze", FORM_EXPLAIN},  {"backup", FORM_OTHER},
    {"begin", FORM_BEGIN},      {"binlog", FORM_HIDDEN},    {"cache", FORM_UPDATE},
    {"call", FORM_HIDDEN},      {"change", FORM_OTHER},     {"check", FORM_LIST},
    {"checksum", FORM_LIST},    {"clone", FORM_OTHER},      {"commit", FORM_OTHER},
    {"create", FORM_OBJECT},    {"deallocate", FORM_OTHER}, {"delete", FORM_DELETE},
    {"describe", FORM_EXPLAIN}, {"do", FORM_OTHER},         {"drop", FORM_LIST},
    {"execute", FORM_HIDDEN},   {"explain", FORM_EXPLAIN},  {"flush", FORM_LIST},
    {"get", FORM_OTHER},        {"grant", FORM_GRANT},      {"handler", FORM_TABLE},
    {"help", FORM_OTHER},       {"import", FORM_OTHER},     {"insert", FORM_INSERT},
    {"install", FORM_OTHER},    {"kill", FORM_OTHER},       {"load", FORM_LOAD},
    {"lock", FORM_LIST},        {"optimize", FORM_LIST},    {"prepare", FORM_HIDDEN},
    {"purge", FORM_OTHER},      {"release", FORM_OTHER},    {"rename", FORM_LIST},
    {"repair", FORM_LIST},      {"replace", FORM_INSERT},   {"reset", FORM_OTHER},
    {"resignal", FORM_OTHER},   {"restart", FORM_OTHER},    {"revoke", FORM_GRANT},
    {"rollback", FORM_OTHER},   {"savepoint", FORM_OTHER},  {"select", FORM_QUERY},
    {"set", FORM_SET},          {"show", FORM_SHOW},        {"shutdown", FORM_OTHER},
    {"signal", FORM_OTHER},     {"start", FORM_OTHER},      {"stop", FORM_OTHER},
    {"table", FORM_TABLE},      {"truncate", FORM_TABLE},   {"uninstall", FORM_OTHER},
    {"unlock", FORM_OTHER},     {"update", FORM_UPDATE},    {"use", FORM_OTHER},
    {"values", FORM_QUERY},     {"xa", FORM_OTHER},         {"other", FORM_OTHER},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };
_Static_assert((int)VERBS <= (int)OUTLINE_VERBS_MAX, "a bit each");

unsigned outline_verb_of(struct span word)
{
        if (span_equal_nocase(word, "DESC")) {
                word = span_str("describe");
        }
        unsigned verb = 0;
        while (verb < VERBS - 1 && !span_equal_nocase(word, verbs[verb].name)) {
                verb++;
        }
        return verb;
}

enum outline_form outline_form(unsigned verb)
{
        return verbs[verb].form;
}

const char *outline_verb_name(unsigned verb)
{
        return verb < VERBS ? verbs[verb].name : NULL;
}

const char *outline_clause_name(enum outline_clause clause)
{
        static const char *const names[CLAUSE_COUNT] = {
            [CLAUSE_WHERE] = "where",
            [CLAUSE_LIMIT] = "limit",
            [CLAUSE_JOIN] = "join",
            [CLAUSE_INTO] = "into",
            [CLAUSE_FOR_UPDATE] = "for_update",
            [CLAUSE_FOR_SHARE] = "for_share",
            [CLAUSE_GROUP_BY] = "group_by",
            [CLAUSE_HAVING] = "having",
            [CLAUSE_ORDER_BY] = "order_by",
            [CLAUSE_UNION] = "union",
            [CLAUSE_WITH] = "with",
        };
        return names[clause];
}
