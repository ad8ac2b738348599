#include "mysql/wire/capability.h"

#include <stddef.h>

const char *capability_name(unsigned bit)
{
        static const char *const names[] = {
            "LONG_PASSWORD",
            "FOUND_ROWS",
            "LONG_FLAG",
            "CONNECT_WITH_DB",
            "NO_SCHEMA",
            "COMPRESS",
            "ODBC",
            "LOCAL_FILES",
            "IGNORE_SPACE",
            "PROTOCOL_41",
            "INTERACTIVE",
            "SSL",
            "IGNORE_SIGPIPE",
            "TRANSACTIONS",
            "RESERVED",
            "SECURE_CONNECTION",
            "MULTI_STATEMENTS",
            "MULTI_RESULTS",
            "PS_MULTI_RESULTS",
            "PLUGIN_AUTH",
            "CONNECT_ATTRS",
            "PLUGIN_AUTH_LENENC_CLIENT_DATA",
            "CAN_HANDLE_EXPIRED_PASSWORDS",
            "SESSION_TRACK",
            "DEPRECATE_EOF",
            "OPTIONAL_RESULTSET_METADATA",
            "ZSTD_COMPRESSION_ALGORITHM",
            "QUERY_ATTRIBUTES",
            "MULTI_FACTOR_AUTHENTICATION",
            "CAPABILITY_EXTENSION",
            "SSL_VERIFY_SERVER_CERT",
            "REMEMBER_OPTIONS",
            "MARIADB_PROGRESS",
            "MARIADB_RESERVED1",
            "MARIADB_STMT_BULK_OPERATIONS",
            "MARIADB_EXTENDED_METADATA",
            "MARIADB_CACHE_METADATA",
            "MARIADB_BULK_UNIT_RESULTS",
        };
        return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}
