/** @file process.h  The process' memory as the system and the C library report it; all in bytes, 0 = not known.
 * Threads: any. Memory: allocates nothing. */
#ifndef PROFILE_EXPORT_PROCESS_H
#define PROFILE_EXPORT_PROCESS_H

#include <stdint.h>

struct process_memory {
        uint64_t malloc_held;   /**< taken from the system by the C library: arenas and mapped blocks */
        uint64_t malloc_in_use; /**< part of it that is allocated */
        uint64_t malloc_idle;   /**< part of it that is free */
        uint64_t rss;
        uint64_t rss_anon;
        uint64_t rss_file;
        uint64_t rss_shmem;
        uint64_t threads;
};

struct process_memory process_memory_read(void);

/** Memory that malloc gave to others than the profiler's functions. The readings are not simultaneous, so it may be negative. */
int64_t process_unattributed(const struct process_memory *memory);

/** Parts of that which are nobody's data. */
struct process_unattributed_parts {
        uint64_t
            heads; /**< overhead of malloc for the profiler's blocks, header and rounding: about 16 bytes each */
        uint64_t
            caches; /**< greatest size of the freed blocks that malloc caches for each thread and counts as allocated */
};
struct process_unattributed_parts process_unattributed_parts(const struct process_memory *memory);

#endif
