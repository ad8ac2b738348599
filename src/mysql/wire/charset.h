/** @file charset.h  Character sets: by collation id, as the login, the greeting and column definitions name them, and
 * by the server's name, as SET NAMES and session tracking do; and how each becomes UTF-8.
 * Source: information_schema.COLLATION_CHARACTER_SET_APPLICABILITY of MariaDB 10.11 and MySQL 8; the meaning of bytes: MariaDB's CONVERT(_charset x'..' USING utf8mb4).
 * A set is known by a small number, so that values and records can carry it. */
#ifndef MYSQL_WIRE_CHARSET_H
#define MYSQL_WIRE_CHARSET_H

#include "base/transcode.h"

/** The set is unknown, or it is binary: texts are shown as bytes. */
#define CHARSET_UNKNOWN 0

/** @return the set of the collation; CHARSET_UNKNOWN if no collation has that id. */
uint8_t charset_of_collation(uint16_t collation_id);
/** @return the set of that name, in any case; "utf8" is utf8mb3. CHARSET_UNKNOWN if there is no such set. */
uint8_t charset_of_name(struct span name);
/** @return the server's name of the set; NULL for CHARSET_UNKNOWN and undefined numbers. Static. */
const char *charset_title(uint8_t charset);
/** @return how texts in the set become UTF-8; NULL if they are UTF-8, or the set is binary or unknown. */
const struct transcode_from *charset_from(uint8_t charset);
/** Are texts in the set UTF-8 or ASCII? */
bool charset_is_utf8(uint8_t charset);
/** Can the second byte of a character be one that has a meaning in SQL, such as a backslash? */
bool charset_hides_ascii(uint8_t charset);

/** @return the server's name of the collation's set; NULL if no collation has that id. Static. */
const char *charset_name(uint16_t collation_id);

#endif
