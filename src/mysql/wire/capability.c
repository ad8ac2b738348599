#include "mysql/wire/capability.h"

#include <stddef.h>

/* The bits of a packed set, from the lowest. */
static const uint64_t packed_bits[] = {
    CAP_MYSQL,
    CAP_SESSION_TRACK,
    CAP_DEPRECATE_EOF,
    CAP_OPTIONAL_METADATA,
    CAP_QUERY_ATTRIBUTES,
    CAP_MARIADB_EXTENDED_META,
    CAP_MARIADB_CACHE_METADATA,
};

uint8_t capability_pack(uint64_t agreed)
{
        unsigned packed = 0;
        for (unsigned i = 0; i < sizeof packed_bits / sizeof packed_bits[0]; i++) {
                packed |= (agreed & packed_bits[i]) != 0 ? 1U << i : 0;
        }
        return (uint8_t)packed;
}

uint64_t capability_unpack(uint8_t packed)
{
        uint64_t agreed = 0;
        for (unsigned i = 0; i < sizeof packed_bits / sizeof packed_bits[0]; i++) {
                agreed |= (packed >> i & 1U) != 0 ? packed_bits[i] : 0;
        }
        return agreed;
}

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
