/** @file observe_summary.h  What read and probe say on standard error: how far they are, and at the end what was seen and what was not
 * understood.
 * Threads: main. */
#ifndef CLI_OBSERVE_SUMMARY_H
#define CLI_OBSERVE_SUMMARY_H

#include "capture/read/packet_text.h"
#include "observe/observer.h"

/** Update the line that shows progress, if standard error is a terminal; @p thousandths of the input are read (-1 = not known). */
void observe_progress(const struct observer *o, int thousandths);
/** Remove it. */
void observe_progress_end(void);
/** Say what was seen, and count what was not understood. */
void observe_report(const struct observer *o);
/** Count what a text lacks. */
void observe_report_text(const struct packet_text *t);
/** Count what the file has that is not read. */
void observe_report_file(const struct capture_file *f);

#endif
