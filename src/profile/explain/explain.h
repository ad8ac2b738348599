/** @file explain.h  Is it a leak, and why do records grow? From saved heap profiles: a dump is a round of a soak.
 *
 *      struct explain e;
 *      explain_init(&e);
 *      explain_add(&e, text);        as often as there are files, in any order
 *      explain_finish(&e);           sorts the dumps to processes and judges each
 *      explain_print_text(&e, stdout);
 *      explain_fini(&e);
 *
 * Two answers for each process, which never contradict each other: what its bytes do, and what its records do. Records of the
 * first dump are what was there before: births are counted and predicted (stat.h) from then on. Threads: one. */
#ifndef PROFILE_EXPLAIN_EXPLAIN_H
#define PROFILE_EXPLAIN_EXPLAIN_H

#include "base/status.h"
#include "profile/explain/runs.h"
#include "profile/explain/shelf.h"
#include "profile/stats/stat.h"
#include "profile/stats/steady.h"

#include <stdio.h>

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
        uint32_t site;   /**< of the shelf */
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
        uint32_t site;       /**< of the shelf: one of its records */
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

struct explain {
        struct shelf shelf;
        struct runs runs;
        struct explain_run *run; /**< as many as runs.n, the newest process last */
        size_t n_run;
        bool failed;       /**< memory ran out */
        bool verbose;      /**< the text has all tables, not a screenful. These three are the caller's */
        size_t list_first; /**< rounds whose new records the text lists, from 1; 0 = only the newest */
        size_t list_last;
        bool watching; /**< the advice is for one who takes the profiles right now */
};

void explain_init(struct explain *e);
/** Read all dumps in @p file; what can't be read is counted. The text need not live on. @return STATUS_NOMEM, or STATUS_OK. */
enum status explain_add(struct explain *e, struct span file);
/** Judge all that was added. More can be added, and judged again. */
enum status explain_finish(struct explain *e);
void explain_fini(struct explain *e);
/** Does one of the processes leak? */
bool explain_rises(const struct explain *e);

/** For a person: the two answers of each process on a screenful, or all tables. */
void explain_print_text(const struct explain *e, FILE *out);
/** A row a round, of the newest process. */
void explain_print_csv(const struct explain *e, FILE *out);
void explain_print_json(const struct explain *e, FILE *out);
/** Records with the band of the prediction, and bytes beneath, of the newest process. */
void explain_print_svg(const struct explain *e, FILE *out);

/* The parts. */
/** Births and their prediction, round by round. */
bool explain_births(struct explain_run *run, const struct explain *e, const struct run *dumps);
/** What bytes do. */
bool explain_judge(struct explain_run *run, const struct explain *e, const struct run *dumps);
/** Trends of live bytes, as they were always told. */
bool explain_trends(struct explain_run *run);

#endif
