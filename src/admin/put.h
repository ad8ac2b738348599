/** @file put.h  Texts of unknown content into replies: each function escapes for its format. */
#ifndef ADMIN_PUT_H
#define ADMIN_PUT_H

#include <stdio.h>

/** For a terminal: as base/shown.h has it. */
void put_plain(FILE *out, const char *text);
/** Within an HTML page. */
void put_html(FILE *out, const char *text);

#endif
