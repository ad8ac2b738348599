/** @file jsonl_layout.h  The fast path of JSON lines: records of the same kind share the layout of their line.
 *
 * Most records are of few kinds: the same event and command, the same fields. The layout of such a line is made once: texts that
 * are always the same, and after each a value that differs.
 *
 *      {"ts":"2026-01-02T03:04:05.678901Z","event":"query","conn_id":17,"conn_seq_num":4 …
 *                                        |------ literal -----------||-|---- literal ---|-|
 *
 * It writes what jsonl_record_by_field writes, or nothing. Without fast paths (configure --disable-fastpaths) it never writes.
 * Threads: any; each has layouts of its own.   Memory: static. */
#ifndef JOURNAL_FORMAT_JSONL_LAYOUT_H
#define JOURNAL_FORMAT_JSONL_LAYOUT_H

#include "base/writer.h"
#include "mysql/record/record.h"

/** @return false if nothing was written: the record is unusual, or the layout needs more room than @p w has. */
bool jsonl_layout_try(struct writer *w, const struct record *r);

#endif
