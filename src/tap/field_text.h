/** @file field_text.h  The name and the content of a packet's field as texts.
 * Threads: any.   Memory: none. */
#ifndef TAP_FIELD_TEXT_H
#define TAP_FIELD_TEXT_H

#include "base/writer.h"
#include "mysql/wire/field.h"

/** The most bytes that either of the two functions below writes. */
enum { FIELD_TEXT_SIZE = 512 };

/** Append the name: "status", "length of value 2 (id)". What the server or the client named may be any bytes. */
void field_text_name(struct writer *w, const struct field *f);
/** Append the content: "2", "0x0002 autocommit", "SELECT 1"; nothing if bytes say as much. A long one is cut and ends with "...". */
void field_text_content(struct writer *w, const struct field *f);

#endif
