/** @file finding_table.h  Findings by kind and digest, in fixed memory: how often each occurred, how much time it took, where it comes from,
 * and which record shows it.
 *
 * A loop counts with all of its statements, by the record that is written at its end; the marks of its single statements are not counted
 * a second time, nor are the findings that the records of transactions and scopes repeat. If all rows are used, the one that was seen
 * longest ago is replaced, and counted.
 * Threads: the journal thread adds; any thread reads (a lock).   Memory: the caller's. */
#ifndef JOURNAL_ENRICH_FINDING_TABLE_H
#define JOURNAL_ENRICH_FINDING_TABLE_H

#include "base/lock.h"
#include "mysql/record/record.h"
#include "mysql/sql/digest.h"

enum {
        FINDING_TABLE_ROWS = 128,
        FINDING_TABLE_TEXT = 512, /**< bytes of the digest's text that are kept */
        FINDING_TABLE_TAGS = 512, /**< bytes of all tags */
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
        uint64_t count;   /**< statements, or sessions of those that concern these */
        uint64_t time_us; /**< of these statements; of transaction_idle, the time in which nothing ran */
        uint64_t first_wall_ns;
        uint64_t last_wall_ns;
        uint64_t number;  /**< of the last record that shows it (journal/recent.h) */
        uint64_t conn_id; /**< its session; 0 if it has none */
};

struct finding_table {
        struct lock lock;
        size_t n;
        uint64_t evicted;                   /**< rows that were replaced */
        uint8_t slots[FINDING_TABLE_SLOTS]; /**< where a kind and digest were found last: a hint */
        struct finding_row rows[FINDING_TABLE_ROWS];
};

/** Count the findings of @p r, whose number is @p number. */
void finding_table_add(struct finding_table *t, const struct record *r, uint64_t number);
/** Pass each row to @p see, under the lock, in no order. @return how many rows were replaced so far. */
uint64_t finding_table_each(struct finding_table *t, void (*see)(void *arg, const struct finding_row *row),
                            void *arg);

#endif
