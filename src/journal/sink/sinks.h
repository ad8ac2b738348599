/** @file sinks.h  All logs, each with its format, filter and rotation.
 * Threads: the journal thread's (after sinks_open); the counters are for any.   Memory: STAGE_SINK. */
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
        uint64_t deadline_ns;        /**< monotonic: when all must have ended; 0 = at once */
};

/** Open those of @p settings that are not "off". Errors are reported. */
enum status sinks_open(struct sinks *sinks, const struct settings *settings);
/** Close all. What they have not written yet is lost and counted. The counters can still be read. */
void sinks_close(struct sinks *sinks);
/** Close all, and free what is left; the counters are gone then. */
void sinks_free(struct sinks *sinks);

/** Put @p r to each whose filter it passes. @p json as for output_queue_add. */
static inline void sinks_put(struct sinks *sinks, const struct record *r, struct span json)
{
        for (unsigned i = 0; i < sinks->n; i++) {
                sink_put(&sinks->all[i], r, json);
        }
}
/** Write out what can be written now. @return true if nothing is left to write. */
bool sinks_flush(struct sinks *sinks);
/** Flush those that are stuck or failing. */
void sinks_retry(struct sinks *sinks);
/** Is one of them waiting for a file that another process hands over? */
bool sinks_are_awaited(const struct sinks *sinks);
/** Will sinks_put surely keep a record of @p len bytes (packed)? */
bool sinks_have_space(const struct sinks *sinks, size_t len);
void sinks_reopen(struct sinks *sinks);

/** The descriptors of stuck readers to wait for, at most SETTINGS_SINKS. @return how many. */
unsigned sinks_poll(const struct sinks *sinks, struct pollfd *out);
/** Milliseconds until sinks_flush has something to do although no record came, at most @p ms (-1 = no limit). */
int sinks_wait_ms(const struct sinks *sinks, int ms);
/** The last flush; it waits until @p deadline_ns for readers that do not keep up. */
void sinks_finish(struct sinks *sinks, uint64_t deadline_ns);
/** Wait for no reader after @p deadline_ns (monotonic). */
void sinks_set_deadline(struct sinks *sinks, uint64_t deadline_ns);
/** Failures with the rotated files of sink @p i. Any thread. */
uint64_t sinks_retention_errors(const struct sinks *sinks, unsigned i);

#endif
