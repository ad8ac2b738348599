/** @file code_place.h  Where in the application a statement was sent, by the tags in its comment.
 * Source: sqlcommenter, Rails' query log tags, OpenTelemetry's attributes of source code.
 * Threads: any.   Memory: none. */
#ifndef RUN_CODE_PLACE_H
#define RUN_CODE_PLACE_H

#include "base/writer.h"
#include "mysql/wire/value.h"

/** Append the place that @p tags name, mostly file:line. Nothing is appended if they name none. */
void code_place_write(struct writer *w, struct value_list tags);

#endif
