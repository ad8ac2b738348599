/** @file column.h  Tables that are shown to people as text and to programs as JSON. One entry of a table of columns describes one
 * column for both, and for the manual: tests/unit/cli/test_manual.c compares name, unit and help with it.
 *
 *      struct row -> column_put_json -> {"count":7,"sum_us":1500,…}
 *                 -> column_put_text ->        7    1500us
 *
 * Knows: where a value is in a row, and how its cell is formatted.   Does not know: what the rows are, or who owns them.
 * Threads: any; the tables are constant.   Memory: allocates nothing. */
#ifndef BASE_COLUMN_H
#define BASE_COLUMN_H

#include "base/json_writer.h"

/** The type of the value at the offset of a column. */
enum column_kind {
        COLUMN_NONE,  /**< nothing: `put` makes the cell of several values */
        COLUMN_U32,   /**< uint32_t */
        COLUMN_U64,   /**< uint64_t */
        COLUMN_I64,   /**< int64_t */
        COLUMN_FIXED, /**< double, shown with `decimals` */
        COLUMN_TIME,  /**< uint64_t, nanoseconds since 1970; shown by clock_rfc3339 */
        COLUMN_CHARS, /**< char[], NUL-terminated */
        COLUMN_TEXT,  /**< const char * */
        COLUMN_SPAN,  /**< struct span */
};

struct column {
        const char *name; /**< the key in JSON; NULL if it is not in JSON */
        const char *unit; /**< "bytes", "microseconds" and the like; NULL for counts and texts */
        const char
            *help; /**< one sentence, the same as in the manual; NULL if there is neither name nor metric */
        enum column_kind kind;
        int decimals;        /**< of COLUMN_FIXED */
        size_t offset;       /**< of the value in the row */
        const char *heading; /**< of the text, maybe of several lines; NULL if it is not in the text */
        const char *before;  /**< separator before the cell, blanks in the heading; NULL = one blank */
        /** Of the cell; negative: aligned to the left; 0: the last one, not padded. A count with more digits is shown in thousands
         *  (k), millions (M) and so on. */
        int width;
        unsigned views; /**< set of the bits of those views that show it; 0 = all */
        /** Name of its metric (metric.h); NULL = it is none. A column with a metric is a number. */
        const char *metric;
        /** Writes the cell, padded to width, if it is not just the value; NULL = it is. If width is 0, it writes `before` too. */
        void (*put)(FILE *out, const struct column *column, const void *row);
};

struct column_table {
        const char *name; /**< what the manual calls it, such as "/sessions" */
        const struct column *columns;
        size_t n;
};

/** Write the row's members into the object that is open. */
void column_put_json(const struct column_table *table, const void *row, struct json_writer *j);
/** Write the line, or lines, of headings of @p view (a bit; 0 if there is only one view). */
void column_put_headings(const struct column_table *table, unsigned view, FILE *out);
/** Write the row as one line of @p view. */
void column_put_text(const struct column_table *table, unsigned view, const void *row, FILE *out);

/** Write all columns that JSON has: first the spans, whole, below their names, then the others, one on a line with its name and unit. */
void column_put_details(const struct column_table *table, const void *row, FILE *out);

/** Write @p text as a terminal may show it (base/shown.h), padded to @p width as above; column_put_middle shortens it if it is longer. */
void column_put_padded(FILE *out, const char *text, int width);
/** Write a number in @p width columns, shortened as above. */
void column_put_level(FILE *out, int64_t value, int width);
void column_put_middle(FILE *out, const char *text, int width);
/** The value of a column that is COLUMN_U32 or COLUMN_U64. */
uint64_t column_uint(const struct column *column, const void *row);
/** The value of a column that is COLUMN_I64. */
int64_t column_int(const struct column *column, const void *row);

#endif
