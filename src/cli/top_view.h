/** @file top_view.h  What top shows: the table of digests with one of them selected, or all about one digest. Draws it, and moves in it.
 * Knows: lines of text, and a screen of a given size.   Does not know: where the text comes from, nor what a key means.
 * Threads: main.   Memory: malloc's, until top_view_free. */
#ifndef CLI_TOP_VIEW_H
#define CLI_TOP_VIEW_H

#include "base/span.h"

#include <stdbool.h>
#include <stdio.h>

enum { TOP_ID_MAX = 64 }; /**< bytes of the hash of a digest */

/** A text, by its lines. */
struct top_text {
        char *bytes;
        size_t len;
        struct span *lines;
        size_t n;
};

struct top_view {
        struct top_text list;
        size_t head;                   /**< lines of list above the first row */
        struct top_text detail;        /**< no lines: the list is shown */
        bool has_selection;            /**< a row is highlighted */
        char selected[TOP_ID_MAX + 1]; /**< hash of its digest */
        size_t at;                     /**< its number */
        size_t first;                  /**< number of the first row that is shown */
        size_t first_detail;
        unsigned wrapped; /**< columns for which the lines of detail were made */
        unsigned columns;
        unsigned rows; /**< of the screen */
};

/** Take over @p bytes (malloc's), the response of GET /digests?ids=1. The selection stays with its digest. @return false if out of memory:
 *  then nothing has changed. */
bool top_view_set_list(struct top_view *v, char *bytes, size_t len);
/** Take over @p bytes, and show it instead of the list; lines that are too long continue on the next one. */
bool top_view_set_detail(struct top_view *v, char *bytes, size_t len);
/** Show the list again. */
void top_view_end_detail(struct top_view *v);
bool top_view_is_detail(const struct top_view *v);
/** Move the selection, or the text of the detail, down by @p lines; negative: up. */
void top_view_move(struct top_view *v, long lines);
/** Lines that fit on the screen, without the head and the last line. */
size_t top_view_page(const struct top_view *v);
/** Draw the screen to @p out, with @p status in its last line. */
void top_view_draw(struct top_view *v, const char *status, FILE *out);
void top_view_free(struct top_view *v);

#endif
