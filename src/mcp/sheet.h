/** @file sheet.h  The text of an answer to an assistant: lines, at most as many bytes as were agreed. What comes from the application or the
 * database stands in it as a JSON string, so that its end can't be imitated, and nothing in it acts on a terminal.
 * Threads: one owner.   Memory: allocates nothing. */
#ifndef MCP_SHEET_H
#define MCP_SHEET_H

#include "base/writer.h"

#include <jansson.h>

struct sheet {
        struct writer w;
        size_t line;  /**< where the line begins that is being written */
        bool is_full; /**< a line did not fit; it and those after it were left out */
};

/** @p size bytes at @p data, without the room that sheet_note may need. */
struct sheet sheet_over(void *data, size_t size);
/** End the line. @return false if it did not fit: then it is removed, and nothing more is written but notes. */
bool sheet_end_line(struct sheet *s);
/** Append @p text of ours and end the line. */
bool sheet_line(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Append a line of ours that says how to get the rest; there is always room for two short ones. */
void sheet_note(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Append foreign text in quotes; of one that is longer than @p max bytes its head, and how many bytes follow. */
void sheet_quote(struct sheet *s, struct span text, size_t max);
/** The string @p key of @p object in quotes, after @p label; nothing if it is missing. */
void sheet_text(struct sheet *s, const char *label, const json_t *object, const char *key, size_t max);
/** The number @p key after @p label; nothing if it is missing or 0. */
void sheet_number(struct sheet *s, const char *label, const json_t *object, const char *key);
/** The same, microseconds as a time such as 1.5ms. */
void sheet_time(struct sheet *s, const char *label, const json_t *object, const char *key);
/** Any value as JSON, as sheet_quote does with a text; nothing if it is missing. */
void sheet_json(struct sheet *s, const char *label, const json_t *value, size_t max);

/** The string @p key of @p object; empty if it is missing. Valid as long as @p object. */
struct span sheet_string_of(const json_t *object, const char *key);
/** The number @p key of @p object; 0 if it is missing. */
uint64_t sheet_number_of(const json_t *object, const char *key);

#endif
