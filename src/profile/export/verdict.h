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
        RECORDS_WARMING,          /**< too few samples to tell */
        RECORDS_STABLE,           /**< no new ones, and none expected */
        RECORDS_DISCOVERING,      /**< new ones as predicted */
        RECORDS_NEW_PATH,         /**< more new ones than predicted */
        RECORDS_UNBOUNDED_STACKS, /**< nearly each sample is a new one, for ever */
        RECORDS_KINDS
};

/** The single answer of before, which is made from the two. */
enum verdict_kind {
        VERDICT_WARMING, /**< one of the two can't be told yet */
        VERDICT_STABLE,
        VERDICT_DISCOVERING,
        VERDICT_NEW_PATH,
        VERDICT_UNBOUNDED_STACKS,
        VERDICT_FILLING,  /**< BYTES_FILLING */
        VERDICT_LEAK,     /**< BYTES_RISES */
        VERDICT_RSS_ONLY, /**< of the whole process: no stage's bytes rise, the resident size does */
        VERDICT_COUNT
};

struct verdict {
        enum bytes_kind bytes;
        enum records_kind growing; /**< of the records */
        enum verdict_kind kind;
        uint32_t records;
        uint32_t stacks; /**< different ones among them */
        uint32_t live;   /**< records with live objects */
        double seconds;  /**< what "since" means for the births: the last so many seconds */
        uint32_t births; /**< records born in that time */
        bool predicted;  /**< the seven below are known */
        double expected;
        double low;
        double high;
        double surprise; /**< so likely are as many births or more */
        double unseen;   /**< records that the catch says are yet to come, at least */
        double coverage; /**< the share of samples that are of records seen already; not of records */
        double
            exponent; /**< records grow as samples to this power now; near 1 for ever: variety without end */
        struct rise rise;      /**< what the answer on bytes was made from; of a stage */
        enum rise_doubt doubt; /**< why it can't be told yet */
        uint64_t readings;     /**< so far */
        enum prof_store store; /**< that fills; STORE_COUNT = none */
        struct prof_store_state stored;
        struct suspect search; /**< for the place of a leak */
        unsigned
            rising; /**< of the process: the stage that rises, or else the first that can't be told; STAGE_COUNT = none */
        bool resident;    /**< of the process: the resident size rises, the stages do not */
        uint32_t born;    /**< the first record that was born in the last seconds; 0 = none */
        uint32_t suspect; /**< the record of the leak, else the one above; 0 = none known */
        char sentence[1024];
};

/** As the profile's pages print it: "NEW-PATH". bytes_name has the other. */
const char *records_name(enum records_kind kind);
const char *verdict_name(enum verdict_kind kind);
/** Put both answers of @p stage into words: v->sentence. */
void verdict_write(unsigned stage, struct verdict *v);

#endif
