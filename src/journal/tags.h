/** @file tags.h  What an application tells of itself in a comment of its statement.
 *
 * A comment at the statement's end (or its beginning) with
 *
 *      action='list',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
 *
 * Source: sqlcommenter's specification (values URL-encoded, in single quotes), and the older form of Rails, key:value.
 * Threads: one owner.   Memory: the caller's. */
#ifndef JOURNAL_TAGS_H
#define JOURNAL_TAGS_H

#include "mysql/record.h"

enum { TAGS_MAX = 16, TAGS_ROOM = 2048 };

struct tags {
        struct value values[TAGS_MAX];
        size_t n;
        uint8_t room[TAGS_ROOM]; /**< decoded keys and values */
};

/** A quick look: false only if @p sql has no tags. Numbers don't matter to it. */
bool tags_may_be_in(struct span sql);
/** Read the tags of @p sql: of the comment that ends it, else of the one that begins it. @return how many there are; those
 *  that do not fit are left out. */
size_t tags_read(struct tags *t, struct span sql);
/** The tag of that name, else the query attribute; empty if there is none, or it is no version-00 trace context. */
struct span tags_traceparent(const struct tags *t, const struct record *r);

#endif
