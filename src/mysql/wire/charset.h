/** @file charset.h  Character sets: by collation id, as the login, the greeting and column definitions name them, and
 * by the server's name, as SET NAMES and session tracking do; and how each becomes UTF-8.
 * Source: information_schema.COLLATION_CHARACTER_SET_APPLICABILITY of MariaDB 10.11 and MySQL 8; what a byte means, of
 * MariaDB's CONVERT(_charset x'..' USING utf8mb4).
 * A set is known by a small number, so that values and records can carry it. */
#ifndef MYSQL_WIRE_CHARSET_H
#define MYSQL_WIRE_CHARSET_H

#include "base/transcode.h"

/** No set, or not known: its texts are shown as the bytes that they are. */
#define CHARSET_UNKNOWN 0

/** @return CHARSET_UNKNOWN for an id that is none. */
uint8_t charset_of_collation(uint16_t collation_id);
/** The set of that name, in any case; "utf8" is utf8mb3. @return CHARSET_UNKNOWN if there is none. */
uint8_t charset_of_name(struct span name);
/** @return the server's name; NULL for CHARSET_UNKNOWN and for numbers that are none. Static. */
const char *charset_title(uint8_t charset);
/** @return how its texts become UTF-8; NULL if they are UTF-8, or no text (binary), or not known. */
const struct transcode_from *charset_from(uint8_t charset);
/** Texts in it are UTF-8 or ASCII. */
bool charset_is_utf8(uint8_t charset);
/** The second byte of a character can be one that SQL gives a meaning to, such as a backslash. */
bool charset_hides_ascii(uint8_t charset);

/** @return the server's name of the collation's set, or NULL for an id that is none. Static. */
const char *charset_name(uint16_t collation_id);

#endif
