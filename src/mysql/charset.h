/** @file charset.h  Character sets by collation id, as the login and the greeting name them.
 * Source: information_schema.COLLATION_CHARACTER_SET_APPLICABILITY of MariaDB 10.11 and MySQL 8. */
#ifndef MYSQL_CHARSET_H
#define MYSQL_CHARSET_H

#include <stdint.h>

/** @return the server's name of the character set, or NULL for an id that is none. Static. */
const char *charset_name(uint16_t collation_id);

#endif
