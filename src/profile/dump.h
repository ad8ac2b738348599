/** @file dump.h  Reading saved heap profiles: the debug=1 text of net/http/pprof, this proxy's or any Go program's.
 *
 * A file holds one dump or many, one after the other, with any other lines between, as a soak's log leaves them.
 * Source: Go's runtime/pprof (writeHeapProto's text form) and this proxy's export_heap.c. Pure: a span in, calls out.
 * Threads: any. */
#ifndef PROFILE_DUMP_H
#define PROFILE_DUMP_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUMP_STACK_MAX 64

/** One record of a dump: raw figures, not scaled by the rate of sampling. */
struct dump_record {
        uint64_t live; /**< objects */
        uint64_t live_bytes;
        uint64_t allocs; /**< objects ever sampled */
        uint64_t alloc_bytes;
        uint64_t stack[DUMP_STACK_MAX]; /**< leaf first */
        size_t depth;
        bool overflow;        /**< of this proxy's: stands for records of many sizes that found no room */
        struct span stage;    /**< of this proxy's dumps, as lib and site; empty in others */
        struct span lib;      /**< the library that asked */
        struct span sample;   /**< the rate at which it was caught: part of what tells the record */
        struct span site;     /**< "file:line" that the library named: part of what tells the record */
        struct span function; /**< of the innermost frame that has a name; empty = none */
        struct span place;    /**< its "file:line", or the site */
        struct span birth;    /**< the statement that was on the wire; empty = not told */
};

/** What one dump says of itself. */
struct dump_header {
        uint64_t live;
        uint64_t live_bytes;
        uint64_t allocs;
        uint64_t alloc_bytes;
        uint64_t sample_bytes; /**< the mean distance of samples: half of what the header says */
};

/** Lines behind the records: "# HeapAlloc = 1234". */
struct dump_figure {
        struct span name;
        uint64_t value;
};

struct dump_sink {
        void *arg;
        void (*on_dump)(void *arg, const struct dump_header *header);
        void (*on_record)(void *arg, const struct dump_record *record); /**< spans live during the call */
        void (*on_figure)(void *arg, const struct dump_figure *figure);
        /** Behind all of a dump. @p whole: its records add up to what its header says, none was unreadable. */
        void (*on_end)(void *arg, bool whole);
};

/** What could not be read. */
struct dump_troubles {
        uint64_t cut; /**< dumps that are not whole */
        uint64_t
            records; /**< lines that begin like a record and are none, or whose figures contradict each other */
        uint64_t deep; /**< stacks deeper than DUMP_STACK_MAX: their outer frames are left out */
};

/** Read @p text whole. */
struct dump_troubles dump_read(struct span text, const struct dump_sink *sink);

#endif
