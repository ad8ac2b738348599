/** @file enrich.h  What the writer adds to records and takes out of them, before sinks and recent records see them.
 *
 *      record -> digest -> transactions and runs -> tags -> redaction -> statistics -> record
 *
 * Threads: the writer (statistics of digests: any).   Memory: STAGE_JOURNAL. */
#ifndef JOURNAL_ENRICH_ENRICH_H
#define JOURNAL_ENRICH_ENRICH_H

#include "journal/enrich/digests.h"
#include "journal/enrich/n_plus_one.h"
#include "journal/enrich/redact.h"
#include "mysql/record/record_raw.h"
#include "mysql/sql/tags.h"

struct refine {
        const struct settings *settings;
        struct digests *digests; /**< NULL: none are made */
        struct track *track;
        struct redact *redact;
        struct tags tags;
        char hex[TRACK_RUNS_MAX][DIGEST_HEX];
        uint8_t info[TRACK_RUNS_MAX][512];
        struct record runs[TRACK_RUNS_MAX]; /**< records to stand before the one that ended them */
};

/** Errors are said. @p settings must outlive it. */
enum status refine_init(struct refine *f, const struct settings *settings);
void refine_fini(struct refine *f);

/** Remove the passwords from @p raw and refine it: refine_record, which is for tests alone. @p runs becomes what that returns.
 *  @return the record, which is the one in @p raw. */
struct record *refine_raw(struct refine *f, struct record_raw *raw, unsigned *runs);
/** Refine @p r, whose texts are UTF-8. What it points at lives until the next call.
 *  @return how many records in f->runs come first. */
unsigned refine_record(struct refine *f, struct record *r);

#endif
