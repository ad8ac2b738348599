/** @file packet_kind.h  What a packet is: its name for people, and how much of it may be shown.
 *
 * Code compares and stores kinds; names are only for output.
 * Knows: each kind's name and what redaction leaves of it.   Does not know: how a packet is recognized.
 * Threads: any; the table is constant.   Memory: none. */
#ifndef MYSQL_WIRE_PACKET_KIND_H
#define MYSQL_WIRE_PACKET_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Values below PACKET_UNKNOWN are commands, by their codes (command.h). */
enum packet_kind {
        PACKET_UNKNOWN = 256, /**< the session became opaque with it */
        PACKET_PART,          /**< of a payload that continues in the next packet */
        PACKET_CUT_OFF,       /**< the connection ended within it */
        PACKET_GREETING,
        PACKET_SSL_REQUEST,
        PACKET_LOGIN,
        PACKET_AUTH_DATA, /**< from the client */
        PACKET_AUTH_SWITCH,
        PACKET_AUTH_NEXT_FACTOR,
        PACKET_AUTH_MORE_DATA,
        PACKET_PLUGIN_DATA, /**< an authentication plugin's own packet, from the server */
        PACKET_OK,
        PACKET_EOF,
        PACKET_ERR,
        PACKET_PROGRESS_REPORT,
        PACKET_STRING,
        PACKET_COLUMN_COUNT,
        PACKET_COLUMN_DEFINITION,
        PACKET_ROW,        /**< in text form */
        PACKET_BINARY_ROW, /**< of a prepared statement */
        PACKET_PREPARED,
        PACKET_PARAMETER_DEFINITION,
        PACKET_LOCAL_INFILE_REQUEST,
        PACKET_LOCAL_INFILE_DATA,
        PACKET_LOCAL_INFILE_END,
        PACKET_EVENT,           /**< of a binary log */
        PACKET_REPLICATION_ACK, /**< the replica's, of an event */
        PACKET_WITHIN_STREAM,   /**< another one of the client's while events come */
        PACKET_KINDS
};

/** The kind of a command, by its code. */
static inline enum packet_kind packet_kind_of(uint8_t code)
{
        return (enum packet_kind)code;
}
/** @return a static name: "COM_QUERY", "OK", "column definition"; "?" for PACKET_UNKNOWN. Any code of a command has one. */
const char *packet_kind_name(enum packet_kind kind);
enum { PACKET_SHOWN_MAX = 16 };
/** @return how many bytes of the payload identify the packet and hold no data of the user's: these remain under redaction.
 *  PACKET_SHOWN_MAX at most. */
size_t packet_kind_shown_bytes(enum packet_kind kind);
/** Does every packet of this kind hold passwords or authentication data? */
bool packet_kind_is_secret(enum packet_kind kind);

#endif
