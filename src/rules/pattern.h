/** @file pattern.h  A regular expression (PCRE2) that is looked for in statements, in bounded time.
 * Knows: PCRE2.   Does not know: records.   Threads: one at a time.   Memory: STAGE_JOURNAL. */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "base/span.h"
#include "base/status.h"

struct pattern;

enum pattern_result {
        PATTERN_ABSENT,
        PATTERN_FOUND,
        PATTERN_UNDECIDED, /**< it would take too long, or more than 16 KiB would have to be searched */
};

/** @return STATUS_INVALID or STATUS_NOMEM with *@p out NULL; of the former @p error, of @p size bytes, has a sentence. */
enum status pattern_new(const char *text, struct pattern **out, char *error, size_t size);
void pattern_free(struct pattern *p);
enum pattern_result pattern_search(struct pattern *p, struct span text);

#endif
