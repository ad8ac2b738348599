/** @file hex.h  Hex dumps of packets: a title line, then offset, hex and text, 16 bytes a line.
 *
 *      2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 9  COM_QUERY
 *        000000  03 53 45 4c 45 43 54 20  31                       .SELECT 1
 *
 * If bytes of a packet are missing, because it was cut or redacted, its last line says how many. The text is always ASCII. */
#ifndef CAPTURE_HEX_H
#define CAPTURE_HEX_H

#include "base/writer.h"
#include "mysql/wire/packet.h"

/** Append the dump of @p p under @p name, of which at most 64 characters are written: packet_kind_name, or as a record has it.
 *  p->kind is not read. */
void hex_packet(struct writer *w, uint64_t conn_id, uint64_t wall_ns, const struct packet *p,
                const char *name);
/* Its parts, for those who show packets in another way: the title line, a line with at most HEX_LINE_BYTES bytes that begin at @p offset
 * of the packet, and the line that says why bytes are missing, if some are. */

enum { HEX_LINE_BYTES = 16 };
void hex_title(struct writer *w, uint64_t conn_id, uint64_t wall_ns, const struct packet *p,
               const char *name);
void hex_line(struct writer *w, size_t offset, struct span bytes);
void hex_missing(struct writer *w, const struct packet *p);
/** Most bytes that hex_packet can write for a packet with @p head_len bytes of head. */
size_t hex_packet_size(size_t head_len);

#endif
