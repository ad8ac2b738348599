/** @file explain_types.h  What is found out about one process from its dumps: figures of each round, and the two answers.
 * Made by births.h and judge.h, printed by print.h. Memory: explain.h owns it. Threads: one. */
#ifndef PROFILE_EXPLAIN_EXPLAIN_TYPES_H
#define PROFILE_EXPLAIN_EXPLAIN_TYPES_H

#include "profile/explain/dump_set.h"
#include "profile/stats/stat.h"
#include "profile/stats/steady.h"

/** What is called a leak is RISES. */
enum explain_bytes {
        BYTES_CANT_TELL,
        BYTES_FLAT,
        BYTES_LEVELS_OFF,
        BYTES_FILLING, /**< towards a bound that the dumps tell */
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

/** Why it can't be told yet; what would tell follows from that. */
enum explain_doubt {
        DOUBT_NONE,
        DOUBT_FEW,        /**< rounds */
        DOUBT_NO_GC,      /**< no collection ran between the rounds: what is garbage is not known */
        DOUBT_GARBAGE,    /**< HeapAlloc counts it, and samples are too few */
        DOUBT_SHORT_RISE, /**< it rises, but what fills does so too, as long as this */
        DOUBT_SAMPLES,    /**< nothing was caught, but a leak need not have been */
        DOUBT_UNSTEADY,   /**< it moves more than a leak would have to */
};

/** Which figure an answer comes from. */
enum explain_of { OF_NOTHING, OF_HEAP, OF_STACK, OF_LIVE, OF_SITES, OF_ALL_SITES, OF_COUNT };

struct explain_round {
        uint64_t records; /**< so far, those whose memory is freed included */
        uint64_t births;  /**< of these, new in this round */
        uint64_t pending; /**< records of a Go program without figures yet: their first sample is too young */
        uint64_t live_records; /**< with live objects */
        uint64_t live_objects; /**< as the dump has them: sampled, but scaled in a protobuf */
        uint64_t live_bytes;
        uint64_t samples;      /**< objects sampled so far */
        double in_use_objects; /**< these four: what the samples stand for, as `go tool pprof` reckons */
        double in_use_bytes;
        double alloc_objects;
        double alloc_bytes;
        uint64_t stats[STAT_COUNT]; /**< bytes and counts; 0 = not told */
        struct stat_births predicted;
};

/** A record, as it was when it was new. */
struct explain_birth {
        uint32_t site;   /**< in the set */
        uint32_t round;  /**< from 1 */
        uint64_t allocs; /**< samples, as of the newest dump */
        uint32_t rounds; /**< in which it was caught */
};

/** Live bytes over the rounds. */
struct explain_trend {
        bool exact;         /**< of HeapAlloc; else of sampled bytes, raw */
        bool by_statements; /**< by statement; else by round */
        double bound;       /**< bytes; a slope surely below it is none */
        struct stat_trend trend;
};

/** Those of sampled bytes and of HeapAlloc, by round and by statement. */
#define EXPLAIN_TRENDS 4

/** An allocation site whose memory grows. */
struct explain_site {
        uint32_t site;       /**< in the set: one of its records */
        uint32_t first_seen; /**< round, from 1 */
        uint32_t events;     /**< rounds in which it grew for good, of those that are judged */
        uint64_t objects;    /**< sampled, by which it grew for good */
        double grown;        /**< bytes, scaled */
        double slope;        /**< bytes a round */
        double low;          /**< 95 % */
        double high;
        bool never_freed; /**< its memory never became less */
        bool sure;        /**< it rises by itself; else it is what grew most while all did */
};

#define EXPLAIN_SITES 5

/** The answer about bytes. */
struct explain_answer {
        enum explain_bytes verdict;
        enum explain_doubt doubt;
        enum explain_of of;
        size_t window; /**< rounds that it is about, to the newest */
        double slope;  /**< bytes a round */
        double low;    /**< 95 % */
        double high;
        double bound;    /**< more than that a round is a leak */
        bool collected;  /**< each round behind a collection (gc=1), or the program has no garbage */
        bool go;         /**< a program that collects */
        double expected; /**< rounds until a site of this slope is sampled; 0 = not asked */
        struct explain_site sites[EXPLAIN_SITES]; /**< that grow, the worst first */
        size_t n_sites;
};

/** What the dumps of one process say. */
struct explain_run {
        struct explain_round *rounds;
        size_t n_rounds;
        struct explain_birth *births; /**< all records in the order in which they were first seen */
        size_t n_births;
        uint64_t sample_bytes;    /**< of the newest dump */
        bool living;              /**< records go with their memory: births tell nothing */
        size_t stacks;            /**< different ones among the records */
        size_t places;            /**< different source lines; 0 = the dumps have none */
        size_t sizes;             /**< different ones */
        bool exact;               /**< the dumps tell HeapAlloc */
        bool clumped;             /**< births are predicted by rounds, not by samples (births.c) */
        struct stat_catch caught; /**< since the first dump, of records that it did not have */
        struct explain_trend trends[EXPLAIN_TRENDS]; /**< that are known */
        size_t n_trends;
        struct explain_answer bytes;
        enum explain_records records;
        size_t held;      /**< rounds in which the prediction held */
        size_t known;     /**< of so many */
        uint32_t suspect; /**< the first birth above what was expected: index; UINT32_MAX = none */
};

#endif
