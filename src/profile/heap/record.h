/** @file record.h  Allocation records: sampled allocation sites, as on a Go server's heap profile.
 *
 * A record is (stage, library, size class, exact stack). Records are never dropped; what they count are samples, about
 * one allocation per prof_sample_bytes. A record whose blocks are all freed stays, with 0 live objects. When a stage's
 * rate of sampling is changed, what is caught from then on makes records of its own: each record has one rate, by which
 * its figures are scaled up (scale.h).
 * The table is fixed (prof_set_records); past it one overflow record a stage takes the samples, counted.
 * Threads: any may read while others allocate. */
#ifndef PROFILE_HEAP_RECORD_H
#define PROFILE_HEAP_RECORD_H

#include "profile/heap/alloc_site.h"
#include "profile/heap/stack.h"
#include "profile/stats/stat.h"

#define PROF_RECORDS 16384

/** A copy of one record, consistent in itself: no objects, no bytes. All is raw (unscaled). */
struct prof_record {
        uint32_t id; /**< order of birth, from 1 */
        enum prof_stage stage;
        enum prof_lib lib;
        uint64_t
            sample_bytes; /**< mean bytes between samples, at which all of it was caught (an overflow record: the
                                    stage's now) */
        uint64_t size;    /**< upper bound of the size class, bytes; 0 = of many sizes (an overflow record) */
        uint64_t allocs;
        uint64_t frees;
        uint64_t bytes_alloc; /**< allocs times size; of an overflow record, the sum over its classes */
        uint64_t bytes_free;
        uint64_t born_wall_ns;
        uint64_t born_statement;  /**< prof_statements() at birth */
        uint64_t last_wall_ns;    /**< newest sample, to the second of prof_tick */
        uint64_t last_statement;  /**< the same in statements */
        uint64_t session;         /**< on the wire at birth; 0 = none */
        const char *command;      /**< static; NULL = none */
        char text[PROF_TEXT_MAX]; /**< the statement's head, NUL-terminated, raw bytes */
        char site[PROF_SITE_MAX]; /**< "file:line" that the library named; empty = none */
        bool overflow;            /**< stands for all that the table had no room for */
        uint16_t depth;
        uintptr_t stack[PROF_STACK_MAX]; /**< return addresses, leaf first */
};

/** How many records there may be besides overflow records: 1 to PROF_RECORDS, which is the default. The table grows as it
 *  fills. Best set at the start: what is there stays. */
void prof_set_records(uint32_t most);
/** Records born so far (overflow records included). Ids run from 1 to this. */
uint32_t prof_record_count(void);
/** Those of one stage. */
uint32_t prof_record_count_of(enum prof_stage stage);
/** Copy record @p id. @return false if there is none (yet). */
bool prof_record_get(uint32_t id, struct prof_record *out);
/** Whether a record says something about what comes in @p stage (its own, or STAGE_COUNT = all): what happens once, before
 *  the first statement, does not; nor do records from before a change of the rate of sampling, of that stage or (of all) of
 *  any; nor (of all) do those of the admin port, which come from being looked at. Of @p r only stage, sample_bytes, born_statement and overflow are looked at. */
bool prof_record_is_predictive(const struct prof_record *r, enum prof_stage stage);
/** What was caught of each stage of the work, and [STAGE_COUNT] of all, in records that tell something. */
void prof_record_catch(struct stat_catch catches[STAGE_COUNT + 1]);
/** Samples that went to an overflow record. */
uint64_t prof_record_overflowed(void);
/** Different stacks among the records; the place that a library named is part of one. */
uint32_t prof_record_stacks(void);

#endif
