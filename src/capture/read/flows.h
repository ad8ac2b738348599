/** @file flows.h  TCP connections out of captured segments: each direction's bytes in order, and both directions in the order of their
 * acknowledgements.
 *
 *      segment -> flow (by addresses and ports) -> held until its turn -> on_data, on_gap
 *
 * A segment is passed on when all bytes before it have been passed on, and all bytes of the other side that it acknowledges: so a reply
 * never comes before its request, in whatever order they were captured. Bytes are missing for good when the peer has acknowledged them
 * and they are in none of the next segments, or when waiting for them would take too much time or memory; on_gap reports them.
 * Bytes that were captured twice are passed on once; if copies differ, those captured first count.
 * Bounded: the flows (the one without segments for longest is discarded) and the bytes that wait. Work is linear in the segments,
 * except that a segment is put in order among those of its direction that wait.
 * Knows: TCP.   Does not know: the protocol in it, files, clocks (times are the packets').
 * Threads: one owner.   Memory: STAGE_CAPTURE. */
#ifndef CAPTURE_READ_FLOWS_H
#define CAPTURE_READ_FLOWS_H

#include "base/status.h"
#include "capture/read/flow.h"

struct flows;

/** @p sink is copied. @return STATUS_NOMEM. */
enum status flows_new(const struct flow_limits *limits, const struct flow_sink *sink, struct flows **out);
/** Without on_end: flows_finish comes first. NULL is allowed. */
void flows_free(struct flows *t);
/** The next segment of the capture. */
void flows_add(struct flows *t, const struct segment *s, uint64_t time_ns);
/** No more segments will come: pass on all that waits, and end all flows. */
void flows_finish(struct flows *t);
/** For live traffic in which nothing happens: pass on what has waited too long at @p time_ns. */
void flows_settle(struct flows *t, uint64_t time_ns);
struct flow_counts flows_counts(const struct flows *t);
/** Bytes that wait now. */
size_t flows_held(const struct flows *t);

#endif
