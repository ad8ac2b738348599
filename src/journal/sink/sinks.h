/** @file sinks.h  All places that records go to, each with its format, filter and rotation.
 * Threads: the writer's (after sinks_open); the counters are for any.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_SINKS_H
#define JOURNAL_SINK_SINKS_H

#include "journal/sink/sink.h"
#include "settings/settings.h"

#include <poll.h>

struct retention;

struct sinks {
        struct sink all[SETTINGS_SINKS];
        unsigned n;
        struct retention *retention; /**< NULL: nothing is rotated */
        uint64_t deadline_ns;        /**< monotonic: all must have ended; 0 = at once, when it ends */
};

/** Open those of @p settings that are not "off". Errors are said. */
enum status sinks_open(struct sinks *sinks, const struct settings *settings);
/** What they have not written yet is lost and counted. The counts stay. */
void sinks_close(struct sinks *sinks);
/** The rest. */
void sinks_free(struct sinks *sinks);

/** To each that its filter lets it to. */
void sinks_put(struct sinks *sinks, const struct record *r);
/** Write out what can be written now. @return true if nothing is left to write. */
bool sinks_flush(struct sinks *sinks);
/** Flush again those that could not be written to. */
void sinks_retry(struct sinks *sinks);
/** Will sinks_put surely keep a record of @p len bytes (packed)? */
bool sinks_have_space(const struct sinks *sinks, size_t len);
void sinks_reopen(struct sinks *sinks);

/** What to wait for: at most SETTINGS_SINKS. @return how many. */
unsigned sinks_poll(const struct sinks *sinks, struct pollfd *out);
/** Milliseconds until a rotation by time, at most @p ms (-1 = for ever). */
int sinks_wait_ms(const struct sinks *sinks, int ms);
/** The last flush: until @p deadline_ns wait for readers that do not keep up. */
void sinks_finish(struct sinks *sinks, uint64_t deadline_ns);
/** Nothing waits for a reader any more after @p deadline_ns. */
void sinks_set_deadline(struct sinks *sinks, uint64_t deadline_ns);
/** Any thread: what failed with the rotated files of sink @p i. */
uint64_t sinks_retention_errors(const struct sinks *sinks, unsigned i);

#endif
