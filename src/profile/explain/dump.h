/** @file dump.h  A saved heap profile, piece by piece, as the readers of each form (dump_text.h, dump_proto.h) pass it on.
 * Threads: any. */
#ifndef PROFILE_EXPLAIN_DUMP_H
#define PROFILE_EXPLAIN_DUMP_H

#include "base/span.h"

#define DUMP_STACK_MAX 128 /**< frames: Go's since 1.23 */
#define DUMP_PAUSES    256 /**< of "PauseEnd": a ring */

struct dump_frame {
        struct span function; /**< without its offset */
        struct span place;    /**< "file:line", or the file alone */
        uint64_t line;        /**< where place is the file alone; 0 = none */
};

/** One record of a dump. */
struct dump_record {
        uint64_t live; /**< objects */
        uint64_t live_bytes;
        uint64_t allocs; /**< objects ever sampled */
        uint64_t alloc_bytes;
        uint64_t size;                  /**< bytes of one object; 0 = of many sizes */
        uint64_t stack[DUMP_STACK_MAX]; /**< leaf first: addresses, or hashes of names where there are none */
        size_t depth;
        struct dump_frame frames[DUMP_STACK_MAX]; /**< those that have a name, leaf first; inlined ones too */
        size_t n_frames;
        struct span stage;  /**< in dumps of this proxy, as lib and site; empty in others */
        struct span lib;    /**< the library that allocated */
        struct span sample; /**< the rate of sampling: part of the identity of the record */
        struct span site;   /**< "file:line" that the library gave: part of the identity of the record */
        struct span
            birth; /**< the statement that was executed when the record was created; empty = not known */
};

/** The header of a dump. */
struct dump_header {
        uint64_t live; /**< these four are sums; 0 where the form has none */
        uint64_t live_bytes;
        uint64_t allocs;
        uint64_t alloc_bytes;
        uint64_t sample_bytes; /**< the mean distance of samples; 1 = every allocation */
        uint64_t time_ns;      /**< since 1970; 0 = not known */
        bool scaled;           /**< figures are scaled up to all allocations; else they count samples */
        bool living;           /**< only live memory is listed: a record disappears with its memory */
};

/** A line after the records, such as "# HeapAlloc = 1234", or a figure from a page before the dump. */
struct dump_figure {
        struct span name;
        uint64_t value;
        const uint64_t *list; /**< of "PauseEnd": DUMP_PAUSES numbers; NULL of others */
};

struct dump_sink {
        void *arg;
        void (*on_dump)(void *arg, const struct dump_header *header);
        void (*on_record)(void *arg, const struct dump_record *record); /**< spans live during the call */
        void (*on_figure)(void *arg, const struct dump_figure *figure);
        /** The dump ends. @p whole: its records add up to the sums in its header, and all were readable. */
        void (*on_end)(void *arg, bool whole);
};

/** Profiles of another kind. */
enum dump_other {
        DUMP_GOROUTINE,
        DUMP_BLOCK, /**< or mutex */
        DUMP_THREADS,
        DUMP_CPU,
        DUMP_TRACE,
        DUMP_GROWTH,
        DUMP_PROTO, /**< a protobuf profile of something else */
        DUMP_OTHERS
};
/** "goroutine profile" … */
const char *dump_other_name(enum dump_other kind);

/** What could not be read. */
struct dump_troubles {
        uint64_t cut; /**< incomplete dumps */
        uint64_t
            records; /**< lines that begin like a record but are not one, or whose figures contradict each other */
        uint64_t deep;   /**< stacks deeper than DUMP_STACK_MAX: their outer frames are left out */
        uint64_t broken; /**< gzip or protobuf that is damaged */
        uint64_t
            large; /**< gzip parts larger than DUMP_INFLATED_MAX, or too large together for the size of the file */
        uint64_t others[DUMP_OTHERS]; /**< profiles other than heap profiles */
        bool nomem;
};

#endif
