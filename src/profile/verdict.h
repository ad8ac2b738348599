/** @file verdict.h  What the series say of each stage: why its records grow, and whether it leaks.
 *
 * Records are judged by what was caught before (stat.h): did as many new ones come as the catch let expect? Live bytes are
 * judged on the exact counters, never on samples: the floor of each stretch of time (the fewest sessions, then the least
 * bytes) against the number of statements. Threads: the one that ticks the series. */
#ifndef PROFILE_VERDICT_H
#define PROFILE_VERDICT_H

#include "profile/prof.h"

enum verdict_kind {
        VERDICT_WARMING,          /**< too few samples or too short a time to tell */
        VERDICT_STABLE,           /**< no new records, live bytes flat */
        VERDICT_DISCOVERING,      /**< new records as predicted, live bytes flat */
        VERDICT_NEW_PATH,         /**< more new records than predicted */
        VERDICT_UNBOUNDED_STACKS, /**< nearly each sample is a new record, for ever */
        VERDICT_FILLING,          /**< live bytes rise towards a bound: the table of records */
        VERDICT_LEAK,             /**< live bytes rise with the statements */
        VERDICT_RSS_ONLY,         /**< of the whole process: live bytes flat, the resident size rises */
        VERDICT_COUNT
};

struct verdict {
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
            exponent;  /**< records grow as samples to this power now; near 1 for ever: variety without end */
        bool measured; /**< the three below are known: bytes a statement */
        double slope;
        double slope_low;
        double slope_high;
        double p;       /**< so likely is such a rise by chance */
        int64_t growth; /**< of the floor, bytes, in the time that was measured */
        uint32_t
            suspect; /**< NEW-PATH: the first record that was born; LEAK: that which grew most; 0 = none known */
        char sentence[512];
};

/** As the profile's pages print it: "NEW-PATH". */
const char *verdict_name(enum verdict_kind kind);
/** Judge all stages; [STAGE_COUNT] is the whole process. @return false when memory is out: all are WARMING then. */
bool verdict_all(struct verdict out[STAGE_COUNT + 1]);
/** Live bytes that rise by less than this with each statement are said to be flat. */
#define VERDICT_BYTES_PER_STATEMENT 1.0

#endif
