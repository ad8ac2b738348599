/** @file line.h  What both forms of text are written with: colours, and texts that a terminal has nothing to obey in. */
#ifndef JOURNAL_FORMAT_LINE_H
#define JOURNAL_FORMAT_LINE_H

#include "base/writer.h"
#include "mysql/record/record.h"

#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BLUE   "\033[34m"
#define CYAN   "\033[36m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct line {
        struct writer *w;
        const struct record *r;
        bool color;
        bool brief; /**< values, attributes and rows come below it */
};

/** Switch to @p color, if there are colours. */
void line_paint(const struct line *l, const char *color);

/** Text on one line: white space of several lines as one blank; the rest as base/shown.h has it. */
void line_flat(struct writer *w, struct span s);

/** The place in the application's code that sent the statement, from its tags: "  at app/post.rb:17". Nothing if they don't say. */
void line_code(const struct line *l);

/** Fill up to @p width columns, of which @p used are used, and one more. */
void line_pad(struct writer *w, uint64_t used, size_t width);

/** @p value in decimal, between two texts. */
void line_number(const struct line *l, const char *before, uint64_t value, const char *behind);

/** Columns from @p from to the end of what is written. */
size_t line_width(const struct writer *w, size_t from);

#endif
