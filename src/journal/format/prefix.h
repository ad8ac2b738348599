/** @file prefix.h  What each line about a session begins with, formatted once and copied as long as the session is the same.
 * The journal has one for each session and clears it when the session changes; a format fills it.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, the length of the text. */
#ifndef JOURNAL_FORMAT_PREFIX_H
#define JOURNAL_FORMAT_PREFIX_H

#include "mysql/record/record.h"

struct prefix {
        uint64_t fields; /**< the session's fields that are in the text, a bit each */
        size_t len;      /**< of the text; 0 = there is none */
        size_t size;     /**< allocated */
        uint8_t *text;
};

/** @return the text if it is of exactly these @p fields, else an empty span. Valid until the next call of prefix_set. */
static inline struct span prefix_get(const struct prefix *prefix, uint64_t fields)
{
        return prefix->fields == fields ? span_of(prefix->text, prefix->len) : span_of(NULL, 0);
}

/** Keep a copy of @p text. Without memory for it there is no prefix. */
void prefix_set(struct prefix *prefix, uint64_t fields, struct span text);
/** The session has changed: there is no text any more. */
void prefix_clear(struct prefix *prefix);
void prefix_fini(struct prefix *prefix);

#endif
