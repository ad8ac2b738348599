/** @file report_text.h  The outcome of a run as text for people.
 * Threads: main.   Memory: none. */
#ifndef RUN_REPORT_TEXT_H
#define RUN_REPORT_TEXT_H

#include "run/outcome.h"

#include <stdio.h>

void report_text(const struct outcome *o, FILE *out);

#endif
