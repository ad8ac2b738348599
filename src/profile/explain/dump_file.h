/** @file dump_file.h  Reading files with saved heap profiles of any program.
 *
 * A file holds one dump or many, one after the other, with any other text between, as a soak's log leaves them:
 *  - text (dump_text.h);
 *  - profile.proto, gzipped or not (dump_proto.h). Gzipped ones may stand one after the other and between texts; one that
 *    is not gzipped is a file of its own.
 * Errors: what can't be read is counted and left out; nothing is believed without a check. Memory: what a gzipped dump
 * takes, and tables of a protobuf; bounded by DUMP_INFLATED_MAX. Threads: any. */
#ifndef PROFILE_EXPLAIN_DUMP_FILE_H
#define PROFILE_EXPLAIN_DUMP_FILE_H

#include "profile/explain/dump.h"

#define DUMP_INFLATED_MAX (128UL << 20) /**< bytes of a gzipped dump */
#define DUMP_WORK_MIN     (256UL << 20) /**< bytes of all gzipped dumps in a file together, plus */
#define DUMP_WORK_RATIO   64            /**< so many for each byte of the file */

/** Read @p file whole. Adds to @p troubles. */
void dump_file_read(struct span file, const struct dump_sink *sink, struct dump_troubles *troubles);

#endif
