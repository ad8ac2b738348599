/** @file packet_saver.h  Saves the recorded packets of sessions for which triggers fire (journal/trigger.h).
 *
 *      journal thread: save -> [message] -> worker: copy of the packets -> [queue] -> saver's thread: two files
 *
 * Nobody waits for the disk but the saver's thread. What is under way is bounded: PACKET_SAVER_JOBS firings, and copies of together twice
 * capture.bytes; what is more is not saved, and counted.
 * Threads: packet_saver_new, _start, _free from main; the counts from any.
 * Memory: STAGE_CAPTURE. */
#ifndef PROXY_PACKET_SAVER_H
#define PROXY_PACKET_SAVER_H

#include "proxy/worker.h"

enum { PACKET_SAVER_JOBS = 32 };

struct packet_saver;

struct packet_saver_counts {
        uint64_t saved;  /**< firings whose files were written */
        uint64_t failed; /**< firings whose files were not written, or not both */
};

/** Open the directory and start the thread; *@p out is NULL if @p settings have no triggers. @p workers, @p n of them, are used until
 *  packet_saver_detach. Errors are reported. */
enum status packet_saver_new(const struct settings *settings, struct journal *journal,
                             struct worker **workers, unsigned n, struct packet_saver **out);
/** From now on nothing is asked of the workers any more; messages that they have still run. NULL is allowed. */
void packet_saver_detach(struct packet_saver *saver);
/** Write what is in the queue, for a short time, and end the thread. After packet_saver_detach, and after the workers have ended.
 *  NULL is allowed. */
void packet_saver_free(struct packet_saver *saver);
/** NULL is allowed. */
struct packet_saver_counts packet_saver_counts(const struct packet_saver *saver);

#endif
