/** @file parameter.h  How a server reads a parameter of a prepared statement.
 *
 * Source: observed on MariaDB 10.11 and MySQL 9.   Threads: any.   Memory: none. */
#ifndef MYSQL_DISSECT_PARAMETER_H
#define MYSQL_DISSECT_PARAMETER_H

#include "mysql/wire/value.h"

/** @return the type as which the server reads a parameter that is said to be of @p type. For types that are not sent as parameters (no
 *  client library does so), MariaDB assumes NULL and reads nothing, and MySQL assumes text. */
static inline uint8_t parameter_sent_as(uint8_t type, bool is_mariadb)
{
        if (is_mariadb) {
                bool is_nothing =
                    type == VALUE_INT24 || type == VALUE_YEAR || type == VALUE_BIT || type == VALUE_GEOMETRY;
                return is_nothing ? VALUE_NULL : type;
        }
        bool is_text = type == VALUE_INT24 || type == VALUE_YEAR || type == VALUE_NULL;
        return is_text ? VALUE_VAR_STRING : type;
}

#endif
