/** @file record.h  Reading the allocation records: sampled allocation sites, as in a Go program's heap profile.
 *
 * An allocation record is (stage, library, size class, exact stack). Records are never dropped. They count samples: about
 * one allocation per prof_sample_bytes (rate.h). A record whose blocks are all freed stays, with 0 live objects. When a
 * stage's rate of sampling is changed, later samples make new records: each record has one rate, by which its figures are
 * scaled up (scale.h).
 * The number of records is bounded (prof_set_records). When the table is full, one overflow record for each stage takes the
 * samples that would need a new record.
 * Threads: any may read while others allocate. */
#ifndef PROFILE_HEAP_RECORD_H
#define PROFILE_HEAP_RECORD_H

#include "profile/heap/alloc_site.h"
#include "profile/heap/stack.h"
#include "profile/stats/stat.h"

#define PROF_RECORDS 16384

/** A copy of one record, consistent in itself: no objects, no bytes. All is raw (unscaled). */
struct prof_record {
        uint32_t id; /**< order of creation, from 1 */
        enum prof_stage stage;
        enum prof_lib lib;
        uint64_t
            sample_bytes; /**< the rate at which all of it was sampled (of an overflow record: the stage's present rate) */
        uint64_t size; /**< upper bound of the size class, bytes; 0 = many sizes (an overflow record) */
        uint64_t allocs;
        uint64_t frees;
        uint64_t bytes_alloc; /**< allocs times size; in an overflow record, the sum over its size classes */
        uint64_t bytes_free;
        uint64_t born_wall_ns;
        uint64_t born_statement;  /**< prof_statements() when the record was created */
        uint64_t last_wall_ns;    /**< time of the newest sample, as of the last prof_tick */
        uint64_t last_statement;  /**< the same in statements */
        uint64_t session;         /**< whose statement led to its creation; 0 = none */
        const char *command;      /**< static; NULL = none */
        char text[PROF_TEXT_MAX]; /**< the statement's head, NUL-terminated, raw bytes */
        char site[PROF_SITE_MAX]; /**< "file:line" that the library gave; empty = none */
        bool overflow;            /**< counts all samples of its stage that came when the table was full */
        uint16_t depth;
        uintptr_t stack[PROF_STACK_MAX]; /**< return addresses, leaf first */
};

/** Set how many records there may be besides overflow records: 1 to PROF_RECORDS, which is the default. The table grows as
 *  it fills. Best set at the start, for existing records stay. */
void prof_set_records(uint32_t most);
/** Records created so far (overflow records included). Ids run from 1 to this. */
uint32_t prof_record_count(void);
/** Records of one stage. */
uint32_t prof_record_count_of(enum prof_stage stage);
/** Copy record @p id. @return false if there is none (yet). */
bool prof_record_get(uint32_t id, struct prof_record *out);
/** Whether a record helps to predict how many new ones will come in @p stage (its own, or STAGE_COUNT = all). Not predictive
 *  are: what happens once, before the first statement; records from before a change of the rate of sampling (of that stage, or
 *  for all stages of any); overflow records; and, for all stages, records of the admin port, which come from being looked at.
 *  Only stage, sample_bytes, born_statement and overflow of @p r are used. */
bool prof_record_is_predictive(const struct prof_record *r, enum prof_stage stage);
/** Summarize the samples in predictive records, for each stage and, in [STAGE_COUNT], for all of them (stat.h). */
void prof_record_catch(struct stat_catch catches[STAGE_COUNT + 1]);
/** Samples that were counted in an overflow record. */
uint64_t prof_record_overflowed(void);
/** Number of different stacks in the records; the place that a library gave is part of a stack. */
uint32_t prof_record_stacks(void);

#endif
