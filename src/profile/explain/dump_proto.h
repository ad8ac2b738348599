/** @file dump_proto.h  Reading a heap profile that is a protobuf: what `go tool pprof` and curl without debug=1 save.
 * Source: google/pprof's profile.proto. Memory: tables, freed before it returns. Threads: any. */
#ifndef PROFILE_EXPLAIN_DUMP_PROTO_H
#define PROFILE_EXPLAIN_DUMP_PROTO_H

#include "base/status.h"
#include "profile/explain/dump.h"

/** Read one profile. @return STATUS_OK; STATUS_PROTOCOL if @p bytes are no profile (then nothing was called); STATUS_NOTFOUND
 *  if it is no heap profile, STATUS_LIMIT if its tables are too large (both counted); STATUS_NOMEM. */
enum status dump_proto_read(struct span bytes, const struct dump_sink *sink, struct dump_troubles *troubles);

#endif
