/** @file observer.h  Captured packets to log records: what the proxy logs of its sessions, of traffic that did not go through it.
 *
 *      packet -> segment (packet.h) -> flows (flows.h) -> session (watched.h) -> tap -> journal -> logs
 *
 * The clock is that of the packets: times, durations and what ends after a time are as they were when the packets were captured.
 * Knows: all of these.   Does not know: where packets come from.
 * Threads: one owner; the journal has no thread.   Memory: see flows.h and the settings. */
#ifndef OBSERVE_OBSERVER_H
#define OBSERVE_OBSERVER_H

#include "capture/read/flows.h"
#include "observe/watched.h"

struct journal;
struct settings;
struct observer;

struct observer_config {
        const struct settings *settings; /**< must outlive the observer */
        uint16_t ports[WATCH_PORTS]; /**< on which servers listen; others are recognised by their greeting */
        unsigned n_ports;
        struct flow_limits limits;
};

struct observer_counts {
        uint64_t packets;
        uint64_t contents[CONTENT_COUNT]; /**< packets by what they contain */
        uint64_t statements;
        uint64_t backwards; /**< times that the packets' clock was set back */
        struct flow_counts flows;
        struct watch_counts sessions;
};

/** What fails is reported by diag. @return STATUS_INVALID for a wrong setting. */
enum status observer_new(const struct observer_config *config, struct observer **out);
void observer_free(struct observer *o);
/** The next packet. */
void observer_add(struct observer *o, const struct captured *packet);
/** No packet came up to @p time_ns (since 1970): report what is due by then. For live traffic. */
void observer_wait(struct observer *o, uint64_t time_ns);
/** @p n packets were not captured: a notice says so, among the records. */
void observer_note_drops(struct observer *o, uint64_t n);
/** Let the logs write out what they have. */
void observer_flush(struct observer *o);
/** No more packets will come: end all sessions, write out all records and close the logs. */
void observer_finish(struct observer *o);
struct observer_counts observer_counts(const struct observer *o);
/** To read its statistics and counts. */
struct journal *observer_journal(struct observer *o);

#endif
