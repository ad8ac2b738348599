/** @file loop.h  An event loop and what belongs to it: its clock and its look-ups of names.
 *
 * The clocks are read once for each wake-up: whoever is called by the loop calls loop_tick first.
 * Threads: made and freed while its thread does not run; the rest is that thread's.
 * Memory: STAGE_WORKER, for all that libevent keeps. */
#ifndef PROXY_NET_LOOP_H
#define PROXY_NET_LOOP_H

#include "base/status.h"
#include "base/ticker.h"

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;
struct evdns_base;
struct timeval;

struct loop {
        struct event_base *base;
        struct evdns_base *dns; /**< NULL until loop_dns is called */
        struct ticker ticker;
        uint64_t tick_cycles;    /**< clock_cycles when now_ns was read */
        uint64_t now_ns;         /**< monotonic time of this wake-up */
        uint64_t wall_offset_ns; /**< wall time minus monotonic time, refreshed once a second */
        uint64_t wall_read_ns;   /**< when it was */
};

/** @return STATUS_NOMEM; then there is nothing to free. */
enum status loop_init(struct loop *loop);
/** After everything that uses it. Harmless on one that is zeroed. */
void loop_fini(struct loop *loop);
/** On the loop's thread, before it runs. */
void loop_begin(struct loop *loop);

/** event_add, charged to the worker: what libevent keeps for a file descriptor or a timer lives as long as the loop.
 *  @return STATUS_NOMEM if it failed. */
enum status loop_add(struct event *event, const struct timeval *timeout);

/** What looks names up; it is made when it is first needed. @return NULL when memory is out. */
struct evdns_base *loop_dns(struct loop *loop);

/** Wall time moves against the monotonic one: read it again. */
void loop_read_wall(struct loop *loop);

/** Read the clock, for this wake-up. */
static inline void loop_tick(struct loop *loop)
{
        loop->tick_cycles = clock_cycles();
        loop->now_ns = ticker_ns(&loop->ticker, loop->tick_cycles);
        if (loop->now_ns - loop->wall_read_ns > CLOCK_S_NS) {
                loop_read_wall(loop);
        }
}

#endif
