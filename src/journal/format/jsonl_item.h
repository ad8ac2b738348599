/** @file jsonl_item.h  A record as an item of a list of records: a line of JSON with the ID of the record in front, and of bounded size.
 *
 *      {"id":"RUN:NUMBER","ts":…,"event":…, … ,"truncated":70000,"omitted":["first_rows"]}
 *
 * Texts are cut to a number of bytes. If that concerns the statement, "truncated" is its whole length; "omitted" names the lists that are
 * too large and therefore missing. Whoever needs all of the record asks for it by its ID.
 * Threads: any.   Memory: allocates nothing; the writer is the caller's. */
#ifndef JOURNAL_FORMAT_JSONL_ITEM_H
#define JOURNAL_FORMAT_JSONL_ITEM_H

#include "base/writer.h"
#include "mysql/record/record.h"

enum {
        JSONL_ITEM_TEXT = 2048, /**< usual bytes of a text */
        JSONL_ITEM_LISTS =
            8192, /**< bytes of all lists together, with a byte for each value; more than a text has */
};

struct jsonl_item {
        const char *run; /**< ASCII that needs no escape */
        uint64_t number;
        size_t most; /**< bytes of each text; 0 = everything is written, lists too */
};

/** Append @p r with its newline. w->failed if it does not fit. */
void jsonl_item(struct writer *w, const struct record *r, const struct jsonl_item *item);
/** Append @p r as a server-sent event: its ID, the item as data, and an empty line.
 *  @return the record's own line of JSON behind the opening brace, within what was written, if nothing was cut; else empty. */
struct span jsonl_item_event(struct writer *w, const struct record *r, const struct jsonl_item *item);
/** Append a line about records that are missing: {"run":…,"from":…,"to":…,"count":…}. @p to 0: it is not known how many there are; then
 *  the last two are not there. */
void jsonl_item_gap(struct writer *w, const char *run, uint64_t from, uint64_t to);
/** Append a line about the records that there are: {"run":…,"first":…,"last":…}. */
void jsonl_item_run(struct writer *w, const char *run, uint64_t first, uint64_t last);

#endif
