/** @file sink_kinds.h  Finds the kind of a sink by the text of log.file.   Threads: any.   Memory: none. */
#ifndef JOURNAL_SINK_SINK_KINDS_H
#define JOURNAL_SINK_SINK_KINDS_H

#include "journal/sink/sink_ops.h"

/** The kind of @p file; never NULL. */
const struct sink_ops *sink_kinds_find(const char *file);
/** The path in @p file, which is of kind @p ops: what follows the scheme, or the default. It lives as long as @p file. */
const char *sink_kinds_path(const struct sink_ops *ops, const char *file);

#endif
