/** @file refine.h  What the writer adds to records and takes out of them, before sinks and recent records see them.
 *
 *      record -> digest -> transactions and runs -> tags -> redaction -> statistics -> record
 *
 * Threads: the writer (refine_digests: any).   Memory: STAGE_JOURNAL. */
#ifndef JOURNAL_REFINE_H
#define JOURNAL_REFINE_H

#include "journal/digests.h"
#include "journal/redact.h"
#include "journal/tags.h"
#include "journal/track.h"

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

/** Refine @p r, whose texts are UTF-8. What it points at lives until the next call.
 *  @return how many records in f->runs come first. */
unsigned refine_record(struct refine *f, struct record *r);

#endif
