/** @file json_writer.h  Writes a JSON text (RFC 8259) to a stream. It adds commas, colons, quotes, escapes and white space itself, and
 * checks the nesting of arrays and objects.
 *
 *      struct json_writer j = json_writer_to(out);
 *      json_writer_object(&j, NULL);
 *      json_writer_uint(&j, "seen", 7);                    {"seen":7,"logs":[]}
 *      json_writer_array(&j, "logs");
 *      json_writer_end(&j);
 *      json_writer_end(&j);
 *      json_writer_finish(&j);
 *
 * Each function that writes a value has the key as its first argument: the name of the member inside an object, NULL inside an array
 * and for the whole text. Keys are ASCII that needs no escape. A call that would give invalid JSON (a key inside an array, an end
 * without a beginning, a second value at the top) sets `failed`, and nothing more is written: then the text is incomplete, and no
 * parser accepts it. Errors of the stream are not checked here (ferror).
 * Log records are not written with this, but faster (journal/format/jsonl.h).
 * Threads: one owner.   Memory: on the stack of the caller; allocates nothing. */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/span.h"

#include <stdio.h>

enum { JSON_WRITER_DEPTH = 12 };

/** The white space around the items of an array or object. */
enum json_layout {
        JSON_COMPACT,  /**< no white space */
        JSON_LINES,    /**< compact, but each item begins a line */
        JSON_SPACED,   /**< on one line, with a blank after commas and colons */
        JSON_INDENTED, /**< each item on a line of its own, indented by its depth */
};

struct json_writer {
        FILE *out;
        enum json_layout layout; /**< of the value at the top */
        bool failed;             /**< see above */
        bool started;            /**< the value at the top was begun */
        unsigned depth;          /**< number of open arrays and objects */
        struct json_writer_level {
                enum json_layout layout;
                char end; /**< ']' or '}' */
                bool started;
        } levels[JSON_WRITER_DEPTH];
};

/** Write to @p out, compactly. */
struct json_writer json_writer_to(FILE *out);
/** Write to @p out, indented by two blanks a level. */
struct json_writer json_writer_indented(FILE *out);
/** End the text with a newline. All arrays and objects must have been ended. */
void json_writer_finish(struct json_writer *j);

/** Begin an object or an array, in the layout of the one that it is in. */
void json_writer_object(struct json_writer *j, const char *key);
void json_writer_array(struct json_writer *j, const char *key);
/** Begin an array each of whose items begins a line; the items themselves are compact. */
void json_writer_lines(struct json_writer *j, const char *key);
/** Begin an object or an array that is on one line, within an indented text. */
void json_writer_object_inline(struct json_writer *j, const char *key);
void json_writer_array_inline(struct json_writer *j, const char *key);
/** End the innermost array or object. */
void json_writer_end(struct json_writer *j);

/** A string of any length, escaped as by json_quote (json.h). */
void json_writer_text(struct json_writer *j, const char *key, const char *text);
void json_writer_span(struct json_writer *j, const char *key, struct span text);
void json_writer_uint(struct json_writer *j, const char *key, uint64_t value);
void json_writer_int(struct json_writer *j, const char *key, int64_t value);
void json_writer_bool(struct json_writer *j, const char *key, bool value);
/** With @p decimals digits after the point; null if @p value is not finite, which JSON cannot express. */
void json_writer_fixed(struct json_writer *j, const char *key, double value, int decimals);
/** With nine significant digits; null if @p value is not finite. */
void json_writer_real(struct json_writer *j, const char *key, double value);

#endif
