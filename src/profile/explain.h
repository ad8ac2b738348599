/** @file explain.h  Why records grow, from saved heap profiles: one dump is one round of a soak.
 *
 *      struct explain e;
 *      explain_init(&e);
 *      explain_add(&e, text);        as often as there are files; the text stays with the caller and must live as long
 *      explain_finish(&e);           the trend, the verdict
 *      explain_print_text(&e, stdout);
 *      explain_fini(&e);
 *
 * A record is told by its stack and its size. Records of the first dump are what was there before: births are counted and
 * predicted (stat.h) from then on. Threads: one. */
#ifndef PROFILE_EXPLAIN_H
#define PROFILE_EXPLAIN_H

#include "base/status.h"
#include "profile/dump.h"
#include "profile/stat.h"

#include <stdio.h>

struct explain_round {
        uint64_t records; /**< so far, those whose memory is freed included */
        uint64_t births;  /**< of these, new in this round */
        uint64_t pending; /**< records of a Go program without figures yet: their first sample is too young */
        uint64_t live_records; /**< with live objects */
        uint64_t live_objects; /**< sampled, raw */
        uint64_t live_bytes;   /**< sampled, raw */
        uint64_t samples;      /**< objects sampled so far */
        uint64_t heap_alloc;   /**< "HeapAlloc" of the dump's tail, bytes; 0 = not told */
        uint64_t rss;          /**< "RSS", bytes; 0 = not told */
        uint64_t statements;   /**< "Statements"; 0 = not told */
        struct stat_births predicted;
};

/** A record, as it was when it was new. */
struct explain_birth {
        uint64_t key;
        uint32_t round;    /**< from 1 */
        uint32_t seen;     /**< number of the newest dump that has it, from 1 */
        uint64_t size;     /**< bytes of an object; 0 = of many sizes */
        uint64_t allocs;   /**< samples, as of that dump */
        uint64_t earlier;  /**< as of the one before */
        uint64_t stack;    /**< a hash */
        struct span stage; /**< these four as in struct dump_record */
        struct span function;
        struct span place;
        struct span statement;
};

/** Live bytes over the rounds. */
struct explain_trend {
        bool exact;         /**< of HeapAlloc; else of sampled bytes, raw */
        bool by_statements; /**< by statement; else by round */
        double bound;       /**< bytes; a slope surely below it is none, one surely above it a leak */
        struct stat_trend trend;
};

/** Those of sampled bytes and of HeapAlloc, by round and by statement. */
#define EXPLAIN_TRENDS 4

enum explain_verdict { EXPLAIN_TOO_SHORT, EXPLAIN_FLAT, EXPLAIN_RISING, EXPLAIN_UNSURE };

struct explain {
        struct explain_round *rounds;
        size_t n_rounds;
        struct explain_birth *births; /**< all records in the order in which they were first seen */
        size_t n_births;
        struct dump_troubles troubles; /**< dumps that are cut are no rounds */
        uint64_t
            restarts; /**< dumps of another process: records gone or counted back; all before is left out */
        uint64_t sample_bytes;    /**< of the newest dump */
        size_t stacks;            /**< different ones among the records */
        size_t places;            /**< different source lines; 0 = the dumps have none */
        size_t sizes;             /**< different ones */
        bool exact;               /**< the dumps tell HeapAlloc */
        struct stat_catch caught; /**< since the first dump, of records that it did not have */
        enum explain_verdict verdict;
        struct explain_trend trends[EXPLAIN_TRENDS]; /**< that are known; the last is the verdict's */
        size_t n_trends;
        size_t
            list_first; /**< rounds whose new records the text lists, from 1; 0 = only the newest. The caller's */
        size_t list_last;
        /* The rest is the reader's own. */
        size_t rounds_size;
        size_t births_size;
        size_t before;   /**< births before the dump under way */
        uint32_t dumps;  /**< numbers them */
        uint32_t *slots; /**< hash of key -> index in births + 1 */
        size_t n_slots;
        bool failed; /**< memory ran out */
};

void explain_init(struct explain *e);
/** Read all dumps in @p text; one that is cut is counted and left out. @return STATUS_NOMEM, or STATUS_OK; what can't be read is counted in troubles. */
enum status explain_add(struct explain *e, struct span text);
enum status explain_finish(struct explain *e);
void explain_fini(struct explain *e);

/** For a person: the rounds, the newest records, the places with most of them, and the verdict. */
void explain_print_text(const struct explain *e, FILE *out);
/** A row a round. */
void explain_print_csv(const struct explain *e, FILE *out);
void explain_print_json(const struct explain *e, FILE *out);
/** Records with the band of the prediction, and live bytes beneath. */
void explain_print_svg(const struct explain *e, FILE *out);

#endif
