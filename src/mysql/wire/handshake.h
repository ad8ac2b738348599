/** @file handshake.h  The packets of a login: greeting, login, SSLRequest, COM_CHANGE_USER, AuthSwitchRequest.
 * Knows: their layout.   Does not know: plugins' contents, states.
 * Source: MySQL's protocol documentation (HandshakeV10, HandshakeResponse41, COM_CHANGE_USER), MariaDB's (Connection).
 * Memory: allocates nothing; spans point into the payload. */
#ifndef MYSQL_WIRE_HANDSHAKE_H
#define MYSQL_WIRE_HANDSHAKE_H

#include "base/writer.h"
#include "mysql/wire/field.h"

#define HANDSHAKE_VERSION  10
#define SSL_REQUEST_LENGTH 32

struct greeting {
        struct span server_version;
        uint32_t server_conn_id;
        uint64_t capabilities; /**< MariaDB's extended ones in bits 32 and up */
        uint8_t collation_id;
        struct span scramble[2]; /**< its two parts, 8 bytes and 12 or more with a NUL behind them */
        struct span auth_plugin;
        size_t low_at;  /**< offset in the payload of capability bits 0 … 15 */
        size_t high_at; /**< of bits 16 … 31; 0 if the greeting ends before them */
};

/** @return false if @p payload is not a complete greeting of version 10. */
bool greeting_parse(struct span payload, struct greeting *out);
/** Report the fields of the greeting f->payload; the same reader does it, as for all functions NAME_fields below. */
void greeting_fields(struct field_trace *f);

struct login {
        uint64_t capabilities;
        uint16_t collation_id;
        bool ssl_request; /**< the short form that asks for TLS; nothing below is set */
        struct span username;
        struct span auth;     /**< the answer to the scramble, or whatever the plugin sends first */
        size_t auth_at;       /**< offset of its length (or, in the oldest form, of itself) */
        size_t auth_end;      /**< offset behind it */
        struct span database; /**< empty: the login names none */
        struct span auth_plugin;
        struct span attributes; /**< names and values, for attribute_next */
        bool odd_length;        /**< a length had more than 32 bits */
};

/** @return false if @p payload is not a complete login of protocol 4.1. */
bool login_parse(struct span payload, struct login *out);
/** Report the fields of a login or an SSLRequest. */
void login_fields(struct field_trace *f);

/** Write the login @p payload with @p auth in the place of its own answer. @p login is what was parsed of it. */
void login_with_auth(struct span payload, const struct login *login, struct span auth, struct writer *out);

/** Parse a COM_CHANGE_USER packet, its command byte included. @p capabilities are those agreed at login. */
bool change_user_parse(struct span payload, uint64_t capabilities, struct login *out);

/** Read the next connection attribute. @return false at the end, or where they are malformed. */
bool attribute_next(struct reader *attributes, struct span *name, struct span *value);

/** @return the plugin's name in an AuthSwitchRequest (first byte 0xFE) or AuthNextFactor (0x02); empty for the old form of one
 *  byte. *@p data is what follows the name: with most plugins, a scramble. */
struct span auth_switch_plugin(struct span payload, struct span *data);
/** Report the fields of either of them. */
void auth_switch_fields(struct field_trace *f);

#endif
