/** @file finding_table.h  Findings by kind and digest, in fixed memory: how often each occurred, how much time it took, where it comes from,
 * and which record shows it.
 *
 * A loop counts with all of its statements, by the record that is written at its end; the marks of its single statements are not counted
 * a second time, nor are the findings that the records of transactions and scopes repeat. If all rows are used, the one that was seen
 * longest ago is replaced, and counted.
 * Threads: the journal thread adds and settles; any thread reads (a lock).   Memory: the caller's. */
#ifndef JOURNAL_ENRICH_FINDING_TABLE_H
#define JOURNAL_ENRICH_FINDING_TABLE_H

#include "base/lock.h"
#include "mysql/record/record.h"
#include "mysql/sql/digest.h"

enum {
        FINDING_TABLE_ROWS = 128,
        FINDING_TABLE_TEXT = 512, /**< bytes of the digest's text that are kept */
        FINDING_TABLE_TAGS = 512, /**< bytes of all tags */
        FINDING_TABLE_INFO = 256, /**< bytes of what is known besides */
        FINDING_TABLE_SLOTS = 256,
};

struct finding_row {
        enum record_finding kind;
        char digest[DIGEST_HEX + 1]; /**< "" if it concerns no statement */
        uint8_t digest_len;
        char text[FINDING_TABLE_TEXT + 1];
        /** The tags of the last one, as name NUL value NUL …; those that do not fit are left out. */
        char tags[FINDING_TABLE_TAGS];
        size_t tags_len;
        char info[FINDING_TABLE_INFO + 1]; /**< of the last loop, which result it follows; else "" */
        uint64_t count;                    /**< statements, or sessions of those that concern these */
        uint64_t time_us; /**< of these statements; of transaction_idle, the time in which nothing ran */
        uint64_t first_wall_ns;
        uint64_t last_wall_ns;
        uint64_t number;  /**< of the last record that shows it (journal/recent.h) */
        uint64_t conn_id; /**< its session; 0 if it has none */
};

/* Statements with one finding and digest often follow each other. What they add to their row is gathered here and added to it later,
 * so that the lock is not taken for each. The journal thread's own. */
struct finding_gathered {
        uint64_t findings; /**< of each of them, with marks; 0 = none are gathered */
        uint8_t digest[DIGEST_HEX];
        struct finding_row *row;
        uint64_t count; /**< from here on what was not added yet */
        uint64_t time_us;
        uint64_t wall_ns;
        uint64_t duration_us;
        uint64_t number;
        uint64_t conn_id;
};

struct finding_table {
        struct lock lock;
        size_t n;
        uint64_t evicted;                   /**< rows that were replaced */
        uint8_t slots[FINDING_TABLE_SLOTS]; /**< where a kind and digest were found last: a hint */
        struct finding_row rows[FINDING_TABLE_ROWS];
        struct finding_gathered gathered;
};

/** For finding_table_add: what is not like the record before. */
void finding_table_add_other(struct finding_table *t, const struct record *r, uint64_t number);

/** Count the findings of @p r, whose number is @p number. Readers see them after finding_table_settle. */
static inline void finding_table_add(struct finding_table *t, const struct record *r, uint64_t number)
{
        struct finding_gathered *g = &t->gathered;
        bool is_like_last = r->findings == g->findings && r->event == EVENT_QUERY &&
                            !record_has(r, FIELD_TAGS) && record_has(r, FIELD_DIGEST) &&
                            r->digest.len == sizeof g->digest &&
                            memcmp(r->digest.data, g->digest, sizeof g->digest) == 0;
        if (!is_like_last) {
                finding_table_add_other(t, r, number);
                return;
        }
        g->count++;
        g->time_us += r->duration_us;
        g->wall_ns = r->wall_ns;
        g->duration_us = r->duration_us;
        g->number = number;
        g->conn_id = r->conn_id;
}

/** Let readers see what was added. The journal thread, when there is nothing else to do, and now and then. */
void finding_table_settle(struct finding_table *t);
/** Pass each row to @p see, under the lock, in no order. @return how many rows were replaced so far. */
uint64_t finding_table_each(struct finding_table *t, void (*see)(void *arg, const struct finding_row *row),
                            void *arg);

#endif
