/** @file dump_text.h  Reading heap profiles that are text.
 *  - the debug=1 text of net/http/pprof (Go, and this proxy), and tcmalloc's, whose form it is;
 *  - jemalloc's heap_v2.
 * Sources: Go's runtime/pprof, jemalloc's prof_data.c, gperftools' heap-profile-table.cc. Memory: none. Threads: any. */
#ifndef PROFILE_EXPLAIN_DUMP_TEXT_H
#define PROFILE_EXPLAIN_DUMP_TEXT_H

#include "profile/explain/dump.h"

/** Read text that has no gzipped parts in it. @return how many dumps. */
uint64_t dump_text_read(struct span text, const struct dump_sink *sink, struct dump_troubles *troubles);

#endif
