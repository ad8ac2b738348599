/** @file conflict_lines.h  The transactions and statements of a conflict record as lines of text, one each, below its own line. */
#ifndef JOURNAL_FORMAT_CONFLICT_LINES_H
#define JOURNAL_FORMAT_CONFLICT_LINES_H

#include "journal/format/line.h"

/** Append the lines, each with a newline before it. */
void conflict_lines(const struct line *l);

#endif
