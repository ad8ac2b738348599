/** @file mapping.h  The files that the program's code comes from, and where they are mapped: /proc/self/maps and build ids.
 * Only mappings that can be executed. Build ids are read from the notes that the loader has mapped.
 * Threads: one owner. Memory: the profiler's own. */
#ifndef PROFILE_EXPORT_MAPPING_H
#define PROFILE_EXPORT_MAPPING_H

#include "profile/export/buffer.h"

#define MAPPING_ID_SIZE 64

struct mapping {
        uintptr_t start;
        uintptr_t limit;                    /**< first address after it */
        uint64_t offset;                    /**< of start in the file */
        const char *path;                   /**< or a name such as [vdso]; "" = none */
        char build_id[MAPPING_ID_SIZE + 1]; /**< hex; "" = not known */
};

struct mappings {
        struct buffer text; /**< of the file, cut into lines */
        struct buffer rows;
        size_t n;
};

/** Read them. @return false if memory is out or there is no /proc. Call mappings_fini in either case. */
bool mappings_read(struct mappings *m);
void mappings_fini(struct mappings *m);
/** Number @p i, less than n. */
const struct mapping *mappings_at(const struct mappings *m, size_t i);
/** The number of the mapping that contains @p pc, or n. */
size_t mappings_find(const struct mappings *m, uintptr_t pc);

#endif
