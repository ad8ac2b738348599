/** @file capability.h  Capability and status bits of the protocol.
 * Source: MySQL's protocol documentation (Capabilities Flags, SERVER_STATUS_flags_enum) and MariaDB's (Connection).
 * MariaDB's extended capabilities stand in bits 32 and up. */
#ifndef MYSQL_WIRE_CAPABILITY_H
#define MYSQL_WIRE_CAPABILITY_H

#include <stdint.h>

#define CAP_MYSQL                                                                                            \
        (1ULL << 0) /**< CLIENT_LONG_PASSWORD; MariaDB does not set it, and then bits 32 and up count */
#define CAP_CONNECT_WITH_DB   (1ULL << 3)
#define CAP_COMPRESS          (1ULL << 5)
#define CAP_LOCAL_FILES       (1ULL << 7)
#define CAP_PROTOCOL_41       (1ULL << 9)
#define CAP_SSL               (1ULL << 11)
#define CAP_SECURE_CONNECTION (1ULL << 15)
#define CAP_MULTI_STATEMENTS  (1ULL << 16)
#define CAP_MULTI_RESULTS     (1ULL << 17)
#define CAP_PS_MULTI_RESULTS  (1ULL << 18)
#define CAP_PLUGIN_AUTH       (1ULL << 19)
#define CAP_CONNECT_ATTRS     (1ULL << 20)
#define CAP_AUTH_LENENC       (1ULL << 21)
#define CAP_SESSION_TRACK     (1ULL << 23)
#define CAP_DEPRECATE_EOF     (1ULL << 24)
#define CAP_OPTIONAL_METADATA (1ULL << 25)
#define CAP_ZSTD              (1ULL << 26)
#define CAP_QUERY_ATTRIBUTES  (1ULL << 27)
#define CAP_MULTI_FACTOR      (1ULL << 28)

#define CAP_MARIADB_PROGRESS       (1ULL << 32)
#define CAP_MARIADB_BULK           (1ULL << 34)
#define CAP_MARIADB_EXTENDED_META  (1ULL << 35)
#define CAP_MARIADB_CACHE_METADATA (1ULL << 36)
#define CAP_MARIADB_BULK_UNITS     (1ULL << 37)

/** No capability: in a session whose login was not seen, it is not known yet whether CAP_QUERY_ATTRIBUTES was agreed on. */
#define CAP_ATTRIBUTES_UNDECIDED (1ULL << 63)

/** @return the capabilities among @p agreed on which the layout of packets depends after the login, in one byte. */
uint8_t capability_pack(uint64_t agreed);
/** @return the capabilities in @p packed. */
uint64_t capability_unpack(uint8_t packed);

/** @return the documented name of the capability, without CLIENT_, such as "PLUGIN_AUTH"; NULL if the bit has no name. */
const char *capability_name(unsigned bit);

#define STATUS_IN_TRANS              0x0001u
#define STATUS_MORE_RESULTS          0x0008u
#define STATUS_NO_GOOD_INDEX_USED    0x0010u
#define STATUS_NO_INDEX_USED         0x0020u
#define STATUS_CURSOR_EXISTS         0x0040u
#define STATUS_LAST_ROW_SENT         0x0080u
#define STATUS_QUERY_WAS_SLOW        0x0800u
#define STATUS_PS_OUT_PARAMS         0x1000u
#define STATUS_IN_TRANS_READONLY     0x2000u
#define STATUS_SESSION_STATE_CHANGED 0x4000u

#endif
