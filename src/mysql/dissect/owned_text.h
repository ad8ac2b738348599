/** @file owned_text.h  A copy of a text of the peer's: a name, a version.
 *
 * Threads: one owner.   Memory: STAGE_DISSECT; the owner calls owned_text_drop. */
#ifndef MYSQL_DISSECT_OWNED_TEXT_H
#define MYSQL_DISSECT_OWNED_TEXT_H

#include "base/span.h"

struct owned_text {
        char *at;   /**< with a NUL behind it; NULL: there is no text */
        size_t len; /**< in bytes, without the NUL */
};

/** Replace the text by a copy of @p text up to its first NUL. @return false when memory is out (the old text is gone). */
bool owned_text_set(struct owned_text *slot, struct span text);
void owned_text_drop(struct owned_text *slot);
/** Replace the text by that of @p from, which has none afterwards. */
void owned_text_move(struct owned_text *slot, struct owned_text *from);

static inline struct span owned_text_span(const struct owned_text *text)
{
        return span_of(text->at, text->len);
}

#endif
