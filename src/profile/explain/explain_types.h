/** @file explain_types.h  The result for one process: figures of each round, and the two answers.
 * Made by births.h and judge.h, printed by print.h. Memory: explain.h owns it. Threads: one. */
#ifndef PROFILE_EXPLAIN_EXPLAIN_TYPES_H
#define PROFILE_EXPLAIN_EXPLAIN_TYPES_H

#include "profile/explain/dump_set.h"
#include "profile/stats/stat.h"
#include "profile/stats/steady.h"

/** What the bytes do. BYTES_RISES is a leak. */
enum explain_bytes {
        BYTES_CANT_TELL,
        BYTES_FLAT,
        BYTES_LEVELS_OFF,
        BYTES_FILLING, /**< towards a bound that is in the dumps */
        BYTES_RISES,
        BYTES_VERDICTS
};
enum explain_records {
        RECORDS_WARMING,
        RECORDS_STABLE,
        RECORDS_DISCOVERING,
        RECORDS_NEW_PATH,
        RECORDS_UNBOUNDED_STACKS,
        RECORDS_VERDICTS
};
/** As people read them: "LEVELS OFF", "UNBOUNDED-STACKS". */
const char *explain_bytes_name(enum explain_bytes verdict);
const char *explain_records_name(enum explain_records verdict);

/** Why there is no answer yet. The advice follows from that. */
enum explain_doubt {
        DOUBT_NONE,
        DOUBT_FEW,        /**< too few rounds */
        DOUBT_NO_GC,      /**< no collection ran between the rounds, so it is not known what is garbage */
        DOUBT_GARBAGE,    /**< HeapAlloc includes garbage, and there are too few samples */
        DOUBT_SHORT_RISE, /**< it rises, but so does what fills, for as long as this */
        DOUBT_SAMPLES,    /**< nothing was sampled, but a leak might not have been sampled */
        DOUBT_UNSTEADY,   /**< it fluctuates more than a leak would add */
};

/** Which figure an answer comes from. */
enum explain_of { OF_NOTHING, OF_HEAP, OF_STACK, OF_LIVE, OF_SITES, OF_ALL_SITES, OF_COUNT };

struct explain_round {
        uint64_t records; /**< records so far, including those whose memory is freed */
        uint64_t births;  /**< those that are new in this round */
        uint64_t
            pending; /**< records of a Go program that have no figures yet, because no collection has ended since their first sample */
        uint64_t live_records; /**< with live objects */
        uint64_t live_objects; /**< as the dump has them: sampled, but scaled in a protobuf */
        uint64_t live_bytes;
        uint64_t samples;      /**< objects sampled so far */
        double in_use_objects; /**< these four are scaled up to all allocations, as `go tool pprof` does */
        double in_use_bytes;
        double alloc_objects;
        double alloc_bytes;
        uint64_t stats[STAT_COUNT]; /**< bytes and counts; 0 = not known */
        struct stat_births predicted;
};

/** A record, and when it was new. */
struct explain_birth {
        uint32_t site;   /**< in the set */
        uint32_t round;  /**< from 1 */
        uint64_t allocs; /**< samples, as of the newest dump */
        uint32_t rounds; /**< rounds in which it was sampled */
};

/** Live bytes over the rounds. */
struct explain_trend {
        bool exact;         /**< trend of HeapAlloc; else of sampled bytes, not scaled */
        bool by_statements; /**< per statement; else per round */
        double bound;       /**< bytes; a slope surely below it does not count as a rise */
        struct stat_trend trend;
};

/** The trends of sampled bytes and of HeapAlloc, per round and per statement. */
#define EXPLAIN_TRENDS 4

/** An allocation site whose memory grows. */
struct explain_site {
        uint32_t site;       /**< in the set: one of its records */
        uint32_t first_seen; /**< round, from 1 */
        uint32_t events;     /**< judged rounds in which it grew for good */
        uint64_t objects;    /**< sampled objects by which it grew for good */
        double grown;        /**< bytes, scaled */
        double slope;        /**< bytes a round */
        double low;          /**< 95 % */
        double high;
        bool never_freed; /**< its memory never decreased */
        bool sure;        /**< it rises by itself; else it grew most while all sites together grew */
};

#define EXPLAIN_SITES 5

/** The answer about bytes. */
struct explain_answer {
        enum explain_bytes verdict;
        enum explain_doubt doubt;
        enum explain_of of;
        size_t window; /**< number of rounds that the answer is about, up to the newest */
        double slope;  /**< bytes a round */
        double low;    /**< 95 % */
        double high;
        double bound;    /**< more than that per round is a leak */
        bool collected;  /**< each dump was taken after a collection (gc=1), or the program has no garbage */
        bool go;         /**< a Go program, which collects garbage */
        double expected; /**< rounds until a site of this slope is sampled; 0 = not computed */
        struct explain_site sites[EXPLAIN_SITES]; /**< sites that grow, the worst first */
        size_t n_sites;
};

/** The result for one process. */
struct explain_run {
        struct explain_round *rounds;
        size_t n_rounds;
        struct explain_birth *births; /**< all records in the order in which they were first seen */
        size_t n_births;
        uint64_t sample_bytes;    /**< rate of the newest dump */
        bool living;              /**< records disappear with their memory, so births mean nothing */
        size_t stacks;            /**< different ones among the records */
        size_t places;            /**< different source lines; 0 = the dumps have none */
        size_t sizes;             /**< different ones */
        bool exact;               /**< most dumps have HeapAlloc */
        bool clumped;             /**< births are predicted by rounds, not by samples (births.c) */
        struct stat_catch caught; /**< samples since the first dump, of records that were not in it */
        struct explain_trend trends[EXPLAIN_TRENDS]; /**< those that could be computed */
        size_t n_trends;
        struct explain_answer bytes;
        enum explain_records records;
        size_t held;      /**< rounds in which the prediction was right */
        size_t known;     /**< rounds with a prediction */
        uint32_t suspect; /**< index of the first birth beyond the prediction; UINT32_MAX = none */
};

#endif
