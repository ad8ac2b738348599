/** @file format.h  A record as a line (or more) of text. Walks record_fields; knows no sink.
 * Whatever bytes a client sent, the output is valid UTF-8 and nothing is lost: a text that is no UTF-8 is shown with
 * U+FFFD, and a second field NAME_hex carries its exact bytes (JSON). */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "base/writer.h"
#include "mysql/record.h"

enum format {
        FORMAT_TEXT,       /**< one readable line */
        FORMAT_TEXT_COLOR, /**< the same for a terminal */
        FORMAT_JSON,       /**< JSON Lines */
        FORMAT_COUNT
};

/** Append @p r with its newline. w->failed if it does not fit. */
void format_record(struct writer *w, enum format format, const struct record *r);
/** An upper bound of what format_record writes for @p r. */
size_t format_size(enum format format, const struct record *r);

#endif
