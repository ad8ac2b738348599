/** @file outline_names.h  The names of tables that an outline contains, and those that WITH defines (outline_read.c).
 * Threads: any.   Memory: none; the names point into the text. */
#ifndef MYSQL_SQL_OUTLINE_NAMES_H
#define MYSQL_SQL_OUTLINE_NAMES_H

#include "mysql/sql/outline.h"

enum { WITH_MAX = 32 };

/** The names that WITH defines and that can be used at the current place: the last ones are those of the innermost query. */
struct outline_with {
        size_t n;
        struct span names[WITH_MAX];
};

/** @return false if there is no room. */
bool outline_define(struct outline_with *with, struct span name);
bool outline_is_defined(const struct outline_with *with, struct span name);
/** Add a table, unless it is there; if it does not fit, the outline is partial. */
void outline_add_table(struct outline *out, struct outline_table table);

#endif
