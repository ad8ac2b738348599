/** @file json_reader.h  Reads a JSON text (RFC 8259) member by member, as querytap run writes its reports.
 *
 *      json_reader_begin(&r, '{')
 *      while (json_reader_member(&r, key, sizeof key)) { read or skip the value }      for an object
 *      while (json_reader_item(&r)) { read or skip the value }                         for an array
 *
 * After a call that finds something else than it expects, `failed` is set, and all later calls fail. The text can be any bytes.
 * Threads: one owner.   Memory: none; the text is the caller's. */
#ifndef RUN_JSON_READER_H
#define RUN_JSON_READER_H

#include "base/writer.h"

struct json_reader {
        struct span left;
        bool failed;
        bool is_first; /**< no member or item of the innermost object or array was read yet */
};

struct json_reader json_reader_over(struct span text);
/** Enter an object @p bracket '{', or an array '['. */
bool json_reader_begin(struct json_reader *r, char bracket);
/** Read the name of the next member. @return false behind the last one, or if something is wrong. A name that is too long is cut. */
bool json_reader_member(struct json_reader *r, char *key, size_t size);
/** Is there one more item? */
bool json_reader_item(struct json_reader *r);
/** Append the value, a string, to @p w. */
bool json_reader_text(struct json_reader *r, struct writer *w);
/** Read the value, a whole number that is not negative. */
bool json_reader_uint(struct json_reader *r, uint64_t *out);
/** Skip the value, whatever it is; nested at most 32 deep. */
bool json_reader_skip(struct json_reader *r);

#endif
