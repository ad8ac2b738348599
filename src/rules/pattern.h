/** @file pattern.h  A regular expression (PCRE2) that is searched for in statements, in bounded time.
 * Knows: PCRE2.   Does not know: records.   Threads: one at a time.   Memory: STAGE_JOURNAL. */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "base/span.h"
#include "base/status.h"

struct pattern;

enum pattern_result {
        PATTERN_ABSENT,
        PATTERN_FOUND,
        PATTERN_UNDECIDED, /**< not found in the first 16 KiB of a longer text, or the search would take too long */
};

/** Compile @p text. @return STATUS_INVALID, with a sentence in @p error of @p size bytes, or STATUS_NOMEM; *@p out is NULL then. */
enum status pattern_new(const char *text, struct pattern **out, char *error, size_t size);
void pattern_free(struct pattern *p);
/** Search the first 16 KiB of @p text. That a search takes too long is reported once. */
enum pattern_result pattern_search(struct pattern *p, struct span text);

#endif
