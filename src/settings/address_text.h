/** @file address_text.h  Addresses as users write them, completed with the host or the port of the default. For settings/ only.
 * Threads: any.   Memory: none. */
#ifndef SETTINGS_ADDRESS_TEXT_H
#define SETTINGS_ADDRESS_TEXT_H

#include "base/status.h"
#include "settings/rows.h"

/** Read an address, a list of them, or the word of the row, whichever its type allows, into @p out. @p text is shorter than
 *  SETTINGS_TEXT_MAX. @p where says in messages where the user has given it. @return STATUS_INVALID (reported). */
enum status address_text_read(const struct settings_row *row, const char *text, const char *where,
                              char out[SETTINGS_TEXT_MAX]);

#endif
