/** @file table.h  The writer's side of the allocation records (record.h is the reader's).
 *
 *      slots: hash of (stage, lib, size class, rate, stack) -> id        open addressing, filled by CAS
 *      by_id: id -> entry                                               in the order of birth
 *
 * An entry's key and birth are written before it is published and never change; its counters are atomic.
 * Threads: any. Memory: mmap, in pieces as it fills; never given back. */
#ifndef PROFILE_HEAP_TABLE_H
#define PROFILE_HEAP_TABLE_H

#include "profile/heap/record.h"
#include "profile/heap/seam.h"
#include "profile/heap/thread.h"

/** Upper bound of the size class of @p size: 8, multiples of 16 to 128, from there on four classes a doubling. */
uint64_t table_size_class(uint64_t size);

/** An allocation of @p size was sampled. @return the record's id for the block's prefix, 0 if there is no memory for
 *  records at all. */
uint16_t table_sample(struct prof_thread *t, enum prof_stage stage, enum prof_lib lib, uint64_t size,
                      const struct seam_site *site);
/** A block of @p size that @p id counts was freed. */
void table_free(uint16_t id, uint64_t size);
/** The same site in another stage, caught at the same rate. @return its id. */
uint16_t table_move(uint16_t id, enum prof_stage stage, uint64_t size);
/** Whether an allocation would count for record @p id. */
bool table_matches(struct prof_thread *t, uint32_t id, enum prof_stage stage, enum prof_lib lib,
                   uint64_t size, const struct seam_site *site);
/** The time that samples are stamped with, from now on. */
void table_set_time(uint64_t wall_ns);

#endif
