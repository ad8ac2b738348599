/** @file format.h  A record as a line (or more) of text. Walks record_fields; knows no sink.
 * Whatever bytes a client sent, the output is valid UTF-8. JSON and LTSV lose nothing: a text that is no UTF-8 is shown
 * with U+FFFD, and a second field NAME_hex carries its exact bytes. */
#ifndef JOURNAL_FORMAT_FORMAT_H
#define JOURNAL_FORMAT_FORMAT_H

#include "base/writer.h"
#include "mysql/record/record.h"

enum format {
        FORMAT_TEXT,          /**< one readable line */
        FORMAT_TEXT_COLOR,    /**< the same for a terminal */
        FORMAT_VERBOSE,       /**< the line, and its details below it */
        FORMAT_VERBOSE_COLOR, /**< the same for a terminal */
        FORMAT_GROUPED,       /**< the line, behind what a program needs to group lines (grouped.h) */
        FORMAT_GROUPED_COLOR, /**< the same for a terminal */
        FORMAT_JSON,          /**< JSON Lines */
        FORMAT_LTSV,          /**< label:value, with tabs between */
        FORMAT_SLOW,          /**< MySQL's slow query log */
        FORMAT_COUNT,
        FORMAT_AUTO = FORMAT_COUNT, /**< text on a terminal, JSON else */
        FORMAT_AUTO_VERBOSE,        /**< text with its details on a terminal, JSON else */
};

/** "text", "json" …; NULL for FORMAT_COUNT and above. The other forms of text have no names of their own. */
const char *format_name(enum format format);
/** The format of that name, FORMAT_COUNT if there is none. */
enum format format_named(const char *name);
/** What that comes to, on a terminal or elsewhere: there text is in colour. */
enum format format_on(enum format wanted, bool terminal);

/** Does @p format have something to say of @p r? (Else format_record writes nothing.) */
bool format_shows(enum format format, const struct record *r);
/** Append @p r with its newline. w->failed if it does not fit. */
void format_record(struct writer *w, enum format format, const struct record *r);
/** An upper bound of what format_record writes for @p r. */
size_t format_size(enum format format, const struct record *r);

#endif
