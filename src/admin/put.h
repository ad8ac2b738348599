/** @file put.h  Write cells and texts of unknown content to replies: each function escapes for its format. */
#ifndef ADMIN_PUT_H
#define ADMIN_PUT_H

#include "base/column.h"

#include <stdio.h>

/** For a terminal, as base/shown.h shows it. */
void put_plain(FILE *out, const char *text);
/** The cell of a column that is a time in microseconds. */
void put_us(FILE *out, const struct column *column, const void *row);

#endif
