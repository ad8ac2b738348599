/** @file annotate.h  Names the fields of packets that were recorded earlier, with the dissector's own readers.
 *
 * Packets are given in the order in which they were recorded. From those that pass, it learns what later ones depend on: the number of
 * a statement's parameters and their types, the columns of a result. What it has not seen, it takes from the dissector of the session,
 * if that still exists. Where neither knows it, the bytes are reported as one field whose name says what is missing.
 * Knows: kinds of packets, statements, columns.   Does not know: how a packet was recorded, how fields are shown.
 * Every byte of a packet belongs to exactly one field, in ascending order.
 * Threads: one owner, which also owns the session's dissector.   Memory: STAGE_DISSECT. */
#ifndef MYSQL_DISSECT_ANNOTATE_H
#define MYSQL_DISSECT_ANNOTATE_H

#include "mysql/dissect/dissect.h"
#include "mysql/wire/field.h"

struct annotate;

/** @p live is the session's dissector, which must outlive the annotator; NULL: the session has ended.
 *  @return NULL when memory is out. */
struct annotate *annotate_new(const struct dissect *live);
/** NULL is allowed. */
void annotate_free(struct annotate *a);

/** Report the fields of @p p by @p on_field, which may be NULL: then the packet is only learned from. What a field points at lives
 *  during the call that reports it. Bytes of the packet that were not recorded belong to no field. */
void annotate_packet(struct annotate *a, const struct packet *p,
                     void (*on_field)(void *arg, const struct field *field), void *arg);

#endif
