/** @file journal.h  Records from the workers to the log: a ring for each worker, one journal thread, sinks.
 *
 *      worker: journal_put -> [ring] -> journal thread: enrich -> recent records, and format -> sinks
 *
 * A full ring drops the record and counts it; the journal thread puts a gap record (event "gap", dropped n) in its place.
 * Records of one port keep their order. After it has written something, the journal thread waits log.flush_ms for more, so that
 * under load it writes much at once and no worker has to wake it.
 * Threads: ports (journal_port.h) from their owner only; journal_recent, journal_visit and the like from the admin thread; the rest from main. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/span.h"
#include "base/status.h"
#include "journal/format/format.h"
#include "journal/journal_port.h"
#include "journal/recent.h"
#include "journal/trigger.h"
#include "rules/filter.h"

struct settings;
struct digests;
struct feed;
struct scope_stats;
struct finding_table;
struct traffic;
struct journal;

/** The end of the proxy takes 3 seconds at most, with all that is not the journal's. */
enum { JOURNAL_STOP_MS = 2500 };

/** Open the sinks and make @p ports rings. What fails was reported by diag. @p settings must outlive it. */
enum status journal_new(const struct settings *settings, unsigned ports, struct journal **out);
/** Let @p see have each record, as the logs have it, on the journal thread. Before journal_start. */
void journal_set_reader(struct journal *j, void (*see)(void *arg, const struct record *r), void *arg);
/** Start the journal thread. */
enum status journal_start(struct journal *j);
/** The process is to end: from now on journal_stop has as long as JOURNAL_STOP_MS says, whatever comes before it. */
void journal_hurry(struct journal *j);
/** Write out what is in the rings (for at most JOURNAL_STOP_MS if a sink is stuck), and end the thread. No port may be put to any more,
 *  nor its owner run; the counts (journal_counts.h) and the recent records can still be read. */
void journal_stop(struct journal *j);
void journal_free(struct journal *j);

/* A journal without a thread, for the records of a capture: instead of journal_start and journal_stop. All of it is one thread's. */

/** Write what is in the rings, waiting for sinks that are full, and what is due at @p now_ns: a time as records have it (mono_ns), not 0. */
void journal_work(struct journal *j, uint64_t now_ns);
/** Let sinks write out what they have, as far as their readers take it. */
void journal_flush(struct journal *j);
/** Write out all there is, whatever time that takes, and close the sinks. */
void journal_complete(struct journal *j);

/** The ring of worker @p i. */
struct journal_port *journal_port(struct journal *j, unsigned i);
/** Does anybody look at records of commands: a log, the recent records, the digests? */
bool journal_is_read(const struct journal *j);
/** From now on @p output saves the packets for which triggers fire (trigger.h). NULL: nothing is saved any more; when this returns, the
 *  former output is not used. Any thread. */
void journal_attach(struct journal *j, const struct trigger_output *output);
/** Reopen the log files, after they were moved away. Any thread; the journal thread does it soon. */
void journal_reopen(struct journal *j);

/** Statistics by the shape of statements; NULL with log.digests = 0. */
struct digests *journal_digests(struct journal *j);
/** New records as events. */
struct feed *journal_feed(struct journal *j);
/** Statistics by scope, user and so on (enrich/scope_stats.h); NULL with log.scopes = 0 or log.digests = 0. */
struct scope_stats *journal_scopes(struct journal *j);
/** Findings by kind and digest. */
struct finding_table *journal_findings(struct journal *j);
/** Begin the scope @p name, of 1 to SCOPE_NAME_MAX bytes (enrich/scope.h), for all statements that name no other one. @return
 *  STATUS_LIMIT if one is open, STATUS_NOMEM. */
enum status journal_begin_scope(struct journal *j, struct span name);
/** End it. @return STATUS_NOTFOUND if none is open, STATUS_INVALID if it has another name than @p name. */
enum status journal_end_scope(struct journal *j, struct span name);
/** The name of the scope that journal_begin_scope began; empty if none is open. Valid until the next one begins. */
struct span journal_open_scope(const struct journal *j);
/** Statements by the second. */
const struct traffic *journal_traffic(const struct journal *j);

/* Recent records: the last ones, in fixed memory, numbered from 1. */

/** Format the record after number *@p cursor into @p w and set *@p cursor to its number (0 at first = from the oldest).
 *  One that @p filter (NULL: none) does not let pass leaves nothing in @p w. Where records were overwritten meanwhile, a gap record stands for all of them.
 *  @return false when there is none newer; w->failed if it did not fit (then *@p cursor still moves on). */
bool journal_recent(struct journal *j, uint64_t *cursor, struct filter *filter, enum format format,
                    struct writer *w);
/** Pass the record after number *@p cursor to @p visit: see recent_visit. The caller formats it, or looks at it. */
bool journal_visit(struct journal *j, uint64_t *cursor,
                   void (*visit)(void *arg, const struct recent_item *item), void *arg);
/** Number of the newest record; 0 if none yet. */
uint64_t journal_recent_last(struct journal *j);
/** Number of the oldest record that is still kept; one more than the newest if there is none. */
uint64_t journal_recent_first(struct journal *j);

#endif
