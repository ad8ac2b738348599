/** @file tags.h  Tags that an application puts into a comment of its statement.
 *
 * The comments are at the end of the statement and at its beginning, one or several:
 *
 *      action='list',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
 *
 * Source: sqlcommenter's specification (values URL-encoded, in single quotes), and the older form of Rails, key:value.
 * Threads: one owner.   Memory: the caller's. */
#ifndef MYSQL_SQL_TAGS_H
#define MYSQL_SQL_TAGS_H

#include "mysql/wire/value.h"

enum { TAGS_MAX = 16, TAGS_ROOM = 2048 };

struct tags {
        struct value values[TAGS_MAX];
        size_t n;
        uint8_t room[TAGS_ROOM]; /**< decoded keys and values */
};

/** A quick check: false only if @p sql has no tags. The answer does not depend on digits in @p sql. */
bool tags_may_be_in(struct span sql);
/** Read the tags of @p sql from the comments at its end and at its beginning. A key that occurs several times is one tag, with the
 *  value that is the last in the text. @return the number of tags; those that do not fit are left out. */
size_t tags_read(struct tags *t, struct span sql);
/** The value of "traceparent" in the statement's query @p attributes, or else in its tags. It is empty if neither has a valid one
 *  (W3C Trace Context, version 00). @p attributes may be NULL. */
struct span tags_traceparent(const struct tags *t, const struct value_list *attributes);

#endif
