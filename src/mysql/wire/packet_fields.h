/** @file packet_fields.h  The fields of a packet whose layout depends on nothing but its kind and the agreed capabilities.
 *
 * Knows: every kind of packet.   Does not know: statements and columns, on which parameters and rows depend (mysql/dissect/annotate.h).
 * Threads: any.   Memory: allocates nothing.
 * Source: MySQL's protocol documentation (Command Phase, Replication Protocol), MariaDB's (COM_BINLOG_DUMP, semi-synchronous
 * replication). */
#ifndef MYSQL_WIRE_PACKET_FIELDS_H
#define MYSQL_WIRE_PACKET_FIELDS_H

#include "mysql/wire/field.h"
#include "mysql/wire/packet_kind.h"

/** Report the fields of f->payload, a packet of @p kind, under the @p agreed capabilities. Of a COM_STMT_EXECUTE and a
 *  COM_STMT_BULK_EXECUTE these are the command and the statement's id, of a COM_QUERY the command, of a row there are none. */
void packet_fields(struct field_trace *f, enum packet_kind kind, uint64_t agreed);

#endif
