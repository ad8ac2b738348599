/** @file put.h  Write texts of unknown content to replies: each function escapes for its format. */
#ifndef ADMIN_PUT_H
#define ADMIN_PUT_H

#include <stdio.h>

/** For a terminal, as base/shown.h shows it. */
void put_plain(FILE *out, const char *text);
/** For the text of an HTML page. */
void put_html(FILE *out, const char *text);

#endif
