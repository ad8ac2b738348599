/** @file tags.h  What an application tells of itself in a comment of its statement.
 *
 * A comment at the statement's end (or its beginning) with
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

/** A quick look: false only if @p sql has no tags. Numbers don't matter to it. */
bool tags_may_be_in(struct span sql);
/** Read the tags of @p sql: of the comment that ends it, else of the one that begins it. @return how many there are; those
 *  that do not fit are left out. */
size_t tags_read(struct tags *t, struct span sql);
/** The trace context named "traceparent": of the statement's query @p attributes, else of its tags. It is empty where neither has one that is
 *  valid (W3C Trace Context, version 00). @p attributes may be NULL. */
struct span tags_traceparent(const struct tags *t, const struct value_list *attributes);

#endif
