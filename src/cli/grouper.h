/** @file grouper.h  tail --group: lines of statements become groups, one for each transaction or scope, under a head line.
 *
 *      bytes of a stream (journal/format/grouped.h) -> lines -> open groups -> a group is printed when it has ended
 *
 * A group ends with the record of its transaction or scope, with the next statement of its session outside the transaction, with its
 * session, and when it has had no statement for a while; it is said if it may go on then. Other lines are printed at once.
 * Knows: the lines that a filter has let pass.   Does not know: where they come from, nor the time.
 * Threads: main.   Memory: malloc's, bounded: the statements of a group beyond its bound are counted, and if too many groups are open, the
 * one without statements for longest is printed early. */
#ifndef CLI_GROUPER_H
#define CLI_GROUPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum group_by { GROUP_BY_TRANSACTION, GROUP_BY_SCOPE };

enum {
        GROUPS_MAX = 256,            /**< that are open at once */
        GROUP_BYTES_MAX = 64 * 1024, /**< of the lines of a group */
        GROUP_LINES_MAX = 500,
        GROUP_WAIT_MS = 3000, /**< a group without statements for as long is printed */
};

struct grouper;

/** Groups go to @p out, which must outlive it. @return NULL if out of memory. */
struct grouper *grouper_new(enum group_by by, bool color, FILE *out);
void grouper_free(struct grouper *g);
/** More of the stream has arrived, at @p now_ms (of any clock). */
void grouper_feed(struct grouper *g, const char *bytes, size_t len, uint64_t now_ms);
/** Print the groups that have waited long enough. */
void grouper_tick(struct grouper *g, uint64_t now_ms);
/** Print all groups: nothing follows. */
void grouper_finish(struct grouper *g);

#endif
