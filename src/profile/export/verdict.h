/** @file verdict.h  The verdict on a stage, and its wording: whether live bytes rise, and why allocation records grow.
 *
 * The two are separate answers to separate questions. How they are found: verdict_all.h. Threads: any. */
#ifndef PROFILE_EXPORT_VERDICT_H
#define PROFILE_EXPORT_VERDICT_H

#include "profile/export/suspect.h"
#include "profile/heap/store.h"
#include "profile/stats/bytes.h"

/** Why records grow. */
enum records_kind {
        RECORDS_WARMING,          /**< too few samples to decide */
        RECORDS_STABLE,           /**< no new records, and none expected */
        RECORDS_DISCOVERING,      /**< new records as predicted */
        RECORDS_NEW_PATH,         /**< more new records than predicted */
        RECORDS_UNBOUNDED_STACKS, /**< nearly every sample creates a new record */
        RECORDS_KINDS
};

/** A single answer made from the two, kept for clients of earlier versions. */
enum verdict_kind {
        VERDICT_WARMING, /**< one of the two is not decided yet */
        VERDICT_STABLE,
        VERDICT_DISCOVERING,
        VERDICT_NEW_PATH,
        VERDICT_UNBOUNDED_STACKS,
        VERDICT_FILLING,  /**< BYTES_FILLING */
        VERDICT_LEAK,     /**< BYTES_RISES */
        VERDICT_RSS_ONLY, /**< the whole process: no stage's bytes rise, but the resident size does */
        VERDICT_COUNT
};

struct verdict {
        enum bytes_kind bytes;
        enum records_kind growing; /**< why records grow */
        enum verdict_kind kind;
        uint32_t records;
        uint32_t stacks; /**< different stacks in them */
        uint32_t live;   /**< records with live objects */
        double seconds;  /**< period of the births: the last so many seconds */
        uint32_t births; /**< records created in that period */
        bool predicted;  /**< the seven below are known */
        double expected;
        double low;
        double high;
        double surprise; /**< probability of as many births or more */
        double unseen;   /**< lower bound of the records still to come */
        double coverage; /**< share of samples (not of records) that fall on records seen already */
        double
            exponent; /**< records grow as samples to this power at present; if it stays near 1, there is no end of new ones */
        struct rise rise;      /**< basis of the answer on bytes; of a stage only */
        enum rise_doubt doubt; /**< why it is not decided yet */
        uint64_t readings;     /**< number of readings so far */
        enum prof_store store; /**< the store that fills; STORE_COUNT = none */
        struct prof_store_state stored;
        struct suspect search; /**< for the place of a leak */
        unsigned
            rising; /**< the process: the stage that rises, or else the first that is not decided; STAGE_COUNT = none */
        bool resident;    /**< the process: the resident size rises, the stages do not */
        uint32_t born;    /**< id of the first record created in the period; 0 = none */
        uint32_t suspect; /**< id of the record that leaks, or else of the one above; 0 = none known */
        char sentence[1024];
};

/** As the profile's pages print it: "NEW-PATH". For the bytes: bytes_name. */
const char *records_name(enum records_kind kind);
const char *verdict_name(enum verdict_kind kind);
/** Put both answers of @p stage into words: v->sentence. */
void verdict_write(unsigned stage, struct verdict *v);

#endif
