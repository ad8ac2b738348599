/** @file report.h  The outcome of a run in the forms that people and programs read.
 *
 * Each finding is reported once, with the scopes in which it is; only JUnit, whose test cases are the scopes, has it in each.
 * Sources: the JSON Schema of SARIF 2.1.0 (OASIS); the XML Schemas of JUnit's reports that Ant and Jenkins have; GitHub's documentation
 * of workflow commands.
 * Threads: main.   Memory: none. */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "run/outcome.h"

#include <stdio.h>

enum report_form {
        REPORT_TEXT,
        REPORT_JSON,
        REPORT_JUNIT,
        REPORT_SARIF,
        REPORT_MARKDOWN,
        REPORT_GITHUB,
        REPORT_FORMS
};

typedef void report_write(const struct outcome *o, FILE *out);
report_write report_text;
report_write report_json;
report_write report_junit;
report_write report_sarif;
report_write report_markdown;
report_write report_github;

/* What several forms have in common. */

/** "failed", "inconclusive" or "passed". */
const char *report_result(const struct outcome *o);
/** Why it may be that no statement came through the proxy. */
extern const char report_why_empty[];

/** The file and the line that @p place, such as app/models/post.rb:12:in 'x', names. @p line is 0 if it names none. */
struct report_place {
        struct span file;
        uint64_t line;
};
struct report_place report_place(struct span place);
/** The first place of the @p n items from @p i on; empty if there is none. */
struct span report_first_place(const struct outcome *o, size_t i, size_t n);
/** The shortest example of the @p n items from @p i on; empty if there is none. */
struct span report_shortest_example(const struct outcome *o, size_t i, size_t n);
/** Write the names of the scopes of the @p n items from @p i on with @p put, the first @p most of them. */
void report_scopes(const struct outcome *o, size_t i, size_t n, FILE *out,
                   void (*put)(FILE *out, struct span text));

#endif
