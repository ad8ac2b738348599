/** @file gate_error.h  ERR packets that querytap sends by itself.
 * Source: the MySQL protocol documentation, ERR_Packet.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_GATE_GATE_ERROR_H
#define MYSQL_GATE_GATE_ERROR_H

#include "base/writer.h"

/** Append an ERR packet with its header to @p w. @p sqlstate has 5 characters; it is NULL before the greeting, when the protocol has
 *  no '#SQLSTATE' part. The text is cut to 512 bytes. */
void gate_error_packet(struct writer *w, uint8_t seq, uint16_t errnum, const char *sqlstate,
                       const char *text);

#endif
