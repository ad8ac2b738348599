/** @file dump_set.h  All dumps that were read, side by side in memory, as figures of records that they share.
 *
 *      sites:  the identities of the records, each once: stack, size, names
 *      dumps:  header, MemStats, and a range of figures, ascending by site
 *
 * Does not know in which order dumps were taken, or that they are of several processes: runs.h finds that out.
 * Memory: its own; texts are copied, so files may be freed. Threads: one. */
#ifndef PROFILE_EXPLAIN_DUMP_SET_H
#define PROFILE_EXPLAIN_DUMP_SET_H

#include "base/status.h"
#include "profile/explain/dump.h"

#include <stddef.h>

/** The identity of a record: its stack and its size; in dumps of this proxy also stage, library and rate of sampling. */
struct dump_set_site {
        uint64_t key;
        uint64_t stack; /**< a hash */
        uint64_t names; /**< a hash of the function and the place; of the addresses where there are none */
        uint64_t size;  /**< bytes of an object; 0 = of many sizes */
        struct span stage;
        struct span function; /**< of the innermost frame that has a name; empty = none */
        struct span place;    /**< its "file:line", or the place that the library gave */
        struct span caller; /**< the innermost function of the program itself, if function is in a library */
        struct span caller_place;
        struct span chain; /**< "leaf < its caller < …", down to the program itself */
        struct span statement;
};

/** Figures of one record in one dump, as the dump has them. */
struct dump_set_figure {
        uint32_t site;
        uint64_t live;
        uint64_t live_bytes;
        uint64_t allocs;
        uint64_t alloc_bytes;
};

/** Figures at the end of a dump. 0 = not known. */
enum dump_set_stat {
        STAT_HEAP_ALLOC,
        STAT_HEAP_INUSE,
        STAT_STACK,
        STAT_NUM_GC,
        STAT_FORCED_GC,
        STAT_NEXT_GC,
        STAT_LAST_GC,
        STAT_TOTAL_ALLOC,
        STAT_MALLOCS,
        STAT_FREES,
        STAT_RSS,
        STAT_STATEMENTS,
        STAT_GOROUTINES,
        STAT_COUNT
};

struct dump_set_dump {
        struct dump_header header;
        size_t first; /**< index of its first figure */
        size_t n;
        uint64_t stats[STAT_COUNT];
        uint64_t *pauses; /**< when the last DUMP_PAUSES collections ended; NULL = not known */
        uint64_t allocs;  /**< sums of the figures */
        uint64_t pending; /**< records without figures yet: Go shows only what a collection has confirmed */
        uint64_t content; /**< a hash of all of it */
        uint32_t file;    /**< number of the file that it came from */
        uint32_t run;     /**< index of its run (runs.h) */
        bool has_gc;      /**< it has NumGC, so it is of a Go program */
        bool twice;       /**< the set has the same dump already */
};

struct dump_set_chunk;

struct dump_set {
        struct dump_set_site *sites;
        size_t n_sites;
        struct dump_set_figure *figures;
        size_t n_figures;
        struct dump_set_dump *dumps;
        size_t n_dumps;
        struct dump_troubles troubles;
        uint32_t files;
        bool failed; /**< memory ran out */
        /* The rest is private. */
        size_t sites_size;
        size_t figures_size;
        size_t dumps_size;
        uint32_t *slots; /**< hash of key -> index in sites + 1 */
        size_t n_slots;
        struct dump_set_chunk *chunks; /**< of texts */
        size_t sites_before;           /**< number of sites when the dump under way began */
};

void dump_set_init(struct dump_set *s);
void dump_set_fini(struct dump_set *s);
/** Add all dumps of @p file to the set; incomplete ones are counted and left out. @return STATUS_NOMEM or STATUS_OK. */
enum status dump_set_add(struct dump_set *s, struct span file);
/** The number of samples that @p count objects of @p bytes stand for: the count itself, or, in a scaled dump, its origin. */
uint64_t dump_set_samples(const struct dump_set_dump *d, uint64_t count, uint64_t bytes);
/** Scale samples up to all objects and bytes, as `go tool pprof` does. */
void dump_set_scaled(const struct dump_set_dump *d, uint64_t count, uint64_t bytes, double *objects,
                     double *all);
/** A hash of @p value and what came before. */
uint64_t dump_set_mix(uint64_t h, uint64_t value);

#endif
