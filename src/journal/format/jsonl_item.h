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
#include "journal/format/jsonl.h"
#include "mysql/record/record.h"

enum {
        JSONL_ITEM_TEXT = 2048, /**< usual bytes of a text */
        JSONL_ITEM_LISTS =
            8192, /**< bytes of all lists together, with a byte for each value; more than a text has */
        JSONL_ITEM_HEAD_SIZE = 96,
};

struct jsonl_item {
        const char *run; /**< ASCII that needs no escape */
        uint64_t number;
        size_t most; /**< bytes of each text; 0 = everything is written, lists too */
};

/** The beginning of a server-sent event up to the ID of the record in its data. It is kept as text, so that the one of the next record
 *  differs in its last digit. */
struct jsonl_item_head {
        uint8_t text[JSONL_ITEM_HEAD_SIZE];
        uint8_t len;
        uint8_t data; /**< offset of the data */
        uint8_t
            id_end; /**< offset behind the number in the ID of the event; the one in the data ends before the last quote */
        uint64_t number; /**< of the record */
        uint64_t limit;  /**< the first number that has more digits */
        const char *run;
};

/** Append @p r with its newline. w->failed if it does not fit. */
void jsonl_item(struct writer *w, const struct record *r, const struct jsonl_item *item);
/** Let @p head be that of record @p number of @p run, which has at most 16 bytes and stays where it is. */
void jsonl_item_head_set(struct jsonl_item_head *head, const char *run, uint64_t number);
/** Let @p head be that of the next record. */
static inline void jsonl_item_head_next(struct jsonl_item_head *head)
{
        if (++head->number >= head->limit) {
                jsonl_item_head_set(head, head->run, head->number);
                return;
        }
        uint8_t *in_id = head->text + head->id_end - 1;
        uint8_t *in_data = head->text + head->len - 2;
        while (*in_id == '9') {
                *in_id-- = *in_data-- = '0';
        }
        *in_data = ++*in_id;
}

/** For jsonl_item_event: append the event at @p start with what is too long cut; w->failed if it does not fit. */
void jsonl_item_event_cut(struct writer *w, const struct record *r, const struct jsonl_item_head *head,
                          size_t most, size_t start);

/** Append @p r as a server-sent event: its ID, the item as data with texts of at most @p most bytes, and an empty line. w->failed if it does not
 *  fit.
 *  @return the record's own line of JSON behind the opening brace, within what was written, if nothing was cut; else empty. */
static inline struct span jsonl_item_event(struct writer *w, const struct record *r,
                                           const struct jsonl_item_head *head, size_t most)
{
        size_t start = w->at;
        uint8_t *to = w->data + start;
        if (w->failed || w->size - start < sizeof head->text) {
                w->failed = true;
                return (struct span){NULL, 0};
        }
        memcpy(to, head->text, sizeof head->text);
        to += head->len;
        w->at = start + head->len;
        jsonl_record(w, r);
        size_t len = (size_t)(w->data + w->at - to);
        if (w->failed || len > most ||
            w->at == w->size) { /* else no text can be longer, nor the lists together */
                jsonl_item_event_cut(w, r, head, most, start);
                return (struct span){NULL, 0};
        }
        to[0] = ',';
        to[len] = '\n';
        w->at++;
        return span_of(to + 1, len - 1);
}

/** Append a line about records that are missing: {"run":…,"from":…,"to":…,"count":…}. @p to 0: it is not known how many there are; then
 *  the last two are not there. */
void jsonl_item_gap(struct writer *w, const char *run, uint64_t from, uint64_t to);
/** Append a line about the records that there are: {"run":…,"first":…,"last":…}. */
void jsonl_item_run(struct writer *w, const char *run, uint64_t first, uint64_t last);

#endif
