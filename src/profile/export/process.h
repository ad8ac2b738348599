/** @file process.h  What the system and the C library say about the process' memory; all in bytes, 0 = not told.
 * Threads: any. Memory: allocates nothing. */
#ifndef PROFILE_EXPORT_PROCESS_H
#define PROFILE_EXPORT_PROCESS_H

#include <stdint.h>

struct process_memory {
        uint64_t malloc_held;   /**< by the C library from the system: arenas and mapped blocks */
        uint64_t malloc_in_use; /**< of these, given out */
        uint64_t malloc_idle;   /**< of these, free */
        uint64_t rss;
        uint64_t rss_anon;
        uint64_t rss_file;
        uint64_t rss_shmem;
        uint64_t threads;
};

struct process_memory process_memory_read(void);

/** What malloc has given out to others than the profiler's functions; negative only by what happened between the readings. */
int64_t process_unattributed(const struct process_memory *memory);

/** What is within that and no one's data. */
struct process_unattributed_parts {
        uint64_t
            heads; /**< bytes that malloc adds to the profiler's blocks, about: 16 each, its head and rounding */
        uint64_t
            caches; /**< freed blocks that malloc keeps for each thread and counts as given out, at most */
};
struct process_unattributed_parts process_unattributed_parts(const struct process_memory *memory);

#endif
